/*
 * Hostile schemas, objects, patterns and paths: {"schema", "object", "crd",
 * "pattern", "path"}, each optional. Pruning and defaulting settle at once,
 * what was pruned holds no unknown field, and nothing costs without bound.
 */
#include <stdint.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "sim/kube/crd.h"
#include "sim/kube/jsonpath.h"
#include "sim/kube/schema_regex.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
admit(const struct schema *s, const cJSON *object)
{
	struct schema_unknown u = { 0 }, again = { 0 };
	struct field_errors l = { 0 };
	cJSON *obj = json_dup(object), *once;
	bool ok;

	schema_prune(s, obj, &u);
	schema_prune(s, obj, &again);
	MUST(again.n == 0);
	schema_default(s, obj);
	once = json_dup(obj);
	schema_default(s, obj);
	MUST(json_equal(once, obj));
	ok = schema_validate(s, obj, &l);
	MUST(ok == (l.n == 0 && !l.more));
	MUST(l.n <= FIELD_ERRORS_MAX);
	cJSON_Delete(field_errors_status(&l, "g", "K", "n"));
	(void)schema_validate_metadata(obj, true, &l);
	cJSON_Delete(once);
	cJSON_Delete(obj);
	field_errors_free(&l);
	schema_unknown_free(&u);
	schema_unknown_free(&again);
}

static void
try_schema(const cJSON *j)
{
	const cJSON *schema = json_child(j, "schema");
	const cJSON *object = json_child(j, "object");
	struct err e = { 0 };
	struct schema *s;

	if (schema == NULL)
		return;
	s = schema_compile(schema, &e);
	MUST((s == NULL) == (e.kind == ERR_SPEC));
	if (s != NULL && object != NULL)
		admit(s, object);
	schema_free(s);
}

static void
try_crd(const cJSON *j)
{
	const cJSON *object = json_child(j, "object");
	struct table_opts o = { .wall_us = 0 };
	struct field_errors l = { 0 };
	cJSON *doc = json_dup(json_child(j, "crd"));
	struct crd *c;

	if (doc == NULL)
		return;
	crd_default(doc);
	c = crd_parse(doc, &l);
	MUST((c == NULL) == (l.n > 0));
	if (c != NULL && object != NULL)
		cJSON_Delete(
		    table_render(c->versions[0].table, &object, 1, &o));
	crd_free(c);
	field_errors_free(&l);
	cJSON_Delete(doc);
}

static void
try_texts(const cJSON *j)
{
	const char *pattern = json_str(j, "pattern", NULL);
	const char *path = json_str(j, "path", NULL);
	const cJSON *out[4];
	struct err e = { 0 };

	if (pattern != NULL) {
		struct schema_regex *r = schema_regex_new(pattern, &e);

		if (r != NULL)
			(void)schema_regex_match(r, json_str(j, "object", ""));
		schema_regex_free(r);
	}
	if (path != NULL) {
		struct jsonpath *p = jsonpath_compile(path, &e);

		if (p != NULL)
			MUST(jsonpath_eval(p, j, out, 4) <= 4);
		jsonpath_free(p);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cJSON *j = json_parse((const char *)data, size, NULL);

	if (j == NULL)
		return 0;
	try_schema(j);
	try_crd(j);
	try_texts(j);
	cJSON_Delete(j);
	return 0;
}
