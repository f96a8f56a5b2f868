/* See token.h. */
#include "agent/serve/token.h"

#include <string.h>

#include "common/buf.h"
#include "common/digest.h"
#include "common/mem.h"
#include "common/str.h"

#define TOKEN_INPUT_MAX 2048
#define TOKEN_BYTES 16
#define MASKED "..."

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

static const char *const names[TOKEN_PURPOSES] = { "medium", "config",
	"report" };
/* What follows the token in a path. */
static const char *const files[TOKEN_PURPOSES] = { "/b.iso", "/c.iso", "" };

static void
base32(const uint8_t *p, size_t n, char out[TOKEN_CAP])
{
	unsigned bits = 0, have = 0;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		bits = (bits << 8 | p[i]) & 0xffff;
		have += 8;
		while (have >= 5) {
			have -= 5;
			out[at++] = letters[bits >> have & 31];
		}
	}
	if (have > 0)
		out[at++] = letters[bits << (5 - have) & 31];
	out[at] = '\0';
}

/* Fields end with a NUL, which none of them can hold. */
static void
field(struct buf *b, const char *s)
{
	(void)buf_adds(b, s == NULL ? "" : s); /* too long: see below */
	(void)buf_addc(b, '\0');
}

void
token_make(const uint8_t key[TOKEN_KEY], enum token_purpose purpose,
    const struct token_of *of, char out[TOKEN_CAP])
{
	uint8_t mac[32];
	struct buf b;

	buf_init(&b, TOKEN_INPUT_MAX);
	field(&b, "beskar7 token 1");
	field(&b, names[purpose]);
	field(&b, of->ns);
	field(&b, of->name);
	field(&b, of->claim);
	(void)buf_addi(&b, of->attempt);
	/* Names of the API are shorter than that; what is not gets the MAC of
	 * nothing anybody else has. */
	if (b.overflow) {
		buf_reset(&b);
		b.overflow = false;
		field(&b, "too long");
		(void)buf_addi(&b, (int64_t)purpose);
	}
	hmac_sha256(key, TOKEN_KEY, b.p, b.n, mac);
	base32(mac, TOKEN_BYTES, out);
	secret_wipe(mac, sizeof(mac));
	buf_free(&b);
}

bool
token_same(const char a[TOKEN_CAP], const char b[TOKEN_CAP])
{
	return secret_same(a, b, TOKEN_LEN);
}

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_letter(char c)
{
	return c != '\0' && strchr(letters, fold(c)) != NULL;
}

bool
token_path(const char *target, enum token_purpose *purpose, char out[TOKEN_CAP])
{
	bool medium = str_has_prefix(target, "/m/");
	const char *rest;

	if (!medium && !str_has_prefix(target, "/r/"))
		return false;
	for (size_t i = 0; i < TOKEN_LEN; i++) {
		if (!is_letter(target[3 + i]))
			return false;
		out[i] = fold(target[3 + i]);
	}
	out[TOKEN_LEN] = '\0';
	rest = target + 3 + TOKEN_LEN;
	*purpose = !medium                             ? TOKEN_REPORT
		   : str_eq(rest, files[TOKEN_CONFIG]) ? TOKEN_CONFIG
						       : TOKEN_MEDIUM;
	return str_eq(rest, files[*purpose]);
}

bool
token_url(char *out, size_t cap, const char *base, enum token_purpose purpose,
    const char token[TOKEN_CAP])
{
	size_t n = strlen(base);

	while (n > 0 && base[n - 1] == '/')
		n--;
	return str_format(out, cap, "%.*s/%c/%s%s", (int)n, base,
	    purpose == TOKEN_REPORT ? 'r' : 'm', token, files[purpose]);
}

/* Letters behind a "/m/" or "/r/" that text begins with and that could be (a part
 * of) a token, which is a part of a secret; words are shorter. 0 = none. */
static size_t
to_mask(const char *text)
{
	size_t n = 0;

	if (text[0] != '/' || (text[1] != 'm' && text[1] != 'r') ||
	    text[2] != '/')
		return 0;
	while (is_letter(text[3 + n]))
		n++;
	return n < 8 ? 0 : n;
}

void
token_mask(char *out, size_t cap, const char *text)
{
	size_t at = 0;

	while (*text != '\0' && at + 1 < cap) {
		size_t n = to_mask(text);
		char door[] = { text[0], text[1], '/', '\0' };

		if (n == 0) {
			out[at++] = *text++;
			continue;
		}
		(void)str_format(out + at, cap - at, "%s" MASKED, door);
		at += strlen(out + at);
		text += 3 + n;
	}
	if (cap > 0)
		out[at] = '\0';
}
