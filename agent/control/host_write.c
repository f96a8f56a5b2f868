/*
 * What a host's pass asks of the API server: patches of the object under its
 * resourceVersion, the status, Secrets, Events. The plan files see none of
 * this file's libraries.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/control/host_pass.h"
#include "agent/control/names.h"
#include "agent/control/secret_share.h"
#include "agent/kube/client.h"
#include "agent/kube/event.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

void
host_event(
    struct host_pass *p, bool warning, const char *reason, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut on purpose */
	va_end(ap);
	event_emitf(p->c->ev, p->h.tree, warning ? EVENT_WARNING : EVENT_NORMAL,
	    reason, "%s", text);
}

/* ---- one request at a time ------------------------------------------------- */

static bool
write_begin(struct host_pass *p, enum act a, enum verdict *v)
{
	*v = V_WAIT;
	if (p->act[a] == ACT_FAILED) {
		*v = V_FAIL;
		return false;
	}
	/* A status patch under way would make the resourceVersion stale. */
	if (p->act[a] == ACT_PENDING || p->ctl->pending != N_ACTS ||
	    p->ctl->status_call != NULL)
		return false;
	p->act[a] = ACT_PENDING;
	p->ctl->pending = a;
	return true;
}

/* The failure of a request to the API server is no failure of the BMC. */
static void
write_failed(struct host_pass *p, const struct err *e, int64_t retry_after_us)
{
	p->err = *e;
	p->cause = RF_CAUSE_NONE;
	p->retry_after_us = retry_after_us;
}

void
host_write_end(
    struct host_ctl *ctl, const struct err *e, int64_t retry_after_us)
{
	struct host_pass *p = ctl->pass;
	enum act a = ctl->pending;

	ctl->pending = N_ACTS;
	ctl->call = NULL;
	host_diary_asked(ctl, a, e);
	if (e->kind == ERR_NONE) {
		p->act[a] = ACT_IDLE; /* the truth is in the cache now */
		if (p->told.reason != NULL)
			host_event(p, p->told.warning, p->told.reason, "%s",
			    p->told.text);
	} else {
		p->act[a] = ACT_FAILED;
		write_failed(p, e, retry_after_us);
	}
	p->told.reason = NULL;
	workq_add(ctl->c->host_q, ctl->key);
}

static void
write_done(void *arg, const struct kube_reply *r)
{
	struct host_ctl *ctl = arg;

	if (r->err.kind == ERR_NONE && r->object != NULL)
		informer_note_reply(ctl->c->hosts, r);
	else if (r->maybe_executed)
		informer_doubt(ctl->c->hosts, ctl->key);
	host_write_end(ctl, &r->err, r->retry_after_us);
}

/* ---- the object -------------------------------------------------------------- */

static cJSON *
change_patch(const struct host_pass *p, const struct host_change *ch)
{
	cJSON *patch = kobj_patch_base(p->h.tree);
	cJSON *meta = json_ensure_obj(patch, "metadata");
	cJSON *spec;

	if (ch->add_finalizer || ch->drop_finalizer)
		kobj_finalizer_merge(
		    patch, p->h.tree, FINALIZER_HOST, ch->add_finalizer);
	if (ch->record != NULL || ch->drop_annotation != NULL) {
		cJSON *ann = json_ensure_obj(meta, "annotations");

		if (ch->record != NULL) {
			char *text = record_print(ch->record);

			json_set_str(ann, ANN_RECORD, text);
			xfree(text);
		}
		if (ch->drop_annotation != NULL)
			json_set(ann, ch->drop_annotation, cJSON_CreateNull());
	}
	/* What the machine said goes with its claim. */
	if (ch->drop_claim && p->h.asks.report != NULL)
		json_set(json_ensure_obj(meta, "annotations"), ANN_REPORT,
		    cJSON_CreateNull());
	if (ch->drop_claim) {
		spec = json_ensure_obj(patch, "spec");
		json_set(spec, "consumerRef", cJSON_CreateNull());
		json_set(spec, "bootIsoSource", cJSON_CreateNull());
		json_set(spec, "userDataSecretRef", cJSON_CreateNull());
	}
	return patch;
}

/* People and tests follow a host by its status: what is about to be done to a
 * host in use stands there before it is done. */
bool
host_shown(struct host_pass *p)
{
	const struct report_cond *rc = &p->rep.cond[HC_PROVISIONED];
	const char *reason = NULL;

	if (p->claim == CLAIM_NONE && p->h.record.phase == PHASE_IDLE)
		return true;
	(void)host_condition(&p->h, host_cond_type(HC_PROVISIONED), &reason);
	if ((!p->rep.has_state ||
		(p->h.state_known && p->h.state == p->rep.state)) &&
	    (rc->status == SAY_NOTHING || str_eq(reason, rc->reason)))
		return true;
	host_write_status(p->ctl);
	return p->ctl->status_call == NULL;
}

