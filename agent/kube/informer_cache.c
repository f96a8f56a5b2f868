/*
 * The cache: which of two versions wins, what is kept of an object, and what
 * the handlers hear. The order of versions decides everything here; where they
 * are not decimal, only "the watch has shown this very version" does.
 */
#include <string.h>

#include "agent/kube/informer_impl.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

/* ---- versions --------------------------------------------------------------- */

static bool
is_decimal(const char *s)
{
	size_t n = strlen(s);

	/* Upstream: no sign, no leading zero; "0" never names a version. */
	return n > 0 && n < 40 && strspn(s, "0123456789") == n && s[0] != '0';
}

int
kube_rv_compare(const char *a, const char *b, bool *comparable)
{
	size_t na = strlen(a), nb = strlen(b);
	int d = strcmp(a, b);

	*comparable = is_decimal(a) && is_decimal(b);
	if (na != nb && *comparable)
		d = na < nb ? -1 : 1;
	return d < 0 ? -1 : d > 0;
}

/* a is at least b, provably. */
static bool
at_least(const char *a, const char *b)
{
	bool cmp;
	int d = kube_rv_compare(a, b, &cmp);

	return d == 0 || (cmp && d > 0);
}

static bool
comparable(const char *a, const char *b)
{
	bool cmp;

	(void)kube_rv_compare(a, b, &cmp);
	return cmp;
}

static void
seen_add(struct informer *inf, const char *rv)
{
	if (!is_decimal(rv))
		xreplace(&inf->seen[inf->n_seen++ % SEEN_VERSIONS], rv);
}

/* The watch already brought this version (or a later one). */
static bool
watch_is_past(const struct informer *inf, const char *rv)
{
	if (inf->rv != NULL && at_least(inf->rv, rv))
		return true;
	for (unsigned i = 0; i < SEEN_VERSIONS && inf->seen[i] != NULL; i++) {
		if (str_eq(inf->seen[i], rv))
			return true;
	}
	return false;
}

/* ---- what is kept ----------------------------------------------------------- */

bool
cache_strips(const struct informer *inf, const cJSON *o)
{
	const cJSON *m = json_child(o, "metadata");

	return inf->o.metadata_only || inf->o.trim != NULL ||
	       json_child(o, "apiVersion") == NULL ||
	       json_child(o, "kind") == NULL ||
	       json_child(m, "managedFields") != NULL ||
	       json_child(json_child(m, "annotations"), LAST_APPLIED) != NULL;
}

static void
strip(const struct informer *inf, cJSON *o)
{
	cJSON *m = json_child(o, "metadata");
	cJSON *a;

	json_set(m, "managedFields", NULL);
	if (inf->o.trim != NULL)
		inf->o.trim(o);
	a = json_child(m, "annotations");
	if (cJSON_IsObject(a) && json_child(a, LAST_APPLIED) != NULL)
		json_set_str(a, LAST_APPLIED, "");
	/* Items of core lists come without them. */
	if (json_child(o, "apiVersion") == NULL || inf->o.metadata_only)
		json_set_str(o, "apiVersion", inf->api_version);
	if (json_child(o, "kind") == NULL || inf->o.metadata_only)
		json_set_str(o, "kind", inf->o.res->kind);
	if (inf->o.metadata_only) {
		cJSON *it = o->child, *next;

		for (; it != NULL; it = next) {
			next = it->next;
			if (!str_eq(it->string, "metadata") &&
			    !str_eq(it->string, "kind") &&
			    !str_eq(it->string, "apiVersion"))
				cJSON_Delete(cJSON_DetachItemViaPointer(o, it));
		}
	}
}

bool
cache_identify(const struct informer *inf, const cJSON *o,
    char key[KOBJ_KEY_CAP], struct err *e)
{
	const char *ns = kobj_ns(o);

	key[0] = '\0';
	if (!cJSON_IsObject(o) || !cJSON_IsObject(json_child(o, "metadata")) ||
	    kobj_rv(o)[0] == '\0' || !kobj_key(o, key))
		return err_set(e, ERR_PROTO, 0,
		    "an object of %s has no usable metadata",
		    inf->o.res->plural);
	if (inf->o.res->cluster_scoped ? ns[0] != '\0' : ns[0] == '\0')
		return err_set(e, ERR_PROTO, 0,
		    "object %.100s of %s has %s namespace", key,
		    inf->o.res->plural, ns[0] != '\0' ? "a" : "no");
	if (inf->o.ns != NULL && !str_eq(inf->o.ns, ns))
		return err_set(e, ERR_PROTO, 0,
		    "object %.100s is not of namespace %.80s", key, inf->o.ns);
	return true;
}

