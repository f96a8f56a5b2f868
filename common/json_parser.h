/* What the parts of the parser share. Private to common/json*.c. */
#ifndef B7_JSON_PARSER_H
#define B7_JSON_PARSER_H

#include "common/err.h"
#include "common/json_node.h"

struct json_parser {
	const char *p, *end;
	const char *start; /* for messages */
	/* of json_parse_without; p NULL: none */
	struct json_text parent, leave;
	unsigned depth;
	size_t nodes;
	struct json_room room;
	struct err *e;
};

/* A string of the text: where it stands, or decoded. */
struct json_string {
	struct json_text t;
	char *decoded; /* owned; NULL: t is part of the text */
};

/* Says what is wrong at ps->p; NULL. */
void *json_parse_fail(
    struct json_parser *ps, enum err_kind kind, const char *what);
/* json_string.c: moves from the opening quote behind the closing one; *s is to
 * be freed only on success. */
bool json_parse_string(struct json_parser *ps, struct json_string *s);

#endif