enum verdict
host_act_write(struct host_pass *p, const struct host_change *ch)
{
	struct kube_request rq = { 0 };
	enum verdict v;
	cJSON *patch;

	if (ch->record != NULL && !host_shown(p))
		return V_WAIT;
	if (!write_begin(p, ACT_WRITE, &v))
		return v;
	patch = change_patch(p, ch);
	rq.verb = KUBE_PATCH;
	rq.res = &RES_HOSTS;
	rq.shard = p->ctl->shard;
	rq.ns = p->h.ns;
	rq.name = p->h.name;
	rq.patch = KUBE_PATCH_MERGE;
	rq.body = patch;
	rq.done = write_done;
	rq.arg = p->ctl;
	p->ctl->call = kube_start(p->c->k, &rq);
	cJSON_Delete(patch);
	p->told.reason = ch->event_reason;
	p->told.warning = ch->event_warning;
	memcpy(p->told.text, ch->event_text, sizeof(p->told.text));
	return V_WAIT;
}

enum verdict
host_act_record(struct host_pass *p, const struct record *r)
{
	struct host_change ch = { .record = r };

	if (p->h.record_valid && record_equal(r, &p->h.record))
		return V_NEXT;
	if (!host_shown(p))
		return V_WAIT;
	ch.add_finalizer = !p->h.has_finalizer;
	return host_act_write(p, &ch);
}

bool
host_watched(const struct host_pass *p)
{
	return p->c->shards == 1 || informer_past(p->c->hosts, p->h.rv);
}

bool
host_phase_free(const struct host_pass *p, enum phase phase)
{
	const struct controllers *c = p->c;
	unsigned n = host_index_count(&c->index, phase, p->h.key);
	unsigned max = phase == PHASE_RELEASING ? c->o.max_releasing
						: c->o.max_provisioning;
	unsigned ours = 0;

	for (size_t i = 0; i < c->host_ctls.n; i++) {
		const struct host_ctl *o = c->host_ctls.v[i].value;
		const struct host_brief *b;

		if (o == p->ctl || o->entering != phase)
			continue;
		b = host_index_get(&c->index, o->key);
		ours += b != NULL && b->phase != phase;
	}
	n += ours;
	if (c->shards == 1 || n >= max)
		return n < max;
	/* Others are about to enter it, too, which is not seen yet. */
	for (size_t i = 0; i < c->index.hosts.n; i++) {
		const struct host_brief *b = c->index.hosts.v[i].value;

		ours += b->phase == phase && !b->waiting_evidence &&
			b != host_index_get(&c->index, p->h.key) &&
			controllers_drives(c, b->key);
	}
	return ours < driving_part(c, max);
}

enum verdict
host_act_enter(struct host_pass *p, const struct record *r)
{
	enum verdict v = host_act_record(p, r);

	if (v == V_WAIT)
		p->ctl->entering = r->phase;
	return v;
}

/* ---- the finalizer and the label on the BMC Secret ------------------------------ */

static enum verdict
hold_patch(struct host_pass *p, enum secret_ask ask, cJSON *patch)
{
	enum verdict v = V_NEXT;

	if (patch != NULL && write_begin(p, ACT_HOLD, &v))
		secret_share_ask(
		    p->ctl, ask, p->h.spec.credentials_name, patch);
	cJSON_Delete(patch);
	return v;
}

static const cJSON *
hold_secret(const struct host_pass *p, char key[KOBJ_KEY_CAP])
{
	if (p->h.spec.credentials_name == NULL ||
	    !kobj_key_make(p->h.ns, p->h.spec.credentials_name, key))
		return NULL;
	return informer_get(p->c->secrets, key);
}

enum verdict
host_act_hold_secret(struct host_pass *p)
{
	char key[KOBJ_KEY_CAP];
	const cJSON *secret = hold_secret(p, key);
	cJSON *patch = NULL;

	/* A host that moves finds its login where it comes to. */
	if (secret != NULL && !kobj_deleting(secret))
		patch = kobj_with_label(
		    kobj_finalizer_add_patch(secret, FINALIZER_SECRET), secret,
		    LABEL_MOVE);
	json_drop(secret);
	return hold_patch(p, SECRET_HOLD, patch);
}

struct hold_search {
	const struct host_index *x;
	const char *but;
	bool found;
};

static bool
hold_needed(void *arg, const char *key)
{
	struct hold_search *s = arg;
	const struct host_brief *b = host_index_get(s->x, key);

	s->found = !str_eq(key, s->but) && b != NULL && !b->leaving;
	return !s->found;
}

/* Hosts that are let go together would each leave it to the others. */
static bool
hold_wanted(const struct host_pass *p, const char *secret)
{
	struct hold_search s = { &p->c->index, p->h.key, false };

	links_each(&p->c->index.secrets, secret, hold_needed, &s);
	return s.found;
}

enum verdict
host_act_free_secret(struct host_pass *p)
{
	char key[KOBJ_KEY_CAP];
	const cJSON *secret = hold_secret(p, key);
	cJSON *patch = NULL;

	if (secret != NULL && !hold_wanted(p, key))
		patch = kobj_finalizer_remove_patch(secret, FINALIZER_SECRET);
	json_drop(secret);
	return hold_patch(p, SECRET_FREE, patch);
}

