/* The scripted API server: store, paths, verbs, watches. */
#include "tests/unit/fake_kube_impl.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "common/world.h"

/* ---- watches ------------------------------------------------------------------- */

static bool
concerns(const struct fake_watch *w, const char *plural, const char *ns)
{
	return str_eq(w->plural, plural) &&
	       (w->ns[0] == '\0' || str_eq(w->ns, ns));
}

static void
wake(struct fake_watch *w)
{
	if (w->paused) {
		w->paused = false;
		http_exchange_resume(w->x);
	}
}

static void
send_line(struct fake_watch *w, const char *line)
{
	if (w->muted)
		return;
	(void)buf_adds(&w->out, line);
	wake(w);
}

void
fk_tell(
    struct fake_kube *f, const char *type, const char *plural, const cJSON *o)
{
	struct fake_event *e;
	cJSON *l = cJSON_CreateObject();
	char *text;

	json_set_str(l, "type", type);
	json_set(l, "object", json_dup(o));
	text = json_print(l);
	cJSON_Delete(l);
	if (f->n_events == f->cap_events) {
		f->cap_events = 2 * f->cap_events + 16;
		f->events =
		    xreallocarray(f->events, f->cap_events, sizeof(*f->events));
	}
	e = &f->events[f->n_events++];
	e->rv = f->rv;
	e->plural = xstrdup(plural);
	e->ns = xstrdup(json_str(o, "metadata/namespace", ""));
	e->line = xasprintf("%s\n", text);
	xfree(text);
	for (struct fake_watch *w = f->watching; w != NULL; w = w->next) {
		if (concerns(w, plural, e->ns))
			send_line(w, e->line);
	}
}

static void
unlink_watch(struct fake_watch *w)
{
	struct fake_watch **p = &w->f->watching;

	while (*p != NULL && *p != w)
		p = &(*p)->next;
	if (*p == w)
		*p = w->next;
	timer_stop(&w->end);
	buf_free(&w->out);
	xfree(w->plural);
	xfree(w->ns);
	xfree(w);
}

static void
watch_gone(void *arg)
{
	unlink_watch(arg);
}

static enum http_flow
watch_pull(void *arg, void *out, size_t cap, size_t *n)
{
	struct fake_watch *w = arg;
	struct fake_kube *f = w->f;
	size_t part = w->out.n < cap ? w->out.n : cap;

	*n = 0;
	if (w->reset) {
		unlink_watch(w);
		return HTTP_ABORT;
	}
	if (f->split_max > 0 && part > 0) {
		size_t r = 1 + (size_t)rng_below(&f->rng, f->split_max);

		part = r < part ? r : part;
	}
	if (part > 0) {
		memcpy(out, w->out.p, part);
		buf_consume(&w->out, part);
		*n = part;
		return HTTP_MORE;
	}
	if (w->ended) {
		unlink_watch(w);
		return HTTP_END;
	}
	w->paused = true;
	return HTTP_PAUSE;
}

static void
watch_timeout(void *arg)
{
	struct fake_watch *w = arg;

	if (w->muted)
		return;
	w->ended = true;
	wake(w);
}

void
fk_bookmark(void *arg)
{
	struct fake_kube *f = arg;
	char rv[32], line[200];

	fk_rv_text(f, f->rv, rv);
	(void)str_format(line, sizeof(line),
	    "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"X\",\"metadata\":{"
	    "\"resourceVersion\":\"%s\"}}}\n",
	    rv);
	for (struct fake_watch *w = f->watching; w != NULL; w = w->next)
		send_line(w, line);
	timer_start(f->loop, &f->bookmark, f->bookmark_us, fk_bookmark, f);
}

/* ---- replies ------------------------------------------------------------------- */

static void
reply_json(struct http_exchange *x, int status, const cJSON *o)
{
	const struct http_header h = { "Content-Type", "application/json" };
	char *text = json_print(o);

	http_reply(x, status, &h, 1, (struct http_bytes){ text, strlen(text) });
	xfree(text);
}

static void
reply_status(
    struct http_exchange *x, int code, const char *reason, const char *message)
{
	cJSON *o = cJSON_CreateObject();

	json_set_str(o, "kind", "Status");
	json_set_str(o, "apiVersion", "v1");
	json_set_str(o, "status", code < 300 ? "Success" : "Failure");
	json_set_str(o, "reason", reason);
	json_set_str(o, "message", message);
	json_set_i64(o, "code", code);
	reply_json(x, code, o);
	cJSON_Delete(o);
}

