/* See count.h. */
#include "scenarios/runner/count.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/kinds.h"
#include "scenarios/runner/play.h"

const struct shape_key count_keys[] = {
	{ "bmc", S_TEXT, false, "Redfish requests to this BMC" },
	{ "operation", S_TEXT, false,
	    "reset, insert, login, ...; `writes`; "
	    "default all" },
	{ "object", S_REF, false, "the agent's writes to this object" },
	{ "equals", S_INT, false, "" },
	{ "at-most", S_INT, false, "" },
	{ "at-least", S_INT, false, "" },
	{ NULL, S_ANY, false, NULL },
};

int64_t
count_redfish(struct play *p, const char *bmc, const char *op)
{
	char *path = xasprintf("/bmcs/%s", bmc);
	int status;
	cJSON *j = p->be->ops->bmc(p->be, "GET", path, NULL, &status);
	int64_t n = -1;

	if (status == 200 && op == NULL)
		n = json_i64(j, "counters/requests", 0);
	else if (status == 200 && str_eq(op, "writes"))
		n = json_i64(j, "counters/writes", 0);
	else if (status == 200)
		n = json_i64(
		    json_child(json_child(j, "operations"), op), "", 0);
	cJSON_Delete(j);
	xfree(path);
	return n;
}

int64_t
count_writes(struct play *p, const char *resource, const char *object)
{
	cJSON *stats = p->be->ops->kube_stats(p->be);
	const cJSON *w = json_child(json_at(stats, "writes"), "beskar7-agent");
	int64_t n =
	    json_i64(json_child(json_child(w, resource), object), "", 0);

	cJSON_Delete(stats);
	return n;
}

static bool
count_object(struct play *p, const char *text, int64_t *n, struct err *e)
{
	struct object_ref r;
	char resource[160], object[330];

	if (!object_ref_parse(&r, text, e))
		return false;
	(void)str_format(resource, sizeof(resource), "%s%s%s", r.kind->resource,
	    r.kind->group[0] == '\0' ? "" : ".", r.kind->group);
	(void)str_format(object, sizeof(object), "%s/%s", r.ns, r.name);
	*n = count_writes(p, resource, object);
	return true;
}

bool
count_arg_check(const cJSON *arg, const char *path,
    const struct shape_source *s, struct err *e)
{
	return (json_child(arg, "bmc") == NULL) !=
		   (json_child(arg, "object") == NULL) ||
	       shape_error(s, path, e, "count needs either bmc or object");
}

bool
count_check(struct play *p, const cJSON *a, struct err *e)
{
	const char *bmc = json_str(a, "bmc", NULL);
	const char *object = json_str(a, "object", NULL);
	const char *op = json_str(a, "operation", NULL);
	int64_t n = 0;

	if (object != NULL && !count_object(p, object, &n, e))
		return false;
	if (bmc != NULL)
		n = count_redfish(p, bmc, op);
	if (n < 0)
		return err_set(e, ERR_SPEC, 0, "there is no BMC %s", bmc);
	if (n <= json_i64(a, "at-most", INT64_MAX) &&
	    n >= json_i64(a, "at-least", 0) && n == json_i64(a, "equals", n))
		return true;
	return err_set(e, ERR_SPEC, 0, "%s: %lld %s%s",
	    bmc != NULL ? bmc : object, (long long)n,
	    object != NULL ? "writes" : "requests, operation ",
	    object != NULL ? ""
	    : op == NULL   ? "any"
			   : op);
}
