/* The Redfish client over real sockets and TLS against the simulated BMC: the
 * life that test_redfish_profiles runs in virtual time, with the same counts. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#include "agent/redfish/redfish.h"
#include "common/files.h"
#include "common/loop.h"
#include "common/metrics.h"
#include "common/str.h"
#include "sim/bmc/fleet.h"
#include "sim/origin/origin.h"
#include "tests/unit/unit.h"

struct lab {
	struct loop *loop;
	struct http_net *net;
	struct log log;
	struct files files;
	struct env env;
	struct bmc_fleet *fleet;
	struct origin *origin;
	struct redfish *rf;
	struct secret password;
	struct redfish_reply r;
	struct tls_trust *ca;
	unsigned bmc; /* whose system is meant: the last one */
};

static void
no_line(void *arg, const char *line, size_t n)
{
	(void)arg;
	(void)line;
	(void)n;
}

/* systems: of one service. */
static void
lab_open(struct lab *g, const char *profile, unsigned systems)
{
	struct bmc_fleet_opts fo = { .profiles = &profile,
		.n_profiles = 1,
		.count = systems,
		.one_service = systems > 1,
		.profiles_dir = "sim/bmc/profiles",
		.tls = true,
		.timing = { .time_scale = 20 } };
	struct origin_opts oo = { .addr = "127.0.0.1" };
	struct redfish_opts ro = { .key = "ns/host" };
	struct err e = { .kind = ERR_NONE };
	char address[64];
	const char *pem;

	memset(g, 0, sizeof(*g));
	g->loop = loop_event_new();
	g->net = http_net_real_new(g->loop, entropy_system(), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->net);
	g->files = files_system();
	g->log = (struct log){ LOG_ERROR, "", g->loop, no_line, NULL };
	g->env = (struct env){ .name = "lab",
		.loop = g->loop,
		.net = g->net,
		.entropy = entropy_system(),
		.files = &g->files,
		.log = &g->log,
		.metrics = metrics_new(),
		.seed = 7 };
	g->fleet = bmc_fleet_new(&g->env, &fo, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->fleet);
	g->origin = origin_new(&g->env, &oo, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->origin);
	pem = bmc_fleet_ca_pem(g->fleet);
	g->ca = tls_trust_new(pem, strlen(pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->ca);
	bmc_address(bmc_fleet_at(g->fleet, 0), address, sizeof(address));
	secret_set(&g->password, "b7-sim-secret", 13);
	ro.address = address;
	g->bmc = systems - 1;
	if (systems > 1)
		ro.system_id = bmc_name(bmc_fleet_at(g->fleet, g->bmc));
	ro.tls.policy.trust = g->ca;
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
	tls_trust_free(g->ca);
	http_net_free(g->net);
	metrics_free(g->env.metrics);
	secret_free(&g->password);
	loop_free(g->loop);
}

static void
on_done(void *arg, const struct redfish_reply *r)
{
	struct lab *g = arg;

	g->r = *r;
	loop_stop(g->loop);
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

static void
nap(struct lab *g, int64_t us)
{
	struct timer t = { .fn = NULL };

	timer_start(g->loop, &t, us, stop, g->loop);
	loop_run(g->loop);
}

static bool
ended_well(struct lab *g, const char *what)
{
	loop_run(g->loop);
	if (g->r.cause != RF_CAUSE_NONE)
		fprintf(stderr, "%s: %s: %s\n", what,
		    redfish_cause_name(g->r.cause), g->r.err.msg);
	CU_ASSERT_EQUAL(g->r.cause, RF_CAUSE_NONE);
	return g->r.cause == RF_CAUSE_NONE;
}

#define OP(g, call) ((call), ended_well((g), #call))

static void
boots_once(const char *profile, unsigned systems)
{
	const struct redfish_state *st;
	struct bmc_snapshot snap;
	struct lab g;
	char url[64];
	int i;

	lab_open(&g, profile, systems);
	st = redfish_state(g.rf);
	(void)str_format(url, sizeof(url), "http://127.0.0.1:%u/live.iso",
	    origin_port(g.origin));
	CU_ASSERT(OP(&g, redfish_identify(g.rf, on_done, &g)));
	CU_ASSERT(OP(&g, redfish_discover(g.rf, on_done, &g)));
	CU_ASSERT(OP(&g, redfish_read(g.rf, RF_READ_INVENTORY, on_done, &g)));
	CU_ASSERT(OP(&g, redfish_insert(g.rf, NULL, url, on_done, &g)));
	CU_ASSERT(
	    OP(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UEFI, on_done, &g)));
	CU_ASSERT_TRUE(st->boot.cd);
	CU_ASSERT(OP(&g, redfish_reset(g.rf, RF_RESET_ON, on_done, &g)));
	for (i = 0; i < 50; i++) {
		bmc_snapshot(bmc_fleet_at(g.fleet, g.bmc), &snap);
		if (snap.medium_boots == 1 && snap.os[0])
			break;
		nap(&g, 100 * LOOP_MS);
	}
	CU_ASSERT_STRING_EQUAL(snap.os, "live.iso");
	CU_ASSERT(OP(&g, redfish_reset(g.rf, RF_RESET_FORCE_OFF, on_done, &g)));
	for (i = 0; i < 50 && st->power != RF_POWER_OFF; i++) {
		nap(&g, 100 * LOOP_MS);
		CU_ASSERT(
		    OP(&g, redfish_read(g.rf, RF_READ_SYSTEM, on_done, &g)));
	}
	CU_ASSERT(OP(&g, redfish_eject(g.rf, NULL, on_done, &g)));
	CU_ASSERT(OP(&g, redfish_clear_boot(g.rf, on_done, &g)));
	CU_ASSERT(OP(
	    &g, redfish_read(g.rf, RF_READ_BOOT | RF_READ_MEDIA, on_done, &g)));
	CU_ASSERT_EQUAL(st->power, RF_POWER_OFF);
	CU_ASSERT_FALSE(st->boot.armed);
	CU_ASSERT(OP(&g, redfish_close(g.rf, on_done, &g)));
	for (unsigned k = 0; k < systems; k++) {
		bmc_snapshot(bmc_fleet_at(g.fleet, k), &snap);
		CU_ASSERT_EQUAL(snap.boots, k == g.bmc);
		CU_ASSERT_EQUAL(snap.medium_boots, k == g.bmc);
		CU_ASSERT_EQUAL(snap.sessions, 0);
		CU_ASSERT_EQUAL(snap.login_failures, 0);
	}
	CU_ASSERT_EQUAL(redfish_stats(g.rf)->retries, 0);
	lab_close(&g);
}

static void
generic_boots_once_over_tls(void)
{
	boots_once("generic", 1);
}
static void
idrac10_boots_once_over_tls(void)
{
	boots_once("idrac10", 1);
}
static void
lenovo_boots_once_over_tls(void)
{
	boots_once("lenovo-xcc2", 1);
}
static void
one_system_of_many_boots_once_over_tls(void)
{
	boots_once("generic", 5);
}

static void
an_untrusted_certificate_gets_no_credentials(void)
{
	struct redfish_tls system = { .first_use = false };
	struct bmc_snapshot snap;
	struct lab g;

	lab_open(&g, "generic", 1);
	redfish_set_tls(g.rf, &system);
	redfish_discover(g.rf, on_done, &g);
	loop_run(g.loop);
	CU_ASSERT_EQUAL(g.r.cause, RF_CAUSE_TLS);
	CU_ASSERT_EQUAL(g.r.err.kind, ERR_TLS);
	bmc_snapshot(bmc_fleet_at(g.fleet, 0), &snap);
	CU_ASSERT_EQUAL(snap.requests, 0);
	lab_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(generic_boots_once_over_tls),
	UNIT_CASE(idrac10_boots_once_over_tls),
	UNIT_CASE(lenovo_boots_once_over_tls),
	UNIT_CASE(one_system_of_many_boots_once_over_tls),
	UNIT_CASE(an_untrusted_certificate_gets_no_credentials),
};

int
main(void)
{
	return UNIT_RUN("it_redfish", cases);
}
