/*
 * What the real network costs. A child process serves, this one asks:
 *
 *	bench_http [plain|tls] [keep|fresh] [CONNECTIONS] [SECONDS]
 *
 * Prints requests a second, processor time a request of both sides, the
 * longest turn of the client's loop, and memory a kept connection.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/http.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

struct bench {
	struct loop *l;
	struct http_net *net;
	struct tls_identity *id;
	bool keep, over;
	uint64_t done, failed, resumed;
	char why[160];
};

struct asker {
	struct bench *b;
	struct http_peer *p;
};

static void
answer(void *arg, struct http_exchange *x)
{
	struct http_header h = { "Content-Type", "application/json" };

	(void)arg;
	http_reply(x, 200, &h, 1, (struct http_bytes){ "{\"a\":1}", 7 });
}

static struct tls_identity *
identity(void *arg, const struct http_addr *local)
{
	(void)local;
	return arg;
}

static void
die(const char *what, const struct err *e)
{
	fprintf(stderr, "bench_http: %s: %s\n", what, e ? e->msg : "");
	exit(2);
}

static int
serve(int out, bool tls)
{
	struct loop *l = loop_event_new();
	struct tls_issue o = { .subject = "bench",
		.names = "127.0.0.1",
		.not_after_s = 4000000000 };
	struct http_listen_opts lo = {
		.addr = "127.0.0.1", .handle = answer, .max_conns = 60000
	};
	struct http_server *s;
	struct http_net *n;
	struct err e = { 0 };
	unsigned port;

	n = http_net_real_new(l, entropy_system(), &e);
	if (!n)
		die("net", &e);
	if (tls) {
		lo.identity = identity;
		lo.arg =
		    tls_identity_issue(&o, entropy_system(), NULL, NULL, &e);
	}
	s = http_listen(n, &lo, &e);
	if (!s)
		die("listen", &e);
	port = http_server_port(s);
	if (write(out, &port, sizeof port) != sizeof port)
		return 2;
	loop_run(l);
	return 0;
}

static void next(struct asker *a);

static void
done(void *arg, const struct http_result *r)
{
	struct asker *a = arg;

	a->b->done++;
	a->b->resumed += r->tls && r->tls->resumed;
	if (r->err != HTTP_OK) {
		a->b->failed++;
		(void)str_copy(a->b->why, sizeof a->b->why, r->why);
	}
	if (!a->b->over)
		next(a);
}

static void
next(struct asker *a)
{
	struct http_request q = { .method = "GET",
		.target = "/redfish/v1",
		.may_resend = a->b->keep,
		.done = done,
		.arg = a };

	(void)http_start(a->p, &q);
}

static void
stop(void *arg)
{
	struct bench *b = arg;

	b->over = true;
	loop_stop(b->l);
}

static long
resident_kb(pid_t pid)
{
	char path[64], line[128];
	int64_t pages = 0;
	FILE *f;

	(void)str_format(path, sizeof path, "/proc/%ld/statm", (long)pid);
	f = fopen(path, "r");
	if (f && fgets(line, sizeof line, f) && strchr(line, ' ')) {
		char *second = strchr(line, ' ') + 1;

		second[strcspn(second, " ")] = '\0';
		(void)str_to_i64(second, &pages);
	}
	if (f)
		(void)fclose(f);
	return (long)pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int64_t
cpu_us(pid_t pid)
{
	clockid_t clock;
	struct timespec t = { 0 };

	if (clock_getcpuclockid(pid, &clock) == 0)
		(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * LOOP_S + t.tv_nsec / 1000;
}

static void
load(struct bench *b, unsigned port, bool tls, unsigned conns, int64_t us,
    pid_t child)
{
	struct asker *a = xcalloc(conns, sizeof *a);
	struct timer t = { 0 };
	long kb = resident_kb(getpid()), kb_child = resident_kb(child);
	int64_t cpu = cpu_us(0), cpu_child = cpu_us(child), began;
	struct err e = { 0 };
	char base[64];
	double s, n;

	(void)str_format(
	    base, sizeof base, "http%s://127.0.0.1:%u", tls ? "s" : "", port);
	for (unsigned i = 0; i < conns; i++) {
		struct http_peer_opts o = { .base = base,
			.tls.insecure = true,
			.idle_close_us = b->keep ? 60 * LOOP_S : 0 };

		a[i].b = b;
		a[i].p = http_peer_new(b->net, &o, &e);
		if (!a[i].p)
			die("peer", &e);
		next(&a[i]);
	}
	began = loop_mono_us(b->l);
	timer_start(b->l, &t, us, stop, b);
	loop_run(b->l);
	s = (double)(loop_mono_us(b->l) - began) / LOOP_S;
	n = b->done > 0 ? (double)b->done : 1;
	printf("%-5s %-5s %5u connections: %8.0f requests/s, processor "
	       "client %.0f server %.0f us, longest turn %.1f ms\n",
	    tls ? "tls" : "plain", b->keep ? "keep" : "fresh", conns, n / s,
	    (double)(cpu_us(0) - cpu) / n,
	    (double)(cpu_us(child) - cpu_child) / n,
	    (double)loop_max_lag_us(b->l, true) / 1000);
	printf("      failed %" PRIu64 " %s, resumed %" PRIu64
	       "; memory a connection: client %.1f KB, server %.1f KB\n",
	    b->failed, b->why, b->resumed,
	    (double)(resident_kb(getpid()) - kb) / conns,
	    (double)(resident_kb(child) - kb_child) / conns);
	for (unsigned i = 0; i < conns; i++)
		http_peer_free(a[i].p);
	xfree(a);
}

int
main(int argc, char **argv)
{
	bool tls = argc > 1 && strcmp(argv[1], "tls") == 0;
	unsigned port = 0;
	int64_t conns = 16, seconds = 3;
	struct bench b = { .keep = argc <= 2 || strcmp(argv[2], "keep") == 0 };
	struct rlimit files;
	struct err e = { 0 };
	int fds[2];
	pid_t child;

	if ((argc > 3 && !str_to_i64(argv[3], &conns)) ||
	    (argc > 4 && !str_to_i64(argv[4], &seconds)))
		die("usage: [plain|tls] [keep|fresh] [CONNECTIONS] [SECONDS]",
		    NULL);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (pipe(fds) != 0)
		die("pipe", NULL);
	child = fork();
	if (child == 0)
		_exit(serve(fds[1], tls));
	if (read(fds[0], &port, sizeof port) != sizeof port)
		die("the server does not start", NULL);
	b.l = loop_event_new();
	b.net = http_net_real_new(b.l, entropy_system(), &e);
	if (!b.net)
		die("net", &e);
	load(&b, port, tls, (unsigned)conns, seconds * LOOP_S, child);
	http_net_free(b.net);
	loop_free(b.l);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	return b.failed > 0;
}
