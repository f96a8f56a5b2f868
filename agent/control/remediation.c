/* See remediation.h. */
#include "agent/control/remediation.h"

#include <string.h>

#include "agent/control/heal.h"
#include "agent/control/names.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"

static int64_t
remediation_bounded(const cJSON *t, const char *path, int64_t dflt, int64_t max)
{
	int64_t v = json_i64(t, path, dflt);

	return v < 1 ? 1 : v > max ? max : v;
}

void
remediation_view(struct remediation *r, const struct cJSON *tree)
{
	const cJSON *owner = kobj_owner(tree, "Machine", CAPI_GROUP);
	int64_t last_us = 0;

	memset(r, 0, sizeof(*r));
	r->tree = tree;
	r->ns = kobj_ns(tree);
	r->name = kobj_name(tree);
	r->watch = kobj_label(tree, LABEL_WATCH);
	r->cluster = kobj_label(tree, LABEL_CLUSTER_NAME);
	r->deleting = kobj_deleting(tree);
	r->for_move = kobj_annotation(tree, ANN_DELETE_FOR_MOVE) != NULL;
	r->has_finalizer = kobj_has_finalizer(tree, FINALIZER_REMEDIATION);
	r->paused = kobj_annotation(tree, ANN_PAUSED) != NULL;
	r->id = kobj_annotation(tree, ANN_REMEDIATION_ID);
	r->owner = json_str(owner, "name", NULL);
	r->owner_uid = json_str(owner, "uid", NULL);
	r->cycle = !str_eq(json_str(tree, "spec/type", HEAL_CYCLE), HEAL_OFF);
	r->max_attempts = (int)remediation_bounded(
	    tree, "spec/maxAttempts", 1, HEAL_ATTEMPTS_MAX);
	r->interval_s =
	    remediation_bounded(tree, "spec/retryIntervalSeconds", 300, 86400);
	r->attempts = (int)json_i64(tree, "status/attempts", 0);
	if (r->attempts < 0 || r->attempts > HEAL_ATTEMPTS_MAX)
		r->attempts = HEAL_ATTEMPTS_MAX;
	if (rfc3339_parse(json_str(tree, "status/lastAttempt", ""), &last_us))
		r->last_s = last_us / LOOP_S;
}

int64_t
remediation_patience_s(const struct remediation *r)
{
	int64_t s = 2 * r->interval_s;

	return s < 60 ? 60 : s > 600 ? 600 : s;
}

/* What the record says of the attempt; asked: the annotation still does. */
static enum remedy_state
remedy_recorded(const struct record *r, bool asked)
{
	if (str_eq(r->heal_at, HEAL_AT_DONE))
		return REMEDY_DONE;
	/* The host brings back what it switched off, asked or not. */
	if (str_eq(r->heal_at, HEAL_AT_ON))
		return REMEDY_ON;
	return asked ? REMEDY_OFF : REMEDY_FAILED;
}

/* Attempts that annotation and record tell of; 0 = none. */
struct remedy_seen {
	int asked, healed;
	const struct record *rec; /* readable, or NULL */
};

static struct remedy_seen
remedy_look(const struct remediation *r, const struct host *h)
{
	const char *id = str_empty(r->id) ? "?" : r->id;
	struct remedy_seen s = { 0 };
	struct heal_ask a;

	if (h == NULL)
		return s;
	s.rec = h->record_valid ? &h->record : NULL;
	if (heal_ask_parse(&a, h->asks.remediate))
		s.asked = heal_id_attempt(a.id, id);
	if (s.rec != NULL)
		s.healed = heal_id_attempt(s.rec->heal, id);
	return s;
}

static void
remedy_judge(struct remedy *y, const struct remedy_seen *s,
    const struct remediation *r, int64_t now_s)
{
	bool asked = s->asked == y->attempts;

	y->state = asked ? REMEDY_ASKED : REMEDY_FAILED;
	y->next_s = y->last_s + r->interval_s;
	if (s->rec != NULL && s->healed == y->attempts) {
		y->state = remedy_recorded(s->rec, asked);
		y->fenced = s->rec->fenced_s != 0;
		if (y->state == REMEDY_DONE)
			y->next_s = s->rec->heal_s + r->interval_s;
	}
	if (y->last_s != 0 && now_s >= y->last_s + remediation_patience_s(r) &&
	    y->state != REMEDY_DONE && y->state != REMEDY_FAILED)
		y->state = asked ? REMEDY_LATE : REMEDY_FAILED;
}

struct remedy
remedy_of(const struct remediation *r, const struct host *h, int64_t now_s)
{
	struct remedy y = { .attempts = r->attempts, .last_s = r->last_s };
	struct remedy_seen s = remedy_look(r, h);

	/* A status that was lost (a move) is made good. */
	if (s.healed > y.attempts) {
		y.attempts = s.healed;
		y.last_s = s.rec == NULL ? 0 : s.rec->heal_s;
	}
	if (s.asked > y.attempts) {
		y.attempts = s.asked;
		y.last_s = 0;
	}
	if (y.attempts > 0)
		remedy_judge(&y, &s, r, now_s);
	return y;
}
