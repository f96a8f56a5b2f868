/* Rules that both networks share: what a request or reply may say, defaults of
 * limits, reason phrases, dates, and the verdict over a peer's certificate. */
#include "common/http_ops.h"

#include <string.h>

#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"

void
http_limits_default(struct http_limits *l)
{
	if (l->connect_us == 0)
		l->connect_us = 10 * LOOP_S;
	if (l->head_us == 0)
		l->head_us = 30 * LOOP_S;
	if (l->idle_us == 0)
		l->idle_us = 30 * LOOP_S;
	if (l->total_us == 0)
		l->total_us = 120 * LOOP_S;
	if (l->head_max == 0)
		l->head_max = 64u << 10;
	if (l->body_max == 0)
		l->body_max = 4u << 20;
}

/* RFC 9110 5.6.2 */
bool
http_is_token(const char *s)
{
	if (str_empty(s))
		return false;
	for (; *s; s++) {
		bool mostly = (*s >= '0' && *s <= '9') ||
			      (*s >= 'A' && *s <= 'Z') ||
			      (*s >= 'a' && *s <= 'z') || *s == '-';

		if (!mostly && !strchr("!#$%&'*+.^_`|~", *s))
			return false;
	}
	return true;
}

static bool
is_target(const char *s)
{
	if (!s || *s != '/')
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f || *s == '#')
			return false;
	return true;
}

static bool
is_value(const char *s)
{
	if (!s)
		return false;
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static const char *
headers_problem(const struct http_header *h, size_t n)
{
	static const char *const ours[] = { "Content-Length",
		"Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade",
		"Trailer", "TE" };

	for (size_t i = 0; i < n; i++) {
		if (!http_is_token(h[i].name))
			return "a header name is not a token";
		if (!is_value(h[i].value))
			return "a header value holds control bytes";
		for (size_t k = 0; k < sizeof ours / sizeof *ours; k++)
			if (http_header_is(&h[i], ours[k]))
				return "a framing header is given";
	}
	return NULL;
}

const char *
http_request_problem(const struct http_request *r)
{
	if (!http_is_token(r->method))
		return "the method is not a token";
	if (!is_target(r->target))
		return "the target is not a path";
	if (http_header_get(r->headers, r->n_headers, "Host") ||
	    http_header_get(r->headers, r->n_headers, "Expect"))
		return "a Host or Expect header is given";
	if (r->source && r->body.n > 0)
		return "both a body and a source are given";
	return headers_problem(r->headers, r->n_headers);
}

const char *
http_reply_problem(int status, const struct http_header *h, size_t n)
{
	if (status < 200 || status > 999)
		return "the status is not between 200 and 999";
	return headers_problem(h, n);
}

bool
http_is_get_or_head(const char *method)
{
	return str_eq(method, "GET") || str_eq(method, "HEAD");
}

bool
http_has_no_body(const char *method, int status)
{
	return str_eq(method, "HEAD") || status < 200 || status == 204 ||
	       status == 304;
}

const char *
http_reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} reasons[] = {
		{ 100, "Continue" },
		{ 101, "Switching Protocols" },
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 411, "Length Required" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Range Not Satisfiable" },
		{ 417, "Expectation Failed" },
		{ 421, "Misdirected Request" },
		{ 422, "Unprocessable Content" },
		{ 428, "Precondition Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
		{ 507, "Insufficient Storage" },
	};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Unassigned";
}

void
http_date(char out[HTTP_DATE_CAP], int64_t wall_us)
{
	static const char days[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon",
		"Tue", "Wed" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	char t[RFC3339_CAP];
	int64_t day;
	int month;

	if (wall_us < 0)
		wall_us = 0;
	rfc3339_s(t, wall_us); /* 2026-11-22T18:25:00Z */
	day = wall_us / (24 * LOOP_HOUR);
	month = (t[5] - '0') * 10 + t[6] - '0';
	(void)str_format(out, HTTP_DATE_CAP, "%s, %.2s %s %.4s %.8s GMT",
	    days[day % 7], t + 8, months[(month + 11) % 12], t, t + 11);
}

struct http_header *
http_headers_dup(const struct http_header *h, size_t n)
{
	struct http_header *copy;
	size_t bytes = n * sizeof *copy;
	char *p;

	if (n == 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		bytes += strlen(h[i].name) + strlen(h[i].value) + 2;
	copy = xmalloc(bytes);
	p = (char *)(copy + n);
	for (size_t i = 0; i < n; i++) {
		size_t a = strlen(h[i].name) + 1, b = strlen(h[i].value) + 1;

		copy[i].name = memcpy(p, h[i].name, a);
		copy[i].value = memcpy(p + a, h[i].value, b);
		p += a + b;
	}
	return copy;
}

/* ---- certificates --------------------------------------------------------- */

uint32_t
http_tls_problems(const struct tls_policy *t, const char *host,
    const struct tls_facts *f, int64_t wall_s)
{
	char weak[TLS_WEAK_CAP];
	uint32_t problems = 0;

	tls_weakness(f, weak);
	if (weak[0] != '\0')
		problems |= 1u << HTTP_E_TLS_WEAK;
	if (!t->trust ||
	    (!tls_trust_has_spki(t->trust, f->spki_sha256) &&
		!tls_trust_has_spki(t->trust, f->issuer_spki_sha256)))
		problems |= 1u << HTTP_E_TLS_TRUST;
	if (!tls_name_matches(f, t->server_name ? t->server_name : host))
		problems |= 1u << HTTP_E_TLS_NAME;
	if (wall_s < f->not_before_s || wall_s > f->not_after_s)
		problems |= 1u << HTTP_E_TLS_DATE;
	if (t->pinned && memcmp(t->pin_spki_sha256, f->spki_sha256, 32) != 0)
		problems |= 1u << HTTP_E_TLS_PIN;
	return problems;
}

enum http_err
http_tls_verdict(const struct tls_policy *t, uint32_t problems)
{
	static const enum http_err order[] = { HTTP_E_TLS_TRUST,
		HTTP_E_TLS_WEAK, HTTP_E_TLS_NAME, HTTP_E_TLS_DATE };

	if (t->pinned)
		return problems & 1u << HTTP_E_TLS_PIN ? HTTP_E_TLS_PIN
						       : HTTP_OK;
	for (size_t i = 0; !t->insecure && i < sizeof order / sizeof *order;
	     i++)
		if (problems & 1u << order[i])
			return order[i];
	return HTTP_OK;
}
