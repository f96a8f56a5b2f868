/* The media server, in virtual time. */
#include "tests/unit/serve_rig.h"

static void
the_whole_and_its_head_are_alike(void)
{
	struct serve_rig r;
	struct want head = { "HEAD", NULL, NULL, NULL, NULL, 0 };
	struct get g;

	rig_virtual(&r, NULL);
	g = get_range(&r, NULL, 0);
	CU_ASSERT_EQUAL(g.status, 200);
	CU_ASSERT_EQUAL(g.n, IMAGE_SIZE);
	CU_ASSERT_FALSE(g.wrong);
	CU_ASSERT_EQUAL(g.length, IMAGE_SIZE);
	CU_ASSERT_STRING_EQUAL(g.etag, "\"image-1\"");
	CU_ASSERT_STRING_EQUAL(g.ranges, "bytes");
	head.target = r.medium;
	g = get_one(&r, &head, 0);
	CU_ASSERT_EQUAL(g.status, 200);
	CU_ASSERT_EQUAL(g.n, 0);
	CU_ASSERT_EQUAL(g.length, IMAGE_SIZE);
	CU_ASSERT_STRING_EQUAL(g.etag, "\"image-1\"");
	/* a HEAD has no ranges */
	head.name = "Range";
	head.value = "bytes=0-0";
	g = get_one(&r, &head, 0);
	CU_ASSERT_EQUAL(g.status, 200);
	CU_ASSERT_EQUAL(g.length, IMAGE_SIZE);
	rig_end(&r);
}

static void
ranges_are_exact(void)
{
	static const struct {
		const char *range;
		int status;
		uint64_t at, n;
		const char *says;
	} rows[] = {
		{ "bytes=0-0", 206, 0, 1, "bytes 0-0/300007" },
		{ "bytes=32768-34815", 206, 32768, 2048,
		    "bytes 32768-34815/300007" },
		{ "bytes=300000-", 206, 300000, 7,
		    "bytes 300000-300006/300007" },
		{ "bytes=-7", 206, 300000, 7, "bytes 300000-300006/300007" },
		{ "bytes=0-99999999", 206, 0, IMAGE_SIZE,
		    "bytes 0-300006/300007" },
		{ "bytes=300007-", 416, 0, 0, "bytes */300007" },
		{ "bytes=-0", 416, 0, 0, "bytes */300007" },
		{ "bytes=1-0", 200, 0, IMAGE_SIZE, "" },
		{ "bytes=0-0,-1", 200, 0, IMAGE_SIZE, "" },
		{ "lines=0-0", 200, 0, IMAGE_SIZE, "" },
	};
	struct serve_rig r;

	rig_virtual(&r, NULL);
	for (int delay = 0; delay < 2; delay++) {
		r.memory.delay_us = delay * 100 * LOOP_MS;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct get g = get_range(&r, rows[i].range, rows[i].at);

			CU_ASSERT_EQUAL(g.status, rows[i].status);
			CU_ASSERT_EQUAL(g.n, rows[i].n);
			CU_ASSERT_EQUAL(g.length, (int64_t)rows[i].n);
			CU_ASSERT_FALSE(g.wrong);
			CU_ASSERT_STRING_EQUAL(g.range, rows[i].says);
		}
	}
	rig_end(&r);
}

static void
one_byte_at_a_time_gives_the_same_bytes(void)
{
	struct serve_rig r;

	rig_virtual(&r, NULL);
	for (unsigned i = 0; i < 500; i++) {
		char range[40];
		struct get g;

		(void)str_format(
		    range, sizeof(range), "bytes=%u-%u", i * 599, i * 599);
		g = get_range(&r, range, i * 599);
		CU_ASSERT_EQUAL(g.status, 206);
		CU_ASSERT_EQUAL(g.n, 1);
		CU_ASSERT_FALSE(g.wrong);
	}
	rig_end(&r);
}

static void
preconditions_are_kept(void)
{
	static const struct {
		const char *name, *value;
		int status;
	} rows[] = {
		{ "If-None-Match", "\"image-1\"", 304 },
		{ "If-None-Match", "W/\"image-1\"", 304 },
		{ "If-None-Match", "\"other\"", 200 },
		{ "If-Match", "\"image-1\"", 200 },
		{ "If-Match", "*", 200 },
		{ "If-Match", "\"other\"", 412 },
		{ "If-Match", "W/\"image-1\"", 412 },
	};
	struct serve_rig r;

	rig_virtual(&r, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct want w = { "GET", r.medium, rows[i].name, rows[i].value,
			NULL, 0 };
		struct get g = get_one(&r, &w, 0);

		CU_ASSERT_EQUAL(g.status, rows[i].status);
		CU_ASSERT_EQUAL(g.n, g.status == 200 ? IMAGE_SIZE : 0);
	}
	rig_end(&r);
}

