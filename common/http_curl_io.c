/* What curl is told about a call, what it tells back, and what that means. */
#include <errno.h>
#include <string.h>

#include "common/http_curl_int.h"
#include "common/mem.h"
#include "common/str.h"

/* ---- the reply's head ------------------------------------------------------------ */

static void
head_reset(struct ccall *c)
{
	buf_reset(&c->head);
	c->n_headers = 0;
}

static bool
add_line(struct ccall *c, const char *p, size_t n)
{
	const char *colon;

	while (n > 0 && strchr("\r\n \t", p[n - 1]))
		n--;
	if ((*p == ' ' || *p == '\t') && c->n_headers > 0) {
		c->head.n--; /* obsolete folding: on with the last value */
		return buf_addc(&c->head, ' ') && buf_add(&c->head, p, n) &&
		       buf_addc(&c->head, '\0');
	}
	colon = memchr(p, ':', n);
	if (!colon || colon == p) {
		ccall_fail(c, HTTP_E_PROTO, "%s: a header line has no name",
		    c->peer->where);
		return false;
	}
	c->n_headers++;
	if (!buf_add(&c->head, p, (size_t)(colon - p)) ||
	    !buf_addc(&c->head, '\0'))
		return false;
	for (n -= (size_t)(colon + 1 - p), p = colon + 1;
	     n > 0 && (*p == ' ' || *p == '\t'); p++)
		n--;
	return buf_add(&c->head, p, n) && buf_addc(&c->head, '\0');
}

static void
index_headers(struct ccall *c)
{
	const char *p = buf_str(&c->head);

	if (c->n_headers > 0)
		c->headers = xcalloc(c->n_headers, sizeof *c->headers);
	for (size_t i = 0; i < c->n_headers; i++) {
		c->headers[i].name = p;
		p += strlen(p) + 1;
		c->headers[i].value = p;
		p += strlen(p) + 1;
	}
}

static void
check_length(struct ccall *c)
{
	const char *s =
	    http_header_get(c->headers, c->n_headers, "Content-Length");
	uint64_t n;

	if (!s || !str_to_u64(s, &n) || c->r.sink || str_eq(c->method, "HEAD"))
		return;
	if (n > c->r.limits.body_max)
		ccall_fail(c, HTTP_E_TOO_BIG, "%s: a body of %s bytes",
		    c->peer->where, s);
}

static void
head_complete(struct ccall *c)
{
	long status = 0;
	enum http_flow flow = HTTP_MORE;

	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 100 && status < 200 && status != 101) {
		head_reset(c);
		return;
	}
	if (status < 200 || status > 999) {
		ccall_fail(
		    c, HTTP_E_PROTO, "%s: status %ld", c->peer->where, status);
		return;
	}
	c->head_complete = true;
	index_headers(c);
	c->res.status = (int)status;
	c->res.phase = HTTP_P_BODY;
	c->res.head_at_us = loop_mono_us(c->peer->side->net->loop);
	timer_stop(&c->t_head.t);
	ccall_arm(c, &c->t_idle, c->r.limits.idle_us);
	check_length(c);
	if (c->r.head && c->res.err == HTTP_OK)
		flow = c->r.head(
		    c->r.arg, c->res.status, c->headers, c->n_headers);
	if (flow == HTTP_ABORT)
		ccall_fail(c, HTTP_E_ABORT, "the head was refused");
	c->paused |= flow == HTTP_PAUSE;
	if (c->paused)
		timer_stop(&c->t_idle.t);
}

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct ccall *c = arg;

	(void)size;
	if (c->silent)
		return 0;
	if (c->head_complete) /* trailers */
		return n;
	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0)
		head_reset(c);
	else if (p[0] == '\r' || p[0] == '\n')
		head_complete(c);
	else if (!add_line(c, p, n))
		ccall_fail(c, HTTP_E_TOO_BIG, "%s: the head is over %zu bytes",
		    c->peer->where, c->head.max);
	return c->res.err == HTTP_OK && !c->silent ? n : 0;
}

