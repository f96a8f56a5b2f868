/* Checks 8 to 13: what is installed, and in which order. */
#include "common/buf.h"
#include "common/files.h"
#include "common/version.h"
#include "common/yaml.h"
#include "tests/conformance/capi/capi.h"

/* ---- what is installed ------------------------------------------------------- */

static const char *const installed[] = { "deploy/kustomize/namespace.yaml",
	"deploy/kustomize/rbac.yaml", "deploy/kustomize/deployment.yaml",
	"deploy/kustomize/disruption.yaml", "deploy/policy/templates.yaml",
	"crds/physicalhosts.yaml", "crds/beskar7machines.yaml",
	"crds/beskar7machinetemplates.yaml", "crds/beskar7clusters.yaml",
	"crds/beskar7clustertemplates.yaml", "crds/beskar7remediations.yaml",
	"crds/beskar7remediationtemplates.yaml" };
#define INSTALLED (sizeof(installed) / sizeof(installed[0]))

static const char *
label_of(const cJSON *o, const char *key)
{
	return json_str(
	    json_child(json_obj(o, "metadata/labels"), key), "", NULL);
}

static void
labels_of_clusterctl(void)
{
	for (size_t i = 0; i < INSTALLED; i++) {
		cJSON *docs = capi_file(installed[i]);
		const cJSON *o;

		cJSON_ArrayForEach (o, docs) {
			const char *name = json_str(o, "metadata/name", "");

			CHECK_ROW(str_eq(label_of(o, CAPI "/provider"),
				      "infrastructure-beskar7"),
			    name);
			if (!str_eq(json_str(o, "kind", ""),
				"CustomResourceDefinition"))
				continue;
			CHECK_ROW(
			    label_of(o, "clusterctl." CAPI) != NULL, name);
			CHECK_ROW(str_has_prefix(name, HOST) ==
				      (label_of(o, "clusterctl." CAPI
						   "/move-hierarchy") != NULL),
			    name);
		}
		cJSON_Delete(docs);
	}
}

static char *
text_of(const char *path)
{
	struct files f = files_system();
	struct err e = { 0 };
	struct buf b;
	char *text;

	buf_init(&b, YAML_MAX_BYTES);
	CU_ASSERT_TRUE_FATAL(f.read(f.self, path, &b, &e));
	text = buf_take(&b, NULL);
	buf_free(&b);
	return text;
}

/* The name and, after ":=", the default of the variable at "${"; NULL for
 * dflt: it has none. Both are cut off at the end of the variable. */
static const char *
variable(const char *at, char name[64], const char **dflt, size_t *n)
{
	const char *end = strchr(at, '}'), *mark = strstr(at, ":=");
	size_t len;

	CU_ASSERT_PTR_NOT_NULL_FATAL(end);
	if (mark == NULL || mark > end)
		mark = NULL;
	len = (size_t)((mark == NULL ? end : mark) - (at + 2));
	CU_ASSERT_TRUE_FATAL(len < 64);
	memcpy(name, at + 2, len);
	name[len] = '\0';
	*dflt = mark == NULL ? NULL : mark + 2;
	*n = mark == NULL ? 0 : (size_t)(end - mark) - 2;
	return end + 1;
}

/* Each has a default, or is one of those that the caller gives: pairs of name
 * and value. Returns the text filled in, owned, if they are given. */
static char *
filled(const char *path, const char *const (*given)[2])
{
	char *text = text_of(path), *out;
	const char *at = text, *next;
	struct buf b;

	buf_init(&b, YAML_MAX_BYTES);
	while ((next = strstr(at, "${")) != NULL) {
		const char *dflt, *value = NULL;
		char name[64];
		size_t n;

		(void)buf_add(&b, at, (size_t)(next - at));
		at = variable(next, name, &dflt, &n);
		for (size_t i = 0; given != NULL && given[i][0] != NULL; i++)
			if (str_eq(given[i][0], name))
				value = given[i][1];
		CHECK_ROW(value != NULL || dflt != NULL, name);
		if (value != NULL)
			(void)buf_adds(&b, value);
		else if (dflt != NULL)
			(void)buf_add(&b, dflt, n);
	}
	(void)buf_adds(&b, at);
	out = buf_take(&b, NULL);
	buf_free(&b);
	xfree(text);
	return out;
}

