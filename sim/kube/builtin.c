#include "sim/kube/builtin.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/crd.h"
#include "sim/kube/meta.h"

/* stringData is write-only: it goes into data, encoded. */
static void
secret_default(cJSON *obj)
{
	cJSON *plain = json_child(obj, "stringData"), *c, *data;

	if (str_empty(json_str(obj, "type", NULL)))
		json_set_str(obj, "type", "Opaque");
	if (cJSON_IsObject(plain) && plain->child != NULL) {
		data = json_ensure_obj(obj, "data");
		cJSON_ArrayForEach (c, plain) {
			char *text;

			if (!cJSON_IsString(c))
				continue;
			text =
			    b64_encode(c->valuestring, strlen(c->valuestring));
			json_set_str(data, c->string, text);
			xfree(text);
		}
	}
	json_set(obj, "stringData", NULL);
}

static void
namespace_default(const cJSON *before, cJSON *obj)
{
	const char *name = json_str(obj, "metadata/name", NULL);
	cJSON *spec, *list;

	if (name != NULL)
		json_set_str(json_ensure_obj(obj, "metadata/labels"),
		    "kubernetes.io/metadata.name", name);
	if (before != NULL)
		return;
	spec = json_ensure_obj(obj, "spec");
	list = cJSON_CreateArray();
	cJSON_AddItemToArray(list, cJSON_CreateString("kubernetes"));
	json_set(spec, "finalizers", list);
	json_set_str(json_ensure_obj(obj, "status"), "phase", "Active");
}

static void
crd_fill(const cJSON *before, cJSON *obj, int64_t wall_us)
{
	struct field_errors l = { 0 };
	struct crd *c;
	cJSON *status;

	crd_default(obj);
	c = crd_parse(obj, &l);
	if (c != NULL) {
		const cJSON *was = json_arr(before, "status/conditions");

		status = crd_status(c, wall_us);
		if (was != NULL)
			json_set(status, "conditions", json_dup(was));
		json_set(obj, "status", status);
	}
	crd_free(c);
	field_errors_free(&l);
}

/* What the structures of the real server always have, also when nobody said it:
 * such members are stored, printed and owned by nobody. */
static const struct {
	enum ks_special special;
	const char *json;
} skeletons[] = {
	{ KS_LEASE, "{\"spec\":{}}" },
	{ KS_NAMESPACE,
	    "{\"spec\":{\"finalizers\":[\"kubernetes\"]},\"status\":{"
	    "\"phase\":\"Active\"}}" },
	{ KS_EVENT,
	    "{\"involvedObject\":{},\"source\":{},\"firstTimestamp\":null,"
	    "\"lastTimestamp\":null,\"eventTime\":null,"
	    "\"reportingComponent\":\"\",\"reportingInstance\":\"\"}" },
};

cJSON *
ks_builtin_skeleton(const struct ks_kind *k)
{
	struct err e;

	for (size_t i = 0; i < sizeof(skeletons) / sizeof(skeletons[0]); i++)
		if (skeletons[i].special == k->special)
			return json_parse(
			    skeletons[i].json, strlen(skeletons[i].json), &e);
	return cJSON_CreateObject();
}

static void
fill_in(const struct ks_kind *k, cJSON *obj)
{
	cJSON *all = ks_builtin_skeleton(k);
	const cJSON *c;

	cJSON_ArrayForEach (c, all) {
		if (json_child(obj, c->string) == NULL)
			json_set(obj, c->string, json_dup(c));
	}
	cJSON_Delete(all);
}

void
ks_builtin_default(
    const struct ks_kind *k, const cJSON *before, cJSON *obj, int64_t wall_us)
{
	if (k->special == KS_SECRET)
		secret_default(obj);
	else if (k->special == KS_NAMESPACE)
		namespace_default(before, obj);
	else if (k->special == KS_CRD)
		crd_fill(before, obj, wall_us);
	if (k->special == KS_LEASE || k->special == KS_EVENT)
		fill_in(k, obj);
}

/* ---- validation --------------------------------------------------------- */

static bool
valid_data_key(const char *key)
{
	if (key[0] == '\0' || strlen(key) > 253 || str_eq(key, ".") ||
	    str_has_prefix(key, ".."))
		return false;
	for (const char *p = key; *p != '\0'; p++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
			   "YZ0123456789-_.",
			*p) == NULL)
			return false;
	return true;
}

