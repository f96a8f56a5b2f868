/* Lists in pages, and the framing of lists and watches in any pieces. */
#include <string.h>

#include "agent/kube/client.h"
#include "agent/kube/object.h"
#include "agent/kube/stream.h"
#include "common/json.h"
#include "tests/unit/unit.h"

#include "tests/unit/agent_kube_rig.h"

/* ---- lists ----------------------------------------------------------------------- */

struct names {
	unsigned n;
	char last[64];
	unsigned stop_at;
};

static bool
take_name(void *arg, const char *text, size_t n)
{
	struct names *s = arg;
	cJSON *o = json_parse(text, n, NULL);

	s->n++;
	(void)str_copy(s->last, sizeof(s->last), kobj_name(o));
	cJSON_Delete(o);
	return s->n != s->stop_at;
}

struct listing {
	struct got g; /* first: got_reply fills it */
	struct names names;
};

static bool
listing_item(void *arg, const char *text, size_t n)
{
	return take_name(&((struct listing *)arg)->names, text, n);
}

static void
fill(struct kube_rig *r, int n)
{
	for (int i = 0; i < n; i++) {
		char name[32];

		(void)str_format(name, sizeof(name), "h%04d", i);
		(void)fake_kube_put(
		    r->fake, "hosts", fake_object("Host", "lab", name, i));
	}
}

