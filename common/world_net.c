#include "common/world_net.h"

#include "common/mem.h"

/* ---- fabric --------------------------------------------------------------- */

struct fabric *
fabric_new(struct world *w)
{
	struct fabric *f = xcalloc(1, sizeof(*f));

	f->world = w;
	/* A route that was never looked up has generation 0. */
	f->listen_gen = 1;
	f->rules_gen = 1;
	TAILQ_INIT(&f->stalled);
	return f;
}

void
fabric_free(struct fabric *f)
{
	struct vnet_rule *rule;

	fabric_sweep(f);
	while ((rule = LIST_FIRST(&f->rules)))
		vnet_rule_free(rule);
	map_free(&f->names, xfree);
	xfree(f->ports);
	xfree(f);
}

void
fabric_trash(struct fabric *f, struct vnet_trash *t, void *object,
    void (*free_fn)(void *object))
{
	t->object = object;
	t->free = free_fn;
	t->next = f->trash;
	f->trash = t;
}

void
fabric_sweep(struct fabric *f)
{
	struct vnet_trash *t;

	while ((t = f->trash)) {
		f->trash = t->next;
		t->free(t->object);
	}
}

/* ---- nets ----------------------------------------------------------------- */

/* The world owns it and frees it with the process. */
static void
net_free(struct http_net *n)
{
	(void)n;
}

static const struct http_ops virtual_ops = {
	.net_free = net_free,
	.peer_new = vnet_peer_new,
	.peer_set_tls = vnet_peer_set_tls,
	.peer_free = vnet_peer_free,
	.start = vnet_call_start,
	.call_resume = vnet_call_resume,
	.cancel = vnet_call_cancel,
	.listen = vnet_listen,
	.server_port = vnet_server_port,
	.server_stop = vnet_server_stop,
	.server_free = vnet_server_free,
	.collect = vnet_exchange_collect,
	.sink = vnet_exchange_sink,
	.exchange_resume = vnet_exchange_resume,
	.reply = vnet_exchange_reply,
	.reply_stream = vnet_exchange_reply_stream,
	.reply_raw = vnet_exchange_reply_raw,
};

struct vnet *
vnet_new(struct fabric *f, struct proc *p)
{
	struct vnet *n = xcalloc(1, sizeof(*n));

	n->ops = &virtual_ops;
	n->fabric = f;
	n->proc = p;
	return n;
}

/* The process is gone: calls and idle connections forget this half. */
static void
forget(struct vnet_conn *c, struct vnet_half *h)
{
	if (h != &c->cli)
		return;
	if (c->call)
		c->call->conn = NULL;
	c->call = NULL;
	if (c->idle)
		vnet_peer_drop_idle(c);
}

void
vnet_kill(struct vnet *n)
{
	struct vnet_server *s;
	struct vnet_half *h;

	if (n->dead)
		return;
	n->dead = true;
	LIST_FOREACH (s, &n->servers, of_net) {
		s->stopped = true;
		fabric_unlisten(n->fabric, s);
	}
	while ((h = LIST_FIRST(&n->halves))) {
		forget(h->conn, h);
		vnet_half_end(h, VNET_RST);
	}
}

void
vnet_free(struct vnet *n)
{
	struct vnet_peer *p;
	struct vnet_server *s;

	vnet_kill(n);
	while ((p = LIST_FIRST(&n->peers)))
		vnet_peer_free((struct http_peer *)p);
	while ((s = LIST_FIRST(&n->servers)))
		vnet_server_free((struct http_server *)s);
	xfree(n);
}

struct world_net_stats
world_net_stats(const struct loop *l)
{
	return ((const struct proc *)l)->net->stats;
}

void
world_net_watch(struct world *w,
    void (*fn)(void *arg, const struct net_event *ev), void *arg)
{
	w->fabric->watch = fn;
	w->fabric->watch_arg = arg;
}

void
world_net_gate(struct world *w,
    bool (*fn)(void *arg, const struct net_event *ev), void *arg)
{
	w->fabric->gate = fn;
	w->fabric->gate_arg = arg;
}
