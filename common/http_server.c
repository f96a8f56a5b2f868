/* Listeners: ports, blocks of addresses, accepting, stopping. */
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http_server_int.h"
#include "common/loop_event.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls_int.h"

#define ACCEPT_BATCH 64
#define ACCEPT_PAUSE_US (100 * LOOP_MS)
#define TICKET_LIFE_S 86400

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

static struct srv *
srv_of(const struct http_server *s)
{
	return (struct srv *)(uintptr_t)s;
}

static bool
is_v4(const struct http_addr *a)
{
	return memcmp(a->ip, v4_mapped, sizeof v4_mapped) == 0;
}

static socklen_t
to_sockaddr(const struct http_addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)ss;

	memset(ss, 0, sizeof *ss);
	if (is_v4(a)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(a->port);
		memcpy(&v4->sin_addr, a->ip + 12, 4);
		return sizeof *v4;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(a->port);
	memcpy(&v6->sin6_addr, a->ip, 16);
	return sizeof *v6;
}

static void
from_sockaddr(struct http_addr *a, const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *v4 = (const void *)ss;
	const struct sockaddr_in6 *v6 = (const void *)ss;

	memset(a, 0, sizeof *a);
	if (ss->ss_family == AF_INET) {
		memcpy(a->ip, v4_mapped, sizeof v4_mapped);
		memcpy(a->ip + 12, &v4->sin_addr, 4);
		a->port = ntohs(v4->sin_port);
	} else if (ss->ss_family == AF_INET6) {
		memcpy(a->ip, &v6->sin6_addr, 16);
		a->port = ntohs(v6->sin6_port);
	}
}

static bool
in_block(const struct srv *s, const struct http_addr *a)
{
	unsigned bits = s->o.prefix, from = is_v4(&s->first) ? 12 : 0;

	if (bits == 0)
		return true;
	for (unsigned i = from; bits > 0; i++) {
		unsigned n = bits < 8 ? bits : 8;
		uint8_t mask = (uint8_t)(0xff << (8 - n));

		if ((a->ip[i] ^ s->first.ip[i]) & mask)
			return false;
		bits -= n;
	}
	return true;
}

static void
reset_fd(int fd)
{
	struct linger l = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	(void)close(fd);
}

static void
srv_leave(struct srv *s)
{
	if (--s->busy == 0 && s->dead)
		xfree(s);
}

/* ---- accepting --------------------------------------------------------------- */

static void
set_accepting(struct srv *s, bool on)
{
	if (s->accepting == on)
		return;
	s->accepting = on;
	for (size_t i = 0; i < s->n_listeners; i++) {
		if (on)
			(void)event_add(s->listeners[i].ev, NULL);
		else
			(void)event_del(s->listeners[i].ev);
	}
}

static void
accept_again(void *arg)
{
	struct srv *s = arg;

	if (!s->stopping &&
	    (s->n_conns < s->o.max_conns || !TAILQ_EMPTY(&s->idle)))
		set_accepting(s, true);
}

void
srv_room(struct srv *s)
{
	if (!s->accepting && !s->stopping && !timer_armed(&s->accept_again))
		timer_start(s->net->loop, &s->accept_again, 0, accept_again, s);
}

/* Room for one more: the connection that is idle for the longest gives way. */
static bool
make_room(struct srv *s)
{
	if (s->n_conns < s->o.max_conns)
		return true;
	if (TAILQ_EMPTY(&s->idle))
		return false;
	conn_close(TAILQ_FIRST(&s->idle), false);
	return true;
}

static void
accepted(struct srv *s, int fd, const struct sockaddr_storage *peer)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t n = sizeof ss;
	struct http_addr local, remote;

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0) {
		(void)close(fd);
		return;
	}
	from_sockaddr(&local, &ss);
	from_sockaddr(&remote, peer);
	if (!in_block(s, &local) ||
	    (s->o.accept && !s->o.accept(s->o.arg, &local, &remote)) || s->dead)
		reset_fd(fd);
	else
		conn_new(s, fd, &local, &remote);
}

