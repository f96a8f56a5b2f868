/*
 * List and watch: one enum, one writer of it, one request under way. What a
 * version means for the cache is informer_cache.c's.
 */
#include <limits.h>
#include <string.h>

#include "agent/kube/informer_impl.h"
#include "agent/kube/object.h"
#include "agent/kube/own.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

/* Watches in a row that end badly and bring nothing, before a new list. */
#define FRUITLESS_MAX 3
/* A watch shorter than this did not work. */
#define SHORT_US (1 * LOOP_S)
#define CONFIRM_US (30 * LOOP_S)
/* Silence of so many bookmark gaps means a dead connection. */
#define SILENT_GAPS 3
#define SILENT_MIN_US (30 * LOOP_S)

static void watch_start(struct informer *inf);
static void listen_for_silence(struct informer *inf);

static void
set_state(struct informer *inf, enum informer_state s)
{
	if (inf->state == s)
		return;
	LOGD(inf->env->log, "informer", F_STR("resource", inf->o.res->plural),
	    F_STR("ns", inf->o.ns != NULL ? inf->o.ns : ""),
	    F_STR("from", informer_state_name(inf->state)),
	    F_STR("to", informer_state_name(s)));
	inf->state = s;
}

static void
count(struct informer *inf, const char *family)
{
	char label[160];

	if (inf->env->metrics == NULL)
		return;
	(void)str_format(
	    label, sizeof(label), "resource=\"%s\"", inf->o.res->plural);
	metrics_add(inf->env->metrics, family, label, 1);
}

/* ---- proof of life ------------------------------------------------------------ */

static void
proved(struct informer *inf)
{
	inf->proof_us = loop_mono_us(inf->env->loop);
}

static void
healthy(struct informer *inf)
{
	proved(inf);
	inf->healthy = true;
	err_clear(&inf->err);
}

/* Hangs up and watches again from the last version. */
static void
reconnect(struct informer *inf, const char *why)
{
	if (inf->state != INFORMER_WATCHING || inf->call == NULL)
		return;
	LOGW(inf->env->log, "watch taken for dead",
	    F_STR("resource", inf->o.res->plural), F_STR("why", why));
	kube_cancel(inf->call);
	inf->call = NULL;
	timer_stop(&inf->silence);
	count(inf, "beskar7_kube_watch_dead_total");
	if (!inf->progressed && ++inf->fruitless >= FRUITLESS_MAX)
		informer_list(inf);
	else
		watch_start(inf);
}

/* We did not run for a while: what the server said meanwhile is read first. */
static bool
was_away(const struct informer *inf, int64_t stalled_us)
{
	return loop_stalled_us(inf->env->loop) != stalled_us;
}

static void
on_unconfirmed(void *arg)
{
	struct informer *inf = arg;

	if (was_away(inf, inf->confirm_stalled_us))
		informer_expect(inf);
	else
		reconnect(inf, "it does not show our own write");
}

void
informer_expect(struct informer *inf)
{
	inf->confirm_stalled_us = loop_stalled_us(inf->env->loop);
	timer_start(
	    inf->env->loop, &inf->confirm, CONFIRM_US, on_unconfirmed, inf);
}

static void
on_silence(void *arg)
{
	struct informer *inf = arg;

	if (was_away(inf, inf->silence_stalled_us))
		listen_for_silence(inf);
	else
		reconnect(inf, "no bookmark came when one was due");
}

static void
listen_for_silence(struct informer *inf)
{
	int64_t limit = SILENT_GAPS * inf->bookmark_gap_us;

	if (inf->bookmark_gap_us == 0)
		return;
	inf->silence_stalled_us = loop_stalled_us(inf->env->loop);
	timer_start(inf->env->loop, &inf->silence,
	    limit > SILENT_MIN_US ? limit : SILENT_MIN_US, on_silence, inf);
}

/* Only servers that send bookmarks regularly can be silent. The longest gap
 * seen counts: an early bookmark must not make us impatient. */
static void
bookmark_seen(struct informer *inf)
{
	int64_t now = loop_mono_us(inf->env->loop);
	int64_t gap = now - inf->bookmark_us;

	if (inf->bookmark_us >= 0 && gap > inf->bookmark_gap_us)
		inf->bookmark_gap_us = gap;
	inf->bookmark_us = now;
}

/* ---- retry -------------------------------------------------------------------- */

static void
retry_due(void *arg)
{
	struct informer *inf = arg;

	if (inf->rv == NULL || inf->relist)
		informer_list(inf);
	else
		watch_start(inf);
}

