/* What rules do to the links of a world: partitions, lost and broken replies,
 * jitter; and what is counted meanwhile. */
#include "tests/unit/world_rig.h"

/* ---- partitions ------------------------------------------------------------- */

static void
a_partition_times_out_while_connecting(void)
{
	struct http_request q = { .limits = { .connect_us = 3 * LOOP_S } };
	struct net_rule cut = { .from = "agent", .partition = true };
	struct http_rig r;
	struct ask a;

	rig_plain(&r, 1);
	(void)world_net_add(r.w, &cut);
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_E_DEADLINE, HTTP_P_CONNECT);
	CU_ASSERT_FALSE(a.maybe_executed);
	CU_ASSERT_EQUAL(a.done_us - a.started_us, 3 * LOOP_S);
	rig_close(&r);
}

/* Either direction of the rule cuts both directions of the link. */
static void
a_partition_in_the_middle_times_out_waiting_for_the_head(void)
{
	const struct net_rule cuts[] = {
		{ .from = "agent", .to = "bmc", .partition = true },
		{ .from = "bmc", .to = "agent", .partition = true },
		{ .to = "10.0.0.2:80", .partition = true },
	};

	for (size_t i = 0; i < 3; i++) {
		struct http_request q = { .limits = { .head_us = 5 * LOOP_S } };
		struct ask a = { .done = false };
		struct http_rig r;

		rig_plain(&r, i);
		r.on_request = rig_keep;
		ask_start(&r, &a, &q);
		rig_pass(&r, LOOP_S);
		CU_ASSERT_PTR_NOT_NULL_FATAL(r.x);
		(void)world_net_add(r.w, &cuts[i]);
		rig_answer(&r, r.x);
		ask_wait(&r, &a);
		CHECK_END(&a, HTTP_E_DEADLINE, HTTP_P_HEAD);
		CU_ASSERT_TRUE(a.maybe_executed);
		rig_close(&r);
	}
}

static void
a_partition_that_heals_in_time_only_delays(void)
{
	struct net_rule cut = { .to = "bmc", .partition = true };
	struct ask a = { .done = false };
	struct http_rig r;
	int id;

	rig_plain(&r, 1);
	id = world_net_add(r.w, &cut);
	ask_start(&r, &a, NULL);
	rig_pass(&r, 4 * LOOP_S);
	CU_ASSERT_FALSE(a.done);
	CU_ASSERT_EQUAL(r.handled, 0);
	/* Another rule changes nothing for what is held back. */
	(void)world_net_add(
	    r.w, &(struct net_rule){ .from = "kube", .partition = true });
	rig_pass(&r, LOOP_S);
	CU_ASSERT_FALSE(a.done);
	world_net_remove(r.w, id);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT(a.done_us - a.started_us > 5 * LOOP_S);
	CU_ASSERT(a.done_us - a.started_us < 6 * LOOP_S);
	rig_close(&r);
}

struct count_up {
	unsigned next, seen;
	bool wrong;
};

static enum http_flow
pull_count(void *arg, void *out, size_t cap, size_t *n)
{
	struct count_up *k = arg;

	(void)cap;
	memcpy(out, &k->next, sizeof(k->next));
	*n = sizeof(k->next);
	return ++k->next == 200 ? HTTP_END : HTTP_MORE;
}

static enum http_flow
take_count(void *arg, struct http_bytes b)
{
	struct count_up *k = arg;
	unsigned got = 0;

	if (b.n == 0)
		return HTTP_MORE;
	memcpy(&got, b.p, b.n < sizeof(got) ? b.n : sizeof(got));
	k->wrong |= got != k->seen++;
	return HTTP_MORE;
}

static struct count_up count;

static void
reply_count(struct http_rig *r, struct http_exchange *x)
{
	struct http_source src = {
		.pull = pull_count, .arg = &count, .length = -1
	};

	(void)r;
	http_reply_stream(x, 200, NULL, 0, &src);
}

static void
jitter_does_not_reorder_a_stream(void)
{
	struct net_rule rule = {
		.to = "bmc", .latency_us = 100, .jitter_us = 50 * LOOP_MS
	};
	struct http_sink sink = { .data = take_count, .arg = &count };
	struct http_request q = { .sink = &sink };
	struct http_rig r;
	struct ask a;

	rig_plain(&r, 1);
	(void)world_net_add(r.w, &rule);
	r.on_request = reply_count;
	memset(&count, 0, sizeof(count));
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(count.seen, 200);
	CU_ASSERT_FALSE(count.wrong);
	rig_close(&r);
}

