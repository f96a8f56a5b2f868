/*
 * Objects with every field wrong, written past the schema: the CRDs are
 * replaced by ones that check nothing. Each is told by a condition that names
 * the field, touches no hardware, and heals when it is mended.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/hostile_rig.h"

#define INSECURE "insecureSkipVerify: true"
#define CONN "RedfishConnectionReady"
#define AX_PATH "/apis/" HOSTILE_AX "/v1beta2/namespaces/default/"

static void
without_schema(struct hostile_rig *r, const char *plural)
{
	char *name = xasprintf("%s." HOSTILE_AX, plural);
	char *path = xasprintf(
	    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/%s", name);
	cJSON *crd = kube_server_get(stage_kube(r->s), "apiextensions.k8s.io",
	    "customresourcedefinitions", NULL, name);
	cJSON *schema = json_at_mut(crd, "spec/versions/0/schema");
	cJSON *any = cJSON_CreateObject();
	char *text;
	int status = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
	json_set_str(any, "type", "object");
	json_set_bool(any, "x-kubernetes-preserve-unknown-fields", true);
	json_set(schema, "openAPIV3Schema", any);
	text = json_print(crd);
	cJSON_Delete(
	    kube_server_do(stage_kube(r->s), "PUT", path, NULL, text, &status));
	CU_ASSERT_EQUAL(status, 200);
	xfree(text);
	xfree(path);
	xfree(name);
	cJSON_Delete(crd);
}

static void
open_lax(struct hostile_rig *r, unsigned n)
{
	hostile_open(r, n);
	without_schema(r, "physicalhosts");
	without_schema(r, "beskar7machines");
	without_schema(r, "beskar7clusters");
	for (unsigned i = 0; i < n; i++)
		hostile_host(r, i, NULL, INSECURE);
	hostile_agent(r);
	hostile_run(r, 30 * LOOP_S);
}

struct wrong {
	const char *field; /* below spec, with slashes */
	const char *value; /* JSON */
	const char *words; /* of the message */
};

static const struct wrong host_rows[] = {
	{ "redfishConnection", "\"x\"",
	    "spec.redfishConnection is not an object" },
	{ "redfishConnection", "[]",
	    "spec.redfishConnection is not an object" },
	{ "redfishConnection/address", "5",
	    "spec.redfishConnection.address is not a string" },
	{ "redfishConnection/address", "\"\"",
	    "spec.redfishConnection.address is missing" },
	{ "redfishConnection/address", "\"gopher://h\"",
	    "spec.redfishConnection.address" },
	{ "redfishConnection/address", "\"https://user:pw@h/\"",
	    "spec.redfishConnection.address" },
	{ "redfishConnection/credentialsSecretRef", "7",
	    "spec.redfishConnection.credentialsSecretRef is missing" },
	{ "redfishConnection/credentialsSecretRef/name", "{\"a\":1}",
	    "spec.redfishConnection.credentialsSecretRef is missing" },
	{ "redfishConnection/certificateFingerprint", "true",
	    "certificateFingerprint is not a string" },
	{ "redfishConnection/insecureSkipVerify", "\"true\"",
	    "insecureSkipVerify is not true or false" },
	{ "redfishConnection/trustOnFirstUse", "1",
	    "trustOnFirstUse is not true or false" },
	{ "redfishConnection/trustOnFirstUse", "true", "more than one of" },
	{ "redfishConnection/minTLSVersion", "1.2",
	    "minTLSVersion is not a string" },
	{ "redfishConnection/systemID", "[1]", "systemID is not a string" },
	{ "online", "\"yes\"", "spec.online is not true or false" },
	{ "maintenance", "true", "spec.maintenance is not an object" },
	{ "mediaTransport", "[]", "spec.mediaTransport is not a string" },
	{ "consumerRef", "\"m1\"", "spec.consumerRef is not an object" },
	{ "consumerRef", "{\"name\":5}",
	    "spec.consumerRef.name is not a string" },
	{ "consumerRef", "{\"name\":\"m9\",\"claimID\":{}}",
	    "spec.consumerRef.claimID is not a string" },
	{ "consumerRef", "{\"name\":\"m9\"}",
	    "spec.consumerRef has no claimID" },
	{ "bootIsoSource", "9", "spec.bootIsoSource is not a string" },
	{ "userDataSecretRef", "\"s\"",
	    "spec.userDataSecretRef is not an object" },
};

