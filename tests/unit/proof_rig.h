/* One look at an image, in a folder or at an origin that answers when, in what
 * order and with what it is told to; in virtual time. */
#ifndef B7_PROOF_RIG_H
#define B7_PROOF_RIG_H

#include "agent/claims/base_proof.h"
#include "common/http.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/cd_rig.h"
#include "tests/unit/folder_rig.h"
#include "tests/unit/unit.h"

#define MIB (1u << 20)
#define FILE_URL "http://local/a.iso"
#define FILE_PATH "/images/a.iso"
#define HTTP_URL "http://10.0.0.9/a.iso"
#define RIG_HELD 16

struct proof_rig {
	struct world *w;
	struct loop *loop, *server_loop;
	struct log log;
	struct folder_rig folder;
	struct env env;
	struct timer beat;
	struct cd_rig iso;
	uint8_t sha256[32]; /* of it */
	/* The origin: */
	struct http_server *server;
	const char *etag; /* NULL: not told any more */
	int status;       /* of everything; 0 = well */
	unsigned requests;
	uint64_t most; /* bytes of one of them */
	bool holds;
	struct http_exchange *held[RIG_HELD];
	size_t n_held, most_held;
	/* The look: */
	struct blocks *cache;
	struct proof *p;
	unsigned done, told, right, progress;
	struct err err, told_err;
	bool gives_up; /* inside of `done` */
};

static inline bool
proof_rig_range(struct http_exchange *x, uint64_t *from, uint64_t *to)
{
	const char *range = http_exchange_header(x, "Range");
	char text[64], *dash;

	if (range == NULL)
		return false;
	(void)str_copy(text, sizeof(text), range + strlen("bytes="));
	dash = strchr(text, '-');
	*dash = '\0';
	return str_to_u64(text, from) && str_to_u64(dash + 1, to);
}

static inline void
proof_rig_reply(struct proof_rig *g, struct http_exchange *x)
{
	const char *match = http_exchange_header(x, "If-Match");
	uint64_t from = 0, to = 0;
	char content_range[80];
	struct http_header h[2] = { { "Content-Range", content_range },
		{ "ETag", g->etag } };

	CU_ASSERT_TRUE_FATAL(proof_rig_range(x, &from, &to));
	if (g->status == 0 && g->etag != NULL && match != NULL &&
	    !str_eq(match, g->etag)) {
		http_reply(x, 412, NULL, 0, (struct http_bytes){ "", 0 });
		return;
	}
	if (g->status != 0) {
		http_reply(
		    x, g->status, NULL, 0, (struct http_bytes){ "no", 2 });
		return;
	}
	(void)str_format(content_range, sizeof(content_range),
	    "bytes %llu-%llu/%zu", (unsigned long long)from,
	    (unsigned long long)to, g->iso.n);
	http_reply(x, 206, h, g->etag != NULL ? 2 : 1,
	    (struct http_bytes){ g->iso.p + from, (size_t)(to - from + 1) });
}

/* The client went: whichever it was, none is answered any more. */
static inline void
proof_rig_gone(void *arg)
{
	struct proof_rig *g = arg;

	g->n_held = 0;
}

static inline void
proof_rig_handle(void *arg, struct http_exchange *x)
{
	struct proof_rig *g = arg;
	uint64_t from = 0, to = 0;

	g->requests++;
	if (proof_rig_range(x, &from, &to) && to - from + 1 > g->most)
		g->most = to - from + 1;
	if (!g->holds) {
		proof_rig_reply(g, x);
		return;
	}
	CU_ASSERT_TRUE_FATAL(g->n_held < RIG_HELD);
	http_exchange_on_gone(x, proof_rig_gone, g);
	g->held[g->n_held++] = x;
	if (g->n_held > g->most_held)
		g->most_held = g->n_held;
}

static inline void
proof_rig_beat(void *arg)
{
	struct proof_rig *g = arg;

	timer_start(g->server_loop, &g->beat, LOOP_S, proof_rig_beat, g);
}

static inline void
proof_rig_publish(struct proof_rig *g)
{
	sha256(g->iso.p, g->iso.n, g->sha256);
	files_memory_put(g->folder.in, FILE_PATH, g->iso.p, g->iso.n);
}

static inline void
proof_rig_image(struct proof_rig *g, size_t padding)
{
	struct cd_rig_opts full = { .joliet = true, .rock = true };

	full.padding = padding;
	cd_rig_free(&g->iso);
	cd_rig_make(&g->iso, &full);
	for (size_t i = g->iso.n - padding; i < g->iso.n; i++)
		g->iso.p[i] = (uint8_t)(i * 31 >> 3);
	proof_rig_publish(g);
}

