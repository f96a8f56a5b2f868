/* Base images at HTTP origins, good and bad ones, in virtual time. */
#include "agent/origin/origin.h"

#include <stdio.h>

#include "common/buf.h"
#include "common/http.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/unit.h"

#define SIZE 3000000u
#define HOST "http://10.0.0.9:80"

/* What the server does wrong. */
struct manner {
	const char *etag, *date; /* "" = none */
	uint64_t size;           /* 0 = SIZE */
	bool no_ranges, ignores_match, other_range, bad_content_range;
	int status;     /* to everything; 0 = none */
	unsigned count; /* of such answers; 0 = for ever */
	const char *location;
	const char *retry_after;
	bool hangs;
};

struct rig {
	struct world *w;
	struct loop *loop, *server_loop;
	struct log log;
	struct env env;
	struct http_server *server;
	struct manner m;
	unsigned requests;
	struct origin_reader *r;
	unsigned opened;
	struct err open_err;
	struct timer beat;
	char target[128];
};

static uint8_t
byte_at(uint64_t at)
{
	return (uint8_t)(at * 7 + (at >> 9));
}

static void
serve_range(struct rig *g, struct http_exchange *x)
{
	const char *range = http_exchange_header(x, "Range");
	const char *match = http_exchange_header(x, "If-Match");
	uint64_t size = g->m.size == 0 ? SIZE : g->m.size, from = 0, to = 0;
	struct http_header h[3];
	char content_range[80], *dash;
	char text[64];
	size_t n = 0;
	uint8_t *p;

	if (match != NULL && !g->m.ignores_match && !str_eq(match, g->m.etag)) {
		http_reply(x, 412, NULL, 0, (struct http_bytes){ "", 0 });
		return;
	}
	CU_ASSERT_PTR_NOT_NULL_FATAL(range);
	(void)str_copy(text, sizeof(text), range + 6);
	dash = strchr(text, '-');
	*dash = '\0';
	(void)str_to_u64(text, &from);
	(void)str_to_u64(dash + 1, &to);
	if (g->m.other_range)
		to--;
	(void)str_format(content_range, sizeof(content_range),
	    g->m.bad_content_range ? "bytes %llu/%llu%llu"
				   : "bytes %llu-%llu/%llu",
	    (unsigned long long)from, (unsigned long long)to,
	    (unsigned long long)size);
	if (!g->m.no_ranges)
		h[n++] = (struct http_header){ "Content-Range", content_range };
	if (!str_empty(g->m.etag))
		h[n++] = (struct http_header){ "ETag", g->m.etag };
	if (!str_empty(g->m.date))
		h[n++] = (struct http_header){ "Last-Modified", g->m.date };
	if (g->m.no_ranges) {
		from = 0;
		to = 99999;
	}
	p = xmalloc((size_t)(to - from + 1));
	for (uint64_t i = from; i <= to; i++)
		p[i - from] = byte_at(i);
	http_reply(x, g->m.no_ranges ? 200 : 206, h, n,
	    (struct http_bytes){ p, (size_t)(to - from + 1) });
	xfree(p);
}

static void
nothing(void *arg)
{
	(void)arg;
}

static void
handle(void *arg, struct http_exchange *x)
{
	struct rig *g = arg;
	struct http_header h = { "Location", g->m.location };
	int status = g->m.status;

	g->requests++;
	(void)str_copy(g->target, sizeof(g->target), http_exchange_target(x));
	if (g->m.hangs) {
		http_exchange_on_gone(x, nothing, NULL);
		return;
	}
	if (g->m.count > 0 && --g->m.count == 0)
		g->m.status = 0;
	if (status == 0) {
		serve_range(g, x);
		return;
	}
	if (g->m.retry_after != NULL)
		h = (struct http_header){ "Retry-After", g->m.retry_after };
	http_reply(
	    x, status, &h, h.value != NULL, (struct http_bytes){ "no", 2 });
}

static void
beat(void *arg)
{
	struct rig *g = arg;

	timer_start(g->server_loop, &g->beat, LOOP_S, beat, g);
}