/* {"spec":{"a":{"b":VALUE}}} */
static char *
patch_of(const char *field, const char *value)
{
	cJSON *p = cJSON_CreateObject(), *v;
	char *path = xasprintf("spec/%s", field), *text;

	v = value == NULL ? cJSON_CreateNull()
			  : json_parse(value, strlen(value), NULL);
	json_put(p, path, v);
	text = json_print(p);
	cJSON_Delete(p);
	xfree(path);
	return text;
}

/* What stood there before, as the value of a patch; NULL: nothing. */
static char *
value_of(struct hostile_rig *r, const char *field)
{
	cJSON *o = kube_server_get(stage_kube(r->s), HOSTILE_AX,
	    "physicalhosts", "default", "bmc-000");
	char *path = xasprintf("spec/%s", field);
	const cJSON *v = json_at(o, path);
	char *text = v == NULL ? NULL : json_print(v);

	cJSON_Delete(o);
	xfree(path);
	return text;
}

static void
host_set(struct hostile_rig *r, const char *field, const char *value)
{
	char *patch = patch_of(field, value);

	CU_ASSERT_EQUAL(hostile_patch(r, HOSTILE_HOSTS "/bmc-000", patch), 200);
	xfree(patch);
}

static void
host_says(struct hostile_rig *r, const struct wrong *w)
{
	const char *message =
	    hostile_condition(r, "physicalhosts", "bmc-000", CONN, "message");

	if (strstr(message, w->words) == NULL)
		(void)fprintf(
		    stderr, "%s = %s: %s\n", w->field, w->value, message);
	CHECK_ROW(strstr(message, w->words) != NULL, w->words);
	CHECK_ROW(str_eq(hostile_condition(
			     r, "physicalhosts", "bmc-000", "Ready", "status"),
		      "False"),
	    w->words);
}

static void
every_wrong_field_of_a_host_is_named_and_heals(void)
{
	struct hostile_rig r;

	open_lax(&r, 2);
	for (size_t i = 0; i < sizeof(host_rows) / sizeof(*host_rows); i++) {
		const struct wrong *w = &host_rows[i];
		char *before = value_of(&r, w->field);
		int64_t writes = kube_server_writes(
		    stage_kube(r.s), "beskar7-agent", NULL, NULL);

		hostile_reset(&r);
		host_set(&r, w->field, w->value);
		hostile_run(&r, 2 * LOOP_MIN);
		host_says(&r, w);
		CHECK_ROW(r.power_writes == 0 && r.media_writes == 0, w->words);
		/* Told once, and no hot loop. */
		CHECK_ROW(r.calls <= 10, w->words);
		writes = kube_server_writes(
			     stage_kube(r.s), "beskar7-agent", NULL, NULL) -
			 writes;
		CHECK_ROW(writes <= 8, w->words);
		CHECK_ROW(str_eq(hostile_at(&r, "physicalhosts", "bmc-001",
				     "status/state"),
			      "Available"),
		    w->words);
		host_set(&r, w->field, NULL);
		host_set(&r, w->field, before);
		CHECK_ROW(hostile_wait(&r, "physicalhosts", "bmc-000",
			      "status/state", "Available", 2 * LOOP_MIN) >= 0,
		    w->words);
		hostile_run(&r, 10 * LOOP_S);
		CHECK_ROW(str_eq(hostile_condition(&r, "physicalhosts",
				     "bmc-000", "Ready", "status"),
			      "True"),
		    w->words);
		xfree(before);
	}
	hostile_close(&r);
}

/* A machine comes, one host is nothing but wrong: it gets the other one. */
static void
a_wrong_host_is_never_claimed(void)
{
	struct hostile_rig r;

	open_lax(&r, 2);
	host_set(&r, "consumerRef", "\"free?\"");
	hostile_machine(&r);
	CU_ASSERT_TRUE(hostile_wait(&r, "machines", "m1", "status/phase",
			   "Running", 10 * LOOP_MIN) > 0);
	CHECK_TEXT(
	    hostile_at(&r, "beskar7machines", "m1", "status/hostRef/name"),
	    "bmc-001");
	CHECK_TEXT(
	    hostile_at(&r, "physicalhosts", "bmc-000", "spec/consumerRef"),
	    "free?");
	CU_ASSERT_EQUAL(r.power_writes + r.media_writes, 0);
	hostile_close(&r);
}

