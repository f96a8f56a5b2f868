/* The memory of one delivery: user data lives in wiped bytes alone. */
#ifndef B7_AGENT_DELIVERY_ROOM_H
#define B7_AGENT_DELIVERY_ROOM_H

#include "agent/delivery/delivery.h"
#include "common/mem.h"

/* Bytes that grow and leave no copy behind. Sizes are the caller's business:
 * everything here comes of a capped payload. */
struct wiped {
	char *p; /* owned; NUL-terminated whenever not NULL */
	size_t n, cap;
};
void wiped_add(struct wiped *w, const void *p, size_t n);
void wiped_adds(struct wiped *w, const char *s);
void wiped_base64(struct wiped *w, const void *p, size_t n, size_t line);
/* In double quotes, as JSON and YAML 1.1 both read it. */
void wiped_quoted(struct wiped *w, const char *s);
void wiped_free(struct wiped *w);

#define ROOM_FILES 16

struct delivery_room {
	struct compose_file iso[ROOM_FILES], config[ROOM_FILES];
	struct wiped *v; /* owned */
	size_t n, cap;
};

/* All take what they are given: w is empty afterwards. What they return lives as
 * long as out. */
void room_begin(struct delivery_out *out);
void room_iso(struct delivery_out *out, const char *path, struct wiped *w);
void room_config(struct delivery_out *out, const char *path, struct wiped *w);
/* To the medium that mode names; below `dir` in the boot ISO. */
void room_put(struct delivery_out *out, const char *dir, const char *name,
    struct wiped *w);
/* One more kernel argument, or several; NULL and "" are none. */
void room_args(struct delivery_out *out, const char *args);

#endif
