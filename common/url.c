#include "common/url.h"

#include <string.h>

#include "common/hex.h"
#include "common/mem.h"
#include "common/str.h"

static bool
bad(struct err *e, enum err_kind kind, const char *text, const char *why)
{
	char shown[128];

	/* The query may hold a token. */
	str_escape(shown, sizeof(shown), text, strcspn(text, "?"));
	return err_set(e, kind, 0, "URL \"%s\": %s", shown, why);
}

/* NULL when path and query can stand in a request line. */
static const char *
target_problem(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return "a space, control byte or byte above 0x7e";
		if (*s == '\\')
			return "a backslash";
		if (*s == '#')
			return "a fragment";
		if (*s == '%' && (hex_value(s[1]) < 0 || hex_value(s[2]) < 0))
			return "a bad percent escape";
	}
	return NULL;
}

/* Where the last segment of s[0..end) starts. */
static char *
parent(char *s, char *end)
{
	while (end > s && *--end != '/')
		;
	return end;
}

/* RFC 3986 section 5.2.4, in place, on the path s (which starts with '/'); the
 * query is left alone. */
static void
remove_dots(char *s)
{
	char *query = s + strcspn(s, "?"), *in = s, *out = s;

	while (in < query) {
		size_t n = strcspn(in + 1, "/?");
		bool dot = n == 1 && in[1] == '.';
		bool up = n == 2 && in[1] == '.' && in[2] == '.';

		if (up)
			out = parent(s, out);
		if (!dot && !up) {
			memmove(out, in, n + 1);
			out += n + 1;
		} else if (in + 1 + n >= query) {
			*out++ = '/';
		}
		in += n + 1;
	}
	memmove(out, query, strlen(query) + 1);
}

/* ---- authority ----------------------------------------------------------- */

/* Hex digits, colons and dots: a shape; the network decides what it means. */
static bool
looks_like_v6(const char *s, size_t n)
{
	size_t colons = 0;

	if (n < 2 || n > 45)
		return false;
	for (size_t i = 0; i < n; i++) {
		colons += s[i] == ':';
		if (s[i] != ':' && s[i] != '.' && hex_value(s[i]) < 0)
			return false;
	}
	return colons >= 2 && colons <= 8;
}

static bool
looks_like_name(const char *s, size_t n)
{
	if (n == 0 || s[0] == '-' || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!str_is_alnum(s[i]) && s[i] != '-' && s[i] != '.' &&
		    s[i] != '_')
			return false;
		if (s[i] == '.' && i + 1 < n && s[i + 1] == '.')
			return false;
	}
	return true;
}

