/* What an agent's media server takes from the cluster: claims, key, images. */
#include "tests/unit/claims_rig.h"

/* ---- reading ------------------------------------------------------------ */

static void
replicas_serve_the_same_tokens(void)
{
	struct claims_rig r;
	char at[2][64], report[2][64];
	struct got a, b;

	rig_open(&r);
	rig_agent(&r, 0);
	rig_agent(&r, 1);
	rig_boot(&r);
	for (unsigned n = 0; n < 2; n++) {
		rig_target(&r, n, TOKEN_MEDIUM, at[n]);
		rig_target(&r, n, TOKEN_REPORT, report[n]);
	}
	CU_ASSERT_STRING_EQUAL(at[0], at[1]);
	CU_ASSERT_STRING_EQUAL(report[0], report[1]);
	CU_ASSERT_STRING_NOT_EQUAL(at[0] + 3, report[0] + 3);
	CU_ASSERT_EQUAL(heard(&r, "made the key of the media server"), 1);
	rig_whole(&r, 0, at[0]);
	a = fetch(&r, r.agents[0], "GET", at[0], "Range: bytes=0-99999");
	b = fetch(&r, r.agents[1], "GET", at[0], "Range: bytes=100000-");
	CU_ASSERT_EQUAL(a.status, 206);
	CU_ASSERT_EQUAL(b.status, 206);
	CU_ASSERT_STRING_EQUAL(a.etag, b.etag);
	CU_ASSERT_EQUAL_FATAL(a.body.n + b.body.n, r.image.n);
	CU_ASSERT_EQUAL(memcmp(a.body.p, r.image.p, a.body.n), 0);
	CU_ASSERT_EQUAL(memcmp(b.body.p, r.image.p + a.body.n, b.body.n), 0);
	CU_ASSERT_EQUAL(status_of(&r, 1, "HEAD", at[0], NULL), 200);
	/* What another program makes of the Secret is the same. */
	rig_made(&r, "key", TOKEN_MEDIUM, at[1]);
	CU_ASSERT_STRING_EQUAL(at[0], at[1]);
	buf_free(&a.body);
	buf_free(&b.body);
	rig_close(&r);
}

static void
a_restart_in_the_middle_of_a_read_loses_nothing(void)
{
	struct claims_rig r;
	struct got a = { .stall = true }, b;
	char at[64], again[64], range[64];

	rig_open(&r);
	rig_agent(&r, 0);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_MEDIUM, at);
	rig_whole(&r, 0, at);
	ask(r.agents[0], &a, "GET", at, NULL);
	rig_pass(&r, LOOP_S);
	CU_ASSERT_EQUAL(a.done, 0);
	CU_ASSERT(a.body.n > 0 && a.body.n < r.image.n);
	stage_agent_kill(r.s, 0);
	a.stall = false;
	if (a.call != NULL)
		http_call_resume(a.call);
	rig_pass(&r, LOOP_S);
	CU_ASSERT_EQUAL(a.done, 1);
	CU_ASSERT_NOT_EQUAL(a.err, HTTP_OK);
	CU_ASSERT(a.body.n < r.image.n);
	CU_ASSERT_EQUAL(memcmp(a.body.p, r.image.p, a.body.n), 0);
	rig_agent(&r, 0);
	rig_pass(&r, LOOP_MIN);
	rig_target(&r, 0, TOKEN_MEDIUM, again);
	CU_ASSERT_STRING_EQUAL(at, again);
	(void)str_format(range, sizeof(range), "Range: bytes=%zu-", a.body.n);
	b = fetch(&r, r.agents[0], "GET", at, range);
	CU_ASSERT_EQUAL(b.status, 206);
	CU_ASSERT_STRING_EQUAL(a.etag, b.etag);
	CU_ASSERT_EQUAL_FATAL(a.body.n + b.body.n, r.image.n);
	CU_ASSERT_EQUAL(memcmp(b.body.p, r.image.p + a.body.n, b.body.n), 0);
	buf_free(&a.body);
	buf_free(&b.body);
	rig_close(&r);
}

