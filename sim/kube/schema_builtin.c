/*
 * Schemas of the builtin kinds, as tables: one line a field, nested by depth.
 * Enough for explain, defaults of merging and strict field validation; what
 * Kubernetes has beyond it on Nodes and CRDs is kept unseen.
 */
#include "sim/kube/schema.h"

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

enum shape {
	END,
	STR, /* string */
	INT, /* integer, int64 */
	BOOL,
	TIME, /* string, date-time */
	QUANTITY,
	MAP,   /* object of strings */
	BYTES, /* object of base64 strings */
	QUANTITIES,
	STRINGS, /* atomic list of strings */
	SET,     /* list of strings, set */
	OBJ,     /* object; its fields follow one deeper */
	WHOLE,   /* such an object, applied as a whole */
	OPEN,    /* object that keeps what is not listed */
	LIST,    /* atomic list of such objects */
	KEYED,   /* list of such objects, merged by `key` */
	REFS,    /* the same, of objects that are applied as a whole */
	ANY
};

struct field {
	unsigned char depth;
	enum shape shape;
	const char *name, *doc, *key;
};

static const struct field object_meta[] = {
	{ 0, STR, "name",
	    "Name, unique among the objects of this kind in the namespace.",
	    NULL },
	{ 0, STR, "generateName",
	    "Start of a name that the server completes; used when name is "
	    "empty.",
	    NULL },
	{ 0, STR, "namespace", "Namespace that the object lives in.", NULL },
	{ 0, STR, "selfLink", "No longer filled in.", NULL },
	{ 0, STR, "uid", "Identity in time and space; given by the server.",
	    NULL },
	{ 0, STR, "resourceVersion", "Version for optimistic locking; opaque.",
	    NULL },
	{ 0, INT, "generation", "Counts changes of the desired state.", NULL },
	{ 0, TIME, "creationTimestamp", "When the object was created.", NULL },
	{ 0, TIME, "deletionTimestamp",
	    "When the object was asked to go; it goes once finalizers is "
	    "empty.",
	    NULL },
	{ 0, INT, "deletionGracePeriodSeconds",
	    "Seconds until a graceful deletion ends.", NULL },
	{ 0, MAP, "labels", "Names and values to select objects by.", NULL },
	{ 0, MAP, "annotations", "Names and values that are not for selecting.",
	    NULL },
	{ 0, REFS, "ownerReferences",
	    "Objects that this depends on; it is collected when they are gone.",
	    "uid" },
	{ 1, STR, "apiVersion", "Group and version of the owner.", NULL },
	{ 1, STR, "kind", "Kind of the owner.", NULL },
	{ 1, STR, "name", "Name of the owner.", NULL },
	{ 1, STR, "uid", "UID of the owner.", NULL },
	{ 1, BOOL, "controller", "Whether the owner manages this object.",
	    NULL },
	{ 1, BOOL, "blockOwnerDeletion",
	    "Whether a foreground deletion of the owner waits for this.",
	    NULL },
	{ 0, SET, "finalizers", "Who must act before the object can go.",
	    NULL },
	{ 0, LIST, "managedFields", "Which field manager set which fields.",
	    NULL },
	{ 1, STR, "manager", "Name of the manager.", NULL },
	{ 1, STR, "operation", "Apply or Update.", NULL },
	{ 1, STR, "apiVersion", "Version that the fields are named in.", NULL },
	{ 1, TIME, "time", "When the entry changed last.", NULL },
	{ 1, STR, "fieldsType", "Always FieldsV1.", NULL },
	{ 1, ANY, "fieldsV1", "The fields.", NULL },
	{ 1, STR, "subresource", "Subresource that was written through.",
	    NULL },
	{ 0, END, NULL, NULL, NULL }
};