/* Under a running tenant: nothing is reset, ejected or given to another. */
static void
a_wrong_field_moves_no_provisioned_host(void)
{
	struct hostile_rig r;

	open_lax(&r, 1);
	hostile_machine(&r);
	CU_ASSERT_TRUE_FATAL(hostile_wait(&r, "machines", "m1", "status/phase",
				 "Running", 10 * LOOP_MIN) > 0);
	for (size_t i = 0; i < sizeof(host_rows) / sizeof(*host_rows); i++) {
		const struct wrong *w = &host_rows[i];
		char *before = value_of(&r, w->field);

		hostile_reset(&r);
		host_set(&r, w->field, w->value);
		hostile_run(&r, 3 * LOOP_MIN);
		CHECK_ROW(r.power_writes == 0 && r.media_writes == 0, w->words);
		CHECK_ROW(str_eq(hostile_at(&r, "physicalhosts", "bmc-000",
				     "status/state"),
			      "Provisioned"),
		    w->words);
		CHECK_ROW(str_eq(hostile_at(&r, "beskar7machines", "m1",
				     "status/initialization/provisioned"),
			      "true"),
		    w->words);
		host_set(&r, w->field, NULL);
		host_set(&r, w->field, before);
		hostile_run(&r, 3 * LOOP_MIN);
		CHECK_ROW(r.power_writes == 0 && r.media_writes == 0, w->words);
		xfree(before);
	}
	CHECK_TEXT(
	    hostile_condition(&r, "beskar7machines", "m1", "Ready", "status"),
	    "True");
	hostile_close(&r);
}

/* ---- machines and clusters --------------------------------------------------- */

static const struct wrong machine_rows[] = {
	{ "image", "\"x\"", "spec.image is not an object" },
	{ "image/url", "null", "spec.image.url is missing" },
	{ "image/url", "5", "spec.image.url is not a string" },
	{ "image/kind", "{}", "spec.image.kind is not a string" },
	{ "image/ejectWhenUp", "\"no\"",
	    "spec.image.ejectWhenUp is not true or false" },
	{ "image/checksum", "[]", "spec.image.checksum is not a string" },
	{ "bootMode", "1", "spec.bootMode is not a string" },
	{ "userData", "\"#cloud-config\"", "spec.userData is not an object" },
	{ "hostSelector", "\"a=b\"", "spec.hostSelector is not an object" },
	{ "hostSelector", "{\"matchLabels\":[\"a\"]}",
	    "spec.hostSelector.matchLabels is not an object" },
	{ "hostSelector", "{\"matchExpressions\":{}}",
	    "spec.hostSelector.matchExpressions is not a list" },
	{ "hostSelector",
	    "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Like\"}]}",
	    "elector" },
	{ "hostSelector", "{\"matchLabels\":{\"a\":5}}", "elector" },
	{ "hardwareRequirements", "[]",
	    "spec.hardwareRequirements is not an object" },
	{ "hardwareRequirements/minCores", "\"64\"",
	    "spec.hardwareRequirements.minCores is not an integer" },
	{ "hardwareRequirements/minMemoryGiB", "1.5",
	    "spec.hardwareRequirements.minMemoryGiB is not an integer" },
	{ "completion", "\"Node\"", "spec.completion is not an object" },
	{ "completion/timeoutSeconds", "\"60\"",
	    "spec.completion.timeoutSeconds is not an integer" },
	{ "completion/maxAttempts", "true",
	    "spec.completion.maxAttempts is not an integer" },
	{ "release", "5", "spec.release is not an object" },
	{ "release/gracefulSeconds", "\"1\"",
	    "spec.release.gracefulSeconds is not an integer" },
};

