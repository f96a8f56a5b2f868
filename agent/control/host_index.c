/* See host_index.h. */
#include "agent/control/host_index.h"

#include <stdio.h>
#include <string.h>

#include "agent/control/names.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

static void
host_brief_free(void *p)
{
	struct host_brief *b = p;

	if (b == NULL)
		return;
	xfree(b->key);
	xfree(b->ns);
	xfree(b->name);
	xfree(b->consumer);
	xfree(b->claim_id);
	xfree(b->zone);
	xfree(b->watch);
	xfree(b->serves);
	xfree(b->secret);
	xfree(b->ca);
	xfree(b);
}

static void
host_id_each(const struct identity *id, void (*fn)(void *arg, const char *name),
    void *arg)
{
	char text[96];

	if (id->uuid[0] != '\0' &&
	    str_format(text, sizeof(text), "uuid:%s", id->uuid))
		fn(arg, text);
	if (id->serial[0] != '\0' &&
	    str_format(text, sizeof(text), "serial:%s", id->serial))
		fn(arg, text);
	for (size_t i = 0; i < id->n_macs; i++)
		if (str_format(text, sizeof(text), "mac:%s", id->macs[i]))
			fn(arg, text);
}

struct id_link {
	struct links *l;
	const char *key;
	void (*op)(struct links *l, const char *from, const char *to);
};

static void
host_id_link(void *arg, const char *name)
{
	const struct id_link *k = arg;

	k->op(k->l, name, k->key);
}

static void
host_links(struct host_index *x, const struct host_brief *b,
    void (*op)(struct links *l, const char *from, const char *to))
{
	struct id_link ids = { &x->ids, b->key, op };

	host_id_each(&b->id, host_id_link, &ids);
	if (b->consumer != NULL)
		op(&x->consumers, b->consumer, b->key);
	if (b->serves != NULL)
		op(&x->serving, b->serves, b->key);
	if (b->secret != NULL)
		op(&x->secrets, b->secret, b->key);
	if (b->ca != NULL)
		op(&x->secrets, b->ca, b->key);
}

/* Most of an object's versions change none of what it is found by. */
static bool
host_links_same(const struct host_brief *a, const struct host_brief *b)
{
	if (!str_eq(a->consumer, b->consumer) ||
	    !str_eq(a->serves, b->serves) || !str_eq(a->secret, b->secret) ||
	    !str_eq(a->ca, b->ca) || !str_eq(a->id.uuid, b->id.uuid) ||
	    !str_eq(a->id.serial, b->id.serial) || a->id.n_macs != b->id.n_macs)
		return false;
	for (size_t i = 0; i < a->id.n_macs; i++)
		if (!str_eq(a->id.macs[i], b->id.macs[i]))
			return false;
	return true;
}

/* All that a pass looks at: spec, deletion, labels, finalizers, and the
 * annotations but for our own record. Our status writes must not wake us. */
static uint64_t
host_signature(const cJSON *tree)
{
	const cJSON *meta = json_obj(tree, "metadata"), *a;
	char head[96];
	uint64_t sig;
	char *part;

	(void)snprintf(head, sizeof(head), "%lld %s",
	    (long long)json_i64(meta, "generation", 0),
	    json_str(meta, "deletionTimestamp", ""));
	sig = str_hash(head, 1);
	cJSON_ArrayForEach (a, json_obj(meta, "annotations")) {
		if (str_eq(a->string, ANN_RECORD) || !cJSON_IsString(a))
			continue;
		sig = str_hash(a->string, sig);
		sig = str_hash(a->valuestring, sig);
	}
	part = json_print(json_obj(meta, "labels"));
	sig = part == NULL ? sig : str_hash(part, sig);
	xfree(part);
	part = json_print(json_arr(meta, "finalizers"));
	sig = part == NULL ? sig : str_hash(part, sig);
	xfree(part);
	return sig;
}

/* Labels and what hardwareRequirements speak of. */
static uint64_t
host_fit(const cJSON *tree)
{
	const cJSON *d = json_obj(tree, "status/hardwareDetails"), *e;
	uint64_t fit;
	char text[96];

	(void)snprintf(text, sizeof(text), "%lld %lld %.32s",
	    (long long)json_i64(d, "processors/cores", 0),
	    (long long)json_i64(d, "memoryGiB", 0),
	    json_str(d, "architecture", ""));
	fit = str_hash(text, 2);
	cJSON_ArrayForEach (e, json_arr(d, "drives")) {
		(void)snprintf(text, sizeof(text), "%lld",
		    (long long)json_i64(e, "capacityGB", 0));
		fit = str_hash(text, fit);
	}
	cJSON_ArrayForEach (e, json_obj(tree, "metadata/labels")) {
		fit = str_hash(e->string, fit);
		fit = str_hash(cJSON_IsString(e) ? e->valuestring : "", fit);
	}
	return fit;
}

static char *
host_ref_key(const struct host *h, const char *name)
{
	return name == NULL ? NULL : xasprintf("%s/%s", h->ns, name);
}

static int
brief_progress(const struct cJSON *tree)
{
	const struct cJSON *op = json_at(tree, "status/operation");
	int64_t percent = json_i64(op, "progressPercent", 0);

	if (!str_eq(json_str(op, "kind", NULL), "Provision"))
		return -1;
	return percent < 0 ? 0 : percent > 100 ? 10 : (int)(percent / 10);
}

