/* Ladders without I/O, by table: which value, which way, in what order. */
#include <CUnit/Basic.h>
#include <string.h>

#include "agent/redfish/boot.h"
#include "agent/redfish/payload.h"
#include "agent/redfish/reset.h"
#include "agent/redfish/slot.h"
#include "agent/redfish/system.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/json_rig.h"
#include "tests/unit/unit.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- reset -------------------------------------------------------------------------- */

static void
reset_values_are_chosen_by_ladder(void)
{
	const unsigned ilo = 1U << RF_VALUE_ON | 1U << RF_VALUE_FORCE_OFF |
			     1U << RF_VALUE_PUSH_POWER_BUTTON;
	static const struct {
		enum redfish_reset r;
		unsigned offered, refused;
		enum redfish_power power;
		int want;
	} rows[] = {
		{ RF_RESET_ON, 0, 0, RF_POWER_OFF, RF_VALUE_ON },
		{ RF_RESET_ON, 0, 1U << RF_VALUE_ON, RF_POWER_OFF,
		    RF_VALUE_FORCE_ON },
		{ RF_RESET_ON, 1U << RF_VALUE_PUSH_POWER_BUTTON, 0,
		    RF_POWER_OFF, RF_VALUE_PUSH_POWER_BUTTON },
		{ RF_RESET_ON, 1U << RF_VALUE_PUSH_POWER_BUTTON, 0,
		    RF_POWER_UNKNOWN, -1 }, /* it would toggle */
		{ RF_RESET_FORCE_OFF, 1U << RF_VALUE_GRACEFUL_SHUTDOWN, 0,
		    RF_POWER_ON, -1 },
		{ RF_RESET_FORCE_RESTART, 1U << RF_VALUE_POWER_CYCLE, 0,
		    RF_POWER_ON, RF_VALUE_POWER_CYCLE },
		{ RF_RESET_GRACEFUL_RESTART, 1U << RF_VALUE_FORCE_RESTART, 0,
		    RF_POWER_ON, -1 },
	};
	cJSON *j;
	size_t i;

	for (i = 0; i < N(rows); i++)
		CU_ASSERT_EQUAL(rf_reset_choose(rows[i].r, rows[i].offered,
				    rows[i].refused, rows[i].power),
		    rows[i].want);
	CU_ASSERT_EQUAL(
	    rf_reset_choose(RF_RESET_GRACEFUL_OFF, ilo, 0, RF_POWER_ON),
	    RF_VALUE_PUSH_POWER_BUTTON);
	j = rig_json(
	    "{\"ResetType@Redfish.AllowableValues\":[\"On\",\"FullMoon\","
	    "7,null,\"ForceOff\",\"PushPowerButton\"]}");
	CU_ASSERT_EQUAL(rf_reset_values(j), ilo);
	cJSON_Delete(j);
	j = rig_json("{\"Parameters\":[{\"Name\":\"X\",\"AllowableValues\":"
		     "[\"ForceOn\"]},{\"Name\":\"ResetType\","
		     "\"AllowableValues\":[\"On\",\"ForceOff\","
		     "\"PushPowerButton\"]}]}");
	CU_ASSERT_EQUAL(rf_reset_info_values(j), ilo);
	cJSON_Delete(j);
	CU_ASSERT_FALSE(
	    rf_reset_reached(RF_RESET_FORCE_OFF, RF_POWER_POWERING_OFF));
	CU_ASSERT_TRUE(
	    rf_reset_reached(RF_RESET_GRACEFUL_OFF, RF_POWER_POWERING_OFF));
	CU_ASSERT_FALSE(rf_reset_reached(RF_RESET_FORCE_RESTART, RF_POWER_ON));
}

/* ---- boot ----------------------------------------------------------------------------- */

