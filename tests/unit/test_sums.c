/* SHA256SUMS files: which line is an image's, and servers that send other
 * things. */
#include "agent/origin/sums.h"

#include "common/buf.h"
#include "common/http.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define BAD "gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define IMAGE "http://h/d/os.iso?k=v"

/* 'a' or 'b' of the sum that is found; 0: none, and e says why. */
static char
find(const char *text, size_t n, const char *url, struct err *e)
{
	uint8_t sum[32] = { 0 };
	char hex[65];

	*e = (struct err){ .kind = ERR_NONE };
	if (!sums_find(text, n, url, sum, e)) {
		CU_ASSERT_EQUAL(e->kind, ERR_SPEC);
		return 0;
	}
	CU_ASSERT_EQUAL(e->kind, ERR_NONE);
	hex_encode(hex, sum, sizeof(sum));
	CU_ASSERT_TRUE(str_eq(hex, A) || str_eq(hex, B));
	return hex[0];
}

static void
the_line_of_the_image_counts(void)
{
	static const char *const rows[] = { A "  os.iso\n", A " *os.iso",
		A "  ./os.iso\r\n", A "  d/e/os.iso", A "  /d//os.iso",
		A " os.iso  \n", "SHA256 (os.iso) = " A "\n",
		"SHA256 (./d/os.iso) = " A "\r\n", A, A "\n\n", A "  \r\n",
		B "  other.iso\n" A "  os.iso\n",
		A "  os.iso\n" B "  os.iso.sig\n" B "  my-os.iso\n",
		"# text\n\nSHA512 (os.iso) = " B B "\n" A "  os.iso\n",
		B B "  os.iso\n" A "  os.iso\n" /* of SHA-512 */,
		A "  os.iso\n" A " *os.iso\n" /* twice the same */,
		BAD "  os.iso\n" A "  os.iso\n", "\n" A "  os.iso" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e;

		CHECK_ROW(
		    find(rows[i], strlen(rows[i]), IMAGE, &e) == 'a', rows[i]);
	}
}

static void
a_name_is_that_of_the_file_and_not_as_urls_write_it(void)
{
	static const char text[] = A "  os 1.0+b.iso\n" B "  os%201.0+b.iso\n";
	struct err e;

	CU_ASSERT_EQUAL(
	    find(text, strlen(text), "http://h/os%201.0%2Bb.iso", &e), 'a');
	CU_ASSERT_EQUAL(
	    find(text, strlen(text), "http://h/os%25201.0+b.iso", &e), 'b');
	CU_ASSERT_EQUAL(find(text, strlen(text), "http://h/os%2.iso", &e), 0);
}

static void
a_line_that_is_not_the_images_does_not_count(void)
{
	static const char *const rows[] = { "", "\n", A "  OS.ISO\n",
		A "  os.iso.sig\n", A "  xos.iso\n", A "  os.iso/x\n",
		A "  d/os.isox\n", A "os.iso\n", A "\tos.iso\n", A " \n" A "\n",
		BAD "  os.iso\n", BAD, B "a  os.iso\n",
		"SHA256 (os.iso) = " BAD "\n", "SHA256 (os.iso) = " A "a\n",
		"SHA256 (os.iso) = aa\n", "SHA256 (os.iso) " A "\n",
		"SHA256 (other) = " A "\n", "SHA1 (os.iso) = " A "\n",
		" " A "  os.iso\n", "SHA256 (",
		"SHA256 (os.iso) = ", A "  os.iso?k=v\n" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e;

		CHECK_ROW(
		    find(rows[i], strlen(rows[i]), IMAGE, &e) == 0, rows[i]);
		CHECK_TEXT(e.msg, "no checksum of os.iso stands in it");
	}
}

static void
sums_that_contradict_one_another_are_refused(void)
{
	static const char text[] = A "  os.iso\n" B "  old/os.iso\n";
	struct err e;

	CU_ASSERT_EQUAL(find(text, strlen(text), IMAGE, &e), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "two different checksums"));
}

static void
only_what_is_there_is_looked_at(void)
{
	static const char text[] = A "  os.iso\n";
	static const char second[] = "x\n" A "  os.iso";
	static const char zero[] = A "  os.iso\0x\n" B "  os.iso\n";
	struct err e;
	char *p;

	for (size_t n = 0; n < strlen(text) - 1; n++) {
		p = xmalloc(n > 0 ? n : 1); /* the sanitizer sees its end */
		memcpy(p, text, n);
		CU_ASSERT_EQUAL(find(p, n, IMAGE, &e),
		    n == 64 || n == 65 || n == 66 ? 'a' : 0);
		xfree(p);
	}
	for (size_t n = 0; n <= strlen(second); n++) {
		p = xmalloc(n > 0 ? n : 1);
		memcpy(p, second, n);
		CU_ASSERT_EQUAL(
		    find(p, n, IMAGE, &e), n == strlen(second) ? 'a' : 0);
		xfree(p);
	}
	CU_ASSERT_EQUAL(find(zero, sizeof(zero) - 1, IMAGE, &e), 'b');
}

