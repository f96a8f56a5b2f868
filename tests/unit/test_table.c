#include "sim/kube/table.h"

#include "tests/unit/schema_rig.h"

#define S 1000000LL
#define NOW 1795372800LL /* 2026-11-22T18:40:00Z */

static void
ages_read_as_kubectl_prints_them(void)
{
	static const struct {
		int64_t s;
		const char *want;
	} t[] = {
		{ -2, "<invalid>" },
		{ -1, "0s" },
		{ 0, "0s" },
		{ 1, "1s" },
		{ 119, "119s" },
		{ 120, "2m" },
		{ 125, "2m5s" },
		{ 599, "9m59s" },
		{ 600, "10m" },
		{ 659, "10m" },
		{ 3600, "60m" },
		{ 10799, "179m" },
		{ 10800, "3h" },
		{ 10860, "3h1m" },
		{ 28799, "7h59m" },
		{ 28800, "8h" },
		{ 172799, "47h" },
		{ 172800, "2d" },
		{ 176400, "2d1h" },
		{ 691199, "7d23h" },
		{ 691200, "8d" },
		{ 86400LL * 365, "365d" },
		{ 86400LL * 729, "729d" },
		{ 86400LL * 730, "2y" },
		{ 86400LL * 735, "2y5d" },
		{ 86400LL * 365 * 8, "8y" },
		{ 86400LL * 365 * 9 + 86400, "9y" },
	};

	for (size_t i = 0; i < N(t); i++) {
		char got[TABLE_AGE_CAP];

		table_age(got, NOW * S - t[i].s * S, NOW * S);
		CHECK_TEXT(got, t[i].want);
	}
}

/* Cells of the only row as JSON; owned. */
static char *
cells(const struct table *t, const char *object)
{
	struct table_opts o = { .wall_us = NOW * S, .include = TABLE_NONE };
	cJSON *obj = rig_yaml(object);
	const cJSON *items[] = { obj };
	cJSON *out = table_render(t, items, 1, &o);
	char *text = json_print(json_at(out, "rows/0/cells"));

	cJSON_Delete(out);
	cJSON_Delete(obj);
	return text;
}

