/*
 * TLS of the client: curl makes the mbedTLS context, we put our trust, policy,
 * session and checks into it, before the handshake and right after it.
 */
#include <string.h>

#include "common/http_curl_int.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls_int.h"

static const mbedtls_ecp_group_id curves[] = { MBEDTLS_ECP_DP_CURVE25519,
	MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1,
	MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_NONE };

/* ---- the peer's certificate --------------------------------------------------- */

static const char *
expected_name(const struct cpeer *p)
{
	return p->tls.server_name ? p->tls.server_name : p->host;
}

static int64_t
wall_s(const struct ccall *c)
{
	return loop_wall_us(c->peer->side->net->loop) / LOOP_S;
}

#define WEAK_FLAGS \
	(MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | \
	    MBEDTLS_X509_BADCERT_BAD_KEY)

/* In words, for whom has to renew it; the last one that is told of is the
 * peer's own. mbedTLS blames a CA's short key on what it signed. */
static void
note_weakness(struct ctls *t, const mbedtls_x509_crt *crt)
{
	struct tls_facts f;

	tls_crt_facts(crt, &f);
	tls_weakness(&f, t->weak);
	if (t->weak[0] == '\0')
		(void)str_copy(t->weak, sizeof t->weak,
		    crt->sig_md == MBEDTLS_MD_MD5
			? "is signed with MD5"
			: "or its CA has a key that is too weak");
}

static uint32_t
problems_of(const struct ccall *c, const mbedtls_x509_crt *crt, int depth,
    uint32_t flags)
{
	/* Dates are the loop's business, names ours (mbedTLS knows no IP
	 * addresses); all the rest is trust. */
	const uint32_t ours = MBEDTLS_X509_BADCERT_EXPIRED |
			      MBEDTLS_X509_BADCERT_FUTURE |
			      MBEDTLS_X509_BADCERT_CN_MISMATCH;
	const struct cpeer *p = c->peer;
	uint32_t problems = 0;
	uint8_t spki[32];
	int64_t from, to;

	tls_crt_dates(crt, &from, &to);
	if (wall_s(c) < from || wall_s(c) > to)
		problems |= 1u << HTTP_E_TLS_DATE;
	if (flags & ~(ours | WEAK_FLAGS))
		problems |= 1u << HTTP_E_TLS_TRUST;
	if (flags & WEAK_FLAGS)
		problems |= 1u << HTTP_E_TLS_WEAK;
	if (depth > 0)
		return problems;
	if (!tls_crt_name_matches(crt, expected_name(p)))
		problems |= 1u << HTTP_E_TLS_NAME;
	tls_crt_spki(crt, spki);
	if (p->tls.pinned && memcmp(spki, p->tls.pin_spki_sha256, 32) != 0)
		problems |= 1u << HTTP_E_TLS_PIN;
	return problems;
}

/* The alert that the peer gets names the real reason. */
static uint32_t
flag_of(enum http_err verdict)
{
	if (verdict == HTTP_E_TLS_NAME)
		return MBEDTLS_X509_BADCERT_CN_MISMATCH;
	if (verdict == HTTP_E_TLS_DATE)
		return MBEDTLS_X509_BADCERT_EXPIRED;
	if (verdict == HTTP_E_TLS_WEAK)
		return MBEDTLS_X509_BADCERT_BAD_KEY;
	return MBEDTLS_X509_BADCERT_NOT_TRUSTED;
}

/* Called for each certificate of the chain, the peer's own last. */
static int
verify(void *arg, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct ccall *c = arg;
	struct ctls *t = &c->tls;
	uint8_t spki[32];
	char *cn;

	t->verified = true;
	t->problems |= problems_of(c, crt, depth, *flags);
	if (*flags & WEAK_FLAGS)
		note_weakness(t, crt);
	*flags = 0;
	if (depth > 0)
		return 0;
	t->verdict = http_tls_verdict(&c->peer->tls, t->problems);
	if (t->verdict == HTTP_OK)
		return 0;
	cn = tls_crt_attr(crt, "CN");
	(void)str_copy(t->seen, sizeof t->seen, cn);
	xfree(cn);
	*flags = flag_of(t->verdict);
	if (t->verdict != HTTP_E_TLS_PIN)
		return 0;
	tls_crt_spki(crt, spki);
	hex_encode(t->key, spki, sizeof spki);
	return MBEDTLS_ERR_X509_FATAL_ERROR;
}

