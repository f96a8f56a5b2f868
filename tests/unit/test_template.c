/*
 * status.capacity and nodeInfo of machine templates: worked out from the hosts
 * that fit, written when they change and never else.
 */
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/safety_rig.h"

#define TEMPLATES "beskar7machinetemplates"

static void template(struct rig *r, const char *name, const char *spec)
{
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: Beskar7MachineTemplate\n"
	    "metadata: {name: %s}\n"
	    "spec: {template: {spec: {image: {url: \"http://a/b.iso\"}%s}}}\n",
	    name, spec);
}

/* A host without agent or BMC, whose inspection found this. */
static void
inspected(struct rig *r, const char *name, int cores, int gib, const char *arch)
{
	char *path = xasprintf(
	    "/apis/" AX "/v1beta2/namespaces/default/" HOST "/%s/status", name);
	char *body = xasprintf("{\"status\":{\"hardwareDetails\":{"
			       "\"processors\":{\"cores\":%d},"
			       "\"memoryGiB\":%d,\"architecture\":\"%s\"}}}",
	    cores, gib, arch);
	int status;

	cJSON_Delete(kube_server_do(stage_kube(r->s), "PATCH", path,
	    "application/merge-patch+json", body, &status));
	CU_ASSERT_EQUAL(status, 200);
	xfree(body);
	xfree(path);
}

static void
host(struct rig *r, const char *name, int cores, int gib, const char *arch)
{
	/* Paused: the agent does not look for its BMC. */
	rig_apply(r,
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: PhysicalHost\n"
	    "metadata: {name: %s, labels: {name: %s}, annotations: "
	    "{cluster.x-k8s.io/paused: \"\"}}\n"
	    "spec: {redfishConnection: {address: \"https://10.99.0.1\", "
	    "credentialsSecretRef: {name: x}}}\n",
	    name, name);
	inspected(r, name, cores, gib, arch);
}

static void
is(struct rig *r, const char *name, const char *cpu, const char *memory,
    const char *arch)
{
	cJSON *t = rig_get(r, TEMPLATES, name);

	CHECK_ROW(str_eq(json_str(t, "status/capacity/cpu", NULL), cpu), name);
	CHECK_ROW(
	    str_eq(json_str(t, "status/capacity/memory", NULL), memory), name);
	CHECK_ROW(
	    str_eq(json_str(t, "status/nodeInfo/architecture", NULL), arch),
	    name);
	CHECK_ROW(str_eq(json_str(t, "status/nodeInfo/operatingSystem", NULL),
		      cpu == NULL ? NULL : "linux"),
	    name);
	cJSON_Delete(t);
}

static struct rig *
start(void)
{
	struct rig_opts o = { .bmcs = 1 };
	struct rig *r = rig_new(&o);

	rig_run(r, 2 * LOOP_MIN);
	rig_delete(r, HOST, "bmc-000");
	rig_run(r, 2 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_is(r, HOST, "bmc-000", NULL, NULL));
	return r;
}

static void
the_smallest_of_each_counts(void)
{
	struct rig *r = start();

	template(r, "all", "");
	template(r, "big", ", hardwareRequirements: {minMemoryGiB: 200}");
	template(r, "arm", ", hardwareRequirements: {architecture: arm64}");
	template(r, "one", ", hostSelector: {matchLabels: {name: h2}}");
	host(r, "h1", 8, 512, "amd64");
	host(r, "h2", 64, 128, "amd64");
	rig_run(r, LOOP_MIN);
	is(r, "all", "8", "128Gi", "amd64");
	is(r, "big", "8", "512Gi", "amd64");
	is(r, "arm", NULL, NULL, NULL);
	is(r, "one", "64", "128Gi", "amd64");
	host(r, "h3", 4, 256, "arm64");
	rig_run(r, LOOP_MIN);
	is(r, "all", "4", "128Gi", NULL); /* of two kinds */
	is(r, "big", "4", "256Gi", NULL);
	is(r, "arm", "4", "256Gi", "arm64");
	rig_delete(r, HOST, "h3");
	rig_run(r, LOOP_MIN);
	is(r, "all", "8", "128Gi", "amd64");
	is(r, "arm", NULL, NULL, NULL);
	rig_free(r);
}