static void
armed_is_what_changes_the_next_boot(void)
{
	static const struct {
		const char *enabled, *target;
		bool armed, cd;
	} rows[] = {
		{ "Disabled", "Pxe", false, false }, /* Supermicro at rest */
		{ "Disabled", "Cd", false, false },
		{ "Once", "Cd", true, true },
		{ "Once", "UsbCd", true, true },
		{ "Continuous", "Cd", true, true },
		{ "Continuous", "Hdd", false, false }, /* sushy-tools */
		{ "Once", "Hdd", true, false },
		{ "Once", "None", false, false },
		{ "Continuous", "Pxe", true, false },
	};
	struct rf_boot_view v;
	char body[200];
	cJSON *j;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		(void)str_format(body, sizeof(body),
		    "{\"Boot\":{\"BootSourceOverrideEnabled\":\"%s\","
		    "\"BootSourceOverrideTarget\":\"%s\"}}",
		    rows[i].enabled, rows[i].target);
		j = rig_json(body);
		rf_boot_parse(&v, j);
		CHECK_ROW(rf_boot_armed(&v) == rows[i].armed, body);
		CHECK_ROW(rf_boot_armed_cd(&v) == rows[i].cd, body);
		cJSON_Delete(j);
	}
}

/* Whatever is refused and however, a ladder ends. */
static void
boot_ladders_end_and_never_repeat_a_way(void)
{
	static const char *const refusals[] = { "{}",
		"{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
		"\"B.PropertyValueNotInList\",\"MessageArgs\":[\"x\","
		"\"BootSourceOverrideEnabled\"]}]}}",
		"{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
		"\"B.PropertyNotWritable\",\"MessageArgs\":["
		"\"BootSourceOverrideMode\"]}]}}",
		"{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
		"\"B.PropertyNotWritable\",\"MessageArgs\":[\"Boot\"]}]}}",
		"{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
		"\"B.PropertyValueNotInList\",\"MessageArgs\":["
		"\"BootSourceOverrideTarget\"]}]}}" };
	struct rf_boot_view system = { .present = true,
		.has_enabled = true,
		.has_target = true,
		.has_mode = true,
		.mode = RF_MODE_UEFI,
		.targets = 63 };
	struct rf_boot_hints h = { .system = &system,
		.settings = &system,
		.usb_cd_first = true,
		.boot_options = true };
	struct rf_boot_ladder l;
	struct rf_boot_way seen[64];
	struct rf_ext x;
	unsigned seed, n, i, pick;
	cJSON *j;

	for (seed = 0; seed < 200; seed++) {
		rf_boot_ladder_init(&l, &h);
		n = 0;
		pick = seed;
		do {
			for (i = 0; i < n; i++)
				CU_ASSERT_FALSE(memcmp(&seen[i], &l.way,
						    sizeof(l.way)) == 0);
			CU_ASSERT_FATAL(n < 60);
			seen[n++] = l.way;
			j = rf_boot_body(&l, "Boot0001", "Path");
			CU_ASSERT_PTR_NOT_NULL(json_obj(j, "Boot"));
			cJSON_Delete(j);
			pick = pick * 1103515245U + 12345U;
			j = rig_json(refusals[(pick >> 16) % N(refusals)]);
			rf_ext_parse(&x, j);
			cJSON_Delete(j);
		} while (
		    rf_boot_ladder_next(&l, 400, (pick >> 8) % 7 ? &x : NULL));
	}
}

static void
clearing_tries_disabled_alone_first(void)
{
	struct rf_boot_view v = { .mode = RF_MODE_LEGACY };
	cJSON *body;
	char *text;
	unsigned i, n = 0;

	for (i = 0; rf_boot_clear_body(i, &v, &body); i++) {
		text = json_print(body);
		if (i == 0)
			CHECK_TEXT(text,
			    "{\"Boot\":{\"BootSourceOverrideEnabled\":"
			    "\"Disabled\"}}");
		/* never None beside an Enabled that is not Disabled */
		CU_ASSERT_PTR_NULL(strstr(text, "Once"));
		xfree(text);
		cJSON_Delete(body);
		n++;
	}
	CU_ASSERT_EQUAL(n, 5);
}

/* ---- media ------------------------------------------------------------------------------ */

