/* The network between simulated processes: faults, deaths, and that a seed
 * decides everything. */
#include "tests/unit/world_rig.h"

/* ---- refused, unknown, unresolved ------------------------------------------ */

static void
nobody_listening_refuses(void)
{
	struct http_peer_opts o = { .base = "http://10.0.0.2:81" };
	struct http_rig r;
	struct ask a;

	rig_start(&r, 1);
	rig_listen(&r, &on_80);
	rig_peer(&r, &o);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_E_CONNECT, HTTP_P_CONNECT);
	CU_ASSERT_FALSE(a.maybe_executed);
	CHECK_TEXT(a.why, "connection refused by 10.0.0.2:81");
	CU_ASSERT_EQUAL(r.handled, 0);
	rig_close(&r);
}

static void
names_resolve_until_a_rule_forbids_it(void)
{
	struct http_peer_opts o = { .base = "http://bmc.lab" };
	struct net_rule rule = { .to = "bmc.lab:*", .no_dns = true };
	struct http_rig r;
	struct ask a;
	int id;

	rig_start(&r, 1);
	rig_listen(&r, &on_80);
	rig_peer(&r, &o);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_E_RESOLVE, HTTP_P_RESOLVE);
	CHECK_TEXT(a.why, "no such name: bmc.lab:80");
	world_dns(r.w, "bmc.lab", "10.0.0.9");
	world_dns(r.w, "bmc.lab", "10.0.0.2");
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CHECK_TEXT(r.local, "10.0.0.2:80");
	id = world_net_add(r.w, &rule);
	CU_ASSERT(id > 0);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_E_RESOLVE, HTTP_P_RESOLVE);
	CU_ASSERT_FALSE(a.maybe_executed);
	world_net_remove(r.w, id);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	/* The server has moved: the next connection finds it. */
	world_dns(r.w, "bmc.lab", "10.0.0.9");
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_E_CONNECT, HTTP_P_CONNECT);
	rig_close(&r);
}

static void
the_newest_matching_rule_decides(void)
{
	struct net_rule slow = { .to = "bmc", .latency_us = 50 * LOOP_MS };
	struct net_rule refuse = { .from = "age*", .refuse_ppm = 1000000 };
	struct net_rule other = { .from = "kube", .refuse_ppm = 1000000 };
	struct http_rig r;
	struct ask a;
	int id;

	rig_plain(&r, 1);
	(void)world_net_add(r.w, &slow);
	ask(&r, &a, NULL);
	/* Two ways for the connection, two for the request. */
	CU_ASSERT_EQUAL(a.done_us - a.started_us, 200 * LOOP_MS);
	id = world_net_add(r.w, &refuse);
	(void)world_net_add(r.w, &other);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_E_CONNECT, HTTP_P_CONNECT);
	world_net_remove(r.w, id);
	world_net_remove(r.w, 12345);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(a.done_us - a.started_us, 200 * LOOP_MS);
	rig_close(&r);
}

/* ---- deaths --------------------------------------------------------------------- */

static void
a_killed_server_resets_its_clients(void)
{
	struct ask a = { .done = false }, b;
	struct http_rig r;

	rig_plain(&r, 1);
	r.on_request = rig_keep;
	ask_start(&r, &a, NULL);
	rig_pass(&r, LOOP_S);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r.x);
	world_kill(r.server);
	/* A dead owner may still put its exchange away. */
	rig_answer(&r, r.x);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_E_RESET, HTTP_P_HEAD);
	CU_ASSERT(a.done_us - a.started_us < LOOP_S + 10 * LOOP_MS);
	ask(&r, &b, NULL);
	CHECK_END(&b, HTTP_E_CONNECT, HTTP_P_CONNECT);
	CU_ASSERT_EQUAL(r.gone, 0);
	rig_close(&r);
}

static void
a_killed_client_is_gone_for_its_server(void)
{
	struct ask a = { .done = false }, queued = { .done = false };
	struct http_rig r;

	rig_plain(&r, 1);
	r.on_request = rig_keep;
	ask_start(&r, &a, NULL);
	ask_start(&r, &queued, NULL);
	rig_pass(&r, LOOP_S);
	world_kill(r.client);
	CU_ASSERT_EQUAL(r.gone, 0);
	rig_pass(&r, LOOP_S);
	CU_ASSERT_EQUAL(r.gone, 1);
	CU_ASSERT_EQUAL(world_net_stats(r.server).open, 0);
	http_cancel(queued.call);
	ask_start(&r, &queued, NULL);
	rig_pass(&r, LOOP_MIN);
	CU_ASSERT_FALSE(a.done || queued.done);
	CU_ASSERT_EQUAL(r.handled, 1);
	rig_close(&r);
}

static void
a_killed_process_can_be_started_again(void)
{
	struct http_rig r;
	struct ask a;

	rig_plain(&r, 1);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	world_kill(r.server);
	http_server_free(r.s);
	world_reap(r.server);
	r.server = world_spawn(r.w, "bmc", "10.0.0.2", 0);
	r.server_net = world_net(r.server);
	rig_listen(&r, &on_80);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	rig_close(&r);
}

