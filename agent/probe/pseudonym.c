#include "agent/probe/pseudonym.h"

#include <string.h>

#include "agent/redfish/identity.h"
#include "common/hex.h"
#include "common/http.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"

#define UUID_LEN 36
#define MAC_LEN 17
#define WORD_MIN 5 /* shorter ones would be found everywhere */

struct pseudonyms {
	bool keep;
	struct map made[PSEUDONYM_KINDS];    /* original -> owned pseudonym */
	struct map numbers[PSEUDONYM_KINDS]; /* normal form -> its number */
	struct map words;                    /* learned -> borrowed from made */
	unsigned count[PSEUDONYM_KINDS];
};

struct pseudonyms *
pseudonyms_new(bool keep)
{
	struct pseudonyms *p = xcalloc(1, sizeof(*p));

	p->keep = keep;
	return p;
}

void
pseudonyms_free(struct pseudonyms *p)
{
	if (!p)
		return;
	map_free(&p->words, NULL);
	for (int i = 0; i < PSEUDONYM_KINDS; i++) {
		map_free(&p->made[i], xfree);
		map_free(&p->numbers[i], NULL);
	}
	xfree(p);
}

/* ---- making them --------------------------------------------------------------- */

static bool
has_upper(const char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'F')
			return true;
	return false;
}

static void
upper(char *s)
{
	for (; *s; s++)
		if (*s >= 'a' && *s <= 'f')
			*s = (char)(*s - 'a' + 'A');
}

static char *
make_mac(const char *like, unsigned n)
{
	char sep[2] = { 0 };
	char *s;

	if (strlen(like) == MAC_LEN)
		sep[0] = like[2];
	s = xasprintf("02%sb7%s%02x%s%02x%s%02x%s%02x", sep, sep,
	    n >> 24 & 0xff, sep, n >> 16 & 0xff, sep, n >> 8 & 0xff, sep,
	    n & 0xff);
	if (has_upper(like))
		upper(s);
	return s;
}

/* The networks that are for documentation, then the one for benchmarks. */
static char *
make_ip4(unsigned n)
{
	static const char *const nets[] = { "192.0.2", "198.51.100",
		"203.0.113" };
	unsigned net = (n - 1) / 254;

	if (net < 3)
		return xasprintf("%s.%u", nets[net], (n - 1) % 254 + 1);
	return xasprintf("198.18.%u.%u", n >> 8 & 0xff, n & 0xff);
}

static char *
make_uuid(const char *like, unsigned n)
{
	char *s = xasprintf("b7b7b7b7-0000-4000-8000-%012u", n);

	if (has_upper(like))
		upper(s);
	return s;
}

static char *
make(enum pseudonym_kind kind, const char *like, unsigned n)
{
	switch (kind) {
	case PSEUDONYM_SERIAL:
		return xasprintf("B7SN%06u", n);
	case PSEUDONYM_HOST:
		return xasprintf("host-%u", n);
	case PSEUDONYM_ASSET:
		return xasprintf("asset-%u", n);
	case PSEUDONYM_USER:
		return xasprintf("user-%u", n);
	case PSEUDONYM_UUID:
		return make_uuid(like, n);
	case PSEUDONYM_MAC:
		return make_mac(like, n);
	case PSEUDONYM_IP4:
		return make_ip4(n);
	case PSEUDONYM_IP6:
		return xasprintf("%s::%x",
		    str_has_iprefix(like, "fe80:") ? "fe80" : "2001:db8", n);
	case PSEUDONYM_KINDS:
		break;
	}
	return xstrdup(like);
}

/* ---- what identifies nothing ---------------------------------------------------- */

static bool
says_nothing_ip4(const char *s)
{
	static const char *const masks[] = { "0.", "127.", "255.", "128.0.0.0",
		"192.0.0.0", "224.0.0.0", "240.0.0.0", "248.0.0.0", "252.0.0.0",
		"254.0.0.0", "169.254.0.0", "192.0.2.", "198.51.100.",
		"203.0.113." };

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
		if (str_has_prefix(s, masks[i]))
			return true;
	return false;
}