/* ---- watching for alerts ---------------------------------------------------------- */

static int
watch_send(void *arg, const unsigned char *p, size_t n)
{
	struct ccall *c = arg;

	return c->tls.send(c->tls.bio, p, n);
}

/* mbedTLS reads a record's header alone, then its content, and tells of an
 * alert only that there was one. */
static int
watch_recv(void *arg, unsigned char *p, size_t n)
{
	struct ccall *c = arg;
	struct ctls *t = &c->tls;
	int got = t->recv(t->bio, p, n);

	if (got == (int)sizeof t->record && n == sizeof t->record)
		memcpy(t->record, p, sizeof t->record);
	else if (got == 2 && t->record[0] == MBEDTLS_SSL_MSG_ALERT &&
		 p[0] == MBEDTLS_SSL_ALERT_LEVEL_FATAL)
		t->alert = p[1];
	return got;
}

static void
watch(struct ccall *c, mbedtls_ssl_context *ssl)
{
	c->tls.ssl = ssl;
	c->tls.send = ssl->f_send;
	c->tls.recv = ssl->f_recv;
	c->tls.bio = ssl->p_bio;
	mbedtls_ssl_set_bio(ssl, c, watch_send, watch_recv, NULL);
}

static void
unwatch(struct ccall *c)
{
	struct ctls *t = &c->tls;

	if (t->ssl)
		mbedtls_ssl_set_bio(t->ssl, t->bio, t->send, t->recv, NULL);
	t->ssl = NULL;
}

/* ---- resumption --------------------------------------------------------------------- */

void
cpeer_forget_session(struct cpeer *p)
{
	if (p->session)
		secret_wipe(p->session, p->session_n);
	xfree(p->session);
	p->session = NULL;
	p->session_n = 0;
}

static void
offer_session(struct ccall *c, mbedtls_ssl_context *ssl)
{
	struct cpeer *p = c->peer;
	mbedtls_ssl_session s;
	uint32_t date = 1u << HTTP_E_TLS_DATE;
	bool valid =
	    wall_s(c) >= p->session_from_s && wall_s(c) <= p->session_to_s;

	/* Resuming shows no certificate: the dates are all that may change
	 * under one policy; the handshake in full decides then. */
	if (!p->session || valid == ((p->session_problems & date) != 0))
		return;
	mbedtls_ssl_session_init(&s);
	if (mbedtls_ssl_session_load(&s, p->session, p->session_n) == 0 &&
	    mbedtls_ssl_set_session(ssl, &s) == 0)
		c->tls.offered = true;
	mbedtls_ssl_session_free(&s);
}

static void
keep_session(struct ccall *c, const mbedtls_ssl_context *ssl)
{
	struct cpeer *p = c->peer;
	mbedtls_ssl_session s;
	const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(ssl);
	size_t n = 0;

	cpeer_forget_session(p);
	mbedtls_ssl_session_init(&s);
	if (crt && !p->stale && mbedtls_ssl_get_session(ssl, &s) == 0) {
		(void)mbedtls_ssl_session_save(&s, NULL, 0, &n);
		p->session = xmalloc(n);
		p->session_n = n;
		if (mbedtls_ssl_session_save(&s, p->session, n, &n) != 0)
			cpeer_forget_session(p);
		p->session_problems = c->tls.problems;
		tls_crt_dates(crt, &p->session_from_s, &p->session_to_s);
	}
	mbedtls_ssl_session_free(&s);
}

/* ---- before and after the handshake -------------------------------------------------- */

