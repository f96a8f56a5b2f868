/* Checks 1 to 7: the CRDs. */
#include "sim/kube/table.h"
#include "tests/conformance/capi/capi.h"

static const struct {
	const char *kind, *plural;
	bool status, contract;
} kinds[] = {
	{ "Beskar7Machine", B7M, true, true },
	{ "Beskar7MachineTemplate", B7MT, true, true },
	{ "Beskar7Cluster", B7C, true, true },
	{ "Beskar7ClusterTemplate", B7CT, false, true },
	{ "PhysicalHost", HOST, true, false },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The CRD as the server holds it; owned. */
static cJSON *
crd_of(struct rig *r, const char *plural)
{
	char *name = xasprintf("%s." AX, plural);
	cJSON *o = kube_server_get(stage_kube(r->s), "apiextensions.k8s.io",
	    "customresourcedefinitions", "", name);

	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	xfree(name);
	return o;
}

static void
names_of_the_crds(void)
{
	struct rig *r = capi_new_idle(0);

	for (size_t i = 0; i < KINDS; i++) {
		cJSON *o = crd_of(r, kinds[i].plural);
		char *list = xasprintf("%sList", kinds[i].kind);

		CHECK_TEXT(json_str(o, "spec/scope", NULL), "Namespaced");
		CHECK_TEXT(json_str(o, "spec/names/kind", NULL), kinds[i].kind);
		CHECK_TEXT(json_str(o, "spec/names/listKind", NULL), list);
		xfree(list);
		cJSON_Delete(o);
	}
	rig_free(r);
}

static bool
served(const cJSON *crd, const char *version)
{
	const cJSON *v;

	cJSON_ArrayForEach (v, json_arr(crd, "spec/versions"))
		if (str_eq(json_str(v, "name", NULL), version))
			return json_bool(v, "served", false);
	return false;
}

static void
label_of_the_contract(void)
{
	struct rig *r = capi_new_idle(0);

	for (size_t i = 0; i < KINDS; i++) {
		cJSON *o = crd_of(r, kinds[i].plural);
		const cJSON *l = json_obj(o, "metadata/labels"), *m;
		const char *is =
		    json_str(json_child(l, CAPI "/v1beta2"), "", NULL);

		/* One version is served: the list has one member. */
		if (kinds[i].contract)
			CU_ASSERT_TRUE(is != NULL && served(o, is));
		cJSON_ArrayForEach (m, l)
			if (str_has_prefix(m->string, CAPI "/") &&
			    !(kinds[i].contract &&
				str_eq(m->string, CAPI "/v1beta2")))
				CU_ASSERT_FALSE(served(o, m->valuestring));
		cJSON_Delete(o);
	}
	rig_free(r);
}

static void
status_is_a_subresource(void)
{
	static const struct {
		const char *object, *path, *status, *text;
	} rows[] = {
		{ "spec: {image: {url: 'http://h/x.iso'}}", B7M,
		    "{\"status\":{\"failureDomain\":\"z\"}}",
		    "status/failureDomain" },
		{ "spec: {}", B7C,
		    "{\"status\":{\"failureDomains\":[{\"name\":\"z\"}]}}",
		    "status/failureDomains/0/name" },
		{ "spec: {template: {spec: {image: {url: 'http://h/x.iso'}}}}",
		    B7MT, "{\"status\":{\"capacity\":{\"cpu\":\"z\"}}}",
		    "status/capacity/cpu" },
	};
	struct rig *r = capi_new_idle(0);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *kind = str_eq(rows[i].path, B7M) ? "Beskar7Machine"
				   : str_eq(rows[i].path, B7C)
				       ? "Beskar7Cluster"
				       : "Beskar7Machine"
					 "Template";
		bool capacity = str_eq(rows[i].path, B7MT);
		char *main = xasprintf(AXP "%s/x", rows[i].path);
		char *sub = xasprintf("%s/status", main);

		rig_apply(r,
		    "apiVersion: " AX "/v1beta2\nkind: %s\n"
		    "metadata: {name: x}\n%s\n",
		    kind, rows[i].object);
		CU_ASSERT_EQUAL(capi_merge(r, main, rows[i].status), 200);
		CU_ASSERT_TRUE(
		    capi_is(r, rows[i].path, "x", rows[i].text, NULL));
		CU_ASSERT_EQUAL(capi_merge(r, sub,
				    capacity ? "{\"status\":{\"capacity\":{"
					       "\"cpu\":\"4\"}}}"
					     : rows[i].status),
		    200);
		CU_ASSERT_TRUE(capi_is(
		    r, rows[i].path, "x", rows[i].text, capacity ? "4" : "z"));
		xfree(main);
		xfree(sub);
	}
	CU_ASSERT_TRUE(capi_is(r, B7M, "x", "spec/image/kind", "Installer"));
	rig_free(r);
}

