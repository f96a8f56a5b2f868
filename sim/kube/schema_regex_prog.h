/* The compiled form that schema_regex_parse.c makes and schema_regex.c runs. */
#ifndef B7_SIM_KUBE_SCHEMA_REGEX_PROG_H
#define B7_SIM_KUBE_SCHEMA_REGEX_PROG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum regex_op {
	RX_MATCH,
	RX_CHAR,  /* x: code point */
	RX_ANY,   /* all but a newline */
	RX_CLASS, /* x: index */
	RX_JUMP,  /* x */
	RX_SPLIT, /* x, y */
	RX_BEGIN,
	RX_END,
	RX_WORD_EDGE,
	RX_NOT_WORD_EDGE
};
struct regex_inst {
	enum regex_op op;
	uint32_t x, y;
};
struct regex_class {
	uint32_t *lo, *hi; /* owned; inclusive */
	unsigned n;
	bool negated;
};
struct schema_regex {
	struct regex_inst *inst; /* owned */
	size_t n, cap;
	struct regex_class *class; /* owned */
	size_t n_class;
	bool anchored; /* can only match at the start */
};

/* Code point at s and its bytes; U+FFFD and 1 for what is not UTF-8. */
uint32_t regex_decode(const char *s, unsigned *n);

#endif