static void
all_that_is_no_live_token_is_one_404(void)
{
	struct serve_rig r;
	struct get first = { 0 };
	const char *const targets[] = { "/", "/m/", "/r/", "/metrics",
		"/m/aaaaaaaaaaaaaaaaaaaaaaaaaa/b.iso",
		"/r/aaaaaaaaaaaaaaaaaaaaaaaaaa", "/b.iso", "/../m/x", "//",
		"/m/aaaaaaaaaaaaaaaaaaaaaaaaaa/b.iso?a=b" };
	const char *const methods[] = { "GET", "POST", "PUT", "DELETE",
		"OPTIONS" };
	char swapped[64];

	rig_virtual(&r, NULL);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]);
		     m++) {
			struct want w = { methods[m], targets[i], NULL, NULL,
				"x", m == 0 ? 0 : 1 };
			struct get g = get_one(&r, &w, 0);

			if (first.done == 0)
				first = g;
			CU_ASSERT_EQUAL(g.status, 404);
			CU_ASSERT_EQUAL(g.length, first.length);
			CU_ASSERT_STRING_EQUAL(g.text, first.text);
			CU_ASSERT_STRING_EQUAL(g.ranges, "");
		}
	/* a token opens its own door alone */
	(void)str_format(swapped, sizeof(swapped), "/r/%.26s", r.medium + 3);
	CU_ASSERT_EQUAL(
	    get_one(
		&r, &(struct want){ .method = "POST", .target = swapped }, 0)
		.status,
	    404);
	(void)str_format(
	    swapped, sizeof(swapped), "/m/%.26s/b.iso", r.report + 3);
	CU_ASSERT_EQUAL(
	    get_one(&r, &(struct want){ .method = "GET", .target = swapped }, 0)
		.status,
	    404);
	CU_ASSERT_EQUAL(r.memory.reads, 0);
	rig_end(&r);
}

static void
other_methods_are_told_which_ones_are_right(void)
{
	struct serve_rig r;
	struct get g;

	rig_virtual(&r, NULL);
	g = get_one(
	    &r, &(struct want){ .method = "PUT", .target = r.medium }, 0);
	CU_ASSERT_EQUAL(g.status, 405);
	CU_ASSERT_STRING_EQUAL(g.allow, "GET, HEAD");
	g = get_one(
	    &r, &(struct want){ .method = "GET", .target = r.report }, 0);
	CU_ASSERT_EQUAL(g.status, 405);
	CU_ASSERT_STRING_EQUAL(g.allow, "POST");
	rig_end(&r);
}

static void
what_is_not_ready_is_asked_for_again(void)
{
	struct serve_rig r;
	struct get g;

	rig_virtual(&r, NULL);
	(void)err_set(&r.refuse, ERR_BUSY, 0, "being composed");
	g = get_range(&r, NULL, 0);
	CU_ASSERT_EQUAL(g.status, 503);
	CU_ASSERT_STRING_EQUAL(g.retry, "2");
	(void)err_set(&r.refuse, ERR_SPEC, 0, "no image");
	g = get_range(&r, NULL, 0);
	CU_ASSERT_EQUAL(g.status, 503);
	CU_ASSERT_STRING_EQUAL(g.retry, "15");
	r.refuse.kind = ERR_NONE;
	r.open_us = 5 * LOOP_S;
	g = get_range(&r, "bytes=0-9", 0);
	CU_ASSERT_EQUAL(g.status, 206);
	rig_end(&r);
}

static void
an_origin_that_breaks_cuts_the_reply(void)
{
	struct serve_rig r;
	struct get g;

	rig_virtual(&r, NULL);
	for (int delay = 0; delay < 2; delay++) {
		r.memory.delay_us = delay * LOOP_MS;
		r.memory.broken_at = 200000;
		g = get_range(&r, NULL, 0);
		CU_ASSERT_EQUAL(g.status, 200);
		CU_ASSERT_NOT_EQUAL(g.err, HTTP_OK);
		CU_ASSERT_TRUE(g.n < IMAGE_SIZE);
		CU_ASSERT_FALSE(g.wrong);
		r.memory.broken_at = 0;
		CU_ASSERT_EQUAL(get_range(&r, NULL, 0).n, IMAGE_SIZE);
	}
	rig_end(&r);
}

