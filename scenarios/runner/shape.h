/*
 * What a mapping of a scenario file may contain: tables of keys. A typo, an
 * unknown key or a wrong type is an error with file and line.
 */
#ifndef B7_RUNNER_SHAPE_H
#define B7_RUNNER_SHAPE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum shape_kind {
	S_ANY,
	S_TEXT,
	S_INT,
	S_BOOL,
	S_TIME, /* "30s" */
	S_MAP,
	S_LIST,
	S_REF,   /* "host/bmc-000": see kinds.h */
	S_AGENT, /* its number */
	S_NOW    /* nothing, true or "now" */
};
struct shape_key {
	const char *name; /* NULL ends the table */
	enum shape_kind kind;
	bool needed;
	const char *help;
};

/* The text that values came from, for lines. */
struct shape_source {
	const char *file, *text;
	size_t n;
};

/* Fills e with "file:line: " and the message; returns false. */
bool shape_error(const struct shape_source *s, const char *path, struct err *e,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* path: where map stands in the document. Texts with ${...} pass as any
 * scalar: they are looked at again when they are known. */
bool shape_check(const struct shape_key *keys, const cJSON *map,
    const char *path, const struct shape_source *s, struct err *e);
/* The same for one value, called name in messages. */
bool shape_value(enum shape_kind kind, const char *name, const cJSON *value,
    const char *path, const struct shape_source *s, struct err *e);
/* Whether map's text `key`, where there is one, is one of words; NULL ends
 * them. path is that of map. */
bool shape_word(const cJSON *map, const char *key, const char *const *words,
    const char *path, const struct shape_source *s, struct err *e);
/* Does a text in it contain ${...}? */
bool shape_open(const cJSON *value);
/* Microseconds; dflt where the key is absent. Key "": map itself. */
int64_t shape_time(const cJSON *map, const char *key, int64_t dflt);

#endif