static void
lists_come_in_pages(void)
{
	struct kube_rig r;
	struct listing l = { .g = { .n = 0 } };
	struct kube_request q = req(KUBE_LIST, NULL, NULL, &l.g);

	rig_open(&r, 1, NULL);
	fill(&r, 1203);
	q.item = listing_item;
	(void)kube_start(r.client, &q);
	rig_run(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(l.g.n, 1);
	CHECK_TEXT(l.g.err.msg, "");
	CU_ASSERT_EQUAL(l.g.items, 1203);
	CU_ASSERT_EQUAL(l.names.n, 1203);
	CHECK_TEXT(l.names.last, "h1202");
	CHECK_TEXT(l.g.rv, "1303");
	CU_ASSERT_EQUAL(r.fake->lists, 3);
	got_free(&l.g);
	rig_close(&r);
}

static void
a_list_without_receiver_is_collected(void)
{
	struct kube_rig r;
	struct got g = { .n = 0 };
	struct kube_request q = req(KUBE_LIST, "lab", NULL, &g);

	rig_open(&r, 1, NULL);
	fill(&r, 7);
	r.fake->page_max = 3;
	(void)kube_start(r.client, &q);
	rig_run(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(json_arr(g.object, "items")), 7);
	CHECK_TEXT(json_str(g.object, "items/6/metadata/name", ""), "h0006");
	got_free(&g);
	rig_close(&r);
}

static void
endless_lists_end_in_an_error(void)
{
	const struct kube_client_opts o = { .max_objects = 100,
		.max_pages = 5 };
	struct kube_rig r;
	struct listing l = { .g = { .n = 0 } };
	struct kube_request q = req(KUBE_LIST, NULL, NULL, &l.g);
	struct kube_script script = { .left = 1000 };

	rig_open(&r, 1, &o);
	fill(&r, 200);
	q.item = listing_item;
	(void)kube_start(r.client, &q);
	rig_run(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(l.g.err.kind, ERR_TOO_BIG);
	CU_ASSERT_PTR_NOT_NULL(strstr(l.g.err.msg, "100 objects"));
	r.fake->page_max = 10;
	(void)kube_start(r.client, &q);
	rig_run(&r, 10 * LOOP_S);
	CU_ASSERT_PTR_NOT_NULL(strstr(l.g.err.msg, "5 pages"));
	/* The same token for ever. */
	rig_script(&r, &script);
	script.fault = (struct fake_fault){ .status = 200,
		.body = "{\"kind\":\"L\",\"metadata\":{\"continue\":\"x\"},"
			"\"items\":[]}" };
	(void)kube_start(r.client, &q);
	rig_run(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(l.g.err.kind, ERR_PROTO);
	CU_ASSERT_PTR_NOT_NULL(strstr(l.g.err.msg, "endless"));
	CU_ASSERT_EQUAL(script.left, 998);
	got_free(&l.g);
	rig_close(&r);
}

static void
a_receiver_may_stop(void)
{
	struct kube_rig r;
	struct listing l = { .g = { .n = 0 }, .names = { .stop_at = 4 } };
	struct kube_request q = req(KUBE_LIST, NULL, NULL, &l.g);

	rig_open(&r, 1, NULL);
	fill(&r, 10);
	q.item = listing_item;
	(void)kube_start(r.client, &q);
	rig_run(&r, 10 * LOOP_S);
	CU_ASSERT_EQUAL(l.g.n, 1);
	CU_ASSERT_EQUAL(l.names.n, 4);
	CU_ASSERT_EQUAL(l.g.err.kind, ERR_PROTO);
	got_free(&l.g);
	rig_close(&r);
}

/* ---- framing --------------------------------------------------------------------- */

struct pieces {
	char all[400];
	unsigned n;
};

static bool
join(void *arg, const char *text, size_t n)
{
	struct pieces *p = arg;
	size_t at = strlen(p->all);

	p->n++;
	(void)str_format(
	    p->all + at, sizeof(p->all) - at, "<%.*s>", (int)n, text);
	return true;
}

static const char tricky[] =
    " {\"a\":{\"items\":[1,2]},\"x\":\"items\",\"kind\":\"L\\\"[{\","
    "\"items\" : [ {\"s\":\"a}]\\\\\"} ,\n{\"items\":[{}],\"t\":{\"u\":[]}}"
    "],\"metadata\":{\"resourceVersion\":\"9\"}} ";

static void
items_are_found_in_any_pieces(void)
{
	struct rng rng;

	rng_seed(&rng, 3, "pieces");
	for (int round = 0; round < 500; round++) {
		struct pieces p = { .n = 0 };
		struct kube_items s;
		struct err e;
		size_t at = 0, n = sizeof(tricky) - 1;

		kube_items_init(&s, 1000, join, &p);
		while (at < n) {
			size_t part = 1 + (size_t)rng_below(&rng, n - at);

			CU_ASSERT_FATAL(
			    kube_items_feed(&s, tricky + at, part, &e));
			at += part;
		}
		CU_ASSERT_TRUE(kube_items_end(&s, &e));
		CHECK_TEXT(p.all,
		    "<{\"s\":\"a}]\\\\\"}><{\"items\":[{}],\"t\":{\"u\":[]}}>");
		CU_ASSERT_PTR_NOT_NULL(
		    strstr(buf_str(&s.rest), "\"items\" : [],\"metadata\""));
		kube_items_free(&s);
	}
}

static void
broken_lists_are_told(void)
{
	static const char *const bad[] = { "{\"items\":[1]}",
		"{\"items\":[\"x\"]}", "{\"items\":[[]]}", "}", "{\"items\":[{",
		"{\"a\":\"", "" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pieces p = { .n = 0 };
		struct kube_items s;
		struct err e = { .kind = ERR_NONE };

		kube_items_init(&s, 1000, join, &p);
		CHECK_ROW(!(kube_items_feed(&s, bad[i], strlen(bad[i]), &e) &&
			      kube_items_end(&s, &e)),
		    bad[i]);
		CHECK_ROW(e.kind == ERR_PROTO, bad[i]);
		kube_items_free(&s);
	}
}

static void
caps_hold_in_lists_and_lines(void)
{
	char big[300];
	struct pieces p = { .n = 0 };
	struct kube_items s;
	struct kube_lines l;
	struct err e;

	memset(big, 'x', sizeof(big));
	kube_items_init(&s, 100, join, &p);
	CU_ASSERT_TRUE(kube_items_feed(&s, "{\"items\":[{\"", 12, &e));
	CU_ASSERT_FALSE(kube_items_feed(&s, big, sizeof(big), &e));
	CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
	kube_items_free(&s);
	kube_lines_init(&l, 100, join, &p);
	CU_ASSERT_TRUE(kube_lines_feed(&l, big, 100, &e));
	CU_ASSERT_FALSE(kube_lines_feed(&l, big, 1, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
	kube_lines_free(&l);
	kube_lines_init(&l, 100, join, &p);
	CU_ASSERT_TRUE(kube_lines_feed(&l, "\n\r\na\nb\r\n  \nc", 12, &e));
	CHECK_TEXT(p.all, "<a><b>");
	kube_lines_free(&l);
}

struct skips {
	struct pieces p; /* first member: join gets it */
	unsigned n;
	struct err why;
};

static void
skip_one(void *arg, const struct err *why)
{
	struct skips *k = arg;

	k->n++;
	k->why = *why;
}

/* The caps are 400 bytes and 200 levels; the neighbours come through, in
 * whatever pieces. */
static void
what_breaks_a_cap_is_left_out_alone(void)
{
	char deep[1200], big[400], *text;

	(void)memset(deep, '[', 600);
	(void)memset(deep + 600, ']', 600);
	(void)memset(big, '{', sizeof(big)); /* in a string: no structure */
	text = xasprintf("{\"kind\":\"L\",\"items\":[{\"a\":1},"
			 "{\"x\":%.1200s},{\"b\":\"\\\"]\"},"
			 "{\"y\":\"%.400s\"},{\"c\":2}],\"metadata\":{}}",
	    deep, big);
	for (size_t part = 1; part < 300; part += 7) {
		struct skips k = { .n = 0 };
		size_t n = strlen(text);
		struct kube_items s;
		struct err e;

		kube_items_init(&s, 400, join, &k);
		s.skip = skip_one;
		for (size_t at = 0; at < n; at += part)
			CU_ASSERT_TRUE_FATAL(kube_items_feed(
			    &s, text + at, n - at < part ? n - at : part, &e));
		CU_ASSERT_TRUE(kube_items_end(&s, &e));
		CHECK_TEXT(
		    k.p.all, "<{\"a\":1}><{\"b\":\"\\\"]\"}><{\"c\":2}>");
		CU_ASSERT_EQUAL(k.n, 2);
		CU_ASSERT_EQUAL(k.why.kind, ERR_TOO_BIG);
		CHECK_TEXT(buf_str(&s.rest),
		    "{\"kind\":\"L\",\"items\":[],\"metadata\":{}}");
		kube_items_free(&s);
	}
	xfree(text);
}

/* Four times the cap is no object of anybody's. */
static void
an_item_without_end_is_cut_off(void)
{
	struct skips k = { .n = 0 };
	struct kube_items s;
	char big[100];
	unsigned fed = 0;
	struct err e;

	(void)memset(big, 'x', sizeof(big));
	kube_items_init(&s, 300, join, &k);
	s.skip = skip_one;
	CU_ASSERT_TRUE(kube_items_feed(&s, "{\"items\":[{\"", 12, &e));
	while (fed < 100 && kube_items_feed(&s, big, sizeof(big), &e))
		fed++;
	CU_ASSERT_EQUAL(fed, 12);
	CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
	CU_ASSERT_EQUAL(k.n, 1);
	kube_items_free(&s);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "lists come in pages", lists_come_in_pages },
		{ "a list without receiver is collected",
		    a_list_without_receiver_is_collected },
		{ "endless lists end in an error",
		    endless_lists_end_in_an_error },
		{ "a receiver may stop", a_receiver_may_stop },
		{ "items are found in any pieces",
		    items_are_found_in_any_pieces },
		{ "broken lists are told", broken_lists_are_told },
		{ "caps hold in lists and lines",
		    caps_hold_in_lists_and_lines },
		{ "what breaks a cap is left out alone",
		    what_breaks_a_cap_is_left_out_alone },
		{ "an item without end is cut off",
		    an_item_without_end_is_cut_off },
	};

	return UNIT_RUN("kube_list", cases);
}
