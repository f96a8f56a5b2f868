/* The rig over sockets: one real loop, a net for each side. */
#ifndef B7_HTTP_RIG_REAL_H
#define B7_HTTP_RIG_REAL_H

#include "tests/unit/http_rig.h"

static inline void
rig_real_open(struct http_rig *r, uint64_t seed)
{
	struct err e = { .kind = ERR_NONE };

	(void)seed;
	r->host = "127.0.0.1";
	r->client = r->server = loop_event_new();
	r->client_net = http_net_real_new(r->client, entropy_system(), &e);
	r->server_net = http_net_real_new(r->server, entropy_system(), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->client_net);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->server_net);
}

static inline void
rig_real_close(struct http_rig *r)
{
	http_net_free(r->client_net);
	http_net_free(r->server_net);
	loop_free(r->client);
}

struct rig_real_run {
	struct loop *l;
	struct timer t;
	int64_t until_us;
	bool (*done)(void *);
	void *arg;
};

#define RIG_REAL_LOOK (500)

static inline void
rig_real_look(void *arg)
{
	struct rig_real_run *w = arg;

	if (loop_mono_us(w->l) >= w->until_us || (w->done && w->done(w->arg)))
		loop_stop(w->l);
	else
		timer_start(w->l, &w->t, RIG_REAL_LOOK, rig_real_look, w);
}

static inline void
rig_real_run(struct http_rig *r, int64_t us, bool (*done)(void *), void *arg)
{
	struct rig_real_run w = { .l = r->client,
		.until_us = loop_mono_us(r->client) + us,
		.done = done,
		.arg = arg };

	timer_start(w.l, &w.t, 0, rig_real_look, &w);
	loop_run(w.l);
	timer_stop(&w.t);
}

static const struct http_rig_backend rig_real = {
	.name = "real",
	.open = rig_real_open,
	.close = rig_real_close,
	.run = rig_real_run,
	.issue = NULL,
};

#endif
