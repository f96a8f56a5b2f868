/* Columns of the builtin kinds, as kubectl users know them. */
#include "sim/kube/table.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/table_columns.h"

static cJSON *
text_at(const cJSON *obj, const char *path)
{
	return cJSON_CreateString(json_str(obj, path, ""));
}

static cJSON *
text_or(const cJSON *obj, const char *path, const char *none)
{
	const char *s = json_str(obj, path, NULL);

	return cJSON_CreateString(str_empty(s) ? none : s);
}

static cJSON *
count_at(const cJSON *obj, const char *path)
{
	return cJSON_CreateNumber(cJSON_GetArraySize(json_at(obj, path)));
}

#define CELL(name) \
	static cJSON *name( \
	    const cJSON *obj, __attribute__((unused)) int64_t wall_us)

CELL(name)
{
	return text_at(obj, "metadata/name");
}

CELL(age)
{
	return table_age_cell(
	    json_at(obj, "metadata/creationTimestamp"), wall_us);
}

CELL(phase)
{
	return text_at(obj, "status/phase");
}

CELL(secret_type)
{
	return text_at(obj, "type");
}

CELL(data_count)
{
	return count_at(obj, "data");
}

CELL(config_count)
{
	return cJSON_CreateNumber(
	    cJSON_GetArraySize(json_at(obj, "data")) +
	    cJSON_GetArraySize(json_at(obj, "binaryData")));
}

CELL(created)
{
	return text_at(obj, "metadata/creationTimestamp");
}

CELL(holder)
{
	return text_at(obj, "spec/holderIdentity");
}

CELL(secrets_count)
{
	return count_at(obj, "secrets");
}

/* ---- events ------------------------------------------------------------- */

/* First of the paths that holds a time; NULL if none does. */
static const cJSON *
first_time(const cJSON *obj, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const cJSON *t = json_at(obj, paths[i]);

		if (cJSON_IsString(t))
			return t;
	}
	return NULL;
}

CELL(event_last)
{
	static const char *const paths[] = { "series/lastObservedTime",
		"lastTimestamp", "deprecatedLastTimestamp", "firstTimestamp",
		"deprecatedFirstTimestamp", "eventTime" };

	return table_age_cell(first_time(obj, paths, 6), wall_us);
}

CELL(event_first)
{
	static const char *const paths[] = { "firstTimestamp",
		"deprecatedFirstTimestamp", "eventTime" };

	return table_age_cell(first_time(obj, paths, 3), wall_us);
}

CELL(event_type)
{
	return text_at(obj, "type");
}

CELL(event_reason)
{
	return text_at(obj, "reason");
}

static const char *
event_about(const cJSON *obj, const char *field, char path[64])
{
	(void)str_format(path, 64, "%s/%s",
	    json_child(obj, "regarding") != NULL ? "regarding"
						 : "involvedObject",
	    field);
	return json_str(obj, path, "");
}

CELL(event_object)
{
	char path[64], kind[128];
	const char *k = event_about(obj, "kind", path);
	const char *n = event_about(obj, "name", path);
	char *text;
	cJSON *cell;
	size_t i = 0;

	for (; i < sizeof(kind) - 1 && k[i] != '\0'; i++) {
		kind[i] = k[i];
		if (k[i] >= 'A' && k[i] <= 'Z')
			kind[i] = (char)(k[i] | 32);
	}
	kind[i] = '\0';
	text = n[0] == '\0' ? xstrdup(kind) : xasprintf("%s/%s", kind, n);
	cell = cJSON_CreateString(text);
	xfree(text);
	return cell;
}

CELL(event_subobject)
{
	char path[64];

	return cJSON_CreateString(event_about(obj, "fieldPath", path));
}

CELL(event_source)
{
	const char *from = json_str(obj, "source/component",
	    json_str(obj, "deprecatedSource/component", NULL));
	const char *host = json_str(
	    obj, "source/host", json_str(obj, "reportingInstance", NULL));
	char *text;
	cJSON *cell;

	if (str_empty(from))
		from = json_str(obj, "reportingComponent",
		    json_str(obj, "reportingController", ""));
	text =
	    str_empty(host) ? xstrdup(from) : xasprintf("%s, %s", from, host);
	cell = cJSON_CreateString(text);
	xfree(text);
	return cell;
}

CELL(event_message)
{
	const char *m = json_str(obj, "message", json_str(obj, "note", ""));
	char *text = xstrdup(m);
	size_t n = strlen(text);
	cJSON *cell;

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		text[--n] = '\0';
	cell = cJSON_CreateString(text);
	xfree(text);
	return cell;
}

CELL(event_count)
{
	int64_t n = json_i64(obj, "series/count",
	    json_i64(obj, "count", json_i64(obj, "deprecatedCount", 0)));

	return cJSON_CreateNumber((double)(n == 0 ? 1 : n));
}

/* ---- nodes -------------------------------------------------------------- */

CELL(node_status)
{
	const cJSON *c;
	const char *ready = "Unknown";
	char text[64];

	cJSON_ArrayForEach (c, json_at(obj, "status/conditions"))
		if (str_eq(json_str(c, "type", ""), "Ready"))
			ready = str_eq(json_str(c, "status", ""), "True")
				    ? "Ready"
				    : "NotReady";
	(void)str_format(text, sizeof(text), "%s%s", ready,
	    json_bool(obj, "spec/unschedulable", false) ? ",SchedulingDisabled"
							: "");
	return cJSON_CreateString(text);
}