/* ---- verbs --------------------------------------------------------------------- */

struct job {
	struct fake_kube *f;
	struct http_exchange *x;
	struct fk_path p;
	char id[512];
	cJSON *body;
	bool mute_reply; /* done, but nobody hears of it */
};

static void
answer(struct job *j, int status, const cJSON *o)
{
	if (j->mute_reply)
		http_reply_raw(j->x, (struct http_bytes){ "", 0 }, 0, HTTP_RST);
	else
		reply_json(j->x, status, o);
}

static void
do_list(struct job *j, const char *target)
{
	struct fake_kube *f = j->f;
	cJSON *l = cJSON_CreateObject(), *items = cJSON_CreateArray();
	char *limit_s = url_query(target, "limit");
	char *cont = url_query(target, "continue");
	uint64_t limit = 0, skip = 0, seen = 0, left = 0;
	char rv[32], token[32];

	f->lists++;
	if (limit_s != NULL)
		(void)str_to_u64(limit_s, &limit);
	if (limit_s != NULL && f->page_max > 0)
		limit = f->page_max;
	if (cont != NULL)
		(void)str_to_u64(cont, &skip);
	for (size_t i = 0; i < f->n_objects; i++) {
		struct fk_path q = { .plural = "" };
		const char *bar = strchr(f->objects[i]->id, '|');
		size_t np = (size_t)(bar - f->objects[i]->id);

		if (strlen(j->p.plural) != np ||
		    strncmp(j->p.plural, f->objects[i]->id, np) != 0)
			continue;
		(void)q;
		if (j->p.ns[0] != '\0' &&
		    !str_eq(j->p.ns,
			json_str(f->objects[i]->o, "metadata/namespace", "")))
			continue;
		seen++;
		if (seen <= skip)
			continue;
		if (limit > 0 && (uint64_t)cJSON_GetArraySize(items) >= limit) {
			left++;
			continue;
		}
		cJSON_AddItemToArray(items, json_dup(f->objects[i]->o));
	}
	fk_rv_text(f, f->rv, rv);
	json_set_str(l, "kind", "List");
	json_set_str(l, "apiVersion", "v1");
	json_set(l, "items", items);
	json_set_str(json_ensure_obj(l, "metadata"), "resourceVersion", rv);
	if (left > 0) {
		(void)str_format(token, sizeof(token), "%llu",
		    (unsigned long long)(skip + limit));
		json_set_str(json_ensure_obj(l, "metadata"), "continue", token);
	}
	answer(j, 200, l);
	cJSON_Delete(l);
	xfree(limit_s);
	xfree(cont);
}