static void
an_image_without_a_name_has_no_line(void)
{
	static const char none[] = A " *\n" B "  x\n";
	char url[400] = "http://h/", text[500] = A "  ";
	struct err e;

	CU_ASSERT_EQUAL(find(none, strlen(none), "http://h/d/", &e), 0);
	CU_ASSERT_EQUAL(find(A "  os.iso", 72, "http://h/os.iso/", &e), 0);
	CU_ASSERT_EQUAL(find(A, 64, "http://h/", &e), 'a');
	memset(url + 9, 'n', 255);
	memset(text + 66, 'n', 255);
	CU_ASSERT_EQUAL(find(text, strlen(text), url, &e), 'a');
	url[9 + 255] = 'n'; /* longer than any file's: it is not cut to one */
	CU_ASSERT_EQUAL(find(text, strlen(text), url, &e), 0);
	text[66 + 255] = 'n';
	CU_ASSERT_EQUAL(find(text, strlen(text), url, &e), 0);
}

/* ---- getting it --------------------------------------------------------- */

struct rig {
	struct world *w;
	struct loop *loop, *server_loop;
	struct log log;
	struct env env;
	struct http_server *server;
	struct timer beat;
	int status;
	const char *location, *body;
	size_t n_body;
	bool hangs;
	unsigned requests, done;
	char found; /* as of find() */
	struct err err;
	struct sums_call *call;
};

static void
nothing(void *arg)
{
	(void)arg;
}

static void
handle(void *arg, struct http_exchange *x)
{
	struct rig *g = arg;
	struct http_header h = { "Location", g->location };

	g->requests++;
	if (g->hangs)
		http_exchange_on_gone(x, nothing, NULL);
	else
		http_reply(x, g->status, &h, g->location != NULL,
		    (struct http_bytes){ g->body, g->n_body });
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
		.status = 200,
		.body = A "  os.iso\n",
		.n_body = 73 };
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
rig_close(struct rig *g)
{
	sums_cancel(g->call);
	timer_stop(&g->beat);
	http_server_free(g->server);
	world_free(g->w);
}

static void
pass(struct rig *g, int64_t us)
{
	(void)world_run(g->w, world_now_us(g->w) + us, NULL, NULL);
}

static void
took(void *arg, const uint8_t *sha256, const struct err *e)
{
	struct rig *g = arg;

	g->done++;
	g->call = NULL;
	g->found = sha256 == NULL ? 0 : sha256[0] == 0xaa ? 'a' : 'b';
	if (sha256 == NULL)
		g->err = *e;
	else
		CU_ASSERT_PTR_NULL(e);
}

static bool
fetch(struct rig *g, const char *url, const char *allowed)
{
	struct origin_opts o = { .url = url, .allowed = allowed };

	g->call = sums_fetch(&g->env, &o, IMAGE, took, g, &g->err);
	CU_ASSERT_EQUAL(g->done, 0); /* from the loop alone */
	return g->call != NULL;
}

static void
a_file_is_got_and_looked_through(void)
{
	struct rig g;

	rig_open(&g);
	CU_ASSERT_TRUE_FATAL(fetch(&g, "http://10.0.0.9/SUMS", "10.0.0.9"));
	pass(&g, LOOP_S);
	CU_ASSERT_EQUAL(g.done, 1);
	CU_ASSERT_EQUAL(g.found, 'a');
	CU_ASSERT_EQUAL(g.requests, 1);
	rig_close(&g);
}

