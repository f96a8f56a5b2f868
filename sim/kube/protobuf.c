#include "sim/kube/protobuf.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

enum kind {
	F_STRING,
	F_BYTES, /* base64 in JSON */
	F_INT,
	F_BOOL,
	F_TIME,
	F_MESSAGE,
	F_STRINGS,  /* repeated */
	F_MESSAGES, /* repeated */
	F_MAP,      /* string to string */
	F_BYTES_MAP
};

struct field {
	unsigned number; /* 0 ends a table */
	const char *name;
	enum kind kind;
	const struct field *sub;
};

static const struct field owner_reference[] = {
	{ 1, "kind", F_STRING, NULL },
	{ 3, "name", F_STRING, NULL },
	{ 4, "uid", F_STRING, NULL },
	{ 5, "apiVersion", F_STRING, NULL },
	{ 6, "controller", F_BOOL, NULL },
	{ 7, "blockOwnerDeletion", F_BOOL, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field object_meta[] = {
	{ 1, "name", F_STRING, NULL },
	{ 2, "generateName", F_STRING, NULL },
	{ 3, "namespace", F_STRING, NULL },
	{ 5, "uid", F_STRING, NULL },
	{ 6, "resourceVersion", F_STRING, NULL },
	{ 7, "generation", F_INT, NULL },
	{ 8, "creationTimestamp", F_TIME, NULL },
	{ 9, "deletionTimestamp", F_TIME, NULL },
	{ 11, "labels", F_MAP, NULL },
	{ 12, "annotations", F_MAP, NULL },
	{ 13, "ownerReferences", F_MESSAGES, owner_reference },
	{ 14, "finalizers", F_STRINGS, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field secret[] = {
	{ 1, "metadata", F_MESSAGE, object_meta },
	{ 2, "data", F_BYTES_MAP, NULL },
	{ 3, "type", F_STRING, NULL },
	{ 4, "stringData", F_MAP, NULL },
	{ 5, "immutable", F_BOOL, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field config_map[] = {
	{ 1, "metadata", F_MESSAGE, object_meta },
	{ 2, "data", F_MAP, NULL },
	{ 3, "binaryData", F_BYTES_MAP, NULL },
	{ 4, "immutable", F_BOOL, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field namespace_spec[] = {
	{ 1, "finalizers", F_STRINGS, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field namespace_status[] = {
	{ 1, "phase", F_STRING, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field namespace[] = {
	{ 1, "metadata", F_MESSAGE, object_meta },
	{ 2, "spec", F_MESSAGE, namespace_spec },
	{ 3, "status", F_MESSAGE, namespace_status },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field local_reference[] = {
	{ 1, "name", F_STRING, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field service_account[] = {
	{ 1, "metadata", F_MESSAGE, object_meta },
	{ 3, "imagePullSecrets", F_MESSAGES, local_reference },
	{ 4, "automountServiceAccountToken", F_BOOL, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field resource_attributes[] = {
	{ 1, "namespace", F_STRING, NULL },
	{ 2, "verb", F_STRING, NULL },
	{ 3, "group", F_STRING, NULL },
	{ 4, "version", F_STRING, NULL },
	{ 5, "resource", F_STRING, NULL },
	{ 6, "subresource", F_STRING, NULL },
	{ 7, "name", F_STRING, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field path_attributes[] = {
	{ 1, "path", F_STRING, NULL },
	{ 2, "verb", F_STRING, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field review_spec[] = {
	{ 1, "resourceAttributes", F_MESSAGE, resource_attributes },
	{ 2, "nonResourceAttributes", F_MESSAGE, path_attributes },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field access_review[] = {
	{ 1, "metadata", F_MESSAGE, object_meta },
	{ 2, "spec", F_MESSAGE, review_spec },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field self_review[] = {
	{ 1, "metadata", F_MESSAGE, object_meta },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field map_entry[] = {
	{ 1, "key", F_STRING, NULL },
	{ 2, "value", F_STRING, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field bytes_map_entry[] = {
	{ 1, "key", F_STRING, NULL },
	{ 2, "value", F_BYTES, NULL },
	{ 0, NULL, F_STRING, NULL },
};
static const struct field time_fields[] = {
	{ 1, "seconds", F_INT, NULL },
	{ 0, NULL, F_STRING, NULL },
};

static const struct {
	const char *api_version, *kind;
	const struct field *fields;
} messages[] = {
	{ "v1", "Secret", secret },
	{ "v1", "ConfigMap", config_map },
	{ "v1", "Namespace", namespace },
	{ "v1", "ServiceAccount", service_account },
	{ "authorization.k8s.io/v1", "SelfSubjectAccessReview", access_review },
	{ "authentication.k8s.io/v1", "SelfSubjectReview", self_review },
};

/* ---- wire ---------------------------------------------------------------- */

struct wire {
	const uint8_t *p, *end;
};

static bool
take_varint(struct wire *w, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 64 && w->p < w->end; shift += 7) {
		uint8_t b = *w->p++;

		*out |= (uint64_t)(b & 0x7f) << shift;
		if ((b & 0x80) == 0)
			return true;
	}
	return false;
}

static bool
take_bytes(struct wire *w, struct wire *out)
{
	uint64_t n;

	if (!take_varint(w, &n) || n > (uint64_t)(w->end - w->p))
		return false;
	out->p = w->p;
	w->p += n;
	out->end = w->p;
	return true;
}

/* One field: bytes for wire type 2, the value for type 0; fixed ones are
 * passed over. */
static bool
take_field(struct wire *w, unsigned *number, unsigned *type, uint64_t *value,
    struct wire *bytes)
{
	uint64_t tag;
	size_t fixed;

	if (!take_varint(w, &tag) || (tag >> 3) == 0 || (tag >> 3) > 100000)
		return false;
	*number = (unsigned)(tag >> 3);
	*type = (unsigned)(tag & 7);
	if (*type == 0)
		return take_varint(w, value);
	if (*type == 2)
		return take_bytes(w, bytes);
	if (*type != 1 && *type != 5)
		return false;
	fixed = *type == 1 ? 8 : 4;
	if ((size_t)(w->end - w->p) < fixed)
		return false;
	w->p += fixed;
	return true;
}

/* ---- values -------------------------------------------------------------- */

static cJSON *message(struct wire w, const struct field *fields);

/* NULL for what JSON strings cannot hold. */
static cJSON *
text(struct wire w)
{
	size_t n = (size_t)(w.end - w.p);
	char *s;
	cJSON *j;

	if (n > 0 && memchr(w.p, '\0', n) != NULL)
		return NULL;
	s = xstrndup((const char *)w.p, n);
	j = cJSON_CreateString(s);
	xfree(s);
	return j;
}

static cJSON *
base64(struct wire w)
{
	char *s = b64_encode(w.p, (size_t)(w.end - w.p));
	cJSON *j = cJSON_CreateString(s);

	xfree(s);
	return j;
}

static cJSON *
timestamp(struct wire w)
{
	cJSON *t = message(w, time_fields), *j;
	int64_t s = json_i64(t, "seconds", 0);
	char out[RFC3339_CAP];

	if (t == NULL)
		return NULL;
	cJSON_Delete(t);
	if (s <= 0 || s > 253402300799LL) /* year 9999 */
		return cJSON_CreateNull();
	rfc3339_s(out, s * 1000000);
	j = cJSON_CreateString(out);
	return j;
}

static bool
add_entry(cJSON *into, const char *name, struct wire w, bool bytes)
{
	cJSON *entry = message(w, bytes ? bytes_map_entry : map_entry);
	cJSON *map = json_child(into, name);

	if (entry == NULL)
		return false;
	if (map == NULL) {
		map = cJSON_CreateObject();
		json_set(into, name, map);
	}
	/* Appended: keys in a message do not repeat, and json_set would look. */
	cJSON_AddItemToObject(map, json_str(entry, "key", ""),
	    cJSON_CreateString(json_str(entry, "value", "")));
	cJSON_Delete(entry);
	return true;
}

static bool
append(cJSON *into, const char *name, cJSON *v)
{
	cJSON *list = json_child(into, name);

	if (v == NULL)
		return false;
	if (list == NULL) {
		list = cJSON_CreateArray();
		json_set(into, name, list);
	}
	cJSON_AddItemToArray(list, v);
	return true;
}

static bool
set(cJSON *into, const char *name, cJSON *v)
{
	if (v == NULL)
		return false;
	json_set(into, name, v);
	return true;
}

static bool
add_bytes(cJSON *into, const struct field *f, struct wire w)
{
	switch (f->kind) {
	case F_STRING:
		/* Unset strings are on the wire too. */
		return w.p == w.end || set(into, f->name, text(w));
	case F_BYTES:
		return set(into, f->name, base64(w));
	case F_TIME:
		return set(into, f->name, timestamp(w));
	case F_MESSAGE:
		return set(into, f->name, message(w, f->sub));
	case F_STRINGS:
		return append(into, f->name, text(w));
	case F_MESSAGES:
		return append(into, f->name, message(w, f->sub));
	case F_MAP:
		return add_entry(into, f->name, w, false);
	case F_BYTES_MAP:
		return add_entry(into, f->name, w, true);
	case F_INT:
	case F_BOOL:
		break;
	}
	return false;
}

static bool
add_number(cJSON *into, const struct field *f, uint64_t v)
{
	if (f->kind == F_BOOL)
		json_set_bool(into, f->name, v != 0);
	else if (f->kind == F_INT && v <= INT64_MAX)
		json_set_i64(into, f->name, (int64_t)v);
	else
		return f->kind == F_INT; /* negative: nothing we keep */
	return true;
}

/* The tables do not recurse, so neither does this beyond their depth. */
static cJSON *
message(struct wire w, const struct field *fields)
{
	cJSON *out = cJSON_CreateObject();
	unsigned number, type;
	struct wire bytes = { NULL, NULL };
	uint64_t value = 0;
	int members = 0;

	while (w.p < w.end) {
		const struct field *f = fields;

		if (++members > JSON_MAX_MEMBERS ||
		    !take_field(&w, &number, &type, &value, &bytes))
			goto fail;
		while (f->number != 0 && f->number != number)
			f++;
		if (f->number == 0 || type == 1 || type == 5)
			continue; /* a field that nobody here reads */
		if (type == 2 ? !add_bytes(out, f, bytes)
			      : !add_number(out, f, value))
			goto fail;
	}
	return out;
fail:
	cJSON_Delete(out);
	return NULL;
}

/* ---- envelope ------------------------------------------------------------- */

static const struct field type_meta[] = {
	{ 1, "apiVersion", F_STRING, NULL },
	{ 2, "kind", F_STRING, NULL },
	{ 0, NULL, F_STRING, NULL },
};

static bool
take_envelope(struct wire w, cJSON **type, struct wire *raw)
{
	unsigned number, wire_type;
	uint64_t value;
	struct wire b;

	while (w.p < w.end) {
		if (!take_field(&w, &number, &wire_type, &value, &b))
			return false;
		if (wire_type != 2)
			continue;
		if (number == 1 && *type == NULL)
			*type = message(b, type_meta);
		else if (number == 2)
			*raw = b;
	}
	return *type != NULL;
}

static const struct field *
fields_of(const cJSON *type)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		if (str_eq(messages[i].api_version,
			json_str(type, "apiVersion", "")) &&
		    str_eq(messages[i].kind, json_str(type, "kind", "")))
			return messages[i].fields;
	return NULL;
}

cJSON *
ks_protobuf_parse(const void *p, size_t n, struct err *e)
{
	static const uint8_t magic[4] = { 'k', '8', 's', 0 };
	struct wire w = { p, (const uint8_t *)p + n }, raw = { NULL, NULL };
	const struct field *fields;
	cJSON *type = NULL, *out = NULL;

	if (n < sizeof(magic) || memcmp(p, magic, sizeof(magic)) != 0) {
		(void)err_set(e, ERR_PROTO, 0, "not a Kubernetes protobuf");
		return NULL;
	}
	w.p += sizeof(magic);
	if (!take_envelope(w, &type, &raw)) {
		(void)err_set(e, ERR_PROTO, 0, "broken protobuf envelope");
	} else if ((fields = fields_of(type)) == NULL) {
		(void)err_set(e, ERR_PROTO, 0,
		    "%.80s is not understood as protobuf here: send JSON",
		    json_str(type, "kind", "?"));
	} else if ((out = message(raw, fields)) == NULL) {
		(void)err_set(e, ERR_PROTO, 0, "broken protobuf %.80s",
		    json_str(type, "kind", "?"));
	} else {
		json_set_str(
		    out, "apiVersion", json_str(type, "apiVersion", ""));
		json_set_str(out, "kind", json_str(type, "kind", ""));
	}
	cJSON_Delete(type);
	return out;
}