/* ---- bodies --------------------------------------------------------------------------- */

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct ccall *c = arg;
	enum http_flow flow;

	(void)size;
	if (c->silent)
		return 0;
	if (c->paused)
		return CURL_WRITEFUNC_PAUSE;
	ccall_arm(c, &c->t_idle, c->r.limits.idle_us);
	if (!c->r.sink) {
		if (buf_add(&c->collected, p, n))
			return n;
		ccall_fail(c, HTTP_E_TOO_BIG, "%s: the body is over %zu bytes",
		    c->peer->where, c->collected.max);
		return 0;
	}
	flow = c->snk.data(c->snk.arg, (struct http_bytes){ p, n });
	if (c->silent)
		return 0;
	if (flow == HTTP_ABORT) {
		ccall_fail(c, HTTP_E_ABORT, "the sink refused the body");
		return 0;
	}
	c->paused = flow == HTTP_PAUSE;
	if (c->paused)
		timer_stop(&c->t_idle.t);
	return n;
}

/* All of the request is with curl: from here on the peer has the word. */
static void
request_ended(struct ccall *c)
{
	if (c->res.phase != HTTP_P_SEND)
		return;
	c->res.phase = HTTP_P_HEAD;
	timer_stop(&c->t_idle.t);
	ccall_arm(c, &c->t_head, c->r.limits.head_us);
}

static size_t
read_bytes(struct ccall *c, char *out, size_t cap)
{
	size_t n = c->r.body.n - c->body_at;

	if (n > cap)
		n = cap;
	memcpy(out, c->body + c->body_at, n);
	c->body_at += n;
	if (c->body_at == c->r.body.n)
		request_ended(c);
	return n;
}

static size_t
source_broken(struct ccall *c, const char *why)
{
	ccall_fail(c, HTTP_E_ABORT, "%s", why);
	return CURL_READFUNC_ABORT;
}

static size_t
source_pauses(struct ccall *c)
{
	timer_stop(&c->t_idle.t);
	return CURL_READFUNC_PAUSE;
}

static size_t
read_source(struct ccall *c, char *out, size_t cap)
{
	enum http_flow flow;
	size_t n = 0;

	if (c->src_left >= 0 && (uint64_t)c->src_left < cap)
		cap = (size_t)c->src_left;
	flow = c->src.pull(c->src.arg, out, cap, &n);
	if (c->silent)
		return CURL_READFUNC_ABORT;
	if (flow == HTTP_ABORT || n > cap)
		return source_broken(c, "the source gave up");
	if (flow == HTTP_END && (int64_t)n < c->src_left)
		return source_broken(c, "the source ended before its length");
	if (c->src_left >= 0)
		c->src_left -= (int64_t)n;
	c->src_ended = flow == HTTP_END || c->src_left == 0;
	c->src_paused = !c->src_ended && (flow == HTTP_PAUSE || n == 0);
	if (c->src_ended)
		request_ended(c);
	else if (c->res.phase == HTTP_P_SEND)
		ccall_arm(c, &c->t_idle, c->r.limits.idle_us);
	return n == 0 && c->src_paused ? source_pauses(c) : n;
}

static size_t
on_read(char *out, size_t size, size_t cap, void *arg)
{
	struct ccall *c = arg;

	if (c->silent)
		return CURL_READFUNC_ABORT;
	if (!c->r.source)
		return read_bytes(c, out, cap * size);
	if (c->src_ended)
		return 0;
	if (c->src_paused)
		return source_pauses(c);
	return read_source(c, out, cap * size);
}

static int
on_ready(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct ccall *c = arg;

	(void)remote;
	(void)local;
	(void)remote_port;
	(void)local_port;
	if (!c->silent)
		ccall_sent(c);
	return c->res.err == HTTP_OK && !c->silent ? CURL_PREREQFUNC_OK
						   : CURL_PREREQFUNC_ABORT;
}

/* ---- options --------------------------------------------------------------------------- */

#define SET(opt, value) (void)curl_easy_setopt(c->easy, (opt), (value))

static bool
add_header(struct ccall *c, const char *line)
{
	struct curl_slist *l = curl_slist_append(c->list, line);

	if (l)
		c->list = l;
	return l != NULL;
}

