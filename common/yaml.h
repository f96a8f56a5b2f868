/* YAML (libyaml) to JSON trees: kubeconfigs, manifests, scenarios. */
#ifndef B7_YAML_H
#define B7_YAML_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "common/err.h"

#define YAML_MAX_BYTES (8u << 20)

/*
 * All documents of a stream, as a JSON array; empty documents are left out.
 * Core schema as kubectl reads it: plain true/false, null/~, integers and
 * floats are typed; quoted scalars are strings; merge keys, tags other than
 * the core ones, and aliases beyond 10,000 expansions are refused.
 * Errors name line and column. `name` is used in messages only.
 */
cJSON *yaml_parse_all(const char *text, size_t n, const char *name,
    struct err *e);
/* Exactly one document. */
cJSON *yaml_parse(const char *text, size_t n, const char *name, struct err *e);
/* Where a value came from, for messages about scenario typos: 1-based line of
 * the node at json path in document `doc`, or 0. Parses again: errors only. */
int yaml_line_of(const char *text, size_t n, size_t doc, const char *path);

#endif
