#include "sim/kube/discovery.h"

#include "sim/kube/openapi.h"
#include "tests/unit/schema_rig.h"

#define AX "infrastructure.cluster.x-k8s.io"

struct rig {
	struct crd *host;
	struct api_resource v[32];
	size_t n;
};

static void
rig_open(struct rig *r)
{
	struct field_errors l = { 0 };
	cJSON *docs = rig_file("crds/physicalhosts.yaml");
	const struct api_resource *b;

	*r = (struct rig){ 0 };
	crd_default(json_at_mut(docs, "0"));
	r->host = crd_parse(json_at(docs, "0"), &l);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->host);
	b = discovery_builtins(&r->n);
	memcpy(r->v, b, r->n * sizeof(*b));
	/* Before the builtin ones: documents sort. */
	r->v[r->n++] = r->v[0];
	r->v[0] = discovery_of_crd(r->host, &r->host->versions[0]);
	cJSON_Delete(docs);
	field_errors_free(&l);
}

static void
rig_close(struct rig *r)
{
	crd_free(r->host);
}

static void
versions_order_as_kubernetes_does(void)
{
	static const char *const order[] = { "v10", "v2", "v1", "v11beta2",
		"v10beta3", "v3beta1", "v12alpha1", "v11alpha2", "foo1",
		"foo10" };

	for (size_t i = 0; i + 1 < N(order); i++) {
		CHECK_ROW(discovery_version_cmp(order[i], order[i + 1]) < 0,
		    order[i]);
		CHECK_ROW(discovery_version_cmp(order[i + 1], order[i]) > 0,
		    order[i]);
	}
	CU_ASSERT_EQUAL(discovery_version_cmp("v1", "v1"), 0);
}

static void
legacy_documents_list_groups_and_resources(void)
{
	struct rig r;
	cJSON *j;

	rig_open(&r);
	j = discovery_api("127.0.0.1:6443");
	CHECK_TEXT(json_str(j, "versions/0", NULL), "v1");
	cJSON_Delete(j);

	j = discovery_apis(r.v, r.n);
	CHECK_TEXT(json_str(j, "kind", NULL), "APIGroupList");
	CHECK_TEXT(json_str(j, "groups/0/name", NULL), "apiextensions.k8s.io");
	CHECK_TEXT(json_str(j, "groups/3/name", NULL), AX);
	CHECK_TEXT(json_str(j, "groups/3/preferredVersion/groupVersion", NULL),
	    AX "/v1beta2");
	CU_ASSERT_PTR_NULL(json_at(j, "groups/4"));
	cJSON_Delete(j);

	j = discovery_group(r.v, r.n, AX);
	CHECK_TEXT(json_str(j, "kind", NULL), "APIGroup");
	CHECK_TEXT(json_str(j, "versions/0/version", NULL), "v1beta2");
	cJSON_Delete(j);
	CU_ASSERT_PTR_NULL(discovery_group(r.v, r.n, "nope.org"));

	j = discovery_resources(r.v, r.n, AX, "v1beta2");
	CHECK_TEXT(json_str(j, "groupVersion", NULL), AX "/v1beta2");
	CHECK_TEXT(json_str(j, "resources/0/name", NULL), "physicalhosts");
	CHECK_TEXT(json_str(j, "resources/0/shortNames/0", NULL), "ph");
	CHECK_TEXT(
	    json_str(j, "resources/0/categories/0", NULL), "cluster-api");
	CU_ASSERT_TRUE(json_bool(j, "resources/0/namespaced", false));
	CHECK_TEXT(
	    json_str(j, "resources/1/name", NULL), "physicalhosts/status");
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_at(j, "resources/1/verbs")), 3);
	cJSON_Delete(j);

	j = discovery_resources(r.v, r.n, "", "v1");
	CHECK_TEXT(json_str(j, "groupVersion", NULL), "v1");
	CHECK_TEXT(json_str(j, "resources/0/name", NULL), "configmaps");
	cJSON_Delete(j);
	CU_ASSERT_PTR_NULL(discovery_resources(r.v, r.n, AX, "v1"));
	rig_close(&r);
}

static void
aggregated_documents_hold_everything(void)
{
	struct rig r;
	cJSON *j;

	rig_open(&r);
	j = discovery_aggregated(r.v, r.n, true);
	CHECK_TEXT(json_str(j, "apiVersion", NULL), "apidiscovery.k8s.io/v2");
	CU_ASSERT_PTR_NULL(json_at(j, "items/0/metadata/name"));
	CU_ASSERT_PTR_NULL(json_at(j, "items/1"));
	CHECK_TEXT(json_str(j, "items/0/versions/0/resources/0/resource", NULL),
	    "configmaps");
	cJSON_Delete(j);

	j = discovery_aggregated(r.v, r.n, false);
	CHECK_TEXT(json_str(j, "items/3/metadata/name", NULL), AX);
	CHECK_TEXT(json_str(j, "items/3/versions/0/resources/0/scope", NULL),
	    "Namespaced");
	CHECK_TEXT(
	    json_str(
		j, "items/3/versions/0/resources/0/responseKind/kind", NULL),
	    "PhysicalHost");
	CHECK_TEXT(json_str(j,
		       "items/3/versions/0/resources/0/subresources/0/"
		       "subresource",
		       NULL),
	    "status");
	CHECK_TEXT(
	    json_str(j, "items/3/versions/0/freshness", NULL), "Current");
	cJSON_Delete(j);
	rig_close(&r);
}