/* ---- reading Secrets ------------------------------------------------------------- */

enum verdict
host_act_read_secret(struct host_pass *p)
{
	enum verdict v;

	if (write_begin(p, ACT_SECRET, &v))
		secret_share_ask(
		    p->ctl, SECRET_LOGIN, p->h.spec.credentials_name, NULL);
	return v;
}

enum verdict
host_act_read_ca(struct host_pass *p)
{
	enum verdict v;

	if (write_begin(p, ACT_CA, &v))
		secret_share_ask(
		    p->ctl, SECRET_CA, p->h.spec.ca_bundle_name, NULL);
	return v;
}

/* ---- the status -------------------------------------------------------------------- */

static void
status_done(void *arg, const struct kube_reply *r)
{
	struct host_ctl *ctl = arg;

	ctl->status_call = NULL;
	if (r->err.kind == ERR_NONE && r->object != NULL)
		informer_note_reply(ctl->c->hosts, r);
	else if (r->maybe_executed)
		informer_doubt(ctl->c->hosts, ctl->key);
	if (r->err.kind == ERR_NONE) {
		/* The object has them now; a kilobyte a host. */
		if (ctl->details_sent)
			xreplace(&ctl->details, NULL);
		backoff_reset(&ctl->status_backoff);
		if (ctl->active || ctl->again)
			workq_add(ctl->c->host_q, ctl->key);
		return;
	}
	/* Nothing is lost: the next pass says it again, at once if one waits
	 * for this answer. */
	if (ctl->settling)
		workq_add(ctl->c->host_q, ctl->key);
	LOGD(ctl->c->env->log, "status not written", F_STR("host", ctl->key),
	    F_ERR(&r->err));
	controllers_forbidden(ctl->c, ctl->c->hosts, ctl->key, &r->err);
	workq_add_after(ctl->c->host_q, ctl->key,
	    r->err.kind == ERR_CONFLICT ? LOOP_S / 10
					: backoff_next(&ctl->status_backoff));
}

static void
status_moved(struct host_pass *p)
{
	const char *now = host_state_name(p->rep.state);

	LOGI(p->c->env->log, "host moved", F_STR("host", p->h.key),
	    F_STR("from", p->h.state_known ? host_state_name(p->h.state) : ""),
	    F_STR("to", now),
	    F_STR("consumer", p->h.spec.consumer.name == NULL
				  ? ""
				  : p->h.spec.consumer.name));
	/* The proof has told it with its evidence. */
	if (p->rep.state != HOST_PROVISIONED)
		host_event(
		    p, p->rep.state == HOST_ERROR, now, "host is %s now", now);
}

/* A warning for each condition that went bad, with its words. */
static void
status_events(struct host_pass *p)
{
	static const enum host_cond told[] = { HC_CONNECTION, HC_IDENTITY,
		HC_HEALTH, HC_MEDIA, HC_DATA, HC_PROVISIONED };
	static const char *const quiet[] = { "NotProvisioned", "PoweringOff",
		"InsertingMedia", "ArmingBoot", "Booting", "ReadingImage",
		"Installing", "NotYetRead", NULL };

	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		const struct report_cond *rc = &p->rep.cond[told[i]];
		const char *old = NULL;
		bool skip = rc->status != SAY_FALSE;

		for (size_t k = 0; quiet[k] != NULL && !skip; k++)
			skip = str_eq(quiet[k], rc->reason);
		(void)host_condition(&p->h, host_cond_type(told[i]), &old);
		if (!skip && !str_eq(old, rc->reason))
			host_event(p, true, rc->reason, "%s", rc->message);
	}
	if (p->rep.has_state &&
	    (!p->h.state_known || p->h.state != p->rep.state))
		status_moved(p);
}

void
host_write_status(struct host_ctl *ctl)
{
	struct host_pass *p = ctl->pass;
	struct kube_request rq = { 0 };
	cJSON *status, *patch;

	if (ctl->status_call != NULL || p->h.tree == NULL || p->rep.silent)
		return;
	status = report_status(
	    &p->rep, &p->h, ctl->details, loop_wall_us(ctl->c->env->loop));
	patch = kobj_status_patch(p->h.tree, status);
	cJSON_Delete(status);
	if (patch == NULL) {
		xreplace(&ctl->details, NULL);
		return;
	}
	status_events(p);
	rq.verb = KUBE_PATCH;
	rq.res = &RES_HOSTS;
	rq.shard = ctl->shard;
	rq.ns = p->h.ns;
	rq.name = p->h.name;
	rq.subresource = "status";
	rq.patch = KUBE_PATCH_MERGE;
	rq.body = patch;
	rq.done = status_done;
	rq.arg = ctl;
	ctl->details_sent = ctl->details != NULL;
	ctl->status_call = kube_start(ctl->c->k, &rq);
	cJSON_Delete(patch);
}
