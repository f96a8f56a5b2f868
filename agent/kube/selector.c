/* metav1.LabelSelector against an object's labels. */
#include <string.h>

#include "agent/kube/object.h"
#include "common/json.h"
#include "common/str.h"

enum sel_op {
	SEL_IN,
	SEL_NOT_IN,
	SEL_EXISTS,
	SEL_NOT_EXISTS,
	SEL_BAD
};

static enum sel_op
op_parse(const char *s)
{
	static const char *const names[] = { "In", "NotIn", "Exists",
		"DoesNotExist" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_eq(s, names[i]))
			return (enum sel_op)i;
	}
	return SEL_BAD;
}

static bool
list_of_strings(const cJSON *v)
{
	const cJSON *it;

	if (!cJSON_IsArray(v))
		return false;
	cJSON_ArrayForEach (it, v) {
		if (!cJSON_IsString(it))
			return false;
	}
	return true;
}

static bool
list_has(const cJSON *v, const char *s)
{
	const cJSON *it;

	cJSON_ArrayForEach (it, v) {
		if (cJSON_IsString(it) && str_eq(it->valuestring, s))
			return true;
	}
	return false;
}

static bool
expr_valid(const cJSON *x, size_t i, struct err *e)
{
	const char *key = NULL, *op = NULL;
	const cJSON *values;
	enum sel_op o;

	if (!cJSON_IsObject(x) || json_get_str(x, "key", &key) != JSON_GOT ||
	    str_empty(key))
		return err_set(
		    e, ERR_SPEC, 0, "matchExpressions[%zu].key is missing", i);
	if (json_get_str(x, "operator", &op) != JSON_GOT)
		op = "";
	o = op_parse(op);
	if (o == SEL_BAD)
		return err_set(e, ERR_SPEC, 0,
		    "matchExpressions[%zu].operator \"%.40s\" is none of In, "
		    "NotIn, Exists, DoesNotExist",
		    i, op);
	values = json_child(x, "values");
	if (cJSON_IsNull(values))
		values = NULL;
	if (values != NULL && !list_of_strings(values))
		return err_set(e, ERR_SPEC, 0,
		    "matchExpressions[%zu].values is no list of strings", i);
	if ((o == SEL_IN || o == SEL_NOT_IN) !=
	    (values != NULL && cJSON_GetArraySize(values) > 0))
		return err_set(e, ERR_SPEC, 0,
		    "matchExpressions[%zu]: %s %s values", i, op,
		    o == SEL_IN || o == SEL_NOT_IN ? "needs" : "takes no");
	return true;
}

static bool
present(const cJSON *v)
{
	return v != NULL && !cJSON_IsNull(v);
}

static bool
labels_valid(const cJSON *m, struct err *e)
{
	const cJSON *it;

	if (!cJSON_IsObject(m))
		return err_set(e, ERR_SPEC, 0, "matchLabels is no object");
	cJSON_ArrayForEach (it, m) {
		if (!cJSON_IsString(it))
			return err_set(e, ERR_SPEC, 0,
			    "matchLabels[%.100s] is no string", it->string);
	}
	return true;
}

static bool
exprs_valid(const cJSON *m, struct err *e)
{
	const cJSON *it;
	size_t i = 0;

	if (!cJSON_IsArray(m))
		return err_set(e, ERR_SPEC, 0, "matchExpressions is no list");
	cJSON_ArrayForEach (it, m) {
		if (!expr_valid(it, i, e))
			return false;
		i++;
	}
	return true;
}

bool
kobj_selector_valid(const cJSON *selector, struct err *e)
{
	const cJSON *labels, *exprs;

	if (!present(selector))
		return true;
	if (!cJSON_IsObject(selector))
		return err_set(e, ERR_SPEC, 0, "the selector is no object");
	labels = json_child(selector, "matchLabels");
	exprs = json_child(selector, "matchExpressions");
	return (!present(labels) || labels_valid(labels, e)) &&
	       (!present(exprs) || exprs_valid(exprs, e));
}

static bool
expr_matches(const cJSON *x, const cJSON *o)
{
	const char *have = kobj_label(o, json_str(x, "key", ""));
	const cJSON *values = json_child(x, "values");

	switch (op_parse(json_str(x, "operator", ""))) {
	case SEL_IN:
		return have != NULL && list_has(values, have);
	case SEL_NOT_IN:
		return have == NULL || !list_has(values, have);
	case SEL_EXISTS:
		return have != NULL;
	case SEL_NOT_EXISTS:
		return have == NULL;
	case SEL_BAD:
		break;
	}
	return false;
}

bool
kobj_selector_matches(const cJSON *selector, const cJSON *o, struct err *e)
{
	const cJSON *it, *l;

	if (!kobj_selector_valid(selector, e))
		return false;
	if (!present(selector))
		return true;
	l = json_child(selector, "matchLabels");
	cJSON_ArrayForEach (it, l) {
		if (!str_eq(kobj_label(o, it->string), it->valuestring))
			return false;
	}
	l = json_child(selector, "matchExpressions");
	cJSON_ArrayForEach (it, l) {
		if (!expr_matches(it, o))
			return false;
	}
	return true;
}