static struct cached *
cached_new(const cJSON *o)
{
	char *text = json_print(o);
	const char *rv = kobj_rv(o), *uid = kobj_uid(o);
	size_t n = strlen(text), nr = strlen(rv) + 1, nu = strlen(uid) + 1;
	struct cached *c = xcalloc(1, sizeof(*c) + n + 1 + nr + nu);

	c->n = n;
	memcpy(c->text, text, n + 1);
	memcpy(c->text + n + 1, rv, nr);
	memcpy(c->text + n + 1 + nr, uid, nu);
	c->rv = c->text + n + 1;
	c->uid = c->text + n + 1 + nr;
	xfree(text);
	return c;
}

const struct cached *
cache_get(const struct informer *inf, const char *key)
{
	return map_get(&inf->objects, key);
}

static void
gauge(const struct informer *inf)
{
	char label[160];

	if (inf->env->metrics == NULL)
		return;
	(void)str_format(
	    label, sizeof(label), "resource=\"%s\"", inf->o.res->plural);
	metrics_set(inf->env->metrics, "beskar7_kube_informer_objects", label,
	    (int64_t)inf->objects.n);
}

/* ---- telling ---------------------------------------------------------------- */

void
informer_tell(struct informer *inf, const struct informer_event *ev)
{
	inf->events++;
	for (size_t i = 0; i < inf->n_handlers; i++)
		inf->handlers[i].fn(inf->handlers[i].arg, ev);
}

static void
note_free(struct note *n)
{
	xfree(n->key);
	xfree(n->old_text);
	json_drop(n->object);
	xfree(n);
}

/* Notes come out before anything that happened after them. */
static void
notes_flush(struct informer *inf)
{
	struct note *n;

	while ((n = TAILQ_FIRST(&inf->notes)) != NULL) {
		const struct informer_event ev = { n->what, n->key, n->old_text,
			n->object };

		TAILQ_REMOVE(&inf->notes, n, link);
		informer_tell(inf, &ev);
		note_free(n);
	}
}

static void
notes_due(void *arg)
{
	notes_flush(arg);
}

struct change {
	enum informer_what what;
	const char *key, *old_text;
	const cJSON *object;
};

static void
announce(struct informer *inf, const struct change *ch, enum cache_from from)
{
	struct informer_event ev = { ch->what, ch->key, ch->old_text,
		ch->object };
	struct note *n;

	if (from != FROM_NOTE) {
		informer_tell(inf, &ev);
		return;
	}
	n = xcalloc(1, sizeof(*n));
	n->what = ch->what;
	n->key = xstrdup(ch->key);
	n->old_text = xstrdup(ch->old_text);
	n->object = json_hold(ch->object);
	TAILQ_INSERT_TAIL(&inf->notes, n, link);
	loop_defer(inf->env->loop, &inf->tell, notes_due, inf);
}

/* ---- changing --------------------------------------------------------------- */

static void
tomb_free(void *p)
{
	struct tomb *t = p;

	xfree(t->rv);
	xfree(t);
}

static void
tomb_drop(struct informer *inf, const char *key)
{
	struct tomb *t = map_take(&inf->tombs, key);

	if (t != NULL)
		tomb_free(t);
}

/* Is this version older than a deletion that we know of? */
static bool
buried(const struct informer *inf, const char *key, const char *rv)
{
	const struct tomb *t = map_get(&inf->tombs, key);

	if (t == NULL)
		return false;
	return !comparable(t->rv, rv) || at_least(t->rv, rv);
}

enum verdict {
	TAKE,
	KEEP
};