static void
a_token_that_dies_cuts_its_readers(void)
{
	struct serve_rig r;
	struct get reading = { 0 }, opening = { 0 };
	char former[64];
	struct want w = { "GET", NULL, NULL, NULL, NULL, 0 };

	rig_virtual(&r, NULL);
	w.target = r.medium;
	r.memory.delay_us = LOOP_S;
	get_start(&r, &w, &reading);
	rig_pass(&r, 3 * LOOP_S);
	CU_ASSERT_TRUE(reading.n > 0);
	r.open_us = LOOP_MIN;
	get_start(&r, &w, &opening);
	rig_pass(&r, LOOP_S);
	live_drop(&r.live, "ns/h1");
	rig_pass(&r, LOOP_S);
	CU_ASSERT_EQUAL(reading.done, 1);
	CU_ASSERT_NOT_EQUAL(reading.err, HTTP_OK);
	CU_ASSERT_TRUE(reading.n < IMAGE_SIZE);
	CU_ASSERT_EQUAL(opening.status, 404);
	CU_ASSERT_EQUAL(get_range(&r, NULL, 0).status, 404);
	r.open_us = 0;
	r.memory.delay_us = 0;
	(void)str_copy(former, sizeof(former), r.medium);
	rig_claim(&r, "claim-2", 1); /* another tenant of the same host */
	w.target = former;
	CU_ASSERT_EQUAL(get_one(&r, &w, 0).status, 404);
	w.target = r.medium;
	CU_ASSERT_EQUAL(get_one(&r, &w, 0).status, 200);
	rig_end(&r);
}

static void
a_client_that_takes_nothing_is_cut(void)
{
	struct serve_rig r;
	struct get g = { .stall = true };
	struct want w = { "GET", NULL, NULL, NULL, NULL, 0 };

	rig_virtual(&r, NULL);
	w.target = r.medium;
	get_start(&r, &w, &g);
	rig_pass(&r, 30 * LOOP_S);
	CU_ASSERT_EQUAL(serve_counts(r.s).streams, 1);
	CU_ASSERT_EQUAL(serve_counts(r.s).buffered, 0);
	http_cancel(g.call);
	rig_pass(&r, 2 * LOOP_S);
	CU_ASSERT_EQUAL(serve_counts(r.s).streams, 0);
	rig_end(&r);
}

static void
a_thousand_readers_hold_little(void)
{
	enum {
		N = 1000
	};
	struct serve_opts o = {
		.listen = "10.0.0.1:8090", .streams = N, .claim_streams = N
	};
	struct serve_rig r;
	struct get *v = xcalloc(N, sizeof(*v));
	struct want w = { "GET", NULL, "Range", "bytes=1000-140999", NULL, 0 };
	size_t most = 0;
	unsigned whole = 0, streams = 0;

	rig_virtual(&r, &o);
	w.target = r.medium;
	r.memory.delay_us = 50 * LOOP_MS;
	for (size_t i = 0; i < N; i++) {
		v[i].at = 1000;
		get_start(&r, &w, &v[i]);
	}
	for (int t = 0; t < 200; t++) {
		size_t held;

		rig_pass(&r, 10 * LOOP_MS);
		held = serve_counts(r.s).buffered;
		most = held > most ? held : most;
		if (serve_counts(r.s).streams > streams)
			streams = serve_counts(r.s).streams;
	}
	for (size_t i = 0; i < N; i++)
		whole += v[i].done == 1 && v[i].status == 206 &&
			 v[i].n == 140000 && !v[i].wrong;
	CU_ASSERT_EQUAL(whole, N);
	CU_ASSERT_EQUAL(streams, N);
	CU_ASSERT_TRUE(most <= N * (16u << 10));
	xfree(v);
	rig_end(&r);
}