static void
slots_hold_an_image_by_url_or_name(void)
{
	static const struct {
		const char *image, *name;
		bool inserted, holds;
	} rows[] = {
		{ "http://10.0.0.1:80/x/n1.iso", NULL, true, true },
		{ "http://10.0.0.1:80/x/n1.iso", NULL, false, false },
		{ "http://10.0.0.1:80/x/n2.iso", "n1.iso", true, false },
		{ "http://other/n1.iso", NULL, true, false },
		{ "//10.0.0.1:80/x/n1.iso", NULL, true, true },
		{ "n1.iso", NULL, true, true },
		{ NULL, "n1.iso", true, true },
		{ NULL, NULL, true, false },
	};
	struct redfish_slot s;
	size_t i;

	for (i = 0; i < N(rows); i++) {
		memset(&s, 0, sizeof(s));
		s.image = xstrdup(rows[i].image);
		s.image_name = xstrdup(rows[i].name);
		s.inserted = rows[i].inserted;
		CHECK_ROW(redfish_slot_holds(&s,
			      "http://10.0.0.1:80/x/n1.iso") == rows[i].holds,
		    rows[i].image ? rows[i].image : "NULL");
		xfree(s.image);
		xfree(s.image_name);
	}
}

static void
insert_ladders_learn_from_what_refusals_name(void)
{
	static const struct {
		const char *id, *arg;
		unsigned bits;
	} rows[] = {
		{ "ActionParameterMissing", "TransferProtocolType",
		    RF_PAY_PROTOCOL },
		{ "ActionParameterMissing", "Inserted", RF_PAY_INSERTED },
		{ "PropertyMissing", "UserName", RF_PAY_CREDENTIALS },
		{ "ActionParameterValueNotInList", "TransferMethod",
		    RF_PAY_METHOD },
		{ "GeneralError", "nothing", RF_PAY_PROTOCOL },
	};
	struct rf_slot_ways w = { .insert = NULL };
	struct rf_insert_ladder l;
	struct rf_ext x;
	char body[256];
	cJSON *j;
	size_t i;
	unsigned n;

	w.insert = xstrdup("/i");
	for (i = 0; i < N(rows); i++) {
		CU_ASSERT_TRUE(rf_insert_ladder_init(&l, &w, NULL));
		CU_ASSERT_EQUAL(l.way.bits, 0);
		(void)str_format(body, sizeof(body),
		    "{\"error\":{\"@Message.ExtendedInfo\":[{\"MessageId\":"
		    "\"Base.1.8.%s\",\"MessageArgs\":[\"%s\"]}]}}",
		    rows[i].id, rows[i].arg);
		j = rig_json(body);
		rf_ext_parse(&x, j);
		cJSON_Delete(j);
		CU_ASSERT_TRUE(rf_insert_ladder_next(&l, 400, &x));
		CHECK_ROW(l.way.bits == rows[i].bits, rows[i].arg);
		for (n = 0; rf_insert_ladder_next(&l, 400, &x); n++)
			CU_ASSERT_FATAL(n < 20);
	}
	CU_ASSERT_TRUE(rf_insert_ladder_init(&l, &w, NULL));
	CU_ASSERT_FALSE(rf_insert_ladder_next(&l, 405, &x)); /* no PATCH */
	w.patch = true;
	CU_ASSERT_TRUE(rf_insert_ladder_init(&l, &w, NULL));
	CU_ASSERT_TRUE(rf_insert_ladder_next(&l, 405, &x));
	CU_ASSERT_EQUAL(l.way.by, RF_BY_PATCH);
	CU_ASSERT_EQUAL(l.way.bits, RF_PAY_INSERTED);
	xfree(w.insert);
	w.insert = NULL;
	w.patch = false;
	CU_ASSERT_FALSE(rf_insert_ladder_init(&l, &w, NULL));
}

static const struct unit_case cases[] = {
	UNIT_CASE(reset_values_are_chosen_by_ladder),
	UNIT_CASE(armed_is_what_changes_the_next_boot),
	UNIT_CASE(boot_ladders_end_and_never_repeat_a_way),
	UNIT_CASE(clearing_tries_disabled_alone_first),
	UNIT_CASE(slots_hold_an_image_by_url_or_name),
	UNIT_CASE(insert_ladders_learn_from_what_refusals_name),
};

int
main(void)
{
	return UNIT_RUN("redfish_rungs", cases);
}