static void
rig_open(struct rig *g)
{
	struct http_listen_opts o = {
		.addr = "10.0.0.9", .port = 80, .handle = handle, .arg = g
	};
	struct err e;

	*g = (struct rig){ .w = world_new(3),
		.m = { .etag = "\"v1\"",
		    .date = "Thu, 01 Jan 2026 00:00:00 GMT" } };
	g->loop = world_spawn(g->w, "agent", "10.0.0.1", 0);
	g->server_loop = world_spawn(g->w, "origin", "10.0.0.9", 0);
	g->log = (struct log){ .level = LOG_ERROR };
	g->env = (struct env){ .name = "agent",
		.loop = g->loop,
		.net = world_net(g->loop),
		.entropy = world_entropy(g->loop),
		.log = &g->log };
	g->server = http_listen(world_net(g->server_loop), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->server);
	beat(g);
}

static void
opened(void *arg, const struct err *e)
{
	struct rig *g = arg;

	g->opened++;
	g->open_err = (struct err){ .kind = ERR_NONE };
	if (e != NULL)
		g->open_err = *e;
}

static void
pass(struct rig *g, int64_t us)
{
	(void)world_run(g->w, world_now_us(g->w) + us, NULL, NULL);
}

/* false: it was refused, with open_err. */
static bool
open_at(struct rig *g, const char *url, const char *allowed)
{
	struct origin_opts o = { .url = url, .allowed = allowed };

	origin_reader_free(g->r);
	g->opened = 0;
	g->r = origin_reader_new(&g->env, &o, opened, g, &g->open_err);
	if (g->r == NULL)
		return false;
	pass(g, 2 * LOOP_MIN);
	CU_ASSERT_EQUAL(g->opened, 1);
	return g->opened == 1 && g->open_err.kind == ERR_NONE;
}

static void
rig_close(struct rig *g)
{
	timer_stop(&g->beat);
	origin_reader_free(g->r);
	http_server_free(g->server);
	world_free(g->w);
}

struct got {
	unsigned done;
	size_t n;
	bool wrong;
	uint64_t at;
	struct err err;
	int64_t at_us;
	struct rig *g;
};

static void
take(void *arg, const void *p, size_t n, const struct err *e)
{
	struct got *t = arg;
	const uint8_t *c = p;

	t->done++;
	t->n = n;
	t->at_us = world_now_us(t->g->w);
	if (p == NULL)
		t->err = *e;
	for (size_t i = 0; p != NULL && i < n; i++)
		t->wrong |= c[i] != byte_at(t->at + i);
}

static struct got
read_at(struct rig *g, uint64_t at, size_t n)
{
	const struct source *s = origin_reader_source(g->r);
	struct got t = { .at = at, .g = g };

	s->read(s->self, at, n, take, &t);
	pass(g, 2 * LOOP_MIN);
	CU_ASSERT_EQUAL(t.done, 1);
	CU_ASSERT_FALSE(t.wrong);
	if (t.done == 0)
		s->cancel(s->self, &t);
	return t;
}

static void
ranges_are_read_of_the_image_that_was_opened(void)
{
	struct rig g;

	rig_open(&g);
	CU_ASSERT_TRUE(open_at(&g, HOST "/a/os.iso?k=v", NULL));
	CU_ASSERT_EQUAL(origin_reader_source(g.r)->size, SIZE);
	CU_ASSERT_EQUAL(strlen(origin_reader_name(g.r)), 64);
	CU_ASSERT_STRING_EQUAL(g.target, "/a/os.iso?k=v");
	CU_ASSERT_EQUAL(read_at(&g, 0, 1).n, 1);
	CU_ASSERT_EQUAL(read_at(&g, 1000, ORIGIN_PIECE).n, ORIGIN_PIECE);
	CU_ASSERT_EQUAL(read_at(&g, SIZE - 5, 5).n, 5);
	CU_ASSERT_EQUAL(read_at(&g, SIZE - 5, 6).err.kind, ERR_INTERNAL);
	CU_ASSERT_EQUAL(g.requests, 4);
	rig_close(&g);
}

static void
other_bytes_have_another_name(void)
{
	struct rig g;
	char first[65];

	rig_open(&g);
	CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso", NULL));
	(void)str_copy(first, sizeof(first), origin_reader_name(g.r));
	CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso", NULL));
	CU_ASSERT_STRING_EQUAL(first, origin_reader_name(g.r));
	CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso?v=2", NULL));
	CU_ASSERT_STRING_NOT_EQUAL(first, origin_reader_name(g.r));
	g.m.etag = "\"v2\"";
	CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso", NULL));
	CU_ASSERT_STRING_NOT_EQUAL(first, origin_reader_name(g.r));
	rig_close(&g);
}

