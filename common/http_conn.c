/* One connection of the server: bytes in, bytes out, who waits for what. */
#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http_server_int.h"
#include "common/loop_event.h"
#include "common/mem.h"

#define LINGER_US (2 * LOOP_S)
#define LINGER_MAX (1u << 20)
#define ROUNDS 8 /* of reading or writing, before others have their turn */

static void run(struct conn *c);

/* ---- life ---------------------------------------------------------------------- */

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	loop_event_enter(c->srv->net->loop);
	if (what & EV_READ)
		c->readable = true;
	run(c);
}

void
conn_new(struct srv *s, int fd, const struct http_addr *local,
    const struct http_addr *remote)
{
	struct conn *c = xcalloc(1, sizeof *c);
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->srv = s;
	c->fd = fd;
	c->local = *local;
	c->remote = *remote;
	if (s->o.manner)
		s->o.manner(s->o.arg, local, &c->manner);
	c->state = c->manner.mute == HTTP_SILENT ? CONN_MUTE
		   : s->o.identity               ? CONN_SNIFF
						 : CONN_OPEN;
	c->in = evbuffer_new();
	c->out = evbuffer_new();
	c->ev_r =
	    event_new(s->net->base, fd, EV_READ | EV_PERSIST, on_socket, c);
	c->ev_w =
	    event_new(s->net->base, fd, EV_WRITE | EV_PERSIST, on_socket, c);
	TAILQ_INSERT_TAIL(&s->conns, c, in_srv);
	s->n_conns++;
	conn_parse_begin(c);
	conn_kick(c);
}

static void
conn_free(struct conn *c)
{
	conn_tls_free(c);
	event_free(c->ev_r);
	event_free(c->ev_w);
	evbuffer_free(c->in);
	evbuffer_free(c->out);
	buf_free(&c->head);
	xfree(c->client_cn);
	xfree(c->client_orgs);
	xfree(c);
}

void
conn_enter(struct conn *c)
{
	c->busy++;
}

void
conn_leave(struct conn *c)
{
	if (--c->busy == 0 && c->state == CONN_DEAD)
		conn_free(c);
}

static void
set_idle(struct conn *c, bool on)
{
	if (c->is_idle == on)
		return;
	c->is_idle = on;
	if (on) {
		TAILQ_INSERT_TAIL(&c->srv->idle, c, in_idle);
		srv_room(c->srv);
	} else {
		TAILQ_REMOVE(&c->srv->idle, c, in_idle);
	}
}

void
conn_close(struct conn *c, bool reset)
{
	struct linger l = { .l_onoff = 1 };
	struct srv *s = c->srv;

	if (c->state == CONN_DEAD)
		return;
	assert(s != NULL); /* only a dead connection has none */
	conn_enter(c);
	c->state = CONN_DEAD;
	set_idle(c, false);
	TAILQ_REMOVE(&s->conns, c, in_srv);
	s->n_conns--;
	timer_stop(&c->t_in);
	timer_stop(&c->t_out);
	deferred_cancel(&c->kick);
	(void)event_del(c->ev_r);
	(void)event_del(c->ev_w);
	if (reset)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	(void)close(c->fd);
	srv_room(s);
	if (s->o.closed)
		s->o.closed(s->o.arg, &c->local);
	c->srv = NULL;
	if (c->x) {
		struct exch *x = c->x;

		c->x = NULL;
		exch_detach(x, true);
	}
	conn_leave(c);
}

static void
kicked(void *arg)
{
	run(arg);
}

void
conn_kick(struct conn *c)
{
	if (c->state != CONN_DEAD)
		loop_defer(c->srv->net->loop, &c->kick, kicked, c);
}

/* ---- waiting -------------------------------------------------------------------- */

static void
waited(void *arg)
{
	struct conn *c = arg;

	conn_enter(c);
	if (c->waits == WAIT_HEAD || c->waits == WAIT_BODY) {
		conn_refuse(c, 408, "the request did not come in time");
		conn_kick(c);
	} else {
		conn_close(c, c->waits == WAIT_HANDSHAKE);
	}
	conn_leave(c);
}

static void
write_stalled(void *arg)
{
	conn_close(arg, true);
}

static void
arm(struct conn *c, struct timer *t, int64_t us, loop_fn *fn)
{
	assert(c->srv != NULL); /* only a dead connection has none */
	if (us == HTTP_NO_LIMIT)
		timer_stop(t);
	else
		timer_start(c->srv->net->loop, t, us, fn, c);
}

