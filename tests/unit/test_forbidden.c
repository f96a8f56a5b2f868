/*
 * RBAC that forbids one verb of one resource: each of those that the agent is
 * granted in turn. What is missing is named where people look (a condition, an
 * Event, /readyz, or the log where nothing else is left), nothing is asked in a hot
 * loop, nobody else's host stands still for it, and once it is granted
 * everything goes on without a restart. VERBOSE=1 prints the table, ONLY=text
 * tries only what has that in its name. Under a sanitizer a third is tried: all
 * of it would take half a minute.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/role.h"
#include "tests/unit/ask_rig.h"
#include "tests/unit/safety_rig.h"

#define FORBIDDEN_MIN 8

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define EACH 3U
#else
#define EACH 1U
#endif

static const struct bmc_timing quick = {
	.post_ms = 10000, .install_ms = 10000, .os_boot_ms = 5000
};

struct trial {
	const char *verb;
	char resource[120]; /* as the stand-in names it */
	char needle[200];   /* as RBAC's words name it */
	bool object, log, ready;
};

static void
heard(void *arg, const char *line, size_t n)
{
	struct trial *t = arg;

	/* Quotes are escaped in a log line. */
	if (memmem(line, n, t->needle, strcspn(t->needle, "\"")) != NULL)
		t->log = true;
}

static void
stored(void *arg, const struct inv_commit *c)
{
	struct trial *t = arg;
	char *text, *wanted;

	if (t->object || !str_eq(c->user, "beskar7-agent") || c->after == NULL)
		return;
	text = json_print(c->after);
	wanted = json_print(
	    &(cJSON){ .type = cJSON_String, .valuestring = t->needle });
	wanted[strlen(wanted) - 1] = '\0';
	t->object = t->object || strstr(text, wanted + 1) != NULL;
	xfree(text);
	xfree(wanted);
}

static void
lose_replies(struct rig *r)
{
	static const char *const kinds[] = { HOST "." AX, B7M "." AX,
		"beskar7clusters." AX, "beskar7remediations." AX,
		"beskar7machinetemplates." AX "/status",
		"machines.cluster.x-k8s.io/status" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		kube_server_fail(stage_kube(r->s),
		    &(struct kube_fail){ .user = "beskar7-agent",
			.verb = "patch",
			.resource = kinds[i],
			.after_commit = true });
}

static void
forbid(struct rig *r, const struct trial *t)
{
	struct kube_fail f = { .user = "beskar7-agent",
		.resource = t->resource,
		.status = 403,
		.count = 1000000 };

	f.verb = t->verb;
	kube_server_fail(stage_kube(r->s), &f);
	/* What RBAC calls patch is apply, too. */
	f.verb = "apply";
	if (str_eq(t->verb, "patch"))
		kube_server_fail(stage_kube(r->s), &f);
}

static void
objects(struct rig *r)
{
	rig_cluster(r);
	rig_machine(r, "m1");
	rig_machine(r, "m2");
	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: Beskar7MachineTemplate\n"
	    "metadata: {name: t1}\n"
	    "spec: {template: {spec: {image: {url: \"http://a/b.iso\"}}}}\n");
}

/* A Machine that a health check finds unhealthy, and its remediation; and a
 * word that means nothing, which is told by an Event. */
static void
later(struct rig *r)
{
	static const char body[] =
	    "[{\"op\":\"add\",\"path\":\"/status/conditions/-\",\"value\":{"
	    "\"type\":\"HealthCheckSucceeded\",\"status\":\"False\","
	    "\"reason\":\"NodeUnhealthy\",\"message\":\"\","
	    "\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}},"
	    "{\"op\":\"add\",\"path\":\"/status/conditions/-\",\"value\":{"
	    "\"type\":\"ExternallyRemediated\",\"status\":\"False\","
	    "\"reason\":\"WaitingForRemediation\",\"message\":\"\","
	    "\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}}]";
	cJSON *m = rig_get(r, MACHINES, "m1");
	int status;

	cJSON_Delete(kube_server_do(stage_kube(r->s), "PATCH",
	    "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machines/m1/"
	    "status",
	    "application/json-patch+json", body, &status));
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: Beskar7Remediation\n"
	    "metadata: {name: m1, ownerReferences: [{apiVersion: "
	    "cluster.x-k8s.io/v1beta2, kind: Machine, name: m1, uid: %s}]}\n"
	    "spec: {type: PowerOff}\n",
	    json_str(m, "metadata/uid", ""));
	cJSON_Delete(m);
	rig_annotate(r, "bmc-001", AX "/retry", "1");
	(void)ask_rig_explain(r->s, "/explain/default/bmc-000");
}

static unsigned
asked(struct rig *r, const struct trial *t)
{
	const struct kube_server *k = stage_kube(r->s);
	int64_t n =
	    kube_server_requests(k, "beskar7-agent", t->verb, t->resource);

	if (str_eq(t->verb, "patch"))
		n += kube_server_requests(
		    k, "beskar7-agent", "apply", t->resource);
	return (unsigned)n;
}