static void
metadata_names_the_series(void)
{
	cJSON *docs = capi_file("deploy/clusterctl/metadata.yaml");
	const cJSON *s;
	bool found = false;

	CHECK_TEXT(json_str(docs, "0/apiVersion", NULL),
	    "clusterctl." CAPI "/v1alpha3");
	CHECK_TEXT(json_str(docs, "0/kind", NULL), "Metadata");
	cJSON_ArrayForEach (s, json_arr(docs, "0/releaseSeries")) {
		char series[32];

		(void)str_format(series, sizeof(series), "%lld.%lld.",
		    (long long)json_i64(s, "major", -1),
		    (long long)json_i64(s, "minor", -1));
		if (!str_has_prefix(B7_VERSION, series))
			continue;
		found = true;
		CHECK_TEXT(json_str(s, "contract", NULL), "v1beta2");
	}
	CU_ASSERT_TRUE(found);
	cJSON_Delete(docs);
}

/* Filled in, our own kinds of it are stored with strict validation. */
static void
template_is_stored(struct rig *r, const char *path)
{
	static const char *const given[][2] = { { "CLUSTER_NAME", "metal" },
		{ "NAMESPACE", "default" }, { "KUBERNETES_VERSION", "v1.34.0" },
		{ "CONTROL_PLANE_MACHINE_COUNT", "3" },
		{ "WORKER_MACHINE_COUNT", "2" },
		{ "BESKAR7_ENDPOINT_HOST", "10.0.0.9" },
		{ "BESKAR7_CONTROL_PLANE_IMAGE_URL", "http://h/c.iso" },
		{ "BESKAR7_WORKER_IMAGE_URL", "http://h/w.iso" },
		{ NULL, NULL } };
	char *text = filled(path, given);
	struct err e = { 0 };
	cJSON *docs = yaml_parse_all(text, strlen(text), path, &e);
	const cJSON *o;

	CU_ASSERT_PTR_NOT_NULL_FATAL(docs);
	CU_ASSERT_TRUE(cJSON_GetArraySize(docs) > 0);
	cJSON_ArrayForEach (o, docs) {
		const char *kind = json_str(o, "kind", "");
		char *url, *body;

		if (!str_has_prefix(json_str(o, "apiVersion", ""), AX "/"))
			continue;
		url = xasprintf(AXP "%s?fieldValidation=Strict",
		    str_eq(kind, "Beskar7Cluster")           ? B7C
		    : str_eq(kind, "Beskar7ClusterTemplate") ? B7CT
							     : B7MT);
		body = json_print(o);
		CHECK_ROW(capi_call(r, "POST", NULL, url, body) == 201, body);
		xfree(body);
		xfree(url);
	}
	cJSON_Delete(docs);
	xfree(text);
}

static void
templates_render(void)
{
	static const char *const files[] = {
		"deploy/clusterctl/cluster-template.yaml",
		"deploy/clusterctl/cluster-template-topology.yaml",
		"deploy/clusterctl/clusterclass-beskar7.yaml",
	};

	for (size_t i = 0; i < 3; i++) {
		struct rig *r = capi_new_idle(0);

		template_is_stored(r, files[i]);
		rig_free(r);
	}
}

static bool
cluster_scoped(const char *kind)
{
	return str_has_prefix(kind, "Cluster") ||
	       str_has_prefix(kind, "ValidatingAdmissionPolicy");
}

static void
shape_of_the_installation(void)
{
	unsigned namespaces = 0, managers = 0;
	char *text;

	for (size_t i = 0; i < INSTALLED; i++) {
		cJSON *docs = capi_file(installed[i]);
		const cJSON *o;

		cJSON_ArrayForEach (o, docs) {
			const char *kind = json_str(o, "kind", "");
			const char *name = json_str(o, "metadata/name", "");

			namespaces += str_eq(kind, "Namespace");
			managers += str_eq(
			    json_str(o, "spec/template/spec/containers/0/name",
				NULL),
			    "manager");
			if (str_eq(kind, "Namespace") ||
			    str_eq(kind, "CustomResourceDefinition"))
				continue;
			if (cluster_scoped(kind))
				CHECK_ROW(
				    str_has_prefix(name, "beskar7-system-"),
				    name);
			else
				CHECK_ROW(
				    str_eq(
					json_str(o, "metadata/namespace", NULL),
					"beskar7-system"),
				    name);
		}
		cJSON_Delete(docs);
	}
	CU_ASSERT_EQUAL(namespaces, 1);
	CU_ASSERT_EQUAL(managers, 1);
	/* What clusterctl may fill in has a default. */
	text = filled("deploy/clusterctl/kustomization.yaml", NULL);
	CU_ASSERT_PTR_NULL(strstr(text, "${"));
	xfree(text);
}

