/* See host.h. The codec from JSON to the view. */
#include "agent/control/host.h"

#include <string.h>

#include "agent/control/names.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

static const char *const state_names[] = {
	[HOST_ENROLLING] = "Enrolling",
	[HOST_INSPECTING] = "Inspecting",
	[HOST_AVAILABLE] = "Available",
	[HOST_CLAIMED] = "Claimed",
	[HOST_PROVISIONING] = "Provisioning",
	[HOST_PROVISIONED] = "Provisioned",
	[HOST_DEPROVISIONING] = "Deprovisioning",
	[HOST_ERROR] = "Error",
};

const char *
host_state_name(enum host_state s)
{
	return state_names[s];
}

enum host_state
host_state_parse(const char *s)
{
	for (size_t i = 0; i < sizeof(state_names) / sizeof(*state_names); i++)
		if (str_eq(s, state_names[i]))
			return (enum host_state)i;
	return HOST_ENROLLING;
}

static const struct typecheck host_types[] = {
	{ "spec", TYPE_OBJ },
	{ "spec/redfishConnection", TYPE_OBJ },
	{ "spec/redfishConnection/address", TYPE_STR },
	{ "spec/redfishConnection/caBundleSecretRef/name", TYPE_STR },
	{ "spec/redfishConnection/certificateFingerprint", TYPE_STR },
	{ "spec/redfishConnection/trustOnFirstUse", TYPE_BOOL },
	{ "spec/redfishConnection/insecureSkipVerify", TYPE_BOOL },
	{ "spec/redfishConnection/minTLSVersion", TYPE_STR },
	{ "spec/redfishConnection/systemID", TYPE_STR },
	{ "spec/online", TYPE_BOOL },
	{ "spec/maintenance", TYPE_OBJ },
	{ "spec/maintenance/reason", TYPE_STR },
	{ "spec/mediaTransport", TYPE_STR },
	{ "spec/consumerRef", TYPE_OBJ },
	{ "spec/consumerRef/kind", TYPE_STR },
	{ "spec/consumerRef/namespace", TYPE_STR },
	{ "spec/consumerRef/name", TYPE_STR },
	{ "spec/consumerRef/claimID", TYPE_STR },
	{ "spec/bootIsoSource", TYPE_STR },
	{ "spec/userDataSecretRef", TYPE_OBJ },
	{ "spec/userDataSecretRef/name", TYPE_STR },
};

static void
host_read_consumer(struct consumer *c, const cJSON *spec)
{
	c->kind = json_str(spec, "consumerRef/kind", KIND_MACHINE);
	c->ns = json_str(spec, "consumerRef/namespace", NULL);
	c->name = json_str(spec, "consumerRef/name", NULL);
	c->claim_id = json_str(spec, "consumerRef/claimID", NULL);
}

static void
host_read_spec(struct host *h, const cJSON *spec)
{
	struct host_spec *s = &h->spec;
	const cJSON *c = json_obj(spec, "redfishConnection");
	const cJSON *online = json_child(spec, "online");

	s->address = json_str(c, "address", NULL);
	s->credentials_name = json_str(c, "credentialsSecretRef/name", NULL);
	if (s->credentials_name == NULL) /* the plain form of API.md */
		s->credentials_name = json_str(c, "credentialsSecretRef", NULL);
	s->ca_bundle_name = json_str(c, "caBundleSecretRef/name", NULL);
	if (s->ca_bundle_name == NULL)
		s->ca_bundle_name = json_str(c, "caBundleSecretRef", NULL);
	s->fingerprint = json_str(c, "certificateFingerprint", NULL);
	s->tofu = json_bool(c, "trustOnFirstUse", false);
	s->insecure = json_bool(c, "insecureSkipVerify", false);
	s->min_tls = json_str(c, "minTLSVersion", "1.2");
	s->system_id = json_str(c, "systemID", NULL);
	s->transport = json_str(spec, "mediaTransport", "Auto");
	s->online = !cJSON_IsBool(online)  ? ONLINE_ABSENT
		    : cJSON_IsTrue(online) ? ONLINE_TRUE
					   : ONLINE_FALSE;
	s->maintenance = json_obj(spec, "maintenance") != NULL;
	s->maintenance_reason = json_str(spec, "maintenance/reason", "");
	host_read_consumer(&s->consumer, spec);
	s->boot_iso = json_str(spec, "bootIsoSource", NULL);
	s->user_data = json_str(spec, "userDataSecretRef/name", NULL);
}

static void
host_read_asks(struct host_asks *a, const cJSON *ann)
{
	const struct {
		const char *name;
		const char **out;
	} rows[] = {
		{ ANN_REBOOT, &a->reboot },
		{ ANN_RETRY, &a->retry },
		{ ANN_INSPECT, &a->inspect },
		{ ANN_FORCE_RELEASE, &a->force_release },
		{ ANN_ACCEPT_IDENTITY, &a->accept_identity },
		{ ANN_ACCEPT_CERT, &a->accept_certificate },
		{ ANN_CONFIRM, &a->confirm },
		{ ANN_ADOPT, &a->adopt },
		{ ANN_REMEDIATE, &a->remediate },
		{ ANN_REPORT, &a->report },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const cJSON *v = json_child(ann, rows[i].name);

		*rows[i].out = cJSON_IsString(v) ? v->valuestring : NULL;
	}
}

