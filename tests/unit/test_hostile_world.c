/*
 * What others put beside us: kinds and versions of our group that we do not
 * know, objects that contradict themselves, Secrets of any content, owners that are
 * not there. Each is told where it stands, and the rest of the fleet goes on.
 */
#include <CUnit/Basic.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/hostile_rig.h"

#define CONN "RedfishConnectionReady"
#define TRUST "insecureSkipVerify: true"

/* A CRD of our group with one version more, or one that nobody knows. */
#define CRD(plural, kind) \
	"apiVersion: apiextensions.k8s.io/v1\n" \
	"kind: CustomResourceDefinition\n" \
	"metadata: {name: " plural "." HOSTILE_AX "}\n" \
	"spec:\n" \
	"  group: " HOSTILE_AX "\n" \
	"  scope: Namespaced\n" \
	"  names: {kind: " kind ", plural: " plural "}\n" \
	"  versions:\n"
#define VERSION(name, storage) \
	"  - name: " name "\n" \
	"    served: true\n" \
	"    storage: " storage "\n" \
	"    subresources: {status: {}}\n" \
	"    schema: {openAPIV3Schema: {type: object, " \
	"x-kubernetes-preserve-unknown-fields: true}}\n"

static void
fleet_goes_on(struct hostile_rig *r)
{
	hostile_machine(r);
	CU_ASSERT_TRUE(hostile_wait(r, "machines", "m1", "status/phase",
			   "Running", 10 * LOOP_MIN) > 0);
}

static void
kinds_and_versions_that_we_do_not_know_stop_nobody(void)
{
	struct hostile_rig r;

	hostile_open(&r, 1);
	hostile_apply(
	    &r, CRD("flyinghosts", "FlyingHost") VERSION("v1beta2", "true"));
	hostile_apply(&r,
	    CRD("physicalhosts", "PhysicalHost") VERSION("v1beta2", "true")
		VERSION("v1beta3", "false") VERSION("v9", "false"));
	hostile_apply(&r,
	    "apiVersion: " HOSTILE_AX "/v1beta2\n"
	    "kind: FlyingHost\n"
	    "metadata: {name: bmc-000, finalizers: [\"" HOSTILE_AX "/x\"]}\n"
	    "spec: {redfishConnection: {address: \"https://" HOSTILE_THIEF
	    "\"}}\n"
	    "---\n"
	    "apiVersion: " HOSTILE_AX "/v9\n"
	    "kind: PhysicalHost\n"
	    "metadata: {name: future}\n"
	    "spec: {redfish: {v2: true}, redfishConnection: {endpoints: "
	    "[a]}}\n");
	hostile_host(&r, 0, NULL, TRUST);
	hostile_agent(&r);
	fleet_goes_on(&r);
	CHECK_TEXT(
	    hostile_condition(&r, "physicalhosts", "future", CONN, "message"),
	    "spec.redfishConnection.address is missing");
	hostile_close(&r);
}

struct secret_row {
	const char *name, *data, *reason, *says;
};

/* What is no login is told with what it lacks, sent to nobody, and forgotten
 * once it is mended. */
static const struct secret_row secrets[] = {
	{ "no keys", "stringData: {}", "CredentialsInvalid", "username" },
	{ "other letters", "stringData: {Username: root, PASSWORD: x}",
	    "CredentialsInvalid", "username" },
	{ "no password", "stringData: {username: root}", "CredentialsInvalid",
	    "password" },
	{ "empty", "stringData: {username: '', password: ''}",
	    "CredentialsInvalid", "username" },
	{ "binary name", "data: {username: /v8ACgE=, password: cGFzcw==}",
	    "CredentialsInvalid", "username" },
	{ "a line feed", "stringData: {username: \"ro\\not\", password: x}",
	    "CredentialsInvalid", "username" },
	{ "a binary password", "data: {username: cm9vdA==, password: AP/+AQ==}",
	    "CredentialsInvalid", "password" },
};