static struct host_brief *
host_brief_new(const char *key, const cJSON *tree)
{
	struct host_brief *b = xcalloc(1, sizeof(*b));
	const char *reason;
	struct host h;

	host_init(&h, key, json_hold(tree));
	b->key = xstrdup(key);
	b->ns = xstrdup(h.ns);
	b->name = xstrdup(h.name);
	b->id = h.record.id;
	b->phase = h.record.phase;
	b->deadline_s = h.record.deadline_s;
	b->state = h.state;
	(void)host_condition(&h, "HostProvisioned", &reason);
	b->waiting_evidence = str_eq(reason, "WaitingForEvidence");
	b->ready = str_eq(host_condition(&h, "Ready", NULL), "True");
	b->progress = brief_progress(tree);
	b->claimed = h.spec.consumer.name != NULL;
	b->leaving = host_leaving(&h);
	b->healing = h.asks.remediate != NULL || record_healing(&h.record);
	b->available =
	    h.state_known && h.state == HOST_AVAILABLE && !b->claimed &&
	    host_problem(&h) == NULL && !h.deleting && !h.paused &&
	    !h.spec.maintenance && h.record_valid &&
	    h.record.phase == PHASE_IDLE && h.spec.online != ONLINE_TRUE &&
	    h.asks.adopt == NULL &&
	    str_eq(host_condition(&h, "HostAvailable", NULL), "True") &&
	    str_eq(host_condition(&h, "Ready", NULL), "True");
	if (b->claimed)
		b->consumer = xasprintf("%s/%s",
		    h.spec.consumer.ns != NULL ? h.spec.consumer.ns : h.ns,
		    h.spec.consumer.name);
	b->claim_id = xstrdup(h.spec.consumer.claim_id);
	b->zone = xstrdup(h.zone);
	b->watch = xstrdup(h.watch);
	if (h.record.phase != PHASE_IDLE && h.record.claim_id[0] != '\0')
		b->serves = xstrdup(h.record.claim_id);
	b->secret = host_ref_key(&h, h.spec.credentials_name);
	b->ca = host_ref_key(&h, h.spec.ca_bundle_name);
	b->sig = host_signature(tree);
	b->fit = host_fit(tree);
	host_fini(&h);
	return b;
}

/* Has it something under way, in the sense of a fleet's limits? */
static bool
host_counts(const struct host_brief *b)
{
	return b != NULL && !b->waiting_evidence;
}

static void
host_recount(struct host_index *x, const struct host_brief *old,
    const struct host_brief *now)
{
	if (host_counts(old))
		x->in_phase[old->phase]--;
	if (host_counts(now))
		x->in_phase[now->phase]++;
}

bool
host_index_put(struct host_index *x, const char *key, const struct cJSON *tree,
    bool *freed)
{
	struct host_brief *b = host_brief_new(key, tree);
	struct host_brief *old = map_put(&x->hosts, key, b);
	bool changed = old == NULL || old->sig != b->sig;

	if (freed != NULL)
		*freed = b->available && (old == NULL || !old->available);
	if (old == NULL || !host_links_same(old, b)) {
		if (old != NULL)
			host_links(x, old, links_remove);
		host_links(x, b, links_add);
	}
	host_recount(x, old, b);
	host_brief_free(old);
	return changed;
}

void
host_index_drop(struct host_index *x, const char *key)
{
	struct host_brief *b = map_take(&x->hosts, key);

	if (b != NULL)
		host_links(x, b, links_remove);
	host_recount(x, b, NULL);
	host_brief_free(b);
}

void
host_index_free(struct host_index *x)
{
	map_free(&x->hosts, host_brief_free);
	memset(x->in_phase, 0, sizeof(x->in_phase));
	links_free(&x->consumers);
	links_free(&x->secrets);
	links_free(&x->ids);
	links_free(&x->serving);
}

struct host_census
host_index_census(const struct host_index *x,
    bool (*counts)(const void *arg, const char *key), const void *arg)
{
	struct host_census n = { 0 };

	for (size_t i = 0; i < x->hosts.n; i++) {
		const struct host_brief *b = x->hosts.v[i].value;

		if (counts != NULL && !counts(arg, b->key))
			continue;
		n.in_state[b->state]++;
		n.ready += b->ready;
		if (b->progress >= 0)
			n.in_tenth[b->progress]++;
	}
	return n;
}

const struct host_brief *
host_index_get(const struct host_index *x, const char *key)
{
	return map_get(&x->hosts, key);
}

const struct host_brief *
host_index_serving(const struct host_index *x, const char *claim_id)
{
	const char *key =
	    str_empty(claim_id) ? NULL : links_first(&x->serving, claim_id);

	return key == NULL ? NULL : map_get(&x->hosts, key);
}

struct twin_search {
	const struct host_index *x;
	const char *key, *found;
	const struct identity *id;
};

static bool
host_twin_one(void *arg, const char *to)
{
	struct twin_search *s = arg;
	const struct host_brief *b = map_get(&s->x->hosts, to);

	if (str_eq(to, s->key) || b == NULL || !identity_same(&b->id, s->id))
		return true;
	s->found = b->key;
	return false;
}

static void
host_twin_name(void *arg, const char *name)
{
	struct twin_search *s = arg;

	if (s->found == NULL)
		links_each(&s->x->ids, name, host_twin_one, s);
}

const char *
host_index_twin(
    const struct host_index *x, const char *key, const struct identity *id)
{
	struct twin_search s = { x, key, NULL, id };

	host_id_each(id, host_twin_name, &s);
	return s.found;
}

unsigned
host_index_count(const struct host_index *x, enum phase p, const char *not_this)
{
	const struct host_brief *b = map_get(&x->hosts, not_this);
	unsigned n = x->in_phase[p];

	if (host_counts(b) && b->phase == p)
		n--;
	return n;
}
