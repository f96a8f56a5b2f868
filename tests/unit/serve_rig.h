/* A media server over an image in memory, and clients in other processes. */
#ifndef B7_SERVE_RIG_H
#define B7_SERVE_RIG_H

#include <stdio.h>

#include "agent/serve/serve.h"
#include "common/buf.h"
#include "common/http.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/unit.h"

#define IMAGE_SIZE 300007u /* no multiple of anything */
#define READS 2048
#define SERVE_RIG_PIECE 65536

/* Byte of the image at an offset; no period that a reader's piece has. */
static inline uint8_t
image_byte(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 16));
}

struct pending_read {
	struct timer timer;
	struct memory *m;
	source_fn *fn;
	void *arg;
	uint64_t at;
	size_t n;
	bool used;
};

/* A source: at once, or delay_us later. */
struct memory {
	struct source source;
	struct loop *loop;
	int64_t delay_us;
	uint64_t broken_at; /* reads behind it fail; 0 = none */
	unsigned reads, cancelled;
	struct pending_read v[READS];
};

static inline void
memory_answer(struct memory *m, const struct pending_read *r)
{
	uint8_t piece[SERVE_RIG_PIECE];
	struct err e = { .kind = ERR_NONE };

	if (m->broken_at != 0 && r->at + r->n > m->broken_at) {
		(void)err_set(&e, ERR_NET, 0, "the origin is gone");
		r->fn(r->arg, NULL, 0, &e);
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		piece[i] = image_byte(r->at + i);
	r->fn(r->arg, piece, r->n, NULL);
}

static inline void
memory_due(void *arg)
{
	struct pending_read *r = arg, copy = *r;

	r->used = false;
	memory_answer(copy.m, &copy);
}

static inline void
memory_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct memory *m = self;
	struct pending_read now = {
		.m = m, .fn = fn, .arg = arg, .at = at, .n = n, .used = true
	};

	m->reads++;
	CU_ASSERT_TRUE_FATAL(n > 0 && n <= SERVE_RIG_PIECE);
	CU_ASSERT_TRUE_FATAL(at + n <= m->source.size);
	if (m->delay_us == 0) {
		memory_answer(m, &now);
		return;
	}
	for (size_t i = 0; i < READS; i++) {
		struct pending_read *r = &m->v[i];

		if (r->used)
			continue;
		*r = now;
		timer_start(m->loop, &r->timer, m->delay_us, memory_due, r);
		return;
	}
	CU_FAIL_FATAL("too many reads at once");
}

static inline void
memory_cancel(void *self, void *arg)
{
	struct memory *m = self;

	for (size_t i = 0; i < READS; i++)
		if (m->v[i].used && m->v[i].arg == arg) {
			timer_stop(&m->v[i].timer);
			m->v[i].used = false;
			m->cancelled++;
		}
}

struct serve_rig {
	struct world *w;
	struct loop *loop, *client;
	struct log log;
	struct buf lines; /* all that was logged */
	struct files *files;
	struct env env;
	struct live live;
	struct memory memory;
	struct serve *s;
	struct http_peer *peer;
	char medium[64], report[64]; /* targets */
	/* hooks */
	struct err refuse; /* kind set: open fails so */
	int64_t open_us;   /* open answers so late */
	struct timer late;
	serve_opened *late_fn;
	void *late_arg;
	bool report_later;
	struct err report_err;
	unsigned reports, images, cancelled;
	struct serve_report last;
	serve_stored *stored;
	void *stored_arg;
	struct seen_mark mark;
	struct timer beat;
};

static inline void
rig_line(void *arg, const char *line, size_t n)
{
	struct serve_rig *r = arg;

	(void)buf_add(&r->lines, line, n);
	(void)buf_addc(&r->lines, '\n');
}

static inline void
rig_give(struct serve_rig *r, serve_opened *fn, void *arg)
{
	struct serve_image im = { .source = &r->memory.source,
		.etag = "\"image-1\"",
		.marks = &r->mark,
		.n_marks = r->mark.n > 0 };

	if (r->refuse.kind != ERR_NONE) {
		fn(arg, NULL, &r->refuse);
		return;
	}
	r->images++;
	fn(arg, &im, NULL);
}

static inline void
rig_late(void *arg)
{
	struct serve_rig *r = arg;
	serve_opened *fn = r->late_fn;

	r->late_fn = NULL;
	rig_give(r, fn, r->late_arg);
}

static inline void
rig_open_image(void *self, struct live_claim *c, enum token_purpose which,
    serve_opened *fn, void *arg)
{
	struct serve_rig *r = self;

	(void)c;
	(void)which;
	if (r->open_us == 0) {
		rig_give(r, fn, arg);
		return;
	}
	r->late_fn = fn;
	r->late_arg = arg;
	timer_start(r->loop, &r->late, r->open_us, rig_late, r);
}