static void
set_host(struct url *u, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		u->host[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	u->host[n] = '\0';
}

static bool
set_port(struct url *u, const char *s, size_t n)
{
	char text[8];
	uint64_t port;

	u->port = u->https ? 443 : 80;
	if (n == 0)
		return true; /* "host:" is allowed, RFC 3986 section 3.2.3 */
	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	if (!str_to_u64(text, &port) || port == 0 || port > 65535)
		return false;
	u->port = (uint16_t)port;
	return true;
}

/* "[address]" at s; *rest: what follows. NULL if fine. */
static const char *
parse_v6(struct url *u, const char *s, size_t n, const char **rest)
{
	const char *close = memchr(s, ']', n);

	if (close == NULL)
		return "no ']' behind the IPv6 address";
	if (!looks_like_v6(s + 1, (size_t)(close - s - 1)))
		return "bad IPv6 address";
	u->host_is_v6 = true;
	set_host(u, s + 1, (size_t)(close - s - 1));
	*rest = close + 1;
	return NULL;
}

static const char *
parse_name(struct url *u, const char *s, size_t n, const char **rest)
{
	const char *colon = memchr(s, ':', n);

	if (colon == NULL)
		colon = s + n;
	if (!looks_like_name(s, (size_t)(colon - s)))
		return "bad host name";
	if ((size_t)(colon - s) >= sizeof(u->host))
		return "host name too long";
	set_host(u, s, (size_t)(colon - s));
	*rest = colon;
	return NULL;
}

/* s[0..n): what stands between "//" and the path. NULL if fine. */
static const char *
parse_authority(struct url *u, const char *s, size_t n)
{
	const char *rest = s, *end = s + n, *why;

	if (memchr(s, '@', n) != NULL)
		return "user information is not accepted";
	u->host_is_v6 = false;
	why = n > 0 && s[0] == '[' ? parse_v6(u, s, n, &rest)
				   : parse_name(u, s, n, &rest);
	if (why != NULL)
		return why;
	if (rest < end && *rest != ':')
		return "bad text behind the host";
	rest += rest < end;
	if (!set_port(u, rest, (size_t)(end - rest)))
		return "bad port";
	return NULL;
}

/* "https:" or "http:" in any case; NULL if s starts with neither. */
static const char *
skip_scheme(struct url *u, const char *s)
{
	size_t n = strcspn(s, ":/?#");
	char scheme[8];

	if (s[n] != ':' || n >= sizeof(scheme))
		return NULL;
	memcpy(scheme, s, n);
	scheme[n] = '\0';
	u->https = str_ieq(scheme, "https");
	if (!u->https && !str_ieq(scheme, "http"))
		return NULL;
	return s + n + 1;
}

/* text: "//authority/path?query"; the scheme is in u. */
static const char *
parse_net_path(struct url *u, const char *text)
{
	const char *why;
	size_t n;

	if (strncmp(text, "//", 2) != 0)
		return "no \"//\" behind the scheme";
	text += 2;
	n = strcspn(text, "/?#");
	why = parse_authority(u, text, n);
	if (why != NULL)
		return why;
	text += n;
	why = target_problem(text);
	if (why != NULL)
		return why;
	if (!str_format(u->target, sizeof(u->target), "%s%s",
		*text == '/' ? "" : "/", text))
		return "too long";
	remove_dots(u->target);
	return NULL;
}

bool
url_parse(struct url *u, const char *text, struct err *e)
{
	const char *rest, *why;
	struct url out = { 0 };

	if (str_empty(text))
		return err_set(e, ERR_SPEC, 0, "URL is empty");
	rest = skip_scheme(&out, text);
	if (rest == NULL)
		return bad(e, ERR_SPEC, text, "only http and https are known");
	why = parse_net_path(&out, rest);
	if (why != NULL)
		return bad(e, ERR_SPEC, text, why);
	*u = out;
	return true;
}

/* ---- references ---------------------------------------------------------- */

/* Has s a scheme in front (RFC 3986 section 3.1)? */
static bool
has_scheme(const char *s)
{
	size_t n = 0;

	while (str_is_alnum(s[n]) || s[n] == '+' || s[n] == '-' || s[n] == '.')
		n++;
	return n > 0 && s[n] == ':' && (s[0] < '0' || s[0] > '9');
}

/* The target of base with its last segment, or query, replaced by ref. */
static bool
merge(char *out, size_t cap, const char *base, const char *ref)
{
	size_t path = strcspn(base, "?"), keep = path;

	if (*ref == '\0')
		return str_copy(out, cap, base);
	if (*ref == '/')
		return str_copy(out, cap, ref);
	if (*ref != '?') {
		while (keep > 0 && base[keep - 1] != '/')
			keep--;
	}
	return str_format(out, cap, "%.*s%s", (int)keep, base, ref);
}

static const char *
resolve(struct url *u, const struct url *base, const char *ref)
{
	const char *rest, *why;

	if (has_scheme(ref)) {
		rest = skip_scheme(u, ref);
		if (rest == NULL)
			return "only http and https are known";
		return parse_net_path(u, rest);
	}
	*u = *base;
	if (strncmp(ref, "//", 2) == 0)
		return parse_net_path(u, ref);
	why = target_problem(ref);
	if (why != NULL)
		return why;
	if (!merge(u->target, sizeof(u->target), base->target, ref))
		return "too long";
	remove_dots(u->target);
	return NULL;
}

bool
url_resolve(
    struct url *u, const struct url *base, const char *ref, struct err *e)
{
	struct url out = { 0 };
	const char *why;
	char *text;
	bool ok;

	if (ref == NULL)
		return err_set(e, ERR_PROTO, 0, "no URL reference");
	text = xstrndup(ref, strcspn(ref, "#"));
	why = resolve(&out, base, text);
	ok = why == NULL || bad(e, ERR_PROTO, text, why);
	if (ok)
		*u = out;
	xfree(text);
	return ok;
}

bool
url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port &&
	       a->host_is_v6 == b->host_is_v6 && strcmp(a->host, b->host) == 0;
}

void
url_origin(const struct url *u, char *out, size_t cap)
{
	const char *open = u->host_is_v6 ? "[" : "";
	const char *close = u->host_is_v6 ? "]" : "";
	const char *scheme = u->https ? "https" : "http";
	bool fits;

	if (u->port == (u->https ? 443 : 80))
		fits = str_format(
		    out, cap, "%s://%s%s%s", scheme, open, u->host, close);
	else
		fits = str_format(out, cap, "%s://%s%s%s:%u", scheme, open,
		    u->host, close, (unsigned)u->port);
	/* A cut origin would be another one. */
	if (!fits && cap > 0)
		out[0] = '\0';
}

/* ---- escapes ------------------------------------------------------------- */

char *
url_escape(const char *s)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = xmalloc(3 * strlen(s) + 1), *dst = out;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		/* RFC 3986 section 2.3: unreserved */
		if (str_is_alnum(*s) || c == '-' || c == '.' || c == '_' ||
		    c == '~') {
			*dst++ = *s;
			continue;
		}
		*dst++ = '%';
		*dst++ = digits[c >> 4];
		*dst++ = digits[c & 15];
	}
	*dst = '\0';
	return out;
}

bool
url_unescape(char *s)
{
	char *dst = s;

	for (; *s != '\0'; s++) {
		int high, low;

		if (*s != '%') {
			*dst++ = *s;
			continue;
		}
		high = hex_value(s[1]);
		low = high >= 0 ? hex_value(s[2]) : -1;
		if (low < 0 || (high == 0 && low == 0))
			return false;
		*dst++ = (char)(high << 4 | low);
		s += 2;
	}
	*dst = '\0';
	return true;
}

/* s[0..n) decoded; NULL on a bad escape. */
static char *
form_decode(const char *s, size_t n)
{
	char *out = xstrndup(s, n);

	for (char *c = out; *c != '\0'; c++) {
		if (*c == '+')
			*c = ' ';
	}
	if (url_unescape(out))
		return out;
	xfree(out);
	return NULL;
}

char *
url_query(const char *target, const char *name)
{
	const char *at = strchr(target, '?');

	while (at != NULL && *at != '\0' && *at != '#') {
		size_t n = strcspn(++at, "&#"), k = strcspn(at, "=&#");
		char *key = form_decode(at, k);
		bool hit = str_eq(key, name);

		xfree(key);
		if (hit)
			return k < n ? form_decode(at + k + 1, n - k - 1)
				     : xstrdup("");
		at += n;
	}
	return NULL;
}