/* May the version rv replace what is cached? */
static enum verdict
judge(const struct informer *inf, struct cached *had, const char *key,
    const char *rv, enum cache_from from)
{
	if (from == FROM_NOTE && watch_is_past(inf, rv))
		return KEEP;
	if (buried(inf, key, rv))
		return KEEP;
	if (had == NULL)
		return TAKE;
	if (str_eq(had->rv, rv)) {
		had->awaited = false;
		return KEEP;
	}
	if (comparable(had->rv, rv))
		return at_least(had->rv, rv) ? KEEP : TAKE;
	return had->awaited && from != FROM_NOTE ? KEEP : TAKE;
}

static void
store(struct informer *inf, const char *key, struct cached *now)
{
	struct cached *was = map_put(&inf->objects, key, now);

	inf->bytes += now->n;
	if (was != NULL)
		inf->bytes -= was->n;
	cached_free(inf, was);
	tomb_drop(inf, key);
	gauge(inf);
}

static void
unstore(struct informer *inf, const char *key)
{
	struct cached *was = map_take(&inf->objects, key);

	if (was != NULL)
		inf->bytes -= was->n;
	cached_free(inf, was);
	gauge(inf);
}

/* Removes an entry and tells; o NULL = the last version known. */
static void
drop(
    struct informer *inf, const char *key, const cJSON *o, enum cache_from from)
{
	struct cached *had = map_get(&inf->objects, key);
	char *k = xstrdup(key); /* key may belong to the map */
	const cJSON *last = NULL;
	struct change ch = { INFORMER_DELETED, k, NULL, o };

	if (had == NULL) {
		xfree(k);
		return;
	}
	if (o == NULL) {
		last = kept_hold(inf, had);
		ch.object = last;
	}
	unstore(inf, k);
	announce(inf, &ch, from);
	json_drop(last);
	xfree(k);
}

static void
replace(
    struct informer *inf, const char *key, const cJSON *o, enum cache_from from)
{
	struct cached *had = map_get(&inf->objects, key);
	struct cached *now = cached_new(o);
	struct change ch = { INFORMER_ADDED, key, NULL, o };
	char *old = NULL;

	if (had != NULL && !str_eq(had->uid, now->uid)) {
		/* Deleted and created again while we were not looking. */
		drop(inf, key, NULL, from);
		had = NULL;
	}
	if (had != NULL) {
		old = xstrndup(had->text, had->n);
		ch.what = INFORMER_UPDATED;
		ch.old_text = old;
	}
	/* A note is in no list: its version alone decides at a list's end. */
	now->epoch = from == FROM_NOTE ? 0 : inf->epoch;
	now->awaited = from == FROM_NOTE;
	store(inf, key, now);
	/* Of a Secret it may hold more than what strip() left. */
	if (!inf->o.metadata_only)
		kept_add(inf, now, o);
	/* The same is told again by a list after the history was set back. */
	if (old == NULL || !str_eq(old, now->text))
		announce(inf, &ch, from);
	xfree(old);
}

bool
cache_put(
    struct informer *inf, cJSON *tree, enum cache_from from, struct err *e)
{
	char key[KOBJ_KEY_CAP];
	struct cached *had;
	char *rv;

	if (!cache_identify(inf, tree, key, e)) {
		json_drop(tree);
		return false;
	}
	if (from != FROM_NOTE)
		notes_flush(inf);
	rv = xstrdup(kobj_rv(tree));
	had = map_get(&inf->objects, key);
	if (judge(inf, had, key, rv, from) == TAKE) {
		if (cache_strips(inf, tree))
			tree = json_own(tree);
		strip(inf, tree);
		replace(inf, key, tree, from);
	} else if (had != NULL && from == FROM_LIST) {
		had->epoch = inf->epoch;
	}
	if (from == FROM_WATCH)
		cache_progress(inf, rv);
	xfree(rv);
	json_drop(tree);
	return true;
}

static void
bury(struct informer *inf, const char *key, const char *rv)
{
	struct tomb *t = xcalloc(1, sizeof(*t));

	t->rv = xstrdup(rv);
	tomb_drop(inf, key);
	(void)map_put(&inf->tombs, key, t);
}

bool
cache_remove(
    struct informer *inf, cJSON *tree, enum cache_from from, struct err *e)
{
	char key[KOBJ_KEY_CAP];
	const struct cached *had;
	const char *rv = kobj_rv(tree);
	bool newer;