/* EMFILE and kin stay true for a while: do not spin, give back what idles. */
static void
pause_accepting(struct srv *s)
{
	if (!TAILQ_EMPTY(&s->idle))
		conn_close(TAILQ_FIRST(&s->idle), false);
	set_accepting(s, false);
	timer_start(
	    s->net->loop, &s->accept_again, ACCEPT_PAUSE_US, accept_again, s);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct srv *s = ((struct listener *)arg)->srv;

	(void)what;
	loop_event_enter(s->net->loop);
	s->busy++;
	for (int i = 0; i < ACCEPT_BATCH && s->accepting; i++) {
		struct sockaddr_storage ss = { 0 };
		socklen_t n = sizeof ss;
		int c;

		if (!make_room(s)) {
			set_accepting(s, false);
			break;
		}
		c = accept4((int)fd, (struct sockaddr *)&ss, &n,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c >= 0)
			accepted(s, c, &ss);
		else if (errno == EAGAIN)
			break;
		else if (errno != ECONNABORTED && errno != EINTR)
			pause_accepting(s);
	}
	srv_leave(s);
}

/* ---- opening ----------------------------------------------------------------- */

static bool
listen_on(struct listener *l, const char *where, struct err *e)
{
	l->ev = event_new(
	    l->srv->net->base, l->fd, EV_READ | EV_PERSIST, on_accept, l);
	if (!l->ev || event_add(l->ev, NULL) != 0)
		return err_set(e, ERR_INTERNAL, 0, "no event for %s", where);
	return true;
}

static bool
is_path(const char *addr)
{
	return addr && addr[0] == '/';
}

static bool
listen_unix(struct srv *s, const char *path, struct err *e)
{
	struct listener *l = &s->listeners[0];

	l->srv = s;
	l->fd = srv_unix_open(path, e);
	if (l->fd < 0)
		return false;
	s->n_listeners = 1;
	s->unix_path = xstrdup(path);
	return listen_on(l, path, e);
}

static bool
listen_one(struct srv *s, const struct http_addr *at, struct err *e)
{
	struct http_addr bind_to = *at;
	struct listener *l = &s->listeners[s->n_listeners];
	struct sockaddr_storage ss;
	socklen_t n;
	char text[64];
	int on = 1;

	http_addr_text(at, text);
	/* One wildcard socket serves a block; getsockname tells them apart. */
	if (s->o.prefix > 0)
		memset(
		    bind_to.ip + (is_v4(at) ? 12 : 0), 0, is_v4(at) ? 4 : 16);
	n = to_sockaddr(&bind_to, &ss);
	l->srv = s;
	l->fd =
	    socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return err_set(
		    e, ERR_INTERNAL, errno, "socket: %s", strerror(errno));
	s->n_listeners++;
	(void)setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (ss.ss_family == AF_INET6)
		(void)setsockopt(
		    l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(l->fd, (struct sockaddr *)&ss, n) != 0 ||
	    listen(l->fd, 1024) != 0)
		return err_set(e, ERR_SPEC, errno, "cannot listen on %s: %s",
		    text, strerror(errno));
	n = sizeof ss;
	if (s->port == 0 &&
	    getsockname(l->fd, (struct sockaddr *)&ss, &n) == 0) {
		from_sockaddr(&bind_to, &ss);
		s->port = bind_to.port;
	}
	return listen_on(l, text, e);
}

static bool
check_options(
    const struct http_listen_opts *o, struct http_addr *first, struct err *e)
{
	if (!o->handle)
		return err_set(e, ERR_INTERNAL, 0, "a server has no handler");
	memset(first, 0, sizeof *first);
	if (is_path(o->addr))
		return true;
	if (!http_addr_ip_parse(first, o->addr, (uint16_t)o->port))
		return err_set(e, ERR_SPEC, 0, "'%s' is no IP address",
		    o->addr ? o->addr : "");
	if (o->prefix > (is_v4(first) ? 32u : 128u))
		return err_set(e, ERR_SPEC, 0, "/%u is no prefix of %s",
		    o->prefix, o->addr);
	if (o->port > 65535 || o->n_ports > 65536 ||
	    o->port + o->n_ports > 65536 || (o->port == 0 && o->n_ports > 1))
		return err_set(e, ERR_SPEC, 0,
		    "%u ports from %u on are no range", o->n_ports, o->port);
	return true;
}

