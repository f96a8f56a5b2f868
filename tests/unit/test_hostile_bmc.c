/*
 * BMCs that lie, flood, dribble, hang and redirect: what the user reads, what
 * it costs, that it heals, and that the host beside it provisions in its usual
 * time. Certificates: test_hostile_tls.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/loop.h"
#include "common/str.h"
#include "tests/unit/hostile_rig.h"

#define INSECURE "insecureSkipVerify: true"
#define CONN "RedfishConnectionReady"

/* What one provision takes where everybody behaves. */
static int64_t
usual_time(void)
{
	struct hostile_rig r;
	int64_t us;

	hostile_open(&r, 2);
	hostile_host(&r, 1, NULL, INSECURE);
	hostile_agent(&r);
	hostile_run(&r, 30 * LOOP_S);
	hostile_machine(&r);
	us = hostile_wait(
	    &r, "machines", "m1", "status/phase", "Running", 30 * LOOP_MIN);
	CU_ASSERT_TRUE_FATAL(us > 0);
	hostile_close(&r);
	return us;
}

struct evil {
	const char *name, *fault;
	const char *reason; /* of the condition; NULL: any that is False */
	const char *word;   /* in its message */
	unsigned calls;     /* at most, in the ten minutes of enrolment */
};

static const struct evil evils[] = {
	{ "garbage", "{\"action\":\"garbage\"}", "ConnectionFailed", "JSON",
	    200 },
	{ "HTML", "{\"action\":\"html\"}", "ConnectionFailed", "JSON", 200 },
	{ "an empty body", "{\"action\":\"empty-body\"}", NULL, "", 200 },
	{ "deep JSON", "{\"action\":\"deep-json\"}", "ConnectionFailed", "deep",
	    200 },
	{ "wrong types", "{\"action\":\"wrong-types\"}", NULL, "", 400 },
	{ "nulls", "{\"action\":\"nulls\"}", NULL, "", 400 },
	{ "100 MiB", "{\"action\":\"huge-body\"}", "ConnectionFailed",
	    "too big", 200 },
	{ "an endless header", "{\"action\":\"endless-header\"}",
	    "ConnectionFailed", "head", 200 },
	{ "a trickle", "{\"action\":\"trickle\"}", NULL, "", 100 },
	{ "silence", "{\"action\":\"hang\"}", NULL, "", 100 },
	{ "half an answer", "{\"action\":\"truncate\"}", NULL, "", 200 },
	{ "bad chunks", "{\"action\":\"bad-chunk\"}", "ConnectionFailed", "",
	    200 },
	{ "resets", "{\"action\":\"reset\"}", NULL, "", 200 },
	{ "a redirect to a thief",
	    "{\"action\":\"redirect\",\"url\":\"https://" HOSTILE_THIEF
	    "/redfish/v1\"}",
	    "ConnectionFailed", "redirect", 200 },
	{ "a redirect without TLS",
	    "{\"action\":\"redirect\",\"url\":\"http://127.16.0.1/\"}",
	    "ConnectionFailed", "redirect", 200 },
	{ "a redirect in a circle",
	    "{\"action\":\"redirect\",\"url\":\"/redfish/v1/\"}",
	    "ConnectionFailed", "redirect", 400 },
};
#define N_EVILS (sizeof(evils) / sizeof(*evils))

static void
told(struct hostile_rig *r, const struct evil *v)
{
	const char *message;

	CHECK_ROW(str_eq(hostile_condition(
			     r, "physicalhosts", "bmc-000", CONN, "status"),
		      "False"),
	    v->name);
	if (v->reason != NULL)
		CHECK_ROW(str_eq(hostile_condition(r, "physicalhosts",
				     "bmc-000", CONN, "reason"),
			      v->reason),
		    v->name);
	message =
	    hostile_condition(r, "physicalhosts", "bmc-000", CONN, "message");
	CHECK_ROW(
	    message[0] != '\0' && strstr(message, v->word) != NULL, v->name);
	if (getenv("SHOW") != NULL || strstr(message, v->word) == NULL)
		(void)fprintf(stderr, "%s: %s\n", v->name, message);
	CHECK_ROW(strstr(message, "b7-sim-secret") == NULL, v->name);
}

