#include "sim/kube/watch.h"

#include <inttypes.h>
#include <string.h>

#include "common/http.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/conn.h"
#include "sim/kube/output.h"
#include "sim/kube/state.h"

/* The real server ends a watch after 30 to 60 minutes unless told. */
#define DEFAULT_TIMEOUT_S 1800
#define SPREAD_S 1800
#define LAST_BOOKMARK_S 2

struct item {
	const char *type;    /* constant; NULL = text only */
	struct ks_object *o; /* owned ref */
	char *text;          /* owned; a whole line */
};

struct ks_watch {
	struct ks_conn conn;           /* first */
	struct ks_watch *next, **prev; /* of the kind */
	struct ks_kind *kind;
	struct ks_view view;
	char *head; /* owned; of the version, which a CRD update may replace */
	char *ns;   /* owned */
	struct ks_selector labels, fields;
	struct item *q; /* owned ring */
	size_t cap, first, n, limit;
	/* Pieces of the current item that are not sent yet. */
	struct item now;
	struct http_bytes piece[4];
	size_t at, pieces, off;
	bool bookmarks, started, ended, paused;
	struct timer timeout, last_bookmark;
};

static void
item_free(struct item *i)
{
	ks_object_unref(i->o);
	xfree(i->text);
	*i = (struct item){ 0 };
}

static void
drop_queue(struct ks_watch *w)
{
	while (w->n > 0) {
		item_free(&w->q[w->first]);
		w->first = (w->first + 1) % w->cap;
		w->n--;
	}
}

static void
watch_free(struct ks_conn *c)
{
	struct ks_watch *w = (struct ks_watch *)c;

	timer_stop(&w->timeout);
	timer_stop(&w->last_bookmark);
	*w->prev = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	w->conn.s->n_watches--;
	ks_conn_remove(&w->conn);
	drop_queue(w);
	item_free(&w->now);
	xfree(w->q);
	xfree(w->head);
	xfree(w->ns);
	ks_selector_free(&w->labels);
	ks_selector_free(&w->fields);
	xfree(w);
}

/* ---- queue -------------------------------------------------------------- */

static void
wake(struct ks_watch *w)
{
	if (!w->paused)
		return;
	w->paused = false;
	http_exchange_resume(w->conn.x);
}

static void
end(struct ks_watch *w)
{
	w->ended = true;
	wake(w);
}

static void
push(struct ks_watch *w, struct item i)
{
	if (w->ended || w->n >= w->limit) {
		item_free(&i);
		end(w);
		return;
	}
	if (w->n == w->cap) {
		size_t cap = w->cap == 0 ? 8 : 2 * w->cap;
		struct item *q = xcalloc(cap, sizeof(*q));

		for (size_t k = 0; k < w->n; k++)
			q[k] = w->q[(w->first + k) % w->cap];
		xfree(w->q);
		w->q = q;
		w->cap = cap;
		w->first = 0;
	}
	w->q[(w->first + w->n) % w->cap] = i;
	w->n++;
	wake(w);
}

static void
push_object(struct ks_watch *w, const char *type, struct ks_object *o)
{
	push(w, (struct item){ .type = type, .o = ks_object_ref(o) });
}

static void
push_status(struct ks_watch *w, const struct ks_status *st)
{
	cJSON *j = cJSON_CreateObject();
	char *text;

	json_set_str(j, "type", "ERROR");
	json_set(j, "object", ks_status_json(st));
	text = json_print(j);
	push(w, (struct item){ .text = xasprintf("%s\n", text) });
	xfree(text);
	cJSON_Delete(j);
}

/* Bookmarks come in the form of the objects. */
static const char *
bookmark_kind(const struct ks_watch *w, const char **api_version)
{
	*api_version = "meta.k8s.io/v1";
	if (w->view.form == KS_TABLE)
		return "Table";
	if (w->view.form == KS_PARTIAL)
		return "PartialObjectMetadata";
	*api_version = w->view.version->api_version;
	return w->view.kind;
}

static void
push_bookmark(struct ks_watch *w, bool initial_end)
{
	const char *api_version, *kind = bookmark_kind(w, &api_version);
	char *line = xasprintf("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":"
			       "\"%s\",\"apiVersion\":\"%s\",\"metadata\":{"
			       "\"resourceVersion\":\"%" PRId64 "\"%s}}}\n",
	    kind, api_version, w->conn.s->store.rv,
	    initial_end ? ",\"annotations\":{\"k8s.io/initial-events-end\":"
			  "\"true\"}"
			: "");

	push(w, (struct item){ .text = line });
}

/* ---- matching ----------------------------------------------------------- */

static bool
wants(const struct ks_watch *w, const struct ks_object *o)
{
	return (w->ns[0] == '\0' || str_eq(w->ns, o->ns)) &&
	       ks_labels_match(&w->labels, &o->labels) &&
	       ks_fields_match(&w->fields, o);
}