/* Twenty requests a minute for two hosts, two machines, a cluster, a template and
 * a remediation, each with a backoff, are no hot loop. */
#define ASKED_MOST (20U * FORBIDDEN_MIN)
/* As client-go: every two seconds. */
#define LEASE_MOST (50U * FORBIDDEN_MIN)

static void
try_one(struct trial *t)
{
	struct rig_opts o = { .bmcs = 2,
		.timing = quick,
		.no_agent = true,
		.agent = { .leader_elect = true,
		    .diagnostics = ASK_RIG_DIAGNOSTICS,
		    .media = true } };
	struct rig *r = rig_new(&o);
	struct err why = { 0 };
	bool lease = str_has_prefix(t->resource, "leases");
	unsigned n;
	char row[200];

	(void)str_format(row, sizeof(row), "%s %s", t->verb, t->resource);
	r->watch = stored;
	r->watch_arg = t;
	r->line = heard;
	r->quiet = lease;
	forbid(r, t);
	lose_replies(r);
	rig_agent(r);
	objects(r);
	rig_run(r, (FORBIDDEN_MIN - 4) * LOOP_MIN);
	later(r);
	rig_run(r, 4 * LOOP_MIN);
	/* The same again: counts of Events are written every ten minutes. */
	if (str_eq(t->resource, "events")) {
		rig_run(r, 11 * LOOP_MIN);
		rig_annotate(r, "bmc-001", AX "/retry", "1");
		rig_run(r, LOOP_MIN);
	}
	n = asked(r, t);
	if (!agent_ready(stage_agent(r->s, 0), &why))
		t->ready = strstr(why.msg, t->needle) != NULL;
	if (getenv("VERBOSE") != NULL)
		(void)fprintf(stderr,
		    "%-64s asked %3u object %d ready %d log %d %s\n", row, n,
		    t->object, t->ready, t->log, why.msg);
	/* Only replicas of shards list and delete Leases: test_role. */
	if (n == 0 && lease) {
		rig_free(r);
		return;
	}
	CHECK_ROW(n > 0, row);
	CHECK_ROW(n <= (lease ? LEASE_MOST : ASKED_MOST), row);
	/* Who may not write an object tells it there all the same. */
	CHECK_ROW(t->object || !str_eq(t->verb, "patch") || lease ||
		      str_eq(t->resource, "events"),
	    row);
	CHECK_ROW(t->object || t->ready || t->log, row);
	kube_server_fail_clear(stage_kube(r->s));
	CHECK_ROW(rig_provisioned(r, "m1", 20 * LOOP_MIN), row);
	CHECK_ROW(rig_provisioned(r, "m2", 20 * LOOP_MIN), row);
	rig_run(r, LOOP_MIN);
	if (!agent_ready(stage_agent(r->s, 0), &why))
		(void)fprintf(stderr, "not ready: %s\n", why.msg);
	CHECK_ROW(agent_ready(stage_agent(r->s, 0), &why), row);
	/* Who loses the lease may not even log out. */
	if (lease && strstr(r->last_violation, "bmc-one-session") != NULL)
		r->violations = 0;
	rig_free(r);
}

static void
try_grant(
    const char *group, const char *resource, const char *verb, unsigned *tried)
{
	size_t plural = strcspn(resource, "/");
	const char *only = getenv("ONLY");
	struct trial t = { .verb = verb };

	(void)str_format(t.resource, sizeof(t.resource), "%.*s%s%s%s",
	    (int)plural, resource, group[0] != '\0' ? "." : "", group,
	    resource + plural);
	(void)str_format(t.needle, sizeof(t.needle),
	    "cannot %s resource \"%s\"", verb, resource);
	if (only != NULL && strstr(t.needle, only) == NULL)
		return;
	if ((*tried)++ % EACH == 0 || only != NULL)
		try_one(&t);
}

static void
try_rule(const cJSON *rule, unsigned *tried)
{
	const cJSON *g = cJSON_GetArrayItem(json_arr(rule, "apiGroups"), 0);
	const cJSON *r, *v;

	cJSON_ArrayForEach (r, json_arr(rule, "resources"))
		cJSON_ArrayForEach (v, json_arr(rule, "verbs"))
			try_grant(g->valuestring, r->valuestring,
			    v->valuestring, tried);
}

static void
each_verb_that_is_not_granted_is_named_and_nothing_stops_for_ever(void)
{
	struct err e = { 0 };
	cJSON *rules = role_load(".", &e);
	const cJSON *rule;
	unsigned tried = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(rules);
	cJSON_ArrayForEach (rule, rules)
		try_rule(rule, &tried);
	CU_ASSERT_TRUE(tried >= 35 || getenv("ONLY") != NULL);
	cJSON_Delete(rules);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "each verb that is not granted is named, and nothing stops "
		  "for ever",
		    each_verb_that_is_not_granted_is_named_and_nothing_stops_for_ever },
	};

	return RIG_CASES("forbidden", cases);
}
