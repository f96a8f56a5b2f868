/* See facts.h. */
#include "scenarios/runner/facts.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define AX "infrastructure.cluster.x-k8s.io"
#define CAPI "cluster.x-k8s.io"
#define AGENT_NET "10.0.1."

void
facts_init(struct facts *f)
{
	memset(f, 0, sizeof(*f));
	f->blind_until = f->cut_until = f->secrets_at = FACT_NEVER;
}

static void
facts_free_bmc(void *arg)
{
	struct fact_bmc *b = arg;
	struct fact_session *s, *next;

	for (s = b->sessions; s != NULL; s = next) {
		next = s->next;
		xfree(s);
	}
	for (size_t i = 0; i < 4; i++)
		xfree(b->hosts[i]);
	xfree(b->name);
	xfree(b->address);
	xfree(b->media_url);
	xfree(b->boot_key);
	xfree(b->login_failed_with);
	xfree(b);
}

static void
facts_free_object(void *arg)
{
	struct fact_object *o = arg;

	json_drop(o->tree);
	xfree(o->consumer);
	xfree(o);
}

void
facts_fini(struct facts *f)
{
	map_free(&f->by_address, NULL);
	map_free(&f->consumers, xfree);
	map_free(&f->objects, facts_free_object);
	map_free(&f->bmcs, facts_free_bmc);
}

/* ---- BMCs ----------------------------------------------------------------- */

struct fact_bmc *
facts_add_bmc(
    struct facts *f, const char *name, const char *address, const char *power)
{
	struct fact_bmc *b = xcalloc(1, sizeof(*b));

	b->name = xstrdup(name);
	b->address = xstrdup(address);
	(void)str_copy(b->power, sizeof(b->power), power);
	b->power_by = CAUSE_NONE;
	b->power_at = b->lies_until = FACT_NEVER;
	b->login_failed_at = FACT_NEVER;
	b->person_at = str_eq(power, "Off") ? FACT_NEVER : 0;
	(void)map_put(&f->bmcs, name, b);          /* new */
	(void)map_put(&f->by_address, address, b); /* new */
	return b;
}

static void
facts_bmc_host(struct fact_bmc *b, const char *key)
{
	for (size_t i = 0; i < 4; i++) {
		if (b->hosts[i] == NULL)
			b->hosts[i] = xstrdup(key);
		if (str_eq(b->hosts[i], key))
			return;
	}
}

static bool
facts_names(const struct fact_object *o, const char *address)
{
	return o->tree != NULL &&
	       str_eq(json_str(o->tree, "spec/redfishConnection/address", NULL),
		   address);
}

void
facts_alias(struct facts *f, const char *address, struct fact_bmc *b)
{
	(void)map_put(&f->by_address, address, b); /* not owned there */
	for (size_t i = 0; i < f->objects.n; i++) {
		struct fact_object *o = f->objects.v[i].value;

		if (!facts_names(o, address))
			continue;
		o->bmc = b;
		facts_bmc_host(b, f->objects.v[i].key);
	}
}

struct fact_bmc *
facts_bmc(const struct facts *f, const char *name)
{
	return map_get(&f->bmcs, name);
}

int
facts_agent_of(const char *from)
{
	size_t n = strlen(AGENT_NET);

	/* over sockets, where it is known */
	if (str_has_prefix(from, "agent-"))
		return from[6] >= '0' && from[6] <= '7' ? from[6] - '0' : -1;

	if (!str_has_prefix(from, AGENT_NET) || from[n] < '1' || from[n] > '8')
		return -1;
	return from[n] - '1';
}

static void
facts_session_opened(
    struct facts *f, struct fact_bmc *b, const struct bmc_event *ev)
{
	struct fact_session *s = xcalloc(1, sizeof(*s));

	(void)str_copy(s->id, sizeof(s->id), ev->text);
	s->agent = facts_agent_of(ev->from);
	s->life = s->agent < 0 ? 0 : f->lives[s->agent];
	s->next = b->sessions;
	b->sessions = s;
}

static void
facts_session_closed(struct fact_bmc *b, const char *text)
{
	size_t n = strcspn(text, " ");

	for (struct fact_session **at = &b->sessions; *at != NULL;
	     at = &(*at)->next) {
		struct fact_session *s = *at;

		if (strlen(s->id) != n || strncmp(s->id, text, n) != 0)
			continue;
		*at = s->next;
		xfree(s);
		return;
	}
}

static void
facts_power(struct facts *f, struct fact_bmc *b, const char *power)
{
	if (str_eq(b->power, "Off"))
		b->off_until = f->now_us;
	(void)str_copy(b->power, sizeof(b->power), power);
	b->power_at = f->now_us;
}

