#include "agent/delivery/tree.h"

#include <string.h>

static void
wipe(cJSON *j)
{
	for (; j != NULL; j = j->next) {
		if (cJSON_IsString(j) && j->valuestring != NULL)
			secret_wipe(j->valuestring, strlen(j->valuestring));
		wipe(j->child);
	}
}

void
tree_drop(cJSON *j)
{
	wipe(j);
	cJSON_Delete(j);
}

void
tree_set(cJSON *obj, const char *key, cJSON *v)
{
	cJSON *was = json_child(obj, key);

	if (was != NULL) {
		if (cJSON_IsString(was) && was->valuestring != NULL)
			secret_wipe(was->valuestring, strlen(was->valuestring));
		wipe(was->child);
	}
	json_set(obj, key, v);
}

void
tree_merge(cJSON *obj, const char *key, cJSON *v)
{
	cJSON *was = json_child(obj, key);
	cJSON *child;

	if (was == NULL || was->type != v->type ||
	    (!cJSON_IsObject(was) && !cJSON_IsArray(was))) {
		tree_set(obj, key, v);
		return;
	}
	while ((child = v->child) != NULL) {
		(void)cJSON_DetachItemViaPointer(v, child);
		if (cJSON_IsArray(was))
			(void)cJSON_AddItemToArray(was, child);
		else
			tree_merge(was, child->string, child);
	}
	cJSON_Delete(v);
}

static void
print_number(struct wiped *out, const cJSON *j)
{
	char *text = json_print(j);

	wiped_adds(out, text);
	xfree(text);
}

/* Recursion ends: the parser's depth is capped. */
void
tree_print(struct wiped *out, const cJSON *j)
{
	bool object = cJSON_IsObject(j);
	const cJSON *c;

	if (cJSON_IsString(j)) {
		wiped_quoted(out, j->valuestring);
		return;
	}
	if (!object && !cJSON_IsArray(j)) {
		print_number(out, j);
		return;
	}
	wiped_adds(out, object ? "{" : "[");
	cJSON_ArrayForEach (c, j) {
		if (c != j->child)
			wiped_adds(out, ",\n");
		if (object) {
			wiped_quoted(out, c->string);
			wiped_adds(out, ": ");
		}
		tree_print(out, c);
	}
	wiped_adds(out, object ? "}" : "]");
}
