/*
 * A client process that is stopped for a while (SIGSTOP, a suspended machine)
 * does not call its live peers silent when it goes on: it reads first. The
 * server and whoever stops and continues are processes of their own.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/http_rig_real.h"

#define LIMIT (400 * LOOP_MS)

struct stall {
	struct http_rig rig;
	pid_t server, helper;
	bool wake; /* the server too, while we are stopped */
};

static void
pass_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

/* Replies 150 ms after it was asked, until it is killed. */
static void
reply_late(void *arg)
{
	struct http_rig *r = arg;

	if (r->x != NULL)
		rig_answer(r, r->x);
	r->x = NULL;
}

static void
serve_late(struct http_rig *r, struct http_exchange *x)
{
	static struct timer t;

	r->x = x;
	timer_start(r->server, &t, 150 * LOOP_MS, reply_late, r);
}

static struct tls_identity *
make_identity(void)
{
	struct tls_issue o = { .subject = "stall",
		.names = "127.0.0.1",
		.not_after_s = 4102444800 };
	struct err e = { .kind = ERR_NONE };

	return tls_identity_issue(&o, entropy_system(), NULL, NULL, &e);
}

static void
server_main(struct http_rig *r, bool tls, int out)
{
	const struct http_listen_opts o = { .identity =
						tls ? rig_identity : NULL };

	rig_open(r, &rig_real, 1);
	r->on_request = serve_late;
	r->id = tls ? make_identity() : NULL;
	rig_listen(r, &o);
	(void)!write(out, &r->port, sizeof r->port);
	rig_pass(r, 30 * LOOP_S);
	_exit(0);
}

static void
stall_open(struct stall *s, bool tls)
{
	const struct http_peer_opts o = { .tls = { .insecure = true } };
	unsigned port = 0;
	int pipes[2];

	memset(s, 0, sizeof *s);
	CU_ASSERT_FATAL(pipe(pipes) == 0);
	s->server = fork();
	if (s->server == 0)
		server_main(&s->rig, tls, pipes[1]);
	CU_ASSERT_FATAL(
	    read(pipes[0], &port, sizeof port) == (ssize_t)sizeof port);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	rig_open(&s->rig, &rig_real, 1);
	s->rig.port = port;
	s->rig.id = tls ? make_identity() : NULL;
	rig_peer(&s->rig, &o);
}

static void
stall_close(struct stall *s)
{
	(void)kill(s->server, SIGKILL);
	(void)waitpid(s->server, NULL, 0);
	(void)waitpid(s->helper, NULL, 0);
	rig_close(&s->rig);
}

/* Stops this process in 50 ms, and lets it go on 1.5 s later; a server that
 * was stopped goes on in between. */
static void
stop_me(struct stall *s)
{
	pid_t me = getpid();

	s->helper = fork();
	if (s->helper != 0)
		return;
	pass_ms(50);
	(void)kill(me, SIGSTOP);
	pass_ms(100);
	if (s->wake)
		(void)kill(s->server, SIGCONT);
	pass_ms(1400);
	(void)kill(me, SIGCONT);
	_exit(0);
}

static void
a_reply_that_came_while_we_were_stopped_is_read(void)
{
	const struct http_request q = { .limits = { .head_us = LIMIT } };
	struct stall s;
	struct ask a;

	stall_open(&s, false);
	stop_me(&s);
	ask(&s.rig, &a, &q);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT(a.done_us - a.started_us > LOOP_S);
	CU_ASSERT(loop_stalled_us(s.rig.client) > LOOP_S);
	stall_close(&s);
}

/* The handshake needs more than one look after the stop. */
static void
a_connection_that_began_before_the_stop_is_finished(void)
{
	const struct http_request q = { .limits = { .connect_us = LIMIT } };
	struct stall s;
	struct ask a;

	stall_open(&s, true);
	s.wake = true;
	(void)kill(s.server, SIGSTOP);
	stop_me(&s);
	ask(&s.rig, &a, &q);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	stall_close(&s);
}

/* Whoever allowed the write did so before the stop. */
static void
a_write_that_had_not_left_never_leaves(void)
{
	const struct http_request q = { .method = "POST",
		.limits = { .connect_us = LIMIT } };
	struct stall s;
	struct ask a;

	stall_open(&s, true);
	s.wake = true;
	(void)kill(s.server, SIGSTOP);
	stop_me(&s);
	ask(&s.rig, &a, &q);
	CHECK_END(&a, HTTP_E_DEADLINE, HTTP_P_TLS);
	CU_ASSERT_FALSE(a.maybe_executed);
	stall_close(&s);
}

static void
a_peer_that_is_silent_after_the_stop_is_called_so(void)
{
	const struct http_request q = { .limits = { .head_us = LIMIT } };
	struct stall s;
	struct ask a;

	stall_open(&s, false);
	(void)kill(s.server, SIGSTOP);
	stop_me(&s);
	ask(&s.rig, &a, &q);
	CHECK_END(&a, HTTP_E_DEADLINE, HTTP_P_HEAD);
	stall_close(&s);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "a reply that came while we were stopped is read",
		    a_reply_that_came_while_we_were_stopped_is_read },
		{ "a connection that began before the stop is finished",
		    a_connection_that_began_before_the_stop_is_finished },
		{ "a write that had not left never leaves",
		    a_write_that_had_not_left_never_leaves },
		{ "a peer that is silent after the stop is called so",
		    a_peer_that_is_silent_after_the_stop_is_called_so },
	};

	return UNIT_RUN("http_stall", cases);
}