static void
accept_headers_choose_aggregation(void)
{
	static const struct {
		const char *accept;
		bool want;
	} t[] = {
		{ "application/json;g=apidiscovery.k8s.io;v=v2;as="
		  "APIGroupDiscoveryList,application/json;g=apidiscovery.k8s."
		  "io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
		    true },
		{ "application/json;as=APIGroupDiscoveryList;g=apidiscovery."
		  "k8s.io;v=v2",
		    true },
		{ "application/json;g=apidiscovery.k8s.io;v=v2beta1;as="
		  "APIGroupDiscoveryList,application/json",
		    false },
		{ "application/json, */*", false },
		{ "application/json,application/json;g=apidiscovery.k8s.io;v="
		  "v2;as=APIGroupDiscoveryList",
		    false },
		{ "", false },
		{ NULL, false },
	};

	for (size_t i = 0; i < N(t); i++)
		CHECK_ROW(
		    discovery_aggregated_accepted(t[i].accept) == t[i].want,
		    t[i].accept == NULL ? "NULL" : t[i].accept);
}

static void
openapi_is_what_kubectl_looks_for(void)
{
	static const char *const path =
	    "paths/~1apis~1" AX "~1v1beta2~1namespaces~1{namespace}~1"
	    "physicalhosts~1{name}";
	static const char *const schema =
	    "components/schemas/io.x-k8s.cluster.infrastructure.v1beta2."
	    "PhysicalHost";
	struct rig r;
	char at[256];
	const cJSON *p, *i;
	bool validates = false;
	cJSON *j;

	rig_open(&r);
	j = openapi_v3_index(r.v, r.n);
	CU_ASSERT_TRUE(str_has_prefix(
	    json_str(j, "paths/apis~1" AX "~1v1beta2/serverRelativeURL", ""),
	    "/openapi/v3/apis/" AX "/v1beta2?hash="));
	CU_ASSERT_TRUE(
	    str_has_prefix(json_str(j, "paths/api~1v1/serverRelativeURL", ""),
		"/openapi/v3/api/v1?hash="));
	cJSON_Delete(j);

	j = openapi_v3_group_version(r.v, r.n, AX, "v1beta2");
	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	p = json_at(j, path);
	CHECK_TEXT(
	    json_str(p, "get/x-kubernetes-group-version-kind/kind", NULL),
	    "PhysicalHost");
	cJSON_ArrayForEach (i, json_at(p, "patch/parameters"))
		validates |= str_eq(json_str(i, "name", ""), "fieldValidation");
	CU_ASSERT_TRUE(validates);
	(void)str_format(at, sizeof(at),
	    "%s/x-kubernetes-group-version-kind/0/version", schema);
	CHECK_TEXT(json_str(j, at, NULL), "v1beta2");
	(void)str_format(at, sizeof(at),
	    "%s/properties/spec/properties/redfishConnection/properties/"
	    "address/description",
	    schema);
	CU_ASSERT_PTR_NOT_NULL(json_at(j, at));
	CU_ASSERT_PTR_NOT_NULL(json_at(j,
	    "components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1."
	    "ObjectMeta/properties/labels"));
	cJSON_Delete(j);
	CU_ASSERT_PTR_NULL(openapi_v3_group_version(r.v, r.n, AX, "v9"));

	j = openapi_v3_group_version(r.v, r.n, "", "v1");
	CU_ASSERT_PTR_NOT_NULL(json_at(
	    j, "components/schemas/io.k8s.api.core.v1.Secret/properties/data"));
	cJSON_Delete(j);
	rig_close(&r);
}

static void
old_openapi_is_json_or_refused(void)
{
	cJSON *j = NULL;

	CU_ASSERT_EQUAL(
	    openapi_v2("application/com.github.proto-openapi.spec.v2@v1.0+"
		       "protobuf",
		&j),
	    406);
	CU_ASSERT_PTR_NULL(j);
	CU_ASSERT_EQUAL(openapi_v2("application/json", &j), 200);
	CHECK_TEXT(json_str(j, "swagger", NULL), "2.0");
	cJSON_Delete(j);
	CU_ASSERT_EQUAL(openapi_v2(NULL, &j), 200);
	cJSON_Delete(j);
}

static const struct unit_case cases[] = {
	UNIT_CASE(versions_order_as_kubernetes_does),
	UNIT_CASE(legacy_documents_list_groups_and_resources),
	UNIT_CASE(aggregated_documents_hold_everything),
	UNIT_CASE(accept_headers_choose_aggregation),
	UNIT_CASE(openapi_is_what_kubectl_looks_for),
	UNIT_CASE(old_openapi_is_json_or_refused),
};

int
main(void)
{
	return UNIT_RUN("discovery", cases);
}