/* What a fault makes a BMC say is not what is so. */
static bool
facts_is_lie(const char *text)
{
	static const char *const lies[] = { "stale-read", "accepted-not-done",
		"wrong-types", "nulls", "duplicate-keys", "garbage",
		"power-stuck", "media-drops", "media-never-mounts",
		"once-not-consumed", "override-ignored" };

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		if (strstr(text, lies[i]) != NULL)
			return true;
	return false;
}

static void
facts_machine_event(
    struct facts *f, struct fact_bmc *b, const struct bmc_event *ev)
{
	switch ((int)ev->kind) {
	case BMC_EV_POWER_STATE:
		facts_power(f, b, ev->text);
		break;
	case BMC_EV_POWER_WRITE:
		b->power_by = b->boot_by = CAUSE_AGENT;
		break;
	case BMC_EV_POWER_BUTTON:
		b->power_by = b->boot_by = CAUSE_PERSON;
		b->person_at = f->now_us;
		break;
	case BMC_EV_RESET:
		if (str_has_prefix(ev->text, "restarted by"))
			b->boot_by = CAUSE_ITSELF;
		break;
	case BMC_EV_CERTIFICATE:
		b->person_at = f->now_us;
		break;
	case BMC_EV_BOARD_SWAPPED:
		b->person_at = f->now_us;
		b->media = b->armed = false;
		facts_power(f, b, "Off");
		break;
	default:
		break;
	}
}

static void
facts_boot_event(
    struct facts *f, struct fact_bmc *b, const struct bmc_event *ev)
{
	switch ((int)ev->kind) {
	case BMC_EV_MEDIA_INSERTED:
		b->media = true;
		xreplace(&b->media_url, ev->text);
		break;
	case BMC_EV_MEDIA_EJECTED:
		b->media = false;
		xreplace(&b->media_url, NULL);
		break;
	case BMC_EV_BOOT_OVERRIDE:
		(void)str_copy(b->override_, sizeof(b->override_), ev->text);
		/* Pending or not, the next boot goes by what was said last. */
		b->armed = !str_has_prefix(ev->text, "Disabled") &&
			   strstr(ev->text, " None ") == NULL;
		break;
	case BMC_EV_BOOT_CONSUMED:
		b->armed = false;
		break;
	case BMC_EV_FAULT:
		if (facts_is_lie(ev->text))
			b->lies_until = f->now_us + 120 * 1000000LL;
		break;
	default:
		break;
	}
}

void
facts_bmc_event(struct facts *f, const struct bmc_event *ev)
{
	struct fact_bmc *b = facts_bmc(f, ev->bmc);

	f->now_us = ev->at_us;
	f->changes++;
	if (b == NULL)
		return;
	if (ev->kind == BMC_EV_REQUEST) {
		b->requests++;
		if (!str_eq(ev->method, "GET") && !str_eq(ev->method, "HEAD"))
			b->redfish_writes++;
	} else if (ev->kind == BMC_EV_SESSION_OPENED) {
		facts_session_opened(f, b, ev);
	} else if (ev->kind == BMC_EV_SESSION_CLOSED) {
		facts_session_closed(b, ev->text);
	} else {
		facts_machine_event(f, b, ev);
		facts_boot_event(f, b, ev);
	}
}

/* ---- objects ---------------------------------------------------------------- */

static void
facts_key(char *out, size_t cap, const char *group, const char *resource,
    const char *ns, const char *name)
{
	(void)str_format(out, cap, "%s.%s/%s/%s", resource, group, ns, name);
}

struct fact_object *
facts_object(const struct facts *f, const char *group, const char *resource,
    const char *ns, const char *name)
{
	char key[700];

	facts_key(key, sizeof(key), group, resource, ns, name);
	return map_get(&f->objects, key);
}

const cJSON *
facts_tree(const struct facts *f, const char *group, const char *resource,
    const char *ns, const char *name)
{
	struct fact_object *o = facts_object(f, group, resource, ns, name);

	return o == NULL ? NULL : o->tree;
}

const char *
facts_condition(const cJSON *object, const char *type, const char **reason)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(object, "status/conditions")) {
		if (!str_eq(json_str(c, "type", NULL), type))
			continue;
		if (reason != NULL)
			*reason = json_str(c, "reason", "");
		return json_str(c, "status", "");
	}
	return NULL;
}

const char *
facts_annotation(const cJSON *tree, const char *key)
{
	const cJSON *v = json_child(json_at(tree, "metadata/annotations"), key);

	return cJSON_IsString(v) ? v->valuestring : NULL;
}