static void
secrets_of_any_content_are_told(void)
{
	struct hostile_rig r;

	hostile_open(&r, 2);
	hostile_agent(&r);
	hostile_host(&r, 0, NULL, TRUST);
	hostile_host(&r, 1, NULL, TRUST);
	hostile_run(&r, 2 * LOOP_MIN);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
		const struct secret_row *w = &secrets[i];
		char *y = xasprintf("apiVersion: v1\n"
				    "kind: Secret\n"
				    "metadata: {name: odd-%zu}\n"
				    "%s\n",
		    i, w->data);
		char *p = xasprintf("{\"spec\":{\"redfishConnection\":{"
				    "\"credentialsSecretRef\":{\"name\":"
				    "\"odd-%zu\"}}}}",
		    i);

		hostile_apply(&r, y);
		hostile_reset(&r);
		CU_ASSERT_EQUAL(
		    hostile_patch(&r, HOSTILE_HOSTS "/bmc-000", p), 200);
		hostile_run(&r, 5 * LOOP_MIN);
		CHECK_ROW(str_eq(hostile_condition(&r, "physicalhosts",
				     "bmc-000", CONN, "reason"),
			      w->reason),
		    w->name);
		CHECK_ROW(strstr(hostile_condition(&r, "physicalhosts",
				     "bmc-000", CONN, "message"),
			      w->says) != NULL,
		    w->name);
		CHECK_ROW(r.logins == 0, w->name);
		xfree(y);
		xfree(p);
	}
	/* A hundred keys more than are asked for hurt nobody. */
	hostile_apply(&r,
	    "apiVersion: v1\n"
	    "kind: Secret\n"
	    "metadata: {name: many}\n"
	    "stringData: {username: root, password: b7-sim-secret, a: b, "
	    "username.txt: d, UPPER: e, \"0\": f}\n");
	CU_ASSERT_EQUAL(
	    hostile_patch(&r, HOSTILE_HOSTS "/bmc-000",
		"{\"spec\":{\"redfishConnection\":{\"credentialsSecretRef\":{"
		"\"name\":\"many\"}}}}"),
	    200);
	fleet_goes_on(&r);
	CHECK_TEXT(
	    hostile_condition(&r, "physicalhosts", "bmc-000", CONN, "status"),
	    "True");
	hostile_close(&r);
}

/* A Beskar7Machine whose owner is not there: a Machine of another UID, of a name
 * that is nobody's, of another kind, and one that says twice who owns it. */
static void
owners_that_are_not_there_own_nothing(void)
{
	static const char *const owners[] = {
		"{apiVersion: cluster.x-k8s.io/v1beta2, kind: Machine, name: "
		"ghost, uid: 26fda018-c0fa-4243-8903-610b47080a8b, controller: "
		"true}",
		"{apiVersion: cluster.x-k8s.io/v1beta2, kind: Machine, name: "
		"m1, uid: 26fda018-c0fa-4243-8903-610b47080a8b}",
		"{apiVersion: apps/v1, kind: ReplicaSet, name: m1, uid: "
		"26fda018-c0fa-4243-8903-610b47080a8b, controller: true}",
	};
	struct hostile_rig r;
	char path[200], name[16];

	hostile_open(&r, 2);
	hostile_agent(&r);
	hostile_host(&r, 0, NULL, TRUST);
	hostile_host(&r, 1, NULL, TRUST);
	fleet_goes_on(&r);
	for (size_t i = 0; i < sizeof(owners) / sizeof(*owners); i++) {
		char *y;

		(void)str_format(name, sizeof(name), "o%zu", i);
		y = xasprintf(
		    "apiVersion: " HOSTILE_AX "/v1beta2\n"
		    "kind: Beskar7Machine\n"
		    "metadata: {name: %s, labels: "
		    "{cluster.x-k8s.io/cluster-name: c1}, ownerReferences: "
		    "[%s]}\n"
		    "spec: {image: {url: \"http://10.0.0.3/installer.iso\"}}\n",
		    name, owners[i]);
		hostile_apply(&r, y);
		hostile_run(&r, 30 * LOOP_MIN);
		CHECK_ROW(hostile_at(&r, "beskar7machines", name,
			      "status/hostRef/name")[0] == '\0',
		    owners[i]);
		(void)str_format(path, sizeof(path),
		    "/apis/" HOSTILE_AX "/v1beta2/namespaces/default/"
		    "beskar7machines/%s",
		    name);
		/* The API server's garbage collector may have been faster. */
		if (hostile_at(&r, "beskar7machines", name,
			"metadata/name")[0] != '\0')
			hostile_delete(&r, path);
		CHECK_ROW(hostile_wait(&r, "beskar7machines", name,
			      "metadata/name", "", 2 * LOOP_MIN) >= 0,
		    owners[i]);
		xfree(y);
	}
	CHECK_TEXT(hostile_at(&r, "machines", "m1", "status/phase"), "Running");
	hostile_close(&r);
}

