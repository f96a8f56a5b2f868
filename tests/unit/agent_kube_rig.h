/* A virtual world with one scripted API server and one agent's client. */
#ifndef B7_TEST_AGENT_KUBE_RIG_H
#define B7_TEST_AGENT_KUBE_RIG_H

#include <stdio.h>
#include <stdlib.h>

#include "agent/kube/client.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/fake_kube.h"
#include "tests/unit/unit.h"

static const struct kube_resource HOSTS = { "example.org", "v1", "hosts",
	"Host", false };

struct kube_rig {
	struct world *w;
	struct loop *server_loop, *loop;
	struct log log;
	struct files *files;
	struct env env;
	struct fake_kube *fake;
	struct kube_config config;
	struct kube_client *client;
	struct timer beat; /* a world without timers does not go on */
	unsigned warnings; /* log lines at that level or worse */
};

static inline void
rig_log_sink(void *arg, const char *line, size_t n)
{
	struct kube_rig *r = arg;

	r->warnings++;
	if (getenv("KUBE_RIG_LOG") != NULL)
		(void)fprintf(stderr, "%.*s\n", (int)n, line);
}

static inline void
rig_beat(void *arg)
{
	struct kube_rig *r = arg;

	timer_start(r->server_loop, &r->beat, LOOP_S, rig_beat, r);
}

/* A second agent in the same world gets its own env and client. */
static inline void
rig_env(struct kube_rig *r, struct loop *l, const char *name, struct env *env)
{
	*env = (struct env){ .name = name,
		.loop = l,
		.net = world_net(l),
		.entropy = world_entropy(l),
		.files = r->files,
		.log = &r->log,
		.metrics = r->env.metrics,
		.seed = 7 };
}

static inline void
rig_open(struct kube_rig *r, uint64_t seed, const struct kube_client_opts *o)
{
	struct err e = { .kind = ERR_NONE };

	*r = (struct kube_rig){ .w = world_new(seed) };
	r->server_loop = world_spawn(r->w, "kube", FAKE_IP, 0);
	r->loop = world_spawn(r->w, "agent-0", "10.9.0.2", 0);
	rig_beat(r);
	r->log = (struct log){ .level = LOG_WARN,
		.process = "agent-0",
		.loop = r->loop,
		.sink = rig_log_sink,
		.arg = r };
	r->files = files_memory_new();
	r->env.metrics = metrics_new();
	rig_env(r, r->loop, "agent-0", &r->env);
	r->fake =
	    fake_kube_new(r->server_loop, world_net(r->server_loop), seed);
	r->config = (struct kube_config){ .source = xstrdup("test"),
		.server = xstrdup(FAKE_URL),
		.path_prefix = xstrdup(""),
		.default_ns = xstrdup("default"),
		.insecure = true };
	secret_set(&r->config.token, "t0", 2);
	r->client = kube_client_new(&r->env, &r->config, o, &e);
	if (r->client == NULL)
		(void)fprintf(stderr, "rig: %s\n", e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->client);
}

static inline void
rig_close(struct kube_rig *r)
{
	timer_stop(&r->beat);
	kube_client_free(r->client);
	kube_config_free(&r->config);
	fake_kube_free(r->fake);
	metrics_free(r->env.metrics);
	files_memory_free(r->files);
	world_free(r->w);
}

static inline void
rig_run(struct kube_rig *r, int64_t us)
{
	(void)world_run(r->w, world_now_us(r->w) + us, NULL, NULL);
}

/* The last reply of a request, copied out of its callback. */
struct got {
	unsigned n;
	struct err err;
	char reason[64], rv[64];
	int64_t retry_after_us, at_us;
	bool maybe_executed;
	cJSON *object;
	uint64_t items;
	struct loop *loop; /* set: at_us is filled */
};

static inline void
got_reply(void *arg, const struct kube_reply *r)
{
	struct got *g = arg;

	g->n++;
	g->err = r->err;
	(void)str_copy(g->reason, sizeof(g->reason), r->reason);
	(void)str_copy(g->rv, sizeof(g->rv), r->resource_version);
	g->retry_after_us = r->retry_after_us;
	g->maybe_executed = r->maybe_executed;
	cJSON_Delete(g->object);
	g->object = r->object == NULL ? NULL : json_dup(r->object);
	g->items = r->items;
	if (g->loop != NULL)
		g->at_us = loop_mono_us(g->loop);
}

static inline void
got_free(struct got *g)
{
	cJSON_Delete(g->object);
	*g = (struct got){ .n = 0 };
}

static inline struct kube_request
req(enum kube_verb v, const char *ns, const char *name, struct got *g)
{
	return (struct kube_request){ .verb = v,
		.res = &HOSTS,
		.ns = ns,
		.name = name,
		.done = got_reply,
		.arg = g };
}

/* The next requests go wrong in one way. */
struct kube_script {
	unsigned left;
	struct fake_fault fault;
};

static inline struct fake_fault
rig_scripted(void *arg, const struct fake_request *rq)
{
	struct kube_script *s = arg;

	(void)rq;
	if (s->left == 0)
		return (struct fake_fault){ 0 };
	s->left--;
	return s->fault;
}

static inline void
rig_script(struct kube_rig *r, struct kube_script *s)
{
	r->fake->fault = rig_scripted;
	r->fake->fault_arg = s;
}

#endif