static void
an_evil_bmc_is_told_capped_and_alone(void)
{
	int64_t usual = usual_time();

	for (size_t i = 0; i < N_EVILS; i++) {
		const struct evil *v = &evils[i];
		struct hostile_rig r;
		int64_t took;

		hostile_open(&r, 2);
		hostile_control(&r, "POST", "/bmcs/bmc-000/faults", v->fault);
		hostile_host(&r, 0, NULL, INSECURE);
		hostile_host(&r, 1, NULL, INSECURE);
		hostile_agent(&r);
		hostile_run(&r, 30 * LOOP_S);
		CHECK_ROW(str_eq(hostile_at(&r, "physicalhosts", "bmc-001",
				     "status/state"),
			      "Available"),
		    v->name);
		hostile_machine(&r);
		took = hostile_wait(&r, "machines", "m1", "status/phase",
		    "Running", 30 * LOOP_MIN);
		CHECK_ROW(took > 0 && took <= usual + 3 * LOOP_S, v->name);
		hostile_run(&r, 10 * LOOP_MIN - 30 * LOOP_S - took);
		told(&r, v);
		if (r.calls > v->calls)
			(void)fprintf(stderr, "%s: %u\n", v->name, r.calls);
		CHECK_ROW(r.calls <= v->calls, v->name);
		CHECK_ROW(r.power_writes == 0 && r.media_writes == 0, v->name);
		/* It heals by itself. */
		hostile_control(&r, "DELETE", "/bmcs/bmc-000/faults/all", NULL);
		CHECK_ROW(hostile_wait(&r, "physicalhosts", "bmc-000",
			      "status/state", "Available", 6 * LOOP_MIN) >= 0,
		    v->name);
		hostile_close(&r);
	}
}

/* A host that runs a tenant's machine: whatever its BMC says, nothing is done
 * to it, and it stays what it is. */
static void
an_evil_bmc_moves_no_provisioned_host(void)
{
	for (size_t i = 0; i < N_EVILS; i++) {
		const struct evil *v = &evils[i];
		struct hostile_rig r;

		hostile_open(&r, 1);
		hostile_host(&r, 0, NULL, INSECURE);
		hostile_agent(&r);
		hostile_run(&r, 30 * LOOP_S);
		hostile_machine(&r);
		CU_ASSERT_TRUE_FATAL(
		    hostile_wait(&r, "machines", "m1", "status/phase",
			"Running", 30 * LOOP_MIN) > 0);
		hostile_reset(&r);
		hostile_control(&r, "POST", "/bmcs/bmc-000/faults", v->fault);
		hostile_run(&r, 30 * LOOP_MIN);
		CHECK_ROW(str_eq(hostile_at(&r, "physicalhosts", "bmc-000",
				     "status/state"),
			      "Provisioned"),
		    v->name);
		CHECK_ROW(str_eq(hostile_at(&r, "beskar7machines", "m1",
				     "status/initialization/provisioned"),
			      "true"),
		    v->name);
		CHECK_ROW(r.power_writes == 0 && r.media_writes == 0, v->name);
		CHECK_ROW(r.logins <= 30, v->name);
		hostile_control(&r, "DELETE", "/bmcs/bmc-000/faults/all", NULL);
		hostile_run(&r, 12 * LOOP_MIN);
		CHECK_ROW(str_eq(hostile_condition(&r, "physicalhosts",
				     "bmc-000", CONN, "status"),
			      "True"),
		    v->name);
		hostile_close(&r);
	}
}

/* Ten minutes of it in the middle of a provision: one boot, and it ends. */
static void
an_evil_interlude_costs_no_second_boot(void)
{
	for (size_t i = 0; i < N_EVILS; i++) {
		const struct evil *v = &evils[i];
		struct bmc_snapshot snap;
		struct hostile_rig r;

		hostile_open(&r, 1);
		hostile_host(&r, 0, NULL, INSECURE);
		hostile_agent(&r);
		hostile_run(&r, 30 * LOOP_S);
		hostile_machine(&r);
		hostile_run(&r, (8 + (int64_t)(i % 5) * 10) * LOOP_S);
		hostile_control(&r, "POST", "/bmcs/bmc-000/faults", v->fault);
		hostile_run(&r, 10 * LOOP_MIN);
		hostile_control(&r, "DELETE", "/bmcs/bmc-000/faults/all", NULL);
		CHECK_ROW(hostile_wait(&r, "machines", "m1", "status/phase",
			      "Running", 30 * LOOP_MIN) >= 0,
		    v->name);
		bmc_snapshot(bmc_fleet_at(stage_fleet(r.s), 0), &snap);
		CHECK_ROW(snap.medium_boots == 1, v->name);
		hostile_close(&r);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "an evil BMC is told, capped and alone",
		    an_evil_bmc_is_told_capped_and_alone },
		{ "an evil BMC moves no provisioned host",
		    an_evil_bmc_moves_no_provisioned_host },
		{ "an evil interlude costs no second boot",
		    an_evil_interlude_costs_no_second_boot },
	};

	return UNIT_RUN("hostile_bmc", cases);
}
