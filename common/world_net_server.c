#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/world_net.h"

#define FIRST_FREE_PORT 40000
#define FREE_PORTS 20000

static const uint8_t v4_mapped[12] = { [10] = 0xff, [11] = 0xff };

static struct vnet_server *
server_of(struct http_server *s)
{
	return (struct vnet_server *)(void *)s;
}

/* ---- listening ------------------------------------------------------------ */

static bool
listen_block(const struct vnet *net, const struct http_listen_opts *o,
    struct vnet_port *k, struct err *e)
{
	struct http_addr a = net->proc->ip;
	bool any = str_eq(o->addr, "0.0.0.0") || str_eq(o->addr, "::");
	bool v4;

	/* "Any address" of a simulated machine is its own one. */
	if (o->addr && (!any || o->prefix > 0) &&
	    !http_addr_ip_parse(&a, o->addr, 0))
		return err_set(e, ERR_SPEC, 0, "%s is no IP address", o->addr);
	v4 = memcmp(a.ip, v4_mapped, sizeof(v4_mapped)) == 0;
	if (o->prefix > (v4 ? 32u : 128u) || o->port > 65535 ||
	    o->n_ports > 65536 || o->port + o->n_ports > 65536 ||
	    (o->port == 0 && o->n_ports > 1))
		return err_set(e, ERR_SPEC, 0, "%s/%u port %u: out of range",
		    o->addr ? o->addr : "", o->prefix, o->port);
	memcpy(k->ip, a.ip, sizeof(k->ip));
	k->bits = o->prefix == 0 ? 128 : o->prefix + (v4 ? 96 : 0);
	k->first = o->port;
	k->n = o->n_ports ? o->n_ports : 1;
	return true;
}

static bool
listen_somewhere(struct fabric *f, struct vnet_port *k, struct err *e)
{
	unsigned tries;

	if (k->first != 0)
		return fabric_listen(f, k, e);
	for (tries = 0; tries < FREE_PORTS; tries++) {
		k->first = FIRST_FREE_PORT + f->next_port;
		f->next_port = (f->next_port + k->n) % FREE_PORTS;
		if (k->first + k->n <= 65536 && fabric_listen(f, k, NULL))
			return true;
	}
	return err_set(e, ERR_NET, 0, "no free port");
}

static void grace_over(void *arg);

struct http_server *
vnet_listen(struct http_net *n, const struct http_listen_opts *o, struct err *e)
{
	struct vnet *net = (struct vnet *)(void *)n;
	struct vnet_port k = { .bits = 0 };
	struct vnet_server *s;

	if (!o->handle) {
		(void)err_set(e, ERR_INTERNAL, 0, "a server has no handler");
		return NULL;
	}
	if (!listen_block(net, o, &k, e))
		return NULL;
	s = xcalloc(1, sizeof(*s));
	k.server = s;
	if (!net->dead && !listen_somewhere(net->fabric, &k, e)) {
		xfree(s);
		return NULL;
	}
	s->ops = net->ops;
	s->net = net;
	s->o = *o;
	s->o.addr = NULL;
	http_limits_default(&s->o.limits);
	if (s->o.max_conns == 0)
		s->o.max_conns = 1024;
	s->serial = ++net->fabric->serial;
	s->port = k.first;
	TAILQ_INIT(&s->backlog);
	TAILQ_INIT(&s->kept);
	LIST_INSERT_HEAD(&net->servers, s, of_net);
	return (struct http_server *)s;
}

unsigned
vnet_server_port(const struct http_server *s)
{
	return ((const struct vnet_server *)(const void *)s)->port;
}

/* ---- stopping ------------------------------------------------------------- */

static void
end_conn(struct vnet_conn *c, enum vnet_kind kind)
{
	if (c->x)
		vnet_exchange_gone(c->x);
	vnet_half_end(&c->srv, kind);
}

static void
grace_over(void *arg)
{
	struct vnet_server *s = arg;
	struct vnet_conn *c;

	while (!s->freed && (c = LIST_FIRST(&s->conns)))
		end_conn(c, VNET_RST);
}

void
vnet_server_stop(struct http_server *hs, int64_t grace_us)
{
	struct vnet_server *s = server_of(hs);
	struct vnet_conn *c, *next;

	if (s->stopped)
		return;
	s->stopped = true;
	fabric_unlisten(s->net->fabric, s);
	for (c = LIST_FIRST(&s->conns); c; c = next) {
		next = LIST_NEXT(c, of_server);
		if (!c->x)
			vnet_half_end(&c->srv, VNET_FIN);
	}
	timer_start(vnet_loop(s->net), &s->grace, grace_us, grace_over, s);
}

