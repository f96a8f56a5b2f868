/*
 * Random operations on random networks: starts, cancels, pauses, raw replies,
 * kills, freezes and rules in any order. Each call ends at most once, nothing
 * hangs when the faults are over, and a seed gives the same story twice.
 */
#include "common/world.h"
#include "tests/unit/http_rig.h"

#define PEERS 6
#define CALLS 48
#define PARKED 16
#define STEPS 600

struct chaos_call {
	struct chaos *c;
	struct http_call *call; /* NULL = free */
	unsigned peer;
	size_t up_left;
};

/* An exchange that a handler keeps, with the stream it may send. */
struct parked {
	struct chaos *c;
	struct http_exchange *x; /* NULL = free */
	bool streaming;
	size_t down_left;
};

struct chaos {
	struct world *w;
	struct loop *client, *server;
	struct http_server *s;
	struct http_peer *peers[PEERS];
	struct tls_identity *id;
	struct chaos_call calls[CALLS];
	struct parked parked[PARKED];
	struct rng rng;
	struct buf log;
	int rules[4];
	unsigned started, done, cancelled, gone, calm;
	bool frozen[2];
};

static unsigned
dice(struct chaos *c, unsigned n)
{
	return (unsigned)rng_below(&c->rng, n);
}

/* ---- flows ------------------------------------------------------------------- */

static enum http_flow
any_flow(struct chaos *c)
{
	unsigned d = c->calm ? 99 : dice(c, 40);

	if (d == 0)
		return HTTP_ABORT;
	return d < 5 ? HTTP_PAUSE : HTTP_MORE;
}

static enum http_flow
pull_some(struct chaos *c, size_t *left, void *out, size_t cap, size_t *n)
{
	size_t want = 1 + dice(c, 9000);
	enum http_flow flow = any_flow(c);

	want = want < cap ? want : cap;
	want = want < *left ? want : *left;
	memset(out, 'x', want);
	*n = want;
	*left -= want;
	return *left == 0 ? HTTP_END : flow;
}

static enum http_flow
pull_up(void *arg, void *out, size_t cap, size_t *n)
{
	struct chaos_call *k = arg;

	return pull_some(k->c, &k->up_left, out, cap, n);
}

static enum http_flow
pull_down(void *arg, void *out, size_t cap, size_t *n)
{
	struct parked *p = arg;
	enum http_flow flow = pull_some(p->c, &p->down_left, out, cap, n);

	/* The exchange ends with either. */
	if (flow == HTTP_END || flow == HTTP_ABORT)
		p->x = NULL;
	return flow;
}

static enum http_flow
take_any(void *arg, struct http_bytes b)
{
	struct chaos_call *k = arg;

	return b.n == 0 ? HTTP_MORE : any_flow(k->c);
}

/* ---- the server -------------------------------------------------------------- */

static void
parked_gone(void *arg)
{
	struct parked *p = arg;

	p->c->gone++;
	CU_ASSERT_PTR_NOT_NULL(p->x);
	p->x = NULL;
}

static void
answer(struct chaos *c, struct parked *p)
{
	static const char wire[] = "HTTP/1.1 200 OK\r\n"
				   "Content-Length: 8\r\n\r\n12345678";
	struct http_exchange *x = p->x;
	struct http_source src = { .pull = pull_down, .arg = p };
	/* One draw a statement: compilers order arguments differently. */
	unsigned d = dice(c, 8), n = dice(c, sizeof(wire));
	enum http_break then;
	int64_t rate;
	int status;

	if (d < 5 || c->calm) {
		p->x = NULL;
		status = 200 + (int)dice(c, 5);
		http_reply(x, status, NULL, 0, (struct http_bytes){ wire, n });
	} else if (d < 7) {
		p->down_left = 1 + dice(c, 300000);
		src.length = dice(c, 2) ? -1 : (int64_t)p->down_left;
		p->streaming = true;
		http_reply_stream(x, 200, NULL, 0, &src);
	} else {
		p->x = NULL;
		rate = dice(c, 2) ? 20 : 0;
		then = (enum http_break)dice(c, 3);
		http_reply_raw(x, (struct http_bytes){ wire, n }, rate, then);
	}
}

static void
whole(void *arg, struct http_exchange *x, struct http_bytes b)
{
	struct parked *p = arg;

	(void)b;
	CU_ASSERT_PTR_EQUAL(p->x, x);
	answer(p->c, p);
}

static enum http_flow
take_upload(void *arg, struct http_bytes b)
{
	struct parked *p = arg;
	enum http_flow flow = b.n ? any_flow(p->c) : HTTP_MORE;

	if (flow == HTTP_ABORT)
		p->x = NULL;
	return flow;
}