static void
reaping_frees_what_the_owner_forgot(void)
{
	struct ask a = { .done = false };
	struct http_rig r;

	rig_plain(&r, 1);
	r.on_request = rig_keep;
	ask_start(&r, &a, NULL);
	rig_pass(&r, LOOP_S);
	world_reap(r.client);
	world_reap(r.server);
	r.p = NULL;
	r.s = NULL;
	rig_pass(&r, LOOP_MIN);
	CU_ASSERT_FALSE(a.done);
	CU_ASSERT_EQUAL(r.gone, 0);
	rig_close(&r);
}

static void
a_frozen_server_keeps_its_connections(void)
{
	struct http_request q = { .limits = { .head_us = 2 * LOOP_S } };
	struct ask a = { .done = false };
	struct http_rig r;

	rig_plain(&r, 1);
	world_freeze(r.server, true);
	ask(&r, &a, &q);
	/* Its kernel completed the connection and took the request. */
	CHECK_END(&a, HTTP_E_DEADLINE, HTTP_P_HEAD);
	CU_ASSERT_TRUE(a.maybe_executed);
	memset(&a, 0, sizeof(a));
	ask_start(&r, &a, NULL);
	rig_pass(&r, 5 * LOOP_S);
	CU_ASSERT_FALSE(a.done);
	world_freeze(r.server, false);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	rig_close(&r);
}

static void
a_frozen_client_hears_late(void)
{
	struct ask a = { .done = false };
	struct http_rig r;

	rig_plain(&r, 1);
	ask_start(&r, &a, NULL);
	rig_pass(&r, 300);
	world_freeze(r.client, true);
	rig_pass(&r, 20 * LOOP_S);
	CU_ASSERT_FALSE(a.done);
	world_freeze(r.client, false);
	ask_wait(&r, &a);
	CU_ASSERT_TRUE(a.done);
	CU_ASSERT(a.done_us >= 20 * LOOP_S);
	rig_close(&r);
}

/* ---- addresses ------------------------------------------------------------------- */

