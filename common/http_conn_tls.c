/* The server's end of TLS: mbedTLS over a non-blocking socket. */
#include <errno.h>
#include <event2/buffer.h>
#include <string.h>
#include <sys/socket.h>

#include "common/http_server_int.h"
#include "common/mem.h"
#include "common/tls_int.h"

#define STALL_BYTES 40u /* of a ServerHello */

/* x25519 and P-256 cost half of what mbedTLS would pick first (P-521). */
static const mbedtls_ecp_group_id curves[] = { MBEDTLS_ECP_DP_CURVE25519,
	MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1,
	MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_NONE };

/* Of no use to anybody, and in no client's list. */
static const int weak_suites[] = { MBEDTLS_TLS_ECDHE_ECDSA_WITH_NULL_SHA, 0 };

/* A handshake that stalls ends within its first record. */
static bool
stalls(struct conn *c, size_t *n)
{
	struct conn_tls *t = c->tls;

	if (c->manner.mute != HTTP_STALLS)
		return false;
	t->stalled = t->said == STALL_BYTES;
	if (*n > STALL_BYTES - t->said)
		*n = STALL_BYTES - t->said;
	t->said += *n;
	return t->stalled;
}

static int
bio_send(void *arg, const unsigned char *p, size_t n)
{
	struct conn *c = arg;
	ssize_t sent;

	if (stalls(c, &n))
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	sent = send(c->fd, p, n, MSG_NOSIGNAL);

	if (sent >= 0)
		return (int)sent;
	return errno == EAGAIN || errno == EINTR
		   ? MBEDTLS_ERR_SSL_WANT_WRITE
		   : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int
bio_recv(void *arg, unsigned char *p, size_t n)
{
	const struct conn *c = arg;
	ssize_t got = recv(c->fd, p, n, 0);

	if (got >= 0)
		return (int)got;
	return errno == EAGAIN || errno == EINTR
		   ? MBEDTLS_ERR_SSL_WANT_READ
		   : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* ---- tickets ------------------------------------------------------------------ */

/*
 * One key serves all addresses of a server, but a ticket counts only for the
 * identity that it was made under: else a client would resume its session with
 * a board that was swapped, and never see the other certificate.
 */
static int
ticket_write(void *arg, const mbedtls_ssl_session *session,
    unsigned char *start, const unsigned char *end, size_t *n, uint32_t *life)
{
	struct conn *c = arg;
	size_t tag = sizeof c->tls->ticket_tag;
	int ret;

	if ((size_t)(end - start) < tag)
		return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
	memcpy(start, c->tls->ticket_tag, tag);
	ret = mbedtls_ssl_ticket_write(
	    &c->srv->tickets, session, start + tag, end, n, life);
	*n += tag;
	return ret;
}

static int
ticket_parse(
    void *arg, mbedtls_ssl_session *session, unsigned char *p, size_t n)
{
	struct conn *c = arg;
	size_t tag = sizeof c->tls->ticket_tag;

	if (n < tag || memcmp(p, c->tls->ticket_tag, tag) != 0)
		return MBEDTLS_ERR_SSL_INVALID_MAC;
	return mbedtls_ssl_ticket_parse(
	    &c->srv->tickets, session, p + tag, n - tag);
}

/* ---- client certificates -------------------------------------------------------- */

/* mbedTLS compares dates with the system clock; the loop's decides here. */
static int
client_verify(void *arg, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	const struct conn *c = arg;
	int64_t now = loop_wall_us(c->srv->net->loop) / LOOP_S, from, to;

	(void)depth;
	*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED |
			      MBEDTLS_X509_BADCERT_FUTURE);
	tls_crt_dates(crt, &from, &to);
	if (now < from)
		*flags |= MBEDTLS_X509_BADCERT_FUTURE;
	if (now > to)
		*flags |= MBEDTLS_X509_BADCERT_EXPIRED;
	return 0;
}

static void
note_client(struct conn *c)
{
	const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&c->tls->ssl);

	if (!c->srv->o.client_ca || !crt ||
	    mbedtls_ssl_get_verify_result(&c->tls->ssl) != 0)
		return;
	c->client_cn = tls_crt_attr(crt, "CN");
	c->client_orgs = tls_crt_attr(crt, "O");
}

/* ---- life ------------------------------------------------------------------------ */

