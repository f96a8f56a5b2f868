/* One client and one server on port 80 of a virtual world. */
#ifndef B7_TESTS_WORLD_RIG_H
#define B7_TESTS_WORLD_RIG_H

#include "tests/unit/http_rig_virtual.h"

static const struct http_listen_opts on_80 = { .port = 80 };

static inline void
rig_start(struct http_rig *r, uint64_t seed)
{
	rig_open(r, &rig_virtual, seed);
}

/* The usual: plain HTTP, one connection a call. */
static inline void
rig_plain(struct http_rig *r, uint64_t seed)
{
	rig_start(r, seed);
	rig_listen(r, &on_80);
	rig_peer(r, NULL);
}

#endif
