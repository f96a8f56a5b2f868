#include "sim/kube/load.h"

#include <string.h>

#include "common/files.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "common/yaml.h"
#include "sim/kube/state.h"

/* "/api/v1/namespaces/ns/secrets" of an object; NULL if it is not served. */
static char *
collection(struct kube_server *s, const cJSON *obj)
{
	const char *version = json_str(obj, "apiVersion", "");
	const struct ks_kind *k =
	    ks_kind_of_ref(&s->store.kinds, version, json_str(obj, "kind", ""));
	const char *ns = json_str(obj, "metadata/namespace", "default");
	const char *api = strchr(version, '/') != NULL ? "apis" : "api";
	char *safe, *out;

	if (k == NULL)
		return NULL;
	if (!k->namespaced)
		return xasprintf("/%s/%s/%s", api, version, k->plural);
	safe = url_escape(ns);
	out =
	    xasprintf("/%s/%s/namespaces/%s/%s", api, version, safe, k->plural);
	xfree(safe);
	return out;
}

/* What a second load replaces: all but what the server owns. */
static cJSON *
replace(struct kube_server *s, const char *base, cJSON *obj, int *status)
{
	char *name = url_escape(json_str(obj, "metadata/name", ""));
	char *target = xasprintf("%s/%s", base, name), *body;
	cJSON *reply = kube_server_do(s, "GET", target, NULL, NULL, status);

	json_set_str(json_ensure_obj(obj, "metadata"), "resourceVersion",
	    json_str(reply, "metadata/resourceVersion", NULL));
	cJSON_Delete(reply);
	body = json_print(obj);
	reply = kube_server_do(s, "PUT", target, NULL, body, status);
	xfree(body);
	xfree(name);
	xfree(target);
	return reply;
}

static bool
load_object(struct kube_server *s, cJSON *obj, const char *name, struct err *e)
{
	char *base = collection(s, obj), *body;
	cJSON *reply;
	int status;
	bool ok;

	if (base == NULL)
		return err_set(e, ERR_SPEC, 0, "%s: %s %s is not served", name,
		    json_str(obj, "apiVersion", "(no apiVersion)"),
		    json_str(obj, "kind", "(no kind)"));
	body = json_print(obj);
	reply = kube_server_do(s, "POST", base, NULL, body, &status);
	xfree(body);
	if (status == 409) {
		cJSON_Delete(reply);
		reply = replace(s, base, obj, &status);
	}
	ok = status < 300;
	if (!ok)
		(void)err_set(e, ERR_SPEC, status, "%s: %s", name,
		    json_str(reply, "message", "refused"));
	cJSON_Delete(reply);
	xfree(base);
	return ok;
}

static bool
load_list(struct kube_server *s, cJSON *list, const char *name, struct err *e)
{
	cJSON *c;

	cJSON_ArrayForEach (c, list) {
		cJSON *items = json_at_mut(c, "items");
		bool is_list = items != NULL &&
			       str_has_suffix(json_str(c, "kind", ""), "List");

		if (!(is_list ? load_list(s, items, name, e)
			      : load_object(s, c, name, e)))
			return false;
	}
	return true;
}

bool
kube_server_apply_yaml(struct kube_server *s, const char *text, size_t n,
    const char *name, struct err *e)
{
	cJSON *docs = yaml_parse_all(text, n, name, e);
	bool ok = docs != NULL && load_list(s, docs, name, e);

	cJSON_Delete(docs);
	return ok;
}

static bool
load_file(struct kube_server *s, const char *path, struct err *e)
{
	struct buf text;
	bool ok;

	buf_init(&text, YAML_MAX_BYTES);
	ok = s->env.files->read(s->env.files->self, path, &text, e) &&
	     kube_server_apply_yaml(s, buf_str(&text), text.n, path, e);
	buf_free(&text);
	return ok;
}

static bool
is_manifest(const char *name)
{
	/* kustomization.yaml describes a folder, it is no object. */
	if (str_has_prefix(name, "kustomization."))
		return false;
	return str_has_suffix(name, ".yaml") || str_has_suffix(name, ".yml") ||
	       str_has_suffix(name, ".json");
}

static bool
load_folder(struct kube_server *s, const char *path, char *names, struct err *e)
{
	char *next;
	bool ok = true;

	for (char *name = names; ok && *name != '\0'; name = next) {
		char *file;

		next = name + strcspn(name, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (!is_manifest(name))
			continue;
		file = xasprintf("%s/%s", path, name);
		ok = load_file(s, file, e);
		xfree(file);
	}
	return ok;
}

bool
ks_load_path(struct kube_server *s, const char *path, struct err *e)
{
	struct buf names;
	struct err none = { 0 };
	bool ok;

	if (is_manifest(path))
		return load_file(s, path, e);
	buf_init(&names, 1u << 20);
	if (s->env.files->list(s->env.files->self, path, &names, &none))
		ok = names.n == 0 || load_folder(s, path, names.p, e);
	else
		ok = load_file(s, path, e);
	buf_free(&names);
	return ok;
}