static void
an_origin_that_is_away_is_a_503(void)
{
	struct claims_rig r;
	struct got g;
	char at[64];

	rig_open(&r);
	rig_agent(&r, 0);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_MEDIUM, at);
	rig_whole(&r, 0, at);
	stage_agent_kill(r.s, 0);
	origin_fail(stage_origin(r.s), "/live.iso", 404, 0);
	rig_agent(&r, 0);
	rig_pass(&r, LOOP_MIN);
	g = fetch(&r, r.agents[0], "GET", at, NULL);
	CU_ASSERT_EQUAL(g.status, 503);
	CU_ASSERT_STRING_NOT_EQUAL(g.retry, "");
	buf_free(&g.body);
	origin_fail(stage_origin(r.s), "/live.iso", 0, 0);
	rig_pass(&r, 3 * LOOP_MIN);
	g = fetch(&r, r.agents[0], "GET", at, NULL);
	CU_ASSERT_EQUAL(g.status, 200);
	CU_ASSERT_EQUAL_FATAL(g.body.n, r.image.n);
	CU_ASSERT_EQUAL(memcmp(g.body.p, r.image.p, g.body.n), 0);
	buf_free(&g.body);
	rig_close(&r);
}

/* ---- the key ------------------------------------------------------------ */

static const char secret_of_sevens[] =
    "apiVersion: v1\nkind: Secret\n"
    "metadata: {name: beskar7-media-key, namespace: default}\n"
    "data: {key: BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=}\n";

static void
a_key_that_is_there_is_used(void)
{
	static const uint8_t sevens[TOKEN_KEY] = { 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
		7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
		7 };
	struct claims_rig r;
	struct token_of of = { "default", "bmc-000", r.claim, 1 };
	char at[64], token[TOKEN_CAP];

	rig_open(&r);
	story_apply(r.s, secret_of_sevens);
	rig_agent(&r, 0);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_MEDIUM, at);
	CU_ASSERT_EQUAL(heard(&r, "made the key of the media server"), 0);
	token_make(sevens, TOKEN_MEDIUM, &of, token);
	CU_ASSERT_EQUAL(strncmp(at + 3, token, TOKEN_LEN), 0);
	CU_ASSERT_EQUAL(read_some(&r, 0, at), 206);
	rig_close(&r);
}

/* Two agents without a Lease, as by mistake: one Secret comes of it. */
static void
of_two_that_make_it_one_wins(void)
{
	struct stage_agent_opts ao = { .busy_us = 5 * LOOP_S, .media = true };
	struct claims_rig r;
	struct record rec;
	char at[2][64];

	rig_open(&r);
	for (unsigned n = 0; n < 2; n++)
		CU_ASSERT_FATAL(stage_agent_start(r.s, n, &ao, NULL));
	rig_available(&r);
	stage_agent_kill(r.s, 1); /* two leaders drive no host in a test */
	story_machine(r.s, IMAGE_URL, "Live");
	story_wait(r.s, "physicalhosts", "bmc-000", "status/state",
	    "Provisioned", 30 * LOOP_MIN);
	CU_ASSERT_TRUE_FATAL(rig_record(&r, &rec));
	(void)str_copy(r.claim, sizeof(r.claim), rec.claim_id);
	r.attempt = rec.attempt;
	CU_ASSERT_EQUAL(heard(&r, "made the key of the media server"), 1);
	rig_target(&r, 0, TOKEN_MEDIUM, at[0]);
	rig_made(&r, "key", TOKEN_MEDIUM, at[1]);
	CU_ASSERT_STRING_EQUAL(at[0], at[1]);
	rig_close(&r);
}

static void
a_deleted_key_is_made_anew(void)
{
	struct claims_rig r;
	char old[64], now[64], former[64];

	rig_open(&r);
	rig_agent(&r, 0);
	rig_agent(&r, 1);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_MEDIUM, old);
	delete_key(&r);
	rig_pass(&r, LOOP_MIN);
	rig_made(&r, "key", TOKEN_MEDIUM, now);
	rig_made(&r, "former", TOKEN_MEDIUM, former);
	CU_ASSERT_STRING_EQUAL(old, former);
	CU_ASSERT_STRING_NOT_EQUAL(old, now);
	for (unsigned n = 0; n < 2; n++) { /* armed before it changed */
		CU_ASSERT_EQUAL(read_some(&r, n, old), 206);
		CU_ASSERT_EQUAL(read_some(&r, n, now), 206);
	}
	delete_key(&r);
	rig_pass(&r, LOOP_MIN);
	for (unsigned n = 0; n < 2; n++) {
		CU_ASSERT_EQUAL(read_some(&r, n, old), 404);
		CU_ASSERT_EQUAL(read_some(&r, n, now), 206);
	}
	rig_close(&r);
}