static void
do_watch(struct job *j, const char *target)
{
	struct fake_kube *f = j->f;
	char *rv = url_query(target, "resourceVersion");
	char *secs = url_query(target, "timeoutSeconds");
	uint64_t from = fk_rv_number(f, rv != NULL ? rv : "0");
	int64_t timeout = 300;
	struct fake_watch *w;
	const struct http_header h = { "Content-Type", "application/json" };
	struct http_source src = { watch_pull, NULL, -1 };

	f->watches++;
	if (secs != NULL)
		(void)str_to_i64(secs, &timeout);
	xfree(rv);
	xfree(secs);
	if (from < f->compacted) {
		reply_status(j->x, 410, "Expired", "too old resource version");
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->f = f;
	w->x = j->x;
	w->plural = xstrdup(j->p.plural);
	w->ns = xstrdup(j->p.ns);
	buf_init(&w->out, 64u << 20);
	w->next = f->watching;
	f->watching = w;
	for (size_t i = 0; i < f->n_events; i++) {
		if (f->events[i].rv > from &&
		    concerns(w, f->events[i].plural, f->events[i].ns))
			(void)buf_adds(&w->out, f->events[i].line);
	}
	timer_start(f->loop, &w->end, timeout * LOOP_S, watch_timeout, w);
	src.arg = w;
	http_exchange_on_gone(j->x, watch_gone, w);
	http_reply_stream(j->x, 200, &h, 1, &src);
}

static void
do_create(struct job *j)
{
	struct fake_kube *f = j->f;
	cJSON *o = json_dup(j->body);
	char uid[40];

	(void)str_copy(
	    j->p.name, sizeof(j->p.name), json_str(o, "metadata/name", ""));
	fk_make_id(&j->p, j->id);
	if (fk_find(f, j->id) != NULL) {
		cJSON_Delete(o);
		reply_status(j->x, 409, "AlreadyExists", "it already exists");
		return;
	}
	if (j->p.ns[0] != '\0')
		json_set_str(
		    json_ensure_obj(o, "metadata"), "namespace", j->p.ns);
	(void)str_format(
	    uid, sizeof(uid), "uid-%llu", (unsigned long long)f->rv + 1);
	json_set_str(json_ensure_obj(o, "metadata"), "uid", uid);
	fk_commit(f, fk_add(f, j->id), j->p.plural, o, true);
	answer(j, 201, o);
}

static cJSON *
patched(const struct job *j, const cJSON *old, struct err *e)
{
	const char *type = http_exchange_header(j->x, "Content-Type");
	const char *want = json_str(j->body, "metadata/resourceVersion", NULL);

	if (str_eq(type, "application/json-patch+json"))
		return json_patch(old, j->body, e);
	if (want != NULL &&
	    !str_eq(want, json_str(old, "metadata/resourceVersion", ""))) {
		(void)err_set(e, ERR_CONFLICT, 409,
		    "the object has been "
		    "modified");
		return NULL;
	}
	return json_merge_patch(old, j->body);
}

static void
do_patch(struct job *j)
{
	struct fake_kube *f = j->f;
	struct fake_object *o = fk_find(f, j->id);
	struct err e;
	cJSON *n;

	if (o == NULL) {
		reply_status(j->x, 404, "NotFound", "not found");
		return;
	}
	n = patched(j, o->o, &e);
	if (n == NULL) {
		reply_status(j->x, e.kind == ERR_CONFLICT ? 409 : 422,
		    e.kind == ERR_CONFLICT ? "Conflict" : "Invalid", e.msg);
		return;
	}
	if (json_equal(n, o->o)) {
		cJSON_Delete(n); /* no change, no version */
		answer(j, 200, o->o);
		return;
	}
	fk_commit(f, o, j->p.plural, n, false);
	answer(j, 200, n);
	if (fk_gone(n))
		fk_drop(f, o);
}

static void
do_delete(struct job *j)
{
	struct fake_kube *f = j->f;
	struct fake_object *o = fk_find(f, j->id);
	const char *uid = json_str(j->body, "preconditions/uid", NULL);
	cJSON *n;

	if (o == NULL) {
		reply_status(j->x, 404, "NotFound", "not found");
		return;
	}
	if (uid != NULL && !str_eq(uid, json_str(o->o, "metadata/uid", ""))) {
		reply_status(j->x, 409, "Conflict",
		    "the UID in the "
		    "precondition differs");
		return;
	}
	n = json_dup(o->o);
	json_set_str(json_ensure_obj(n, "metadata"), "deletionTimestamp",
	    "2026-01-01T00:00:00Z");
	fk_commit(f, o, j->p.plural, n, false);
	answer(j, 200, n);
	if (fk_gone(n))
		fk_drop(f, o);
}

static void
do_get(struct job *j)
{
	const struct fake_object *o = fk_find(j->f, j->id);

	j->f->gets++;
	if (o == NULL)
		reply_status(j->x, 404, "NotFound", "not found");
	else
		answer(j, 200, o->o);
}

static void
serve(struct job *j, const char *method, const char *target)
{
	char *watch = url_query(target, "watch");

	if (!str_eq(method, "GET"))
		j->f->writes++;
	if (!fk_parse_path(target, &j->p)) {
		reply_status(j->x, 404, "NotFound", "no such path");
		xfree(watch);
		return;
	}
	fk_make_id(&j->p, j->id);
	if (str_eq(method, "POST"))
		do_create(j);
	else if (str_eq(method, "PATCH"))
		do_patch(j);
	else if (str_eq(method, "DELETE"))
		do_delete(j);
	else if (watch != NULL)
		do_watch(j, target);
	else if (j->p.name[0] != '\0')
		do_get(j);
	else
		do_list(j, target);
	xfree(watch);
}

static void
reply_fault(struct http_exchange *x, const struct fake_fault *ff)
{
	const struct http_header h[] = { { "Content-Type", "application/json" },
		{ "Retry-After", ff->retry_after } };
	char body[400];

	(void)str_format(body, sizeof(body),
	    "{\"kind\":\"Status\",\"reason\":\"%s\",\"message\":\"scripted "
	    "%d\",\"code\":%d}",
	    ff->reason != NULL ? ff->reason : "", ff->status, ff->status);
	http_reply(x, ff->status, h, ff->retry_after != NULL ? 2 : 1,
	    (struct http_bytes){ ff->body != NULL ? ff->body : body,
		strlen(ff->body != NULL ? ff->body : body) });
}

static void
whole(void *arg, struct http_exchange *x, struct http_bytes body)
{
	struct fake_kube *f = arg;
	char *method = xstrdup(http_exchange_method(x));
	char *target = xstrdup(http_exchange_target(x));
	struct job j = { .f = f, .x = x };
	struct fake_fault ff = { 0 };
	struct fake_request r = { method, target,
		http_exchange_header(x, "Authorization"), NULL };

	if (body.n > 0)
		j.body = json_parse(body.p, body.n, NULL);
	r.body = j.body;
	fk_note_request(f, method, target);
	if (f->fault != NULL)
		ff = f->fault(f->fault_arg, &r);
	j.mute_reply = ff.lose_reply;
	if (ff.status != 0)
		reply_fault(x, &ff);
	else if (ff.hang)
		http_reply_raw(x, (struct http_bytes){ "", 0 }, 0, HTTP_HANG);
	else
		serve(&j, method, target);
	cJSON_Delete(j.body);
	xfree(method);
	xfree(target);
}

static void
handle(void *arg, struct http_exchange *x)
{
	http_exchange_collect(x, whole, arg);
}

/* ---- outside ------------------------------------------------------------------- */

static struct tls_identity *
identity(void *arg, const struct http_addr *local)
{
	const struct fake_kube *f = arg;

	(void)local;
	return f->identity;
}

void
fake_kube_listen(struct fake_kube *f, struct http_net *net, bool on)
{
	const struct http_listen_opts o = { .addr = FAKE_IP,
		.port = FAKE_PORT,
		.identity = identity,
		.handle = handle,
		.arg = f };

	while (!on && f->watching != NULL)
		unlink_watch(f->watching);
	http_server_free(f->server);
	f->server = on ? http_listen(net, &o, NULL) : NULL;
}

struct fake_kube *
fake_kube_new(struct loop *l, struct http_net *net, uint64_t seed)
{
	struct fake_kube *f = xcalloc(1, sizeof(*f));
	const struct tls_issue issue = { .subject = "kube",
		.names = FAKE_IP,
		.not_before_s = WORLD_EPOCH_S - 3600,
		.not_after_s = WORLD_EPOCH_S + 400LL * 86400 };

	f->loop = l;
	f->rv = 100;
	f->identity = tls_identity_facts(&issue, world_entropy(l));
	rng_seed(&f->rng, seed, "fake-kube");
	fake_kube_listen(f, net, true);
	return f;
}

void
fake_kube_free(struct fake_kube *f)
{
	timer_stop(&f->bookmark);
	while (f->watching != NULL)
		unlink_watch(f->watching);
	http_server_free(f->server);
	while (f->n_objects > 0)
		fk_drop(f, f->objects[f->n_objects - 1]);
	fk_forget(f);
	tls_identity_free(f->identity);
	for (size_t i = 0; i < f->n_log; i++)
		xfree(f->log[i]);
	xfree(f->log);
	xfree(f->objects);
	xfree(f->events);
	xfree(f);
}

void
fake_kube_raw(struct fake_kube *f, const char *bytes)
{
	for (struct fake_watch *w = f->watching; w != NULL; w = w->next)
		send_line(w, bytes);
}

void
fake_kube_end_watches(struct fake_kube *f)
{
	for (struct fake_watch *w = f->watching, *n; w != NULL; w = n) {
		n = w->next;
		w->ended = true;
		wake(w);
	}
}

void
fake_kube_reset_watches(struct fake_kube *f)
{
	for (struct fake_watch *w = f->watching, *n; w != NULL; w = n) {
		n = w->next;
		w->reset = true;
		wake(w);
	}
}

void
fake_kube_mute_watches(struct fake_kube *f)
{
	for (struct fake_watch *w = f->watching; w != NULL; w = w->next)
		w->muted = true;
}

unsigned
fake_kube_open_watches(const struct fake_kube *f)
{
	unsigned n = 0;

	for (const struct fake_watch *w = f->watching; w != NULL; w = w->next)
		n++;
	return n;
}
