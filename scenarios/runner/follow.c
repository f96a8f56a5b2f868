/* See follow.h. */
#include "scenarios/runner/follow.h"

#include <string.h>

#include "common/buf.h"
#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/kinds.h"

#define FOLLOW_KINDS 24
#define FOLLOW_LINE (8u << 20)
#define FOLLOW_AGAIN (100 * LOOP_MS)

struct stream {
	struct follow *f;
	const struct kind_row *kind; /* NULL: the BMCs' events */
	struct http_call *call;
	struct timer again;
	struct buf line;
	char rv[32]; /* resourceVersion to watch from; "" = list */
	bool synced;
	struct map known; /* "ns/name" -> tree, owned */
};

struct follow {
	struct follow_opts o;
	struct stream s[FOLLOW_KINDS];
	size_t n;
	uint64_t bmc_seq;
};

static void stream_start(void *arg);

static int64_t
follow_now(const struct follow *f)
{
	return loop_mono_us(f->o.loop) - f->o.epoch_us;
}

static void
follow_told(struct follow *f)
{
	f->o.told(f->o.arg);
}

/* ---- objects ------------------------------------------------------------------- */

/* Who wrote last: the newest entry of managedFields tells a manager. */
static const char *
stream_writer(const cJSON *before, const cJSON *after)
{
	const cJSON *m;
	const char *writer = "";

	cJSON_ArrayForEach (m, json_arr(after, "metadata/managedFields")) {
		const cJSON *old;
		bool same = false;

		cJSON_ArrayForEach (
		    old, json_arr(before, "metadata/managedFields"))
			same = same || json_equal(m, old);
		if (!same)
			writer = json_str(m, "manager", "");
	}
	return str_has_prefix(writer, "beskar7-agent") ? "beskar7-agent"
						       : writer;
}

static void
stream_commit(struct stream *s, const cJSON *tree, bool gone)
{
	struct follow *f = s->f;
	const char *ns = json_str(tree, "metadata/namespace", "");
	const char *name = json_str(tree, "metadata/name", "");
	char *key = xasprintf("%s/%s", ns, name);
	cJSON *before = map_get(&s->known, key);
	struct inv_commit c = { .at_us = follow_now(f),
		.verb = gone             ? "delete"
			: before == NULL ? "create"
					 : "update",
		.group = s->kind->group,
		.resource = s->kind->resource,
		.ns = ns,
		.name = name,
		.user = stream_writer(before, tree),
		.manager = "",
		.before = before,
		.after = gone ? NULL : tree };

	if (before != NULL && !gone &&
	    str_eq(json_str(before, "metadata/resourceVersion", ""),
		json_str(tree, "metadata/resourceVersion", "-"))) {
		xfree(key);
		return;
	}
	if (!gone || before != NULL)
		f->o.hooks.commit(f->o.hooks.arg, &c);
	if (gone)
		(void)map_take(&s->known, key);
	else
		(void)map_put(&s->known, key, json_dup(tree));
	cJSON_Delete(before);
	xfree(key);
	follow_told(f);
}

/* What was there and is not any more, after a new list. */
static void
stream_gone(struct stream *s, const cJSON *items)
{
	struct map now = { 0 };
	const cJSON *i;

	cJSON_ArrayForEach (i, items) {
		char *key =
		    xasprintf("%s/%s", json_str(i, "metadata/namespace", ""),
			json_str(i, "metadata/name", ""));

		(void)map_put(&now, key, s);
		xfree(key);
	}
	for (size_t k = s->known.n; k > 0; k--) {
		cJSON *tree;

		if (map_get(&now, s->known.v[k - 1].key) != NULL)
			continue;
		tree = json_dup(s->known.v[k - 1].value);
		stream_commit(s, tree, true);
		cJSON_Delete(tree);
	}
	map_free(&now, NULL);
}

static void
stream_listed(void *arg, const struct http_result *r)
{
	struct stream *s = arg;
	struct err e;
	cJSON *j, *i;

	s->call = NULL;
	j = r->status == 200 ? json_parse(r->body.p, r->body.n, &e) : NULL;
	if (j != NULL) {
		(void)str_copy(s->rv, sizeof(s->rv),
		    json_str(j, "metadata/resourceVersion", ""));
		stream_gone(s, json_arr(j, "items"));
		cJSON_ArrayForEach (i, json_child(j, "items")) {
			/* Items of a list bear no kind. */
			json_set_str(i, "kind", s->kind->kind);
			stream_commit(s, i, false);
		}
		s->synced = true;
		cJSON_Delete(j);
	}
	timer_start(s->f->o.loop, &s->again, j == NULL ? FOLLOW_AGAIN : 0,
	    stream_start, s);
}

static void
stream_event(struct stream *s, const cJSON *j)
{
	const char *type = json_str(j, "type", "");
	const cJSON *o = json_child(j, "object");

	if (str_eq(type, "ERROR")) {
		s->rv[0] = '\0';
		return;
	}
	if (str_eq(type, "BOOKMARK"))
		return;
	(void)str_copy(s->rv, sizeof(s->rv),
	    json_str(o, "metadata/resourceVersion", s->rv));
	stream_commit(s, o, str_eq(type, "DELETED"));
}

