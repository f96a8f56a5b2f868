/* Tokens, which of them live, and what was read of a medium. */
#include "agent/serve/live.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/str.h"
#include "common/world.h"
#include "tests/unit/unit.h"

struct rig {
	struct world *w;
	struct loop *loop;
	struct log log;
	struct env env;
	struct live live;
	unsigned closed;
};

static void
on_closed(void *arg, struct live_claim *c)
{
	struct rig *r = arg;

	(void)c;
	r->closed++;
}

static struct live_keys
keys_of(uint8_t with)
{
	struct live_keys k = { .has = true };

	memset(k.key, with, sizeof(k.key));
	return k;
}

static void
rig_open(struct rig *r)
{
	struct live_keys k = keys_of(1);

	*r = (struct rig){ .w = world_new(1) };
	r->loop = world_spawn(r->w, "agent", "10.0.0.1", 0);
	r->log = (struct log){ .level = LOG_ERROR };
	r->env = (struct env){ .name = "agent",
		.loop = r->loop,
		.entropy = world_entropy(r->loop),
		.log = &r->log };
	live_init(&r->live, &r->env);
	r->live.closed = on_closed;
	r->live.closed_arg = r;
	live_set_keys(&r->live, &k);
}

static void
rig_close(struct rig *r)
{
	live_fini(&r->live);
	world_free(r->w);
}

static struct live_who
who(const char *claim, int attempt)
{
	return (struct live_who){ .ns = "ns",
		.name = "h1",
		.claim = claim,
		.attempt = attempt,
		.may = { true, true, true } };
}

static void
a_token_is_for_one_host_claim_attempt_and_purpose(void)
{
	static const struct token_of rows[] = {
		{ "ns", "h1", "c", 1 },
		{ "ns2", "h1", "c", 1 },
		{ "ns", "h2", "c", 1 },
		{ "ns", "h1", "d", 1 },
		{ "ns", "h1", "c", 2 },
		{ "n", "sh1", "c", 1 },
		{ "ns", "h", "1c", 1 },
		{ "ns", "h1", "", 1 },
	};
	uint8_t key[2][TOKEN_KEY] = { { 1 }, { 2 } };
	char t[2 * 2 * 8][TOKEN_CAP];
	size_t n = 0;

	for (size_t k = 0; k < 2; k++)
		for (int p = 0; p < 2; p++)
			for (size_t i = 0; i < 8; i++)
				token_make(key[k], (enum token_purpose)p,
				    &rows[i], t[n++]);
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(strlen(t[i]), TOKEN_LEN);
		for (size_t j = 0; j < i; j++)
			CU_ASSERT_FALSE(token_same(t[i], t[j]));
	}
	/* Known beforehand: another version must not make other tokens, or
	 * replicas of both would not know each other's. */
	CU_ASSERT_STRING_EQUAL(t[0], "amtbylou7a52e4qaoqlb6hj4ii");
}

static void
names_too_long_for_a_token_share_none(void)
{
	static char name[4000];
	uint8_t key[TOKEN_KEY] = { 1 };
	struct token_of of = { "ns", name, "c", 1 }, none = { "", "", "", 0 };
	char a[TOKEN_CAP], b[TOKEN_CAP];

	memset(name, 'x', sizeof(name) - 1);
	token_make(key, TOKEN_MEDIUM, &of, a);
	token_make(key, TOKEN_MEDIUM, &none, b);
	CU_ASSERT_FALSE(token_same(a, b));
}