#define COND(more) \
	"{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":" \
	"\"True\",\"lastTransitionTime\":\"2026-11-23T04:00:00Z\"," \
	"\"message\":\"\"" more "}]}}"

static void
types_are_those_of_the_contract(void)
{
	static const struct {
		const char *path, *body;
		int status;
	} rows[] = {
		{ AXP B7M "/x/status", "{\"status\":{\"initialization\":{}}}",
		    422 },
		{ AXP B7M "/x/status",
		    "{\"status\":{\"initialization\":{\"provisioned\":"
		    "\"true\"}}}",
		    422 },
		{ AXP B7M "/x/status",
		    "{\"status\":{\"addresses\":[{\"type\":\"Foo\","
		    "\"address\":\"10.0.0.9\"}]}}",
		    422 },
		{ AXP B7M "/x/status",
		    "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\","
		    "\"address\":\"\"}]}}",
		    422 },
		{ AXP B7M "/x/status", COND(""), 422 },
		{ AXP B7M "/x/status", COND(",\"reason\":\"a.b\""), 422 },
		{ AXP B7M "/x/status", COND(",\"reason\":\"\""), 422 },
		{ AXP B7M "/x/status", COND(",\"reason\":\"AB\""), 200 },
		{ AXP B7C "/x/status",
		    "{\"status\":{\"failureDomains\":{\"a\":{}}}}", 422 },
		{ AXP B7C "/x/status", "{\"status\":{\"initialization\":{}}}",
		    422 },
		{ AXP B7C "/x",
		    "{\"spec\":{\"controlPlaneEndpoint\":{\"host\":\"h\","
		    "\"port\":70000}}}",
		    422 },
		{ AXP B7C "/x",
		    "{\"spec\":{\"controlPlaneEndpoint\":{\"host\":\"h\","
		    "\"port\":6443}}}",
		    200 },
	};
	struct rig *r = capi_new_idle(0);

	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Machine\n"
	    "metadata: {name: x}\nspec: {image: {url: 'http://h/x.iso'}}\n"
	    "---\n"
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Cluster\n"
	    "metadata: {name: x}\nspec: {}\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(
		    capi_merge(r, rows[i].path, rows[i].body) == rows[i].status,
		    rows[i].body);
	rig_free(r);
}

static void
no_failure_domain_in_the_spec(void)
{
	static const char body[] =
	    "{\"apiVersion\":\"" AX "/v1beta2\",\"kind\":\"Beskar7Machine\","
	    "\"metadata\":{\"name\":\"x\"},\"spec\":{\"failureDomain\":\"z\","
	    "\"image\":{\"url\":\"http://h/x.iso\"}}}";
	struct rig *r = capi_new_idle(0);

	CU_ASSERT_EQUAL(
	    capi_call(r, "POST", NULL, AXP B7M "?fieldValidation=Strict", body),
	    400);
	CU_ASSERT_EQUAL(capi_call(r, "POST", NULL, AXP B7M, body), 201);
	CU_ASSERT_TRUE(capi_is(r, B7M, "x", "spec/failureDomain", NULL));
	rig_free(r);
}

#define ONE(type) \
	"{\"type\":\"" type "\",\"status\":\"True\",\"reason\":\"A\"," \
	"\"message\":\"\",\"lastTransitionTime\":\"2026-11-23T04:00:00Z\"}"
#define APPLIED(list) \
	"{\"apiVersion\":\"" AX "/v1beta2\",\"kind\":\"Beskar7Machine\"," \
	"\"metadata\":{\"name\":\"x\"},\"status\":{\"conditions\":[" list \
	"]}}"