void
vnet_server_free(struct http_server *hs)
{
	struct vnet_server *s = server_of(hs);
	struct vnet_exchange *x;
	struct vnet_conn *c;

	if (s->freed)
		return;
	s->freed = true;
	fabric_unlisten(s->net->fabric, s);
	timer_stop(&s->grace);
	while ((x = LIST_FIRST(&s->exchanges)))
		vnet_exchange_free(x);
	while ((c = LIST_FIRST(&s->conns)))
		vnet_half_end(&c->srv, VNET_RST);
	LIST_REMOVE(s, of_net);
	fabric_trash(s->net->fabric, &s->trash, s, xfree);
}

/* ---- connections ---------------------------------------------------------- */

void
vnet_server_connect(struct vnet_server *s, struct vnet_conn *c)
{
	struct vnet *client = c->cli.net;

	vnet_half_open(&c->srv, c, s->net);
	c->server = s;
	c->server_serial = s->serial;
	LIST_INSERT_HEAD(&s->conns, c, of_server);
	c->local = c->route->to;
	c->remote = client->proc->ip;
	c->remote.port = (uint16_t)(32768 + client->next_port++ % 28000);
}

static void
unkeep(struct vnet_conn *c)
{
	if (c->kept)
		TAILQ_REMOVE(&c->server->kept, c, of_kept);
	c->kept = false;
}

static void
admit_next(struct vnet_server *s)
{
	struct vnet_conn *waiting = TAILQ_FIRST(&s->backlog);

	if (!waiting)
		return;
	TAILQ_REMOVE(&s->backlog, waiting, of_backlog);
	waiting->in_backlog = false;
	vnet_half_resume(&waiting->srv);
}

void
vnet_server_drop(struct vnet_conn *c)
{
	struct vnet_server *s = c->server;

	timer_stop(&c->srv_idle);
	if (c->x) {
		/* Its process was killed. */
		deferred_cancel(&c->x->work);
		c->x->conn = NULL;
		c->x = NULL;
	}
	if (!s)
		return;
	LIST_REMOVE(c, of_server);
	if (c->in_backlog)
		TAILQ_REMOVE(&s->backlog, c, of_backlog);
	c->in_backlog = false;
	unkeep(c);
	c->server = NULL;
	if (!c->admitted)
		return;
	s->n_conns--;
	if (c->accepted && s->o.closed && !s->freed && !s->net->dead)
		s->o.closed(s->o.arg, &c->local);
	admit_next(s);
}

/* Before TLS there are no requests that one could stall at. */
static bool
is_mute(const struct vnet_conn *c)
{
	return c->manner.mute == HTTP_SILENT ||
	       (c->manner.mute == HTTP_STALLS && c->https);
}

/* The server waits for its client: for a request, for more of its body, or for
 * room in the window. */
static bool
waits_for_client(const struct vnet_conn *c)
{
	const struct vnet_exchange *x = c->x;

	if (is_mute(c))
		return false;
	if (!x)
		return !c->srv.out.active;
	if (c->srv.out.active)
		return c->srv.out.credit == 0;
	return !x->body_done && x->mode != VNET_BODY_UNDECIDED && !c->srv.hold;
}

static void
srv_idle_over(void *arg)
{
	struct vnet_conn *c = arg;
	int64_t left =
	    c->srv_last_us + c->server->o.limits.idle_us - vnet_now(c->srv.net);

	if (!waits_for_client(c))
		return;
	if (left > 0)
		timer_start(vnet_loop(c->srv.net), &c->srv_idle, left,
		    srv_idle_over, c);
	else
		end_conn(c, c->x ? VNET_RST : VNET_FIN);
}

void
vnet_server_touch(struct vnet_conn *c)
{
	if (!c->server || c->server->o.limits.idle_us < 0)
		return;
	c->srv_last_us = vnet_now(c->srv.net);
	if (!timer_armed(&c->srv_idle))
		timer_start(vnet_loop(c->srv.net), &c->srv_idle,
		    c->server->o.limits.idle_us, srv_idle_over, c);
}

void
vnet_server_release(struct vnet_conn *c)
{
	struct vnet_server *s = c->server;

	c->x = NULL;
	if (c->close_after || s->stopped) {
		vnet_half_end(&c->srv, VNET_FIN);
		return;
	}
	c->kept = true;
	TAILQ_INSERT_TAIL(&s->kept, c, of_kept);
	vnet_server_touch(c);
}

/* ---- what arrives --------------------------------------------------------- */