static const struct field namespace[] = {
	{ 0, OBJ, "spec", "What the namespace should be.", NULL },
	{ 1, SET, "finalizers", "Who must act before the namespace can go.",
	    NULL },
	{ 0, OBJ, "status", "What the namespace is.", NULL },
	{ 1, STR, "phase", "Active or Terminating.", NULL },
	{ 1, KEYED, "conditions", "What is observed.", "type" },
	{ 2, STR, "type", "Name of the aspect.", NULL },
	{ 2, STR, "status", "True, False or Unknown.", NULL },
	{ 2, TIME, "lastTransitionTime", "When status last changed.", NULL },
	{ 2, STR, "reason", "One word for programs.", NULL },
	{ 2, STR, "message", "Text for people.", NULL },
	{ 0, END, NULL, NULL, NULL }
};

static const struct field secret[] = {
	{ 0, BYTES, "data", "The secret bytes by key, base64.", NULL },
	{ 0, MAP, "stringData",
	    "Write only: texts that the server puts into data.", NULL },
	{ 0, BOOL, "immutable", "true: data can never change.", NULL },
	{ 0, STR, "type",
	    "What kind of secret it is; Opaque if nothing is said.", NULL },
	{ 0, END, NULL, NULL, NULL }
};

static const struct field config_map[] = { { 0, MAP, "data", "Texts by key.",
					       NULL },
	{ 0, BYTES, "binaryData", "Bytes by key, base64.", NULL },
	{ 0, BOOL, "immutable", "true: the data can never change.", NULL },
	{ 0, END, NULL, NULL, NULL } };

#define OBJECT_REFERENCE(d) \
	{ d, STR, "apiVersion", "Group and version of the object.", NULL }, \
	    { d, STR, "kind", "Kind of the object.", NULL }, \
	    { d, STR, "namespace", "Namespace of the object.", NULL }, \
	    { d, STR, "name", "Name of the object.", NULL }, \
	    { d, STR, "uid", "UID of the object.", NULL }, \
	    { d, STR, "resourceVersion", "Its version at the time.", NULL }, \
	{ \
		d, STR, "fieldPath", "Part of the object.", NULL \
	}

static const struct field event[] = {
	{ 0, WHOLE, "involvedObject", "The object that this is about.", NULL },
	OBJECT_REFERENCE(1),
	{ 0, STR, "reason", "One CamelCase word for programs.", NULL },
	{ 0, STR, "message", "What happened, for people.", NULL },
	{ 0, OBJ, "source", "Who reports it.", NULL },
	{ 1, STR, "component", "Program that reports it.", NULL },
	{ 1, STR, "host", "Node that it runs on.", NULL },
	{ 0, TIME, "firstTimestamp", "When it was seen first.", NULL },
	{ 0, TIME, "lastTimestamp", "When it was seen last.", NULL },
	{ 0, INT, "count", "How often it was seen.", NULL },
	{ 0, STR, "type", "Normal or Warning.", NULL },
	{ 0, TIME, "eventTime", "When it was seen first, in microseconds.",
	    NULL },
	{ 0, OBJ, "series", "More of the same.", NULL },
	{ 1, INT, "count", "How many.", NULL },
	{ 1, TIME, "lastObservedTime", "The last of them.", NULL },
	{ 0, STR, "action", "What was done or failed.", NULL },
	{ 0, WHOLE, "related", "A second object that takes part.", NULL },
	OBJECT_REFERENCE(1),
	{ 0, STR, "reportingComponent", "Controller that reports it.", NULL },
	{ 0, STR, "reportingInstance", "Instance of that controller.", NULL },
	{ 0, END, NULL, NULL, NULL }
};