static void
only_the_two_paths_are_paths(void)
{
	static const char *const bad[] = { "", "/", "/m", "/m/", "/m//b.iso",
		"/m/abcdefghijklmnopqrstuvwxyz", "/m/b.iso",
		"/m/abcdefghijklmnopqrstuvwxyz/",
		"/m/0bcdefghijklmnopqrstuvwxyz/b.iso",
		"/m/abcdefghijklmnopqrstuvwxyz2/b.iso",
		"/m/abcdefghijklmnopqrstuvwxy/b.iso",
		"/m/abcdefghijklmnopqrstuvwxyz/b.iso?x",
		"/m/abcdefghijklmnopqrstuvwxyz/B.ISO",
		"/m/abcdefghijklmnopqrstuvwxyz/d.iso",
		"/r/abcdefghijklmnopqrstuvwxyz/b.iso",
		"/r/abcdefghijklmnopqrstuvwxyz/c.iso",
		"/r/abcdefghijklmnopqrstuvwxyz/",
		"/R/abcdefghijklmnopqrstuvwxyz",
		"/m/../m/abcdefghijklmnopqrstuvwxyz/b.iso" };
	enum token_purpose p = TOKEN_PURPOSES;
	char t[TOKEN_CAP];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(token_path(bad[i], &p, t));
	CU_ASSERT_TRUE(
	    token_path("/m/abcdefghijklMNOPQRSTUVWXYZ/b.iso", &p, t));
	CU_ASSERT_EQUAL(p, TOKEN_MEDIUM);
	CU_ASSERT_TRUE(
	    token_path("/m/abcdefghijklMNOPQRSTUVWXYZ/c.iso", &p, t));
	CU_ASSERT_EQUAL(p, TOKEN_CONFIG);
	CU_ASSERT_STRING_EQUAL(t, "abcdefghijklmnopqrstuvwxyz");
	CU_ASSERT_TRUE(token_path("/r/222222222222222222222222ab", &p, t));
	CU_ASSERT_EQUAL(p, TOKEN_REPORT);
}

static void
urls_are_short_and_masked(void)
{
	char url[128], masked[128];

	CU_ASSERT_TRUE(
	    token_url(url, sizeof(url), "http://192.168.100.100:8090/",
		TOKEN_MEDIUM, "abcdefghijklmnopqrstuvwxyz"));
	CU_ASSERT_STRING_EQUAL(url,
	    "http://192.168.100.100:8090/m/abcdefghijklmnopqrstuvwxyz/b.iso");
	CU_ASSERT_TRUE(strlen(url) <= 64);
	token_mask(masked, sizeof(masked), url);
	CU_ASSERT_STRING_EQUAL(
	    masked, "http://192.168.100.100:8090/m/.../b.iso");
	token_mask(masked, sizeof(masked),
	    "GET /r/abcdefghijklmnopqrstuvwxyz and /m/abcdefgh cut");
	CU_ASSERT_STRING_EQUAL(masked, "GET /r/... and /m/... cut");
	token_mask(masked, sizeof(masked), "/m/live.iso /r/x /m");
	CU_ASSERT_STRING_EQUAL(masked, "/m/live.iso /r/x /m");
	token_mask(masked, 8, "/m/abcdefghijklmnop");
	CU_ASSERT_STRING_EQUAL(masked, "/m/...");
	CU_ASSERT_FALSE(token_url(
	    url, 20, "http://a", TOKEN_REPORT, "abcdefghijklmnopqrstuvwxyz"));
}

static void
a_claim_lives_until_another_takes_its_host(void)
{
	struct rig r;
	struct live_who w = who("c1", 1);
	char a[TOKEN_CAP], b[TOKEN_CAP];
	struct live_claim *kept;

	rig_open(&r);
	live_put(&r.live, &w);
	(void)str_copy(
	    a, sizeof(a), live_token(&r.live, "ns/h1", "c1", 1, TOKEN_MEDIUM));
	(void)str_copy(
	    b, sizeof(b), live_token(&r.live, "ns/h1", "c1", 1, TOKEN_REPORT));
	CU_ASSERT_PTR_NOT_NULL(live_find(&r.live, TOKEN_MEDIUM, a));
	CU_ASSERT_PTR_NOT_NULL(live_find(&r.live, TOKEN_REPORT, b));
	/* one door each */
	CU_ASSERT_PTR_NULL(live_find(&r.live, TOKEN_REPORT, a));
	CU_ASSERT_PTR_NULL(live_find(&r.live, TOKEN_MEDIUM, b));
	CU_ASSERT_PTR_NULL(live_token(&r.live, "ns/h1", "c1", 2, TOKEN_MEDIUM));
	kept = live_ref(live_find(&r.live, TOKEN_MEDIUM, a));
	live_put(&r.live, &w); /* the same again */
	CU_ASSERT_EQUAL(r.closed, 0);
	CU_ASSERT_PTR_EQUAL(live_find(&r.live, TOKEN_MEDIUM, a), kept);
	w = who("c1", 2);
	live_put(&r.live, &w);
	CU_ASSERT_EQUAL(r.closed, 1);
	CU_ASSERT_PTR_NULL(live_find(&r.live, TOKEN_MEDIUM, a));
	CU_ASSERT_FALSE(live_open(kept, TOKEN_MEDIUM));
	live_unref(kept);
	w = who("c2", 1);
	live_put(&r.live, &w);
	CU_ASSERT_EQUAL(r.closed, 2);
	live_drop(&r.live, "ns/h1");
	CU_ASSERT_EQUAL(r.closed, 3);
	CU_ASSERT_EQUAL(r.live.tokens.n, 0);
	live_drop(&r.live, "ns/h1");
	rig_close(&r);
}