static bool
set_headers(struct ccall *c)
{
	bool ok = add_header(c, "Expect:") && add_header(c, "User-Agent:");

	if (!http_header_get(c->req_headers, c->r.n_headers, "Accept"))
		ok = ok && add_header(c, "Accept:");
	for (size_t i = 0; ok && i < c->r.n_headers; i++) {
		const struct http_header *h = &c->req_headers[i];
		/* "Name;" is curl's word for an empty value. */
		char *line = h->value[0]
				 ? xasprintf("%s: %s", h->name, h->value)
				 : xasprintf("%s;", h->name);

		ok = add_header(c, line);
		xfree(line);
	}
	SET(CURLOPT_HTTPHEADER, c->list);
	return ok;
}

static bool
set_address(struct ccall *c)
{
	struct cpeer *p = c->peer;
	char *entry;
	uint8_t ip[16];

	/* With the address given, curl never asks its blocking resolver. */
	if (tls_ip_parse(p->host, ip) > 0)
		return true;
	entry = xasprintf("%s:%u:%s", p->host, p->port, p->addrs);
	c->resolve = curl_slist_append(NULL, entry);
	xfree(entry);
	SET(CURLOPT_RESOLVE, c->resolve);
	SET(CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	return c->resolve != NULL;
}

static void
set_request(struct ccall *c)
{
	SET(CURLOPT_URL, c->peer->base);
	SET(CURLOPT_REQUEST_TARGET, c->target);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (c->uploads) {
		SET(CURLOPT_UPLOAD, 1L);
		SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)c->src_left);
		SET(CURLOPT_READFUNCTION, on_read);
		SET(CURLOPT_READDATA, c);
	} else if (str_eq(c->method, "HEAD")) {
		SET(CURLOPT_NOBODY, 1L);
	} else {
		SET(CURLOPT_HTTPGET, 1L);
	}
	SET(CURLOPT_CUSTOMREQUEST, c->method);
	/* Over TLS curl sends heads, too, by way of the second one, and has it
	 * as long as the call lasts; its default is 64 KiB. */
	SET(CURLOPT_BUFFERSIZE, c->r.trickles ? 2048L : 16384L);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, c->uploads ? 16384L : 4096L);
}

bool
ccall_setup(struct ccall *c)
{
	struct cpeer *p = c->peer;
	bool keep = p->idle_close_us != 0 && !p->stale;

	SET(CURLOPT_PRIVATE, c);
	SET(CURLOPT_ERRORBUFFER, c->errbuf);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_NOPROGRESS, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_TCP_NODELAY, 1L);
	/* Ours are the limits; curl's defaults would cut in. */
	SET(CURLOPT_CONNECTTIMEOUT_MS, 24L * 3600 * 1000);
	SET(CURLOPT_MAXAGE_CONN, 24L * 3600);
	SET(CURLOPT_FRESH_CONNECT, c->reuse && !p->stale ? 0L : 1L);
	SET(CURLOPT_FORBID_REUSE, keep ? 0L : 1L);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, c);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, c);
	SET(CURLOPT_PREREQFUNCTION, on_ready);
	SET(CURLOPT_PREREQDATA, c);
	/* Trust, name and resumption are decided in http_curl_tls.c. */
	SET(CURLOPT_SSL_VERIFYPEER, 0L);
	SET(CURLOPT_SSL_VERIFYHOST, 0L);
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	SET(CURLOPT_SSL_CTX_FUNCTION, ccall_tls_begin);
	SET(CURLOPT_SSL_CTX_DATA, c);
	set_request(c);
	return set_headers(c) && set_address(c);
}

/* ---- what went wrong ---------------------------------------------------------------------- */

static void
explain_verdict(struct ccall *c)
{
	const char *where = c->peer->where, *seen = c->tls.seen;

	if (c->tls.verdict == HTTP_E_TLS_NAME)
		ccall_fail(c, c->tls.verdict,
		    "%s: certificate '%s' is for another name", where, seen);
	else if (c->tls.verdict == HTTP_E_TLS_DATE)
		ccall_fail(c, c->tls.verdict,
		    "%s: certificate '%s' is expired or not yet valid", where,
		    seen);
	else if (c->tls.verdict == HTTP_E_TLS_WEAK)
		ccall_fail(c, c->tls.verdict, "%s: certificate '%s' %s", where,
		    seen, c->tls.weak);
	else if (c->tls.verdict == HTTP_E_TLS_PIN)
		ccall_fail(c, c->tls.verdict,
		    "%s: fingerprint %s, which is not the pinned one "
		    "(certificate '%s')",
		    where, c->tls.key, seen);
	else
		ccall_fail(c, c->tls.verdict,
		    "%s: certificate '%s' is not signed by a trusted CA", where,
		    seen);
}