static inline void
rig_give_back(void *self, const struct serve_image *image)
{
	struct serve_rig *r = self;

	(void)image;
	r->images--;
}

static inline void
rig_report(void *self, struct live_claim *c, const struct serve_report *rep,
    serve_stored *fn, void *arg)
{
	struct serve_rig *r = self;

	(void)c;
	r->reports++;
	r->last = *rep;
	if (r->report_later) {
		r->stored = fn;
		r->stored_arg = arg;
		return;
	}
	fn(arg, r->report_err.kind == ERR_NONE ? NULL : &r->report_err);
}

static inline void
rig_cancel(void *self, void *arg)
{
	struct serve_rig *r = self;

	r->cancelled++;
	if (r->late_arg == arg) {
		timer_stop(&r->late);
		r->late_fn = NULL;
	}
	if (r->stored_arg == arg)
		r->stored = NULL;
}

static inline void
rig_beat(void *arg)
{
	struct serve_rig *r = arg;

	timer_start(r->client, &r->beat, LOOP_S, rig_beat, r);
}

static inline void
rig_claim(struct serve_rig *r, const char *claim, int attempt)
{
	struct live_who w = { .ns = "ns",
		.name = "h1",
		.claim = claim,
		.attempt = attempt,
		.may = { true, true, true } };
	struct live_keys k = { .has = true };

	live_set_keys(&r->live, &k);
	live_put(&r->live, &w);
	CU_ASSERT_TRUE(token_url(r->medium, sizeof(r->medium), "", TOKEN_MEDIUM,
	    live_token(&r->live, "ns/h1", claim, attempt, TOKEN_MEDIUM)));
	CU_ASSERT_TRUE(token_url(r->report, sizeof(r->report), "", TOKEN_REPORT,
	    live_token(&r->live, "ns/h1", claim, attempt, TOKEN_REPORT)));
}

static inline void
rig_env_of(struct serve_rig *r, struct loop *loop, struct http_net *net,
    struct entropy ent)
{
	r->loop = loop;
	buf_init(&r->lines, 4u << 20);
	r->log = (struct log){ .level = LOG_TRACE, .sink = rig_line, .arg = r };
	r->files = files_memory_new();
	r->env = (struct env){ .name = "agent",
		.loop = loop,
		.net = net,
		.entropy = ent,
		.files = r->files,
		.log = &r->log,
		.metrics = metrics_new() };
	r->memory.loop = loop;
	r->memory.source = (struct source){ .size = IMAGE_SIZE,
		.read = memory_read,
		.cancel = memory_cancel,
		.self = &r->memory };
	live_init(&r->live, &r->env);
}

static inline void
rig_serve(struct serve_rig *r, const struct serve_opts *o)
{
	struct serve_hooks h = { .open = rig_open_image,
		.give_back = rig_give_back,
		.report = rig_report,
		.cancel = rig_cancel,
		.self = r };

	struct err e;

	r->s = serve_new(&r->env, o, &r->live, &h, &e);
	if (r->s == NULL)
		(void)fprintf(stderr, "serve: %s\n", e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->s);
	rig_claim(r, "claim-1", 1);
}

static inline void
rig_virtual(struct serve_rig *r, const struct serve_opts *o)
{
	struct http_peer_opts p = { .base = "http://10.0.0.1:8090",
		.max_conns = 2000,
		.idle_close_us = LOOP_MIN };
	struct serve_opts dflt = { .listen = "10.0.0.1:8090" };
	struct err e;

	*r = (struct serve_rig){ .w = world_new(1) };
	r->loop = world_spawn(r->w, "agent", "10.0.0.1", 0);
	r->client = world_spawn(r->w, "bmc", "10.0.0.2", 0);
	rig_env_of(r, r->loop, world_net(r->loop), world_entropy(r->loop));
	rig_serve(r, o != NULL ? o : &dflt);
	r->peer = http_peer_new(world_net(r->client), &p, &e);
	rig_beat(r);
}