/* An object that starts or stops to match appears or disappears. */
static void
offer(struct ks_watch *w, struct ks_event *ev)
{
	bool is = ev->change != KS_DELETED && wants(w, ev->obj);
	bool was = ev->prev != NULL && wants(w, ev->prev);

	if (is)
		push_object(w, was ? "MODIFIED" : "ADDED", ev->obj);
	else if (was)
		push_object(w, "DELETED",
		    ev->change == KS_DELETED ? ev->obj : ks_event_left(ev));
}

void
ks_watch_notify(struct kube_server *s, struct ks_event *ev)
{
	(void)s;
	for (struct ks_watch *w = ev->obj->kind->watches; w != NULL;
	     w = w->next)
		offer(w, ev);
}

/* ---- wire --------------------------------------------------------------- */

static struct http_bytes
bytes(const char *s)
{
	return (struct http_bytes){ s, strlen(s) };
}

static void
make_pieces(struct ks_watch *w)
{
	struct item *i = &w->now;
	cJSON *line;
	char *text;

	w->at = w->off = 0;
	if (i->text == NULL && !ks_view_plain(&w->view)) {
		line = cJSON_CreateObject();
		json_set_str(line, "type", i->type);
		json_set(line, "object",
		    ks_view_object(&w->view, ks_object_tree(i->o),
			loop_wall_us(w->conn.s->env.loop), w->started));
		w->started = true;
		text = json_print(line);
		i->text = xasprintf("%s\n", text);
		xfree(text);
		cJSON_Delete(line);
	}
	if (i->text != NULL) {
		w->piece[0] = bytes(i->text);
		w->pieces = 1;
		return;
	}
	w->piece[0] =
	    bytes(str_eq(i->type, "ADDED") ? "{\"type\":\"ADDED\",\"object\":"
		  : str_eq(i->type, "DELETED")
		      ? "{\"type\":\"DELETED\",\"object\":"
		      : "{\"type\":\"MODIFIED\",\"object\":");
	w->piece[1] = bytes(w->head);
	w->piece[2] = (struct http_bytes){ i->o->text + i->o->head,
		i->o->n - i->o->head };
	w->piece[3] = bytes("}\n");
	w->pieces = 4;
}

static bool
next_item(struct ks_watch *w)
{
	item_free(&w->now);
	w->pieces = w->at = w->off = 0;
	if (w->n == 0)
		return false;
	w->now = w->q[w->first];
	w->first = (w->first + 1) % w->cap;
	w->n--;
	make_pieces(w);
	return true;
}

static enum http_flow
pull(void *arg, void *out, size_t cap, size_t *n)
{
	struct ks_watch *w = arg;

	*n = 0;
	while (*n < cap) {
		const struct http_bytes *p;
		size_t take;

		if (w->at == w->pieces) {
			if (!next_item(w))
				break;
			continue;
		}
		p = &w->piece[w->at];
		take = p->n - w->off < cap - *n ? p->n - w->off : cap - *n;
		memcpy((char *)out + *n, (const char *)p->p + w->off, take);
		*n += take;
		w->off += take;
		if (w->off == p->n) {
			w->at++;
			w->off = 0;
		}
	}
	if (w->ended && w->n == 0 && w->at == w->pieces) {
		http_exchange_on_gone(w->conn.x, NULL, NULL);
		watch_free(&w->conn);
		return HTTP_END;
	}
	if (*n > 0)
		return HTTP_MORE;
	w->paused = true;
	return HTTP_PAUSE;
}

/* ---- start -------------------------------------------------------------- */

static void
timed_out(void *arg)
{
	end(arg);
}

/* Before a watch ends by its time, it tells how far it has come. */
static void
nearly_over(void *arg)
{
	push_bookmark(arg, false);
}

static void
push_all(struct ks_watch *w)
{
	struct ks_snapshot sn;

	if (!ks_store_snapshot(&w->conn.s->store, w->kind, w->ns, 0, &sn))
		return;
	w->limit += sn.n; /* what is there is not lag */
	for (size_t i = 0; i < sn.n; i++)
		if (wants(w, sn.v[i]))
			push_object(w, "ADDED", sn.v[i]);
	ks_snapshot_free(&sn);
}

static void
push_since(struct ks_watch *w, int64_t rv)
{
	const struct ks_store *st = &w->conn.s->store;
	struct ks_status bad = { 0 };

	if (rv < st->compacted) {
		(void)ks_expired(&bad,
		    "too old resource version: %" PRId64 " (%" PRId64 ")", rv,
		    st->compacted);
		push_status(w, &bad);
		end(w);
	} else if (rv > st->rv) {
		/* A version of another life of this server. */
		(void)ks_status_set(&bad, 504, "Timeout",
		    "Too large resource version: %" PRId64
		    ", current: %" PRId64,
		    rv, st->rv);
		ks_status_cause(&bad, "ResourceVersionTooLarge",
		    "Too large resource version", NULL);
		bad.retry_after_s = 1;
		push_status(w, &bad);
		end(w);
	}
	ks_status_fini(&bad);
	for (size_t i = ks_store_after(st, rv); !w->ended && i < st->n; i++)
		if (ks_store_event(st, i)->obj->kind == w->kind)
			offer(w, ks_store_event(st, i));
}

