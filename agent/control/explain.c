/* Everything that is known of one host, for a person who asks why. */
#include <string.h>

#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "agent/kube/informer.h"
#include "agent/redfish/history.h"
#include "common/json.h"
#include "common/map.h"
#include "common/str.h"
#include "common/url.h"

#define EXPLAIN_NAMED 4 /* namespaces that an ambiguous name's error lists */

static void
set_time(cJSON *o, const char *key, int64_t wall_us)
{
	char text[RFC3339_CAP];

	rfc3339_s(text, wall_us);
	json_set_str(o, key, text);
}

/* ---- which host -------------------------------------------------------------- */

/* The key of the one host with that name, in any namespace; NULL with e. */
static const char *
key_of_name(struct informer *hosts, const char *name, struct err *e)
{
	const char *found = NULL, *key, *slash;
	char others[256] = "";
	unsigned n = 0;

	for (size_t i = 0; (key = informer_key_at(hosts, i)) != NULL; i++) {
		slash = strchr(key, '/');
		if (slash == NULL || !str_eq(slash + 1, name))
			continue;
		found = key;
		if (n++ < EXPLAIN_NAMED)
			(void)str_format(others + strlen(others),
			    sizeof(others) - strlen(others), "%s%.100s",
			    n > 1 ? ", " : "", key);
	}
	if (n > 1)
		(void)err_set(e, ERR_SPEC, 0,
		    "several hosts have that name, say which: %s%s", others,
		    n > EXPLAIN_NAMED ? ", ..." : "");
	else if (n == 0)
		(void)err_set(e, ERR_NOTFOUND, 0,
		    "no PhysicalHost is called %.200s", name);
	return n == 1 ? found : NULL;
}

const char *
controllers_host_key(
    const struct controllers *c, const char *name, struct err *e)
{
	if (!informer_synced(c->hosts)) {
		(void)err_set(e, ERR_BUSY, 0,
		    "the list of hosts has not come from the API server yet");
		return NULL;
	}
	if (strchr(name, '/') == NULL)
		return key_of_name(c->hosts, name, e);
	if (informer_has(c->hosts, name))
		return name;
	(void)err_set(
	    e, ERR_NOTFOUND, 0, "there is no PhysicalHost %.200s", name);
	return NULL;
}

/* ---- what the object says ------------------------------------------------------ */

/* Logins have no place in an address; where one stands nevertheless, it is not
 * repeated. */
static const char *
address_of(const struct host *h)
{
	struct url u;
	struct err e;

	if (h->spec.address == NULL || strchr(h->spec.address, '@') != NULL ||
	    !url_parse(&u, h->spec.address, &e))
		return "(none that is valid)";
	return h->spec.address;
}

static cJSON *
conditions_of(const cJSON *tree)
{
	static const char *const keys[] = { "type", "status", "reason",
		"message", "lastTransitionTime" };
	cJSON *out = cJSON_CreateArray();
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(tree, "status/conditions")) {
		cJSON *o = cJSON_CreateObject();

		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			json_set_str(o, keys[i], json_str(c, keys[i], NULL));
		cJSON_AddItemToArray(out, o);
	}
	return out;
}

static void
say_object(cJSON *out, const struct host *h)
{
	static const char *const keys[] = { "kind", "reason", "message",
		"waitingOn", "deadline", "nextRetryTime" };
	const cJSON *op = json_obj(h->tree, "status/operation");
	char consumer[300];
	cJSON *o;

	json_set_str(out, "host", h->key);
	json_set_str(out, "state", json_str(h->tree, "status/state", ""));
	json_set_str(
	    out, "power", json_str(h->tree, "status/observedPowerState", NULL));
	json_set_str(out, "address", address_of(h));
	if (h->spec.consumer.name != NULL) {
		(void)str_format(consumer, sizeof(consumer), "%s/%s",
		    h->spec.consumer.ns == NULL ? h->ns : h->spec.consumer.ns,
		    h->spec.consumer.name);
		json_set_str(out, "consumer", consumer);
	}
	if (op != NULL) {
		o = json_ensure_obj(out, "operation");
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			json_set_str(o, keys[i], json_str(op, keys[i], NULL));
	}
	json_set(out, "conditions", conditions_of(h->tree));
	o = json_ensure_obj(out, "record");
	if (!h->record_valid) {
		json_set_str(
		    o, "phase", h->record_present ? "unreadable" : "none yet");
		return;
	}
	json_set_str(o, "phase", phase_name(h->record.phase));
	if (h->record.attempt > 0)
		json_set_i64(o, "attempt", h->record.attempt);
	if (h->record.deadline_s > 0)
		set_time(o, "deadline", h->record.deadline_s * LOOP_S);
	if (h->record.power_s > 0) {
		json_set_str(o, "lastPower", h->record.power);
		set_time(o, "lastPowerAt", h->record.power_s * LOOP_S);
	}
}

/* ---- what the agent remembers -------------------------------------------------- */

static void
step_name(char out[128], const char *step, const char *inner)
{
	(void)str_format(out, 128, "%s%s%s", step, inner == NULL ? "" : "/",
	    inner == NULL ? "" : inner);
}