static bool
configure(struct conn *c, struct tls_identity *id)
{
	mbedtls_ssl_config *conf = &c->tls->conf;
	const struct http_manner *m = &c->manner;
	struct srv *s = c->srv;

	if (mbedtls_ssl_config_defaults(conf, MBEDTLS_SSL_IS_SERVER,
		MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return false;
	mbedtls_ssl_conf_rng(conf, tls_rng, &s->net->ent);
	mbedtls_ssl_conf_curves(conf, curves);
	mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
	    tls_minor_of(m->min ? m->min : s->o.min_version));
	if (m->max)
		mbedtls_ssl_conf_max_version(
		    conf, MBEDTLS_SSL_MAJOR_VERSION_3, tls_minor_of(m->max));
	if (m->weak_cipher)
		mbedtls_ssl_conf_ciphersuites(conf, weak_suites);
	mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_NONE);
	if (s->o.client_ca) {
		mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_OPTIONAL);
		mbedtls_ssl_conf_ca_chain(conf, &s->o.client_ca->chain, NULL);
		mbedtls_ssl_conf_verify(conf, client_verify, c);
	}
	if (s->has_tickets)
		mbedtls_ssl_conf_session_tickets_cb(
		    conf, ticket_write, ticket_parse, c);
	memcpy(c->tls->ticket_tag, id->facts.spki_sha256,
	    sizeof c->tls->ticket_tag);
	return mbedtls_ssl_conf_own_cert(conf, &id->chain, &id->key) == 0;
}

bool
conn_tls_start(struct conn *c)
{
	struct tls_identity *id = c->srv->o.identity(c->srv->o.arg, &c->local);

	if (!id || id->is_virtual)
		return false;
	c->tls = xcalloc(1, sizeof *c->tls);
	c->tls->identity = tls_identity_ref(id);
	mbedtls_ssl_init(&c->tls->ssl);
	mbedtls_ssl_config_init(&c->tls->conf);
	if (!configure(c, id) ||
	    mbedtls_ssl_setup(&c->tls->ssl, &c->tls->conf) != 0)
		return false;
	mbedtls_ssl_set_bio(&c->tls->ssl, c, bio_send, bio_recv, NULL);
	return true;
}

void
conn_tls_free(struct conn *c)
{
	if (!c->tls)
		return;
	mbedtls_ssl_free(&c->tls->ssl);
	mbedtls_ssl_config_free(&c->tls->conf);
	tls_identity_free(c->tls->identity);
	xfree(c->tls);
	c->tls = NULL;
}

int
conn_tls_handshake(struct conn *c)
{
	int ret = mbedtls_ssl_handshake(&c->tls->ssl);

	c->want_write = ret == MBEDTLS_ERR_SSL_WANT_WRITE && !c->tls->stalled;
	if (ret == 0) {
		note_client(c);
		return 1;
	}
	return ret == MBEDTLS_ERR_SSL_WANT_WRITE ||
		       ret == MBEDTLS_ERR_SSL_WANT_READ
		   ? 0
		   : -1;
}

long
conn_tls_read(struct conn *c, void *p, size_t n)
{
	int ret = mbedtls_ssl_read(&c->tls->ssl, p, n);

	if (ret >= 0)
		return ret;
	if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ||
	    ret == MBEDTLS_ERR_SSL_CONN_EOF)
		return 0;
	errno = ret == MBEDTLS_ERR_SSL_WANT_READ ? EAGAIN : EPROTO;
	return -1;
}

/* Takes from the front of out: a write that could not go must be repeated
 * with the very same bytes. */
long
conn_tls_write(struct conn *c)
{
	size_t n = evbuffer_get_length(c->out);
	int ret;

	if (c->tls->unsent > 0)
		n = c->tls->unsent;
	else if (n > MBEDTLS_SSL_OUT_CONTENT_LEN)
		n = MBEDTLS_SSL_OUT_CONTENT_LEN;
	ret = mbedtls_ssl_write(
	    &c->tls->ssl, evbuffer_pullup(c->out, (ev_ssize_t)n), n);
	if (ret > 0) {
		c->tls->unsent = 0;
		(void)evbuffer_drain(c->out, (size_t)ret);
		return ret;
	}
	c->tls->unsent = n;
	errno = ret == MBEDTLS_ERR_SSL_WANT_WRITE ||
			ret == MBEDTLS_ERR_SSL_WANT_READ
		    ? EAGAIN
		    : EPIPE;
	return -1;
}

bool
conn_tls_pending(const struct conn *c)
{
	return c->tls && mbedtls_ssl_check_pending(&c->tls->ssl) != 0;
}
