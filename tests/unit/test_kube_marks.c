/* What a write leaves as it was is marked and passed over by all that follows: the
 * outcome is that of looking at everything. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/random.h"
#include "common/str.h"
#include "sim/kube/schema.h"
#include "sim/kube/typed.h"
#include "tests/unit/unit.h"

#define ROUNDS 3000

static const char schema_text[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"spec\":{\"type\":\"object\",\"required\":[\"name\"],\"properties\":{"
    "\"name\":{\"type\":\"string\",\"maxLength\":4},"
    "\"mode\":{\"type\":\"string\",\"default\":\"auto\"},"
    "\"limit\":{\"type\":\"object\",\"default\":{},\"properties\":{"
    "\"n\":{\"type\":\"integer\",\"default\":3,\"maximum\":9}}},"
    "\"tags\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\","
    "\"items\":{\"type\":\"string\"}}}},"
    "\"status\":{\"type\":\"object\",\"properties\":{"
    "\"phase\":{\"type\":\"string\",\"enum\":[\"a\",\"b\",\"c\"]},"
    "\"labels\":{\"type\":\"object\","
    "\"additionalProperties\":{\"type\":\"string\"}},"
    "\"conditions\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\","
    "\"x-kubernetes-list-map-keys\":[\"type\"],\"items\":{"
    "\"type\":\"object\",\"required\":[\"type\"],\"properties\":{"
    "\"type\":{\"type\":\"string\",\"minLength\":1},"
    "\"status\":{\"type\":\"string\",\"default\":\"Unknown\"},"
    "\"n\":{\"type\":\"integer\"}}}}}}}}";

static const char object_text[] =
    "{\"apiVersion\":\"x/v1\",\"kind\":\"X\",\"metadata\":{\"name\":\"o\"},"
    "\"spec\":{\"name\":\"abc\",\"mode\":\"auto\",\"limit\":{\"n\":3},"
    "\"tags\":[\"p\",\"q\",\"r\"]},"
    "\"status\":{\"phase\":\"a\",\"labels\":{\"k\":\"v\",\"l\":\"w\"},"
    "\"conditions\":[{\"type\":\"A\",\"status\":\"True\",\"n\":1},"
    "{\"type\":\"B\",\"status\":\"Unknown\"},"
    "{\"type\":\"C\",\"status\":\"False\",\"n\":2}]}}";

static cJSON *
parse(const char *text)
{
	cJSON *j = json_parse(text, strlen(text), NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	return j;
}

/* ---- one change, right or wrong ----------------------------------------------- */

static const char reordered[] = "[{\"type\":\"C\",\"n\":2},"
				"{\"type\":\"A\",\"status\":\"True\",\"n\":1}]";

static void
set_any(cJSON *obj, const char *path, struct rng *rng)
{
	static const char *const values[] = { "\"a\"", "\"True\"", "7", "99",
		"null", "{}", "[]", "\"too long\"", "{\"n\":4,\"odd\":1}",
		"[\"q\",\"p\"]", "[\"p\",\"p\"]",
		"[{\"type\":\"A\"},{\"type\":\"A\"}]", reordered };
	size_t n = sizeof(values) / sizeof(values[0]);

	json_put(obj, path, parse(values[rng_below(rng, n)]));
}

static void
change(cJSON *obj, struct rng *rng)
{
	static const char *const paths[] = { "spec/name", "spec/mode",
		"spec/limit", "spec/limit/n", "spec/tags", "spec/tags/1",
		"spec/new", "status/phase", "status/labels/k",
		"status/labels/m", "status/conditions", "status/conditions/0/n",
		"status/conditions/1/type", "status/conditions/1/status",
		"status/conditions/2/odd", "status/conditions/2", "status",
		"spec" };
	size_t n = sizeof(paths) / sizeof(paths[0]);
	const char *path = paths[rng_below(rng, n)];
	cJSON *list = json_at_mut(obj, "status/conditions");

	switch (rng_below(rng, 4)) {
	case 0:
		json_put(obj, path, NULL);
		break;
	case 1: /* the first to the end */
		if (cJSON_IsArray(list) && list->child != NULL)
			(void)cJSON_AddItemToArray(list,
			    cJSON_DetachItemViaPointer(list, list->child));
		break;
	default:
		set_any(obj, path, rng);
	}
}

/* ---- with marks and without --------------------------------------------------- */

static char *
errors_text(const struct field_errors *l)
{
	char *all = xstrdup("");

	for (size_t i = 0; i < l->n; i++) {
		char *more =
		    xasprintf("%s%s: %s\n", all, l->v[i].path, l->v[i].body);

		xfree(all);
		all = more;
	}
	return all;
}