static void
machine_with(struct hostile_rig *r, size_t i)
{
	const struct wrong *w = &machine_rows[i];
	char *text = xasprintf(
	    "apiVersion: " HOSTILE_AX "/v1beta2\n"
	    "kind: Beskar7Machine\n"
	    "metadata: {name: w%zu}\n"
	    "spec: {image: {url: \"http://10.0.0.3/installer.iso\"}}\n"
	    "---\n"
	    "apiVersion: cluster.x-k8s.io/v1beta2\n"
	    "kind: Machine\n"
	    "metadata: {name: w%zu, labels: {cluster.x-k8s.io/control-plane: "
	    "\"\"}}\n"
	    "spec:\n"
	    "  clusterName: c1\n"
	    "  bootstrap: {configRef: {apiGroup: bootstrap.cluster.x-k8s.io, "
	    "kind: KubeadmConfig, name: w%zu}}\n"
	    "  infrastructureRef: {apiGroup: " HOSTILE_AX
	    ", kind: Beskar7Machine, name: w%zu}\n",
	    i, i, i, i);
	char *path = xasprintf(AX_PATH "beskar7machines/w%zu", i);
	char *patch = patch_of(w->field, w->value);

	hostile_apply(r, text);
	CU_ASSERT_EQUAL(hostile_patch(r, path, patch), 200);
	xfree(patch);
	xfree(path);
	xfree(text);
}

static void
every_wrong_field_of_a_machine_is_named_and_claims_nothing(void)
{
	const size_t n = sizeof(machine_rows) / sizeof(*machine_rows);
	struct hostile_rig r;
	char name[24];

	open_lax(&r, 2);
	for (size_t i = 0; i < n; i++)
		machine_with(&r, i);
	/* A good one among them. */
	hostile_machine(&r);
	CU_ASSERT_TRUE(hostile_wait(&r, "machines", "m1", "status/phase",
			   "Running", 10 * LOOP_MIN) > 0);
	hostile_run(&r, 2 * LOOP_MIN);
	for (size_t i = 0; i < n; i++) {
		const struct wrong *w = &machine_rows[i];
		const char *message;

		(void)snprintf(name, sizeof(name), "w%zu", i);
		CHECK_ROW(str_eq(hostile_condition(&r, "beskar7machines", name,
				     "HostClaimed", "status"),
			      "False"),
		    w->words);
		message = hostile_condition(
		    &r, "beskar7machines", name, "HostClaimed", "message");
		if (strstr(message, w->words) == NULL)
			(void)fprintf(stderr, "%s = %s: %s\n", w->field,
			    w->value, message);
		CHECK_ROW(strstr(message, w->words) != NULL, w->words);
	}
	/* One of two is used, by the good one. */
	hostile_run(&r, LOOP_MIN);
	CU_ASSERT_TRUE(
	    str_eq(hostile_at(&r, "physicalhosts", "bmc-000", "status/state"),
		"Available") ||
	    str_eq(hostile_at(&r, "physicalhosts", "bmc-001", "status/state"),
		"Available"));
	hostile_close(&r);
}

static const struct wrong cluster_rows[] = {
	{ "controlPlaneEndpoint", "\"h:1\"",
	    "spec.controlPlaneEndpoint is not an object" },
	{ "controlPlaneEndpoint/host", "5",
	    "spec.controlPlaneEndpoint.host is not a string" },
	{ "controlPlaneEndpoint/port", "\"6443\"",
	    "spec.controlPlaneEndpoint.port is not an integer" },
	{ "controlPlaneEndpointSource", "{}",
	    "spec.controlPlaneEndpointSource is not a string" },
	{ "failureDomains", "{\"z1\":{}}",
	    "spec.failureDomains is not a list" },
};