static void
an_image_that_changed_is_never_mixed(void)
{
	static const struct manner rows[] = {
		{ .etag = "\"v2\"", .date = "" },
		{ .etag = "\"v2\"", .date = "", .ignores_match = true },
		{ .etag = "\"v1\"", .date = "", .size = SIZE + 1 },
		{ .etag = "",
		    .date = "Fri, 02 Jan 2026 00:00:00 GMT",
		    .ignores_match = true },
		{ .etag = "\"v2\"",
		    .date = "",
		    .ignores_match = true,
		    .no_ranges = true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig g;
		struct manner good;
		struct got t;

		rig_open(&g);
		CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso?key=x", NULL));
		good = g.m;
		g.m = rows[i];
		t = read_at(&g, 0, 100);
		if (t.err.kind != ERR_CONFLICT)
			(void)printf("\n    row %zu: %s\n", i, t.err.msg);
		CU_ASSERT_EQUAL(t.err.kind, ERR_CONFLICT);
		CU_ASSERT_PTR_NOT_NULL(strstr(t.err.msg, HOST "/os.iso"
							      "") == NULL
					   ? strstr(t.err.msg, "/os.iso")
					   : t.err.msg);
		CU_ASSERT_PTR_NULL(strstr(t.err.msg, "key=x"));
		CU_ASSERT_TRUE(origin_reader_changed(g.r));
		/* for ever, even if the old one were back */
		g.m = good;
		CU_ASSERT_EQUAL(read_at(&g, 0, 100).err.kind, ERR_CONFLICT);
		rig_close(&g);
	}
}

static void
origins_that_cannot_be_used_are_refused_by_name(void)
{
	static const struct {
		struct manner m;
		enum err_kind kind;
		const char *says;
	} rows[] = {
		{ { .etag = "\"v\"", .no_ranges = true }, ERR_SPEC,
		    "does not serve ranges" },
		{ { .etag = "", .date = "" }, ERR_SPEC, "neither ETag" },
		{ { .etag = "\"v\"", .bad_content_range = true }, ERR_SPEC,
		    "does not serve ranges" },
		{ { .status = 416 }, ERR_SPEC, "empty" },
		{ { .status = 404 }, ERR_NOTFOUND, "404" },
		{ { .status = 403 }, ERR_AUTH, "403" },
		{ { .status = 302, .location = "http://10.0.0.8/os.iso" },
		    ERR_SPEC, "another server" },
		{ { .status = 302, .location = "http://10.0.0.9:81/os.iso" },
		    ERR_SPEC, "another server" },
		{ { .status = 301, .location = "//evil/os.iso" }, ERR_SPEC,
		    "another server" },
		{ { .status = 301, .location = "ftp://10.0.0.9/" }, ERR_SPEC,
		    "Location" },
		{ { .status = 307, .location = "/os.iso" }, ERR_SPEC,
		    "without end" },
		{ { .status = 308 }, ERR_SPEC, "Location" },
		{ { .status = 500 }, ERR_BUSY, "500" },
		{ { .hangs = true }, ERR_TIMEOUT, "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig g;

		rig_open(&g);
		g.m = rows[i].m;
		CU_ASSERT_FALSE(open_at(&g, HOST "/os.iso?key=x", NULL));
		if (g.open_err.kind != rows[i].kind)
			(void)printf("\n    row %zu: %s\n", i, g.open_err.msg);
		CU_ASSERT_EQUAL(g.open_err.kind, rows[i].kind);
		CU_ASSERT_PTR_NOT_NULL(strstr(g.open_err.msg, rows[i].says));
		CU_ASSERT_PTR_NOT_NULL(strstr(g.open_err.msg, "/os.iso"));
		CU_ASSERT_PTR_NULL(strstr(g.open_err.msg, "key=x"));
		rig_close(&g);
	}
}

static void
redirects_stay_on_the_host(void)
{
	struct rig g;

	rig_open(&g);
	g.m.status = 302;
	g.m.count = 2;
	g.m.location = "/mirror/os.iso";
	CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso", NULL));
	CU_ASSERT_STRING_EQUAL(g.target, "/mirror/os.iso");
	CU_ASSERT_EQUAL(read_at(&g, 10, 10).n, 10);
	CU_ASSERT_EQUAL(g.requests, 4);
	rig_close(&g);
}

static void
only_allowed_hosts_are_asked(void)
{
	struct rig g;
	struct err e;

	rig_open(&g);
	CU_ASSERT_FALSE(open_at(&g, HOST "/os.iso", "other,10.0.0.9:81"));
	CU_ASSERT_PTR_NOT_NULL(strstr(g.open_err.msg, "--image-origins"));
	CU_ASSERT_FALSE(open_at(&g, HOST "/os.iso", ""));
	CU_ASSERT_FALSE(open_at(&g, "file:///etc/passwd", NULL));
	CU_ASSERT_EQUAL(g.requests, 0);
	CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso", "other,10.0.0.9:80"));
	CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso", "10.0.0.9"));
	CU_ASSERT_TRUE(origin_allowed("A.example", "http://a.EXAMPLE/x", &e));
	CU_ASSERT_FALSE(origin_allowed("a.example", "http://xa.example/", &e));
	rig_close(&g);
}

static void
what_passes_is_tried_again(void)
{
	struct rig g;
	struct got t;
	int64_t from;

	rig_open(&g);
	CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso", NULL));
	g.m.status = 503;
	g.m.count = 3;
	t = read_at(&g, 0, 10);
	CU_ASSERT_EQUAL(t.n, 10);
	g.m.status = 503;
	g.m.count = 1;
	g.m.retry_after = "7";
	from = world_now_us(g.w);
	t = read_at(&g, 0, 10);
	CU_ASSERT_EQUAL(t.n, 10);
	CU_ASSERT_TRUE(t.at_us - from >= 7 * LOOP_S);
	/* until its deadline, and not longer */
	g.m = (struct manner){ .hangs = true };
	from = world_now_us(g.w);
	t = read_at(&g, 0, 10);
	CU_ASSERT_EQUAL(t.err.kind, ERR_TIMEOUT);
	CU_ASSERT_TRUE(t.at_us - from <= 61 * LOOP_S);
	CU_ASSERT_TRUE(t.at_us - from > 20 * LOOP_S);
	rig_close(&g);
}

static void
answers_that_are_not_what_was_asked_for_are_refused(void)
{
	struct rig g;

	rig_open(&g);
	CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso", NULL));
	g.m.other_range = true;
	CU_ASSERT_EQUAL(read_at(&g, 0, 10).err.kind, ERR_PROTO);
	g.m.other_range = false;
	g.m.bad_content_range = true;
	CU_ASSERT_EQUAL(read_at(&g, 0, 10).err.kind, ERR_PROTO);
	g.m.bad_content_range = false;
	g.m.no_ranges = true;
	CU_ASSERT_EQUAL(read_at(&g, 0, 10).err.kind, ERR_PROTO);
	g.m.no_ranges = false;
	CU_ASSERT_EQUAL(read_at(&g, 0, 10).n, 10);
	rig_close(&g);
}

static void
what_is_cancelled_is_not_told(void)
{
	struct rig g;
	const struct source *s;
	struct got a = { .g = &g }, b = { .g = &g };

	rig_open(&g);
	CU_ASSERT_TRUE(open_at(&g, HOST "/os.iso", NULL));
	s = origin_reader_source(g.r);
	s->read(s->self, 0, 10, take, &a);
	s->read(s->self, 0, 10, take, &b);
	s->cancel(s->self, &a);
	s->cancel(s->self, &a);
	pass(&g, 10 * LOOP_S);
	CU_ASSERT_EQUAL(a.done, 0);
	CU_ASSERT_EQUAL(b.n, 10);
	g.m.hangs = true;
	s->read(s->self, 0, 10, take, &a);
	pass(&g, LOOP_S);
	rig_close(&g); /* in the middle */
	CU_ASSERT_EQUAL(a.done, 0);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(ranges_are_read_of_the_image_that_was_opened),
		UNIT_CASE(other_bytes_have_another_name),
		UNIT_CASE(an_image_that_changed_is_never_mixed),
		UNIT_CASE(origins_that_cannot_be_used_are_refused_by_name),
		UNIT_CASE(redirects_stay_on_the_host),
		UNIT_CASE(only_allowed_hosts_are_asked),
		UNIT_CASE(what_passes_is_tried_again),
		UNIT_CASE(answers_that_are_not_what_was_asked_for_are_refused),
		UNIT_CASE(what_is_cancelled_is_not_told),
	};

	return UNIT_RUN("origin", cases);
}
