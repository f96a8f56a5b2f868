/* Base images that several machines want, of origins that misbehave, in virtual
 * time. */
#include "agent/claims/bases.h"

#include <string.h>

#include "agent/claims/marks.h"
#include "common/buf.h"
#include "common/digest.h"
#include "common/http.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/cd_rig.h"
#include "tests/unit/unit.h"

#define URL "http://10.0.0.9/a.iso"
#define SUMS "http://10.0.0.9/SHA256SUMS"
#define MIB (1u << 20)
#define USERS 3

struct rig {
	struct world *w;
	struct loop *loop, *server_loop;
	struct log log;
	struct buf heard;
	struct files *files;
	struct env env;
	struct http_server *server;
	struct timer beat;
	struct cd_rig iso;
	/* How the server behaves: */
	char etag[16];
	int status; /* of everything; 0 = well */
	bool hangs;
	const char *sums;  /* body of SUMS; NULL = 404 */
	unsigned requests; /* of images */
	uint64_t bytes;
	struct bases *b;
	struct base_user users[USERS];
	unsigned changes;
};

/* ---- the origin --------------------------------------------------------- */

static void
nothing(void *arg)
{
	(void)arg;
}

static void
serve_image(struct rig *g, struct http_exchange *x)
{
	const char *range = http_exchange_header(x, "Range");
	const char *match = http_exchange_header(x, "If-Match");
	uint64_t from = 0, to = 0;
	char text[64], content_range[80], *dash;
	struct http_header h[2] = { { "ETag", g->etag },
		{ "Content-Range", content_range } };

	g->requests++;
	if (match != NULL && !str_eq(match, g->etag)) {
		http_reply(x, 412, NULL, 0, (struct http_bytes){ "", 0 });
		return;
	}
	CU_ASSERT_PTR_NOT_NULL_FATAL(range);
	(void)str_copy(text, sizeof(text), range + strlen("bytes="));
	dash = strchr(text, '-');
	*dash = '\0';
	CU_ASSERT_TRUE_FATAL(str_to_u64(text, &from));
	CU_ASSERT_TRUE_FATAL(str_to_u64(dash + 1, &to));
	(void)str_format(content_range, sizeof(content_range),
	    "bytes %llu-%llu/%zu", (unsigned long long)from,
	    (unsigned long long)to, g->iso.n);
	g->bytes += to - from + 1;
	http_reply(x, 206, h, 2,
	    (struct http_bytes){ g->iso.p + from, (size_t)(to - from + 1) });
}

static void
handle(void *arg, struct http_exchange *x)
{
	struct rig *g = arg;
	bool sums = str_eq(http_exchange_target(x), "/SHA256SUMS");

	if (g->hangs)
		http_exchange_on_gone(x, nothing, NULL);
	else if (g->status != 0 || (sums && g->sums == NULL))
		http_reply(x, g->status != 0 ? g->status : 404, NULL, 0,
		    (struct http_bytes){ "no", 2 });
	else if (sums)
		http_reply(x, 200, NULL, 0,
		    (struct http_bytes){ g->sums, strlen(g->sums) });
	else
		serve_image(g, x);
}

static void
beat(void *arg)
{
	struct rig *g = arg;

	timer_start(g->server_loop, &g->beat, LOOP_S, beat, g);
}

/* ---- the rig ------------------------------------------------------------ */

static void
line(void *arg, const char *text, size_t n)
{
	struct rig *g = arg;

	(void)buf_add(&g->heard, text, n);
	(void)buf_addc(&g->heard, '\n');
}

static void
rig_open(struct rig *g)
{
	struct cd_rig_opts full = {
		.joliet = true, .rock = true, .padding = 3 * MIB + 77
	};
	struct http_listen_opts o = {
		.addr = "10.0.0.9", .port = 80, .handle = handle, .arg = g
	};
	struct bases_opts bo = { .cache = 2 * MIB,
		.folders = "http://local/=/images" };
	struct err e;

	*g = (struct rig){ .w = world_new(3), .etag = "\"v1\"" };
	cd_rig_make(&g->iso, &full);
	buf_init(&g->heard, MIB);
	g->loop = world_spawn(g->w, "agent", "10.0.0.1", 0);
	g->server_loop = world_spawn(g->w, "origin", "10.0.0.9", 0);
	g->log = (struct log){ LOG_INFO, "agent", g->loop, line, g };
	g->files = files_memory_new();
	g->env = (struct env){ .name = "agent",
		.loop = g->loop,
		.net = world_net(g->loop),
		.entropy = world_entropy(g->loop),
		.files = g->files,
		.log = &g->log,
		.metrics = metrics_new() };
	g->server = http_listen(world_net(g->server_loop), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->server);
	beat(g);
	g->b = bases_new(&g->env, &bo);
}