static bool
check(const struct ks_request *rq, struct ks_status *st)
{
	if (!rq->initial_events_given)
		return true;
	if (!rq->rv_not_older)
		return ks_bad_option(st, "ListOptions", "resourceVersionMatch",
		    "FieldValueForbidden",
		    "Forbidden: sendInitialEvents requires setting "
		    "resourceVersionMatch to NotOlderThan");
	if (rq->initial_events && !rq->bookmarks)
		return ks_bad_option(st, "ListOptions", "allowWatchBookmarks",
		    "FieldValueRequired",
		    "Required value: sendInitialEvents requires "
		    "allowWatchBookmarks");
	return true;
}

static void
begin(struct ks_watch *w, const struct ks_request *rq)
{
	if (rq->initial_events_given && rq->initial_events) {
		push_all(w);
		push_bookmark(w, true);
	} else if (rq->rv <= 0 && !rq->initial_events_given) {
		push_all(w);
	} else if (rq->rv > 0) {
		push_since(w, rq->rv);
	}
}

static void
tick(void *arg)
{
	struct kube_server *s = arg;

	ks_watch_bookmarks(s);
	if (s->n_watches > 0)
		timer_start(s->env.loop, &s->bookmark, s->bookmark_us, tick, s);
}

static void
enlist(struct ks_watch *w, struct kube_server *s, struct http_exchange *x)
{
	struct ks_watch **at = &w->kind->watches;

	/* Last: watches are fed in the order in which they came. */
	while (*at != NULL)
		at = &(*at)->next;
	w->prev = at;
	*at = w;
	s->n_watches++;
	ks_conn_add(&w->conn, s, x, watch_free);
	if (!timer_armed(&s->bookmark))
		timer_start(s->env.loop, &s->bookmark, s->bookmark_us, tick, s);
}

bool
ks_watch_start(struct kube_server *s, struct ks_request *rq,
    struct http_exchange *x, struct ks_status *st)
{
	static const struct http_header json = { "Content-Type",
		"application/json" };
	struct http_source src = { .pull = pull, .length = -1 };
	struct ks_watch *w;
	int64_t timeout = rq->timeout_s;

	if (!check(rq, st))
		return false;
	w = xcalloc(1, sizeof(*w));
	w->kind = rq->kind;
	w->limit = KS_WATCH_QUEUE_MAX;
	w->view = (struct ks_view){ rq->version, rq->kind->kind, rq->form,
		rq->include };
	w->head = xstrdup(rq->version->head);
	w->ns = xstrdup(rq->ns);
	w->labels = rq->labels;
	w->fields = rq->fields;
	rq->labels = rq->fields = (struct ks_selector){ 0 };
	w->bookmarks = rq->bookmarks;
	enlist(w, s, x);
	if (timeout <= 0 || timeout > 86400)
		timeout =
		    DEFAULT_TIMEOUT_S + (int64_t)(s->n_watches * 97 % SPREAD_S);
	timer_start(s->env.loop, &w->timeout, timeout * LOOP_S, timed_out, w);
	if (w->bookmarks && timeout > LAST_BOOKMARK_S)
		timer_start(s->env.loop, &w->last_bookmark,
		    (timeout - LAST_BOOKMARK_S) * LOOP_S, nearly_over, w);
	begin(w, rq);
	src.arg = w;
	http_reply_stream(x, 200, &json, 1, &src);
	return true;
}

/* ---- all of them -------------------------------------------------------- */

void
ks_watch_end_kind(struct kube_server *s, struct ks_kind *k)
{
	(void)s;
	for (struct ks_watch *w = k->watches; w != NULL; w = w->next) {
		drop_queue(w); /* it could no longer be rendered */
		end(w);
	}
}

void
ks_watch_end_all(struct kube_server *s, bool gone)
{
	struct ks_status st = { 0 };

	(void)ks_expired(&st, "The resourceVersion for the provided watch is "
			      "too old.");
	for (size_t i = 0; i < s->store.kinds.n; i++)
		for (struct ks_watch *w = s->store.kinds.v[i]->watches;
		     w != NULL; w = w->next) {
			if (gone)
				push_status(w, &st);
			end(w);
		}
	ks_status_fini(&st);
}

void
ks_watch_bookmarks(struct kube_server *s)
{
	for (size_t i = 0; i < s->store.kinds.n; i++)
		for (struct ks_watch *w = s->store.kinds.v[i]->watches;
		     w != NULL; w = w->next)
			if (w->bookmarks && !w->ended)
				push_bookmark(w, false);
}