static const struct field event_v1[] = {
	{ 0, WHOLE, "regarding", "The object that this is about.", NULL },
	OBJECT_REFERENCE(1),
	{ 0, STR, "reason", "One CamelCase word for programs.", NULL },
	{ 0, STR, "note", "What happened, for people.", NULL },
	{ 0, STR, "type", "Normal or Warning.", NULL },
	{ 0, TIME, "eventTime", "When it was seen first, in microseconds.",
	    NULL },
	{ 0, OBJ, "series", "More of the same.", NULL },
	{ 1, INT, "count", "How many.", NULL },
	{ 1, TIME, "lastObservedTime", "The last of them.", NULL },
	{ 0, STR, "action", "What was done or failed.", NULL },
	{ 0, WHOLE, "related", "A second object that takes part.", NULL },
	OBJECT_REFERENCE(1),
	{ 0, STR, "reportingController", "Controller that reports it.", NULL },
	{ 0, STR, "reportingInstance", "Instance of that controller.", NULL },
	{ 0, OBJ, "deprecatedSource", "source of the core group.", NULL },
	{ 1, STR, "component", "Program that reports it.", NULL },
	{ 1, STR, "host", "Node that it runs on.", NULL },
	{ 0, TIME, "deprecatedFirstTimestamp",
	    "firstTimestamp of the core group.", NULL },
	{ 0, TIME, "deprecatedLastTimestamp",
	    "lastTimestamp of the core group.", NULL },
	{ 0, INT, "deprecatedCount", "count of the core group.", NULL },
	{ 0, END, NULL, NULL, NULL }
};

static const struct field node[] = { { 0, OPEN, "spec",
					 "What the node should be.", NULL },
	{ 1, STR, "providerID",
	    "Identity that its machine has at the provider; set once.", NULL },
	{ 1, BOOL, "unschedulable", "Takes no new pods.", NULL },
	{ 1, STR, "podCIDR", "Addresses of its pods.", NULL },
	{ 1, SET, "podCIDRs", "Addresses of its pods, by family.", NULL },
	{ 1, LIST, "taints", "What keeps pods away.", NULL },
	{ 2, STR, "key", "Name of the taint.", NULL },
	{ 2, STR, "value", "Value of the taint.", NULL },
	{ 2, STR, "effect", "NoSchedule, PreferNoSchedule or NoExecute.",
	    NULL },
	{ 2, TIME, "timeAdded", "When it was added.", NULL },
	{ 0, OPEN, "status", "What the node is.", NULL },
	{ 1, QUANTITIES, "capacity", "What there is.", NULL },
	{ 1, QUANTITIES, "allocatable", "What pods may use of it.", NULL },
	{ 1, STR, "phase", "No longer used.", NULL },
	{ 1, KEYED, "conditions", "What is observed.", "type" },
	{ 2, STR, "type", "Name of the aspect, for example Ready.", NULL },
	{ 2, STR, "status", "True, False or Unknown.", NULL },
	{ 2, TIME, "lastHeartbeatTime", "When it was looked at last.", NULL },
	{ 2, TIME, "lastTransitionTime", "When status last changed.", NULL },
	{ 2, STR, "reason", "One word for programs.", NULL },
	{ 2, STR, "message", "Text for people.", NULL },
	{ 1, LIST, "addresses", "How the node is reached.", NULL },
	{ 2, STR, "type",
	    "Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.",
	    NULL },
	{ 2, STR, "address", "The address.", NULL },
	{ 1, OPEN, "nodeInfo", "What runs there.", NULL },
	{ 2, STR, "machineID", "Identity in the operating system.", NULL },
	{ 2, STR, "systemUUID", "UUID of the hardware.", NULL },
	{ 2, STR, "bootID", "Changes with each boot.", NULL },
	{ 2, STR, "kernelVersion", "Version of the kernel.", NULL },
	{ 2, STR, "osImage", "Name of the operating system.", NULL },
	{ 2, STR, "containerRuntimeVersion", "Container runtime.", NULL },
	{ 2, STR, "kubeletVersion", "Version of the kubelet.", NULL },
	{ 2, STR, "operatingSystem", "linux or windows.", NULL },
	{ 2, STR, "architecture", "Processor architecture.", NULL },
	{ 0, END, NULL, NULL, NULL } };

static const struct field lease[] = { { 0, OBJ, "spec", "Who holds the lease.",
					  NULL },
	{ 1, STR, "holderIdentity", "The holder; empty or absent: nobody.",
	    NULL },
	{ 1, INT, "leaseDurationSeconds",
	    "How long others wait after renewTime.", NULL },
	{ 1, TIME, "acquireTime", "When the holder got it.", NULL },
	{ 1, TIME, "renewTime", "When the holder renewed it last.", NULL },
	{ 1, INT, "leaseTransitions", "How often the holder changed.", NULL },
	{ 1, STR, "strategy", "How a coordinated election chooses.", NULL },
	{ 1, STR, "preferredHolder", "Who should take over.", NULL },
	{ 0, END, NULL, NULL, NULL } };

