/* A compiled schema; private to schema*.c. */
#ifndef B7_SIM_KUBE_SCHEMA_NODE_H
#define B7_SIM_KUBE_SCHEMA_NODE_H

#include <stdint.h>

#include "sim/kube/schema.h"
#include "sim/kube/schema_regex.h"

struct schema_prop {
	const char *name; /* borrowed from the JSON */
	struct schema *s; /* owned */
};

struct schema_list_of {
	struct schema **v; /* owned, as its items */
	size_t n;
};

struct schema {
	const cJSON *json; /* what it was compiled from; owned by the root */
	bool root;
	bool typed; /* has a `type`: nested value validations have none */
	enum schema_type type;
	bool nullable, preserve, embedded, map_atomic, any_member;
	enum schema_list list;
	const char **keys; /* owned array, borrowed strings */
	size_t n_keys;
	struct schema_prop *props; /* owned, by name */
	size_t n_props;
	struct schema *additional, *items, *not_; /* owned */
	struct schema_list_of all_of, any_of, one_of;
	const cJSON *required, *enums, *dflt; /* borrowed or NULL */
	struct schema_regex *pattern;         /* owned */
	const char *pattern_text, *format;    /* borrowed */
	/* -1 = no bound */
	int64_t max_length, min_length, max_items, min_items;
	int64_t max_members, min_members;
	bool has_min, has_max, has_step, above_min, below_max;
	double min, max, step;
};

/* NULL if there is no such property. */
const struct schema *schema_prop(const struct schema *s, const char *key);

/* false if the value breaks a format that is known; unknown ones pass. */
bool schema_format_holds(const char *format, const cJSON *v);

/* A path under construction; pushes that do not fit are cut. */
struct schema_path {
	char s[1024];
	size_t n;
};
size_t schema_path_key(struct schema_path *p, const char *key); /* .key */
size_t schema_path_index(struct schema_path *p, size_t i);      /* [i] */
void schema_path_pop(struct schema_path *p, size_t mark);

/* Of a number, also one kept as raw text. */
double schema_number(const cJSON *v);
/* Characters (code points). */
size_t schema_chars(const char *s);

#endif
