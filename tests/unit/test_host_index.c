/* The index over all hosts, with links.c under it. */
#include "agent/control/host_index.h"

#include <stdlib.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "tests/unit/unit.h"

static cJSON *
host_tree(const char *yaml)
{
	struct err e = { 0 };
	cJSON *t = yaml_parse(yaml, strlen(yaml), "host", &e);

	if (t == NULL)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	return t;
}

/* A host that is free to be claimed; extra YAML goes below spec. */
static cJSON *
free_host(const char *name, const char *uuid, const char *spec)
{
	char *text =
	    xasprintf("metadata:\n"
		      "  namespace: ns\n"
		      "  name: %s\n"
		      "  generation: 1\n"
		      "  labels: {topology.kubernetes.io/zone: z1}\n"
		      "  annotations:\n"
		      "    infrastructure.cluster.x-k8s.io/host-record: "
		      "'{\"v\":1,\"phase\":\"idle\",\"uuid\":\"%s\"}'\n"
		      "spec:\n"
		      "  redfishConnection:\n"
		      "    address: https://10.0.0.1\n"
		      "    credentialsSecretRef: {name: creds}\n"
		      "%s"
		      "status:\n"
		      "  state: Available\n"
		      "  conditions:\n"
		      "  - {type: HostAvailable, status: \"True\"}\n"
		      "  - {type: Ready, status: \"True\"}\n",
		name, uuid, spec);
	cJSON *t = host_tree(text);

	xfree(text);
	return t;
}

static bool
put(struct host_index *x, const char *key, cJSON *tree, bool *freed)
{
	bool changed = host_index_put(x, key, tree, freed);

	cJSON_Delete(tree);
	return changed;
}

static void
tells_when_a_host_becomes_free(void)
{
	struct host_index x = { 0 };
	bool freed;

	CU_ASSERT_TRUE(put(&x, "ns/a", free_host("a", "u1", ""), &freed));
	CU_ASSERT_TRUE(freed);
	CU_ASSERT_TRUE(host_index_get(&x, "ns/a")->available);
	CHECK_TEXT(host_index_get(&x, "ns/a")->zone, "z1");
	CHECK_TEXT(links_first(&x.secrets, "ns/creds"), "ns/a");
	/* The same again is no news. */
	CU_ASSERT_FALSE(put(&x, "ns/a", free_host("a", "u1", ""), &freed));
	CU_ASSERT_FALSE(freed);
	host_index_free(&x);
}

struct unfree_row {
	const char *name, *spec;
};

static void
does_not_offer_hosts_that_are_not_free(void)
{
	static const struct unfree_row rows[] = {
		{ "claimed", "  consumerRef: {name: m, claimID: c}\n" },
		{ "maintenance", "  maintenance: {reason: fan}\n" },
		{ "kept on", "  online: true\n" },
	};
	struct host_index x = { 0 };
	bool freed;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)put(
		    &x, "ns/a", free_host("a", "u1", rows[i].spec), &freed);
		CHECK_ROW(!host_index_get(&x, "ns/a")->available, rows[i].name);
	}
	host_index_free(&x);
}

static void
finds_the_host_of_a_consumer(void)
{
	struct host_index x = { 0 };

	(void)put(&x, "ns/a",
	    free_host("a", "u1", "  consumerRef: {name: m, claimID: c}\n"),
	    NULL);
	CHECK_TEXT(links_first(&x.consumers, "ns/m"), "ns/a");
	(void)put(&x, "ns/a", free_host("a", "u1", ""), NULL);
	CU_ASSERT_PTR_NULL(links_first(&x.consumers, "ns/m"));
	host_index_free(&x);
}

static void
finds_the_same_board_under_two_names(void)
{
	struct identity id = { .uuid = "u1" };
	struct host_index x = { 0 };

	(void)put(&x, "ns/a", free_host("a", "u1", ""), NULL);
	CU_ASSERT_PTR_NULL(host_index_twin(&x, "ns/a", &id));
	(void)put(&x, "ns/b", free_host("b", "u2", ""), NULL);
	CU_ASSERT_PTR_NULL(host_index_twin(&x, "ns/a", &id));
	(void)put(&x, "other/c", free_host("c", "u1", ""), NULL);
	CHECK_TEXT(host_index_twin(&x, "ns/a", &id), "other/c");
	CHECK_TEXT(host_index_twin(&x, "other/c", &id), "ns/a");
	host_index_drop(&x, "other/c");
	CU_ASSERT_PTR_NULL(host_index_twin(&x, "ns/a", &id));
	host_index_free(&x);
}