CELL(node_roles)
{
	static const char prefix[] = "node-role.kubernetes.io/";
	const cJSON *l;
	struct buf b;
	cJSON *cell;

	buf_init(&b, 1024);
	cJSON_ArrayForEach (l, json_at(obj, "metadata/labels"))
		if (str_has_prefix(l->string, prefix) &&
		    l->string[sizeof(prefix) - 1] != '\0')
			(void)buf_addf(&b, "%s%s", b.n > 0 ? "," : "",
			    l->string + sizeof(prefix) - 1);
	cell = cJSON_CreateString(b.n > 0 ? buf_str(&b) : "<none>");
	buf_free(&b);
	return cell;
}

static cJSON *
node_address(const cJSON *obj, const char *type)
{
	const cJSON *a;

	cJSON_ArrayForEach (a, json_at(obj, "status/addresses"))
		if (str_eq(json_str(a, "type", ""), type))
			return text_or(a, "address", "<none>");
	return cJSON_CreateString("<none>");
}

CELL(node_internal)
{
	return node_address(obj, "InternalIP");
}

CELL(node_external)
{
	return node_address(obj, "ExternalIP");
}

CELL(node_version)
{
	return text_at(obj, "status/nodeInfo/kubeletVersion");
}

CELL(node_os)
{
	return text_or(obj, "status/nodeInfo/osImage", "<unknown>");
}

CELL(node_kernel)
{
	return text_or(obj, "status/nodeInfo/kernelVersion", "<unknown>");
}

CELL(node_runtime)
{
	return text_or(
	    obj, "status/nodeInfo/containerRuntimeVersion", "<unknown>");
}

/* ---- the tables --------------------------------------------------------- */

#define NAME \
	{ \
		"Name", "string", "Name of the object.", 0, name \
	}
#define AGE \
	{ \
		"Age", "string", "Time since creation.", 0, age \
	}
#define LAST \
	{ \
		NULL, NULL, NULL, 0, NULL \
	}

static const struct table_builtin_column namespaces[] = { NAME,
	{ "Status", "string", "Active or Terminating.", 0, phase }, AGE, LAST };
static const struct table_builtin_column secrets[] = { NAME,
	{ "Type", "string", "What kind of secret it is.", 0, secret_type },
	{ "Data", "string", "Number of keys.", 0, data_count }, AGE, LAST };
static const struct table_builtin_column config_maps[] = { NAME,
	{ "Data", "string", "Number of keys.", 0, config_count }, AGE, LAST };
static const struct table_builtin_column leases[] = { NAME,
	{ "Holder", "string", "Who holds it.", 0, holder }, AGE, LAST };
static const struct table_builtin_column crds[] = { NAME,
	{ "Created At", "date", "When it was created.", 0, created }, LAST };
static const struct table_builtin_column accounts[] = { NAME,
	{ "Secrets", "string", "Number of secrets.", 0, secrets_count }, AGE,
	LAST };
static const struct table_builtin_column events[] = {
	{ "Last Seen", "string", "Time since it was seen last.", 0,
	    event_last },
	{ "Type", "string", "Normal or Warning.", 0, event_type },
	{ "Reason", "string", "One word for programs.", 0, event_reason },
	{ "Object", "string", "What it is about.", 0, event_object },
	{ "Subobject", "string", "Which part of it.", 1, event_subobject },
	{ "Source", "string", "Who reports it.", 1, event_source },
	{ "Message", "string", "What happened.", 0, event_message },
	{ "First Seen", "string", "Time since it was seen first.", 1,
	    event_first },
	{ "Count", "string", "How often it was seen.", 1, event_count },
	{ "Name", "string", "Name of the object.", 1, name }, LAST
};
static const struct table_builtin_column nodes[] = { NAME,
	{ "Status", "string", "Whether it is ready.", 0, node_status },
	{ "Roles", "string", "Roles, by its labels.", 0, node_roles }, AGE,
	{ "Version", "string", "Version of the kubelet.", 0, node_version },
	{ "Internal-IP", "string", "Internal address.", 1, node_internal },
	{ "External-IP", "string", "External address.", 1, node_external },
	{ "OS-Image", "string", "Operating system.", 1, node_os },
	{ "Kernel-Version", "string", "Kernel.", 1, node_kernel },
	{ "Container-Runtime", "string", "Container runtime.", 1,
	    node_runtime },
	LAST };

static const struct {
	const char *group, *kind;
	const struct table_builtin_column *columns;
} kinds[] = {
	{ "", "Namespace", namespaces },
	{ "", "Secret", secrets },
	{ "", "ConfigMap", config_maps },
	{ "", "Event", events },
	{ "events.k8s.io", "Event", events },
	{ "", "Node", nodes },
	{ "", "ServiceAccount", accounts },
	{ "coordination.k8s.io", "Lease", leases },
	{ "apiextensions.k8s.io", "CustomResourceDefinition", crds },
};

const struct table_builtin_column *
table_builtin_columns(const char *group, const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(kinds[i].group, group) &&
		    str_eq(kinds[i].kind, kind))
			return kinds[i].columns;
	return NULL;
}