static void
without_hosts_it_is_what_is_asked_for(void)
{
	struct rig *r = start();

	template(r, "both",
	    ", hardwareRequirements: {minCores: 16, minMemoryGiB: 64, "
	    "architecture: amd64}");
	template(r, "half", ", hardwareRequirements: {minCores: 16}");
	template(r, "none", "");
	host(r, "h1", 0, 0, ""); /* not inspected yet */
	rig_run(r, LOOP_MIN);
	is(r, "both", "16", "64Gi", "amd64");
	is(r, "half", NULL, NULL, NULL);
	is(r, "none", NULL, NULL, NULL);
	inspected(r, "h1", 20, 100, "amd64");
	rig_run(r, LOOP_MIN);
	is(r, "both", "20", "100Gi", "amd64");
	is(r, "half", "20", "100Gi", "amd64");
	rig_free(r);
}

static void
it_is_written_only_when_it_changes(void)
{
	struct rig *r = start();
	unsigned commits;

	template(r, "all", "");
	host(r, "h1", 8, 512, "amd64");
	rig_run(r, LOOP_MIN);
	commits = r->commits;
	host(r, "h2", 64, 1024, "amd64"); /* larger in all */
	rig_run(r, 5 * LOOP_MIN);
	rig_patch(r, HOST, "h2", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
	rig_run(r, 5 * LOOP_MIN);
	/* The Paused condition of h2 is the agent's, too. */
	CU_ASSERT_TRUE(r->commits <= commits + 1);
	is(r, "all", "8", "512Gi", "amd64");
	invariants_quiet(r->inv, true);
	rig_run(r, 24 * 60 * LOOP_MIN);
	rig_free(r);
}

/* More hosts than are looked at in one turn, in two namespaces. */
static void
many_hosts_are_all_looked_at(void)
{
	struct rig *r = start();
	char name[16];

	rig_apply(r,
	    "apiVersion: v1\nkind: Namespace\nmetadata: {name: elsewhere}\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\n"
	    "kind: Beskar7MachineTemplate\n"
	    "metadata: {name: all, namespace: elsewhere}\n"
	    "spec: {template: {spec: {image: {url: \"http://a/b.iso\"}}}}\n");
	template(r, "all", "");
	for (int i = 0; i < 450; i++) {
		(void)str_format(name, sizeof(name), "h%03d", i);
		host(r, name, 1000 - i, 1000 + (i == 449 ? -999 : i), "amd64");
	}
	rig_run(r, 2 * LOOP_MIN);
	is(r, "all", "551", "1Gi", "amd64");
	rig_delete(r, HOST, "h449");
	rig_run(r, LOOP_MIN);
	is(r, "all", "552", "1000Gi", "amd64");
	rig_free(r);
}

static void
one_that_is_paused_or_wrong_is_left_alone(void)
{
	struct rig *r = start();

	host(r, "h1", 8, 512, "amd64");
	template(r, "paused", "");
	rig_run(r, LOOP_S / 2);
	rig_patch(r, TEMPLATES, "paused",
	    "{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/paused\":"
	    "\"\"}}}");
	rig_run(r, LOOP_MIN);
	rig_delete(r, HOST, "h1");
	host(r, "h2", 4, 256, "amd64");
	rig_run(r, LOOP_MIN);
	is(r, "paused", "8", "512Gi", "amd64");
	rig_patch(r, TEMPLATES, "paused",
	    "{\"metadata\":{\"annotations\":{\"cluster.x-k8s.io/paused\":"
	    "null}}}");
	rig_run(r, LOOP_MIN);
	is(r, "paused", "4", "256Gi", "amd64");
	rig_free(r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(the_smallest_of_each_counts),
		UNIT_CASE(without_hosts_it_is_what_is_asked_for),
		UNIT_CASE(it_is_written_only_when_it_changes),
		UNIT_CASE(many_hosts_are_all_looked_at),
		UNIT_CASE(one_that_is_paused_or_wrong_is_left_alone),
	};

	return RIG_CASES("template", cases);
}
