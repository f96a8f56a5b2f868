#include "common/world_net.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

#define ALERT_PROTOCOL_VERSION 70 /* RFC 5246 7.2 */
#define OLDER "no TLS version in common with %s: it has only older ones"
#define NEWER \
	"no TLS version in common with %s: it takes no 1.2, perhaps only 1.3"
#define RESOLVE_US LOOP_MS /* how long a name server takes to say no */

/* ---- a fresh connection --------------------------------------------------- */

static struct vnet_conn *
conn_new(struct vnet_peer *p)
{
	struct vnet_conn *c = xcalloc(1, sizeof(*c));

	c->fabric = p->net->fabric;
	c->route = vnet_route_ref(p->route);
	c->peer = p;
	c->policy = p->policy;
	c->https = p->https;
	c->cli.conn = c;
	c->srv.conn = c;
	STAILQ_INIT(&c->srv.msgs);
	vnet_half_open(&c->cli, c, p->net);
	return c;
}

void
vnet_client_open(struct vnet_call *c)
{
	struct vnet_peer *p = c->peer;

	c->conn_us = vnet_now(p->net);
	c->phase = HTTP_P_RESOLVE;
	if (!vnet_route_resolve(p->route)) {
		vnet_call_fail(
		    c, HTTP_E_RESOLVE, "no such name: %s", RESOLVE_US);
		return;
	}
	c->phase = HTTP_P_CONNECT;
	c->conn = conn_new(p);
	c->conn->call = c;
	vnet_send(&c->conn->cli, VNET_OPEN, NULL, vnet_route_delay(p->route));
	vnet_call_deadline(c);
}

static void
client_opened(struct vnet_conn *conn)
{
	struct vnet_call *c = conn->call;
	struct vnet_peer *p = conn->peer;
	const struct net_rule *rule = vnet_route_rule(conn->route);
	struct vnet_server *s = vnet_route_server(conn->route);

	if (!s || (rule->refuse_ppm > 0 &&
		      rng_chance_ppm(&p->route->rng, rule->refuse_ppm))) {
		vnet_call_end(c, HTTP_E_CONNECT, "connection refused by %s");
		return;
	}
	p->net->stats.connects++;
	vnet_server_connect(s, conn);
	if (!p->https) {
		vnet_client_send(c);
		return;
	}
	c->phase = HTTP_P_TLS;
	if (p->tls.identity)
		conn->client_id = tls_identity_ref(p->tls.identity);
	conn->resuming = p->have_session && p->session_serial == s->serial;
	vnet_send(&conn->srv, VNET_HELLO, NULL, 0);
}

/* ---- TLS ------------------------------------------------------------------ */

static void
tls_describe(struct tls_peer *t, const struct tls_facts *f)
{
	memcpy(t->spki_sha256, f->spki_sha256, sizeof(t->spki_sha256));
	t->rsa_bits = f->rsa_bits;
	t->not_before_s = f->not_before_s;
	t->not_after_s = f->not_after_s;
	(void)str_copy(t->subject, sizeof(t->subject), f->subject);
}

static enum http_err
tls_judge(struct vnet_conn *conn)
{
	struct vnet_peer *p = conn->peer;
	struct tls_facts f;

	tls_identity_get_facts(conn->server_id, &f);
	tls_describe(&conn->tls, &f);
	conn->tls.problems = http_tls_problems(
	    &p->tls, p->host, &f, loop_wall_us(vnet_loop(p->net)) / LOOP_S);
	return http_tls_verdict(&p->tls, conn->tls.problems);
}

/* Who is to mend a certificate must be told what is wrong with it, and who is
 * to accept another key, which. */
