/*
 * The shortest whole story, without the scenario runner: hosts enrolled, one
 * machine provisioned and released, in virtual time. What the runner builds
 * upon must stand by itself.
 */
#include "common/loop.h"
#include "tests/unit/story_rig.h"
#include "tests/unit/unit.h"

#define HOSTS 3

static void
provisions_and_releases(const char *image, const char *kind)
{
	struct stage_agent_opts ao = { .busy_us = 2 * LOOP_S };
	struct stage *s = story_new("generic", HOSTS);

	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	story_round(s, image, kind);
	stage_free(s);
}

static void
an_installer_installs_and_its_host_is_given_back(void)
{
	provisions_and_releases("http://10.0.0.3/installer.iso", "Installer");
}

static void
an_installer_that_restarts_by_itself_is_noticed(void)
{
	provisions_and_releases(
	    "http://10.0.0.3/installer-reboot.iso", "Installer");
}

static void
a_live_image_runs_and_its_host_is_given_back(void)
{
	provisions_and_releases("http://10.0.0.3/live.iso", "Live");
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "an installer installs, and its host is given back",
		    an_installer_installs_and_its_host_is_given_back },
		{ "an installer that restarts by itself is noticed",
		    an_installer_that_restarts_by_itself_is_noticed },
		{ "a live image runs, and its host is given back",
		    a_live_image_runs_and_its_host_is_given_back },
	};

	return UNIT_RUN("story", cases);
}