static const struct field crd[] = { { 0, OPEN, "spec", "How the kind looks.",
					NULL },
	{ 1, STR, "group", "API group.", NULL },
	{ 1, STR, "scope", "Namespaced or Cluster.", NULL },
	{ 1, OBJ, "names", "How the kind is called.", NULL },
	{ 2, STR, "plural", "Name in URLs.", NULL },
	{ 2, STR, "singular", "Name for one.", NULL },
	{ 2, STR, "kind", "Name in objects.", NULL },
	{ 2, STR, "listKind", "Name of its lists.", NULL },
	{ 2, STRINGS, "shortNames", "Short names for kubectl.", NULL },
	{ 2, STRINGS, "categories", "Groups of kinds for kubectl get.", NULL },
	{ 1, LIST, "versions", "The versions.", NULL },
	{ 2, STR, "name", "Name of the version.", NULL },
	{ 2, BOOL, "served", "Whether it can be used.", NULL },
	{ 2, BOOL, "storage", "Whether objects are stored in it; true for one.",
	    NULL },
	{ 2, BOOL, "deprecated", "Whether users are warned.", NULL },
	{ 2, STR, "deprecationWarning", "What they are told.", NULL },
	{ 2, ANY, "schema", "How objects look (openAPIV3Schema).", NULL },
	{ 2, ANY, "subresources", "status and scale.", NULL },
	{ 2, ANY, "additionalPrinterColumns", "Columns of kubectl get.", NULL },
	{ 2, ANY, "selectableFields", "Fields for field selectors.", NULL },
	{ 1, ANY, "conversion", "How versions are converted.", NULL },
	{ 1, BOOL, "preserveUnknownFields", "Must be false.", NULL },
	{ 0, OBJ, "status", "What the server made of it.", NULL },
	{ 1, ANY, "acceptedNames", "The names that are served.", NULL },
	{ 1, STRINGS, "storedVersions",
	    "Versions that objects were ever stored in.", NULL },
	{ 1, KEYED, "conditions", "What is observed.", "type" },
	{ 2, STR, "type", "Name of the aspect.", NULL },
	{ 2, STR, "status", "True, False or Unknown.", NULL },
	{ 2, TIME, "lastTransitionTime", "When status last changed.", NULL },
	{ 2, STR, "reason", "One word for programs.", NULL },
	{ 2, STR, "message", "Text for people.", NULL },
	{ 0, END, NULL, NULL, NULL } };

static const struct {
	const char *group, *kind, *doc;
	const struct field *fields;
} kinds[] = {
	{ "", "Namespace", "A Namespace is a scope for names.", namespace },
	{ "", "Secret", "A Secret holds secret data.", secret },
	{ "", "ConfigMap", "A ConfigMap holds configuration data.",
	    config_map },
	{ "", "Event", "An Event is a report of something that happened.",
	    event },
	{ "events.k8s.io", "Event",
	    "An Event is a report of something that happened.", event_v1 },
	{ "", "Node", "A Node is a machine of the cluster.", node },
	{ "coordination.k8s.io", "Lease", "A Lease says who is in charge.",
	    lease },
	{ "apiextensions.k8s.io", "CustomResourceDefinition",
	    "A CustomResourceDefinition adds a kind to the API.", crd },
};

static cJSON *
typed(const char *type, const char *format)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "type", type);
	json_set_str(j, "format", format);
	return j;
}

static cJSON *
quantity(void)
{
	cJSON *j = cJSON_CreateObject();

	json_set_bool(j, "x-kubernetes-int-or-string", true);
	return j;
}

static cJSON *
map_of(cJSON *values)
{
	cJSON *j = typed("object", NULL);

	json_set(j, "additionalProperties", values);
	return j;
}