static bool
valid_b64(const char *s)
{
	size_t n = strlen(s), len;
	char *out = xmalloc(n + 4);
	bool ok = b64_decode(s, n, out, n + 4, &len);

	xfree(out);
	return ok;
}

static void
check_data(
    const cJSON *obj, const char *member, bool encoded, struct field_errors *l)
{
	size_t total = 0;
	const cJSON *c;

	cJSON_ArrayForEach (c, json_obj(obj, member)) {
		char at[120];

		(void)str_format(
		    at, sizeof(at), "%s[%.80s]", member, c->string);
		if (!valid_data_key(c->string))
			field_errors_add(l, FIELD_INVALID, at,
			    "\"%.80s\": a valid config key must consist of "
			    "alphanumeric characters, '-', '_' or '.' (e.g. "
			    "'key.name',  or 'KEY_NAME',  or 'key-name', regex "
			    "used for validation is '[-._a-zA-Z0-9]+')",
			    c->string);
		if (!cJSON_IsString(c))
			continue;
		total += strlen(c->valuestring);
		if (encoded && !valid_b64(c->valuestring))
			field_errors_add(l, FIELD_INVALID, member,
			    "\"%.80s\": illegal base64 data", c->string);
	}
	if (total > (encoded ? 1398104u : 1048576u))
		field_errors_add(l, FIELD_TOO_LONG, member,
		    "may not be more than 1048576 bytes");
}

static void
unchanged(const cJSON *before, const cJSON *obj, const char *member,
    struct field_errors *l)
{
	const cJSON *a = json_child(before, member),
		    *b = json_child(obj, member);

	if (a == b || (a != NULL && b != NULL && json_equal(a, b)))
		return;
	field_errors_add(l, FIELD_FORBIDDEN, member,
	    "field is immutable when `immutable` is set");
}

static void
check_immutable(const cJSON *before, const cJSON *obj, struct field_errors *l)
{
	if (before == NULL || !json_bool(before, "immutable", false))
		return;
	if (!json_bool(obj, "immutable", false))
		field_errors_add(l, FIELD_FORBIDDEN, "immutable",
		    "field is immutable when `immutable` is set");
	unchanged(before, obj, "data", l);
	unchanged(before, obj, "binaryData", l);
}

static void
secret_validate(const cJSON *before, const cJSON *obj, struct field_errors *l)
{
	check_data(obj, "data", true, l);
	check_immutable(before, obj, l);
	if (before != NULL &&
	    !str_eq(json_str(before, "type", ""), json_str(obj, "type", "")))
		field_errors_invalid(
		    l, "type", json_child(obj, "type"), "field is immutable");
	if (str_eq(json_str(obj, "type", ""), "kubernetes.io/basic-auth") &&
	    json_at(obj, "data/username") == NULL &&
	    json_at(obj, "data/password") == NULL) {
		field_errors_add(l, FIELD_REQUIRED, "data[username]", "%s", "");
		field_errors_add(l, FIELD_REQUIRED, "data[password]", "%s", "");
	}
	if (str_eq(json_str(obj, "type", ""), "kubernetes.io/tls")) {
		if (json_at(obj, "data/tls.crt") == NULL)
			field_errors_add(
			    l, FIELD_REQUIRED, "data[tls.crt]", "%s", "");
		if (json_at(obj, "data/tls.key") == NULL)
			field_errors_add(
			    l, FIELD_REQUIRED, "data[tls.key]", "%s", "");
	}
}

static void
crd_validate(const cJSON *before, const cJSON *obj, struct field_errors *l)
{
	struct field_errors none = { 0 };
	struct crd *is, *was;

	is = crd_parse(obj, l);
	if (is == NULL || before == NULL) {
		crd_free(is);
		return;
	}
	was = crd_parse(before, &none);
	if (was != NULL)
		crd_validate_update(was, is, l);
	field_errors_free(&none);
	crd_free(was);
	crd_free(is);
}

static void
event_validate(const cJSON *obj, struct field_errors *l)
{
	const char *ns = json_str(obj, "involvedObject/namespace", "");
	const char *own = json_str(obj, "metadata/namespace", "");

	/* Events about cluster-scoped objects live in "default". */
	if (str_empty(ns) ? str_eq(own, "default") || str_empty(own)
			  : str_eq(ns, own))
		return;
	field_errors_add(l, FIELD_INVALID, "involvedObject.namespace",
	    "\"%.63s\": does not match event.namespace", ns);
}