struct contradiction {
	const char *name, *spec, *says;
};

/* The schema takes these; nothing can ever satisfy them. */
static const struct contradiction contradictions[] = {
	{ "In and NotIn the same",
	    "hostSelector: {matchExpressions: [{key: a, operator: In, values: "
	    "[b]}, {key: a, operator: NotIn, values: [b]}]}",
	    "none matches" },
	{ "Exists and DoesNotExist",
	    "hostSelector: {matchExpressions: [{key: a, operator: Exists}, "
	    "{key: a, operator: DoesNotExist}]}",
	    "none matches" },
	{ "more memory than there is",
	    "hardwareRequirements: {minMemoryGiB: "
	    "65536}",
	    "none matches" },
	{ "another architecture", "hardwareRequirements: {architecture: arm64}",
	    "none matches" },
};

static void
objects_that_contradict_themselves_wait_and_say_so(void)
{
	struct hostile_rig r;

	hostile_open(&r, 3);
	hostile_agent(&r);
	hostile_host(&r, 0, NULL, TRUST);
	hostile_host(&r, 2, NULL, TRUST);
	/* Wanted on and in maintenance; a zone and no zone: in the pool or not,
	 * but nothing happens to it. */
	hostile_host(&r, 1, NULL, TRUST);
	CU_ASSERT_EQUAL(hostile_patch(&r, HOSTILE_HOSTS "/bmc-001",
			    "{\"spec\":{\"online\":true,\"maintenance\":{"
			    "\"reason\":\"both\"}}}"),
	    200);
	fleet_goes_on(&r);
	for (size_t i = 0; i < sizeof(contradictions) / sizeof(*contradictions);
	     i++) {
		const struct contradiction *w = &contradictions[i];
		char *y = xasprintf(
		    "apiVersion: " HOSTILE_AX "/v1beta2\n"
		    "kind: Beskar7Machine\n"
		    "metadata: {name: x%zu, labels: "
		    "{cluster.x-k8s.io/cluster-name: c1}}\n"
		    "spec: {image: {url: \"http://10.0.0.3/installer.iso\"}, "
		    "%s}\n"
		    "---\n"
		    "apiVersion: cluster.x-k8s.io/v1beta2\n"
		    "kind: Machine\n"
		    "metadata: {name: x%zu, labels: "
		    "{cluster.x-k8s.io/cluster-name: c1}}\n"
		    "spec:\n"
		    "  clusterName: c1\n"
		    "  bootstrap: {configRef: {apiGroup: "
		    "bootstrap.cluster.x-k8s.io, kind: KubeadmConfig, name: "
		    "x%zu}}\n"
		    "  infrastructureRef: {apiGroup: " HOSTILE_AX
		    ", kind: Beskar7Machine, name: x%zu}\n",
		    i, w->spec, i, i, i);
		char name[16];

		(void)str_format(name, sizeof(name), "x%zu", i);
		hostile_apply(&r, y);
		hostile_run(&r, 5 * LOOP_MIN);
		CHECK_ROW(str_eq(hostile_condition(&r, "beskar7machines", name,
				     "HostClaimed", "reason"),
			      "NoHostMatches"),
		    w->name);
		CHECK_ROW(strstr(hostile_condition(&r, "beskar7machines", name,
				     "HostClaimed", "message"),
			      w->says) != NULL,
		    w->name);
		xfree(y);
	}
	CHECK_TEXT(hostile_condition(&r, "physicalhosts", "bmc-001",
		       "HostAvailable", "reason"),
	    "InMaintenance");
	CHECK_TEXT(hostile_at(&r, "machines", "m1", "status/phase"), "Running");
	hostile_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "kinds and versions that we do not know stop nobody",
		    kinds_and_versions_that_we_do_not_know_stop_nobody },
		{ "Secrets of any content are told",
		    secrets_of_any_content_are_told },
		{ "owners that are not there own nothing",
		    owners_that_are_not_there_own_nothing },
		{ "objects that contradict themselves wait and say so",
		    objects_that_contradict_themselves_wait_and_say_so },
	};

	return UNIT_RUN("hostile_world", cases);
}
