/*
 * A probe against simulated BMCs in a virtual world, with files in memory:
 * recordings are written there, and served from there. Profiles come from the
 * disk, as whatever the memory does not have.
 */
#ifndef B7_PROBE_RIG_H
#define B7_PROBE_RIG_H

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#include "agent/probe/probe.h"
#include "common/buf.h"
#include "common/files.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "sim/bmc/fleet.h"
#include "sim/origin/origin.h"
#include "tests/unit/unit.h"

#define LAB_URL "http://10.2.0.1:8080/live.iso"

struct lab {
	struct world *w;
	struct loop *bmcs, *origins, *agent;
	struct log log;
	struct files files, *memory, disk;
	struct env bmc_env, origin_env, env;
	struct bmc_fleet *fleet;
	struct origin *origin;
	struct secret password;
	/* what the BMCs saw */
	unsigned requests, writes, in_flight, logins_failed;
	/* of the probe */
	struct probe *probe;
	bool done;
	enum probe_end end;
	cJSON *report; /* owned */
};

static inline bool
lab_read(void *self, const char *path, struct buf *out, struct err *e)
{
	struct lab *g = self;

	if (g->memory->read(g->memory->self, path, out, NULL))
		return true;
	return g->disk.read(g->disk.self, path, out, e);
}

static inline bool
lab_stamp(void *self, const char *path, int64_t *us, struct err *e)
{
	struct lab *g = self;

	return g->memory->stamp(g->memory->self, path, us, e);
}

static inline bool
lab_write(void *self, const char *path, const void *p, size_t n, struct err *e)
{
	struct lab *g = self;

	return g->memory->write(g->memory->self, path, p, n, e);
}

static inline void
lab_event(void *arg, const struct bmc_event *ev)
{
	struct lab *g = arg;

	g->logins_failed += ev->kind == BMC_EV_LOGIN_FAILED;
	if (ev->kind != BMC_EV_REQUEST)
		return;
	g->requests++;
	g->writes += !str_eq(ev->method, "GET") && !str_eq(ev->op, "login") &&
		     !str_eq(ev->op, "logout");
}

static inline void
lab_line(void *arg, const char *line, size_t n)
{
	if (arg)
		(void)fprintf(stderr, "%.*s\n", (int)n, line);
}

static inline struct env
lab_env(struct lab *g, const char *name, struct loop *l)
{
	return (struct env){ .name = name,
		.loop = l,
		.net = world_net(l),
		.entropy = world_entropy(l),
		.files = &g->files,
		.log = &g->log,
		.metrics = metrics_new(),
		.seed = 7 };
}

static inline void
lab_open(struct lab *g)
{
	struct origin_opts oo = { .addr = "10.2.0.1", .port = 8080 };
	struct err e = { .kind = ERR_NONE };

	memset(g, 0, sizeof(*g));
	g->w = world_new(7);
	g->bmcs = world_spawn(g->w, "bmcs", "10.1.0.250", 0);
	g->origins = world_spawn(g->w, "origin", "10.2.0.1", 0);
	g->agent = world_spawn(g->w, "agent", "10.3.0.1", 0);
	g->disk = files_system();
	g->memory = files_memory_new();
	g->files = (struct files){ .read = lab_read,
		.stamp = lab_stamp,
		.write = lab_write,
		.self = g };
	g->log = (struct log){ LOG_ERROR, "", g->agent, lab_line, NULL };
	g->bmc_env = lab_env(g, "bmcs", g->bmcs);
	g->origin_env = lab_env(g, "origin", g->origins);
	g->env = lab_env(g, "agent", g->agent);
	g->origin = origin_new(&g->origin_env, &oo, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->origin);
	secret_set(&g->password, "b7-sim-secret", 13);
}

/* A fleet of count BMCs from 10.1.0.1 on; replay NULL = the profile's own. */
static inline bool
lab_fleet(struct lab *g, const char *profile, const char *replay,
    unsigned count, struct err *e)
{
	struct bmc_fleet_opts fo = { .profiles = &profile,
		.n_profiles = 1,
		.count = count,
		.replay = replay,
		.addr = "10.1.0.1",
		.prefix = 24,
		.port = 443,
		.profiles_dir = "sim/bmc/profiles",
		.tls = true,
		.virtual_tls = true,
		.on_event = lab_event,
		.arg = g };

	bmc_fleet_free(g->fleet);
	g->fleet = bmc_fleet_new(&g->bmc_env, &fo, e);
	return g->fleet != NULL;
}

static inline void
lab_close(struct lab *g)
{
	probe_free(g->probe);
	cJSON_Delete(g->report);
	bmc_fleet_free(g->fleet);
	origin_free(g->origin);
	files_memory_free(g->memory);
	secret_free(&g->password);
	metrics_free(g->bmc_env.metrics);
	metrics_free(g->origin_env.metrics);
	metrics_free(g->env.metrics);
	world_free(g->w);
}

static inline bool
lab_is_done(void *arg)
{
	const struct lab *g = arg;

	return g->done;
}

static inline void
lab_probed(void *arg, enum probe_end end, const cJSON *report)
{
	struct lab *g = arg;

	g->done = true;
	g->end = end;
	cJSON_Delete(g->report);
	g->report = json_dup(report);
}

static inline void
lab_start(struct lab *g, const struct probe_opts *o)
{
	struct probe_opts all = *o;
	struct err e = { .kind = ERR_NONE };

	if (!all.address)
		all.address = "https://10.1.0.1";
	if (!all.username)
		all.username = "root";
	if (!all.password)
		all.password = &g->password;
	all.tls.insecure = true;
	probe_free(g->probe);
	g->done = false;
	g->probe = probe_start(&g->env, &all, lab_probed, g, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->probe);
}

static inline void
lab_wait(struct lab *g)
{
	CU_ASSERT_TRUE_FATAL(
	    world_run(g->w, world_now_us(g->w) + LOOP_HOUR, lab_is_done, g));
}

static inline void
lab_probe(struct lab *g, const struct probe_opts *o)
{
	lab_start(g, o);
	lab_wait(g);
}

static inline unsigned
lab_sessions(struct lab *g)
{
	struct bmc_snapshot s;

	bmc_snapshot(bmc_fleet_at(g->fleet, 0), &s);
	return s.sessions;
}

static inline const char *
lab_text(const struct lab *g, const char *path)
{
	return json_str(g->report, path, "(absent)");
}

/* The file of a recording; the caller owns it. NULL: there is none. */
static inline cJSON *
lab_file(struct lab *g, const char *path)
{
	struct buf b;
	cJSON *j = NULL;

	buf_init(&b, 4 << 20);
	if (g->memory->read(g->memory->self, path, &b, NULL))
		j = json_parse(buf_str(&b), b.n, NULL);
	buf_free(&b);
	return j;
}

#endif