static inline void
proof_rig_open(struct proof_rig *g)
{
	struct http_listen_opts o = { .addr = "10.0.0.9",
		.port = 80,
		.handle = proof_rig_handle,
		.arg = g };
	struct err e;

	*g = (struct proof_rig){ .w = world_new(3), .etag = "\"v1\"" };
	folder_rig_open(&g->folder);
	proof_rig_image(g, 3 * MIB + 77);
	g->loop = world_spawn(g->w, "agent", "10.0.0.1", 0);
	g->server_loop = world_spawn(g->w, "origin", "10.0.0.9", 0);
	g->log = (struct log){ .level = LOG_ERROR };
	g->env = (struct env){ .name = "agent",
		.loop = g->loop,
		.net = world_net(g->loop),
		.entropy = world_entropy(g->loop),
		.files = &g->folder.files,
		.log = &g->log,
		.metrics = metrics_new() };
	g->server = http_listen(world_net(g->server_loop), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->server);
	proof_rig_beat(g);
	g->cache = blocks_new(&g->env, 2 * MIB);
}

static inline void
proof_rig_close(struct proof_rig *g)
{
	proof_unref(g->p);
	blocks_free(g->cache);
	timer_stop(&g->beat);
	http_server_free(g->server);
	world_free(g->w);
	metrics_free(g->env.metrics);
	folder_rig_close(&g->folder);
	cd_rig_free(&g->iso);
}

static inline void
pass(struct proof_rig *g, int64_t us)
{
	(void)world_run(g->w, world_now_us(g->w) + us, NULL, NULL);
}

static inline void
proof_rig_done(void *arg, const struct err *e)
{
	struct proof_rig *g = arg;

	g->done++;
	g->err = (struct err){ .kind = ERR_NONE };
	if (e != NULL)
		g->err = *e;
	if (!g->gives_up)
		return;
	proof_unref(g->p);
	g->p = NULL;
}

static inline void
proof_rig_told(void *arg, const struct err *e)
{
	struct proof_rig *g = arg;

	g->told++;
	g->right += e == NULL;
	if (e != NULL)
		g->told_err = *e;
}

static inline void
proof_rig_progress(void *arg)
{
	struct proof_rig *g = arg;

	g->progress++;
}

/* Begins to open it. */
static inline void
look_at(struct proof_rig *g, const char *url, const char *origins)
{
	struct proof_opts o = { .url = url,
		.origins = origins,
		.folders = "http://local/=/images" };

	proof_unref(g->p);
	g->done = g->told = g->right = g->progress = 0;
	g->p = proof_new(&g->env, &o);
	g->p->done = proof_rig_done;
	g->p->told = proof_rig_told;
	g->p->progress = proof_rig_progress;
	g->p->arg = g;
	CU_ASSERT_EQUAL(g->done, 0); /* from the loop alone */
}

static inline bool
opens(struct proof_rig *g, const char *url)
{
	look_at(g, url, NULL);
	pass(g, LOOP_S);
	CU_ASSERT_EQUAL(g->done, 1);
	return g->err.kind == ERR_NONE;
}

static inline void
begin(struct proof_rig *g, const uint8_t *want)
{
	g->done = 0;
	proof_begin(g->p, want, g->cache, "1");
	CU_ASSERT_EQUAL(g->done, 0);
}

/* An image that was opened; the error's kind. */
static inline enum err_kind
prove(struct proof_rig *g, const uint8_t *want)
{
	begin(g, want);
	pass(g, 2 * LOOP_MIN);
	CU_ASSERT_EQUAL(g->done, 1);
	return g->err.kind;
}

struct took {
	unsigned done;
	bool right;
	enum err_kind kind;
	const uint8_t *want;
};

static inline void
take(void *arg, const void *p, size_t n, const struct err *e)
{
	struct took *t = arg;

	t->done++;
	t->right = p != NULL && memcmp(p, t->want, n) == 0;
	t->kind = p == NULL ? e->kind : ERR_NONE;
}

/* Of the proven image; right: as the image was when the rig was opened. */
static inline struct took
read_at(struct proof_rig *g, uint64_t at, size_t n)
{
	const struct source *s = g->p->image.source;
	struct took t = { .want = g->iso.p + at };

	s->read(s->self, at, n, take, &t);
	pass(g, 3 * LOOP_MIN);
	CU_ASSERT_EQUAL(t.done, 1);
	return t;
}

#endif