bool
vnet_server_ready(struct vnet_conn *c, const struct vnet_msg *m)
{
	struct vnet_server *s = c->server;

	if (m->kind == VNET_RST || m->kind == VNET_FIN)
		return true;
	/* The connection that is idle for the longest gives way. */
	if (!c->admitted && s->n_conns >= s->o.max_conns &&
	    !TAILQ_EMPTY(&s->kept))
		vnet_half_end(&TAILQ_FIRST(&s->kept)->srv, VNET_FIN);
	if (!c->admitted && s->n_conns >= s->o.max_conns) {
		c->in_backlog = true;
		c->srv.hold = true;
		TAILQ_INSERT_TAIL(&s->backlog, c, of_backlog);
		return false;
	}
	if (m->kind == VNET_DATA && c->x && c->x->mode == VNET_BODY_UNDECIDED) {
		c->srv.hold = true;
		return false;
	}
	return true;
}

static bool
admit(struct vnet_conn *c)
{
	struct vnet_server *s = c->server;

	c->admitted = true;
	s->n_conns++;
	s->net->stats.accepted++;
	vnet_server_touch(c);
	if (s->o.accept && !s->o.accept(s->o.arg, &c->local, &c->remote)) {
		vnet_half_end(&c->srv, VNET_RST);
		return false;
	}
	c->accepted = c->srv.net != NULL;
	if (c->srv.net && s->o.manner)
		s->o.manner(s->o.arg, &c->local, &c->manner);
	return c->srv.net != NULL;
}

/* A client's certificate counts when the server's CA has signed it. */
static void
check_client(struct vnet_conn *c)
{
	struct vnet_server *s = c->server;
	int64_t now_s = loop_wall_us(vnet_loop(s->net)) / LOOP_S;
	struct tls_facts f;

	if (!s->o.client_ca || !c->client_id)
		return;
	tls_identity_get_facts(c->client_id, &f);
	if (!tls_trust_has_spki(s->o.client_ca, f.issuer_spki_sha256) ||
	    now_s < f.not_before_s || now_s > f.not_after_s)
		return;
	c->client_ok = true;
}

static void
server_hello(struct vnet_conn *c)
{
	struct vnet_server *s = c->server;
	struct tls_identity *id = NULL;
	int64_t more = 0;

	if (s->o.identity && !c->manner.alert && !c->manner.weak_cipher)
		id = s->o.identity(s->o.arg, &c->local);
	if (!c->srv.net)
		return;
	if (!id) {
		vnet_half_end(&c->srv, VNET_FIN);
		return;
	}
	c->server_id = tls_identity_ref(id);
	check_client(c);
	if (!c->resuming)
		more = vnet_route_delay(c->route) + vnet_route_delay(c->route);
	vnet_send(&c->cli, VNET_CERT, NULL, more);
}

static bool
server_gate(const struct vnet_conn *c, const struct vnet_msg *m)
{
	const struct fabric *f = c->fabric;
	struct net_event ev = {
		.started_us = f->world->now_us,
		.at_us = f->world->now_us,
		.from = c->cli.net ? c->cli.net->proc->name : "",
		.to = c->server->net->proc->name,
		.origin = c->route->hostport,
		.method = m->blob->method,
		.target = m->blob->target,
	};

	return !f->gate || f->gate(f->gate_arg, &ev);
}

static void
server_request(struct vnet_conn *c, struct vnet_msg *m)
{
	bool tls = c->server->o.identity != NULL;

	if (!server_gate(c, m)) {
		if (c->srv.net)
			vnet_half_end(&c->srv, VNET_RST);
		return;
	}
	if (tls != c->https) {
		vnet_half_end(&c->srv, VNET_FIN);
		return;
	}
	unkeep(c);
	vnet_exchange_new(c, m);
}

void
vnet_server_rx(struct vnet_conn *c, struct vnet_msg *m)
{
	if (m->kind == VNET_RST || m->kind == VNET_FIN) {
		if (c->x)
			vnet_exchange_gone(c->x);
		vnet_half_close(&c->srv);
		return;
	}
	if (!c->admitted && !admit(c))
		return;
	if (is_mute(c))
		return;
	if (m->kind == VNET_HELLO) {
		server_hello(c);
	} else if (m->kind == VNET_HEAD) {
		server_request(c, m);
	} else if (m->kind == VNET_DATA && c->x &&
		   c->x->mode != VNET_BODY_DISCARD) {
		vnet_server_touch(c);
		vnet_exchange_body(c->x, m->blob ? m->blob->body + m->off : "",
		    m->end - m->off, m->last);
	}
}