static void
doors_close_one_by_one_and_by_time(void)
{
	struct rig r;
	struct live_who w = who("c1", 1);
	char t[TOKEN_CAP];

	rig_open(&r);
	live_put(&r.live, &w);
	(void)str_copy(
	    t, sizeof(t), live_token(&r.live, "ns/h1", "c1", 1, TOKEN_MEDIUM));
	w.may[TOKEN_MEDIUM] = false;
	live_put(&r.live, &w);
	CU_ASSERT_EQUAL(r.closed, 1);
	CU_ASSERT_PTR_NULL(live_find(&r.live, TOKEN_MEDIUM, t));
	CU_ASSERT_PTR_NULL(live_token(&r.live, "ns/h1", "c1", 1, TOKEN_MEDIUM));
	CU_ASSERT_PTR_NOT_NULL(
	    live_token(&r.live, "ns/h1", "c1", 1, TOKEN_REPORT));
	w.may[TOKEN_MEDIUM] = true;
	w.until_s[TOKEN_MEDIUM] = WORLD_EPOCH_S + 10;
	live_put(&r.live, &w);
	CU_ASSERT_PTR_NOT_NULL(live_find(&r.live, TOKEN_MEDIUM, t));
	(void)world_run(r.w, 11 * LOOP_S, NULL, NULL);
	/* nothing is scheduled in this world: make its time pass */
	w.until_s[TOKEN_MEDIUM] = WORLD_EPOCH_S - 1;
	live_put(&r.live, &w);
	CU_ASSERT_PTR_NULL(live_find(&r.live, TOKEN_MEDIUM, t));
	rig_close(&r);
}

static void
two_replicas_with_one_key_know_the_same_tokens(void)
{
	struct rig a, b;
	struct live_who w = who("c1", 1);
	const char *t;

	rig_open(&a);
	rig_open(&b);
	live_put(&a.live, &w);
	live_put(&b.live, &w);
	t = live_token(&a.live, "ns/h1", "c1", 1, TOKEN_MEDIUM);
	CU_ASSERT_PTR_NOT_NULL(live_find(&b.live, TOKEN_MEDIUM, t));
	live_set_keys(&b.live, NULL);
	CU_ASSERT_PTR_NULL(live_find(&b.live, TOKEN_MEDIUM, t));
	CU_ASSERT_PTR_NULL(live_token(&b.live, "ns/h1", "c1", 1, TOKEN_MEDIUM));
	rig_close(&a);
	rig_close(&b);
}

static void
a_new_key_leaves_running_boots_their_tokens(void)
{
	struct rig r;
	struct live_who old = who("c1", 1), young = who("c2", 1);
	struct live_keys k = keys_of(2);
	char a[TOKEN_CAP], b[TOKEN_CAP];

	rig_open(&r);
	old.armed_s = 100;
	young.name = "h2";
	live_put(&r.live, &old);
	live_put(&r.live, &young);
	(void)str_copy(
	    a, sizeof(a), live_token(&r.live, "ns/h1", "c1", 1, TOKEN_MEDIUM));
	(void)str_copy(
	    b, sizeof(b), live_token(&r.live, "ns/h2", "c2", 1, TOKEN_MEDIUM));
	memset(k.former, 1, sizeof(k.former));
	k.has_former = true;
	k.changed_s = 200;
	live_set_keys(&r.live, &k);
	CU_ASSERT_PTR_NOT_NULL(live_find(&r.live, TOKEN_MEDIUM, a));
	CU_ASSERT_STRING_NOT_EQUAL(
	    live_token(&r.live, "ns/h1", "c1", 1, TOKEN_MEDIUM), a);
	/* not armed before the change: it gets a new URL anyway */
	CU_ASSERT_PTR_NULL(live_find(&r.live, TOKEN_MEDIUM, b));
	young.armed_s = 201;
	live_put(&r.live, &young);
	CU_ASSERT_PTR_NULL(live_find(&r.live, TOKEN_MEDIUM, b));
	k.has_former = false;
	live_set_keys(&r.live, &k);
	CU_ASSERT_PTR_NULL(live_find(&r.live, TOKEN_MEDIUM, a));
	rig_close(&r);
}