static void
cells_follow_the_type_of_their_column(void)
{
	static const struct {
		const char *type, *value, *want;
	} t[] = {
		{ "string", "x", "\"x\"" },
		{ "string", "true", "\"true\"" },
		{ "string", "5", "\"5\"" },
		{ "string", "{a: b}", "\"{\\\"a\\\":\\\"b\\\"}\"" },
		{ "string", "null", "null" },
		{ "integer", "5", "5" },
		{ "integer", "5.7", "5" },
		{ "integer", "9223372036854775807", "9223372036854775807" },
		{ "integer", "'5'", "null" },
		{ "number", "5.5", "5.5" },
		{ "boolean", "true", "true" },
		{ "boolean", "'true'", "null" },
		{ "date", "'2026-11-22T18:39:50Z'", "\"10s\"" },
		{ "date", "yesterday", "\"<invalid>\"" },
		{ "date", "5", "null" },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct err e = { 0 };
		char def[128], obj[128], want[128], *got;
		cJSON *columns;
		struct table *table;

		(void)str_format(def, sizeof(def),
		    "[{name: C, type: %s, jsonPath: .v}]", t[i].type);
		columns = rig_yaml(def);
		table = table_new(columns, &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(table);
		(void)str_format(obj, sizeof(obj),
		    "{metadata: {name: nn}, v: %s}", t[i].value);
		got = cells(table, obj);
		(void)str_format(want, sizeof(want), "[\"nn\",%s]", t[i].want);
		CHECK_TEXT(got, want);
		xfree(got);
		table_free(table);
		cJSON_Delete(columns);
	}
}

static void
a_kind_without_columns_shows_name_and_age(void)
{
	struct table *t = table_new(NULL, NULL);
	char *got = cells(t, "{metadata: {name: nn, creationTimestamp: "
			     "'2026-11-22T18:35:00Z'}}");

	CHECK_TEXT(got, "[\"nn\",\"5m\"]");
	xfree(got);
	got = cells(t, "{metadata: {name: nn}}");
	CHECK_TEXT(got, "[\"nn\",\"<unknown>\"]");
	xfree(got);
	table_free(t);
}

static void
bad_columns_are_named(void)
{
	static const struct {
		const char *columns, *why;
	} t[] = {
		{ "[{name: C, type: string}]",
		    "column 1: name, type and jsonPath are required" },
		{ "[{name: C, type: text, jsonPath: .a}]",
		    "column C: type \"text\" is none of string, integer, "
		    "number, boolean, date" },
		{ "[{name: C, type: string, jsonPath: a}]",
		    "column C: jsonPath a: a path starts with a dot at "
		    "character 0" },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct err e = { 0 };
		cJSON *columns = rig_yaml(t[i].columns);

		CU_ASSERT_PTR_NULL(table_new(columns, &e));
		CHECK_TEXT(e.msg, t[i].why);
		cJSON_Delete(columns);
	}
}

static void
builtin_kinds_show_their_columns(void)
{
	static const struct {
		const char *group, *kind, *object, *want;
	} t[] = {
		{ "", "Namespace",
		    "{metadata: {name: nn}, status: {phase: "
		    "Active}}",
		    "[\"nn\",\"Active\",\"<unknown>\"]" },
		{ "", "Secret",
		    "{metadata: {name: s}, type: Opaque, data: {a: eA==, b: "
		    "eQ==}}",
		    "[\"s\",\"Opaque\",2,\"<unknown>\"]" },
		{ "", "ConfigMap",
		    "{metadata: {name: c}, data: {a: x}, binaryData: {b: z}}",
		    "[\"c\",2,\"<unknown>\"]" },
		{ "coordination.k8s.io", "Lease",
		    "{metadata: {name: l}, spec: {holderIdentity: me}}",
		    "[\"l\",\"me\",\"<unknown>\"]" },
		{ "apiextensions.k8s.io", "CustomResourceDefinition",
		    "{metadata: {name: c, creationTimestamp: "
		    "'2026-11-22T18:35:00Z'}}",
		    "[\"c\",\"2026-11-22T18:35:00Z\"]" },
		{ "", "Node",
		    "{metadata: {name: nn, labels: "
		    "{node-role.kubernetes.io/control-plane: ''}}, spec: "
		    "{unschedulable: true}, status: {conditions: [{type: "
		    "Ready, status: 'True'}], addresses: [{type: InternalIP, "
		    "address: 10.0.0.9}], nodeInfo: {kubeletVersion: v1.32.0, "
		    "osImage: Linux}}}",
		    "[\"nn\",\"Ready,SchedulingDisabled\",\"control-plane\","
		    "\"<unknown>\",\"v1.32.0\",\"10.0.0.9\",\"<none>\","
		    "\"Linux\",\"<unknown>\",\"<unknown>\"]" },
		{ "", "Event",
		    "{metadata: {name: e}, involvedObject: {kind: "
		    "PhysicalHost, name: h}, type: Normal, reason: Enrolled, "
		    "message: \"done\\n\", source: {component: agent}, count: "
		    "3, firstTimestamp: '2026-11-22T18:30:00Z', lastTimestamp: "
		    "'2026-11-22T18:39:30Z'}",
		    "[\"30s\",\"Normal\",\"Enrolled\",\"physicalhost/h\",\"\","
		    "\"agent\",\"done\",\"10m\",3,\"e\"]" },
		{ "events.k8s.io", "Event",
		    "{metadata: {name: e}, regarding: {kind: Node, name: h}, "
		    "type: Warning, reason: R, note: x, eventTime: "
		    "'2026-11-22T18:39:00.000001Z', reportingController: c, "
		    "reportingInstance: i}",
		    "[\"59s\",\"Warning\",\"R\",\"node/h\",\"\",\"c, "
		    "i\",\"x\",\"59s\",1,\"e\"]" },
		{ "", "Unheard", "{metadata: {name: u}}",
		    "[\"u\",\"<unknown>\"]" },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct table *table = table_new_builtin(t[i].group, t[i].kind);
		char *got = cells(table, t[i].object);

		CHECK_TEXT(got, t[i].want);
		xfree(got);
		table_free(table);
	}
}

static void
rows_carry_what_was_asked_for(void)
{
	struct table *t = table_new(NULL, NULL);
	cJSON *obj = rig_yaml("{apiVersion: v1, kind: K, metadata: {name: nn, "
			      "resourceVersion: '7'}, spec: {a: 1}}");
	const cJSON *items[] = { obj, obj };
	struct table_opts o = { .wall_us = NOW * S };
	cJSON *meta = rig_yaml("{resourceVersion: '9', continue: x}"), *out;

	out = table_render(t, items, 1, &o);
	CHECK_TEXT(json_str(out, "kind", NULL), "Table");
	CHECK_TEXT(json_str(out, "apiVersion", NULL), "meta.k8s.io/v1");
	CHECK_TEXT(json_str(out, "metadata/resourceVersion", NULL), "7");
	CHECK_TEXT(json_str(out, "columnDefinitions/0/format", NULL), "name");
	CHECK_TEXT(
	    json_str(out, "rows/0/object/kind", NULL), "PartialObjectMetadata");
	CHECK_TEXT(json_str(out, "rows/0/object/metadata/name", NULL), "nn");
	CU_ASSERT_PTR_NULL(json_at(out, "rows/0/object/spec"));
	cJSON_Delete(out);

	o.include = TABLE_OBJECT;
	o.no_headers = true;
	o.meta = meta;
	out = table_render(t, items, 2, &o);
	CU_ASSERT_EQUAL(json_i64(out, "rows/1/object/spec/a", 0), 1);
	CU_ASSERT_EQUAL(
	    cJSON_GetArraySize(json_at(out, "columnDefinitions")), 0);
	CHECK_TEXT(json_str(out, "metadata/continue", NULL), "x");
	cJSON_Delete(out);

	o.include = TABLE_NONE;
	out = table_render(t, items, 1, &o);
	CU_ASSERT_TRUE(cJSON_IsNull(json_at(out, "rows/0/object")));
	cJSON_Delete(out);
	cJSON_Delete(meta);
	cJSON_Delete(obj);
	table_free(t);
}

static void
accept_headers_choose_tables(void)
{
	static const struct {
		const char *accept;
		bool table, partial;
	} t[] = {
		{ "application/json;as=Table;v=v1;g=meta.k8s.io,"
		  "application/json;as=Table;v=v1beta1;g=meta.k8s.io,"
		  "application/json",
		    true, false },
		{ "application/json;as=Table;g=meta.k8s.io;v=v1, */*", true,
		    false },
		{ "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta."
		  "k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io",
		    true, false },
		{ "application/json", false, false },
		{ "application/json, application/json;as=Table;v=v1;g=meta."
		  "k8s.io",
		    false, false },
		{ "application/json;as=Table;v=v1beta1;g=meta.k8s.io", false,
		    false },
		{ "application/json;as=PartialObjectMetadataList;v=v1;g=meta."
		  "k8s.io",
		    false, true },
		{ "application/json;as=PartialObjectMetadata;g=meta.k8s.io;"
		  "v=v1",
		    false, true },
		{ "*/*", false, false },
		{ "", false, false },
		{ NULL, false, false },
	};
	enum table_include inc;

	for (size_t i = 0; i < N(t); i++) {
		CHECK_ROW(table_accepted(t[i].accept) == t[i].table,
		    t[i].accept == NULL ? "NULL" : t[i].accept);
		CHECK_ROW(table_partial_accepted(t[i].accept) == t[i].partial,
		    t[i].accept == NULL ? "NULL" : t[i].accept);
	}
	CU_ASSERT_TRUE(table_include_parse("Object", &inc));
	CU_ASSERT_EQUAL(inc, TABLE_OBJECT);
	CU_ASSERT_TRUE(table_include_parse(NULL, &inc));
	CU_ASSERT_EQUAL(inc, TABLE_METADATA);
	CU_ASSERT_FALSE(table_include_parse("All", &inc));
}

static const struct unit_case cases[] = {
	UNIT_CASE(ages_read_as_kubectl_prints_them),
	UNIT_CASE(cells_follow_the_type_of_their_column),
	UNIT_CASE(a_kind_without_columns_shows_name_and_age),
	UNIT_CASE(bad_columns_are_named),
	UNIT_CASE(builtin_kinds_show_their_columns),
	UNIT_CASE(rows_carry_what_was_asked_for),
	UNIT_CASE(accept_headers_choose_tables),
};

int
main(void)
{
	return UNIT_RUN("table", cases);
}