static void
every_wrong_field_of_a_cluster_is_named(void)
{
	for (size_t i = 0; i < sizeof(cluster_rows) / sizeof(*cluster_rows);
	     i++) {
		const struct wrong *w = &cluster_rows[i];
		char *patch = patch_of(w->field, w->value);
		const char *message;
		struct hostile_rig r;

		open_lax(&r, 1);
		hostile_apply(&r,
		    "apiVersion: " HOSTILE_AX "/v1beta2\n"
		    "kind: Beskar7Cluster\n"
		    "metadata: {name: c1}\n"
		    "spec: {controlPlaneEndpoint: {host: h, port: 1}}\n");
		CU_ASSERT_EQUAL(
		    hostile_patch(&r, AX_PATH "beskar7clusters/c1", patch),
		    200);
		hostile_apply(&r, "apiVersion: cluster.x-k8s.io/v1beta2\n"
				  "kind: Cluster\n"
				  "metadata: {name: c1}\n"
				  "spec:\n"
				  "  infrastructureRef: {apiGroup: " HOSTILE_AX
				  ", kind: Beskar7Cluster, name: c1}\n");
		hostile_run(&r, LOOP_MIN);
		message = hostile_condition(&r, "beskar7clusters", "c1",
		    "ControlPlaneEndpointReady", "message");
		if (strstr(message, w->words) == NULL)
			(void)fprintf(stderr, "%s = %s: %s\n", w->field,
			    w->value, message);
		CHECK_ROW(strstr(message, w->words) != NULL, w->words);
		CHECK_ROW(str_eq(hostile_at(&r, "beskar7clusters", "c1",
				     "status/initialization"),
			      ""),
		    w->words);
		xfree(patch);
		hostile_close(&r);
	}
}

/* Not one field that anybody would expect, in spec, status and metadata. */
static void
objects_of_nonsense_stop_nobody(void)
{
	struct hostile_rig r;

	open_lax(&r, 1);
	hostile_apply(&r,
	    "apiVersion: " HOSTILE_AX "/v1beta2\n"
	    "kind: PhysicalHost\n"
	    "metadata: {name: n1, annotations: {" HOSTILE_AX
	    "/host-record: \"{{{{\", " HOSTILE_AX "/reboot: \"\\u0001\"}}\n"
	    "spec: [1, 2]\n"
	    "status: \"Provisioned\"\n"
	    "---\n"
	    "apiVersion: " HOSTILE_AX "/v1beta2\n"
	    "kind: PhysicalHost\n"
	    "metadata: {name: n2}\n"
	    "spec: null\n"
	    "status: {state: 5, conditions: [1, {type: 4}, {}], operation: "
	    "[]}\n"
	    "---\n"
	    "apiVersion: " HOSTILE_AX "/v1beta2\n"
	    "kind: PhysicalHost\n"
	    "metadata: {name: n3}\n"
	    "---\n"
	    "apiVersion: " HOSTILE_AX "/v1beta2\n"
	    "kind: Beskar7Machine\n"
	    "metadata: {name: n1}\n"
	    "spec: 7\n"
	    "---\n"
	    "apiVersion: " HOSTILE_AX "/v1beta2\n"
	    "kind: Beskar7Cluster\n"
	    "metadata: {name: n1}\n"
	    "spec: \"c\"\n");
	CU_ASSERT_EQUAL(hostile_patch(&r, HOSTILE_HOSTS "/n2/status",
			    "{\"status\":{\"state\":5,\"conditions\":{\"a\":1},"
			    "\"operation\":[]}}"),
	    200);
	hostile_machine(&r);
	CU_ASSERT_TRUE(hostile_wait(&r, "machines", "m1", "status/phase",
			   "Running", 10 * LOOP_MIN) > 0);
	CHECK_TEXT(
	    hostile_condition(&r, "physicalhosts", "n1", CONN, "message"),
	    "spec is not an object");
	CHECK_TEXT(
	    hostile_condition(&r, "physicalhosts", "n3", CONN, "message"),
	    "spec.redfishConnection.address is missing");
	hostile_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "every wrong field of a host is named, and heals",
		    every_wrong_field_of_a_host_is_named_and_heals },
		{ "a wrong host is never claimed",
		    a_wrong_host_is_never_claimed },
		{ "a wrong field moves no provisioned host",
		    a_wrong_field_moves_no_provisioned_host },
		{ "every wrong field of a machine is named, claims nothing",
		    every_wrong_field_of_a_machine_is_named_and_claims_nothing },
		{ "every wrong field of a cluster is named",
		    every_wrong_field_of_a_cluster_is_named },
		{ "objects of nonsense stop nobody",
		    objects_of_nonsense_stop_nobody },
	};

	return UNIT_RUN("hostile_cr", cases);
}
