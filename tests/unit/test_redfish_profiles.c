/*
 * Every operation against every profile of the simulated BMC, in virtual time:
 * a machine is booted from a medium exactly once, released, and that again.
 * The counted requests are asserted: a change of them is a change of behaviour
 * that wants to be looked at.
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#include "agent/redfish/redfish.h"
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

#define URL_HTTP "http://10.2.0.1:8080/live.iso"
#define URL_HTTPS "https://10.2.0.1:8443/live.iso"

struct lab {
	struct world *w;
	struct loop *bmcs, *origins, *agent;
	struct log log;
	struct files files;
	struct env bmc_env, origin_env, env;
	struct bmc_fleet *fleet;
	struct origin *origin, *secure;
	struct tls_identity *cert;
	const char *url;
	struct redfish *rf;
	struct secret password;
	struct redfish_reply r;
	bool done;
	size_t nics, drives;
	unsigned power_writes, inserted, ejected, consumed;
	struct buf lines;
};

static void
on_line(void *arg, const char *line, size_t n)
{
	struct lab *g = arg;

	(void)buf_add(&g->lines, line, n);
	(void)buf_addc(&g->lines, '\n');
}

static void
on_event(void *arg, const struct bmc_event *ev)
{
	struct lab *g = arg;

	g->power_writes += ev->kind == BMC_EV_POWER_WRITE;
	g->inserted += ev->kind == BMC_EV_MEDIA_INSERTED;
	g->ejected += ev->kind == BMC_EV_MEDIA_EJECTED;
	g->consumed += ev->kind == BMC_EV_BOOT_CONSUMED;
}

static struct env
make_env(struct lab *g, const char *name, struct loop *l)
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

static bool
https_only(const char *profile)
{
	return str_eq(profile, "openbmc") || str_eq(profile, "nvidia") ||
	       str_eq(profile, "ibmc");
}

/* Cisco shows no interfaces of the system. */
static bool
no_nics(const char *profile)
{
	return str_eq(profile, "cimc");
}

static void
lab_open(struct lab *g, const char *profile, const char *knobs)
{
	struct bmc_fleet_opts fo = { .profiles = &profile,
		.n_profiles = 1,
		.knobs = knobs,
		.addr = "10.1.0.1",
		.prefix = 24,
		.port = 443,
		.profiles_dir = "sim/bmc/profiles",
		.tls = true,
		.virtual_tls = true,
		.on_event = on_event,
		.arg = g };
	struct origin_opts oo = { .addr = "10.2.0.1", .port = 8080 };
	struct redfish_opts ro = { .key = "ns/host",
		.address = "https://10.1.0.1",
		.tls.policy.insecure = true };
	struct err e = { .kind = ERR_NONE };

	memset(g, 0, sizeof(*g));
	buf_init(&g->lines, 4 << 20);
	g->w = world_new(7);
	g->bmcs = world_spawn(g->w, "bmcs", "10.1.0.250", 0);
	g->origins = world_spawn(g->w, "origin", "10.2.0.1", 0);
	g->agent = world_spawn(g->w, "agent", "10.3.0.1", 0);
	g->files = files_system();
	g->log = (struct log){ LOG_DEBUG, "", g->agent, on_line, g };
	g->bmc_env = make_env(g, "bmcs", g->bmcs);
	g->origin_env = make_env(g, "origin", g->origins);
	g->env = make_env(g, "agent", g->agent);
	g->fleet = bmc_fleet_new(&g->bmc_env, &fo, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->fleet);
	g->origin = origin_new(&g->origin_env, &oo, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->origin);
	g->cert =
	    tls_identity_facts(&(struct tls_issue){ .subject = "origin",
				   .names = "10.2.0.1",
				   .not_before_s = WORLD_EPOCH_S - 3600,
				   .not_after_s = WORLD_EPOCH_S + 360000 },
		g->origin_env.entropy);
	oo.port = 8443;
	oo.identity = g->cert;
	g->secure = origin_new(&g->origin_env, &oo, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->secure);
	g->url = https_only(profile) ? URL_HTTPS : URL_HTTP;
	secret_set(&g->password, "b7-sim-secret", 13);
	ro.credentials =
	    (struct redfish_credentials){ "root", &g->password, "1" };
	g->rf = redfish_new(&g->env, &ro, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->rf);
}

static void
lab_close(struct lab *g)
{
	redfish_free(g->rf);
	bmc_fleet_free(g->fleet);
	origin_free(g->origin);
	origin_free(g->secure);
	tls_identity_free(g->cert);
	secret_free(&g->password);
	metrics_free(g->bmc_env.metrics);
	metrics_free(g->origin_env.metrics);
	metrics_free(g->env.metrics);
	buf_free(&g->lines);
	world_free(g->w);
}

