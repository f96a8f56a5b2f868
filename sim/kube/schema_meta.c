/* The rules of ObjectMeta, which hold for every kind. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/schema_node.h"

#define ANNOTATIONS_MAX (256U << 10)
#define SUBDOMAIN_WORDS \
	"a lowercase RFC 1123 subdomain must consist of lower case " \
	"alphanumeric characters, '-' or '.', and must start and end with an " \
	"alphanumeric character (e.g. 'example.com', regex used for " \
	"validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?" \
	"(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
#define KEY_WORDS \
	"name part must consist of alphanumeric characters, '-', '_' or '.', " \
	"and must start and end with an alphanumeric character (e.g. " \
	"'MyName',  or 'my.name',  or '123-abc', regex used for validation " \
	"is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define VALUE_WORDS \
	"a valid label must be an empty string or consist of alphanumeric " \
	"characters, '-', '_' or '.', and must start and end with an " \
	"alphanumeric character (e.g. 'MyValue',  or 'my_value',  or " \
	"'12345', regex used for validation is " \
	"'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

static bool
alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* Alphanumeric at both ends; "-_." between. */
static bool
plain_name(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || !alnum(s[0]) || !alnum(s[n - 1]))
		return false;
	for (; *s != '\0'; s++)
		if (!alnum(*s) && strchr("-_.", *s) == NULL)
			return false;
	return true;
}

/* Why a label, annotation or finalizer key is bad; NULL if it is good. */
static const char *
key_problem(const char *key)
{
	const char *slash = strchr(key, '/'), *name = key;
	char prefix[256];

	if (slash != NULL) {
		name = slash + 1;
		if (slash == key)
			return "prefix part must be non-empty";
		if ((size_t)(slash - key) > 253)
			return "prefix part must be no more than 253 bytes";
		memcpy(prefix, key, (size_t)(slash - key));
		prefix[slash - key] = '\0';
		if (!str_is_dns_subdomain(prefix))
			return "prefix part " SUBDOMAIN_WORDS;
		if (strchr(name, '/') != NULL)
			return "a qualified name " KEY_WORDS
			       " with an optional DNS subdomain prefix and '/' "
			       "(e.g. 'example.com/MyName')";
	}
	if (*name == '\0')
		return "name part must be non-empty";
	if (strlen(name) > 63)
		return "name part must be no more than 63 bytes";
	return plain_name(name) ? NULL : KEY_WORDS;
}

static void
invalid_text(struct field_errors *l, const char *path, const char *value,
    const char *why)
{
	cJSON *v = cJSON_CreateString(value);

	field_errors_invalid(l, path, v, "%s", why);
	cJSON_Delete(v);
}

static void
wrong_type(
    struct field_errors *l, const char *path, const char *type, const cJSON *v)
{
	const char *got = schema_type_of(v);

	field_errors_add(l, FIELD_TYPE_INVALID, path,
	    "\"%s\": %s in body must be of type %s: \"%s\"", got, path, type,
	    got);
}

static void
check_name(const cJSON *meta, struct field_errors *l)
{
	const char *name = json_str(meta, "name", NULL);

	if (json_child(meta, "name") != NULL && name == NULL &&
	    !cJSON_IsNull(json_child(meta, "name"))) {
		wrong_type(
		    l, "metadata.name", "string", json_child(meta, "name"));
		return;
	}
	if (name == NULL || name[0] == '\0') {
		if (str_empty(json_str(meta, "generateName", NULL)))
			field_errors_add(l, FIELD_REQUIRED, "metadata.name",
			    "name or generateName is required");
		return;
	}
	if (strlen(name) > 253)
		invalid_text(
		    l, "metadata.name", name, "must be no more than 253 bytes");
	else if (!str_is_dns_subdomain(name))
		invalid_text(l, "metadata.name", name, SUBDOMAIN_WORDS);
}

