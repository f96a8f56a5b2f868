#include "common/world_net.h"

#include <assert.h>

#include "common/mem.h"

/* After a partition heals, the sender's retransmission is due so soon. */
#define RETRANSMIT_US (200 * LOOP_MS)

struct vnet_half *
vnet_half_other(struct vnet_half *h)
{
	struct vnet_conn *c = h->conn;

	return h == &c->cli ? &c->srv : &c->cli;
}

static void
msg_free(struct vnet_msg *m)
{
	vnet_blob_unref(m->blob);
	xfree(m);
}

static void
conn_free(void *object)
{
	struct vnet_conn *c = object;

	vnet_route_unref(c->route);
	tls_identity_free(c->server_id);
	tls_identity_free(c->client_id);
	xfree(c);
}

void
vnet_half_open(struct vnet_half *h, struct vnet_conn *c, struct vnet *net)
{
	h->conn = c;
	h->net = net;
	h->out.credit = VNET_WINDOW;
	STAILQ_INIT(&h->msgs);
	LIST_INSERT_HEAD(&net->halves, h, of_net);
	net->stats.open++;
}

static void
drop_first(struct vnet_half *h)
{
	struct vnet_msg *m = STAILQ_FIRST(&h->msgs);

	STAILQ_REMOVE_HEAD(&h->msgs, link);
	msg_free(m);
}

void
vnet_half_drop(struct vnet_half *h)
{
	while (!STAILQ_EMPTY(&h->msgs))
		drop_first(h);
	h->rst = NULL;
}

void
vnet_half_close(struct vnet_half *h)
{
	struct vnet_conn *c = h->conn;

	if (!h->net)
		return;
	timer_stop(&h->rx);
	vnet_half_drop(h);
	vnet_out_stop(h);
	if (h->stalled)
		TAILQ_REMOVE(&c->fabric->stalled, h, of_stalled);
	h->stalled = false;
	LIST_REMOVE(h, of_net);
	h->net->stats.open--;
	h->net = NULL;
	if (h == &c->cli)
		timer_stop(&c->idle_timer);
	else
		vnet_server_drop(c);
	if (!vnet_half_other(h)->net)
		fabric_trash(c->fabric, &c->trash, c, conn_free);
}

static void rx(void *arg);

static void
arm_rx(struct vnet_half *h)
{
	struct vnet_msg *m = h->hold ? h->rst : STAILQ_FIRST(&h->msgs);

	if (h->net && m && !h->stalled && !timer_armed(&h->rx))
		timer_start(vnet_loop(h->net), &h->rx,
		    m->at_us - vnet_now(h->net), rx, h);
}

struct vnet_msg *
vnet_send(struct vnet_half *to, enum vnet_kind kind, struct vnet_blob *blob,
    int64_t extra_us)
{
	struct vnet_msg *m;

	if (!to->net) {
		vnet_blob_unref(blob);
		return NULL;
	}
	m = xcalloc(1, sizeof(*m));
	m->kind = kind;
	m->blob = blob;
	assert(blob != NULL || (kind != VNET_DATA && kind != VNET_RAW));
	if (kind == VNET_DATA || kind == VNET_RAW)
		m->end = blob->body_n;
	m->at_us =
	    vnet_now(to->net) + extra_us + vnet_route_delay(to->conn->route);
	if (m->at_us < to->last_at_us)
		m->at_us = to->last_at_us;
	to->last_at_us = m->at_us;
	STAILQ_INSERT_TAIL(&to->msgs, m, link);
	if (kind == VNET_RST && to == &to->conn->srv)
		to->rst = m;
	arm_rx(to);
	return m;
}

void
vnet_half_end(struct vnet_half *h, enum vnet_kind kind)
{
	if (!h->net)
		return;
	vnet_send(vnet_half_other(h), kind, NULL, 0);
	vnet_half_close(h);
}

void
vnet_half_resume(struct vnet_half *h)
{
	h->hold = false;
	timer_stop(&h->rx);
	arm_rx(h);
}

void
vnet_credit(struct vnet_half *h, size_t n)
{
	struct vnet_half *sender = vnet_half_other(h);

	h->taken += n;
	if (!sender->net || h->taken < VNET_WINDOW / 4)
		return;
	sender->out.credit += h->taken;
	h->taken = 0;
	vnet_out_kick(sender);
}

void
vnet_half_push_end(struct vnet_half *h)
{
	struct vnet_msg *m = xcalloc(1, sizeof(*m));

	m->kind = VNET_DATA;
	m->last = true;
	m->inbody = true;
	m->at_us = vnet_now(h->net);
	STAILQ_INSERT_HEAD(&h->msgs, m, link);
}

static void
deliver(struct vnet_half *h, struct vnet_msg *m)
{
	struct vnet_conn *c = h->conn;

	if (h == &c->cli)
		vnet_client_rx(c, m);
	else
		vnet_server_rx(c, m);
	if (m->end > m->off && !m->inbody && h->net)
		vnet_credit(h, m->end - m->off);
}

/* Hands the first message over, a body in pieces. h may be closed by it. */
static void
rx_one(struct vnet_half *h)
{
	struct vnet_msg *m = STAILQ_FIRST(&h->msgs);
	struct vnet_msg piece = *m;

	/* One that stays in the queue must not go with its piece. */
	if (m->kind == VNET_DATA && m->end - m->off > VNET_PIECE) {
		piece.end = m->off + VNET_PIECE;
		piece.last = false;
		m->off = piece.end;
		vnet_blob_ref(piece.blob);
		deliver(h, &piece);
		vnet_blob_unref(piece.blob);
		return;
	}
	STAILQ_REMOVE_HEAD(&h->msgs, link);
	deliver(h, m);
	msg_free(m);
}

static bool
rx_ready(struct vnet_half *h)
{
	struct vnet_conn *c = h->conn;
	struct vnet_msg *m;

	if (!h->net || h->hold)
		return false;
	m = STAILQ_FIRST(&h->msgs);
	if (!m || m->at_us > vnet_now(h->net))
		return false;
	return h == &c->cli || vnet_server_ready(c, m);
}

static void
rx(void *arg)
{
	struct vnet_half *h = arg;
	struct fabric *f = h->conn->fabric;

	if (vnet_route_rule(h->conn->route)->partition) {
		h->stalled = true;
		TAILQ_INSERT_TAIL(&f->stalled, h, of_stalled);
		return;
	}
	while (rx_ready(h))
		rx_one(h);
	if (h->hold && h->rst && h->rst->at_us <= vnet_now(h->net)) {
		/* What nobody wanted to read yet is lost with it. */
		h->hold = false;
		while (STAILQ_FIRST(&h->msgs) != h->rst)
			drop_first(h);
		rx_one(h);
	}
	arm_rx(h);
}

/* The rules changed: what was held back is sent again. */
void
vnet_unstall(struct fabric *f)
{
	struct vnet_half *h, *next, *end;

	end = TAILQ_LAST(&f->stalled, vnet_stalled);
	for (h = TAILQ_FIRST(&f->stalled); h; h = h == end ? NULL : next) {
		next = TAILQ_NEXT(h, of_stalled);
		if (vnet_route_rule(h->conn->route)->partition)
			continue;
		TAILQ_REMOVE(&f->stalled, h, of_stalled);
		h->stalled = false;
		timer_start(vnet_loop(h->net), &h->rx,
		    RETRANSMIT_US + vnet_route_delay(h->conn->route), rx, h);
	}
}
