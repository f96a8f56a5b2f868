/* Checks 49 to 53: conditions, and what Ready sums up. */
#include "tests/conformance/capi/capi.h"
#include "tests/conformance/capi/rest.h"

static bool
reason_fits(const char *s)
{
	size_t n = s == NULL ? 0 : strlen(s);

	if (n == 0 || n > 256 || strchr("_,:0123456789", s[0]) != NULL ||
	    strchr(",:", s[n - 1]) != NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') ||
			(s[i] >= 'A' && s[i] <= 'Z') ||
			(s[i] >= '0' && s[i] <= '9') ||
			strchr("_,:", s[i]) != NULL))
			return false;
	return true;
}

static void
condition_is_whole(const cJSON *c)
{
	const char *status = json_str(c, "status", ""), *message;
	const char *when = json_str(c, "lastTransitionTime", "");
	int64_t us;

	message = json_str(c, "message", NULL);
	CU_ASSERT_TRUE(json_str(c, "type", NULL) != NULL);
	CU_ASSERT_TRUE(str_eq(status, "True") || str_eq(status, "False") ||
		       str_eq(status, "Unknown"));
	CHECK_ROW(
	    reason_fits(json_str(c, "reason", NULL)), json_str(c, "type", ""));
	CU_ASSERT_TRUE(message != NULL && strlen(message) <= 10240);
	CHECK_ROW(rfc3339_parse(when, &us) && us % LOOP_S == 0 &&
		      str_has_suffix(when, "Z"),
	    when);
}

static void
settled_generation(struct rig *r, const char *resource, const char *name)
{
	cJSON *o = rig_get(r, resource, name);
	const cJSON *c;
	int64_t generation = json_i64(o, "metadata/generation", -1);
	unsigned n = 0;

	cJSON_ArrayForEach (c, json_arr(o, "status/conditions")) {
		CHECK_ROW(json_i64(c, "observedGeneration", 0) == generation,
		    json_str(c, "type", ""));
		n++;
	}
	CU_ASSERT_TRUE(n > 2);
	cJSON_Delete(o);
}

static void
conditions_are_complete_and_bounded(void)
{
	static const char *const ours[] = { B7M, B7C, HOST };
	struct rig *r = capi_new(1);
	struct saw_log *l = saw_start(r);
	unsigned seen = 0;

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_run(r, LOOP_MIN);
	settled_generation(r, B7M, "m1");
	settled_generation(r, HOST, "bmc-000");
	settled_generation(r, B7C, "c1");
	rig_patch(r, B7C, "c1", "%s",
	    "{\"spec\":{\"failureDomains\":[{\"name\":\"y\"}]}}");
	rig_patch(r, HOST, "bmc-000", "%s",
	    "{\"spec\":{\"mediaTransport\":\"HTTP\"}}");
	rig_run(r, SETTLE);
	settled_generation(r, B7C, "c1");
	settled_generation(r, HOST, "bmc-000");
	rig_bmc_do(r, "bmc-000", "faults", "{\"action\":\"refuse\"}");
	rig_run(r, 20 * LOOP_MIN);
	rig_heal(r, "bmc-000");
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 30 * LOOP_MIN));
	rig_run(r, SETTLE);
	settled_generation(r, HOST, "bmc-000");
	for (size_t k = 0; k < 3; k++) {
		const struct saw *s = NULL;
		const cJSON *c;

		while ((s = saw_next(l, s, ours[k], NULL)) != NULL)
			cJSON_ArrayForEach (
			    c, json_arr(s->after, "status/conditions")) {
				condition_is_whole(c);
				seen++;
			}
	}
	CU_ASSERT_TRUE(seen > 100);
	saw_free(l);
	rig_free(r);
}

static const char *
status_of(const cJSON *o, const char *type)
{
	const char *why;

	return facts_condition(o, type, &why);
}

/* What the summary must be, of the conditions that it is made of. */
static const char *
summary(const cJSON *o, const char *const *in)
{
	bool unknown = false;

	if (str_eq(status_of(o, "Deleting"), "True"))
		return "False";
	for (; *in != NULL; in++) {
		const char *s = status_of(o, *in);

		if (str_eq(s, "False"))
			return "False";
		unknown = unknown || !str_eq(s, "True");
	}
	return unknown ? "Unknown" : "True";
}

static void
ready_sums_up(const struct saw_log *l, const char *resource,
    const char *const *in, bool deleting)
{
	const struct saw *s = NULL;
	unsigned seen = 0, gone = 0;

	while ((s = saw_next(l, s, resource, NULL)) != NULL) {
		const char *why = "";

		if (json_at(s->after, "status/conditions") == NULL ||
		    !s->agent || str_eq(status_of(s->after, "Paused"), "True"))
			continue;
		seen++;
		CHECK_ROW(str_eq(facts_condition(s->after, "Ready", &why),
			      summary(s->after, in)),
		    resource);
		gone += str_eq(why, "Deleting");
	}
	CU_ASSERT_TRUE(seen > 1);
	CU_ASSERT_EQUAL(gone > 0, deleting);
}