static void
retry_in(struct informer *inf, int64_t us)
{
	timer_start(inf->env->loop, &inf->retry, us, retry_due, inf);
}

static int64_t
slow_retry(struct informer *inf)
{
	int64_t base = inf->o.absent_retry_us;

	/* Half of it is jitter: agents that start together must not ask
	 * together for ever. */
	return base / 2 + (int64_t)rng_below(&inf->rng, (uint64_t)base);
}

static void
failed(struct informer *inf, const struct kube_reply *r)
{
	int64_t wait;

	inf->healthy = false;
	inf->refreshing = false;
	if (inf->err.kind != r->err.kind || inf->err.code != r->err.code)
		LOGW(inf->env->log, "API server: list or watch failed",
		    F_STR("resource", inf->o.res->plural), F_ERR(&r->err));
	inf->err = r->err;
	if (r->err.kind == ERR_NOTFOUND && r->err.code == 404) {
		/* The kind is not served (yet): a version means nothing when
		 * it comes back. */
		inf->relist = true;
		set_state(inf, INFORMER_ABSENT);
		retry_in(inf, slow_retry(inf));
		return;
	}
	set_state(inf, INFORMER_BACKOFF);
	/* A server that has just started refuses what it will allow when it
	 * has read its roles: only who was never let in comes slowly. */
	wait = r->err.kind == ERR_AUTH && !inf->synced
		   ? slow_retry(inf)
		   : backoff_next(&inf->backoff);
	retry_in(inf, wait > r->retry_after_us ? wait : r->retry_after_us);
}

/* ---- list --------------------------------------------------------------------- */

/* One object that breaks our caps (too deep, too many members) is as if it were
 * not there: whoever may write one must not stop all others. */
static bool
skipped(struct informer *inf, const struct err *why)
{
	if (why->kind != ERR_TOO_BIG)
		return false;
	inf->garbage++;
	count(inf, "beskar7_kube_objects_skipped_total");
	LOGW(inf->env->log, "object left out",
	    F_STR("resource", inf->o.res->plural), F_ERR(why));
	return true;
}

static void
piece_skipped(void *arg, const struct err *why)
{
	(void)skipped(arg, why);
}

static bool
list_item(void *arg, const char *text, size_t n)
{
	struct informer *inf = arg;
	cJSON *o = kobj_parse(text, n, &inf->broken);

	if (o == NULL && skipped(inf, &inf->broken))
		return true;
	if (o != NULL && cache_put(inf, o, FROM_LIST, &inf->broken)) {
		proved(inf);
		return true;
	}
	inf->garbage++;
	return false;
}

static void
list_done(void *arg, const struct kube_reply *r)
{
	struct informer *inf = arg;
	const struct informer_event synced = { INFORMER_SYNCED, "", NULL,
		NULL };
	struct kube_reply mine = *r;

	inf->call = NULL;
	if (r->stopped)
		mine.err = inf->broken;
	if (mine.err.kind == ERR_NONE && r->resource_version[0] == '\0')
		(void)err_set(&mine.err, ERR_PROTO, 0,
		    "the list of %s has no resourceVersion",
		    inf->o.res->plural);
	if (mine.err.code == 410)
		inf->unpaged = true;
	if (mine.err.kind != ERR_NONE) {
		failed(inf, &mine);
		return;
	}
	if (informer_is_back(inf, r->resource_version)) {
		informer_set_back(inf, r->resource_version);
		informer_list(inf);
		return;
	}
	cache_list_end(inf, r->resource_version);
	inf->relist = false;
	inf->fruitless = 0;
	inf->listed_us = inf->began_us;
	healthy(inf);
	if (!inf->synced) {
		inf->synced = true;
		informer_tell(inf, &synced);
	}
	inf->refreshing = inf->refresh;
	if (inf->refresh)
		informer_list(inf);
	else
		watch_start(inf);
}

static struct kube_request
ask_all(struct informer *inf, enum kube_verb verb)
{
	return (struct kube_request){ .verb = verb,
		.res = inf->o.res,
		.ns = inf->o.ns,
		.label_selector = inf->o.label_selector,
		.field_selector = inf->o.field_selector,
		.metadata_only = inf->o.metadata_only,
		.sensitive = inf->o.metadata_only,
		.skipped = piece_skipped,
		.arg = inf };
}