static void
ignores_our_own_record_and_status(void)
{
	struct host_index x = { 0 };
	cJSON *t;

	(void)put(&x, "ns/a", free_host("a", "u1", ""), NULL);
	/* A new record and a new status do not wake the host's pass. */
	t = free_host("a", "u1", "");
	json_put(t, "status/state", cJSON_CreateString("Claimed"));
	CU_ASSERT_FALSE(put(&x, "ns/a", t, NULL));
	/* A user's annotation does. */
	t = free_host("a", "u1", "");
	json_set_str(json_at_mut(t, "metadata/annotations"),
	    "infrastructure.cluster.x-k8s.io/reboot", "hard");
	CU_ASSERT_TRUE(put(&x, "ns/a", t, NULL));
	host_index_free(&x);
}

static void
counts_who_is_under_way(void)
{
	struct host_index x = { 0 };
	cJSON *t = free_host("a", "u1", ""), *again;

	json_set_str(json_at_mut(t, "metadata/annotations"),
	    "infrastructure.cluster.x-k8s.io/host-record",
	    "{\"v\":1,\"phase\":\"provisioning\",\"attempt\":1}");
	again = json_dup(t);
	(void)put(&x, "ns/a", t, NULL);
	CU_ASSERT_EQUAL(host_index_count(&x, PHASE_PROVISIONING, ""), 1);
	CU_ASSERT_EQUAL(host_index_count(&x, PHASE_PROVISIONING, "ns/a"), 0);
	CU_ASSERT_EQUAL(host_index_count(&x, PHASE_RELEASING, ""), 0);
	/* Told again it counts once, and gone not at all. */
	(void)put(&x, "ns/a", again, NULL);
	CU_ASSERT_EQUAL(host_index_count(&x, PHASE_PROVISIONING, ""), 1);
	CU_ASSERT_EQUAL(host_index_count(&x, PHASE_PROVISIONING, "ns/b"), 1);
	host_index_drop(&x, "ns/a");
	CU_ASSERT_EQUAL(host_index_count(&x, PHASE_PROVISIONING, ""), 0);
	CU_ASSERT_EQUAL(host_index_count(&x, PHASE_IDLE, ""), 0);
	host_index_free(&x);
}

static void
survives_objects_of_wrong_types(void)
{
	static const char *const bad[] = { "{}", "[]", "metadata: 7",
		"metadata: {annotations: [], labels: 3, finalizers: {}}",
		"spec: {consumerRef: {name: 1, claimID: []}}",
		"spec: {redfishConnection: [], online: maybe}",
		"status: {conditions: {}, state: 3}",
		"status: {conditions: [1, null, {type: []}]}",
		("metadata: {generation: a, annotations: "
		 "{infrastructure.cluster.x-k8s.io/host-record: '{'}}") };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct host_index x = { 0 };

		(void)put(&x, "ns/a", host_tree(bad[i]), NULL);
		CHECK_ROW(!host_index_get(&x, "ns/a")->available, bad[i]);
		host_index_free(&x);
	}
}

static void
counts_states_and_readiness(void)
{
	struct host_index x = { 0 };
	struct host_census n;
	cJSON *failed = free_host("c", "C", "");

	json_put(failed, "status/state", cJSON_CreateString("Error"));
	json_put(failed, "status/conditions", cJSON_CreateArray());
	(void)put(&x, "ns/a", free_host("a", "A", ""), NULL);
	(void)put(&x, "ns/b", free_host("b", "B", ""), NULL);
	(void)put(&x, "ns/c", failed, NULL);
	(void)put(&x, "ns/d", host_tree("metadata: {name: d}"), NULL);
	(void)put(&x, "ns/e",
	    host_tree("metadata: {name: e}\nstatus: {operation: {kind: "
		      "Provision, progressPercent: 70}}"),
	    NULL);
	(void)put(&x, "ns/f",
	    host_tree("metadata: {name: f}\nstatus: {operation: {kind: "
		      "Release, progressPercent: 70}}"),
	    NULL);
	host_index_drop(&x, "ns/b");
	n = host_index_census(&x, NULL, NULL);
	CU_ASSERT_EQUAL(n.in_state[HOST_AVAILABLE], 1);
	CU_ASSERT_EQUAL(n.in_state[HOST_ERROR], 1);
	CU_ASSERT_EQUAL(n.in_state[HOST_ENROLLING], 3);
	CU_ASSERT_EQUAL(n.in_tenth[7], 1);
	CU_ASSERT_EQUAL(n.in_tenth[0], 0);
	CU_ASSERT_EQUAL(n.ready, 1);
	host_index_free(&x);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "tells when a host becomes free",
		    tells_when_a_host_becomes_free },
		{ "does not offer hosts that are not free",
		    does_not_offer_hosts_that_are_not_free },
		{ "finds the host of a consumer",
		    finds_the_host_of_a_consumer },
		{ "finds the same board under two names",
		    finds_the_same_board_under_two_names },
		{ "ignores our own record and status",
		    ignores_our_own_record_and_status },
		{ "counts who is under way", counts_who_is_under_way },
		{ "counts states and readiness", counts_states_and_readiness },
		{ "survives objects of wrong types",
		    survives_objects_of_wrong_types },
	};

	return UNIT_RUN("host_index", cases);
}