static mbedtls_ssl_context *
context_of(CURL *easy)
{
	struct curl_tlssessioninfo *info = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK ||
	    !info || info->backend != CURLSSLBACKEND_MBEDTLS)
		return NULL;
	return info->internals;
}

static void
set_policy(struct ccall *c, mbedtls_ssl_config *conf)
{
	struct cpeer *p = c->peer;
	struct tls_policy *t = &p->tls;
	bool forgiving = t->insecure || t->pinned;
	struct tls_trust *trust = t->trust;

	if (!trust && !forgiving)
		trust = curl_side_system_trust(p->side, NULL);
	mbedtls_ssl_conf_rng(conf, tls_rng, &p->side->net->ent);
	mbedtls_ssl_conf_curves(conf, curves);
	mbedtls_ssl_conf_cert_profile(conf, &mbedtls_x509_crt_profile_default);
	mbedtls_ssl_conf_min_version(
	    conf, MBEDTLS_SSL_MAJOR_VERSION_3, tls_minor_of(t->min_version));
	mbedtls_ssl_conf_session_tickets(
	    conf, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
	/* OPTIONAL goes on after complaints about key usage, too. */
	mbedtls_ssl_conf_authmode(conf, forgiving
					    ? MBEDTLS_SSL_VERIFY_OPTIONAL
					    : MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_verify(conf, verify, c);
	if (trust)
		mbedtls_ssl_conf_ca_chain(conf, &trust->chain, NULL);
	if (t->identity)
		(void)mbedtls_ssl_conf_own_cert(
		    conf, &t->identity->chain, &t->identity->key);
}

CURLcode
ccall_tls_begin(CURL *easy, void *conf, void *arg)
{
	struct ccall *c = arg;
	mbedtls_ssl_context *ssl = context_of(easy);
	const char *name = expected_name(c->peer);
	uint8_t ip[16];

	if (!ssl || c->silent)
		return CURLE_SSL_CONNECT_ERROR;
	memset(&c->tls, 0, sizeof c->tls);
	c->res.phase = HTTP_P_TLS;
	if (!c->holds_slot) {
		c->holds_slot = true;
		c->peer->side->handshakes++;
	}
	set_policy(c, conf);
	/* RFC 6066 3: no IP addresses in SNI. */
	if (mbedtls_ssl_set_hostname(
		ssl, tls_ip_parse(name, ip) > 0 ? NULL : name) != 0)
		return CURLE_SSL_CONNECT_ERROR;
	offer_session(c, ssl);
	watch(c, ssl);
	return CURLE_OK;
}

static void
describe_peer(struct ccall *c, const mbedtls_ssl_context *ssl)
{
	const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(ssl);
	struct tls_peer *t = &c->tls_peer;

	if (!crt)
		return;
	tls_crt_spki(crt, t->spki_sha256);
	tls_crt_dates(crt, &t->not_before_s, &t->not_after_s);
	t->rsa_bits = tls_crt_rsa_bits(crt);
	if (mbedtls_x509_dn_gets(t->subject, sizeof t->subject, &crt->subject) <
	    0)
		t->subject[sizeof t->subject - 1] = '\0';
	c->has_tls = true;
}

bool
ccall_tls_connected(struct ccall *c)
{
	mbedtls_ssl_context *ssl = context_of(c->easy);
	struct cpeer *p = c->peer;
	bool handshake = c->tls.ssl != NULL;

	if (!ssl)
		return false;
	unwatch(c);
	memset(&c->tls_peer, 0, sizeof c->tls_peer);
	describe_peer(c, ssl);
	if (handshake && c->tls.verified)
		keep_session(c, ssl);
	c->tls_peer.resumed = handshake && c->tls.offered && !c->tls.verified;
	/* Usage complaints that OPTIONAL forgave are a matter of trust. */
	if (handshake && c->tls.verified &&
	    mbedtls_ssl_get_verify_result(ssl) != 0)
		c->tls.problems |= 1u << HTTP_E_TLS_TRUST;
	c->tls_peer.problems = handshake && c->tls.verified
				   ? c->tls.problems
				   : p->session_problems;
	return true;
}