void
informer_list(struct informer *inf)
{
	struct kube_request rq = ask_all(inf, KUBE_LIST);

	rq.page_limit = inf->unpaged ? UINT_MAX : inf->o.page_limit;
	rq.item = list_item;
	rq.done = list_done;
	if (inf->lists++ > 0) {
		inf->relists++;
		count(inf, "beskar7_kube_relists_total");
	}
	inf->unpaged = false;
	inf->refresh = false;
	inf->began_us = loop_mono_us(inf->env->loop);
	inf->relist = true; /* until it is complete */
	err_clear(&inf->broken);
	set_state(inf, INFORMER_LISTING);
	cache_list_begin(inf);
	inf->call = kube_start(inf->c, &rq);
}

/* ---- watch -------------------------------------------------------------------- */

static bool
garbage(struct informer *inf, const struct err *why)
{
	inf->garbage++;
	count(inf, "beskar7_kube_watch_garbage_total");
	inf->broken = *why;
	LOGW(inf->env->log, "unusable watch line",
	    F_STR("resource", inf->o.res->plural), F_ERR(why));
	return false;
}

/* {"type":"ERROR","object":Status} */
static bool
error_event(struct informer *inf, const cJSON *status)
{
	int64_t code = json_i64(status, "code", 0);

	if (code == 410 || str_eq(json_str(status, "reason", ""), "Expired"))
		inf->relist = true;
	return err_set(&inf->broken, code == 410 ? ERR_NOTFOUND : ERR_BUSY,
	    (int)code, "the watch of %s ended: %.150s", inf->o.res->plural,
	    json_str(status, "message", "no reason given"));
}

static bool
bookmark_event(struct informer *inf, const cJSON *o)
{
	const char *rv = kobj_rv(o);
	struct err e;

	if (rv[0] == '\0') {
		(void)err_set(&e, ERR_PROTO, 0, "a bookmark without version");
		return garbage(inf, &e);
	}
	inf->relist = informer_is_back(inf, rv);
	if (inf->relist)
		return err_set(
		    &inf->broken, ERR_NOTFOUND, 410, "a bookmark of the past");
	bookmark_seen(inf);
	cache_progress(inf, rv);
	return true;
}

static bool
watch_event(struct informer *inf, const char *type, cJSON *o)
{
	struct err e;
	bool ok;

	if (str_eq(type, "ERROR")) {
		ok = error_event(inf, o);
		json_drop(o);
		return ok;
	}
	if (str_eq(type, "BOOKMARK")) {
		ok = bookmark_event(inf, o);
		json_drop(o);
	} else if (str_eq(type, "ADDED") || str_eq(type, "MODIFIED")) {
		ok = cache_put(inf, o, FROM_WATCH, &e) || garbage(inf, &e);
	} else if (str_eq(type, "DELETED")) {
		ok = cache_remove(inf, o, FROM_WATCH, &e) || garbage(inf, &e);
	} else {
		json_drop(o);
		(void)err_set(
		    &e, ERR_PROTO, 0, "a watch event of type \"%.40s\"", type);
		ok = garbage(inf, &e);
	}
	return ok;
}

static bool
watch_line(void *arg, const char *text, size_t n)
{
	struct informer *inf = arg;
	char type[WATCH_TYPE_CAP];
	struct err e;
	cJSON *o = informer_line(inf, text, n, type, &e);

	if (o == NULL)
		return skipped(inf, &e) || garbage(inf, &e);
	if (!watch_event(inf, type, o))
		return false;
	inf->progressed = true;
	inf->fruitless = 0;
	healthy(inf);
	listen_for_silence(inf);
	return true;
}

static void
watch_opened(void *arg)
{
	struct informer *inf = arg;

	inf->opened_us = loop_mono_us(inf->env->loop);
	healthy(inf);
	/* A bookmark is due from now on, wherever the last one was. */
	inf->bookmark_us = -1;
	listen_for_silence(inf);
	if (inf->want_rv != NULL)
		informer_expect(inf);
}

static bool
lasted(const struct informer *inf)
{
	return inf->opened_us >= 0 &&
	       loop_mono_us(inf->env->loop) - inf->opened_us >= SHORT_US;
}

/* It ended as watches do, or died after having worked. */
static bool
worked(const struct informer *inf, const struct kube_reply *r)
{
	if (!lasted(inf))
		return false;
	return r->err.kind == ERR_NONE || r->err.kind == ERR_NET ||
	       r->err.kind == ERR_TIMEOUT;
}

