/* Exchanges that stream (lists and watches): who to free with the server. */
#ifndef B7_SIM_KUBE_CONN_H
#define B7_SIM_KUBE_CONN_H

struct http_exchange;
struct kube_server;

struct ks_conn {
	struct kube_server *s;
	struct http_exchange *x;
	struct ks_conn *next, **prev;
	void (*free)(struct ks_conn *c); /* frees its owner; not the exchange */
};

void ks_conn_add(struct ks_conn *c, struct kube_server *s,
    struct http_exchange *x, void (*free_fn)(struct ks_conn *c));
void ks_conn_remove(struct ks_conn *c);

#endif
