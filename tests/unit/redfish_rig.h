/* A client and a fake BMC in a virtual world, and one way to run operations. */
#ifndef B7_TESTS_REDFISH_RIG_H
#define B7_TESTS_REDFISH_RIG_H

#include <CUnit/Basic.h>
#include <string.h>

#include "agent/redfish/redfish.h"
#include "common/files.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/fake_bmc.h"
#include "tests/unit/unit.h"

struct rig {
	struct world *w;
	struct loop *agent, *bmc;
	struct env env;
	struct log log;
	struct files files;
	struct fake_bmc fake;
	struct redfish *rf;
	struct secret password;
	/* the last answer */
	bool done;
	struct redfish_reply r;
	size_t nics, drives;
	char text[512]; /* of the inventory, what tests look at */
	char mac[18];
	struct buf lines; /* the agent's log */
};

static void
rig_line(void *arg, const char *line, size_t n)
{
	struct rig *g = arg;

	(void)buf_add(&g->lines, line, n);
	(void)buf_addc(&g->lines, '\n');
}

static inline struct redfish *
rig_client(struct rig *g, const char *address, const char *system_id)
{
	struct err e = { .kind = ERR_NONE };
	struct redfish_opts o = { .key = "ns/host-1",
		.address = address,
		.system_id = system_id,
		.credentials = { "root", &g->password, "v1" } };
	struct redfish *rf = redfish_new(&g->env, &o, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(rf);
	return rf;
}

static inline void
rig_open(struct rig *g, const char *vendor)
{
	memset(g, 0, sizeof(*g));
	g->w = world_new(7);
	g->agent = world_spawn(g->w, "agent", "10.0.0.1", 0);
	g->bmc = world_spawn(g->w, "bmc", "10.0.0.2", 0);
	buf_init(&g->lines, 4 * 1024 * 1024);
	g->files = files_system();
	g->log = (struct log){ .level = LOG_DEBUG,
		.process = "agent",
		.loop = g->agent,
		.sink = rig_line,
		.arg = g };
	g->env = (struct env){ .name = "agent",
		.loop = g->agent,
		.net = world_net(g->agent),
		.entropy = world_entropy(g->agent),
		.files = &g->files,
		.log = &g->log,
		.metrics = metrics_new(),
		.seed = 7 };
	secret_set(&g->password, "s3cret", 6);
	fake_bmc_open(&g->fake, g->bmc, world_net(g->bmc), vendor);
	g->rf = rig_client(g, "http://10.0.0.2", NULL);
}

static inline void
rig_close(struct rig *g)
{
	redfish_free(g->rf);
	fake_bmc_close(&g->fake);
	secret_free(&g->password);
	buf_free(&g->lines);
	metrics_free(g->env.metrics);
	world_free(g->w);
}

static void
rig_done(void *arg, const struct redfish_reply *r)
{
	struct rig *g = arg;

	CU_ASSERT_FALSE(g->done);
	CU_ASSERT_FALSE(redfish_busy(g->rf));
	CU_ASSERT_EQUAL(r->err.kind == ERR_NONE, r->cause == RF_CAUSE_NONE);
	g->done = true;
	g->r = *r;
	g->r.tls = NULL;
	g->nics = g->drives = 0;
	if (!r->inventory)
		return;
	g->nics = r->inventory->n_nics;
	g->drives = r->inventory->n_drives;
	if (g->nics > 1)
		(void)str_copy(
		    g->mac, sizeof(g->mac), r->inventory->nics[1].mac);
	(void)str_format(g->text, sizeof(g->text), "%s|%s|%s|%d|%d",
	    r->inventory->architecture ? r->inventory->architecture : "-",
	    r->inventory->bmc_firmware ? r->inventory->bmc_firmware : "-",
	    r->inventory->vendor ? r->inventory->vendor : "-",
	    (int)r->inventory->secure_boot, (int)r->inventory->tpm);
}

static bool
rig_is_done(void *arg)
{
	const struct rig *g = arg;

	return g->done;
}

static inline void
rig_await(struct rig *g)
{
	CU_ASSERT_TRUE_FATAL(world_run(
	    g->w, world_now_us(g->w) + 30 * LOOP_MIN, rig_is_done, g));
}

static inline void
rig_woken(void *arg)
{
	*(bool *)arg = true;
}

static inline bool
rig_awake(void *arg)
{
	return *(bool *)arg;
}

/* A world without anything to do does not move by itself. */
static inline void
rig_sleep(struct rig *g, int64_t us)
{
	struct timer t = { .fn = NULL };
	bool woken = false;

	timer_start(g->agent, &t, us, rig_woken, &woken);
	CU_ASSERT_TRUE_FATAL(
	    world_run(g->w, world_now_us(g->w) + 2 * us, rig_awake, &woken));
}

#define RUN(g, call) \
	do { \
		(g)->done = false; \
		call; \
		rig_await(g); \
	} while (0)
/* Runs it, expects success. */
#define OK(g, call) \
	do { \
		RUN(g, call); \
		if ((g)->r.cause != RF_CAUSE_NONE) \
			fprintf(stderr, "%s:%d: %s: %s\n%s", __FILE__, \
			    __LINE__, redfish_cause_name((g)->r.cause), \
			    (g)->r.err.msg, buf_str(&(g)->fake.log)); \
		CU_ASSERT_EQUAL((g)->r.cause, RF_CAUSE_NONE); \
	} while (0)
#define FAILS(g, why, call) \
	do { \
		RUN(g, call); \
		if ((g)->r.cause != (why)) \
			fprintf(stderr, "%s:%d: %s: %s\n%s", __FILE__, \
			    __LINE__, redfish_cause_name((g)->r.cause), \
			    (g)->r.err.msg, buf_str(&(g)->fake.log)); \
		CU_ASSERT_EQUAL((g)->r.cause, (why)); \
	} while (0)

#define DISCOVER(g) OK(g, redfish_discover((g)->rf, rig_done, g))
#define READ(g, parts) OK(g, redfish_read((g)->rf, (parts), rig_done, g))

/* The quirk words, compared. */
static inline bool
rig_quirks_are(struct rig *g, const char *want)
{
	struct buf b;
	bool same;

	buf_init(&b, 1024);
	redfish_quirks(g->rf, &b);
	same = str_eq(buf_str(&b), want);
	if (!same)
		fprintf(stderr, "quirks: %s, not %s\n", buf_str(&b), want);
	buf_free(&b);
	return same;
}

#endif
