/* One pass over a Cluster or Machine: what both controllers begin with. */
#include "common/json.h"
#include "common/mem.h"
#include "sim/core/internal.h"

bool
core_pass_start(struct core_pass *p, struct core_object *o,
    struct core_cache *cache, const char *resource)
{
	const cJSON *status;

	*p = (struct core_pass){ .c = o->c, .o = o };
	p->tree = core_cache_get(cache, o->key);
	if (p->tree == NULL)
		return false;
	p->ns = json_str(p->tree, "metadata/namespace", "");
	p->name = json_str(p->tree, "metadata/name", "");
	p->path = xasprintf(
	    CAPI_PATH "/namespaces/%s/%s/%s", p->ns, resource, p->name);
	status = json_obj(p->tree, "status");
	p->status = status != NULL ? json_dup(status) : cJSON_CreateObject();
	p->found = core_infra_get(o->c, p->ns,
	    json_obj(p->tree, "spec/infrastructureRef"), &p->infra,
	    &p->infra_path);
	if (p->found == INFRA_LISTING)
		core_kick(o); /* nobody tells that a list had nothing */
	return true;
}

void
core_pass_fini(struct core_pass *p)
{
	cJSON_Delete(p->status);
	xfree(p->path);
	xfree(p->infra_path);
}