static void
reads_are_remembered_in_one_kilobyte(void)
{
	struct seen s;

	seen_init(&s, 4ull << 30);
	CU_ASSERT_EQUAL(s.grain, 512u << 10);
	CU_ASSERT_TRUE(seen_mark(&s, 1, 38912, 2048)); /* a catalog */
	CU_ASSERT_TRUE(seen_mark(&s, 2, 40960, 4096)); /* a boot loader */
	CU_ASSERT_FALSE(seen_any(&s, 0, 4ull << 30));
	seen_add(&s, 32768, 2048, 5);
	CU_ASSERT_TRUE(seen_any(&s, 0, 2048)); /* as exact as a bit */
	CU_ASSERT_FALSE(seen_any(&s, 1 << 20, 2048));
	CU_ASSERT_PTR_NULL(seen_first(&s, 1)); /* marks are exact */
	seen_add(&s, 36864, 4096, 6);
	CU_ASSERT_EQUAL(seen_first(&s, 1)->bytes, 2048);
	CU_ASSERT_EQUAL(seen_first(&s, 1)->first_us, 6);
	CU_ASSERT_PTR_NULL(seen_first(&s, 2));
	CU_ASSERT_EQUAL(seen_permille(&s), 0);
	CU_ASSERT_FALSE(seen_downloaded(&s));
	CU_ASSERT_EQUAL(s.first_us, 5);
	CU_ASSERT_EQUAL(s.last_us, 6);
	/* lies about the size change nothing */
	seen_add(&s, UINT64_MAX, 1, 7);
	seen_add(&s, 0, UINT64_MAX, 7);
	CU_ASSERT_EQUAL(s.last_us, 6);
	seen_free(&s);
}

static void
a_download_is_told_from_reading_here_and_there(void)
{
	struct seen s;

	seen_init(&s, 10 << 20);
	for (uint64_t at = 0; at < 10 << 20; at += 4096)
		if (at != 8192)
			seen_add(&s, at, 4096, 1);
	CU_ASSERT_EQUAL(seen_permille(&s), 999);
	CU_ASSERT_FALSE(seen_downloaded(&s));
	seen_free(&s);
	seen_init(&s, 10 << 20);
	for (uint64_t at = 0; at < 10 << 20; at += 65536)
		seen_add(&s, at, 65536, 1);
	CU_ASSERT_EQUAL(seen_permille(&s), 1000);
	CU_ASSERT_TRUE(seen_downloaded(&s));
	seen_free(&s);
}

static void
rates_allow_bursts_and_recover(void)
{
	struct rate r = { 0 };
	unsigned n = 0;

	while (rate_take(&r, 0, 100) && n < 1000)
		n++;
	CU_ASSERT_EQUAL(n, 200);
	CU_ASSERT_FALSE(rate_take(&r, 9000, 100));
	CU_ASSERT_TRUE(rate_take(&r, 10000, 100));
	CU_ASSERT_FALSE(rate_take(&r, 10000, 100));
	CU_ASSERT_TRUE(rate_take(&r, 10000, 0)); /* no limit */
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_token_is_for_one_host_claim_attempt_and_purpose),
		UNIT_CASE(names_too_long_for_a_token_share_none),
		UNIT_CASE(only_the_two_paths_are_paths),
		UNIT_CASE(urls_are_short_and_masked),
		UNIT_CASE(a_claim_lives_until_another_takes_its_host),
		UNIT_CASE(doors_close_one_by_one_and_by_time),
		UNIT_CASE(two_replicas_with_one_key_know_the_same_tokens),
		UNIT_CASE(a_new_key_leaves_running_boots_their_tokens),
		UNIT_CASE(reads_are_remembered_in_one_kilobyte),
		UNIT_CASE(a_download_is_told_from_reading_here_and_there),
		UNIT_CASE(rates_allow_bursts_and_recover),
	};

	return UNIT_RUN("live", cases);
}
