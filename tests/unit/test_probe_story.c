/*
 * Whole stories on recordings: a BMC of each vendor is probed and recorded,
 * three servers are that recording, and the agent enrols them, provisions a
 * machine on one and gives it back.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/probe_rig.h"
#include "tests/unit/story_rig.h"

#define HOSTS 3

static bool
to_disk(void *self, const char *path, const void *p, size_t n, struct err *e)
{
	struct lab *g = self;

	return g->disk.write(g->disk.self, path, p, n, e);
}

static int
drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void
record(const char *profile, const char *folder)
{
	struct lab g;
	struct err e = { .kind = ERR_NONE };

	lab_open(&g);
	g.files.write = to_disk;
	CU_ASSERT_TRUE_FATAL(lab_fleet(&g, profile, NULL, 1, &e));
	lab_probe(&g, &(struct probe_opts){ .record = folder });
	CU_ASSERT_EQUAL(g.end, PROBE_CAN_PROVISION);
	lab_close(&g);
}

static void
tell(const char *profile, const char *folder)
{
	struct stage_agent_opts ao = { .busy_us = 2 * LOOP_S };
	struct stage *s = story_new_replay(profile, folder, HOSTS);

	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	story_round(s, "http://10.0.0.3/installer.iso", "Installer");
	stage_free(s);
}

/* OpenBMC takes images over https only, which this stage does not serve. */
static void
recorded_servers_are_enrolled_provisioned_and_given_back(void)
{
	static const char *const profiles[] = { "generic", "idrac9", "idrac10",
		"ilo5", "supermicro-x12", "lenovo-xcc2", "ami-megarac", "irmc",
		"sushy-tools", "ilo6", "supermicro-x11", "lenovo-xcc",
		"lenovo-xcc3", "cimc" };

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		char folder[] = "/tmp/b7-story-XXXXXX";

		CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
		record(profiles[i], folder);
		tell(profiles[i], folder);
		CU_ASSERT_EQUAL(
		    nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS), 0);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(recorded_servers_are_enrolled_provisioned_and_given_back),
};

int
main(void)
{
	return UNIT_RUN("probe_story", cases);
}
