/*
 * What virtual time costs: requests and timers a second, each beside a plain
 * loop that does the same work without a world (the same bytes copied, the same
 * heap sorted), so that the ratio means something on any machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/http.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"

#define HOSTS 1000
#define ROUNDS 200
#define TIMERS 1000000

static const char reply_body[] =
    "{\"@odata.id\":\"/redfish/v1/Systems/1\",\"PowerState\":\"On\"}";

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
report(const char *what, double n, double took_s, double plain_s)
{
	printf("%-34s %10.0f/s %8.3f us each; plain loop %8.3f us; x %.1f\n",
	    what, n / took_s, took_s / n * 1e6, plain_s / n * 1e6,
	    took_s / plain_s);
}

/* ---- requests ------------------------------------------------------------- */

struct host {
	struct http_peer *peer;
	unsigned left;
	unsigned long long *bytes;
};

static void
handle(void *arg, struct http_exchange *x)
{
	struct http_header h[] = {
		{ "Content-Type", "application/json" },
		{ "OData-Version", "4.0" },
		{ "ETag", "\"1\"" },
	};

	(void)arg;
	http_reply(x, 200, h, 3,
	    (struct http_bytes){ reply_body, sizeof(reply_body) - 1 });
}

static struct tls_identity *
identity(void *arg, const struct http_addr *local)
{
	(void)local;
	return arg;
}

static void done(void *arg, const struct http_result *r);

static void
ask(struct host *h)
{
	struct http_header token = { "X-Auth-Token", "0123456789abcdef" };
	struct http_request q = { .method = "GET",
		.target = "/redfish/v1/Systems/1",
		.headers = &token,
		.n_headers = 1,
		.may_resend = true,
		.done = done,
		.arg = h };

	(void)http_start(h->peer, &q);
}

static void
done(void *arg, const struct http_result *r)
{
	struct host *h = arg;

	if (r->err != HTTP_OK) {
		fprintf(stderr, "bench: %s\n", r->why);
		exit(1);
	}
	*h->bytes += r->body.n;
	if (--h->left > 0)
		ask(h);
}

static double
requests(bool tls, int64_t keep_us, unsigned long long *bytes)
{
	struct host *hosts = xcalloc(HOSTS, sizeof(*hosts));
	struct world *w = world_new(1);
	struct loop *agent = world_spawn(w, "agent", "10.0.0.1", 0);
	struct loop *sim = world_spawn(w, "sim", "10.0.0.2", 0);
	struct http_listen_opts listen = { .addr = "127.16.0.0",
		.prefix = 12,
		.port = 443,
		.max_conns = 2 * HOSTS,
		.handle = handle };
	struct tls_issue issue = {
		.is_ca = true, .subject = "bench", .not_after_s = 4000000000LL
	};
	struct http_server *s;
	double start;
	int i;

	listen.identity = tls ? identity : NULL;
	listen.arg = tls_identity_facts(&issue, world_entropy(sim));
	s = http_listen(world_net(sim), &listen, NULL);
	for (i = 0; i < HOSTS; i++) {
		char base[64];
		struct http_peer_opts o = { .base = base,
			.idle_close_us = keep_us };

		(void)str_format(base, sizeof(base), "%s://127.16.%d.%d:443",
		    tls ? "https" : "http", i / 256, i % 256);
		o.tls.insecure = true;
		hosts[i] = (struct host){ .left = ROUNDS, .bytes = bytes };
		hosts[i].peer = http_peer_new(world_net(agent), &o, NULL);
	}
	start = now_s();
	for (i = 0; i < HOSTS; i++)
		ask(&hosts[i]);
	(void)world_run(w, LOOP_HOUR, NULL, NULL);
	start = now_s() - start;
	for (i = 0; i < HOSTS; i++)
		http_peer_free(hosts[i].peer);
	http_server_free(s);
	tls_identity_free(listen.arg);
	world_free(w);
	xfree(hosts);
	return start;
}

/* The same strings copied out and back, without time or a network. */
static double
plain_requests(unsigned long long *bytes)
{
	double start = now_s();
	char *volatile keep;
	int i;

	for (i = 0; i < HOSTS * ROUNDS; i++) {
		char *q = xasprintf("GET %s HTTP/1.1\r\nHost: %s\r\n"
				    "X-Auth-Token: %s\r\n\r\n",
		    "/redfish/v1/Systems/1", "127.16.0.1:443",
		    "0123456789abcdef");
		char *r = xasprintf("HTTP/1.1 200 OK\r\nDate: %s\r\n"
				    "Content-Length: %d\r\n\r\n%s",
		    "Thu, 01 Jan 2026 00:00:00 GMT",
		    (int)sizeof(reply_body) - 1, reply_body);

		keep = q;
		keep = r;
		*bytes += strlen(strstr(r, "\r\n\r\n") + 4);
		xfree(q);
		xfree(keep);
	}
	return now_s() - start;
}

/* ---- timers ----------------------------------------------------------------- */

struct ticker {
	struct loop *l;
	struct timer t;
	struct rng rng;
	unsigned *left;
};

static void
tick(void *arg)
{
	struct ticker *k = arg;

	if (*k->left == 0)
		return;
	--*k->left;
	timer_start(k->l, &k->t, (int64_t)rng_below(&k->rng, 1000), tick, k);
}

static double
timers(void)
{
	struct ticker *k = xcalloc(HOSTS, sizeof(*k));
	struct world *w = world_new(1);
	struct loop *l = world_spawn(w, "p", "10.0.0.1", 0);
	unsigned left = TIMERS;
	double start;
	int i;

	for (i = 0; i < HOSTS; i++) {
		k[i].l = l;
		k[i].left = &left;
		rng_seed(&k[i].rng, (uint64_t)i, "tick");
		timer_start(l, &k[i].t, i, tick, &k[i]);
	}
	start = now_s();
	(void)world_run(w, LOOP_HOUR, NULL, NULL);
	start = now_s() - start;
	world_free(w);
	xfree(k);
	return start;
}

/* The same number of pops and pushes on a bare heap of times. */
static double
plain_timers(void)
{
	int64_t *heap = xcalloc(HOSTS + 1, sizeof(*heap)), v;
	struct rng rng;
	double start;
	size_t pos, child;
	int i;

	rng_seed(&rng, 1, "tick");
	for (i = 1; i <= HOSTS; i++)
		heap[i] = i;
	start = now_s();
	for (i = 0; i < TIMERS; i++) {
		v = heap[1] + (int64_t)rng_below(&rng, 1000);
		for (pos = 1; (child = 2 * pos) <= HOSTS; pos = child) {
			if (child < HOSTS && heap[child + 1] < heap[child])
				child++;
			if (heap[child] >= v)
				break;
			heap[pos] = heap[child];
		}
		heap[pos] = v;
	}
	start = now_s() - start;
	xfree(heap);
	return start;
}

int
main(void)
{
	unsigned long long bytes = 0, plain_bytes = 0;
	double n = (double)HOSTS * ROUNDS;
	double plain = plain_requests(&plain_bytes);

	report("requests, fresh connections", n, requests(false, 0, &bytes),
	    plain);
	report("requests, TLS, fresh connections", n, requests(true, 0, &bytes),
	    plain);
	report("requests, kept connections", n,
	    requests(false, LOOP_MIN, &bytes), plain);
	report("timers", TIMERS, timers(), plain_timers());
	return bytes == 3 * plain_bytes ? 0 : 1;
}