/* ---- may it? ------------------------------------------------------------------ */

static bool
listed(const cJSON *list, const char *what)
{
	const cJSON *x;

	cJSON_ArrayForEach (x, list)
		if (str_eq(x->valuestring, what) || str_eq(x->valuestring, "*"))
			return true;
	return false;
}

static bool
may(const cJSON *docs, const char *verb, const char *group,
    const char *resource)
{
	const cJSON *o, *rule;

	cJSON_ArrayForEach (o, docs)
		cJSON_ArrayForEach (rule, json_arr(o, "rules"))
			if (listed(json_arr(rule, "apiGroups"), group) &&
			    listed(json_arr(rule, "resources"), resource) &&
			    listed(json_arr(rule, "verbs"), verb))
				return true;
	return false;
}

/* By a ClusterRole: not in the agent's own namespace alone. */
static bool
may_everywhere(const cJSON *docs, const char *verb, const char *group,
    const char *resource)
{
	cJSON *all = cJSON_CreateArray();
	const cJSON *o;
	bool yes;

	cJSON_ArrayForEach (o, docs)
		if (str_eq(json_str(o, "kind", ""), "ClusterRole"))
			cJSON_AddItemToArray(all, json_dup(o));
	yes = may(all, verb, group, resource);
	cJSON_Delete(all);
	return yes;
}

static void
rights_are_enough_and_no_more(void)
{
	static const struct {
		const char *verbs[4], *group, *resource;
		bool yes;
	} rows[] = {
		{ { "get", "list", "watch" }, "", "secrets", true },
		{ { "delete", "update" }, "", "secrets", false },
		{ { "list", "watch" }, CAPI, "clusters", true },
		{ { "list", "watch" }, CAPI, "machines", true },
		{ { "patch", "update", "delete", "create" }, CAPI, "clusters",
		    false },
		{ { "patch", "update", "delete", "create" }, CAPI, "machines",
		    false },
		/* For what a remediation tells MachineHealthCheck. */
		{ { "patch" }, CAPI, "machines/status", true },
		{ { "update", "delete" }, CAPI, "machines/status", false },
		{ { "patch", "update" }, CAPI, "clusters/status", false },
		{ { "get", "list", "watch", "patch" }, AX, B7M, true },
		{ { "get", "list", "watch", "patch" }, AX, B7C, true },
		{ { "get", "list", "watch", "patch" }, AX, HOST, true },
		{ { "create", "delete" }, AX, B7M, false },
		{ { "create", "delete" }, AX, HOST, false },
		{ { "patch" }, AX, B7M "/status", true },
		{ { "patch" }, AX, B7C "/status", true },
		{ { "patch" }, AX, HOST "/status", true },
		{ { "create", "patch" }, "", "events", true },
		{ { "get", "list", "create", "patch" }, "coordination.k8s.io",
		    "leases", true },
		{ { "escalate", "bind", "impersonate" },
		    "rbac.authorization.k8s.io", "clusterroles", false },
		{ { "create" }, "", "pods/exec", false },
	};
	cJSON *docs = capi_file("deploy/kustomize/rbac.yaml");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t v = 0; v < 4 && rows[i].verbs[v] != NULL; v++)
			CHECK_ROW(may(docs, rows[i].verbs[v], rows[i].group,
				      rows[i].resource) == rows[i].yes,
			    rows[i].resource);
	/* The key of the media server is a Secret of the own namespace. */
	CU_ASSERT_TRUE(may(docs, "create", "", "secrets"));
	CU_ASSERT_FALSE(may_everywhere(docs, "create", "", "secrets"));
	CU_ASSERT_FALSE(may(docs, "*", "nobody.example.org", "things"));
	cJSON_Delete(docs);
}