static void
tls_refuse(struct vnet_conn *conn, enum http_err verdict)
{
	static const char *const why[] = {
		[HTTP_E_TLS_TRUST] = "the certificate of %s is not trusted",
		[HTTP_E_TLS_NAME] = "the certificate of %s has another name",
		[HTTP_E_TLS_DATE] = "the certificate of %s is out of date",
	};
	char text[128], more[TLS_WEAK_CAP];
	struct tls_facts f;

	tls_identity_get_facts(conn->server_id, &f);
	if (verdict == HTTP_E_TLS_PIN) {
		hex_encode(more, f.spki_sha256, 32);
		(void)str_format(text, sizeof(text),
		    "%%s: fingerprint %s, which is not the pinned one", more);
	} else if (verdict == HTTP_E_TLS_WEAK) {
		tls_weakness(&f, more);
		(void)str_format(
		    text, sizeof(text), "the certificate of %%s %s", more);
	} else {
		(void)str_copy(text, sizeof(text), why[verdict]);
	}
	vnet_call_end(conn->call, verdict, text);
}

/* As in http_conn_tls.c: a ticket counts only for the identity that it was made
 * under, else nobody would see that the certificate is another one. */
static bool
same_session(const struct vnet_conn *conn)
{
	const struct vnet_peer *p = conn->peer;
	struct tls_facts f;

	if (!conn->resuming || !p->have_session ||
	    p->session_serial != conn->server_serial)
		return false;
	tls_identity_get_facts(conn->server_id, &f);
	return memcmp(f.spki_sha256, p->session.spki_sha256,
		   sizeof(f.spki_sha256)) == 0;
}

static enum tls_version
oldest(const struct vnet_peer *p)
{
	return p->tls.min_version ? p->tls.min_version : TLS_1_2;
}

static void
client_cert(struct vnet_conn *conn)
{
	struct vnet_peer *p = conn->peer;
	enum http_err verdict;

	if (conn->manner.max && conn->manner.max < oldest(p)) {
		vnet_call_end(conn->call, HTTP_E_TLS_VERSION, OLDER);
		return;
	}
	if (same_session(conn)) {
		conn->tls = p->session;
		conn->tls.resumed = true;
		conn->have_tls = true;
		p->net->stats.resumed++;
		vnet_client_send(conn->call);
		return;
	}
	verdict = tls_judge(conn);
	if (verdict != HTTP_OK) {
		tls_refuse(conn, verdict);
		return;
	}
	p->net->stats.handshakes++;
	conn->have_tls = true; /* one that is refused is not completed */
	p->have_session = true;
	p->session_serial = conn->server_serial;
	p->session = conn->tls;
	vnet_client_send(conn->call);
}

/* ---- the request ---------------------------------------------------------- */

static void
draw_fate(struct vnet_conn *conn)
{
	const struct net_rule *rule = vnet_route_rule(conn->route);
	struct rng *rng = &conn->route->rng;

	conn->fate = VNET_FATE_NONE;
	if (rule->reset_ppm > 0 && rng_chance_ppm(rng, rule->reset_ppm))
		conn->fate =
		    VNET_FATE_RESET_REQUEST + (enum vnet_fate)rng_below(rng, 3);
	else if (rule->lose_reply_ppm > 0 &&
		 rng_chance_ppm(rng, rule->lose_reply_ppm))
		conn->fate = VNET_FATE_RESET_REPLY;
	else if (rule->truncate_ppm > 0 &&
		 rng_chance_ppm(rng, rule->truncate_ppm))
		conn->fate = VNET_FATE_TRUNCATE;
	if (conn->fate != VNET_FATE_NONE)
		conn->cut_ppm = (uint32_t)rng_below(rng, 1000000);
}

void
vnet_client_sent(struct vnet_call *c)
{
	c->request_sent = true;
	if (c->phase != HTTP_P_SEND)
		return;
	c->phase = HTTP_P_HEAD;
	c->sent_us = vnet_now(c->peer->net);
	vnet_call_deadline(c);
}