static void
without_the_right(const char *verb, const char *object, unsigned count)
{
	struct kube_fail f = { .user = "beskar7-agent",
		.verb = verb,
		.resource = "secrets",
		.object = object,
		.status = 403,
		.count = count };
	bool lists = str_eq(verb, "list");
	char *said = xasprintf("verb=%s resource=secrets namespace=default "
			       "secret=beskar7-media-key",
	    lists ? "\"list, watch\"" : verb);
	struct claims_rig r;
	char at[64];

	rig_open(&r);
	if (str_eq(verb, "get"))
		story_apply(r.s, secret_of_sevens);
	kube_server_fail(stage_kube(r.s), &f);
	rig_agent(&r, 0);
	rig_available(&r);
	if (!lists) { /* without a key there is no token, and nothing to boot */
		story_machine(r.s, IMAGE_URL, "Live");
		story_wait(r.s, "physicalhosts", "bmc-000", "status/state",
		    "Claimed", 5 * LOOP_MIN);
		rig_pass(&r, 5 * LOOP_MIN);
		story_wait(r.s, "physicalhosts", "bmc-000", "status/state",
		    "Claimed", LOOP_S);
		CHECK_ROW(metrics_get(stage_agent_metrics(r.s, 0),
			      "beskar7_media_key", NULL) == 0,
		    verb);
	}
	CHECK_ROW(heard(&r, said) == 1, verb);
	kube_server_fail_clear(stage_kube(r.s));
	if (lists)
		rig_boot(&r);
	else
		rig_booted(&r, "Provisioned");
	rig_target(&r, 0, TOKEN_MEDIUM, at);
	CHECK_ROW(read_some(&r, 0, at) == 206, verb);
	CHECK_ROW(metrics_get(stage_agent_metrics(r.s, 0), "beskar7_media_key",
		      NULL) == 1,
	    verb);
	xfree(said);
	rig_close(&r);
}

static void
a_missing_right_is_named_once_and_all_else_goes_on(void)
{
	without_the_right("create", NULL, 100000);
	without_the_right("get", "default/" CLAIMS_KEY_SECRET, 100000);
	without_the_right("list", NULL, 3); /* logins are listed, too */
}

/* ---- the end of a token ------------------------------------------------- */

static void
tokens_end_with_their_claim(void)
{
	struct claims_rig r;
	struct got g;
	char old[64], report[64], now[64];

	rig_open(&r);
	rig_agent(&r, 0);
	rig_agent(&r, 1);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_MEDIUM, old);
	rig_target(&r, 0, TOKEN_REPORT, report);
	CU_ASSERT_EQUAL(read_some(&r, 1, old), 206);
	/* one that reads on is cut */
	g = (struct got){ .stall = true };
	ask(r.agents[0], &g, "GET", old, NULL);
	rig_pass(&r, LOOP_S);
	story_delete_machine(r.s);
	story_wait(r.s, "physicalhosts", "bmc-000", "status/state",
	    "Deprovisioning", 5 * LOOP_MIN);
	rig_pass(&r, LOOP_S);
	for (unsigned n = 0; n < 2; n++) {
		CU_ASSERT_EQUAL(read_some(&r, n, old), 404);
		CU_ASSERT_EQUAL(status_of(&r, n, "POST", report, NULL), 404);
	}
	g.stall = false;
	if (g.call != NULL)
		http_call_resume(g.call);
	rig_pass(&r, LOOP_S);
	CU_ASSERT_EQUAL(g.done, 1);
	CU_ASSERT_NOT_EQUAL(g.err, HTTP_OK);
	CU_ASSERT(g.body.n < IMAGE_SIZE);
	buf_free(&g.body);
	story_wait(r.s, "machines", "m1", NULL, NULL, 10 * LOOP_MIN);
	rig_boot(&r); /* the next tenant */
	rig_target(&r, 0, TOKEN_MEDIUM, now);
	CU_ASSERT_STRING_NOT_EQUAL(old, now);
	CU_ASSERT_EQUAL(read_some(&r, 0, now), 206);
	CU_ASSERT_EQUAL(read_some(&r, 0, old), 404);
	rig_close(&r);
}

