/*
 * What the invariants make of leases: a write without the lease of the host's
 * shard, one too soon after a driver's end, a status by another replica.
 */
#include <CUnit/Basic.h>
#include <stdio.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"
#include "tests/unit/invariants_rig.h"
#include "tests/unit/unit.h"

static void
sent(struct rig *r, const char *method, const char *target)
{
	struct inv_call c = { .started_us = r->now,
		.at_us = r->now,
		.agent = 0,
		.bmc = "bmc-000",
		.method = method,
		.target = target };

	invariants_sent(r->x, &c);
}

static void
lease_of_another(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_lease(r, "agent-1_x");
	rig_pass(r, 5 * LOOP_S);
	sent(r, "POST", "/redfish/v1/Sessions");
	CU_ASSERT_STRING_EQUAL(r->said, "");
	sent(r, "POST", "/x");
}

static void
lease_ran_out(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_lease(r, "agent-0_x");
	rig_pass(r, 20 * LOOP_S);
	sent(r, "PATCH", "/x");
}

static void
taker_too_early(struct rig *r)
{
	cJSON *was = rig_json("{\"metadata\":{\"name\":\"beskar7-agent\","
			      "\"namespace\":\"default\"},\"spec\":{"
			      "\"holderIdentity\":\"agent-1_y\"}}");
	cJSON *now = json_dup(was);

	json_put(now, "spec/holderIdentity", cJSON_CreateString("agent-0_x"));
	json_put(now, "spec/leaseDurationSeconds", cJSON_CreateNumber(900));
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_commit(
	    r, "beskar7-agent", "coordination.k8s.io", "leases", was, now);
	rig_pass(r, 2 * LOOP_MIN);
	sent(r, "POST", "/x");
	cJSON_Delete(was);
	cJSON_Delete(now);
}

static void
driver(struct rig *r)
{
	struct inv_call c = { .started_us = r->now,
		.at_us = r->now,
		.agent = 0,
		.bmc = "",
		.method = "PATCH",
		.target = "/apis/" AX "/v1beta2/namespaces/default/"
			  "physicalhosts/bmc-000?fieldManager=x",
		.status = 200 };

	r->x->o.shards = 4;
	invariants_call(r->x, &c); /* a machine's claim may be anybody's */
	CU_ASSERT_STRING_EQUAL(r->said, "");
	c.target = "/apis/" AX "/v1beta2/namespaces/default/"
		   "physicalhosts/bmc-000/status?fieldManager=x";
	invariants_call(r->x, &c);
}

/* The same with nothing wrong: in time, by the holder, long after. */
static void
good_holder(struct rig *r)
{
	rig_claim(r);
	rig_record(r, "provisioning", 1, "");
	rig_lease(r, "agent-0_x");
	rig_pass(r, 10 * LOOP_S);
	sent(r, "POST", "/x");
}

static void
each_wrong_is_caught_by_its_name(void)
{
	static const struct {
		const char *invariant;
		void (*run)(struct rig *r);
	} rows[] = {
		{ "write-without-lease", lease_of_another },
		{ "write-without-lease", lease_ran_out },
		{ "taker-waits", taker_too_early },
		{ "driver-of-object", driver },
		{ "", good_holder },
	};
	struct rig r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		rig_open(&r);
		rows[i].run(&r);
		CHECK_TEXT(r.said, rows[i].invariant);
		rig_close(&r);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(each_wrong_is_caught_by_its_name),
	};

	return UNIT_RUN("invariants_lease", cases);
}