static void
a_block_of_addresses_tells_which_was_meant(void)
{
	struct http_listen_opts block = {
		.addr = "127.7.0.0", .prefix = 16, .port = 8000
	};
	struct http_listen_opts ports = {
		.addr = "10.0.0.2", .port = 9000, .n_ports = 100
	};
	struct http_listen_opts one = { .addr = "127.7.1.1", .port = 8000 };
	const struct {
		const char *base;
		const char *local; /* NULL = refused */
	} rows[] = {
		{ "http://127.7.3.4:8000", "127.7.3.4:8000" },
		{ "http://127.7.255.255:8000", "127.7.255.255:8000" },
		{ "http://127.8.0.0:8000", NULL },
		{ "http://127.7.3.4:8001", NULL },
		{ "http://10.0.0.2:9000", "10.0.0.2:9000" },
		{ "http://10.0.0.2:9099", "10.0.0.2:9099" },
		{ "http://10.0.0.2:9100", NULL },
		{ "http://10.0.0.2:8999", NULL },
		{ "http://127.7.1.1:8000", "127.7.1.1:8000" },
		{ "http://[fd00::2]:80", NULL },
	};
	struct http_server *a, *b;
	struct err e = { .kind = ERR_NONE };
	struct http_rig r;

	rig_start(&r, 1);
	rig_listen(&r, &block);
	a = r.s;
	rig_listen(&r, &ports);
	b = r.s;
	rig_listen(&r, &one);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_peer_opts o = { .base = rows[i].base };
		struct ask got;

		rig_peer(&r, &o);
		r.local[0] = '\0';
		ask(&r, &got, NULL);
		if (rows[i].local)
			CHECK_TEXT(r.local, rows[i].local);
		else
			CHECK_ROW(got.err == HTTP_E_CONNECT, rows[i].base);
		http_peer_free(r.p);
	}
	r.p = NULL;
	ports.port = 9050;
	ports.n_ports = 1;
	ports.handle = rig_handle;
	CU_ASSERT_PTR_NULL(http_listen(world_net(r.server), &ports, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	/* Neither in, around, nor up into what is taken. */
	ports.port = 8950;
	ports.n_ports = 51;
	CU_ASSERT_PTR_NULL(http_listen(world_net(r.server), &ports, &e));
	ports.n_ports = 500;
	CU_ASSERT_PTR_NULL(http_listen(world_net(r.server), &ports, &e));
	ports.port = 9050;
	ports.n_ports = 1;
	/* A port that was given back is free again. */
	http_server_free(b);
	b = http_listen(world_net(r.server), &ports, &e);
	CU_ASSERT_PTR_NOT_NULL(b);
	CU_ASSERT_EQUAL(http_server_port(b), 9050);
	http_server_free(a);
	http_server_free(b);
	rig_close(&r);
}

static void
port_zero_finds_a_free_one(void)
{
	struct http_listen_opts any = { .addr = "0.0.0.0" };
	struct http_rig r;
	struct http_server *first;
	unsigned port;

	rig_start(&r, 1);
	rig_listen(&r, &any);
	first = r.s;
	port = http_server_port(first);
	rig_listen(&r, &any);
	CU_ASSERT(port > 0);
	CU_ASSERT_NOT_EQUAL(http_server_port(r.s), port);
	http_server_free(first);
	rig_close(&r);
}

/* ---- a seed decides everything ----------------------------------------------------- */

struct story {
	struct http_rig r;
	struct buf log;
	struct timer tick;
	struct ask asks[40];
	unsigned n;
};

static void
story_event(void *arg, const struct net_event *ev)
{
	struct story *s = arg;

	(void)buf_addf(&s->log, "%lld %lld %s>%s %s %s %s %d %s\n",
	    (long long)ev->started_us, (long long)ev->at_us, ev->from, ev->to,
	    ev->origin, ev->method, ev->target, ev->status,
	    http_err_name(ev->err));
}

static void
story_tick(void *arg)
{
	struct story *s = arg;
	char target[32];
	struct http_request q = { .target = target, .may_resend = true };

	if (s->n == 40)
		return;
	(void)str_format(target, sizeof(target), "/%u", s->n);
	ask_start(&s->r, &s->asks[s->n++], &q);
	timer_start(s->r.client, &s->tick, 300, story_tick, s);
}

static char *
story(uint64_t seed)
{
	struct net_rule faults = { .to = "bmc",
		.latency_us = 300,
		.jitter_us = 700,
		.refuse_ppm = 100000,
		.reset_ppm = 200000,
		.truncate_ppm = 100000 };
	struct http_peer_opts o = { .base = "http://10.0.0.2",
		.max_conns = 4,
		.idle_close_us = LOOP_S };
	struct story *s = xcalloc(1, sizeof(*s));
	char uuid[37], *log;

	rig_start(&s->r, seed);
	rig_listen(&s->r, &on_80);
	rig_peer(&s->r, &o);
	buf_init(&s->log, 1u << 20);
	world_net_watch(s->r.w, story_event, s);
	(void)world_net_add(s->r.w, &faults);
	timer_start(s->r.client, &s->tick, 0, story_tick, s);
	rig_pass(&s->r, LOOP_MIN);
	entropy_uuid(world_entropy(s->r.client), uuid);
	(void)buf_addf(&s->log, "%s\n", uuid);
	CU_ASSERT_EQUAL(s->n, 40);
	for (int i = 0; i < 40; i++)
		CU_ASSERT_EQUAL(s->asks[i].done_n, 1);
	rig_close(&s->r);
	log = buf_take(&s->log, NULL);
	xfree(s);
	return log;
}

static void
a_seed_gives_the_same_events_to_the_byte(void)
{
	char *a = story(11), *noise = xmalloc(100000), *b = story(11);
	char *c = story(12);

	CU_ASSERT(strlen(a) > 40 * 20);
	CU_ASSERT_STRING_EQUAL(a, b);
	CU_ASSERT_STRING_NOT_EQUAL(a, c);
	xfree(a);
	xfree(b);
	xfree(c);
	xfree(noise);
}

static void
a_restarted_process_draws_other_tokens(void)
{
	struct world *w = world_new(9);
	struct loop *l = world_spawn(w, "agent", "10.0.0.1", 0);
	char first[37], second[37];

	entropy_uuid(world_entropy(l), first);
	world_reap(l);
	l = world_spawn(w, "agent", "10.0.0.1", 0);
	entropy_uuid(world_entropy(l), second);
	CU_ASSERT_STRING_NOT_EQUAL(first, second);
	world_free(w);
}

static const struct unit_case cases[] = {
	{ "nobody listening refuses", nobody_listening_refuses },
	{ "names resolve until a rule forbids it",
	    names_resolve_until_a_rule_forbids_it },
	{ "the newest matching rule decides",
	    the_newest_matching_rule_decides },
	{ "a killed server resets its clients",
	    a_killed_server_resets_its_clients },
	{ "a killed client is gone for its server",
	    a_killed_client_is_gone_for_its_server },
	{ "a killed process can be started again",
	    a_killed_process_can_be_started_again },
	{ "reaping frees what the owner forgot",
	    reaping_frees_what_the_owner_forgot },
	{ "a frozen server keeps its connections",
	    a_frozen_server_keeps_its_connections },
	{ "a frozen client hears late", a_frozen_client_hears_late },
	{ "a block of addresses tells which was meant",
	    a_block_of_addresses_tells_which_was_meant },
	{ "port zero finds a free one", port_zero_finds_a_free_one },
	{ "a seed gives the same events to the byte",
	    a_seed_gives_the_same_events_to_the_byte },
	{ "a restarted process draws other tokens",
	    a_restarted_process_draws_other_tokens },
};

int
main(void)
{
	return UNIT_RUN("world", cases);
}
