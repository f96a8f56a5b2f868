/* Parsing patterns; private to schema_regex_parse.c and _class.c. */
#ifndef B7_SIM_KUBE_SCHEMA_REGEX_PARSE_H
#define B7_SIM_KUBE_SCHEMA_REGEX_PARSE_H

#include "common/err.h"
#include "sim/kube/schema_regex.h"
#include "sim/kube/schema_regex_prog.h"

struct regex_parse {
	struct schema_regex *r;
	const char *start, *p;
	unsigned depth;
	struct err *e;
};

/* false with "pattern: what at character N". */
bool regex_fail(struct regex_parse *x, const char *what);
/* At "[": one class, as an index into r->class. */
bool regex_class_brackets(struct regex_parse *x, size_t *index);
/* At one of dDwWsS, behind a backslash. */
bool regex_class_escape(struct regex_parse *x, size_t *index);
bool regex_is_class_letter(char c);
/* Behind a backslash: one literal character. */
bool regex_escaped_char(struct regex_parse *x, uint32_t *c);

#endif