static enum conn_wait
wait_of(const struct conn *c)
{
	switch (c->state) {
	case CONN_SNIFF:
	case CONN_HANDSHAKE:
		return WAIT_HANDSHAKE;
	case CONN_LINGER:
		return WAIT_CLOSE;
	case CONN_OPEN:
		if (c->x)
			return !c->x->body_done && exch_wants_body(c->x)
				   ? WAIT_BODY
				   : WAIT_NONE;
		if (c->wire_n > 0 || evbuffer_get_length(c->in) > 0)
			return c->close_after ? WAIT_NONE : WAIT_HEAD;
		return WAIT_REQUEST;
	case CONN_MUTE:
	case CONN_DEAD:
		break;
	}
	return WAIT_NONE;
}

static void
set_wait(struct conn *c)
{
	enum conn_wait w = wait_of(c);
	const struct http_limits *l;

	assert(c->srv != NULL); /* only a dead connection has none */
	l = &c->srv->o.limits;
	if (w == c->waits)
		return;
	c->waits = w;
	switch (w) {
	case WAIT_NONE:
		timer_stop(&c->t_in);
		break;
	case WAIT_HANDSHAKE:
		arm(c, &c->t_in, l->connect_us, waited);
		break;
	case WAIT_REQUEST:
	case WAIT_BODY:
		arm(c, &c->t_in, l->idle_us, waited);
		break;
	case WAIT_HEAD:
		arm(c, &c->t_in, l->head_us, waited);
		break;
	case WAIT_CLOSE:
		arm(c, &c->t_in, LINGER_US, waited);
		break;
	}
}

void
conn_body_progress(struct conn *c)
{
	if (c->waits == WAIT_BODY)
		arm(c, &c->t_in, c->srv->o.limits.idle_us, waited);
}

static void
set_event(struct event *ev, bool *is, bool want)
{
	if (*is == want)
		return;
	*is = want;
	if (want)
		(void)event_add(ev, NULL);
	else
		(void)event_del(ev);
}

static void
settle(struct conn *c)
{
	bool room =
	    c->state != CONN_OPEN || evbuffer_get_length(c->in) < SRV_READ_MAX;
	bool out = evbuffer_get_length(c->out) > 0;

	assert(c->srv != NULL);
	set_event(c->ev_r, &c->reading, room && !c->eof);
	set_event(c->ev_w, &c->writing, out || c->want_write);
	set_wait(c);
	if (!out)
		timer_stop(&c->t_out);
	else if (!timer_armed(&c->t_out))
		arm(c, &c->t_out, c->srv->o.limits.idle_us, write_stalled);
	set_idle(c, c->waits == WAIT_REQUEST && !out && !c->close_after);
}

/* ---- reading -------------------------------------------------------------------- */

static long
read_some(struct conn *c, char *p, size_t n)
{
	return c->tls ? conn_tls_read(c, p, n) : recv(c->fd, p, n, 0);
}

/* true if something came that has to be looked at. */
static bool
fill(struct conn *c)
{
	char piece[SRV_READ_MAX];
	long n;

	if (c->eof || (!c->readable && !conn_tls_pending(c)) ||
	    evbuffer_get_length(c->in) >= SRV_READ_MAX)
		return false;
	n = read_some(c, piece, sizeof piece);
	if (n > 0) {
		(void)evbuffer_add(c->in, piece, (size_t)n);
		secret_wipe(piece, (size_t)n); /* callers' tokens */
		return true;
	}
	c->readable = false;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	c->eof = true;
	return n == 0;
}

static void
linger(struct conn *c)
{
	char piece[4096];
	long n;

	while ((n = recv(c->fd, piece, sizeof piece, 0)) > 0) {
		c->lingered += (size_t)n;
		if (c->lingered > LINGER_MAX)
			break;
	}
	if (n >= 0 || errno != EAGAIN)
		conn_close(c, false);
}

/* Takes what comes and says nothing, for as long as the peer will. */
static void
stay_mute(struct conn *c)
{
	char piece[4096];
	long n = recv(c->fd, piece, sizeof piece, 0);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		conn_close(c, false);
}

static void
refuse_tls(struct conn *c, uint8_t what)
{
	const uint8_t record[] = { MBEDTLS_SSL_MSG_ALERT, 3, 3, 0, 2,
		MBEDTLS_SSL_ALERT_LEVEL_FATAL, what };

	(void)send(c->fd, record, sizeof record, MSG_NOSIGNAL);
	(void)shutdown(c->fd, SHUT_WR);
	c->state = CONN_LINGER;
}

