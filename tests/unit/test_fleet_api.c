/*
 * What a fleet that enrols at once costs the API server: hosts that share one
 * Secret, and the Events that all of them cause.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/story_rig.h"
#include "tests/unit/unit.h"

#define HOSTS 40
#define AGENT "beskar7-agent"
#define FINALIZER "physicalhost.infrastructure.cluster.x-k8s.io/credentials"

static void
put_secret(struct stage *s, const char *password)
{
	char *text = xasprintf("apiVersion: v1\n"
			       "kind: Secret\n"
			       "metadata: {name: shared}\n"
			       "stringData: {username: root, password: %s}\n",
	    password);

	story_apply(s, text);
	xfree(text);
}

/* Every host of the stage logs in with the Secret "shared". */
static struct stage *
shared_new(unsigned hosts)
{
	struct stage *s = story_new("generic", hosts);

	put_secret(s, "b7-sim-secret");
	for (unsigned i = 0; i < hosts; i++) {
		char address[128], *text;

		bmc_address(
		    bmc_fleet_at(stage_fleet(s), i), address, sizeof(address));
		text = xasprintf(
		    "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\n"
		    "kind: PhysicalHost\n"
		    "metadata: {name: bmc-%03u}\n"
		    "spec:\n"
		    "  redfishConnection:\n"
		    "    address: %s\n"
		    "    credentialsSecretRef: {name: shared}\n"
		    "    insecureSkipVerify: true\n",
		    i, address);
		story_apply(s, text);
		xfree(text);
	}
	kube_server_stats_reset(stage_kube(s));
	return s;
}

static void
all_available(struct stage *s, unsigned hosts)
{
	char name[16];

	for (unsigned i = 0; i < hosts; i++) {
		(void)snprintf(name, sizeof(name), "bmc-%03u", i);
		story_wait(s, "physicalhosts", name, "status/state",
		    "Available", 5 * LOOP_MIN);
	}
}

static int64_t
secret_requests(struct stage *s, const char *verb)
{
	return kube_server_requests(stage_kube(s), AGENT, verb, "secrets");
}

static void
hosts_that_share_a_secret_write_and_read_it_once(void)
{
	struct stage_agent_opts ao = { .busy_us = 2 * LOOP_S };
	struct stage *s = shared_new(HOSTS);

	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	all_available(s, HOSTS);
	CU_ASSERT_EQUAL(secret_requests(s, "patch"), 1);
	CU_ASSERT_EQUAL(secret_requests(s, "patch"), 1);
	CU_ASSERT_EQUAL(secret_requests(s, "get"), 1);
	stage_free(s);
}

/* Only the requests that fail are repeated, and not by every host. */
static void
a_refused_patch_is_told_to_all_who_wait(void)
{
	struct stage_agent_opts ao = { .busy_us = 2 * LOOP_S };
	const struct kube_fail f = { .user = AGENT,
		.verb = "patch",
		.resource = "secrets",
		.status = 409,
		.count = 2 };
	struct stage *s = shared_new(HOSTS);

	kube_server_fail(stage_kube(s), &f);
	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	all_available(s, HOSTS);
	CU_ASSERT_EQUAL(secret_requests(s, "patch"), 3);
	CU_ASSERT_EQUAL(secret_requests(s, "get"), 1);
	stage_free(s);
}

static void
a_new_password_is_read_once_for_all(void)
{
	struct stage_agent_opts ao = { .busy_us = 2 * LOOP_S };
	struct stage *s = shared_new(HOSTS);

	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	all_available(s, HOSTS);
	kube_server_stats_reset(stage_kube(s));
	put_secret(s, "b7-sim-other");
	story_wait(s, "physicalhosts", "bmc-000", "status/conditions/7/reason",
	    "AuthenticationFailed", 5 * LOOP_MIN);
	/* What the user applied has not our finalizer. */
	CU_ASSERT_EQUAL(secret_requests(s, "patch"), 1);
	CU_ASSERT_EQUAL(secret_requests(s, "get"), 1);
	stage_free(s);
}

static bool
secret_is_free(void *arg)
{
	const cJSON *o = kube_server_see(
	    stage_kube(arg), "", "secrets", "default", "shared");
	bool is = json_arr(o, "metadata/finalizers") == NULL ||
		  cJSON_GetArraySize(json_arr(o, "metadata/finalizers")) == 0;

	json_drop(o);
	return is;
}

static void
the_last_host_that_goes_frees_the_secret(void)
{
	struct stage_agent_opts ao = { .busy_us = 2 * LOOP_S };
	struct stage *s = shared_new(HOSTS);
	struct world *w = stage_world(s);
	int status;

	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	all_available(s, HOSTS);
	CU_ASSERT_FALSE(secret_is_free(s));
	kube_server_stats_reset(stage_kube(s));
	cJSON_Delete(kube_server_do(stage_kube(s), "DELETE",
	    "/apis/infrastructure.cluster.x-k8s.io/v1beta2/namespaces/default/"
	    "physicalhosts",
	    NULL, NULL, &status));
	CU_ASSERT_EQUAL(status, 200);
	CU_ASSERT(
	    world_run(w, world_now_us(w) + 5 * LOOP_MIN, secret_is_free, s));
	CU_ASSERT_EQUAL(secret_requests(s, "patch"), 1);
	stage_free(s);
}

/* The first answers are on their way when nobody waits for them any more. */
static void
an_agent_may_die_while_its_hosts_wait(void)
{
	struct stage_agent_opts ao = { .busy_us = 2 * LOOP_S };
	struct stage *s = shared_new(HOSTS);
	struct world *w = stage_world(s);

	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	for (int i = 0; i < 2000 && secret_requests(s, "patch") == 0; i++)
		(void)world_run(w, world_now_us(w) + LOOP_MS / 4, NULL, NULL);
	CU_ASSERT_EQUAL(secret_requests(s, "patch"), 1);
	stage_agent_kill(s, 0);
	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	all_available(s, HOSTS);
	CU_ASSERT_EQUAL(secret_requests(s, "patch"), 1);
	stage_free(s);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "hosts that share a Secret write and read it once",
		    hosts_that_share_a_secret_write_and_read_it_once },
		{ "a refused patch is told to all who wait",
		    a_refused_patch_is_told_to_all_who_wait },
		{ "a new password is read once for all",
		    a_new_password_is_read_once_for_all },
		{ "the last host that goes frees the Secret",
		    the_last_host_that_goes_frees_the_secret },
		{ "an agent may die while its hosts wait",
		    an_agent_may_die_while_its_hosts_wait },
	};

	return UNIT_RUN("fleet_api", cases);
}