/* ---- BMCs ----------------------------------------------------------------------- */

static bool
stream_bmc_kind(const char *name, enum bmc_event_kind *k)
{
	for (int i = 0; i <= (int)BMC_EV_FAULT; i++)
		if (str_eq(name, bmc_event_name((enum bmc_event_kind)i))) {
			*k = (enum bmc_event_kind)i;
			return true;
		}
	return false;
}

static void
stream_bmc_event(struct stream *s, const cJSON *j)
{
	struct follow *f = s->f;
	struct bmc_event ev = { .seq = (uint64_t)json_i64(j, "seq", 0),
		.at_us = follow_now(f),
		.bmc = json_str(j, "bmc", ""),
		.op = json_str(j, "op", ""),
		.method = json_str(j, "method", ""),
		.target = json_str(j, "target", ""),
		.who = json_str(j, "who", ""),
		.slot = json_str(j, "slot", ""),
		.text = json_str(j, "text", ""),
		.from = json_str(j, "from", ""),
		.status = (int)json_i64(j, "status", 0),
		.bytes = json_i64(j, "bytes", 0),
		.boot = (uint32_t)json_i64(j, "boot", 0) };

	f->bmc_seq = ev.seq;
	if (!stream_bmc_kind(json_str(j, "event", ""), &ev.kind))
		return;
	f->o.seen(f->o.arg, &ev);
	f->o.hooks.bmc(f->o.hooks.arg, &ev);
	follow_told(f);
}

/* ---- streams --------------------------------------------------------------------- */

static enum http_flow
stream_data(void *arg, struct http_bytes b)
{
	struct stream *s = arg;
	char *nl;

	(void)buf_add(&s->line, b.p, b.n);
	while (s->line.n > 0 &&
	       (nl = memchr(s->line.p, '\n', s->line.n)) != NULL) {
		size_t n = (size_t)(nl - s->line.p);
		struct err e;
		cJSON *j = json_parse(s->line.p, n, &e);

		buf_consume(&s->line, n + 1);
		if (j != NULL && s->kind == NULL)
			stream_bmc_event(s, j);
		else if (j != NULL)
			stream_event(s, j);
		cJSON_Delete(j);
	}
	return HTTP_MORE;
}

static void
stream_ended(void *arg, const struct http_result *r)
{
	struct stream *s = arg;

	s->call = NULL;
	if (r->status != 200)
		s->rv[0] = '\0';
	timer_start(s->f->o.loop, &s->again, FOLLOW_AGAIN, stream_start, s);
}

static void
stream_start(void *arg)
{
	struct stream *s = arg;
	struct follow *f = s->f;
	struct http_sink sink = { stream_data, s };
	struct http_header h[] = { { "Authorization", f->o.authorization },
		{ "Accept", "application/json" } };
	struct http_request q = { .method = "GET",
		.headers = h,
		.n_headers = 2,
		.limits = { .body_max = 64u << 20 },
		.done = stream_listed,
		.arg = s };
	char *base, *target;

	buf_reset(&s->line);
	if (s->kind == NULL) {
		target = xasprintf("/events?follow=1&since=%llu",
		    (unsigned long long)f->bmc_seq);
	} else {
		base = xasprintf("%s%s/%s/%s",
		    s->kind->group[0] == '\0' ? "/api" : "/apis/",
		    s->kind->group, s->kind->version, s->kind->resource);
		target = s->rv[0] == '\0'
			     ? xstrdup(base)
			     : xasprintf("%s?watch=1&resourceVersion=%s", base,
				   s->rv);
		xfree(base);
	}
	q.target = target;
	if (s->kind == NULL || s->rv[0] != '\0') {
		q.sink = &sink;
		q.done = stream_ended;
		q.limits.idle_us = q.limits.total_us = HTTP_NO_LIMIT;
		q.limits.body_max = 0;
	}
	s->call = http_start(s->kind == NULL ? f->o.bmc : f->o.kube, &q);
	xfree(target);
}

static void
follow_add(struct follow *f, const struct kind_row *kind)
{
	struct stream *s = &f->s[f->n++];

	s->f = f;
	s->kind = kind;
	s->synced = kind == NULL;
	buf_init(&s->line, FOLLOW_LINE);
	timer_start(f->o.loop, &s->again, 0, stream_start, s);
}

struct follow *
follow_new(const struct follow_opts *o)
{
	struct follow *f = xcalloc(1, sizeof(*f));

	f->o = *o;
	for (const struct kind_row *k = kind_rows; k->kind != NULL; k++)
		if (k->watched && f->n < FOLLOW_KINDS - 1)
			follow_add(f, k);
	follow_add(f, NULL);
	return f;
}

static void
follow_free_tree(void *tree)
{
	cJSON_Delete(tree);
}

void
follow_free(struct follow *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n; i++) {
		timer_stop(&f->s[i].again);
		if (f->s[i].call != NULL)
			http_cancel(f->s[i].call);
		buf_free(&f->s[i].line);
		map_free(&f->s[i].known, follow_free_tree);
	}
	xfree(f);
}

bool
follow_synced(const struct follow *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!f->s[i].synced)
			return false;
	return true;
}
