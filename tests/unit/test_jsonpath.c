#include "sim/kube/jsonpath.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "tests/unit/unit.h"

static const char object[] =
    "metadata:\n"
    "  name: nn\n"
    "  labels: {cluster.x-k8s.io/cluster-name: c1, plain: p, \"it's\": q}\n"
    "status:\n"
    "  conditions:\n"
    "  - {type: Ready, status: 'True', num: 1}\n"
    "  - {type: Paused, status: 'False', num: 2}\n"
    "  - {type: Last, num: 3, ok: true}\n"
    "  list: [10, 20, 30, 40]\n"
    "  deep: [{v: [{w: 1}, {w: 2}]}, {v: [{w: 3}]}]\n"
    "  map: {a: 1, b: 2}\n";

static const struct {
	const char *path, *want; /* results, printed, with spaces between */
} rows[] = {
	{ ".metadata.name", "\"nn\"" },
	{ "{.metadata.name}", "\"nn\"" },
	{ "$.metadata.name", "\"nn\"" },
	{ ".metadata.labels.plain", "\"p\"" },
	{ ".metadata.labels['cluster\\.x-k8s\\.io/cluster-name']", "\"c1\"" },
	{ ".metadata.labels['cluster.x-k8s.io/cluster-name']", "\"c1\"" },
	{ ".metadata.labels.cluster\\.x-k8s\\.io/cluster-name", "\"c1\"" },
	{ ".metadata.labels[\"it's\"]", "\"q\"" },
	{ ".metadata.nothing", "" },
	{ ".metadata.name.deeper", "" },
	{ ".status.conditions[?(@.type==\"Ready\")].status", "\"True\"" },
	{ ".status.conditions[?(@.type=='Paused')].status", "\"False\"" },
	{ ".status.conditions[?( @.type == \"Ready\" )].status", "\"True\"" },
	{ ".status.conditions[?(@.type==\"None\")].status", "" },
	{ ".status.conditions[?(@.type!=\"Ready\")].num", "2 3" },
	{ ".status.conditions[?(@.num>1)].num", "2 3" },
	{ ".status.conditions[?(@.num>=2)].num", "2 3" },
	{ ".status.conditions[?(@.num<2)].num", "1" },
	{ ".status.conditions[?(@.num<=2)].num", "1 2" },
	{ ".status.conditions[?(@.ok==true)].num", "3" },
	{ ".status.conditions[?(@.status)].num", "1 2" },
	{ ".status.conditions[?(\"Ready\"==@.type)].num", "1" },
	{ ".status.list[0]", "10" },
	{ ".status.list[-1]", "40" },
	{ ".status.list[9]", "" },
	{ ".status.list[1:3]", "20 30" },
	{ ".status.list[1:]", "20 30 40" },
	{ ".status.list[:2]", "10 20" },
	{ ".status.list[-2:]", "30 40" },
	{ ".status.list[*]", "10 20 30 40" },
	{ ".status.map.*", "1 2" },
	{ ".status.deep[*].v[*].w", "1 2 3" },
	{ ".status.deep[?(@.v[0].w==3)].v[0].w", "3" },
};

static void
finds_what_printer_columns_ask_for(void)
{
	struct err e = { 0 };
	cJSON *j = yaml_parse(object, strlen(object), "object", &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct jsonpath *p = jsonpath_compile(rows[i].path, &e);
		const cJSON *out[16];
		char got[256] = "";
		size_t n;

		if (p == NULL) {
			CHECK_ROW(p != NULL, e.msg);
			continue;
		}
		n = jsonpath_eval(p, j, out, 16);
		for (size_t k = 0; k < n; k++) {
			char *text = json_print(out[k]);
			size_t at = strlen(got);

			(void)str_format(got + at, sizeof(got) - at, "%s%s",
			    k > 0 ? " " : "", text);
			xfree(text);
		}
		CHECK_ROW(str_eq(got, rows[i].want), rows[i].path);
		jsonpath_free(p);
	}
	cJSON_Delete(j);
}

static void
refuses_paths_that_it_does_not_understand(void)
{
	static const char *const bad[] = { "", "name", ".a[", ".a[0", ".a['x",
		".a['x'", ".a..b", ".a[?(@.x==]", ".a[?(@.x=1)]", ".a[?@.x==1]",
		".a[?(@.x==1]", ".a[x]", "{.a", ".a}b}",
		".a[?(@.b[?(@.c[?(@.d[?(@.e[?(@.f==1)]==1)]==1)]==1)]==1)]",
		".a[99999999999999999999]", ".a[?(@.x==[1])]" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = { 0 };
		struct jsonpath *p = jsonpath_compile(bad[i], &e);

		CHECK_ROW(p == NULL && e.kind == ERR_SPEC, bad[i]);
		jsonpath_free(p);
	}
}

static void
long_paths_and_many_results_are_capped(void)
{
	struct err e = { 0 };
	char path[1200] = "";
	cJSON *list = cJSON_CreateArray();
	const cJSON *out[JSONPATH_MAX_RESULTS + 10];
	struct jsonpath *p;

	for (int i = 0; i <= JSONPATH_MAX_STEPS; i++)
		(void)str_format(
		    path + strlen(path), sizeof(path) - strlen(path), ".a");
	CU_ASSERT_PTR_NULL(jsonpath_compile(path, &e));
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '.';
	CU_ASSERT_PTR_NULL(jsonpath_compile(path, &e));
	for (int i = 0; i < 5000; i++)
		(void)cJSON_AddItemToArray(list, cJSON_CreateNumber(i));
	p = jsonpath_compile(".[*]", &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(jsonpath_eval(p, list, out, JSONPATH_MAX_RESULTS + 10),
	    JSONPATH_MAX_RESULTS);
	jsonpath_free(p);
	cJSON_Delete(list);
}

static const struct unit_case cases[] = {
	UNIT_CASE(finds_what_printer_columns_ask_for),
	UNIT_CASE(refuses_paths_that_it_does_not_understand),
	UNIT_CASE(long_paths_and_many_results_are_capped),
};

int
main(void)
{
	return UNIT_RUN("jsonpath", cases);
}