static void
rig_close(struct rig *g)
{
	for (size_t i = 0; i < USERS; i++)
		base_leave(&g->users[i]);
	bases_free(g->b);
	timer_stop(&g->beat);
	http_server_free(g->server);
	world_free(g->w);
	metrics_free(g->env.metrics);
	files_memory_free(g->files);
	cd_rig_free(&g->iso);
	buf_free(&g->heard);
}

static void
pass(struct rig *g, int64_t us)
{
	(void)world_run(g->w, world_now_us(g->w) + us, NULL, NULL);
}

static void
changed(void *arg)
{
	struct rig *g = arg;

	g->changes++;
}

static void
want(struct rig *g, size_t i, const char *url, const char *checksum)
{
	struct err e;

	g->users[i].changed = changed;
	g->users[i].arg = g;
	CU_ASSERT_TRUE_FATAL(base_want(g->b, &g->users[i], url, checksum, &e));
}

static struct base_status
status(const struct rig *g, size_t i)
{
	struct base_status s;

	base_status(g->users[i].base, &s);
	return s;
}

struct took {
	unsigned done;
	bool right;
	enum err_kind kind;
	const uint8_t *want;
};

static void
take(void *arg, const void *p, size_t n, const struct err *e)
{
	struct took *t = arg;

	t->done++;
	t->right = p != NULL && memcmp(p, t->want, n) == 0;
	t->kind = p == NULL ? e->kind : ERR_NONE;
}

static struct took
read_at(struct rig *g, const struct base_image *i, uint64_t at, size_t n)
{
	struct took t = { .want = g->iso.p + at };

	i->source->read(i->source->self, at, n, take, &t);
	pass(g, 3 * LOOP_MIN);
	CU_ASSERT_EQUAL(t.done, 1);
	return t;
}

/* ---- tests -------------------------------------------------------------- */

static void
one_look_is_for_all_who_want_it(void)
{
	struct rig g;
	struct base_image *i;
	uint64_t bytes;
	struct took t;

	rig_open(&g);
	want(&g, 0, URL, NULL);
	want(&g, 1, URL, NULL);
	CU_ASSERT_EQUAL(status(&g, 0).state, BASE_WORKING);
	CU_ASSERT_PTR_NULL(base_image(g.users[0].base));
	CU_ASSERT_PTR_EQUAL(g.users[0].base, g.users[1].base);
	pass(&g, LOOP_MIN);
	CU_ASSERT_EQUAL_FATAL(status(&g, 0).state, BASE_READY);
	CU_ASSERT_EQUAL(status(&g, 0).percent, 100);
	CU_ASSERT(g.changes >= 2 * 10);
	/* all of it, and the first byte by which it was told; what the parser
	 * wants once more are whole MiBs */
	CU_ASSERT(g.bytes < g.iso.n + 2 * MIB);
	bytes = g.bytes;
	want(&g, 2, URL, NULL);
	pass(&g, LOOP_S);
	CU_ASSERT_EQUAL(g.bytes, bytes);
	i = base_image(g.users[2].base);
	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	CU_ASSERT_EQUAL(i->marks[0].what, MARK_CATALOG);
	t = read_at(&g, i, MIB + 5, MIB);
	CU_ASSERT_TRUE(t.right);
	bytes = g.bytes;
	t = read_at(&g, i, MIB, 2 * MIB); /* is in the cache */
	CU_ASSERT_TRUE(t.right);
	CU_ASSERT_EQUAL(g.bytes, bytes);
	base_image_unref(i);
	rig_close(&g);
}

