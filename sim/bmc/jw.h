/*
 * Writes JSON straight into a buffer: resources are rendered from state on
 * every read and never kept. Properties that a profile leaves out are dropped
 * here, once, for all views: by "Type.Property[.Property]".
 */
#ifndef B7_SIM_BMC_JW_H
#define B7_SIM_BMC_JW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

struct strlist;

#define JW_DEPTH 12

struct jw {
	struct buf *out;            /* borrowed */
	const char *type;           /* schema name, for omit; borrowed */
	const struct strlist *omit; /* borrowed; NULL = none */
	const char *path[JW_DEPTH]; /* open keys; borrowed */
	unsigned depth;
	unsigned skip; /* open levels inside something left out */
	bool comma;
	bool slash; /* URIs end in a slash (HPE) */
};

void jw_init(struct jw *w, struct buf *out, const char *type,
    const struct strlist *omit);
void jw_open(struct jw *w, const char *key); /* object; key NULL in lists */
void jw_close(struct jw *w);
void jw_list(struct jw *w, const char *key);
void jw_end(struct jw *w);
void jw_s(struct jw *w, const char *key, const char *v); /* NULL = null */
void jw_sf(struct jw *w, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void jw_i(struct jw *w, const char *key, int64_t v);
void jw_b(struct jw *w, const char *key, bool v);
void jw_null(struct jw *w, const char *key);
/* Text that is JSON already. */
void jw_raw(struct jw *w, const char *key, const char *json);
/* key: {"@odata.id": ...}; key NULL in lists. */
void jw_ref(struct jw *w, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A text that is a URI of this service. */
void jw_uri(struct jw *w, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A list whose elements are JSON text already, by commas. */
void jw_raw_list(struct jw *w, const char *key, const char *items);
void jw_strings(struct jw *w, const char *key, const struct strlist *l);
void jw_time(struct jw *w, const char *key, int64_t wall_us);

#endif