static void
host_read_meta(struct host *h, const cJSON *meta)
{
	const cJSON *ann = json_obj(meta, "annotations");
	const cJSON *labels = json_obj(meta, "labels");
	const cJSON *zone = json_child(labels, LABEL_ZONE);
	const cJSON *watch = json_child(labels, LABEL_WATCH);
	const cJSON *rec = json_child(ann, ANN_RECORD);
	const char *text;
	const cJSON *f;

	h->ns = json_str(meta, "namespace", "");
	h->name = json_str(meta, "name", "");
	h->uid = json_str(meta, "uid", "");
	h->rv = json_str(meta, "resourceVersion", "");
	h->generation = json_i64(meta, "generation", 0);
	h->deleting = json_str(meta, "deletionTimestamp", NULL) != NULL;
	h->for_move = json_child(ann, ANN_DELETE_FOR_MOVE) != NULL;
	h->paused = json_child(ann, ANN_PAUSED) != NULL;
	h->zone = cJSON_IsString(zone) ? zone->valuestring : NULL;
	h->watch = cJSON_IsString(watch) ? watch->valuestring : NULL;
	cJSON_ArrayForEach (f, json_arr(meta, "finalizers"))
		if (cJSON_IsString(f) && str_eq(f->valuestring, FINALIZER_HOST))
			h->has_finalizer = true;
	host_read_asks(&h->asks, ann);
	h->record_present = rec != NULL;
	text = cJSON_GetStringValue(rec);
	if (text != NULL)
		h->record_valid =
		    record_parse(&h->record, text, &h->record_err);
}

void
host_init(struct host *h, const char *key, const struct cJSON *tree)
{
	const char *state = json_str(tree, "status/state", NULL);

	memset(h, 0, sizeof(*h));
	h->tree = tree;
	h->key = xstrdup(key);
	host_read_meta(h, json_obj(tree, "metadata"));
	host_read_spec(h, json_obj(tree, "spec"));
	(void)typecheck(tree, host_types,
	    sizeof(host_types) / sizeof(*host_types), h->wrong);
	h->state_known = state != NULL;
	h->has_details = json_obj(h->tree, "status/hardwareDetails") != NULL;
	h->state = host_state_parse(state);
}

void
host_fini(struct host *h)
{
	json_drop(h->tree);
	xfree(h->key);
	memset(h, 0, sizeof(*h));
}

/* SHA-256 with or without colons. */
static bool
host_fingerprint_ok(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++) {
		if (*s == ':')
			continue;
		if (strchr("0123456789abcdefABCDEF", *s) == NULL)
			return false;
		n++;
	}
	return n == 64;
}

const char *
host_problem(const struct host *h)
{
	const struct host_spec *s = &h->spec;
	int trust = (s->ca_bundle_name != NULL) + (s->fingerprint != NULL) +
		    s->tofu + s->insecure;

	if (h->wrong[0] != '\0')
		return h->wrong;
	if (str_empty(s->address))
		return "spec.redfishConnection.address is missing";
	if (str_empty(s->credentials_name))
		return "spec.redfishConnection.credentialsSecretRef is missing";
	if (trust > 1)
		return "spec.redfishConnection sets more than one of "
		       "caBundleSecretRef, certificateFingerprint, "
		       "trustOnFirstUse, insecureSkipVerify";
	if (s->fingerprint != NULL && !host_fingerprint_ok(s->fingerprint))
		return "spec.redfishConnection.certificateFingerprint is not "
		       "a SHA-256 of 64 hex digits";
	if (s->consumer.name != NULL && s->consumer.claim_id == NULL)
		return "spec.consumerRef has no claimID";
	return NULL;
}

const char *
host_condition(const struct host *h, const char *type, const char **reason)
{
	const cJSON *c;

	if (reason != NULL)
		*reason = NULL;
	cJSON_ArrayForEach (c, json_arr(h->tree, "status/conditions")) {
		if (!str_eq(json_str(c, "type", NULL), type))
			continue;
		if (reason != NULL)
			*reason = json_str(c, "reason", NULL);
		return json_str(c, "status", NULL);
	}
	return NULL;
}

bool
consumer_same(const struct consumer *c, const char *ns, const char *name,
    const char *claim_id)
{
	return c->name != NULL && str_eq(c->name, name) &&
	       (c->ns == NULL || str_eq(c->ns, ns)) &&
	       str_eq(c->claim_id, claim_id);
}

bool
host_taken(const struct host *h)
{
	const struct record *r = &h->record;

	return h->spec.consumer.name != NULL ||
	       (h->record_valid && r->claim_id[0] != '\0' &&
		   r->phase != PHASE_IDLE && r->phase != PHASE_ERROR);
}

/* A dead BMC cannot be cleaned: the user lets the host go. */
bool
host_dirty(const struct host *h)
{
	const struct record *r = &h->record;

	return h->asks.force_release == NULL && h->record_valid &&
	       (r->phase == PHASE_RELEASING || r->power[0] != '\0');
}

bool
host_leaving(const struct host *h)
{
	return h->deleting && !host_taken(h) && !host_dirty(h);
}