static bool
says_nothing_mac(const char *s)
{
	char normal[18];

	return !redfish_mac_normal(s, normal);
}

static bool
says_nothing(enum pseudonym_kind kind, const char *s)
{
	switch (kind) {
	case PSEUDONYM_SERIAL:
		return redfish_serial_placeholder(s);
	case PSEUDONYM_UUID:
		return redfish_uuid_placeholder(s);
	case PSEUDONYM_MAC:
		return says_nothing_mac(s);
	case PSEUDONYM_IP4:
		return says_nothing_ip4(s);
	case PSEUDONYM_IP6:
		return str_eq(s, "::") || str_eq(s, "::1");
	case PSEUDONYM_HOST:
	case PSEUDONYM_ASSET:
	case PSEUDONYM_USER:
	case PSEUDONYM_KINDS:
		break;
	}
	return str_empty(s);
}

static void
normal_form(enum pseudonym_kind kind, const char *s, char *out, size_t cap)
{
	char uuid[RF_UUID_CAP], mac[18];

	(void)str_copy(out, cap, s); /* a cut one is as good a key */
	if (kind == PSEUDONYM_UUID && redfish_uuid_normal(s, uuid))
		(void)str_copy(out, cap, uuid);
	if (kind == PSEUDONYM_MAC && redfish_mac_normal(s, mac))
		(void)str_copy(out, cap, mac);
}

/* The number is the thing's; the form is that of the place. */
static const char *
in_form(struct pseudonyms *p, enum pseudonym_kind kind, const char *text,
    unsigned n)
{
	char *name = make(kind, text, n), *old = map_get(&p->made[kind], text);

	if (old) {
		xfree(name);
		return old;
	}
	(void)map_put(&p->made[kind], text, name); /* was absent */
	return name;
}

const char *
pseudonym_of(struct pseudonyms *p, enum pseudonym_kind kind, const char *text)
{
	char key[256];
	const char *name;
	unsigned n = 0;

	if ((p->keep && kind != PSEUDONYM_USER) || says_nothing(kind, text))
		return text;
	name = map_get(&p->made[kind], text);
	if (name)
		return name;
	/* two spellings of one address are one address */
	normal_form(kind, text, key, sizeof(key));
	n = (unsigned)(uintptr_t)map_get(&p->numbers[kind], key);
	if (n == 0) {
		n = ++p->count[kind];
		(void)map_put(
		    &p->numbers[kind], key, (void *)(uintptr_t)n); /* new */
	}
	return in_form(p, kind, text, n);
}

void
pseudonym_learn(
    struct pseudonyms *p, enum pseudonym_kind kind, const char *text)
{
	const char *name;
	bool digit = false;

	for (const char *s = text; *s; s++)
		digit |= *s >= '0' && *s <= '9';
	name = pseudonym_of(p, kind, text);
	if (name == text || kind == PSEUDONYM_USER)
		return;
	/* "server" is a word; so is "Server" in somebody's sentence */
	if (strlen(text) < WORD_MIN || (!digit && !strpbrk(text, ".-")))
		return;
	if (!map_get(&p->words, text))
		(void)map_put(&p->words, text, (void *)(uintptr_t)name);
}

/* ---- finding them ---------------------------------------------------------------- */

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool
is_hex(char c)
{
	return hex_value(c) >= 0;
}

static size_t
uuid_at(const char *s)
{
	for (size_t i = 0; i < UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !is_hex(s[i]))
			return 0;
	}
	return is_word(s[UUID_LEN]) ? 0 : UUID_LEN;
}

static size_t
mac_at(const char *s)
{
	for (size_t i = 0; i < MAC_LEN; i++) {
		bool sep = i % 3 == 2;

		if (sep ? (s[i] != ':' && s[i] != '-') || s[i] != s[2]
			: !is_hex(s[i]))
			return 0;
	}
	if (is_word(s[MAC_LEN]) || s[MAC_LEN] == s[2])
		return 0; /* a longer row of bytes */
	return MAC_LEN;
}

