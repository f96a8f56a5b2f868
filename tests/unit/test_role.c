/*
 * deploy/kustomize/rbac.yaml against the agent: it needs each verb that is
 * granted, and asks for no other. The scenarios check the second, too.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "scenarios/runner/role.h"
#include "tests/unit/ask_rig.h"
#include "tests/unit/story_rig.h"
#include "tests/unit/unit.h"

#define AX "infrastructure.cluster.x-k8s.io"

static cJSON *
rules(void)
{
	struct err e;
	cJSON *r = role_load(".", &e);

	if (r == NULL)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
	return r;
}

static void
groups_and_subresources_are_told_apart(void)
{
	static const struct {
		const char *verb, *resource;
		bool granted;
	} rows[] = {
		{ "patch", "physicalhosts." AX, true },
		{ "apply", "physicalhosts." AX "/status", true },
		{ "get", "physicalhosts." AX "/status", false },
		{ "patch", "physicalhosts." AX "/finalizers", false },
		{ "delete", "physicalhosts." AX, false },
		{ "patch", "physicalhosts", false },
		{ "patch", "physicalhosts.cluster.x-k8s.io", false },
		{ "watch", "machines.cluster.x-k8s.io", true },
		{ "patch", "machines.cluster.x-k8s.io", false },
		{ "patch", "machines.cluster.x-k8s.io/status", true },
		{ "patch", "clusters.cluster.x-k8s.io/status", false },
		{ "patch", "secrets", true },
		{ "create", "secrets", true },
		{ "delete", "secrets", false },
		{ "create", "leases.coordination.k8s.io", true },
		{ "create", "leases", false },
	};
	cJSON *r = rules();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(role_grants(r, rows[i].verb, rows[i].resource) ==
			      rows[i].granted,
		    rows[i].resource);
	cJSON_Delete(r);
}

static bool
has_wildcard(const cJSON *rule)
{
	static const char *const keys[] = { "apiGroups", "resources", "verbs" };
	const cJSON *it;

	for (size_t i = 0; i < 3; i++)
		cJSON_ArrayForEach (it, json_arr(rule, keys[i]))
			if (strchr(it->valuestring, '*') != NULL)
				return true;
	return false;
}

static void
nothing_is_granted_by_wildcard(void)
{
	cJSON *all = rules();
	const cJSON *r;

	cJSON_ArrayForEach (r, all)
		CU_ASSERT_FALSE(has_wildcard(r));
	cJSON_Delete(all);
}

static void
refuse(void *arg, const char *verb, const char *resource)
{
	(void)fprintf(stderr, "not granted: %s %s\n", verb, resource);
	(*(unsigned *)arg)++;
}

static void
what_is_not_granted_is_told(void)
{
	static const char text[] =
	    "{\"requests\": {\"a\": {\"get\": {\"secrets\": 1, \"pods\": 2}, "
	    "\"delete\": {\"secrets\": 1}}, \"b\": {\"get\": {\"nodes\": 1}}}}";
	cJSON *stats = json_parse(text, sizeof(text) - 1, NULL);
	cJSON *r = rules();
	unsigned n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(stats);
	role_check(r, stats, "a", refuse, &n);
	CU_ASSERT_EQUAL(n, 2);
	cJSON_Delete(stats);
	cJSON_Delete(r);
}

/* Replies to one patch of each kind are lost: the agent must get the object to
 * know what became of it. */