void
vnet_client_send(struct vnet_call *c)
{
	struct vnet_conn *conn = c->conn;
	struct vnet *net = c->peer->net;
	struct vnet_msg *m;

	if (c->may_leave && !c->may_leave(c->arg)) {
		vnet_call_end(c, HTTP_E_ABORT,
		    "%s: no longer allowed when it could be sent");
		return;
	}
	net->stats.requests++;
	net->stats.reused += c->reused;
	c->phase = HTTP_P_SEND;
	c->last_us = vnet_now(net);
	c->maybe_executed = true;
	conn->requests++;
	draw_fate(conn);
	if (conn->fate == VNET_FATE_RESET_REQUEST) {
		vnet_send(&conn->srv, VNET_RST, NULL, 0);
		vnet_send(
		    &conn->cli, VNET_RST, NULL, vnet_route_delay(conn->route));
		vnet_client_sent(c);
		return;
	}
	m = vnet_send(&conn->srv, VNET_HEAD, vnet_blob_ref(c->req), 0);
	if (m)
		m->last =
		    c->has_source ? c->src.length == 0 : c->req->body_n == 0;
	if (c->has_source && c->src.length != 0) {
		vnet_out_start(&conn->cli, &c->src);
		vnet_call_deadline(c);
		return;
	}
	if (c->req->body_n > 0) {
		m = vnet_send(&conn->srv, VNET_DATA, vnet_blob_ref(c->req), 0);
		if (m) {
			m->last = true;
			m->inbody = true;
		}
	}
	vnet_client_sent(c);
}

/* ---- the reply ------------------------------------------------------------ */

static void
client_reply(struct vnet_call *c, struct vnet_msg *m)
{
	struct vnet_blob *b = m->blob;

	if (b->head_bytes > c->limits.head_max) {
		vnet_call_end(c, HTTP_E_TOO_BIG, "the head is too big");
		return;
	}
	c->reply = vnet_blob_ref(b);
	c->conn->server_closes = b->close;
	c->in_body = !m->last;
	if (vnet_call_head(c, b->status, b->headers, b->n_headers) && m->last)
		(void)vnet_call_body(c, NULL, 0, true);
}

static void
client_raw(struct vnet_call *c, const struct vnet_msg *m)
{
	if (!c->raw)
		c->raw = vnet_raw_new(c);
	(void)vnet_raw_feed(c->raw, m->blob->body + m->off, m->end - m->off);
}

static void
client_lost(struct vnet_conn *conn, enum vnet_kind kind)
{
	struct vnet_call *c = conn->call;

	if (!c) {
		if (conn->idle)
			vnet_peer_drop_idle(conn);
		vnet_half_end(&conn->cli, VNET_RST);
		return;
	}
	if (kind == VNET_RST)
		vnet_call_end(c, HTTP_E_RESET, "connection reset by %s");
	else if (c->phase == HTTP_P_TLS &&
		 conn->manner.alert == ALERT_PROTOCOL_VERSION)
		vnet_call_end(c, HTTP_E_TLS_NEWER, NEWER);
	else if (c->phase == HTTP_P_TLS)
		vnet_call_end(c, HTTP_E_TLS, "no TLS with %s");
	else if (!c->raw || vnet_raw_feed(c->raw, NULL, 0))
		vnet_call_end(c, HTTP_E_EOF, "closed too early by %s");
}

void
vnet_client_rx(struct vnet_conn *conn, struct vnet_msg *m)
{
	struct vnet_call *c = conn->call;

	if (m->kind == VNET_FIN || m->kind == VNET_RST) {
		client_lost(conn, m->kind);
		return;
	}
	if (!c)
		return;
	switch (m->kind) {
	case VNET_OPEN:
		client_opened(conn);
		break;
	case VNET_CERT:
		client_cert(conn);
		break;
	case VNET_HEAD:
		client_reply(c, m);
		break;
	case VNET_DATA:
		(void)vnet_call_body(c, m->blob ? m->blob->body + m->off : NULL,
		    m->end - m->off, m->last);
		break;
	case VNET_RAW:
		client_raw(c, m);
		break;
	case VNET_HELLO:
	case VNET_FIN:
	case VNET_RST:
		break;
	}
}