static void
ready_is_there_and_sums_up(void)
{
	static const char *const machine[] = { "HostClaimed",
		"BootstrapDataReady", "HostProvisioned", "HostHealthy", NULL };
	static const char *const cluster[] = { "ControlPlaneEndpointReady",
		NULL };
	struct rig *r = capi_new(1);
	struct saw_log *l = saw_start(r);
	const struct saw *s = NULL;

	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: c2}\nspec: {}\n"
	    "---\n"
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: c2}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c2}}\n");
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_run(r, LOOP_MIN);
	rig_patch(r, B7C, "c2", "%s",
	    "{\"spec\":{\"controlPlaneEndpoint\":{\"host\":\"h\","
	    "\"port\":1}}}");
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	ready_sums_up(l, B7M, machine, true);
	ready_sums_up(l, B7C, cluster, false);
	/* From the first status on. */
	while ((s = saw_next(l, s, B7M, "m1")) != NULL)
		if (json_at(s->after, "status/conditions") != NULL)
			CU_ASSERT_TRUE(status_of(s->after, "Ready") != NULL);
	saw_free(l);
	rig_free(r);
}

static void
rest_is_quiet(void)
{
	struct rig *r = capi_new_up(1);

	rig_run(r, 10 * LOOP_MIN);
	capi_still(r, 24 * 60 * LOOP_MIN);
	rig_free(r);
}

/* The same status with other words keeps its time. */
static void
times_change_with_the_status_only(void)
{
	static const char *const ours[] = { B7M, B7C, HOST };
	struct rig *r = capi_new(1);
	struct saw_log *l = saw_start(r);
	unsigned kept = 0;

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	for (size_t k = 0; k < 3; k++) {
		const struct saw *s = NULL;
		const cJSON *c, *was;

		while ((s = saw_next(l, s, ours[k], NULL)) != NULL)
			cJSON_ArrayForEach (
			    c, json_arr(s->after, "status/conditions"))
				cJSON_ArrayForEach (was,
				    json_arr(s->before, "status/conditions")) {
					if (!str_eq(json_str(c, "type", ""),
						json_str(was, "type", "")) ||
					    !str_eq(json_str(c, "status", ""),
						json_str(was, "status", "")))
						continue;
					CHECK_TEXT(
					    json_str(
						c, "lastTransitionTime", NULL),
					    json_str(
						was, "lastTransitionTime", ""));
					kept += !json_equal(c, was);
				}
	}
	CU_ASSERT_TRUE(kept > 5);
	saw_free(l);
	rig_free(r);
}

static void
steady_state_is_quiet(void)
{
	rest_is_quiet();
	rest_of_a_fleet();
	times_change_with_the_status_only();
}

/* Of each shape of outage, shorter and longer than the ten minutes' grace. */
static void
ready_rides_out_a_blip(void)
{
	static const char *const faults[] = { "{\"action\":\"refuse\"}",
		"{\"action\":\"hang\"}",
		"{\"action\":\"status\",\"status\":503}" };

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct rig *r = capi_new_up(1);
		struct saw_log *l = saw_start(r);
		const struct saw *s = NULL;

		rig_run(r, SETTLE);
		rig_bmc_do(r, "bmc-000", "faults", faults[i]);
		rig_run(r, 8 * LOOP_MIN);
		rig_heal(r, "bmc-000");
		rig_run(r, 10 * LOOP_MIN);
		while ((s = saw_next(l, s, B7M, "m1")) != NULL)
			CHECK_TEXT(status_of(s->after, "Ready"), "True");
		rig_bmc_do(r, "bmc-000", "faults", faults[i]);
		rig_run(r, 25 * LOOP_MIN);
		CU_ASSERT_FALSE(rig_is(r, B7M, "m1", "?Ready", "True"));
		CU_ASSERT_TRUE(capi_cond_is(
		    r, B7M, "m1", "HostHealthy", "reason", "BMCUnreachable"));
		CU_ASSERT_TRUE(capi_is(
		    r, B7M, "m1", "status/initialization/provisioned", "true"));
		rig_heal(r, "bmc-000");
		CU_ASSERT_TRUE(
		    rig_wait(r, B7M, "m1", "?Ready", "True", 10 * LOOP_MIN));
		saw_free(l);
		rig_free(r);
	}
}

static void
no_fields_of_older_contracts(void)
{
	static const char *const never[] = { "status/failureReason",
		"status/failureMessage", "status/ready", "status/v1beta2",
		"status/deprecated" };
	struct rig *r = capi_new(1);
	struct saw_log *l = saw_start(r);

	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_delete(r, MACHINES, "m1");
	CU_ASSERT_TRUE(rig_released(r, "m1", 20 * LOOP_MIN));
	CU_ASSERT_TRUE(l->n > 20);
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++)
			if (str_eq(l->v[i].resource, B7M) ||
			    str_eq(l->v[i].resource, B7C))
				CU_ASSERT_PTR_NULL(
				    json_at(l->v[i].after, never[k]));
	saw_free(l);
	rig_free(r);
}

const struct contract_check contract_conditions[] = {
	{ 49, 'M', "conditions are complete, bounded, of this generation",
	    conditions_are_complete_and_bounded, NULL },
	{ 50, 'S', "Ready is there from the first status, and sums up",
	    ready_is_there_and_sums_up, NULL },
	{ 51, 'Q', "a day of rest writes nothing; times change with status",
	    steady_state_is_quiet, NULL },
	{ 52, 'Q', "Ready rides out a blip of the BMC, and tells an outage",
	    ready_rides_out_a_blip, NULL },
	{ 53, 'M', "no fields of older contracts", no_fields_of_older_contracts,
	    NULL },
	{ 0 },
};
