#include "sim/kube/output.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "sim/kube/builtin.h"

bool
ks_view_plain(const struct ks_view *v)
{
	return v->form == KS_JSON && !v->version->events_v1;
}

char *
ks_view_text(const struct ks_view *v, const struct ks_object *o)
{
	size_t head = strlen(v->version->head), rest = o->n - o->head;
	char *out = xmalloc(head + rest + 2);

	memcpy(out, v->version->head, head);
	memcpy(out + head, o->text + o->head, rest);
	memcpy(out + head + rest, "\n", 2);
	return out;
}

cJSON *
ks_view_object(
    const struct ks_view *v, cJSON *tree, int64_t wall_us, bool no_headers)
{
	const cJSON *items[1];
	cJSON *out = tree;

	ks_from_storage(v->version, tree);
	if (v->form == KS_PARTIAL) {
		out = table_partial(tree);
		cJSON_Delete(tree);
	} else if (v->form == KS_TABLE) {
		struct table_opts o = { .include = v->include,
			.no_headers = no_headers,
			.wall_us = wall_us };

		items[0] = tree;
		out = table_render(v->version->table, items, 1, &o);
		cJSON_Delete(tree);
	}
	return out;
}

static cJSON *
partial_list(const struct ks_view *v, struct ks_object *const *objs, size_t n,
    cJSON *meta)
{
	cJSON *list = cJSON_CreateObject(), *items = cJSON_CreateArray();

	json_set_str(list, "kind",
	    v->form == KS_PARTIAL ? "PartialObjectMetadataList" : v->kind);
	json_set_str(list, "apiVersion",
	    v->form == KS_PARTIAL ? "meta.k8s.io/v1" : v->version->api_version);
	json_set(list, "metadata", meta);
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(items,
		    ks_view_object(v, ks_object_tree(objs[i]), 0, false));
	json_set(list, "items", items);
	return list;
}

cJSON *
ks_view_list(const struct ks_view *v, const char *list_kind,
    struct ks_object *const *objs, size_t n, cJSON *meta, int64_t wall_us)
{
	struct table_opts o = {
		.include = v->include, .wall_us = wall_us, .meta = meta
	};
	struct ks_view as = *v;
	cJSON **trees, *out;

	if (v->form != KS_TABLE) {
		as.kind = list_kind;
		return partial_list(&as, objs, n, meta);
	}
	trees = xcalloc(n + 1, sizeof(cJSON *));
	for (size_t i = 0; i < n; i++) {
		trees[i] = ks_object_tree(objs[i]);
		ks_from_storage(v->version, trees[i]);
	}
	out =
	    table_render(v->version->table, (const cJSON *const *)trees, n, &o);
	for (size_t i = 0; i < n; i++)
		cJSON_Delete(trees[i]);
	xfree(trees);
	cJSON_Delete(meta);
	return out;
}