static void
what_is_no_such_file_is_told_by_its_url_without_its_query(void)
{
	static const struct {
		int status;
		const char *body, *location;
		enum err_kind kind;
		const char *says;
	} rows[] = {
		{ 200, B "  b.iso\n", NULL, ERR_SPEC, "no checksum of os.iso" },
		{ 200, "", NULL, ERR_SPEC, "no checksum of os.iso" },
		{ 200, A "  os.iso\n" B "  os.iso\n", NULL, ERR_SPEC, "two" },
		{ 206, A "  os.iso\n", NULL, ERR_PROTO, "206" },
		{ 204, "", NULL, ERR_PROTO, "204" },
		{ 301, "", "http://10.0.0.9/x", ERR_SPEC, "redirected" },
		{ 404, "", NULL, ERR_NOTFOUND, "404" },
		{ 403, "", NULL, ERR_AUTH, "403" },
		{ 503, "", NULL, ERR_BUSY, "503" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig g;
		char row[16];

		(void)str_format(row, sizeof(row), "row %zu", i);
		rig_open(&g);
		g.status = rows[i].status;
		g.body = rows[i].body;
		g.n_body = strlen(g.body);
		g.location = rows[i].location;
		CU_ASSERT_TRUE(fetch(&g, "http://10.0.0.9/SUMS?key=x", NULL));
		pass(&g, LOOP_MIN);
		CHECK_ROW(g.done == 1 && g.found == 0, row);
		CHECK_ROW(g.err.kind == rows[i].kind, row);
		CHECK_ROW(strstr(g.err.msg, rows[i].says) != NULL, row);
		CHECK_ROW(strstr(g.err.msg, "10.0.0.9/SUMS") != NULL, row);
		CHECK_ROW(strstr(g.err.msg, "key=x") == NULL, row);
		CHECK_ROW(g.requests == 1, row);
		rig_close(&g);
	}
}

static void
a_file_over_the_cap_is_not_read_to_its_end(void)
{
	for (size_t over = 0; over < 2; over++) {
		struct rig g;
		char *body = xmalloc(SUMS_MAX + 1);

		memset(body, '\n', SUMS_MAX + 1);
		memcpy(body, A "  os.iso", 72);
		rig_open(&g);
		g.body = body;
		g.n_body = SUMS_MAX + over;
		CU_ASSERT_TRUE(fetch(&g, "http://10.0.0.9/SUMS", NULL));
		pass(&g, LOOP_MIN);
		CU_ASSERT_EQUAL(g.done, 1);
		CU_ASSERT_EQUAL(g.found, over == 0 ? 'a' : 0);
		CU_ASSERT_EQUAL(g.err.kind, over == 0 ? ERR_NONE : ERR_TOO_BIG);
		rig_close(&g);
		xfree(body);
	}
}

static void
a_server_that_is_silent_is_given_up(void)
{
	struct rig g;

	rig_open(&g);
	g.hangs = true;
	CU_ASSERT_TRUE(fetch(&g, "http://10.0.0.9/SUMS", NULL));
	pass(&g, 29 * LOOP_S);
	CU_ASSERT_EQUAL(g.done, 0);
	pass(&g, 2 * LOOP_S);
	CU_ASSERT_EQUAL(g.done, 1);
	CU_ASSERT_EQUAL(g.err.kind, ERR_TIMEOUT);
	rig_close(&g);
}

static void
who_may_not_be_asked_is_not(void)
{
	struct rig g;

	rig_open(&g);
	CU_ASSERT_FALSE(fetch(&g, "http://10.0.0.9/SUMS", "10.0.0.8"));
	CU_ASSERT_EQUAL(g.err.kind, ERR_SPEC);
	CU_ASSERT_FALSE(fetch(&g, "file:///etc/passwd", NULL));
	CU_ASSERT_EQUAL(g.err.kind, ERR_SPEC);
	pass(&g, LOOP_MIN);
	CU_ASSERT_EQUAL(g.done + g.requests, 0);
	rig_close(&g);
}

static void
what_is_cancelled_is_not_told(void)
{
	for (int hangs = 0; hangs < 2; hangs++) {
		struct rig g;

		rig_open(&g);
		g.hangs = hangs;
		CU_ASSERT_TRUE(fetch(&g, "http://10.0.0.9/SUMS", NULL));
		if (hangs != 0)
			pass(&g, LOOP_S);
		sums_cancel(g.call);
		g.call = NULL;
		pass(&g, LOOP_MIN);
		CU_ASSERT_EQUAL(g.done, 0);
		rig_close(&g);
	}
	sums_cancel(NULL);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(the_line_of_the_image_counts),
		UNIT_CASE(a_name_is_that_of_the_file_and_not_as_urls_write_it),
		UNIT_CASE(a_line_that_is_not_the_images_does_not_count),
		UNIT_CASE(sums_that_contradict_one_another_are_refused),
		UNIT_CASE(only_what_is_there_is_looked_at),
		UNIT_CASE(an_image_without_a_name_has_no_line),
		UNIT_CASE(a_file_is_got_and_looked_through),
		UNIT_CASE(
		    what_is_no_such_file_is_told_by_its_url_without_its_query),
		UNIT_CASE(a_file_over_the_cap_is_not_read_to_its_end),
		UNIT_CASE(a_server_that_is_silent_is_given_up),
		UNIT_CASE(who_may_not_be_asked_is_not),
		UNIT_CASE(what_is_cancelled_is_not_told),
	};

	return UNIT_RUN("sums", cases);
}