/* ---- late CRDs ------------------------------------------------------------------ */

static void
crds(struct rig *r, const char *const *files, size_t n, bool there)
{
	for (size_t i = 0; i < n; i++) {
		cJSON *docs = capi_file(files[i]);
		char *body = json_print(cJSON_GetArrayItem(docs, 0));
		char *path = xasprintf(
		    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions%s"
		    "%s",
		    there ? "" : "/",
		    there ? "" : json_str(docs, "0/metadata/name", ""));

		CU_ASSERT_EQUAL(capi_call(r, there ? "POST" : "DELETE", NULL,
				    path, there ? body : NULL),
		    there ? 201 : 200);
		xfree(path);
		xfree(body);
		cJSON_Delete(docs);
	}
}

static const char *const of_core[] = { "sim/core/crds/cluster.yaml",
	"sim/core/crds/machine.yaml" };
static const char *const of_ours[] = { "crds/physicalhosts.yaml",
	"crds/beskar7machines.yaml", "crds/beskar7clusters.yaml" };

/* Ours are there before the agent; core's are not, or go under its feet. */
static void
crds_of_core_may_come_late(void)
{
	struct rig *r = capi_new_idle(2);

	crds(r, of_core, 2, false);
	rig_run(r, LOOP_S);
	rig_agent(r);
	/* Hosts need nothing of core. */
	CU_ASSERT_TRUE(rig_available(r, "bmc-000"));
	rig_run(r, 10 * LOOP_MIN);
	crds(r, of_core, 2, true);
	rig_run(r, LOOP_MIN);
	crds(r, of_core, 2, false);
	rig_run(r, 10 * LOOP_MIN);
	CU_ASSERT_TRUE(rig_available(r, "bmc-000"));
	crds(r, of_core, 2, true);
	rig_run(r, LOOP_MIN);
	rig_apply(r, "%s",
	    "apiVersion: " CAPI "/v1beta2\nkind: Cluster\n"
	    "metadata: {name: c2}\n"
	    "spec: {infrastructureRef: {apiGroup: " AX
	    ", kind: Beskar7Cluster, name: c2}}\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: c2}\n"
	    "spec: {controlPlaneEndpoint: {host: h, port: 1}}\n");
	CU_ASSERT_TRUE(capi_wait(r, B7C, "c2",
	    "status/initialization/provisioned", "true", 5 * LOOP_MIN));
	capi_machine_of(r, "m1", "c2");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_free(r);
}

/* Nothing of ours is known when the agent starts. */
static void
our_crds_may_come_late(void)
{
	struct rig *r = capi_new_idle(1);

	crds(r, of_ours, 3, false);
	rig_run(r, LOOP_S);
	rig_agent(r);
	rig_run(r, 10 * LOOP_MIN);
	crds(r, of_ours, 3, true);
	rig_run(r, LOOP_MIN);
	rig_hosts(r);
	CU_ASSERT_TRUE(rig_available(r, "bmc-000"));
	rig_cluster(r);
	rig_machine(r, "m1");
	CU_ASSERT_TRUE(capi_up(r, "m1"));
	rig_free(r);
}

static void
crds_may_come_late(void)
{
	crds_of_core_may_come_late();
	our_crds_may_come_late();
}

const struct contract_check contract_install[] = {
	{ 8, 'S', "labels of clusterctl on everything that is installed",
	    labels_of_clusterctl, NULL },
	{ 9, 'S', "one Namespace, container manager, names, defaults",
	    shape_of_the_installation, NULL },
	{ 10, 'S', "metadata.yaml fits the version and the CRDs' label",
	    metadata_names_the_series, NULL },
	{ 11, 'S', "cluster templates render, and what is ours is stored",
	    templates_render,
	    "the kinds of Cluster API's CRDs: real server only; the endpoint "
	    "and the images have no default" },
	{ 12, 'S', "RBAC: enough, and no more", rights_are_enough_and_no_more,
	    "that a server enforces it: the stand-in has no RBAC" },
	{ 13, 'M', "CRDs, of Cluster API and ours, may come late",
	    crds_may_come_late, NULL },
	{ 0 },
};