static void
limits_are_kept(void)
{
	struct serve_opts o = { .listen = "10.0.0.1:8090",
		.streams = 5,
		.claim_streams = 3,
		.claim_requests = 10,
		.requests = 10 };
	struct serve_rig r;
	struct get v[4] = { { 0 } }, g;
	struct want w = { "GET", NULL, NULL, NULL, NULL, 0 };
	unsigned n = 0;

	rig_virtual(&r, &o);
	w.target = r.medium;
	r.memory.delay_us = LOOP_MIN;
	for (size_t i = 0; i < 4; i++)
		get_start(&r, &w, &v[i]);
	rig_pass(&r, LOOP_S);
	CU_ASSERT_EQUAL(serve_counts(r.s).streams, 3);
	/* in what order connections came is the network's affair */
	for (size_t i = 0; i < 4; i++)
		n += v[i].done == 1 && v[i].status == 429 &&
		     str_eq(v[i].retry, "1");
	CU_ASSERT_EQUAL(n, 1);
	for (size_t i = 0; i < 4; i++)
		if (v[i].done == 0)
			http_cancel(v[i].call);
	rig_pass(&r, 10 * LOOP_S);
	r.memory.delay_us = 0;
	w.method = "HEAD";
	for (n = 0; n < 30; n++) {
		struct get one = { 0 };

		get_start(&r, &w, &one);
		rig_pass(&r, 10 * LOOP_MS);
		CU_ASSERT_EQUAL(one.done, 1);
		g = one;
		if (g.status != 200)
			break;
	}
	CU_ASSERT_TRUE(n >= 19 && n < 30);
	CU_ASSERT_TRUE(g.status == 429 || g.status == 503);
	rig_pass(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(get_one(&r, &w, 0).status, 200);
	rig_end(&r);
}

static void
a_token_may_be_bound_to_its_first_reader(void)
{
	struct serve_opts o = { .listen = "10.0.0.1:8090", .bind = true };
	struct http_peer_opts p = { .base = "http://10.0.0.1:8090" };
	struct serve_rig r;
	struct http_peer *own;
	struct loop *other;
	struct err e;

	rig_virtual(&r, &o);
	CU_ASSERT_EQUAL(get_range(&r, "bytes=0-0", 0).status, 206);
	other = world_spawn(r.w, "thief", "10.0.0.3", 0);
	own = r.peer;
	r.peer = http_peer_new(world_net(other), &p, &e);
	CU_ASSERT_EQUAL(get_range(&r, "bytes=0-0", 0).status, 404);
	/* machines report from elsewhere */
	CU_ASSERT_EQUAL(
	    get_one(
		&r, &(struct want){ .method = "POST", .target = r.report }, 0)
		.status,
	    204);
	http_peer_free(r.peer);
	r.peer = own;
	CU_ASSERT_EQUAL(get_range(&r, "bytes=0-0", 0).status, 206);
	rig_end(&r);
}

static void
what_was_read_is_remembered(void)
{
	struct serve_rig r;
	const struct live_claim *c;

	rig_virtual(&r, NULL);
	r.mark = (struct seen_mark){ .at = 40960, .n = 2048, .what = 3 };
	(void)get_range(&r, "bytes=32768-34815", 32768);
	c = live_get(&r.live, "ns/h1");
	CU_ASSERT_TRUE(seen_any(&c->seen[0], 32768, 2048));
	CU_ASSERT_FALSE(seen_any(&c->seen[0], 40960, 2048));
	CU_ASSERT_PTR_NULL(seen_first(&c->seen[0], 3));
	(void)get_range(&r, "bytes=40960-40961", 40960);
	CU_ASSERT_EQUAL(seen_first(&c->seen[0], 3)->bytes, 2);
	CU_ASSERT_FALSE(seen_downloaded(&c->seen[0]));
	(void)get_range(&r, NULL, 0);
	CU_ASSERT_TRUE(seen_downloaded(&c->seen[0]));
	CU_ASSERT_EQUAL(c->seen[0].gets, 3);
	CU_ASSERT_EQUAL(c->seen[0].bytes, IMAGE_SIZE + 2048 + 2);
	rig_end(&r);
}

/* ---- options ------------------------------------------------------------ */

static void
bad_options_are_named(void)
{
	static const struct {
		struct serve_opts o;
		const char *says;
	} rows[] = {
		{ { .listen = "8090" }, "host:port" },
		{ { .listen = "10.0.0.1:x" }, "host:port" },
		{ { .listen = "10.0.0.1:99999" }, "host:port" },
		{ { .listen = "name:1" }, "no IP address" },
		{ { .listen = ":1", .cert = "a" }, "the key is missing" },
		{ { .listen = ":1", .key = "a" },
		    "the certificate is missing" },
		{ { .listen = ":1", .cert = "a", .key = "b" }, "a" },
	};
	struct serve_rig r;
	struct serve_hooks h = { 0 };
	struct live live;

	rig_virtual(&r, NULL);
	live_init(&live, &r.env);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		CU_ASSERT_PTR_NULL(
		    serve_new(&r.env, &rows[i].o, &live, &h, &e));
		CU_ASSERT_EQUAL(
		    e.kind == ERR_SPEC || e.kind == ERR_NOTFOUND, true);
		CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, rows[i].says));
	}
	live_fini(&live);
	rig_end(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(the_whole_and_its_head_are_alike),
		UNIT_CASE(ranges_are_exact),
		UNIT_CASE(one_byte_at_a_time_gives_the_same_bytes),
		UNIT_CASE(preconditions_are_kept),
		UNIT_CASE(all_that_is_no_live_token_is_one_404),
		UNIT_CASE(other_methods_are_told_which_ones_are_right),
		UNIT_CASE(what_is_not_ready_is_asked_for_again),
		UNIT_CASE(an_origin_that_breaks_cuts_the_reply),
		UNIT_CASE(a_token_that_dies_cuts_its_readers),
		UNIT_CASE(a_client_that_takes_nothing_is_cut),
		UNIT_CASE(a_thousand_readers_hold_little),
		UNIT_CASE(limits_are_kept),
		UNIT_CASE(a_token_may_be_bound_to_its_first_reader),
		UNIT_CASE(what_was_read_is_remembered),
		UNIT_CASE(bad_options_are_named),
	};

	return UNIT_RUN("serve", cases);
}
