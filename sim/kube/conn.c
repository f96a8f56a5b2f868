#include "sim/kube/conn.h"

#include "common/http.h"
#include "sim/kube/state.h"

static void
gone(void *arg)
{
	struct ks_conn *c = arg;

	c->free(c);
}

void
ks_conn_add(struct ks_conn *c, struct kube_server *s, struct http_exchange *x,
    void (*free_fn)(struct ks_conn *c))
{
	c->s = s;
	c->x = x;
	c->free = free_fn;
	c->next = s->conns;
	c->prev = &s->conns;
	if (c->next != NULL)
		c->next->prev = &c->next;
	s->conns = c;
	http_exchange_on_gone(x, gone, c);
}

void
ks_conn_remove(struct ks_conn *c)
{
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
}