static bool
facts_has_finalizer(const cJSON *tree, const char *name)
{
	const cJSON *x;

	cJSON_ArrayForEach (x, json_arr(tree, "metadata/finalizers"))
		if (cJSON_IsString(x) && str_eq(x->valuestring, name))
			return true;
	return false;
}

static void
facts_record_read(struct fact_record *r, const cJSON *tree)
{
	const char *text = facts_annotation(tree, AX "/host-record");
	struct err e;
	cJSON *j;

	memset(r, 0, sizeof(*r));
	(void)str_copy(r->phase, sizeof(r->phase), "idle");
	if (text == NULL)
		return;
	r->present = true;
	j = json_parse(text, strlen(text), &e);
	r->valid = cJSON_IsObject(j) && strlen(text) <= 1024;
	(void)str_copy(
	    r->phase, sizeof(r->phase), json_str(j, "phase", "idle"));
	(void)str_copy(r->claim, sizeof(r->claim), json_str(j, "claim", ""));
	(void)str_copy(r->power, sizeof(r->power), json_str(j, "power", ""));
	(void)str_copy(r->uuid, sizeof(r->uuid), json_str(j, "uuid", ""));
	(void)str_copy(r->reboot, sizeof(r->reboot), json_str(j, "reboot", ""));
	(void)str_copy(r->heal, sizeof(r->heal), json_str(j, "heal", ""));
	(void)str_copy(
	    r->heal_at, sizeof(r->heal_at), json_str(j, "healAt", ""));
	r->attempt = json_i64(j, "attempt", 0);
	r->on_at = json_i64(j, "onAt", 0);
	r->failed = json_bool(j, "failed", false);
	cJSON_Delete(j);
}

/* Keeps the moment at which something became so. */
static void
facts_since(const struct facts *f, int64_t *at, bool now)
{
	if (!now)
		*at = FACT_NEVER;
	else if (*at == FACT_NEVER)
		*at = f->now_us;
}

static bool
facts_ordered(const cJSON *tree)
{
	static const char *const asks[] = { AX "/reboot", AX "/retry",
		AX "/force-release", AX "/confirm-provisioned",
		AX "/accept-identity", AX "/accept-certificate" };

	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		if (facts_annotation(tree, asks[i]) != NULL)
			return true;
	return false;
}

static bool
facts_doubted(const struct fact_object *o)
{
	const char *why = "", *tls = "";
	const char *id = facts_condition(o->tree, "IdentityVerified", &why);
	const char *ok =
	    facts_condition(o->tree, "RedfishConnectionReady", &tls);

	if (str_eq(ok, "False") && str_eq(tls, "CertificateChanged"))
		return true;
	/* Of two hosts for one board, that which serves a claim goes on. */
	return str_eq(id, "False") && (!str_eq(why, "IdentityConflict") ||
					  str_eq(o->record.phase, "idle"));
}

static void
facts_host(struct facts *f, struct fact_object *o, const char *key)
{
	const cJSON *t = o->tree;
	const char *address = json_str(t, "spec/redfishConnection/address", "");
	const char *name = json_str(t, "spec/consumerRef/name", NULL);
	char consumer[400];
	char was_heal[48];
	int64_t was_on;

	o->bmc = map_get(&f->by_address, address);
	if (o->bmc != NULL)
		facts_bmc_host(o->bmc, key);
	if (name != NULL) {
		(void)str_format(consumer, sizeof(consumer), "%s/%s",
		    json_str(t, "metadata/namespace", ""), name);
		xfree(map_put(&f->consumers, consumer, xstrdup(key)));
	}
	was_on = o->record.on_at;
	(void)str_copy(was_heal, sizeof(was_heal), o->record.heal);
	xreplace(&o->consumer, name != NULL ? consumer : NULL);
	facts_record_read(&o->record, t);
	if (o->record.on_at == 0)
		o->intent_at = FACT_NEVER;
	else if (o->record.on_at != was_on)
		o->intent_at = f->now_us;
	if (!str_eq(was_heal, o->record.heal))
		o->heal_at = f->now_us;
	facts_since(
	    f, &o->paused_at, facts_annotation(t, CAPI "/paused") != NULL);
	facts_since(f, &o->maintenance_at, json_obj(t, "spec/maintenance"));
	facts_since(f, &o->doubt_at, facts_doubted(o));
	facts_since(f, &o->bare_at,
	    !facts_has_finalizer(t, "physicalhost." AX) || !o->record.present ||
		!o->record.valid);
	facts_since(f, &o->unowned_at, name == NULL);
	facts_since(
	    f, &o->unrebooted_at, facts_annotation(t, AX "/reboot") == NULL);
	if (facts_annotation(t, AX "/retry") != NULL)
		o->retry_at = f->now_us;
	if (json_at(t, "spec/online") != NULL)
		o->online_at = f->now_us;
	if (facts_ordered(t))
		o->asked_at = f->now_us;
}

