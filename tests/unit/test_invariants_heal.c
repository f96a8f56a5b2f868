/*
 * What the invariants make of remediations: a Provisioned host is switched off
 * for one that is there, and success is told of only after it was off.
 */
#include <CUnit/Basic.h>

#include "common/json.h"
#include "common/loop.h"
#include "tests/unit/invariants_rig.h"
#include "tests/unit/unit.h"

#define ID "26fda018-c0fa-4243-8903-610b47080a8b"
#define HEAL(at) \
	",\"heal\":\"" ID ":1\",\"healDo\":\"PowerCycle\",\"healAt\":\"" at "\""

static cJSON *
remediation(const char *healed)
{
	cJSON *j = rig_json(
	    "{\"kind\":\"Beskar7Remediation\",\"metadata\":{\"name\":\"m1\","
	    "\"namespace\":\"default\",\"annotations\":{"
	    "\"" AX "/remediation-id\":\"" ID "\"}},"
	    "\"status\":{\"hostRef\":{\"name\":\"bmc-000\"},\"conditions\":[{"
	    "\"type\":\"Remediated\"}]}}");

	json_put(j, "status/conditions/0/status", cJSON_CreateString(healed));
	return j;
}

static void
store(struct rig *r, const char *was, const char *is)
{
	cJSON *before = was == NULL ? NULL : remediation(was);
	cJSON *after = is == NULL ? NULL : remediation(is);

	rig_commit(
	    r, "beskar7-agent", AX, "beskar7remediations", before, after);
	cJSON_Delete(before);
	cJSON_Delete(after);
}

static void
a_power_cycle_that_was_asked_for_is_fine(void)
{
	struct rig r;

	rig_open(&r);
	rig_provisioned(&r);
	store(&r, NULL, "False");
	rig_record(&r, "provisioned", 1, HEAL("off"));
	rig_reset(&r, "ForceOff");
	rig_note(&r, BMC_EV_POWER_STATE, "Off");
	rig_pass(&r, LOOP_S);
	rig_record(&r, "provisioned", 1, HEAL("on"));
	rig_reset(&r, "On");
	rig_note(&r, BMC_EV_POWER_STATE, "On");
	rig_record(&r, "provisioned", 1, HEAL("done"));
	store(&r, "False", "True");
	CHECK_TEXT(r.said, "");
	rig_close(&r);
}

static void
one_that_nobody_asked_for_is_not(void)
{
	static const char *const ats[] = { HEAL("off"), HEAL("done"), "" };

	for (size_t i = 0; i < 3; i++) {
		struct rig r;

		rig_open(&r);
		rig_provisioned(&r);
		if (i > 0)
			store(&r, NULL, "False");
		rig_record(&r, "provisioned", 1, ats[i]);
		rig_reset(&r, "ForceOff");
		CHECK_TEXT(r.said, "provisioned-untouched");
		rig_close(&r);
	}
}

static void
one_whose_remediation_is_long_gone_is_not(void)
{
	struct rig r;

	rig_open(&r);
	rig_provisioned(&r);
	store(&r, NULL, "False");
	rig_record(&r, "provisioned", 1, HEAL("off"));
	store(&r, "False", NULL);
	rig_pass(&r, 10 * LOOP_MIN);
	rig_reset(&r, "ForceOff");
	CHECK_TEXT(r.said, "provisioned-untouched");
	rig_close(&r);
}

static void
a_cycle_never_restarts_or_arms(void)
{
	struct rig r;

	rig_open(&r);
	rig_provisioned(&r);
	store(&r, NULL, "False");
	rig_record(&r, "provisioned", 1, HEAL("off"));
	rig_reset(&r, "ForceRestart");
	CHECK_TEXT(r.said, "provisioned-untouched");
	rig_close(&r);
	rig_open(&r);
	rig_provisioned(&r);
	store(&r, NULL, "False");
	rig_record(&r, "provisioned", 1, HEAL("off"));
	rig_note(&r, BMC_EV_BOOT_OVERRIDE, "Once Cd UEFI");
	CHECK_TEXT(r.said, "provisioned-untouched");
	rig_close(&r);
}

static void
success_without_off_is_a_lie(void)
{
	struct rig r;

	rig_open(&r);
	rig_provisioned(&r);
	store(&r, NULL, "False");
	rig_record(&r, "provisioned", 1, HEAL("off"));
	rig_reset(&r, "ForceOff"); /* and nothing comes of it */
	rig_record(&r, "provisioned", 1, HEAL("done"));
	store(&r, "False", "True");
	CHECK_TEXT(r.said, "remediation-fenced");
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_power_cycle_that_was_asked_for_is_fine),
		UNIT_CASE(one_that_nobody_asked_for_is_not),
		UNIT_CASE(one_whose_remediation_is_long_gone_is_not),
		UNIT_CASE(a_cycle_never_restarts_or_arms),
		UNIT_CASE(success_without_off_is_a_lie),
	};

	return UNIT_RUN("invariants_heal", cases);
}