static void
handle(void *arg, struct http_exchange *x)
{
	struct chaos *c = arg;
	struct http_sink sink = { .data = take_upload };
	struct parked *p = NULL;
	unsigned i;

	for (i = 0; i < PARKED; i++)
		if (!c->parked[i].x)
			p = &c->parked[i];
	if (!p) {
		http_reply(x, 503, NULL, 0, (struct http_bytes){ "", 0 });
		return;
	}
	*p = (struct parked){ .c = c, .x = x };
	http_exchange_on_gone(x, parked_gone, p);
	sink.arg = p;
	switch (dice(c, 4)) {
	case 0:
		http_exchange_collect(x, whole, p);
		break;
	case 1:
		http_exchange_sink(x, &sink);
		break;
	case 2:
		answer(c, p);
		break;
	default:
		break;
	}
}

static struct tls_identity *
identity(void *arg, const struct http_addr *local)
{
	struct chaos *c = arg;

	(void)local;
	return dice(c, 20) || c->calm ? c->id : NULL;
}

static bool
accept_most(
    void *arg, const struct http_addr *local, const struct http_addr *remote)
{
	struct chaos *c = arg;

	(void)local;
	(void)remote;
	return dice(c, 20) || c->calm;
}

static void
start_server(struct chaos *c)
{
	struct http_listen_opts o = { .port = 443,
		.max_conns = 5,
		.identity = identity,
		.accept = accept_most,
		.handle = handle,
		.arg = c };
	struct err e = { .kind = ERR_NONE };

	c->server = world_spawn(c->w, "bmc", "10.0.0.2", 0);
	c->s = http_listen(world_net(c->server), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c->s);
}

static void
crash_server(struct chaos *c)
{
	unsigned i;

	world_kill(c->server);
	for (i = 0; i < PARKED; i++)
		c->parked[i].x = NULL;
	if (dice(c, 2))
		http_server_free(c->s);
	world_reap(c->server);
	c->frozen[1] = false;
	start_server(c);
}

/* ---- the client -------------------------------------------------------------- */

static void
call_done(void *arg, const struct http_result *r)
{
	struct chaos_call *k = arg;
	struct chaos *c = k->c;

	CU_ASSERT_PTR_NOT_NULL(k->call);
	k->call = NULL;
	c->done++;
	(void)buf_addf(&c->log, "%lld %ld %s %s %d %zu\n",
	    (long long)r->done_us, (long)(k - c->calls), http_err_name(r->err),
	    http_phase_name(r->phase), r->status, r->body.n);
}

static void
start_call(struct chaos *c)
{
	struct chaos_call *k = &c->calls[dice(c, CALLS)];
	struct http_source src = { .pull = pull_up, .arg = k, .length = -1 };
	struct http_sink sink = { .data = take_any, .arg = k };
	struct http_request q = { .method = "GET",
		.target = "/",
		.limits = { .head_us = 2 * LOOP_S, .idle_us = LOOP_S },
		.may_resend = true,
		.done = call_done,
		.arg = k };

	if (k->call)
		return;
	k->c = c;
	k->peer = dice(c, PEERS);
	if (dice(c, 3) == 0) {
		q.method = "POST";
		q.body = (struct http_bytes){ "body", 4 };
	} else if (dice(c, 3) == 0) {
		q.method = "PUT";
		k->up_left = 1 + dice(c, 200000);
		q.source = &src;
	}
	if (dice(c, 2))
		q.sink = &sink;
	c->started++;
	k->call = http_start(c->peers[k->peer], &q);
}

static void
start_peer(struct chaos *c, unsigned i)
{
	struct http_peer_opts o = { .base = "https://10.0.0.2" };
	struct err e = { .kind = ERR_NONE };

	o.max_conns = 1 + dice(c, 3);
	o.idle_close_us = dice(c, 2) ? LOOP_S : 0;
	o.tls.insecure = true;
	c->peers[i] = http_peer_new(world_net(c->client), &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c->peers[i]);
}

static void
drop_peer(struct chaos *c)
{
	unsigned i = dice(c, PEERS), k;

	http_peer_free(c->peers[i]);
	for (k = 0; k < CALLS; k++) {
		if (c->calls[k].call && c->calls[k].peer == i) {
			c->calls[k].call = NULL;
			c->cancelled++;
		}
	}
	start_peer(c, i);
}

static void
cancel_one(struct chaos *c)
{
	struct chaos_call *k = &c->calls[dice(c, CALLS)];

	if (!k->call)
		return;
	http_cancel(k->call);
	k->call = NULL;
	c->cancelled++;
}

static void
resume_all(struct chaos *c)
{
	unsigned i;

	for (i = 0; i < CALLS; i++)
		if (c->calls[i].call)
			http_call_resume(c->calls[i].call);
	for (i = 0; i < PARKED; i++)
		if (c->parked[i].x)
			http_exchange_resume(c->parked[i].x);
}

