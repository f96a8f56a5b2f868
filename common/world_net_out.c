#include "common/world_net.h"

#define PACES_PER_S 50

static void pump(void *arg);

void
vnet_out_start(struct vnet_half *h, const struct http_source *src)
{
	struct vnet_out *o = &h->out;

	o->src = *src;
	o->active = true;
	o->paused = false;
	o->left = src->length;
	o->credit = VNET_WINDOW;
	vnet_out_kick(h);
}

void
vnet_out_start_raw(struct vnet_half *h, struct http_bytes wire,
    int64_t bytes_per_s, enum http_break then)
{
	struct vnet_out *o = &h->out;

	o->active = true;
	o->paused = false;
	o->credit = VNET_WINDOW;
	o->raw = vnet_blob_bytes(wire.p, wire.n);
	o->raw_off = 0;
	o->bytes_per_s = bytes_per_s;
	o->then = then;
	loop_defer(vnet_loop(h->net), &o->pump, pump, h);
}

void
vnet_out_stop(struct vnet_half *h)
{
	struct vnet_out *o = &h->out;

	o->active = false;
	deferred_cancel(&o->pump);
	timer_stop(&o->pace);
	vnet_blob_unref(o->raw);
	o->raw = NULL;
}

void
vnet_out_kick(struct vnet_half *h)
{
	struct vnet_out *o = &h->out;

	if (o->active && !o->paused && o->credit > 0)
		loop_defer(vnet_loop(h->net), &o->pump, pump, h);
}

void
vnet_out_resume(struct vnet_half *h)
{
	h->out.paused = false;
	vnet_out_kick(h);
}

/* The source broke its promise, or said HTTP_ABORT. */
static void
out_abort(struct vnet_half *h)
{
	struct vnet_conn *c = h->conn;

	vnet_out_stop(h);
	if (h == &c->cli) {
		vnet_call_end(c->call, HTTP_E_ABORT, "the source gave up");
		return;
	}
	vnet_exchange_free(c->x);
	vnet_half_end(h, VNET_RST);
}

static void
out_ended(struct vnet_half *h)
{
	struct vnet_conn *c = h->conn;

	vnet_out_stop(h);
	if (h == &c->cli)
		vnet_client_sent(c->call);
	else
		vnet_exchange_sent(c->x);
}

/* A fault of the link cuts a streamed reply in its first piece. */
static void
out_cut(struct vnet_half *h, const char *p, size_t n, bool last)
{
	struct vnet_conn *c = h->conn;
	bool fin = c->fate == VNET_FATE_TRUNCATE;
	size_t keep = (size_t)((uint64_t)n * c->cut_ppm / 1000000);

	if (keep > 0)
		vnet_send(&c->cli, VNET_DATA, vnet_blob_bytes(p, keep), 0);
	/* A source that said HTTP_END hears no more of its exchange. */
	if (last)
		vnet_exchange_free(c->x);
	else
		vnet_exchange_gone(c->x);
	vnet_half_end(h, fin ? VNET_FIN : VNET_RST);
}

static void
out_send(struct vnet_half *h, const char *p, size_t n, bool last)
{
	struct vnet_out *o = &h->out;
	struct vnet_conn *c = h->conn;
	struct vnet_msg *m;

	if (h == &c->srv && c->fate != VNET_FATE_NONE) {
		out_cut(h, p, n, last);
		return;
	}
	m = vnet_send(vnet_half_other(h), VNET_DATA, vnet_blob_bytes(p, n), 0);
	if (m)
		m->last = last;
	o->credit -= n;
	if (o->left >= 0)
		o->left -= (int64_t)n;
	if (last)
		out_ended(h);
}

static void
pull_one(struct vnet_half *h)
{
	struct vnet_out *o = &h->out;
	char *piece = h->net->fabric->piece;
	size_t cap = VNET_PIECE, n = 0;
	enum http_flow flow;
	bool last;

	if (cap > o->credit)
		cap = o->credit;
	if (o->left >= 0 && (int64_t)cap > o->left)
		cap = (size_t)o->left;
	flow = o->src.pull(o->src.arg, piece, cap, &n);
	if (!o->active)
		return;
	last = flow == HTTP_END || (o->left >= 0 && o->left == (int64_t)n);
	if (flow == HTTP_ABORT || n > cap ||
	    (flow == HTTP_END && o->left > (int64_t)n)) {
		out_abort(h);
		return;
	}
	/* No bytes and no end: it would be asked in a circle. */
	o->paused = flow == HTTP_PAUSE || (n == 0 && !last);
	if (n > 0 || last)
		out_send(h, piece, n, last);
}

static void
raw_end(struct vnet_half *h)
{
	struct vnet_conn *c = h->conn;
	enum http_break then = h->out.then;

	vnet_out_stop(h);
	if (then == HTTP_HANG)
		timer_stop(&c->srv_idle);
	if (then == HTTP_FIN || then == HTTP_CUT)
		vnet_half_end(h, VNET_FIN);
	else if (then == HTTP_RST)
		vnet_half_end(h, VNET_RST);
}

/* How much goes out at once. */
static size_t
raw_step(int64_t rate)
{
	if (rate <= 0 || rate / PACES_PER_S >= VNET_PIECE)
		return VNET_PIECE;
	return rate < PACES_PER_S ? 1 : (size_t)(rate / PACES_PER_S);
}

static void
raw_pump(struct vnet_half *h)
{
	struct vnet_out *o = &h->out;
	struct vnet_msg *m;
	int64_t rate = o->bytes_per_s;
	size_t n, step = raw_step(rate);

	while (o->raw_off < o->raw->body_n && o->credit > 0 &&
	       !timer_armed(&o->pace)) {
		n = o->raw->body_n - o->raw_off;
		n = n < step ? n : step;
		n = n < o->credit ? n : o->credit;
		m = vnet_send(
		    vnet_half_other(h), VNET_RAW, vnet_blob_ref(o->raw), 0);
		if (m) {
			m->off = o->raw_off;
			m->end = o->raw_off + n;
		}
		o->raw_off += n;
		o->credit -= n;
		if (rate > 0)
			timer_start(vnet_loop(h->net), &o->pace,
			    (int64_t)n * LOOP_S / rate, pump, h);
	}
	if (o->raw_off == o->raw->body_n && !timer_armed(&o->pace))
		raw_end(h);
}

static void
pump(void *arg)
{
	struct vnet_half *h = arg;
	struct vnet_out *o = &h->out;

	if (!o->active)
		return;
	if (o->raw) {
		raw_pump(h);
		return;
	}
	while (o->active && !o->paused && o->credit > 0)
		pull_one(h);
	/* The window is full: the client's silence counts from here. */
	if (o->active && o->credit == 0 && h == &h->conn->srv)
		vnet_server_touch(h->conn);
}