static bool
listen_range(struct srv *s, struct http_addr at, unsigned ports, struct err *e)
{
	for (unsigned i = 0; i < ports; i++) {
		at.port = (uint16_t)(s->o.port + i);
		if (!listen_one(s, &at, e))
			return false;
	}
	return true;
}

struct http_server *
srv_listen(
    struct http_net *net, const struct http_listen_opts *o, struct err *e)
{
	struct real_net *n = real_net_of(net);
	struct srv *s;
	struct http_addr first;
	unsigned ports = o->n_ports ? o->n_ports : 1;

	if (!check_options(o, &first, e))
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->obj = n->obj;
	s->net = n;
	s->o = *o;
	s->o.addr = NULL;
	s->first = first;
	s->port = o->port;
	s->accepting = true;
	s->date_s = INT64_MIN;
	http_limits_default(&s->o.limits);
	if (s->o.max_conns == 0)
		s->o.max_conns = 1024;
	TAILQ_INIT(&s->conns);
	TAILQ_INIT(&s->idle);
	TAILQ_INIT(&s->exchanges);
	TAILQ_INSERT_TAIL(&n->servers, s, in_net);
	mbedtls_ssl_ticket_init(&s->tickets);
	if (o->identity)
		s->has_tickets =
		    mbedtls_ssl_ticket_setup(&s->tickets, tls_rng, &n->ent,
			MBEDTLS_CIPHER_AES_256_GCM, TICKET_LIFE_S) == 0;
	s->listeners = xcalloc(ports, sizeof *s->listeners);
	if (is_path(o->addr) ? listen_unix(s, o->addr, e)
			     : listen_range(s, first, ports, e))
		return (struct http_server *)(void *)s;
	srv_free((struct http_server *)(void *)s);
	return NULL;
}

unsigned
srv_port(const struct http_server *s)
{
	return srv_of(s)->port;
}

/* ---- closing ------------------------------------------------------------------ */

static void
close_listeners(struct srv *s)
{
	for (size_t i = 0; i < s->n_listeners; i++) {
		if (s->listeners[i].ev)
			event_free(s->listeners[i].ev);
		(void)close(s->listeners[i].fd);
	}
	s->n_listeners = 0;
	srv_unix_close(s);
	timer_stop(&s->accept_again);
}

static void
grace_over(void *arg)
{
	struct srv *s = arg;
	struct conn *c;
	s->busy++;
	while ((c = TAILQ_FIRST(&s->conns)))
		conn_close(c, true);
	srv_leave(s);
}

void
srv_stop(struct http_server *server, int64_t grace_us)
{
	struct srv *s = srv_of(server);
	struct conn *c, *next;

	if (s->stopping)
		return;
	s->stopping = true;
	close_listeners(s);
	for (c = TAILQ_FIRST(&s->conns); c; c = next) {
		next = TAILQ_NEXT(c, in_srv);
		c->close_after = true;
		if (!c->x)
			conn_close(c, false);
	}
	timer_start(s->net->loop, &s->grace, grace_us, grace_over, s);
}

void
srv_free(struct http_server *server)
{
	struct srv *s = srv_of(server);
	struct exch *x;
	struct conn *c;

	s->stopping = true;
	close_listeners(s);
	timer_stop(&s->grace);
	/* No callback comes after this call, so nobody is told. */
	s->o.closed = NULL;
	TAILQ_FOREACH (x, &s->exchanges, in_srv)
		x->base.gone = NULL;
	while ((c = TAILQ_FIRST(&s->conns)))
		conn_close(c, true);
	while ((x = TAILQ_FIRST(&s->exchanges)))
		exch_free(x);
	mbedtls_ssl_ticket_free(&s->tickets);
	TAILQ_REMOVE(&s->net->servers, s, in_net);
	xfree(s->listeners);
	s->listeners = NULL;
	s->accepting = false;
	s->dead = true;
	s->busy++;
	srv_leave(s);
}

const char *
srv_date(struct srv *s)
{
	int64_t wall_us = loop_wall_us(s->net->loop);

	if (wall_us / LOOP_S != s->date_s) {
		s->date_s = wall_us / LOOP_S;
		http_date(s->date, wall_us);
	}
	return s->date;
}
