/* The rig over two processes of a virtual world. */
#ifndef B7_HTTP_RIG_VIRTUAL_H
#define B7_HTTP_RIG_VIRTUAL_H

#include "common/world.h"
#include "tests/unit/http_rig.h"

static inline void
rig_virtual_open(struct http_rig *r, uint64_t seed)
{
	r->w = world_new(seed);
	r->host = "10.0.0.2";
	r->client = world_spawn(r->w, "agent", "10.0.0.1", 0);
	r->server = world_spawn(r->w, "bmc", r->host, 0);
	r->client_net = world_net(r->client);
	r->server_net = world_net(r->server);
}

static inline void
rig_virtual_close(struct http_rig *r)
{
	world_free(r->w);
}

static inline void
rig_virtual_run(struct http_rig *r, int64_t us, bool (*done)(void *), void *arg)
{
	(void)world_run(r->w, world_now_us(r->w) + us, done, arg);
}

static inline struct tls_identity *
rig_virtual_issue(const struct tls_issue *o, struct entropy ent, struct err *e)
{
	(void)e;
	return tls_identity_facts(o, ent);
}

static const struct http_rig_backend rig_virtual = {
	.name = "virtual",
	.virtual_time = true,
	.open = rig_virtual_open,
	.close = rig_virtual_close,
	.run = rig_virtual_run,
	.issue = rig_virtual_issue,
};

#endif
