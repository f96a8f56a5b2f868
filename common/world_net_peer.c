#include "common/world_net.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

static struct vnet_peer *
peer_of(struct http_peer *p)
{
	return (struct vnet_peer *)(void *)p;
}

static void
copy_policy(struct vnet_peer *p, const struct tls_policy *t)
{
	p->tls = *t;
	xreplace(&p->server_name, t->server_name);
	p->tls.server_name = p->server_name;
	p->policy++;
}

static struct vnet_peer *
peer_make(struct vnet *net, const struct url *u)
{
	struct vnet_peer *p = xcalloc(1, sizeof(*p));
	char origin[300];

	p->ops = net->ops;
	p->net = net;
	p->https = u->https;
	p->host = xstrdup(u->host);
	url_origin(u, origin, sizeof(origin));
	p->host_header = xstrdup(strstr(origin, "//") + 2);
	p->route = vnet_route_new(net, u->host, u->port);
	TAILQ_INIT(&p->queued);
	TAILQ_INIT(&p->running);
	TAILQ_INIT(&p->failed);
	TAILQ_INIT(&p->idle);
	LIST_INSERT_HEAD(&net->peers, p, of_net);
	return p;
}

struct http_peer *
vnet_peer_new(struct http_net *n, const struct http_peer_opts *o, struct err *e)
{
	struct vnet *net = (struct vnet *)(void *)n;
	struct vnet_peer *p;
	struct url u;

	if (!url_parse(&u, o->base, e))
		return NULL;
	if (!str_eq(u.target, "/")) {
		(void)err_set(
		    e, ERR_SPEC, 0, "%s: a peer has no path", o->base);
		return NULL;
	}
	p = peer_make(net, &u);
	p->max_conns = o->max_conns ? o->max_conns : 1;
	p->idle_close_us = o->idle_close_us;
	copy_policy(p, &o->tls);
	return (struct http_peer *)p;
}

void
vnet_peer_drop_idle(struct vnet_conn *c)
{
	struct vnet_peer *p = c->peer;

	TAILQ_REMOVE(&p->idle, c, of_idle);
	c->idle = false;
	p->n_idle--;
	timer_stop(&c->idle_timer);
}

/* Nothing of the client's is under way, so that the server's half, which only
 * waits, may hear of it at once. */
static bool
server_waits(const struct vnet_conn *c)
{
	return c->srv.net && !c->x && STAILQ_EMPTY(&c->srv.msgs) &&
	       !c->srv.out.active && !vnet_route_rule(c->route)->partition;
}

static void
conn_leave(struct vnet_conn *c)
{
	if (server_waits(c))
		vnet_half_close(&c->srv);
	vnet_half_end(&c->cli, VNET_RST);
}

static void
idle_over(void *arg)
{
	struct vnet_conn *c = arg;

	vnet_peer_drop_idle(c);
	conn_leave(c);
}

void
vnet_peer_release(struct vnet_conn *c, bool reusable)
{
	struct vnet_peer *p = c->peer;

	c->call = NULL;
	if (!reusable || p->freed || p->idle_close_us == 0 ||
	    c->policy != p->policy ||
	    p->n_running + p->n_idle >= p->max_conns) {
		conn_leave(c);
		return;
	}
	TAILQ_INSERT_HEAD(&p->idle, c, of_idle);
	c->idle = true;
	c->cli.hold = false;
	p->n_idle++;
	if (p->idle_close_us > 0)
		timer_start(vnet_loop(p->net), &c->idle_timer, p->idle_close_us,
		    idle_over, c);
}

static void
drop_all_idle(struct vnet_peer *p)
{
	struct vnet_conn *c;

	while ((c = TAILQ_LAST(&p->idle, vnet_idle))) {
		vnet_peer_drop_idle(c);
		conn_leave(c);
	}
}

static void
run_call(struct vnet_peer *p, struct vnet_call *c)
{
	struct vnet_conn *kept = TAILQ_FIRST(&p->idle);

	vnet_call_move(c, &p->running, false);
	c->reused = kept && c->may_resend && !c->resent;
	if (c->reused) {
		vnet_peer_drop_idle(kept);
		kept->call = c;
		c->conn = kept;
		vnet_client_send(c);
		return;
	}
	/* A fresh one takes the place of the one idle longest. */
	if (kept && p->n_running + p->n_idle > p->max_conns) {
		kept = TAILQ_LAST(&p->idle, vnet_idle);
		vnet_peer_drop_idle(kept);
		conn_leave(kept);
	}
	vnet_client_open(c);
}

void
vnet_peer_dispatch(struct vnet_peer *p)
{
	struct vnet_call *c;

	while (!p->net->dead && !p->freed && p->n_running < p->max_conns &&
	       (c = TAILQ_FIRST(&p->queued)))
		run_call(p, c);
}

void
vnet_peer_set_tls(struct http_peer *hp, const struct tls_policy *t)
{
	struct vnet_peer *p = peer_of(hp);

	copy_policy(p, t);
	p->have_session = false;
	drop_all_idle(p);
}

static void
peer_free(void *object)
{
	struct vnet_peer *p = object;

	vnet_route_unref(p->route);
	xfree(p->host);
	xfree(p->host_header);
	xfree(p->server_name);
	xfree(p);
}

void
vnet_peer_free(struct http_peer *hp)
{
	struct vnet_peer *p = peer_of(hp);
	struct vnet_call *c;

	if (p->freed)
		return;
	p->freed = true;
	while ((c = TAILQ_FIRST(&p->queued)) ||
	       (c = TAILQ_FIRST(&p->running)) || (c = TAILQ_FIRST(&p->failed)))
		vnet_call_drop(c);
	drop_all_idle(p);
	LIST_REMOVE(p, of_net);
	fabric_trash(p->net->fabric, &p->trash, p, peer_free);
}
