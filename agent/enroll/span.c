/* See span.h. */
#include "agent/enroll/span.h"

#include <string.h>

#include "common/hex.h"
#include "common/http.h"
#include "common/mem.h"
#include "common/str.h"

#define TEXT_CAP 48

/* An address as a number of two halves. */
struct wide {
	uint64_t hi, lo;
	bool v4;
};

static uint64_t
half(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void
whole(struct wide w, uint8_t ip[16])
{
	for (int i = 0; i < 8; i++) {
		ip[i] = (uint8_t)(w.hi >> (56 - 8 * i));
		ip[8 + i] = (uint8_t)(w.lo >> (56 - 8 * i));
	}
}

/* Four decimal numbers of at most three digits, nothing else: 010.1.1.1 has
 * meant eight to some. */
static bool
dotted(const char *s)
{
	unsigned parts = 0;

	for (;; s++) {
		size_t k = strspn(s, "0123456789");

		if (k == 0 || k > 3 || (k > 1 && s[0] == '0'))
			return false;
		parts++;
		s += k;
		if (*s == '\0')
			return parts == 4;
		if (*s != '.')
			return false;
	}
}

static bool
address(const char *s, size_t n, struct wide *out)
{
	struct http_addr a;
	char text[TEXT_CAP];

	if (n == 0 || n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	out->v4 = memchr(s, ':', n) == NULL;
	if ((out->v4 && !dotted(text)) || !http_addr_ip_parse(&a, text, 0))
		return false;
	out->hi = half(a.ip);
	out->lo = half(a.ip + 8);
	return true;
}

/* What follows the dash when it is no whole address: the last byte, or for IPv6
 * the last group of four digits. */
static bool
last_part(const char *s, size_t n, const struct wide *first, struct wide *last)
{
	char text[5] = "";
	uint64_t v = 0;
	int64_t x;

	if (n == 0 || n > (first->v4 ? 3u : 4u))
		return false;
	memcpy(text, s, n);
	if (first->v4) {
		if (!str_to_i64(text, &x) || x < 0 || x > 255)
			return false;
		v = (uint64_t)x;
	}
	for (size_t i = 0; i < n && !first->v4; i++) {
		int digit = hex_value(text[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (uint64_t)digit;
	}
	*last = *first;
	last->lo =
	    (first->lo & ~(first->v4 ? UINT64_C(0xff) : UINT64_C(0xffff))) | v;
	return true;
}

/* "A/24": of IPv4 all but the network's own address and the broadcast, of IPv6
 * all but the routers' anycast. Nets that nobody could count are too big. */
static bool
net(const char *bits, size_t n, struct wide *first, struct wide *last)
{
	char text[4] = "";
	int64_t len;
	uint64_t mask;

	if (n == 0 || n > 3)
		return false;
	memcpy(text, bits, n);
	if (!str_to_i64(text, &len) || len < 1 || len > (first->v4 ? 32 : 128))
		return false;
	len += first->v4 ? 96 : 0;
	*last = *first;
	if (len < 64) {
		first->hi = 0;
		last->hi = 1; /* for span_count() */
		return true;
	}
	mask = len == 64 ? UINT64_MAX : (UINT64_C(1) << (128 - len)) - 1;
	first->lo &= ~mask;
	last->lo = first->lo | mask;
	if (len < 127) {
		first->lo++;
		last->lo -= first->v4 ? 1 : 0;
	}
	return true;
}

static uint64_t
span_count(const struct wide *a, const struct wide *b)
{
	uint64_t n = b->lo - a->lo;

	return a->hi != b->hi || n == UINT64_MAX ? UINT64_MAX : n + 1;
}

bool
span_parse(struct span *r, const char *s, size_t n)
{
	const char *slash = memchr(s, '/', n), *dash = memchr(s, '-', n);
	const char *cut = slash != NULL ? slash : dash;
	size_t head = cut == NULL ? n : (size_t)(cut - s), rest;
	struct wide a, b;

	if (!address(s, head, &a))
		return false;
	b = a;
	rest = cut == NULL ? 0 : n - head - 1;
	if (slash != NULL && !net(slash + 1, rest, &a, &b))
		return false;
	if (slash == NULL && dash != NULL &&
	    !last_part(dash + 1, rest, &a, &b) &&
	    (!address(dash + 1, rest, &b) || a.v4 != b.v4))
		return false;
	if (b.hi < a.hi || (b.hi == a.hi && b.lo < a.lo))
		return false;
	whole(a, r->first);
	r->n = span_count(&a, &b);
	return true;
}

char *
span_url(const struct span *r, uint64_t i)
{
	struct http_addr a = { .port = 443 };
	struct wide w = { half(r->first), half(r->first + 8) + i, false };
	char text[64];

	whole(w, a.ip);
	http_addr_text(&a, text);
	*strrchr(text, ':') = '\0'; /* https has that port */
	return xasprintf("https://%s", text);
}
