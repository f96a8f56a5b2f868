/* See role.h. */
#include "scenarios/runner/role.h"

#include <string.h>

#include "common/buf.h"
#include "common/files.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"

#define ROLE_FILE "deploy/kustomize/rbac.yaml"
#define ROLE_MAX (1u << 20)

static cJSON *
role_rules(const cJSON *documents)
{
	cJSON *all = cJSON_CreateArray();
	const cJSON *d, *r;

	cJSON_ArrayForEach (d, documents) {
		cJSON_ArrayForEach (r, json_arr(d, "rules"))
			cJSON_AddItemToArray(all, json_dup(r));
	}
	return all;
}

cJSON *
role_load(const char *root, struct err *e)
{
	struct files f = files_system();
	char *path = xasprintf("%s/" ROLE_FILE, root);
	cJSON *documents = NULL, *rules = NULL;
	struct buf b;

	buf_init(&b, ROLE_MAX);
	if (f.read(f.self, path, &b, e))
		documents = yaml_parse_all(buf_str(&b), b.n, ROLE_FILE, e);
	if (documents != NULL)
		rules = role_rules(documents);
	if (rules != NULL && cJSON_GetArraySize(rules) == 0) {
		(void)err_set(e, ERR_SPEC, 0, "%s has no rules", path);
		cJSON_Delete(rules);
		rules = NULL;
	}
	cJSON_Delete(documents);
	buf_free(&b);
	xfree(path);
	return rules;
}

/* A wildcard grants too, as it would; that there is none is a test's matter. */
static bool
role_lists(const cJSON *rule, const char *key, const char *word)
{
	const cJSON *it;

	cJSON_ArrayForEach (it, json_arr(rule, key)) {
		if (cJSON_IsString(it) && (str_eq(it->valuestring, word) ||
					      str_eq(it->valuestring, "*")))
			return true;
	}
	return false;
}

bool
role_grants(const cJSON *rules, const char *verb, const char *resource)
{
	/* plural[.group][/subresource] */
	size_t plural = strcspn(resource, "./");
	const char *rest = resource + plural;
	const char *sub = strchr(rest, '/');
	size_t n = sub != NULL ? (size_t)(sub - rest) : strlen(rest);
	char *group = n > 0 ? xstrndup(rest + 1, n - 1) : xstrdup("");
	char *name =
	    xasprintf("%.*s%s", (int)plural, resource, sub != NULL ? sub : "");
	const cJSON *r;
	bool yes = false;

	if (str_eq(verb, "apply"))
		verb = "patch";
	cJSON_ArrayForEach (r, rules)
		yes = yes || (role_lists(r, "apiGroups", group) &&
				 role_lists(r, "resources", name) &&
				 role_lists(r, "verbs", verb));
	xfree(name);
	xfree(group);
	return yes;
}

void
role_check(const cJSON *rules, const cJSON *stats, const char *user,
    void (*refused)(void *arg, const char *verb, const char *resource),
    void *arg)
{
	const cJSON *asked = json_child(json_at(stats, "requests"), user);
	const cJSON *verb, *resource;

	cJSON_ArrayForEach (verb, asked) {
		cJSON_ArrayForEach (resource, verb)
			if (!role_grants(rules, verb->string, resource->string))
				refused(arg, verb->string, resource->string);
	}
}
