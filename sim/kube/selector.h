/*
 * Label selectors (equality, sets, existence, Gt and Lt) and field selectors
 * (=, ==, !=), as query parameters give them. Input is hostile: sizes are capped and
 * every error says where.
 */
#ifndef B7_SIM_KUBE_SELECTOR_H
#define B7_SIM_KUBE_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "sim/kube/object.h"

#define KS_SELECTOR_MAX 65536 /* bytes of text */
#define KS_SELECTOR_TERMS 256

enum ks_op {
	KS_IN, /* also = and == */
	KS_NOT_IN,
	KS_EXISTS,
	KS_NOT_EXISTS,
	KS_GREATER,
	KS_LESS
};
struct ks_term {
	enum ks_op op;
	char *key;     /* owned */
	char **values; /* owned */
	size_t n;
};
/* All zero matches everything. */
struct ks_selector {
	struct ks_term *v; /* owned */
	size_t n;
};

/* NULL or "" is everything. ERR_SPEC. */
bool ks_labels_parse(struct ks_selector *s, const char *text, struct err *e);
bool ks_fields_parse(struct ks_selector *s, const char *text, struct err *e);
void ks_selector_free(struct ks_selector *s);
/* Every key is one that objects of the kind can be selected by. */
bool ks_fields_known(
    const struct ks_selector *s, const struct ks_kind *k, const char **unknown);
bool ks_labels_match(const struct ks_selector *s, const struct ks_pairs *p);
bool ks_fields_match(const struct ks_selector *s, const struct ks_object *o);

#endif