static cJSON *
decisions_of(const struct diary *d)
{
	cJSON *out = cJSON_CreateArray();
	const struct diary_line *l;
	char step[128];

	for (unsigned i = 0; (l = diary_line_at(d, i)) != NULL; i++) {
		cJSON *o = cJSON_CreateObject();
		bool failed = l->verdict == V_FAIL;

		set_time(o, "at", l->last_us);
		if (l->times > 1) {
			set_time(o, "since", l->first_us);
			json_set_i64(o, "times", l->times);
		}
		step_name(step, l->step == NULL ? "" : l->step, l->inner);
		json_set_str(o, "step", step);
		if (l->asked != NULL)
			json_set_str(o, "asked", l->asked);
		json_set_str(o, "verdict",
		    l->asked == NULL ? verdict_name(l->verdict)
		    : failed         ? "failed"
				     : "done");
		if (l->why[0] != '\0')
			json_set_str(o, "why", l->why);
		cJSON_AddItemToArray(out, o);
	}
	return out;
}

static cJSON *
requests_of(const struct host_ctl *ctl)
{
	struct loop *loop = ctl->c->env->loop;
	int64_t to_wall = loop_wall_us(loop) - loop_mono_us(loop);
	cJSON *out = cJSON_CreateArray();
	struct redfish_past x;

	for (unsigned i = 0; ctl->rf != NULL && redfish_past_at(ctl->rf, i, &x);
	     i++) {
		cJSON *o = cJSON_CreateObject();

		set_time(o, "at", x.at_us + to_wall);
		json_set_str(o, "method", x.method);
		json_set_str(o, "target", x.target);
		json_set_i64(o, "status", x.status);
		json_set_i64(o, "ms", x.ms);
		json_set_str(o, "what", x.what);
		cJSON_AddItemToArray(out, o);
	}
	return out;
}

static void
say_bmc(cJSON *out, const struct host_ctl *ctl)
{
	static const char *const circuits[] = {
		[RF_CIRCUIT_CLOSED] = "closed",
		[RF_CIRCUIT_OPEN] = "open",
		[RF_CIRCUIT_HALF_OPEN] = "half-open",
	};
	struct redfish_circuit_info circuit;
	cJSON *o;

	if (ctl->rf == NULL)
		return;
	o = json_ensure_obj(out, "bmc");
	circuit = redfish_circuit(ctl->rf);
	json_set_str(o, "circuit", circuits[circuit.state]);
	json_set_i64(o, "failuresInARow", circuit.failures);
	json_set_bool(o, "session", redfish_has_session(ctl->rf));
	json_set_i64(o, "loginsRefused", redfish_login_refusals(ctl->rf));
}

/* ---- what comes next ------------------------------------------------------------- */

static const char *
next_now(const struct host_ctl *ctl)
{
	if (ctl->pending != N_ACTS)
		return act_name(ctl->pending);
	if (ctl->wants_slot)
		return "wait for a place: as many BMCs as --max-bmcs allows "
		       "are being talked to";
	if (ctl->wants_origin)
		return "wait until another host of the same BMC is done";
	if (ctl->status_call != NULL)
		return "write the status";
	return "look again";
}

static void
say_next(cJSON *out, const struct host_ctl *ctl)
{
	struct controllers *c = ctl->c;
	struct loop *loop = c->env->loop;
	int64_t at = workq_at(c->host_q, ctl->key), now = loop_mono_us(loop);
	cJSON *o = json_ensure_obj(out, "next");
	const struct diary_line *last = NULL, *l;
	char step[128] = "";

	for (unsigned i = 0; (l = diary_line_at(ctl->diary, i)) != NULL; i++)
		last = l;
	if (ctl->active)
		step_name(step, ctl->pass->at == NULL ? "" : ctl->pass->at,
		    ctl->pass->inner);
	else if (last != NULL)
		step_name(step, last->step, last->inner);
	if (step[0] != '\0')
		json_set_str(o, "step", step);
	json_set_bool(o, "underWay", ctl->active);
	if (ctl->active) {
		json_set_str(o, "what", next_now(ctl));
	} else if (at < 0) {
		json_set_str(o, "what",
		    "nothing until the object, its Secret, its machine or the "
		    "BMC changes");
	} else {
		json_set_str(o, "what", "look again, from the first step");
		set_time(
		    o, "at", loop_wall_us(loop) + (at > now ? at - now : 0));
		json_set_i64(
		    o, "inSeconds", at > now ? (at - now) / LOOP_S : 0);
	}
}

cJSON *
controllers_explain(struct controllers *c, const char *name, struct err *e)
{
	const char *key = controllers_host_key(c, name, e);
	const struct host_ctl *ctl;
	struct host h = { 0 };
	char shard[32];
	cJSON *out;

	if (key == NULL)
		return NULL;
	out = cJSON_CreateObject();
	set_time(out, "now", loop_wall_us(c->env->loop));
	if (c->shards > 1) {
		(void)str_format(shard, sizeof(shard), "%u of %u",
		    driving_shard(c, key), c->shards);
		json_set_str(out, "shard", shard);
	}
	host_init(&h, key, informer_get(c->hosts, key));
	say_object(out, &h);
	host_fini(&h);
	ctl = map_get(&c->host_ctls, key);
	if (ctl == NULL) {
		json_put(out, "next/what",
		    cJSON_CreateString("the first look at it"));
		return out;
	}
	say_bmc(out, ctl);
	say_next(out, ctl);
	json_set(out, "decisions", decisions_of(ctl->diary));
	json_set(out, "requests", requests_of(ctl));
	return out;
}