static void
answer_one(struct chaos *c)
{
	struct parked *p = &c->parked[dice(c, PARKED)];

	if (p->x && !p->streaming)
		answer(c, p);
}

static void
change_rule(struct chaos *c)
{
	struct net_rule r = { .to = "bmc" };
	unsigned i = dice(c, 4);

	r.latency_us = dice(c, 3) ? dice(c, 20000) : 0;
	r.jitter_us = dice(c, 5000);
	r.refuse_ppm = dice(c, 200000);
	r.reset_ppm = dice(c, 200000);
	r.lose_reply_ppm = dice(c, 200000);
	r.truncate_ppm = dice(c, 200000);
	r.partition = dice(c, 4) == 0;
	if (c->rules[i])
		world_net_remove(c->w, c->rules[i]);
	c->rules[i] = dice(c, 2) ? world_net_add(c->w, &r) : 0;
}

static void
freeze_one(struct chaos *c)
{
	unsigned i = dice(c, 2);

	c->frozen[i] = !c->frozen[i];
	world_freeze(i ? c->server : c->client, c->frozen[i]);
}

/* ---- a story ------------------------------------------------------------------ */

static void
one_step(struct chaos *c)
{
	unsigned d = dice(c, 100);

	if (d < 60)
		start_call(c);
	else if (d < 70)
		cancel_one(c);
	else if (d < 80)
		answer_one(c);
	else if (d < 88)
		resume_all(c);
	else if (d < 93)
		change_rule(c);
	else if (d < 95)
		freeze_one(c);
	else if (d < 97)
		drop_peer(c);
	else if (d < 98)
		crash_server(c);
	(void)world_run(c->w, world_now_us(c->w) + dice(c, 20000), NULL, NULL);
}

/* The faults end; whoever waits is answered. */
static void
calm_down(struct chaos *c)
{
	unsigned i, k;

	c->calm = 1;
	for (i = 0; i < 4; i++)
		world_net_remove(c->w, c->rules[i]);
	world_freeze(c->client, false);
	world_freeze(c->server, false);
	for (i = 0; i < 60; i++) {
		resume_all(c);
		for (k = 0; k < PARKED; k++)
			if (c->parked[k].x && !c->parked[k].streaming)
				answer(c, &c->parked[k]);
		(void)world_run(
		    c->w, world_now_us(c->w) + 10 * LOOP_S, NULL, NULL);
	}
}

static char *
story(uint64_t seed)
{
	struct chaos *c = xcalloc(1, sizeof(*c));
	struct tls_issue issue = { .is_ca = true, .subject = "chaos" };
	char *log;
	unsigned i;

	rng_seed(&c->rng, seed, "chaos");
	buf_init(&c->log, 1u << 20);
	c->w = world_new(seed);
	c->client = world_spawn(c->w, "agent", "10.0.0.1", 0);
	c->id = tls_identity_facts(&issue, world_entropy(c->client));
	start_server(c);
	for (i = 0; i < PEERS; i++)
		start_peer(c, i);
	for (i = 0; i < STEPS; i++)
		one_step(c);
	calm_down(c);
	CU_ASSERT_EQUAL(c->started, c->done + c->cancelled);
	(void)buf_addf(&c->log, "%u %u %u %u open %u %u\n", c->started, c->done,
	    c->cancelled, c->gone, world_net_stats(c->client).open,
	    world_net_stats(c->server).open);
	CU_ASSERT_EQUAL(world_net_stats(c->client).open, 0);
	CU_ASSERT_EQUAL(world_net_stats(c->server).open, 0);
	if (seed % 2) {
		for (i = 0; i < PEERS; i++)
			http_peer_free(c->peers[i]);
		http_server_free(c->s);
	}
	world_free(c->w);
	tls_identity_free(c->id);
	log = buf_take(&c->log, NULL);
	xfree(c);
	return log;
}

static void
any_order_of_operations_ends_well_and_repeats(void)
{
	uint64_t seed, hash = 0;

	for (seed = 1; seed <= 40; seed++) {
		char *first = story(seed), *again = story(seed);

		CU_ASSERT(strlen(first) > 1000);
		CU_ASSERT_EQUAL(strcmp(first, again), 0);
		if (strcmp(first, again) != 0)
			printf("seed %llu\n", (unsigned long long)seed);
		hash = str_hash(first, hash);
		xfree(first);
		xfree(again);
	}
	/* To be compared between compilers and flags: it must not differ. */
	printf("hash %016llx ", (unsigned long long)hash);
}

static const struct unit_case cases[] = {
	{ "any order of operations ends well and repeats",
	    any_order_of_operations_ends_well_and_repeats },
};

int
main(void)
{
	return UNIT_RUN("world chaos", cases);
}