static void
explain_handshake(struct ccall *c, long os_errno)
{
	const char *where = c->peer->where;
	uint8_t alert = c->tls.alert;

	/* perhaps only the session was refused: next time without it */
	if (c->tls.offered)
		cpeer_forget_session(c->peer);
	if (c->tls.verdict != HTTP_OK)
		explain_verdict(c);
	else if (alert == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION)
		/* an older peer would answer with its own version */
		ccall_fail(c, HTTP_E_TLS_NEWER,
		    "%s: no TLS version in common: it takes no 1.2, perhaps "
		    "only 1.3",
		    where);
	else if (strstr(c->errbuf, "-0x6E80"))
		ccall_fail(c, HTTP_E_TLS_VERSION,
		    "%s: no TLS version in common: it has only older ones",
		    where);
	else if (alert)
		ccall_fail(c, HTTP_E_TLS, "%s: the peer refused: TLS alert %u",
		    where, alert);
	else if (os_errno == ECONNRESET || os_errno == EPIPE)
		ccall_fail(
		    c, HTTP_E_RESET, "%s: reset in the TLS handshake", where);
	else if (strstr(c->errbuf, "-0x7280"))
		ccall_fail(
		    c, HTTP_E_EOF, "%s: closed in the TLS handshake", where);
	else
		ccall_fail(c, HTTP_E_TLS, "%s: %s", where, c->errbuf);
}

static void
explain_broken(struct ccall *c, long os_errno)
{
	const char *where = c->peer->where;

	if (strstr(c->errbuf, "chunked-encoding"))
		ccall_fail(c, HTTP_E_PROTO, "%s: %s", where, c->errbuf);
	else if (c->code == CURLE_SEND_ERROR ||
		 (c->code == CURLE_RECV_ERROR &&
		     (os_errno == ECONNRESET || os_errno == EPIPE)))
		ccall_fail(
		    c, HTTP_E_RESET, "%s: connection reset by the peer", where);
	else
		ccall_fail(c, HTTP_E_EOF,
		    "%s: closed before the reply was complete", where);
}

static void
explain_code(struct ccall *c, long os_errno)
{
	const char *where = c->peer->where;

	if (c->code == CURLE_COULDNT_CONNECT)
		ccall_fail(c,
		    os_errno == ECONNRESET ? HTTP_E_RESET : HTTP_E_CONNECT,
		    "%s: %s", where,
		    os_errno ? strerror((int)os_errno) : c->errbuf);
	else if (c->code == CURLE_COULDNT_RESOLVE_HOST)
		ccall_fail(c, HTTP_E_RESOLVE, "%s: %s", where, c->errbuf);
	else if (c->code == CURLE_SSL_CONNECT_ERROR ||
		 c->code == CURLE_PEER_FAILED_VERIFICATION)
		explain_handshake(c, os_errno);
	else if (c->code == CURLE_GOT_NOTHING ||
		 c->code == CURLE_PARTIAL_FILE || c->code == CURLE_SEND_ERROR ||
		 c->code == CURLE_RECV_ERROR)
		explain_broken(c, os_errno);
	else if (c->code == CURLE_OUT_OF_MEMORY && !c->head_complete)
		ccall_fail(
		    c, HTTP_E_TOO_BIG, "%s: a header line without end", where);
	else
		ccall_fail(c, HTTP_E_PROTO, "%s: %s", where,
		    c->errbuf[0] ? c->errbuf : curl_easy_strerror(c->code));
}

void
ccall_explain(struct ccall *c)
{
	long os_errno = 0;

	if (c->res.err != HTTP_OK || c->code == CURLE_OK)
		return;
	if (c->easy)
		(void)curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_errno);
	explain_code(c, os_errno);
}