static size_t
ip4_at(const char *s)
{
	size_t at = 0;

	for (int part = 0; part < 4; part++) {
		unsigned v = 0, digits = 0;

		while (s[at] >= '0' && s[at] <= '9' && digits++ < 3)
			v = v * 10 + (unsigned)(s[at++] - '0');
		if (digits == 0 || digits > 3 || v > 255)
			return 0;
		if (part < 3 && s[at++] != '.')
			return 0;
	}
	/* five parts are a version */
	return is_word(s[at]) || (s[at] == '.' && is_word(s[at + 1])) ? 0 : at;
}

static size_t
ip6_at(const char *s)
{
	struct http_addr a;
	char text[64];
	size_t n = 0, colons = 0;

	while (n < sizeof(text) - 1 && (is_hex(s[n]) || s[n] == ':'))
		colons += s[n++] == ':';
	if (colons < 2 || is_word(s[n]))
		return 0;
	memcpy(text, s, n);
	text[n] = '\0';
	return http_addr_ip_parse(&a, text, 0) ? n : 0;
}

static size_t
run_at(const char *s, const char *also)
{
	size_t n = 0;

	while (s[n] && (is_word(s[n]) || strchr(also, s[n])))
		n++;
	return n;
}

/* The longest of the run, the run up to a dash or dot, the plain word. */
static size_t
learned_at(const struct pseudonyms *p, const char *s, const char **name)
{
	static const char *const sets[] = { "._-+", "_-", "_", "" };
	char *key;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		size_t n = run_at(s, sets[i]);

		if (n < WORD_MIN)
			break;
		key = xstrndup(s, n);
		*name = map_get(&p->words, key);
		xfree(key);
		if (*name)
			return n;
	}
	return 0;
}

static size_t
identity_at(struct pseudonyms *p, const char *s, bool ip4, const char **name)
{
	static const struct {
		size_t (*at)(const char *s);
		enum pseudonym_kind kind;
	} forms[] = { { uuid_at, PSEUDONYM_UUID }, { mac_at, PSEUDONYM_MAC },
		{ ip6_at, PSEUDONYM_IP6 }, { ip4_at, PSEUDONYM_IP4 } };
	size_t n = learned_at(p, s, name);
	char *text;

	if (n > 0)
		return n;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (forms[i].kind == PSEUDONYM_IP4 && !ip4)
			continue;
		n = forms[i].at(s);
		if (n == 0)
			continue;
		text = xstrndup(s, n);
		*name = pseudonym_of(p, forms[i].kind, text);
		if (*name == text)
			*name = NULL; /* it stays */
		xfree(text);
		return n;
	}
	return 0;
}

/* Appends what stands at s, and says how much of it that was. */
static size_t
add_next(struct pseudonyms *p, const char *start, const char *s, bool ip4,
    struct buf *out)
{
	bool starts = s == start || !is_word(s[-1]);
	/* not in the middle of a version of five parts */
	bool quad = ip4 && (s == start || s[-1] != '.');
	const char *name = NULL;
	size_t n = starts ? identity_at(p, s, quad, &name) : 0;

	if (n == 0)
		n = 1;
	if (name)
		(void)buf_adds(out, name);
	else
		(void)buf_add(out, s, n);
	return n;
}

void
pseudonyms_apply(struct pseudonyms *p, const char *s, bool ip4, struct buf *out)
{
	const char *start = s;

	while (*s && !p->keep)
		s += add_next(p, start, s, ip4, out);
	(void)buf_adds(out, s);
}

void
pseudonyms_apply_users(struct pseudonyms *p, const char *s, struct buf *out)
{
	size_t n;
	char *word;
	const char *name;

	while (*s) {
		n = run_at(s, "_-");
		if (n == 0) {
			(void)buf_addc(out, *s++);
			continue;
		}
		word = xstrndup(s, n);
		name = map_get(&p->made[PSEUDONYM_USER], word);
		(void)buf_adds(out, name ? name : word);
		xfree(word);
		s += n;
	}
}