/* TLS ports hear plain HTTP from people's browsers: tell them. */
static void
sniff(struct conn *c)
{
	unsigned char first;
	ssize_t n = recv(c->fd, &first, 1, MSG_PEEK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		c->readable = false;
		return;
	}
	if (n == 1 && first >= 'A' && first <= 'Z') {
		c->redirect = true;
		c->state = CONN_OPEN;
	} else if (n == 1 && c->manner.alert) {
		refuse_tls(c, c->manner.alert);
	} else if (n == 1 && conn_tls_start(c)) {
		c->state = CONN_HANDSHAKE;
	} else if (n == 1) {
		refuse_tls(c, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
	} else {
		conn_close(c, false);
	}
}

static void
handshake(struct conn *c)
{
	int ret = conn_tls_handshake(c);

	if (ret < 0)
		conn_close(c, false); /* an alert may be on its way */
	else if (ret > 0)
		c->state = CONN_OPEN;
	else if (c->tls->stalled)
		c->state = CONN_MUTE;
	else
		c->readable = false;
}

/* ---- writing -------------------------------------------------------------------- */

static bool
write_out(struct conn *c)
{
	while (evbuffer_get_length(c->out) > 0) {
		long n =
		    c->tls ? conn_tls_write(c) : evbuffer_write(c->out, c->fd);

		if (n > 0) {
			timer_stop(&c->t_out);
			continue;
		}
		if (errno == EAGAIN || errno == EINTR)
			return true;
		conn_close(c, true);
		return false;
	}
	return true;
}

static void
say_goodbye(struct conn *c)
{
	if (c->tls && !c->cut)
		(void)mbedtls_ssl_close_notify(&c->tls->ssl);
	(void)shutdown(c->fd, SHUT_WR);
	c->state = CONN_LINGER;
	if (c->eof)
		conn_close(c, false);
	else
		linger(c);
}

/* The reply is all in the output; the next request may come. */
static void
exchange_done(struct conn *c)
{
	struct exch *x = c->x;

	c->x = NULL;
	exch_free(x);
	if (c->srv->stopping)
		c->close_after = true;
	conn_parse_begin(c);
}

/* Writes and asks for more to write; false if the connection ended. */
static bool
refill(struct conn *c)
{
	enum exch_step step = STEP_MORE;

	for (int i = 0; step == STEP_MORE && i < ROUNDS; i++) {
		if (!write_out(c))
			return false;
		step = STEP_IDLE;
		if (c->x && evbuffer_get_length(c->out) < SRV_OUT_MAX)
			step = exch_pump(c->x);
		if (c->state == CONN_DEAD)
			return false;
	}
	c->cut |= step == STEP_CUT;
	if (step == STEP_RESET)
		conn_close(c, true);
	else if (step == STEP_FIN || step == STEP_CUT)
		c->close_after = true;
	else if (step == STEP_MORE)
		conn_kick(c);
	return step != STEP_RESET;
}

/* Lets out what can go and ends what is complete; false as above. */
static bool
drain(struct conn *c)
{
	if (!refill(c))
		return false;
	if (c->x && c->x->reply == REPLY_DONE &&
	    (c->x->body_done || c->close_after))
		exchange_done(c);
	if (c->close_after && !c->x && evbuffer_get_length(c->out) == 0)
		say_goodbye(c);
	return c->state != CONN_DEAD;
}

/* ---- the turn of a connection ------------------------------------------------------ */

static void
run_open(struct conn *c)
{
	bool more = true;

	for (int i = 0; more && i < ROUNDS && c->state == CONN_OPEN; i++) {
		more = fill(c);
		conn_parse(c);
		if (c->state == CONN_DEAD || !drain(c))
			return;
		/* A finished exchange lets the next request in. */
		more |= !c->x && !c->close_after &&
			evbuffer_get_length(c->in) > 0 &&
			evbuffer_get_length(c->out) < SRV_OUT_MAX;
	}
	if (more && c->state == CONN_OPEN)
		conn_kick(c);
	/* Whoever closed its end before the reply does not want it. */
	if (c->eof && c->state == CONN_OPEN &&
	    (evbuffer_get_length(c->out) == 0 || c->x))
		conn_close(c, false);
}

static void
run(struct conn *c)
{
	conn_enter(c);
	if (c->state == CONN_SNIFF && c->readable)
		sniff(c);
	if (c->state == CONN_HANDSHAKE)
		handshake(c);
	if (c->state == CONN_OPEN)
		run_open(c);
	else if (c->state == CONN_LINGER)
		linger(c);
	else if (c->state == CONN_MUTE && c->readable)
		stay_mute(c);
	if (c->state != CONN_DEAD)
		settle(c);
	conn_leave(c);
}
