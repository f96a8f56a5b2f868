/* The control API's listener. See control.h. */
#include <string.h>
#include <sys/queue.h>

#include "common/env.h"
#include "common/http.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/control.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"

#define FOLLOW_BYTES 65536

/* Somebody who follows the events. */
struct follower {
	LIST_ENTRY(follower) link;
	struct control *c;
	struct http_exchange *x;
	struct journal_waiter waiter;
	uint64_t since;
	char *bmc; /* owned; NULL = all */
	struct buf ready;
	bool starved; /* the source said HTTP_PAUSE */
};
LIST_HEAD(follower_list, follower);

struct control {
	struct bmc_fleet *f; /* borrowed */
	struct http_server *server;
	struct follower_list followers;
};

static void
reply_json(struct http_exchange *x, int status, cJSON *j)
{
	static const struct http_header h[] = {
		{ "Content-Type", "application/json" },
	};
	char *text = json_print_pretty(j);
	struct http_bytes b = { text, strlen(text) };

	http_reply(x, status, h, 1, b);
	xfree(text);
	cJSON_Delete(j);
}

/* ---- following ---------------------------------------------------------- */

static void
follower_free(void *arg)
{
	struct follower *fo = arg;

	LIST_REMOVE(fo, link);
	journal_unwait(&fo->waiter);
	buf_free(&fo->ready);
	xfree(fo->bmc);
	xfree(fo);
}

static void
woken(void *arg)
{
	struct follower *fo = arg;

	if (!fo->starved)
		return;
	fo->starved = false;
	http_exchange_resume(fo->x);
}

static enum http_flow
pull_events(void *arg, void *out, size_t cap, size_t *n)
{
	struct follower *fo = arg;

	if (fo->ready.n == 0)
		fo->since = journal_lines(
		    fo->c->f->journal, fo->since, fo->bmc, &fo->ready);
	*n = fo->ready.n < cap ? fo->ready.n : cap;
	if (*n) {
		memcpy(out, fo->ready.p, *n);
		buf_consume(&fo->ready, *n);
		return HTTP_MORE;
	}
	fo->starved = true;
	journal_wait(fo->c->f->journal, &fo->waiter);
	return HTTP_PAUSE;
}

static void
follow(
    struct control *c, struct http_exchange *x, const char *bmc, uint64_t since)
{
	static const struct http_header h[] = {
		{ "Content-Type", "application/x-ndjson" },
	};
	struct follower *fo = xcalloc(1, sizeof(*fo));
	struct http_source src = { pull_events, fo, -1 };

	fo->c = c;
	fo->x = x;
	fo->since = since;
	fo->bmc = xstrdup(bmc);
	fo->waiter.fn = woken;
	fo->waiter.arg = fo;
	buf_init(&fo->ready, FOLLOW_BYTES);
	LIST_INSERT_HEAD(&c->followers, fo, link);
	http_exchange_on_gone(x, follower_free, fo);
	http_reply_stream(x, 200, h, 1, &src);
}

static void
lines(struct control *c, struct http_exchange *x, uint64_t since)
{
	static const struct http_header h[] = {
		{ "Content-Type", "application/x-ndjson" },
	};
	struct buf b;

	buf_init(&b, 4u << 20);
	(void)journal_lines(c->f->journal, since, NULL, &b);
	http_reply(x, 200, h, 1, (struct http_bytes){ buf_str(&b), b.n });
	buf_free(&b);
}

/* GET /events?since=N&follow=1&bmc=NAME: NDJSON. */
static bool
events(struct control *c, struct http_exchange *x)
{
	const char *target = http_exchange_target(x);
	char *since, *fol, *bmc;
	uint64_t from = 0;

	if (!str_eq(http_exchange_method(x), "GET") ||
	    strncmp(target, "/events", 7) != 0 ||
	    (target[7] && target[7] != '?'))
		return false;
	since = url_query(target, "since");
	fol = url_query(target, "follow");
	bmc = url_query(target, "bmc");
	if (since)
		(void)str_to_u64(since, &from); /* else from the start */
	if (str_eq(fol, "1"))
		follow(c, x, bmc, from);
	else
		lines(c, x, from);
	xfree(since);
	xfree(fol);
	xfree(bmc);
	return true;
}

/* ---- all else ----------------------------------------------------------- */

static void
whole(void *arg, struct http_exchange *x, struct http_bytes body)
{
	struct control *c = arg;
	struct err e = { 0 };
	cJSON *in = NULL, *out;
	int status;

	if (events(c, x))
		return;
	if (body.n)
		in = json_parse(body.p, body.n, &e);
	if (body.n && !cJSON_IsObject(in)) {
		out = cJSON_CreateObject();
		json_set_str(out, "error",
		    in ? "the body must be a JSON object" : e.msg);
		status = 400;
	} else {
		out = bmc_fleet_control(c->f, http_exchange_method(x),
		    http_exchange_target(x), in, &status);
	}
	cJSON_Delete(in);
	reply_json(x, status, out);
}

static void
handle(void *arg, struct http_exchange *x)
{
	http_exchange_collect(x, whole, arg);
}

struct control *
control_listen(
    struct bmc_fleet *f, const char *addr, unsigned port, struct err *e)
{
	struct control *c = xcalloc(1, sizeof(*c));
	struct http_listen_opts o = { .addr = addr,
		.port = port,
		.handle = handle,
		.arg = c,
		.limits = { .body_max = 1u << 20 } };

	c->f = f;
	LIST_INIT(&c->followers);
	c->server = http_listen(f->env->net, &o, e);
	if (c->server)
		return c;
	xfree(c);
	err_wrap(e, "control API");
	return NULL;
}

unsigned
control_port(const struct control *c)
{
	return http_server_port(c->server);
}

static void
drop_followers(struct control *c)
{
	struct follower *fo;

	while ((fo = LIST_FIRST(&c->followers))) {
		http_exchange_on_gone(fo->x, NULL, NULL);
		follower_free(fo);
	}
}

void
control_stop(struct control *c, int64_t grace_us)
{
	if (c)
		http_server_stop(c->server, grace_us);
}

void
control_free(struct control *c)
{
	if (!c)
		return;
	drop_followers(c);
	http_server_free(c->server);
	xfree(c);
}