static cJSON *
list_of(cJSON *items, const char *list_type)
{
	cJSON *j = typed("array", NULL);

	json_set(j, "items", items);
	json_set_str(j, "x-kubernetes-list-type", list_type);
	return j;
}

static cJSON *object(const struct field **f, unsigned depth);

/* The items of a keyed list need their key. */
static cJSON *
keyed(const struct field **f, unsigned depth, const char *key)
{
	cJSON *items = object(f, depth), *j, *names;

	names = cJSON_CreateArray();
	(void)cJSON_AddItemToArray(names, cJSON_CreateString(key));
	json_set(items, "required", json_dup(names));
	j = list_of(items, "map");
	json_set(j, "x-kubernetes-list-map-keys", names);
	return j;
}

static cJSON *
open_object(cJSON *j)
{
	json_set_bool(j, "x-kubernetes-preserve-unknown-fields", true);
	return j;
}

static cJSON *
whole_object(cJSON *j)
{
	json_set_str(j, "x-kubernetes-map-type", "atomic");
	return j;
}

/* *f stands behind the field; composite shapes take their lines from it. */
static cJSON *
shape(const struct field *is, const struct field **f)
{
	unsigned in = is->depth + 1U;
	cJSON *j;

	switch (is->shape) {
	case STR:
		return typed("string", NULL);
	case INT:
		return typed("integer", "int64");
	case BOOL:
		return typed("boolean", NULL);
	case TIME:
		return typed("string", "date-time");
	case QUANTITY:
		return quantity();
	case MAP:
		return map_of(typed("string", NULL));
	case BYTES:
		return map_of(typed("string", "byte"));
	case QUANTITIES:
		return map_of(quantity());
	case STRINGS:
		return list_of(typed("string", NULL), "atomic");
	case SET:
		return list_of(typed("string", NULL), "set");
	case OBJ:
		return object(f, in);
	case WHOLE:
		return whole_object(object(f, in));
	case OPEN:
		return open_object(object(f, in));
	case LIST:
		return list_of(object(f, in), "atomic");
	case KEYED:
		return keyed(f, in, is->key);
	case REFS:
		j = keyed(f, in, is->key);
		(void)whole_object(json_child(j, "items"));
		return j;
	case ANY:
	case END:
		break;
	}
	return open_object(cJSON_CreateObject());
}

static cJSON *
object(const struct field **f, unsigned depth)
{
	cJSON *j = typed("object", NULL), *props = cJSON_CreateObject();

	while ((*f)->shape != END && (*f)->depth == depth) {
		const struct field *is = (*f)++;
		cJSON *p = shape(is, f);

		json_set_str(p, "description", is->doc);
		/* Kubernetes prints and stores zero times as null. */
		if (is->shape == TIME)
			json_set_bool(p, "nullable", true);
		json_set(props, is->name, p);
	}
	json_set(j, "properties", props);
	return j;
}

static cJSON *
whole(const char *doc, const struct field *fields)
{
	const struct field *meta = object_meta;
	cJSON *j = object(&fields, 0), *props = json_child(j, "properties"), *m;
	cJSON *all = cJSON_CreateObject(), *i;

	json_set(all, "apiVersion", typed("string", NULL));
	json_set(all, "kind", typed("string", NULL));
	m = object(&meta, 0);
	json_set_str(m, "description", "Name, labels and the like.");
	json_set(all, "metadata", m);
	cJSON_ArrayForEach (i, props)
		json_set(all, i->string, json_dup(i));
	json_set_str(json_child(all, "apiVersion"), "description",
	    "Group and version of this representation of the object.");
	json_set_str(
	    json_child(all, "kind"), "description", "The kind of the object.");
	json_set(j, "properties", all);
	json_set_str(j, "description", doc);
	return j;
}

cJSON *
schema_builtin(const char *group, const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(kinds[i].group, group) &&
		    str_eq(kinds[i].kind, kind))
			return whole(kinds[i].doc, kinds[i].fields);
	return NULL;
}