static void
watch_done(void *arg, const struct kube_reply *r)
{
	struct informer *inf = arg;
	struct kube_reply mine = *r;

	inf->call = NULL;
	timer_stop(&inf->silence);
	timer_stop(&inf->confirm);
	if (r->stopped)
		mine.err = inf->broken;
	/* Neither a list nor a first event proves a server well that then
	 * breaks every watch: only a watch that lasted does. */
	if (lasted(inf))
		backoff_reset(&inf->backoff);
	if (mine.err.code == 410 || inf->relist) {
		LOGI(inf->env->log, "watch expired, listing again",
		    F_STR("resource", inf->o.res->plural));
		inf->relist = true;
		/* At once the first time; a server that only says 410 gets
		 * asked ever less often. */
		set_state(inf, INFORMER_BACKOFF);
		retry_in(
		    inf, inf->progressed ? 0 : backoff_next(&inf->backoff));
		return;
	}
	if (worked(inf, &mine)) {
		retry_in(inf, (int64_t)rng_below(&inf->rng, LOOP_S / 4));
		return;
	}
	if (!inf->progressed && ++inf->fruitless >= FRUITLESS_MAX &&
	    (mine.err.kind == ERR_PROTO || mine.err.kind == ERR_TOO_BIG ||
		mine.err.kind == ERR_REFUSED || mine.err.kind == ERR_BUSY))
		inf->relist = true;
	if (mine.err.kind == ERR_NONE)
		(void)err_set(&mine.err, ERR_NET, 0,
		    "the watch of %s was closed at once", inf->o.res->plural);
	failed(inf, &mine);
}

static void
watch_start(struct informer *inf)
{
	unsigned span = inf->o.watch_max_s - inf->o.watch_min_s;
	struct kube_request rq = ask_all(inf, KUBE_WATCH);

	rq.resource_version = inf->rv;
	rq.timeout_s = inf->o.watch_min_s +
		       (unsigned)rng_below(&inf->rng, (uint64_t)span + 1);
	rq.item = watch_line;
	rq.opened = watch_opened;
	rq.done = watch_done;
	inf->watches++;
	inf->progressed = false;
	inf->opened_us = -1;
	err_clear(&inf->broken);
	set_state(inf, INFORMER_WATCHING);
	inf->call = kube_start(inf->c, &rq);
}

/* ---- life --------------------------------------------------------------------- */

struct informer *
informer_new(struct kube_client *c, const struct informer_opts *o)
{
	struct informer *inf = xcalloc(1, sizeof(*inf));
	char path[400];

	inf->c = c;
	inf->env = kube_client_env(c);
	inf->o = *o;
	inf->o.ns = kube_dup(o->ns);
	inf->o.label_selector = kube_dup(o->label_selector);
	inf->o.field_selector = kube_dup(o->field_selector);
	inf->o.absent_retry_us = loop_or_us(o->absent_retry_us, 20 * LOOP_S);
	inf->o.watch_min_s = o->watch_min_s > 0 ? o->watch_min_s : 240;
	inf->o.watch_max_s = o->watch_max_s > 0 ? o->watch_max_s : 300;
	if (inf->o.watch_max_s < inf->o.watch_min_s)
		inf->o.watch_max_s = inf->o.watch_min_s;
	kube_api_version(o->res, inf->api_version);
	(void)str_format(path, sizeof(path), "%s/kube/informer/%s/%s",
	    inf->env->name, o->res->plural, str_empty(o->ns) ? "" : o->ns);
	rng_seed(&inf->rng, inf->env->seed, path);
	backoff_init(&inf->backoff, loop_or_us(o->backoff_min_us, LOOP_S),
	    loop_or_us(o->backoff_max_us, 30 * LOOP_S), &inf->rng);
	inf->proof_us = -1;
	inf->bookmark_us = -1;
	inf->listed_us = -1;
	TAILQ_INIT(&inf->notes);
	TAILQ_INIT(&inf->kept);
	return inf;
}

void
informer_free(struct informer *inf)
{
	if (inf == NULL)
		return;
	kube_cancel(inf->call);
	timer_stop(&inf->retry);
	timer_stop(&inf->confirm);
	timer_stop(&inf->silence);
	doubts_free(inf);
	cache_free(inf);
	kube_free_const(inf->o.ns);
	kube_free_const(inf->o.label_selector);
	kube_free_const(inf->o.field_selector);
	xfree(inf->handlers);
	xfree(inf->rv);
	xfree(inf);
}

void
informer_on(struct informer *inf, informer_fn *fn, void *arg)
{
	inf->handlers = xreallocarray(
	    inf->handlers, inf->n_handlers + 1, sizeof(*inf->handlers));
	inf->handlers[inf->n_handlers++] = (struct informer_handler){ fn, arg };
}

void
informer_start(struct informer *inf)
{
	if (inf->state == INFORMER_IDLE)
		informer_list(inf);
}