static void
a_checksum_is_taken_as_it_is_or_from_a_list(void)
{
	static const struct {
		const char *sums; /* %s: the right one; NULL: sha256: */
		bool right;       /* what stands there */
		enum base_state state;
		const char *reason;
	} rows[] = {
		{ NULL, true, BASE_READY, NULL },
		{ NULL, false, BASE_REFUSED, "ChecksumMismatch" },
		{ "%s  a.iso\n", true, BASE_READY, NULL },
		{ "x\n%s *./dir/a.iso\r\n", true, BASE_READY, NULL },
		{ "SHA256 (a.iso) = %s\n", true, BASE_READY, NULL },
		{ "%s\n", true, BASE_READY, NULL },
		{ "%s  a.iso\n", false, BASE_REFUSED, "ChecksumMismatch" },
		{ "%s  b.iso\n", true, BASE_REFUSED, "ChecksumNotFound" },
		{ "", true, BASE_REFUSED, "ChecksumNotFound" },
		{ "404", true, BASE_RETRY, "OriginFailed" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char hex[65], row[24], *sums = NULL, *checksum = NULL;
		uint8_t sum[32];
		struct rig g;

		rig_open(&g);
		sha256(g.iso.p, g.iso.n, sum);
		sum[0] ^= rows[i].right ? 0 : 1;
		hex_encode(hex, sum, 32);
		(void)str_format(row, sizeof(row), "row %zu", i);
		if (rows[i].sums == NULL) {
			checksum = xasprintf("sha256:%s", hex);
		} else if (!str_eq(rows[i].sums, "404")) {
			const char *at = strstr(rows[i].sums, "%s");
			size_t n = at == NULL ? 0 : (size_t)(at - rows[i].sums);

			sums = at == NULL ? xstrdup("")
					  : xasprintf("%.*s%s%s", (int)n,
						rows[i].sums, hex, at + 2);
			g.sums = sums;
		}
		want(&g, 0, URL, checksum != NULL ? checksum : SUMS);
		pass(&g, LOOP_MIN);
		CHECK_ROW(status(&g, 0).state == rows[i].state, row);
		CHECK_ROW(rows[i].reason == NULL
			      ? status(&g, 0).reason == NULL
			      : str_eq(status(&g, 0).reason, rows[i].reason),
		    row);
		CHECK_ROW(rows[i].state == BASE_READY ||
			      strstr(status(&g, 0).message, "10.0.0.9") != NULL,
		    row);
		rig_close(&g);
		xfree(sums);
		xfree(checksum);
	}
}

static void
what_is_refused_is_read_again_only_when_it_changed(void)
{
	struct rig g;
	uint64_t bytes;

	rig_open(&g);
	memcpy(g.iso.p + 16 * 2048 + 1, "XXXXX", 5);
	want(&g, 0, URL, NULL);
	pass(&g, LOOP_MIN);
	CU_ASSERT_EQUAL(status(&g, 0).state, BASE_REFUSED);
	CHECK_TEXT(status(&g, 0).reason, "NotAnISO");
	bytes = g.bytes;
	pass(&g, LOOP_HOUR);
	CU_ASSERT(g.bytes < bytes + 100); /* its first byte, now and then */
	CU_ASSERT_EQUAL(status(&g, 0).state, BASE_REFUSED);
	memcpy(g.iso.p + 16 * 2048 + 1, "CD001", 5);
	(void)str_copy(g.etag, sizeof(g.etag), "\"v2\"");
	pass(&g, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(status(&g, 0).state, BASE_READY);
	rig_close(&g);
}

static void
an_image_that_does_not_boot_is_refused(void)
{
	struct rig g;
	char *at;

	rig_open(&g);
	at = memmem(g.iso.p, g.iso.n, "EL TORITO SPECIFICATION", 23);
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	at[0] = 'X';
	want(&g, 0, URL, NULL);
	pass(&g, LOOP_MIN);
	CU_ASSERT_EQUAL(status(&g, 0).state, BASE_REFUSED);
	CHECK_TEXT(status(&g, 0).reason, "NoBootCatalog");
	rig_close(&g);
}

static void
an_image_that_changed_never_mixes(void)
{
	struct rig g;
	struct base_image *old, *now;
	struct took t;

	rig_open(&g);
	want(&g, 0, URL, NULL);
	pass(&g, LOOP_MIN);
	old = base_image(g.users[0].base);
	CU_ASSERT_PTR_NOT_NULL_FATAL(old);
	(void)str_copy(g.etag, sizeof(g.etag), "\"v2\"");
	g.iso.p[2 * MIB + 9] ^= 1;
	t = read_at(&g, old, 2 * MIB, 100);
	CU_ASSERT_EQUAL(t.kind, ERR_CONFLICT);
	CU_ASSERT_TRUE(old->over);
	pass(&g, LOOP_MIN);
	CU_ASSERT_EQUAL(status(&g, 0).state, BASE_READY);
	now = base_image(g.users[0].base);
	CU_ASSERT_PTR_NOT_NULL_FATAL(now);
	CU_ASSERT_PTR_NOT_EQUAL(now, old);
	t = read_at(&g, now, 2 * MIB, 100);
	CU_ASSERT_TRUE(t.right);
	t = read_at(&g, old, 2 * MIB, 100); /* not from the new one's cache */
	CU_ASSERT_EQUAL(t.kind, ERR_CONFLICT);
	base_image_unref(old);
	base_image_unref(now);
	rig_close(&g);
}

/* The server says nothing of it, as when somebody writes into the file. */
static void
bytes_that_changed_under_one_name_are_not_served(void)
{
	struct rig g;
	struct base_image *i;
	struct took t;

	rig_open(&g);
	want(&g, 0, URL, NULL);
	pass(&g, LOOP_MIN);
	i = base_image(g.users[0].base);
	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	g.iso.p[2 * MIB + 9] ^= 1;
	t = read_at(&g, i, 2 * MIB + 1000, 10);
	CU_ASSERT_EQUAL(t.kind, ERR_CONFLICT);
	CU_ASSERT_EQUAL(t.done, 1);
	t = read_at(&g, i, 100, 10); /* what is right still is */
	CU_ASSERT_TRUE(t.right);
	base_image_unref(i);
	pass(&g, LOOP_MIN);
	i = base_image(g.users[0].base); /* it was looked at once more */
	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	t = read_at(&g, i, 2 * MIB + 1000, 10);
	CU_ASSERT_TRUE(t.right);
	base_image_unref(i);
	rig_close(&g);
}

static void
an_origin_that_is_away_is_asked_until_it_is_back(void)
{
	static const struct {
		int status;
		bool hangs, midway;
	} rows[] = { { 404, false, false }, { 503, false, false },
		{ 0, true, false }, { 503, false, true }, { 0, true, true } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig g;
		char row[24];

		rig_open(&g);
		(void)str_format(row, sizeof(row), "row %zu", i);
		want(&g, 0, URL, NULL);
		while (rows[i].midway && status(&g, 0).percent < 30)
			pass(&g, 100);
		g.status = rows[i].status;
		g.hangs = rows[i].hangs;
		pass(&g, 5 * LOOP_MIN);
		CHECK_ROW(status(&g, 0).state == BASE_RETRY, row);
		CHECK_ROW(str_eq(status(&g, 0).reason, "OriginFailed"), row);
		CHECK_ROW(g.requests < 60, row);
		g.status = 0;
		g.hangs = false;
		pass(&g, 5 * LOOP_MIN);
		CHECK_ROW(status(&g, 0).state == BASE_READY, row);
		CHECK_ROW(status(&g, 0).message[0] == '\0', row);
		rig_close(&g);
	}
}

static void
an_origin_lost_later_is_told_until_it_is_back(void)
{
	struct rig g;
	struct base_image *i;
	struct took t;

	rig_open(&g);
	want(&g, 0, URL, NULL);
	pass(&g, LOOP_MIN);
	i = base_image(g.users[0].base);
	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	g.status = 503;
	t = read_at(&g, i, 3 * MIB, 10);
	CU_ASSERT_EQUAL(t.kind, ERR_BUSY);
	CU_ASSERT_EQUAL(status(&g, 0).state, BASE_RETRY);
	CHECK_TEXT(status(&g, 0).reason, "OriginFailed");
	g.status = 0;
	pass(&g, 5 * LOOP_MIN); /* nobody reads: it is asked all the same */
	CU_ASSERT_EQUAL(status(&g, 0).state, BASE_READY);
	t = read_at(&g, i, 3 * MIB, 10); /* the same look is good */
	CU_ASSERT_TRUE(t.right);
	base_image_unref(i);
	rig_close(&g);
}

static void
images_wait_for_one_another_and_are_bounded(void)
{
	struct base_user u[BASES_MAX + 1] = { 0 };
	unsigned proving = 0, waiting = 0;
	struct base_status s;
	struct rig g;
	struct err e;
	char url[64];

	rig_open(&g);
	for (size_t i = 0; i <= BASES_MAX; i++) {
		u[i].changed = changed;
		u[i].arg = &g;
		(void)str_format(
		    url, sizeof(url), "http://10.0.0.9/%zu.iso", i);
		CU_ASSERT_EQUAL(
		    base_want(g.b, &u[i], url, NULL, &e), i < BASES_MAX);
	}
	CU_ASSERT_EQUAL(e.kind, ERR_BUSY);
	while (waiting == 0) {
		pass(&g, 200);
		waiting = proving = 0;
		for (size_t i = 0; i < BASES_MAX; i++) {
			base_status(u[i].base, &s);
			proving +=
			    strstr(s.message, "read and checked") != NULL;
			waiting += strstr(s.message, "others") != NULL;
		}
	}
	CU_ASSERT(proving <= BASES_AT_ONCE);
	pass(&g, LOOP_MIN);
	for (size_t i = 0; i < BASES_MAX; i++) {
		base_status(u[i].base, &s);
		CU_ASSERT_EQUAL(s.state, BASE_READY);
	}
	base_leave(&u[7]); /* makes room for another one */
	CU_ASSERT_TRUE(base_want(g.b, &u[BASES_MAX], url, NULL, &e));
	for (size_t i = 0; i <= BASES_MAX; i++)
		base_leave(&u[i]);
	pass(&g, 2 * LOOP_HOUR);
	CU_ASSERT_EQUAL(
	    metrics_get(g.env.metrics, "beskar7_media_images", NULL), 0);
	rig_close(&g);
}

static void
a_folder_stands_for_a_server(void)
{
	struct rig g;
	struct base_image *i;
	struct took t;

	rig_open(&g);
	want(&g, 0, "http://local/../a.iso", NULL);
	want(&g, 1, "http://local/a.iso", "http://local/SHA256SUMS");
	pass(&g, LOOP_S);
	CU_ASSERT_EQUAL(status(&g, 0).state, BASE_REFUSED);
	CU_ASSERT_EQUAL(status(&g, 1).state, BASE_RETRY);
	files_memory_put(g.files, "/images/a.iso", g.iso.p, g.iso.n);
	files_memory_put(g.files, "/images/SHA256SUMS", "none", 4);
	pass(&g, 6 * LOOP_MIN);
	CHECK_TEXT(status(&g, 1).reason, "ChecksumNotFound");
	want(&g, 1, "http://local/a.iso", NULL);
	pass(&g, LOOP_MIN);
	CU_ASSERT_EQUAL_FATAL(status(&g, 1).state, BASE_READY);
	CU_ASSERT_EQUAL(g.requests, 0);
	i = base_image(g.users[1].base);
	t = read_at(&g, i, 2 * MIB + 3, 100);
	CU_ASSERT_TRUE(t.right);
	g.iso.p[3 * MIB] ^= 1;
	files_memory_put(g.files, "/images/a.iso", g.iso.p, g.iso.n);
	t = read_at(&g, i, 3 * MIB, 100);
	CU_ASSERT_EQUAL(t.kind, ERR_CONFLICT);
	base_image_unref(i);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(one_look_is_for_all_who_want_it),
		UNIT_CASE(a_checksum_is_taken_as_it_is_or_from_a_list),
		UNIT_CASE(what_is_refused_is_read_again_only_when_it_changed),
		UNIT_CASE(an_image_that_does_not_boot_is_refused),
		UNIT_CASE(an_image_that_changed_never_mixes),
		UNIT_CASE(bytes_that_changed_under_one_name_are_not_served),
		UNIT_CASE(an_origin_that_is_away_is_asked_until_it_is_back),
		UNIT_CASE(an_origin_lost_later_is_told_until_it_is_back),
		UNIT_CASE(images_wait_for_one_another_and_are_bounded),
		UNIT_CASE(a_folder_stands_for_a_server),
	};

	return UNIT_RUN("bases", cases);
}