static void
lose_replies(struct stage *s)
{
	static const char *const kinds[] = { "physicalhosts." AX,
		"beskar7machines." AX, "beskar7clusters." AX,
		"beskar7remediations." AX,
		"beskar7machinetemplates." AX "/status",
		"machines.cluster.x-k8s.io/status" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		kube_server_fail(
		    stage_kube(s), &(struct kube_fail){ .user = "beskar7-agent",
				       .verb = "patch",
				       .resource = kinds[i],
				       .after_commit = true });
}

/* A Machine that a health check finds unhealthy, and its remediation. */
static void
remediate(struct stage *s)
{
	static const char machine[] = "/apis/cluster.x-k8s.io/v1beta2/"
				      "namespaces/default/machines/m1";
	static const char body[] =
	    "[{\"op\":\"add\",\"path\":\"/status/conditions/-\",\"value\":{"
	    "\"type\":\"HealthCheckSucceeded\",\"status\":\"False\","
	    "\"reason\":\"NodeUnhealthy\",\"message\":\"\","
	    "\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}},"
	    "{\"op\":\"add\",\"path\":\"/status/conditions/-\",\"value\":{"
	    "\"type\":\"ExternallyRemediated\",\"status\":\"False\","
	    "\"reason\":\"WaitingForRemediation\",\"message\":\"\","
	    "\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}}]";
	char *path = xasprintf("%s/status", machine), *y;
	cJSON *m = kube_server_get(
	    stage_kube(s), "cluster.x-k8s.io", "machines", "default", "m1");
	int status;

	cJSON_Delete(kube_server_do(stage_kube(s), "PATCH", path,
	    "application/json-patch+json", body, &status));
	CU_ASSERT_EQUAL(status, 200);
	y = xasprintf("apiVersion: " AX "/v1beta2\n"
		      "kind: Beskar7Remediation\n"
		      "metadata: {name: m1, ownerReferences: [{apiVersion: "
		      "cluster.x-k8s.io/v1beta2, kind: Machine, name: m1, "
		      "uid: %s}]}\n"
		      "spec: {type: PowerOff}\n",
	    json_str(m, "metadata/uid", ""));
	story_apply(s, y);
	xfree(path);
	xfree(y);
	cJSON_Delete(m);
}

static unsigned
unused_of(struct stage *s, const cJSON *rule)
{
	const cJSON *g = cJSON_GetArrayItem(json_arr(rule, "apiGroups"), 0);
	const cJSON *r, *v;
	char resource[160];
	unsigned n = 0;

	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(rule, "apiGroups")), 1);
	cJSON_ArrayForEach (r, json_arr(rule, "resources")) {
		size_t plural = strcspn(r->valuestring, "/");

		(void)str_format(resource, sizeof(resource), "%.*s%s%s%s",
		    (int)plural, r->valuestring,
		    g->valuestring[0] != '\0' ? "." : "", g->valuestring,
		    r->valuestring + plural);
		cJSON_ArrayForEach (v, json_arr(rule, "verbs")) {
			if (kube_server_requests(stage_kube(s), "beskar7-agent",
				v->valuestring, resource) > 0)
				continue;
			(void)fprintf(stderr,
			    "granted, but not asked for: "
			    "%s %s\n",
			    v->valuestring, resource);
			n++;
		}
	}
	return n;
}

static void
story_run(struct stage *s, int64_t us)
{
	(void)world_run(
	    stage_world(s), world_now_us(stage_world(s)) + us, NULL, NULL);
}

static void
a_life_needs_each_grant_and_no_other(void)
{
	struct stage_agent_opts ao = { .busy_us = 5 * LOOP_S,
		.leader_elect = true,
		.diagnostics = ASK_RIG_DIAGNOSTICS,
		.media = true };
	struct stage *s = story_new("generic", 1);
	cJSON *all = rules(), *stats;
	const cJSON *r;
	unsigned refused = 0, unused = 0;

	lose_replies(s);
	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	story_round(s, "http://10.0.0.3/installer.iso", "Installer");
	/* A second like it counts the first one's Events up. */
	story_machine(s, "http://10.0.0.3/installer.iso", "Installer");
	story_wait(
	    s, "machines", "m1", "status/phase", "Running", 30 * LOOP_MIN);
	remediate(s);
	CU_ASSERT_EQUAL(ask_rig_explain(s, "/explain/default/bmc-000"), 200);
	story_apply(s,
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: Beskar7MachineTemplate\n"
	    "metadata: {name: t1}\n"
	    "spec: {template: {spec: {image: {url: \"http://a/b.iso\"}}}}\n");
	story_run(s, 15 * LOOP_MIN);
	/* With shards a replica announces itself, and takes that back. */
	stage_agent_stop(s, 0);
	story_run(s, LOOP_MIN);
	ao.shards = 2;
	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	story_run(s, LOOP_MIN);
	stage_agent_stop(s, 0);
	story_run(s, LOOP_MIN);
	stats = kube_server_stats(stage_kube(s));
	role_check(all, stats, "beskar7-agent", refuse, &refused);
	CU_ASSERT_EQUAL(refused, 0);
	cJSON_ArrayForEach (r, all)
		unused += unused_of(s, r);
	CU_ASSERT_EQUAL(unused, 0);
	cJSON_Delete(stats);
	cJSON_Delete(all);
	stage_free(s);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(groups_and_subresources_are_told_apart),
		UNIT_CASE(nothing_is_granted_by_wildcard),
		UNIT_CASE(what_is_not_granted_is_told),
		UNIT_CASE(a_life_needs_each_grant_and_no_other),
	};

	return UNIT_RUN("role", cases);
}