static void
check_twice(const cJSON *obj, struct field_errors *l)
{
	const cJSON *c;
	char at[120];

	cJSON_ArrayForEach (c, json_obj(obj, "data")) {
		if (json_child(json_obj(obj, "binaryData"), c->string) == NULL)
			continue;
		(void)str_format(at, sizeof(at), "data[%.80s]", c->string);
		field_errors_add(l, FIELD_INVALID, at,
		    "\"%.80s\": duplicate of key present in binaryData",
		    c->string);
	}
}

static void
lease_validate(const cJSON *obj, struct field_errors *l)
{
	static const struct {
		const char *at, *path, *least;
		int64_t min;
	} rows[] = {
		{ "spec/leaseDurationSeconds", "spec.leaseDurationSeconds",
		    "must be greater than 0", 1 },
		{ "spec/leaseTransitions", "spec.leaseTransitions",
		    "must be greater than or equal to 0", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const cJSON *v = json_at(obj, rows[i].at);

		if (v != NULL && json_i64(obj, rows[i].at, 0) < rows[i].min)
			field_errors_invalid(
			    l, rows[i].path, v, "%s", rows[i].least);
	}
}

void
ks_builtin_validate(const struct ks_kind *k, const cJSON *before,
    const cJSON *obj, struct field_errors *l)
{
	const char *name = json_str(obj, "metadata/name", "");

	if (k->special == KS_SECRET) {
		secret_validate(before, obj, l);
	} else if (k->special == KS_CONFIGMAP) {
		check_data(obj, "data", false, l);
		check_data(obj, "binaryData", true, l);
		check_twice(obj, l);
		check_immutable(before, obj, l);
	} else if (k->special == KS_CRD) {
		crd_validate(before, obj, l);
	} else if (k->special == KS_LEASE) {
		lease_validate(obj, l);
	} else if (k->special == KS_EVENT) {
		event_validate(obj, l);
	} else if (k->special == KS_NAMESPACE && name[0] != '\0' &&
		   !str_is_dns_label(name)) {
		field_errors_add(l, FIELD_INVALID, "metadata.name",
		    "\"%.80s\": %s", name,
		    strchr(name, '.') != NULL
			? "must not contain dots"
			: "a lowercase RFC 1123 label must consist of lower "
			  "case alphanumeric characters or '-'");
	}
}

/* ---- events of two groups ------------------------------------------------ */

static const struct {
	const char *core, *v1;
} renamed[] = {
	{ "involvedObject", "regarding" },
	{ "message", "note" },
	{ "source", "deprecatedSource" },
	{ "firstTimestamp", "deprecatedFirstTimestamp" },
	{ "lastTimestamp", "deprecatedLastTimestamp" },
	{ "count", "deprecatedCount" },
	{ "reportingComponent", "reportingController" },
};

static void
rename_members(cJSON *obj, bool to_core)
{
	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++) {
		const char *from = to_core ? renamed[i].v1 : renamed[i].core;
		cJSON *c = json_child(obj, from);

		if (c == NULL)
			continue;
		cJSON_DetachItemViaPointer(obj, c);
		json_set(obj, to_core ? renamed[i].core : renamed[i].v1, c);
	}
}

void
ks_event_to_core(cJSON *obj)
{
	rename_members(obj, true);
}

void
ks_event_from_core(cJSON *obj)
{
	static const char *const unless[] = { "reportingComponent",
		"reportingInstance" };

	for (size_t i = 0; i < sizeof(unless) / sizeof(unless[0]); i++)
		if (str_eq(json_str(obj, unless[i], NULL), ""))
			json_set(obj, unless[i], NULL);
	rename_members(obj, false);
}

void
ks_to_storage(const struct ks_kind *k, const struct ks_version *v, cJSON *obj)
{
	if (v->events_v1)
		ks_event_to_core(obj);
	json_set_str(obj, "apiVersion", ks_kind_storage(k)->api_version);
}

void
ks_from_storage(const struct ks_version *v, cJSON *obj)
{
	if (v->events_v1)
		ks_event_from_core(obj);
	json_set_str(obj, "apiVersion", v->api_version);
}
