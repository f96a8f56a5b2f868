/* What the tests of ladders share: one boot from CD, and what it costs again. */
#ifndef B7_TESTS_REDFISH_LADDER_RIG_H
#define B7_TESTS_REDFISH_LADDER_RIG_H

#include "tests/unit/redfish_rig.h"

#define URL "http://10.0.0.1:8080/n1.iso"

static inline void
boot_from_cd(struct rig *g)
{
	OK(g, redfish_insert(g->rf, NULL, URL, rig_done, g));
	OK(g, redfish_set_boot_once_cd(g->rf, RF_MODE_UNKNOWN, rig_done, g));
	OK(g, redfish_reset(g->rf, RF_RESET_ON, rig_done, g));
}

/* The same again must not climb: no more writes than needed. */
static inline unsigned
writes_of_second_time(struct rig *g)
{
	unsigned n = 0;
	const char *at;

	OK(g, redfish_reset(g->rf, RF_RESET_FORCE_OFF, rig_done, g));
	OK(g, redfish_eject(g->rf, NULL, rig_done, g));
	OK(g, redfish_clear_boot(g->rf, rig_done, g));
	CU_ASSERT_FALSE(redfish_state(g->rf)->boot.armed);
	fake_bmc_forget_log(&g->fake);
	boot_from_cd(g);
	for (at = buf_str(&g->fake.log); *at; at++)
		if ((at[0] == 'P') && (at == g->fake.log.p || at[-1] == '\n'))
			n++;
	return n;
}

static inline bool
is_boot_patch(const char *method, const cJSON *body)
{
	return str_eq(method, "PATCH") && json_obj(body, "Boot");
}

static inline bool
has(const cJSON *body, const char *path)
{
	return json_at(body, path) != NULL;
}

#endif