	if (!cache_identify(inf, tree, key, e)) {
		json_drop(tree);
		return false;
	}
	if (from != FROM_NOTE)
		notes_flush(inf);
	had = cache_get(inf, key);
	/* Some servers send the last version, not that of the deletion: equal
	 * is newer here. */
	newer = had != NULL && (comparable(had->rv, rv)
				       ? at_least(rv, had->rv)
				       : !had->awaited || str_eq(had->rv, rv));
	if (from == FROM_NOTE) {
		newer = newer && !watch_is_past(inf, rv);
		if (newer)
			bury(inf, key, rv);
	} else if (!comparable(rv, rv)) {
		tomb_drop(inf, key);
	}
	if (newer) {
		if (cache_strips(inf, tree)) {
			tree = json_own(tree);
			rv = kobj_rv(tree);
		}
		strip(inf, tree);
		drop(inf, key, tree, from);
	}
	if (from == FROM_WATCH)
		cache_progress(inf, rv);
	json_drop(tree);
	return true;
}

/* ---- lists and progress ------------------------------------------------------ */

void
cache_list_begin(struct informer *inf)
{
	inf->epoch++;
	/* A list that starts now is at least as new as every note so far; for
	 * decimal versions the order says so by itself. */
	for (size_t i = 0; i < inf->objects.n; i++) {
		struct cached *c = inf->objects.v[i].value;

		if (!is_decimal(c->rv))
			c->awaited = false;
	}
	for (size_t i = inf->tombs.n; i > 0; i--) {
		const struct tomb *t = inf->tombs.v[i - 1].value;

		if (!is_decimal(t->rv))
			tomb_drop(inf, inf->tombs.v[i - 1].key);
	}
}

/* Not in the list, and not noted after it. */
static bool
vanished(const struct informer *inf, const struct cached *c, const char *rv)
{
	if (c->epoch == inf->epoch)
		return false;
	return comparable(c->rv, rv) ? at_least(rv, c->rv) : !c->awaited;
}

/* One pass over the cache; false when nothing had to go. */
static bool
sweep(struct informer *inf, const char *rv)
{
	bool dropped = false;
	size_t i = 0;

	while (i < inf->objects.n) {
		const struct cached *c = inf->objects.v[i].value;

		if (!vanished(inf, c, rv)) {
			i++;
			continue;
		}
		drop(inf, inf->objects.v[i].key, NULL, FROM_LIST);
		dropped = true;
	}
	return dropped;
}

void
cache_list_end(struct informer *inf, const char *rv)
{
	notes_flush(inf);
	/* Handlers may note writes meanwhile and move what we walk over. */
	while (sweep(inf, rv))
		continue;
	xreplace(&inf->rv, NULL);
	cache_progress(inf, rv);
}

void
cache_progress(struct informer *inf, const char *rv)
{
	bool cmp;

	seen_add(inf, rv);
	if (inf->rv == NULL || kube_rv_compare(rv, inf->rv, &cmp) > 0 || !cmp)
		xreplace(&inf->rv, rv);
	for (size_t i = inf->tombs.n; i > 0; i--) {
		const struct tomb *t = inf->tombs.v[i - 1].value;

		if (at_least(inf->rv, t->rv))
			tomb_drop(inf, inf->tombs.v[i - 1].key);
	}
	if (inf->want_rv != NULL && watch_is_past(inf, inf->want_rv)) {
		xreplace(&inf->want_rv, NULL);
		timer_stop(&inf->confirm);
	}
}

void
cache_free(struct informer *inf)
{
	struct note *n;

	deferred_cancel(&inf->tell);
	while ((n = TAILQ_FIRST(&inf->notes)) != NULL) {
		TAILQ_REMOVE(&inf->notes, n, link);
		note_free(n);
	}
	for (size_t i = 0; i < inf->objects.n; i++)
		kept_drop(inf, inf->objects.v[i].value);
	map_free(&inf->objects, xfree);
	map_free(&inf->tombs, tomb_free);
	for (unsigned i = 0; i < SEEN_VERSIONS; i++)
		xfree(inf->seen[i]);
	xfree(inf->want_rv);
}