static void
an_established_stream_stalls_and_goes_on(void)
{
	struct net_rule slow = { .to = "bmc", .latency_us = 20 * LOOP_MS };
	struct net_rule cut = { .from = "bmc", .partition = true };
	struct http_sink sink = { .data = take_count, .arg = &count };
	struct http_request watch = { .sink = &sink,
		.limits = { .head_us = HTTP_NO_LIMIT,
		    .idle_us = HTTP_NO_LIMIT,
		    .total_us = HTTP_NO_LIMIT } };
	struct ask a = { .done = false };
	struct http_rig r;
	int id;

	rig_plain(&r, 1);
	(void)world_net_add(r.w, &slow);
	r.on_request = reply_count;
	memset(&count, 0, sizeof(count));
	ask_start(&r, &a, &watch);
	/* The stream is on its way when the cable is cut. */
	rig_pass(&r, 70 * LOOP_MS);
	CU_ASSERT_EQUAL(count.next, 200);
	id = world_net_add(r.w, &cut);
	rig_pass(&r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(count.seen, 0);
	CU_ASSERT_FALSE(a.done);
	world_net_remove(r.w, id);
	ask_wait(&r, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(count.seen, 200);
	CU_ASSERT_FALSE(count.wrong);
	rig_close(&r);
}

/* ---- faults in the exchange --------------------------------------------------- */

static void
a_lost_reply_comes_after_the_handler_ran(void)
{
	struct net_rule lose = { .to = "bmc", .lose_reply_ppm = 1000000 };
	struct http_request q = {
		.method = "POST", .target = "/reset", .body = { "{}", 2 }
	};
	struct http_rig r;
	struct ask a;

	rig_plain(&r, 1);
	(void)world_net_add(r.w, &lose);
	ask(&r, &a, &q);
	CHECK_END(&a, HTTP_E_RESET, HTTP_P_HEAD);
	CU_ASSERT_EQUAL(a.status, 0);
	CU_ASSERT_TRUE(a.maybe_executed);
	CU_ASSERT_EQUAL(r.handled, 1);
	CHECK_TEXT(r.last_target, "/reset");
	rig_close(&r);
}

static void
resets_strike_before_in_and_after_the_handler(void)
{
	struct net_rule reset = { .to = "bmc", .reset_ppm = 1000000 };
	unsigned unhandled = 0, no_head = 0, in_body = 0;
	struct http_rig r;
	struct ask a;

	rig_plain(&r, 3);
	(void)world_net_add(r.w, &reset);
	for (int i = 0; i < 60; i++) {
		unsigned before = r.handled;

		ask(&r, &a, NULL);
		CU_ASSERT_EQUAL(a.err, HTTP_E_RESET);
		CU_ASSERT_TRUE(a.maybe_executed);
		if (r.handled == before)
			unhandled++;
		else if (a.status == 0)
			no_head++;
		else
			in_body++;
	}
	CU_ASSERT(unhandled > 5 && no_head > 5 && in_body > 5);
	CU_ASSERT_EQUAL(r.gone, 0);
	rig_close(&r);
}

static void
a_truncated_body_ends_in_eof(void)
{
	struct net_rule cut = { .to = "bmc", .truncate_ppm = 1000000 };
	struct http_rig r;
	struct ask a;

	rig_plain(&r, 1);
	(void)world_net_add(r.w, &cut);
	ask(&r, &a, NULL);
	CHECK_END(&a, HTTP_E_EOF, HTTP_P_BODY);
	CU_ASSERT_EQUAL(a.status, 200);
	CU_ASSERT(a.body_n < 5);
	rig_close(&r);
}

static void
chance_faults_strike_as_often_as_asked(void)
{
	struct net_rule some = { .to = "bmc", .refuse_ppm = 250000 };
	struct http_rig r;
	struct ask a;
	unsigned refused = 0;

	rig_plain(&r, 5);
	(void)world_net_add(r.w, &some);
	for (int i = 0; i < 400; i++) {
		ask(&r, &a, NULL);
		refused += a.err == HTTP_E_CONNECT;
	}
	CU_ASSERT(refused > 70 && refused < 130);
	rig_close(&r);
}

static void
statistics_count_connections_and_handshakes(void)
{
	struct http_listen_opts l = { .port = 443, .identity = rig_identity };
	struct tls_issue issue = { .is_ca = true, .subject = "bmc" };
	struct http_peer_opts o = { .base = "https://10.0.0.2",
		.idle_close_us = LOOP_S };
	struct http_request get = { .may_resend = true };
	struct world_net_stats st;
	struct http_rig r;
	struct ask a;

	rig_start(&r, 1);
	r.id = tls_identity_facts(&issue, world_entropy(r.server));
	rig_listen(&r, &l);
	o.tls.insecure = true;
	rig_peer(&r, &o);
	ask(&r, &a, &get);
	ask(&r, &a, &get);
	st = world_net_stats(r.client);
	CU_ASSERT_EQUAL(st.open, 1);
	rig_pass(&r, 2 * LOOP_S);
	ask(&r, &a, &get);
	ask(&r, &a, NULL);
	rig_pass(&r, 2 * LOOP_S);
	st = world_net_stats(r.client);
	CU_ASSERT_EQUAL(st.open, 0);
	CU_ASSERT_EQUAL(st.requests, 4);
	CU_ASSERT_EQUAL(st.reused, 1);
	CU_ASSERT_EQUAL(st.connects, 3);
	CU_ASSERT_EQUAL(st.handshakes, 1);
	CU_ASSERT_EQUAL(st.resumed, 2);
	CU_ASSERT_EQUAL(st.resent, 0);
	st = world_net_stats(r.server);
	CU_ASSERT_EQUAL(st.accepted, 3);
	CU_ASSERT_EQUAL(st.handled, 4);
	CU_ASSERT_EQUAL(st.open, 0);
	rig_close(&r);
}

static const struct unit_case cases[] = {
	{ "a partition times out while connecting",
	    a_partition_times_out_while_connecting },
	{ "a partition in the middle times out waiting for the head",
	    a_partition_in_the_middle_times_out_waiting_for_the_head },
	{ "a partition that heals in time only delays",
	    a_partition_that_heals_in_time_only_delays },
	{ "jitter does not reorder a stream",
	    jitter_does_not_reorder_a_stream },
	{ "an established stream stalls and goes on",
	    an_established_stream_stalls_and_goes_on },
	{ "statistics count connections and handshakes",
	    statistics_count_connections_and_handshakes },
	{ "a lost reply comes after the handler ran",
	    a_lost_reply_comes_after_the_handler_ran },
	{ "resets strike before, in and after the handler",
	    resets_strike_before_in_and_after_the_handler },
	{ "a truncated body ends in eof", a_truncated_body_ends_in_eof },
	{ "chance faults strike as often as asked",
	    chance_faults_strike_as_often_as_asked },
};

int
main(void)
{
	return UNIT_RUN("world faults", cases);
}