static void
the_phases_of_a_host_open_and_close(void)
{
	static const struct {
		struct record r;
		bool any, medium;
		int64_t until_s;
	} rows[] = {
		{ { .phase = PHASE_IDLE, .claim_id = "c" }, false, false, 0 },
		{ { .phase = PHASE_PROVISIONING }, false, false, 0 },
		{ { .phase = PHASE_PROVISIONING,
		      .claim_id = "c",
		      .attempt = 1 },
		    true, true, 0 },
		{ { .phase = PHASE_PROVISIONING,
		      .claim_id = "c",
		      .deadline_s = 1000 },
		    true, true, 1000 + TENANTS_LATE_S },
		{ { .phase = PHASE_PROVISIONING,
		      .claim_id = "c",
		      .installed_s = 900,
		      .deadline_s = 1000 },
		    true, false, 1000 + TENANTS_LATE_S },
		{ { .phase = PHASE_PROVISIONED, .claim_id = "c" }, true, true,
		    0 },
		{ { .phase = PHASE_PROVISIONED,
		      .claim_id = "c",
		      .installed_s = 900 },
		    true, false, 0 },
		{ { .phase = PHASE_PROVISIONED,
		      .claim_id = "c",
		      .ejected_s = 900 },
		    true, false, 0 },
		{ { .phase = PHASE_RELEASING, .claim_id = "c" }, false, false,
		    0 },
		{ { .phase = PHASE_ERROR, .claim_id = "c" }, false, false, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct live_who w = { .ns = NULL };
		char row[16];

		(void)str_format(row, sizeof(row), "row %zu", i);
		CHECK_ROW(
		    tenants_who(&rows[i].r, false, &w) == rows[i].any, row);
		if (!rows[i].any)
			continue;
		CHECK_ROW(w.may[TOKEN_MEDIUM] == rows[i].medium, row);
		CHECK_ROW(w.may[TOKEN_REPORT], row);
		CHECK_ROW(w.until_s[TOKEN_MEDIUM] == rows[i].until_s, row);
		CHECK_ROW(w.until_s[TOKEN_REPORT] == 0, row);
	}
}

static void
the_data_alone_goes_before_the_rest(void)
{
	struct record r = { .phase = PHASE_PROVISIONED, .claim_id = "c" };
	struct live_who w = { .ns = NULL };

	CU_ASSERT_TRUE(tenants_who(&r, false, &w));
	CU_ASSERT_TRUE(w.may[TOKEN_CONFIG]);
	CU_ASSERT_TRUE(tenants_who(&r, true, &w));
	CU_ASSERT_FALSE(w.may[TOKEN_CONFIG]);
	r.data_gone_s = 900;
	CU_ASSERT_TRUE(tenants_who(&r, false, &w));
	CU_ASSERT_FALSE(w.may[TOKEN_CONFIG]);
	CU_ASSERT_TRUE(w.may[TOKEN_MEDIUM]);
	/* What was installed takes it at its own boot: by this token its drive
	 * is told after the report, until the record says that it goes. */
	r.installed_s = 800;
	r.data_gone_s = 0;
	CU_ASSERT_TRUE(tenants_who(&r, true, &w));
	CU_ASSERT_TRUE(w.may[TOKEN_CONFIG]);
	CU_ASSERT_FALSE(w.may[TOKEN_MEDIUM]);
	r.data_gone_s = 900;
	CU_ASSERT_TRUE(tenants_who(&r, true, &w));
	CU_ASSERT_FALSE(w.may[TOKEN_CONFIG]);
}

static void
a_replica_that_is_cut_off_serves_no_more(void)
{
	struct claims_rig r;
	char at[64];

	rig_open(&r);
	rig_agent(&r, 0);
	rig_boot(&r);
	rig_target(&r, 0, TOKEN_MEDIUM, at);
	CU_ASSERT_EQUAL(read_some(&r, 0, at), 206);
	kube_server_outage(stage_kube(r.s), KUBE_REFUSE, 30 * LOOP_MIN);
	rig_pass(&r, 8 * LOOP_MIN);
	CU_ASSERT_EQUAL(read_some(&r, 0, at), 206);
	rig_pass(&r, 10 * LOOP_MIN);
	CU_ASSERT_EQUAL(read_some(&r, 0, at), 404);
	rig_pass(&r, 14 * LOOP_MIN);
	CU_ASSERT_EQUAL(read_some(&r, 0, at), 206);
	rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(replicas_serve_the_same_tokens),
		UNIT_CASE(a_restart_in_the_middle_of_a_read_loses_nothing),
		UNIT_CASE(an_origin_that_is_away_is_a_503),
		UNIT_CASE(a_key_that_is_there_is_used),
		UNIT_CASE(of_two_that_make_it_one_wins),
		UNIT_CASE(a_deleted_key_is_made_anew),
		UNIT_CASE(a_missing_right_is_named_once_and_all_else_goes_on),
		UNIT_CASE(tokens_end_with_their_claim),
		UNIT_CASE(the_phases_of_a_host_open_and_close),
		UNIT_CASE(the_data_alone_goes_before_the_rest),
		UNIT_CASE(a_replica_that_is_cut_off_serves_no_more),
	};

	return UNIT_RUN("claims", cases);
}