/* All that is found out about after, as text. */
static char *
outcome(const struct schema *s, const cJSON *before, cJSON *after, bool marked)
{
	struct ks_type type = { s, NULL };
	struct schema_unknown unknown = { 0 };
	struct field_errors l = { 0 };
	cJSON *changed, *gone;
	char *t[5], *all;

	schema_prune(s, after, &unknown);
	schema_default(s, after);
	if (marked)
		(void)schema_validate_marked(s, before, after, &l);
	else
		(void)schema_validate_change(s, before, after, &l);
	ks_typed_compare(&type, before, after, &changed, &gone);
	t[0] = json_print(after);
	t[1] = schema_unknown_text(&unknown);
	t[2] = errors_text(&l);
	t[3] = json_print(changed);
	t[4] = json_print(gone);
	all = xasprintf("%s\n%s\n%s%s\n%s", t[0], t[1], t[2], t[3], t[4]);
	for (size_t i = 0; i < 5; i++)
		xfree(t[i]);
	cJSON_Delete(changed);
	cJSON_Delete(gone);
	schema_unknown_free(&unknown);
	field_errors_free(&l);
	return all;
}

static void
marks_change_no_outcome(void)
{
	cJSON *text = parse(schema_text), *before = parse(object_text);
	struct schema *s = schema_compile(text, NULL);
	struct rng rng;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	rng_seed(&rng, 7, "marks");
	for (unsigned i = 0; i < ROUNDS; i++) {
		cJSON *plain = json_dup(before), *marked, *c;
		char *want, *got;

		change(plain, &rng);
		if (rng_below(&rng, 3) == 0)
			change(plain, &rng);
		marked = json_dup(plain);
		cJSON_ArrayForEach (c, marked)
			if (!str_eq(c->string, "metadata"))
				(void)json_mark_same(
				    json_child(before, c->string), c);
		want = outcome(s, before, plain, false);
		got = outcome(s, before, marked, true);
		CHECK_TEXT(got, want);
		xfree(want);
		xfree(got);
		cJSON_Delete(plain);
		cJSON_Delete(marked);
	}
	schema_free(s);
	cJSON_Delete(text);
	cJSON_Delete(before);
}

/* ---- the marks themselves ------------------------------------------------------ */

static void
what_is_equal_in_its_place_is_marked(void)
{
	cJSON *was = parse("{\"a\":{\"x\":1,\"y\":[1,2]},\"b\":[{\"k\":1},2],"
			   "\"c\":null}");
	cJSON *now = parse("{\"b\":[{\"k\":1},3],\"a\":{\"y\":[1,2],\"x\":1},"
			   "\"c\":null,\"d\":1}");
	cJSON *copy;

	CU_ASSERT_FALSE(json_mark_same(was, now));
	CU_ASSERT_FALSE(json_same(now));
	CU_ASSERT_TRUE(json_same(json_at(now, "a")));
	CU_ASSERT_TRUE(json_same(json_at(now, "a/y/1")));
	CU_ASSERT_FALSE(json_same(json_at(now, "b")));
	CU_ASSERT_TRUE(json_same(json_at(now, "b/0")));
	CU_ASSERT_FALSE(json_same(json_at(now, "b/1")));
	CU_ASSERT_TRUE(json_same(json_at(now, "c")));
	CU_ASSERT_FALSE(json_same(json_at(now, "d")));
	copy = json_dup(now);
	CU_ASSERT_FALSE(json_same(json_at(copy, "a")));
	CU_ASSERT_TRUE(json_equal(copy, now));
	cJSON_Delete(copy);
	/* Once more: what was the same is not for ever. */
	json_put(was, "a/x", cJSON_CreateNumber(2));
	(void)json_mark_same(was, now);
	CU_ASSERT_FALSE(json_same(json_at(now, "a")));
	CU_ASSERT_TRUE(json_same(json_at(now, "a/y")));
	cJSON_Delete(was);
	cJSON_Delete(now);
}

static void
less_is_not_the_same(void)
{
	cJSON *was = parse("{\"a\":{\"x\":1,\"y\":2},\"b\":[1,2]}");
	cJSON *now = parse("{\"a\":{\"x\":1},\"b\":[1]}");

	CU_ASSERT_FALSE(json_mark_same(was, now));
	CU_ASSERT_FALSE(json_same(json_at(now, "a")));
	CU_ASSERT_TRUE(json_same(json_at(now, "a/x")));
	CU_ASSERT_FALSE(json_same(json_at(now, "b")));
	CU_ASSERT_TRUE(json_same(json_at(now, "b/0")));
	cJSON_Delete(was);
	cJSON_Delete(now);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(what_is_equal_in_its_place_is_marked),
		UNIT_CASE(less_is_not_the_same),
		UNIT_CASE(marks_change_no_outcome),
	};

	return UNIT_RUN("kube_marks", cases);
}