/* Nothing leaks, nothing was logged or counted that has a token in it. */
static inline void
rig_end(struct serve_rig *r)
{
	struct serve_counts n = serve_counts(r->s);
	struct buf b;

	CU_ASSERT_EQUAL(n.streams, 0);
	CU_ASSERT_EQUAL(n.buffered, 0);
	buf_init(&b, 1u << 20);
	metrics_print(r->env.metrics, &b);
	CU_ASSERT_PTR_NULL(strstr(buf_str(&b), r->medium + 3));
	CU_ASSERT_PTR_NULL(strstr(buf_str(&r->lines), r->medium + 3));
	r->medium[3 + TOKEN_LEN] = '\0';
	CU_ASSERT_PTR_NULL(strstr(buf_str(&b), r->medium + 3));
	CU_ASSERT_PTR_NULL(strstr(buf_str(&r->lines), r->medium + 3));
	CU_ASSERT_PTR_NULL(strstr(buf_str(&r->lines), r->report + 3));
	buf_free(&b);
	timer_stop(&r->beat);
	timer_stop(&r->late);
	http_peer_free(r->peer);
	serve_free(r->s);
	CU_ASSERT_EQUAL(r->images, 0);
	live_fini(&r->live);
	metrics_free(r->env.metrics);
	files_memory_free(r->files);
	buf_free(&r->lines);
	if (r->w != NULL)
		world_free(r->w);
}

static inline void
rig_pass(struct serve_rig *r, int64_t us)
{
	(void)world_run(r->w, world_now_us(r->w) + us, NULL, NULL);
}

/* One request, and what came of it. */
struct get {
	unsigned done;
	enum http_err err;
	int status;
	uint64_t n;     /* bytes of the body */
	bool wrong;     /* a byte is not the image's */
	uint64_t at;    /* of the image: where the body begins */
	bool stall;     /* takes the first piece and no more */
	int64_t length; /* Content-Length; -1 = none */
	char range[64], etag[64], ranges[16], retry[8], allow[16], text[64];
	struct http_call *call;
};

static inline void
copy_header(char *out, size_t cap, const struct http_header *h, size_t n,
    const char *name)
{
	const char *v = http_header_get(h, n, name);

	(void)str_copy(out, cap, v == NULL ? "" : v);
}

static inline enum http_flow
get_data(void *arg, struct http_bytes b)
{
	struct get *g = arg;
	const uint8_t *p = b.p;

	for (size_t i = 0; i < b.n; i++) {
		if (g->n + i + 1 < sizeof(g->text)) {
			g->text[g->n + i] = (char)p[i];
			g->text[g->n + i + 1] = '\0';
		}
		g->wrong |= p[i] != image_byte(g->at + g->n + i);
	}
	g->n += b.n;
	return g->stall && g->n > 0 ? HTTP_PAUSE : HTTP_MORE;
}

static inline void
get_done(void *arg, const struct http_result *r)
{
	struct get *g = arg;
	char length[24];

	g->done++;
	g->err = r->err;
	g->status = r->status;
	g->call = NULL;
	copy_header(g->range, sizeof(g->range), r->headers, r->n_headers,
	    "Content-Range");
	copy_header(g->etag, sizeof(g->etag), r->headers, r->n_headers, "ETag");
	copy_header(g->ranges, sizeof(g->ranges), r->headers, r->n_headers,
	    "Accept-Ranges");
	copy_header(g->retry, sizeof(g->retry), r->headers, r->n_headers,
	    "Retry-After");
	copy_header(
	    g->allow, sizeof(g->allow), r->headers, r->n_headers, "Allow");
	copy_header(
	    length, sizeof(length), r->headers, r->n_headers, "Content-Length");
	if (!str_to_i64(length, &g->length))
		g->length = -1;
}

struct want {
	const char *method, *target;
	const char *name, *value; /* a header; NULL = none */
	const char *body;
	size_t body_n;
};

static inline void
get_start(struct serve_rig *r, const struct want *w, struct get *g)
{
	struct http_header h[2] = { { w->name, w->value } };
	struct http_sink sink = { get_data, g };
	struct http_request rq = { .method = w->method,
		.target = w->target,
		.headers = h,
		.n_headers = w->name != NULL,
		.body = { w->body, w->body_n },
		.sink = &sink,
		.limits = { .idle_us = HTTP_NO_LIMIT,
		    .total_us = HTTP_NO_LIMIT,
		    .body_max = 1u << 30 },
		.may_resend = str_eq(w->method, "GET"),
		.done = get_done,
		.arg = g };

	g->call = http_start(r->peer, &rq);
}

static inline struct get
get_one(struct serve_rig *r, const struct want *w, uint64_t at)
{
	struct get g = { .at = at };

	get_start(r, w, &g);
	rig_pass(r, 60 * LOOP_S);
	CU_ASSERT_EQUAL(g.done, 1);
	if (g.done == 0)
		http_cancel(g.call);
	return g;
}

static inline struct get
get_range(struct serve_rig *r, const char *range, uint64_t at)
{
	struct want w = { "GET", r->medium, range == NULL ? NULL : "Range",
		range, NULL, 0 };

	return get_one(r, &w, at);
}

#endif