static void
on_done(void *arg, const struct redfish_reply *r)
{
	struct lab *g = arg;

	g->r = *r;
	g->done = true;
	if (r->inventory) {
		g->nics = r->inventory->n_nics;
		g->drives = r->inventory->n_drives;
	}
}

static bool
is_done(void *arg)
{
	const struct lab *g = arg;

	return g->done;
}

static void
wake(void *arg)
{
	struct lab *g = arg;

	g->done = true;
}

static void
lab_sleep(struct lab *g, int64_t us)
{
	struct timer t = { .fn = NULL };

	g->done = false;
	timer_start(g->agent, &t, us, wake, g);
	CU_ASSERT_TRUE_FATAL(
	    world_run(g->w, world_now_us(g->w) + 2 * us, is_done, g));
}

static void
explain(struct lab *g, const char *what)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	redfish_dump(g->rf, &b);
	fprintf(stderr, "%s: %s: %s\n%s", what, redfish_cause_name(g->r.cause),
	    g->r.err.msg, buf_str(&b));
	buf_free(&b);
}

/* Requests of one operation that has to succeed. */
#define OP(g, call) \
	((g)->done = false, (call), lab_end((g), #call) ? (g)->r.requests : 999)

static bool
lab_end(struct lab *g, const char *what)
{
	CU_ASSERT_TRUE_FATAL(
	    world_run(g->w, world_now_us(g->w) + LOOP_HOUR, is_done, g));
	if (g->r.cause != RF_CAUSE_NONE)
		explain(g, what);
	CU_ASSERT_EQUAL(g->r.cause, RF_CAUSE_NONE);
	return g->r.cause == RF_CAUSE_NONE;
}

static void
wait_power(struct lab *g, enum redfish_power want)
{
	int i;

	for (i = 0; i < 60; i++) {
		(void)OP(g, redfish_read(g->rf, RF_READ_SYSTEM, on_done, g));
		if (redfish_state(g->rf)->power == want)
			return;
		lab_sleep(g, 2 * LOOP_S);
	}
	CU_FAIL("the machine did not get there");
}

struct counts {
	unsigned discover, inventory, steady, insert, boot, on, off, eject,
	    clear;
};

static void
provision(struct lab *g, struct counts *c)
{
	const struct redfish_state *st = redfish_state(g->rf);

	c->insert = OP(g, redfish_insert(g->rf, NULL, g->url, on_done, g));
	c->boot =
	    OP(g, redfish_set_boot_once_cd(g->rf, RF_MODE_UNKNOWN, on_done, g));
	CU_ASSERT_TRUE(st->boot.armed && st->boot.cd);
	c->on = OP(g, redfish_reset(g->rf, RF_RESET_ON, on_done, g));
	wait_power(g, RF_POWER_ON);
	lab_sleep(g, 5 * LOOP_MIN); /* POST, boot, OS */
}

static void
release(struct lab *g, struct counts *c)
{
	const struct redfish_state *st = redfish_state(g->rf);
	size_t i;

	c->off = OP(g, redfish_reset(g->rf, RF_RESET_FORCE_OFF, on_done, g));
	wait_power(g, RF_POWER_OFF);
	lab_sleep(g, LOOP_MIN);
	c->eject = OP(g, redfish_eject(g->rf, NULL, on_done, g));
	c->clear = OP(g, redfish_clear_boot(g->rf, on_done, g));
	(void)OP(
	    g, redfish_read(g->rf, RF_READ_BOOT | RF_READ_MEDIA, on_done, g));
	CU_ASSERT_EQUAL(st->power, RF_POWER_OFF);
	CU_ASSERT_FALSE(st->boot.armed);
	for (i = 0; i < st->n_slots; i++)
		CU_ASSERT_FALSE(st->slots[i].inserted);
}

struct row {
	const char *profile, *quirks;
	struct counts first, second; /* no discovery: any number will do */
};

static bool
same(const struct counts *a, const struct counts *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void
print(const char *what, const char *profile, const struct counts *c)
{
	fprintf(stderr, "%s %-16s { %u, %u, %u, %u, %u, %u, %u, %u, %u }\n",
	    what, profile, c->discover, c->inventory, c->steady, c->insert,
	    c->boot, c->on, c->off, c->eject, c->clear);
}

static void
check_quirks(struct lab *g, const struct row *row)
{
	struct buf b;

	buf_init(&b, 1024);
	redfish_quirks(g->rf, &b);
	if (!str_eq(buf_str(&b), row->quirks))
		fprintf(
		    stderr, "%s: quirks \"%s\"\n", row->profile, buf_str(&b));
	CU_ASSERT_STRING_EQUAL(buf_str(&b), row->quirks);
	buf_free(&b);
}

static void
live(const struct row *row, const char *knobs)
{
	struct counts c = { .discover = 0 }, again;
	struct bmc_snapshot snap;
	struct lab g;

	lab_open(&g, row->profile, knobs);
	(void)OP(&g, redfish_identify(g.rf, on_done, &g));
	CU_ASSERT_PTR_NOT_NULL(g.r.tls);
	c.discover = OP(&g, redfish_discover(g.rf, on_done, &g));
	c.inventory =
	    OP(&g, redfish_read(g.rf, RF_READ_INVENTORY, on_done, &g));
	CHECK_ROW((g.nics > 0) == !no_nics(row->profile) && c.inventory <= 24,
	    row->profile);
	c.inventory = 0; /* as many as the machine has parts */
	lab_sleep(&g, LOOP_MIN);
	c.steady = OP(&g, redfish_read(g.rf, RF_READ_SYSTEM, on_done, &g));
	again = c;
	provision(&g, &c);
	bmc_snapshot(bmc_fleet_at(g.fleet, 0), &snap);
	CHECK_ROW(snap.medium_boots == 1, row->profile);
	CHECK_ROW(str_eq(snap.os, "live.iso"), snap.os);
	release(&g, &c);
	provision(&g, &again);
	release(&g, &again);
	bmc_snapshot(bmc_fleet_at(g.fleet, 0), &snap);
	CHECK_ROW(snap.medium_boots == 2, row->profile);
	CHECK_ROW(g.power_writes == 4, row->profile);
	CHECK_ROW(g.inserted == 2, row->profile);
	CHECK_ROW(snap.login_failures == 0, row->profile);
	CHECK_ROW(snap.sessions <= 1, row->profile);
	check_quirks(&g, row);
	(void)OP(&g, redfish_close(g.rf, on_done, &g));
	bmc_snapshot(bmc_fleet_at(g.fleet, 0), &snap);
	CHECK_ROW(snap.sessions == 0, row->profile);
	if (row->first.discover == 0) {
		lab_close(&g);
		return;
	}
	if (!same(&c, &row->first) || !same(&again, &row->second)) {
		print("first ", row->profile, &c);
		print("second", row->profile, &again);
	}
	CHECK_ROW(same(&c, &row->first), row->profile);
	CHECK_ROW(same(&again, &row->second), row->profile);
	CU_ASSERT_PTR_NULL(strstr(buf_str(&g.lines), "b7-sim-secret"));
	lab_close(&g);
}

static void
whole_life(const struct row *row)
{
	live(row, NULL);
}

/* discover, (inventory), steady, insert, boot, on, off, eject, clear */
static const struct row rows[] = {
	{ "generic", "", { 6, 0, 1, 3, 2, 2, 3, 3, 1 },
	    { 6, 0, 1, 2, 2, 2, 3, 3, 1 } },
	{ "idrac9", "", { 7, 0, 1, 4, 2, 2, 3, 4, 1 },
	    { 7, 0, 1, 4, 3, 2, 3, 4, 1 } },
	{ "idrac10", "boot:settings", { 7, 0, 1, 3, 3, 3, 3, 3, 2 },
	    { 7, 0, 1, 4, 4, 3, 3, 3, 2 } },
	{ "ilo5", "boot:no-mode", { 7, 0, 1, 3, 3, 2, 3, 3, 1 },
	    { 7, 0, 1, 2, 2, 2, 3, 3, 1 } },
	{ "supermicro-x12", "boot:UsbCd", { 9, 0, 1, 6, 3, 2, 6, 6, 1 },
	    { 9, 0, 1, 3, 3, 2, 6, 6, 1 } },
	{ "lenovo-xcc2", "insert:patch+inserted,eject:patch",
	    { 8, 0, 1, 4, 2, 2, 6, 4, 1 }, { 8, 0, 1, 2, 2, 2, 6, 4, 1 } },
	{ "ami-megarac",
	    "etag:strong,boot:settings,insert:image+transfer-protocol",
	    { 8, 0, 4, 5, 5, 3, 6, 7, 2 }, { 8, 0, 4, 3, 2, 3, 6, 7, 2 } },
	{ "openbmc", "", { 8, 0, 1, 4, 2, 2, 3, 4, 1 },
	    { 8, 0, 1, 2, 2, 2, 3, 4, 1 } },
	{ "irmc", "insert:image+transfer-protocol",
	    { 7, 0, 1, 4, 2, 2, 6, 3, 1 }, { 7, 0, 1, 2, 2, 2, 6, 3, 1 } },
	{ "sushy-tools", "auth:basic", { 5, 0, 1, 3, 2, 2, 3, 3, 3 },
	    { 5, 0, 1, 2, 2, 2, 3, 3, 3 } },
	{ "ilo6", "boot:no-mode", { 7, 0, 1, 3, 3, 2, 3, 3, 1 },
	    { 7, 0, 1, 2, 2, 2, 3, 3, 1 } },
	{ "supermicro-x11", "boot:UsbCd", { 7, 0, 1, 3, 2, 2, 6, 3, 1 },
	    { 7, 0, 1, 2, 2, 2, 6, 3, 1 } },
	{ "lenovo-xcc", "insert:patch+inserted,eject:patch",
	    { 10, 0, 1, 5, 3, 2, 6, 5, 1 }, { 10, 0, 1, 3, 3, 2, 6, 5, 1 } },
	{ "lenovo-xcc3", "etag:none,insert:patch+inserted,eject:patch",
	    { 8, 0, 1, 6, 2, 2, 6, 4, 1 }, { 8, 0, 1, 2, 2, 2, 6, 4, 1 } },
	{ "nvidia", "boot:settings", { 11, 0, 1, 4, 3, 3, 3, 4, 2 },
	    { 11, 0, 1, 2, 2, 3, 3, 4, 2 } },
	{ "cimc", "", { 7, 0, 1, 7, 2, 2, 3, 5, 1 },
	    { 7, 0, 1, 3, 2, 2, 3, 5, 1 } },
	{ "ibmc", "action:if-match,insert:oem,eject:oem",
	    { 7, 0, 1, 6, 2, 3, 7, 5, 1 }, { 7, 0, 1, 4, 2, 3, 7, 5, 1 } },
};

#define ROW(i, f) \
	static void f(void) \
	{ \
		whole_life(&rows[i]); \
	}
struct variant {
	const char *profile, *quirks, *knobs;
};

/* What no profile has, over one that has little else. */
static void
other_firmware(void)
{
	static const struct variant some[] = {
		{ "generic", "encoding:any", "{http: {identity406: always}}" },
		{ "generic", "", "{reset: {dynamic: true}}" },
		{ "irmc", "insert:image+transfer-protocol",
		    "{reset: {dynamic: true}}" },
		{ "generic", "", "{etag: {style: long, ifMatch: required}}" },
		{ "generic", "etag:any",
		    "{etag: {restless: true, ifMatch: required}}" },
		{ "generic", "", "{etag: {style: empty}}" },
		{ "generic", "",
		    "{http: {chunked: true, lowerCase: true, gzip: "
		    "true, keepAlive: false, connections: 1}}" },
		{ "generic", "", "{session: {lifetimeSeconds: 60}}" },
		{ "generic", "", "{media: {check: full, verify: never}}" },
	};

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct row row = { .profile = some[i].profile,
			.quirks = some[i].quirks };

		live(&row, some[i].knobs);
		if (CU_get_number_of_failures() > 0)
			fprintf(stderr, "with %s\n", some[i].knobs);
	}
}

ROW(0, generic)
ROW(1, idrac9)
ROW(2, idrac10)
ROW(3, ilo5)
ROW(4, supermicro_x12)
ROW(5, lenovo_xcc2)
ROW(6, ami_megarac)
ROW(7, openbmc)
ROW(8, irmc)
ROW(9, sushy_tools)
ROW(10, ilo6)
ROW(11, supermicro_x11)
ROW(12, lenovo_xcc)
ROW(13, lenovo_xcc3)
ROW(14, nvidia)
ROW(15, cimc)
ROW(16, ibmc)

static const struct unit_case cases[] = {
	UNIT_CASE(generic),
	UNIT_CASE(idrac9),
	UNIT_CASE(idrac10),
	UNIT_CASE(ilo5),
	UNIT_CASE(supermicro_x12),
	UNIT_CASE(lenovo_xcc2),
	UNIT_CASE(ami_megarac),
	UNIT_CASE(openbmc),
	UNIT_CASE(irmc),
	UNIT_CASE(sushy_tools),
	UNIT_CASE(ilo6),
	UNIT_CASE(supermicro_x11),
	UNIT_CASE(lenovo_xcc),
	UNIT_CASE(lenovo_xcc3),
	UNIT_CASE(nvidia),
	UNIT_CASE(cimc),
	UNIT_CASE(ibmc),
	UNIT_CASE(other_firmware),
};

int
main(void)
{
	return UNIT_RUN("redfish_profiles", cases);
}