static void
check_namespace(const cJSON *meta, bool namespaced, struct field_errors *l)
{
	const char *ns = json_str(meta, "namespace", NULL);

	if (!namespaced && !str_empty(ns))
		field_errors_add(l, FIELD_FORBIDDEN, "metadata.namespace",
		    "not allowed on this type");
	else if (namespaced && str_empty(ns))
		field_errors_add(
		    l, FIELD_REQUIRED, "metadata.namespace", "%s", "");
	else if (namespaced && !str_is_dns_label(ns))
		invalid_text(l, "metadata.namespace", ns,
		    "a lowercase RFC 1123 label must consist of lower case "
		    "alphanumeric characters or '-', and must start and end "
		    "with an alphanumeric character (e.g. 'my-name',  or "
		    "'123-abc', regex used for validation is "
		    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')");
}

/* Labels or annotations: an object of strings; NULL if it is not. */
static const cJSON *
string_map(const cJSON *meta, const char *key, const char *path,
    struct field_errors *l)
{
	const cJSON *map = json_child(meta, key), *i;

	if (map == NULL || cJSON_IsNull(map))
		return NULL;
	if (!cJSON_IsObject(map)) {
		wrong_type(l, path, "object", map);
		return NULL;
	}
	cJSON_ArrayForEach (i, map) {
		char at[400];

		if (cJSON_IsString(i))
			continue;
		(void)str_format(at, sizeof(at), "%s.%s", path, i->string);
		wrong_type(l, at, "string", i);
		return NULL;
	}
	return map;
}

static void
check_labels(const cJSON *meta, struct field_errors *l)
{
	const cJSON *map = string_map(meta, "labels", "metadata.labels", l), *i;

	cJSON_ArrayForEach (i, map) {
		const char *why = key_problem(i->string);

		if (why != NULL)
			invalid_text(l, "metadata.labels", i->string, why);
		if (strlen(i->valuestring) > 63)
			invalid_text(l, "metadata.labels", i->valuestring,
			    "must be no more than 63 bytes");
		else if (i->valuestring[0] != '\0' &&
			 !plain_name(i->valuestring))
			invalid_text(
			    l, "metadata.labels", i->valuestring, VALUE_WORDS);
	}
}

static void
check_annotations(const cJSON *meta, struct field_errors *l)
{
	const cJSON *map = string_map(
			meta, "annotations", "metadata.annotations", l),
		    *i;
	size_t bytes = 0;

	cJSON_ArrayForEach (i, map) {
		char lower[320];
		const char *why;
		size_t n = 0;

		/* Annotation keys are judged in lower case. */
		for (; n < sizeof(lower) - 1 && i->string[n] != '\0'; n++) {
			char c = i->string[n];

			if (c >= 'A' && c <= 'Z')
				c = (char)(c | 32);
			lower[n] = c;
		}
		lower[n] = '\0';
		why = key_problem(i->string[n] == '\0' ? lower : i->string);
		if (why != NULL)
			invalid_text(l, "metadata.annotations", i->string, why);
		bytes += strlen(i->string) + strlen(i->valuestring);
	}
	if (bytes > ANNOTATIONS_MAX)
		field_errors_add(l, FIELD_TOO_LONG, "metadata.annotations",
		    "may not be more than %u bytes", ANNOTATIONS_MAX);
}

static void
check_finalizers(const cJSON *meta, struct field_errors *l)
{
	const cJSON *list = json_child(meta, "finalizers"), *i;
	size_t n = 0;

	if (list != NULL && !cJSON_IsArray(list) && !cJSON_IsNull(list)) {
		wrong_type(l, "metadata.finalizers", "array", list);
		return;
	}
	cJSON_ArrayForEach (i, list) {
		char at[64];
		const char *why;

		(void)str_format(
		    at, sizeof(at), "metadata.finalizers[%zu]", n++);
		if (!cJSON_IsString(i)) {
			wrong_type(l, at, "string", i);
			continue;
		}
		why = key_problem(i->valuestring);
		if (why != NULL)
			invalid_text(
			    l, "metadata.finalizers", i->valuestring, why);
	}
}

static void
check_owner(const cJSON *o, size_t n, struct field_errors *l)
{
	static const char *const needed[] = { "apiVersion", "kind", "name",
		"uid" };
	char at[80];

	if (!cJSON_IsObject(o)) {
		(void)str_format(
		    at, sizeof(at), "metadata.ownerReferences[%zu]", n);
		wrong_type(l, at, "object", o);
		return;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!str_empty(json_str(o, needed[i], NULL)))
			continue;
		(void)str_format(
		    at, sizeof(at), "metadata.ownerReferences.%s", needed[i]);
		invalid_text(l, at, "",
		    str_eq(needed[i], "apiVersion")
			? "version must not be empty"
			: "must not be empty");
	}
}

static void
check_owners(const cJSON *meta, struct field_errors *l)
{
	const cJSON *list = json_child(meta, "ownerReferences"), *i;
	const char *controller = NULL;
	size_t n = 0;

	if (list != NULL && !cJSON_IsArray(list) && !cJSON_IsNull(list)) {
		wrong_type(l, "metadata.ownerReferences", "array", list);
		return;
	}
	cJSON_ArrayForEach (i, list) {
		check_owner(i, n++, l);
		if (!json_bool(i, "controller", false))
			continue;
		if (controller != NULL)
			field_errors_invalid(l, "metadata.ownerReferences",
			    list,
			    "Only one reference can have Controller set to "
			    "true. Found \"true\" in references for %s and %s",
			    controller, json_str(i, "kind", ""));
		controller = json_str(i, "kind", "");
	}
}

bool
schema_validate_metadata(
    const cJSON *obj, bool namespaced, struct field_errors *l)
{
	const cJSON *meta = json_child(obj, "metadata");
	size_t before = l->n;

	if (meta != NULL && !cJSON_IsObject(meta) && !cJSON_IsNull(meta)) {
		wrong_type(l, "metadata", "object", meta);
		return false;
	}
	check_name(meta, l);
	check_namespace(meta, namespaced, l);
	check_labels(meta, l);
	check_annotations(meta, l);
	check_finalizers(meta, l);
	check_owners(meta, l);
	return l->n == before;
}