static struct fact_object *
facts_object_new(struct facts *f, const char *key)
{
	struct fact_object *o = xcalloc(1, sizeof(*o));

	o->gone_at = o->paused_at = o->maintenance_at = FACT_NEVER;
	o->doubt_at = o->bare_at = o->unowned_at = FACT_NEVER;
	o->retry_at = o->online_at = o->asked_at = FACT_NEVER;
	o->heal_at = o->unrebooted_at = FACT_NEVER;
	o->deleting_at = o->user_at = o->intent_at = FACT_NEVER;
	o->created_at = f->now_us;
	(void)map_put(&f->objects, key, o); /* new */
	return o;
}

struct fact_object *
facts_commit(struct facts *f, const char *group, const char *resource,
    const cJSON *before, const cJSON *after, bool by_agent)
{
	const cJSON *any = after != NULL ? after : before;
	char key[700];
	struct fact_object *o;

	facts_key(key, sizeof(key), group, resource,
	    json_str(any, "metadata/namespace", ""),
	    json_str(any, "metadata/name", ""));
	f->changes++;
	o = map_get(&f->objects, key);
	if (o == NULL)
		o = facts_object_new(f, key);
	json_drop(o->tree);
	o->tree = after;
	o->changed_at = f->now_us;
	if (!by_agent)
		o->user_at = f->now_us;
	if (!by_agent && str_eq(resource, "secrets"))
		f->secrets_at = f->now_us;
	o->versions++;
	if (after == NULL) {
		o->gone_at = f->now_us;
		return o;
	}
	if (before == NULL)
		o->created_at = f->now_us;
	facts_since(f, &o->deleting_at,
	    json_at(after, "metadata/deletionTimestamp") != NULL);
	if (str_eq(resource, "physicalhosts"))
		facts_host(f, o, key);
	else if (str_eq(resource, "beskar7remediations"))
		(void)str_copy(o->remedy, sizeof(o->remedy),
		    json_str(after,
			"metadata/annotations/" AX "~1remediation-id", ""));
	else if (str_eq(resource, "clusters"))
		facts_since(
		    f, &o->paused_at, json_bool(after, "spec/paused", false));
	return o;
}

struct fact_object *
facts_host_of(const struct facts *f, const struct fact_bmc *b)
{
	struct fact_object *found = NULL;

	for (size_t i = 0; b != NULL && i < 4 && b->hosts[i] != NULL; i++) {
		struct fact_object *o = map_get(&f->objects, b->hosts[i]);

		if (o == NULL || o->tree == NULL || o->bmc != b)
			continue;
		if (found == NULL ||
		    json_at(o->tree, "spec/consumerRef") != NULL ||
		    !str_eq(o->record.phase, "idle"))
			found = o;
	}
	return found;
}

struct fact_object *
facts_consumer(const struct facts *f, const struct fact_object *host)
{
	return facts_object(f, AX, "beskar7machines",
	    json_str(host->tree, "metadata/namespace", ""),
	    json_str(host->tree, "spec/consumerRef/name", ""));
}

int64_t
facts_cluster_paused(const struct facts *f, const struct fact_object *host)
{
	const struct fact_object *m = facts_consumer(f, host), *c;
	const char *name;

	if (m == NULL)
		return FACT_NEVER;
	/* ~1 stands for the / in the key. */
	name =
	    json_str(m->tree, "metadata/labels/" CAPI "~1cluster-name", NULL);
	if (name == NULL)
		return FACT_NEVER;
	c = facts_object(f, CAPI, "clusters",
	    json_str(m->tree, "metadata/namespace", ""), name);
	return c == NULL || c->tree == NULL ? FACT_NEVER : c->paused_at;
}

/* ---- agents ------------------------------------------------------------------ */

void
facts_agent_started(struct facts *f, unsigned n)
{
	f->lives[n]++;
	f->alive[n] = true;
}

void
facts_agent_ended(struct facts *f, unsigned n)
{
	f->alive[n] = false;
	if (f->now_us > f->cut_until)
		f->cut_until = f->now_us;
}

void
facts_blind(struct facts *f, int64_t until_us)
{
	if (until_us > f->blind_until)
		f->blind_until = until_us;
}

void
facts_cut(struct facts *f, int64_t until_us)
{
	f->cut_until = until_us;
}