static void
conditions_are_a_map_by_type(void)
{
	struct rig *r = capi_new_idle(0);

	rig_apply(r, "%s",
	    "apiVersion: " AX "/v1beta2\nkind: Beskar7Machine\n"
	    "metadata: {name: x}\nspec: {image: {url: 'http://h/x.iso'}}\n");
	CU_ASSERT_EQUAL(
	    capi_call(r, "PATCH", APPLY, AXP B7M "/x/status?fieldManager=a",
		APPLIED(ONE("A"))),
	    200);
	CU_ASSERT_EQUAL(
	    capi_call(r, "PATCH", APPLY, AXP B7M "/x/status?fieldManager=b",
		APPLIED(ONE("B"))),
	    200);
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "x", "A", "status", "True"));
	CU_ASSERT_TRUE(capi_cond_is(r, B7M, "x", "B", "status", "True"));
	CU_ASSERT_EQUAL(
	    capi_merge(r, AXP B7M "/x/status",
		"{\"status\":{\"conditions\":[" ONE("A") "," ONE("A") "]}}"),
	    422);
	rig_free(r);
}

/* Cells of a provisioned machine's row that show nothing. */
static void
columns_show(struct rig *r, const char *plural, const char *name,
    const char *const *empty)
{
	cJSON *crd = crd_of(r, plural), *o = rig_get(r, plural, name), *out;
	const cJSON *columns =
	    json_arr(crd, "spec/versions/0/additionalPrinterColumns");
	struct table_opts to = { .wall_us = 0 };
	struct table *t = table_new(columns, NULL);
	const cJSON *const items[] = { o }, *c;
	int i = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	out = table_render(t, items, 1, &to);
	cJSON_ArrayForEach (c, json_arr(out, "rows/0/cells")) {
		const char *head = json_str(
		    cJSON_GetArrayItem(json_arr(out, "columnDefinitions"), i++),
		    "name", "");
		bool may = false;

		for (size_t k = 0; empty[k] != NULL; k++)
			may = may || str_eq(empty[k], head);
		CHECK_ROW(may || !cJSON_IsNull(c), head);
		CHECK_ROW(
		    may || !cJSON_IsString(c) || c->valuestring[0] != '\0',
		    head);
	}
	CU_ASSERT_TRUE(i > 3);
	cJSON_Delete(out);
	table_free(t);
	cJSON_Delete(o);
	cJSON_Delete(crd);
}

static void
categories_and_columns(void)
{
	/* Not set here: no zone, no addresses, at rest. */
	static const char *const m_empty[] = { "FailureDomain", "IP", NULL };
	static const char *const c_empty[] = { "FailureDomains", NULL };
	static const char *const h_empty[] = { "Waiting", "Attempt", NULL };
	struct rig *r = capi_new_up(1);

	for (size_t i = 0; i < KINDS; i++) {
		cJSON *o = crd_of(r, kinds[i].plural);
		const cJSON *c;
		bool has = false;

		cJSON_ArrayForEach (c, json_arr(o, "spec/names/categories"))
			has = has || str_eq(c->valuestring, "cluster-api");
		CHECK_ROW(has, kinds[i].kind);
		cJSON_Delete(o);
	}
	columns_show(r, B7M, "m1", m_empty);
	columns_show(r, B7C, "c1", c_empty);
	columns_show(r, HOST, "bmc-000", h_empty);
	rig_free(r);
}

const struct contract_check contract_packaging[] = {
	{ 1, 'M', "CRDs have conformant names, scope and list kinds",
	    names_of_the_crds, NULL },
	{ 2, 'M', "the contract's label names served versions only",
	    label_of_the_contract, NULL },
	{ 3, 'M', "status is a subresource", status_is_a_subresource, NULL },
	{ 4, 'M', "schema types are those of the contract",
	    types_are_those_of_the_contract, NULL },
	{ 5, 'M', "a Beskar7Machine has no spec.failureDomain",
	    no_failure_domain_in_the_spec, NULL },
	{ 6, 'S', "conditions are a map by type", conditions_are_a_map_by_type,
	    NULL },
	{ 7, 'S', "category cluster-api, and columns that show something",
	    categories_and_columns, NULL },
	{ 0 },
};
