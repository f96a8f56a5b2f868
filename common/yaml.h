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
 * floats are typed (0644, 0o644, 0x1f, 0b11 and 1_000 too); quoted scalars are
 * strings; number and boolean keys become text. Merge keys, a key twice, tags
 * other than the core ones, and aliases that make more than 10,000 values are
 * refused; so are the plain words yes, no, on, off, y and n (with capitals):
 * booleans to kubectl, text to YAML 1.2.
 * ERR_SPEC or ERR_TOO_BIG; errors begin with "name:line:column: ".
 */
cJSON *yaml_parse_all(
    const char *text, size_t n, const char *name, struct err *e);
/* Exactly one document. */
cJSON *yaml_parse(const char *text, size_t n, const char *name, struct err *e);
/* The same as PyYAML reads it, for cloud-init's documents: plain yes, no, on and
 * off (with capitals) are booleans, y and n are text. */
cJSON *yaml_parse_words(
    const char *text, size_t n, const char *name, struct err *e);
/* Where a value came from, for messages about scenario typos: 1-based line of
 * the key or list item at json path in document `doc` (empty ones do not
 * count), or 0. Parses again: errors only. */
int yaml_line_of(const char *text, size_t n, size_t doc, const char *path);

#endif
