/* Types of YAML scalars, as go-yaml v2 (kubectl) resolves them. Private to
 * common/yaml*.c. */
#ifndef B7_YAML_SCALAR_H
#define B7_YAML_SCALAR_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct yaml_scalar {
	const char *text; /* borrowed, NUL-terminated, may hold NULs */
	size_t n;
	bool plain;      /* without quotes and not a block */
	const char *tag; /* NULL = none */
	bool words;      /* YAML 1.1's booleans are taken, as PyYAML does */
};

/* A new node; NULL and *why (static text) if the value cannot be had. */
cJSON *yaml_scalar_json(const struct yaml_scalar *s, const char **why);

#endif
