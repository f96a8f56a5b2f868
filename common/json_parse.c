/*
 * A strict parser into cJSON nodes. cJSON's own cuts strings at \u0000, takes
 * `01`, `1 x` and keys in any case, nests 1000 deep and rounds long integers;
 * checking all that beforehand would be a parser anyway.
 */
#include "common/json.h"

#include <limits.h>
#include <string.h>

#include "common/json_index.h"
#include "common/json_node.h"
#include "common/mem.h"
#include "common/str.h"

#define NUMBER_MAX 128
#define EXACT_DIGITS 15 /* any such integer fits a double */
#define EXACT_MAX 9007199254740992LL

struct parser {
	const char *p, *end;
	const char *start; /* for messages */
	unsigned depth;
	size_t nodes;
	struct err *e;
};

/* A string of the text: where it stands, or decoded. */
struct string {
	struct json_text t;
	char *decoded; /* owned; NULL: t is part of the text */
};

static cJSON *parse_value(struct parser *ps, const struct json_text *key);

static void *
fail(struct parser *ps, enum err_kind kind, const char *what)
{
	(void)err_set(ps->e, kind, 0, "JSON: %s at byte %zu", what,
	    (size_t)(ps->p - ps->start));
	return NULL;
}

static void
skip_space(struct parser *ps)
{
	while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\n' ||
				      *ps->p == '\r' || *ps->p == '\t'))
		ps->p++;
}

static bool
take(struct parser *ps, char c)
{
	if (ps->p == ps->end || *ps->p != c)
		return false;
	ps->p++;
	return true;
}

static cJSON *
new_node(struct parser *ps, int type, const struct json_text *key,
    const struct json_text *text)
{
	if (++ps->nodes > JSON_MAX_NODES)
		return fail(ps, ERR_TOO_BIG, "too many values");
	return json_node_new(type, key, text);
}

/* ---- strings ------------------------------------------------------------- */

static bool
hex4(const char *s, unsigned *out)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)s[i], lower = c | 0x20;

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v << 4 | (lower - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

static size_t
put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* ps->p stands behind "\u"; 0 on failure. */
static size_t
unicode_escape(struct parser *ps, char *out)
{
	unsigned c, low;

	if (ps->end - ps->p < 4 || !hex4(ps->p, &c)) {
		(void)fail(ps, ERR_PROTO, "bad \\u escape");
		return 0;
	}
	if (c == 0) {
		(void)fail(ps, ERR_PROTO, "\\u0000 is not accepted");
		return 0;
	}
	ps->p += 4;
	if (c < 0xd800 || c > 0xdfff)
		return put_utf8(out, c);
	if (c < 0xdc00 && ps->end - ps->p >= 6 && ps->p[0] == '\\' &&
	    ps->p[1] == 'u' && hex4(ps->p + 2, &low) && low >= 0xdc00 &&
	    low <= 0xdfff) {
		ps->p += 6;
		return put_utf8(
		    out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
	}
	return put_utf8(out, 0xfffd);
}

static size_t
escape(struct parser *ps, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *hit;
	char c;

	ps->p++; /* the closing quote was found: there is a next byte */
	c = *ps->p;
	if (c == 'u') {
		ps->p++;
		return unicode_escape(ps, out);
	}
	hit = c != '\0' ? strchr(from, c) : NULL;
	if (hit == NULL) {
		(void)fail(ps, ERR_PROTO, "bad escape");
		return 0;
	}
	ps->p++;
	*out = to[hit - from];
	return 1;
}

/* Copies what stands before `end` (the closing quote), decoded. */
static bool
decode_string(struct parser *ps, const char *end, size_t high, struct string *s)
{
	/* A stray byte becomes three. */
	char *out = xmalloc((size_t)(end - ps->p) + 2 * high + 1), *dst = out;
	const char *whole_end = ps->end;

	ps->end = end;
	while (ps->p < end) {
		size_t n;

		if (*ps->p == '\\') {
			n = escape(ps, dst);
			if (n == 0) {
				xfree(out);
				return false;
			}
			dst += n;
			continue;
		}
		n = str_utf8_len(ps->p, (size_t)(end - ps->p));
		if (n == 0) {
			dst += put_utf8(dst, 0xfffd);
			ps->p++;
			continue;
		}
		memcpy(dst, ps->p, n);
		dst += n;
		ps->p += n;
	}
	ps->end = whole_end;
	*s = (struct string){ { out, (size_t)(dst - out) }, out };
	return true;
}

/* An ASCII byte that stands for itself. */
static bool
is_plain(char c)
{
	return (signed char)c >= 0x20 && c != '"' && c != '\\';
}

/* ps->p stands at the opening quote. */
static bool
parse_string(struct parser *ps, struct string *s)
{
	const char *at = ps->p + 1;
	size_t high = 0;
	bool plain = true;

	while (at < ps->end && is_plain(*at))
		at++; /* mostly up to the end */
	for (; at < ps->end && *at != '"'; at++) {
		unsigned char c = (unsigned char)*at;

		if (c < 0x20) {
			ps->p = at;
			(void)fail(ps, ERR_PROTO, "control byte in a string");
			return false;
		}
		high += c >= 0x80;
		if (c == '\\') {
			plain = false;
			at++;
		}
	}
	if (at >= ps->end) {
		(void)fail(ps, ERR_PROTO, "string without an end");
		return false;
	}
	ps->p++;
	if (plain && high == 0)
		*s = (struct string){ { ps->p, (size_t)(at - ps->p) }, NULL };
	else if (!decode_string(ps, at, high, s))
		return false;
	ps->p = at + 1;
	return true;
}

/* ---- numbers ------------------------------------------------------------- */

static size_t
count_digits(struct parser *ps)
{
	const char *from = ps->p;

	while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
		ps->p++;
	return (size_t)(ps->p - from);
}

/* Moves behind the number; false if it is none. */
static bool
scan_number(struct parser *ps, bool *integer, size_t *digits)
{
	bool zero;

	*integer = true;
	(void)take(ps, '-');
	zero = ps->p < ps->end && *ps->p == '0';
	*digits = count_digits(ps);
	if (*digits == 0 || (zero && *digits > 1))
		return false;
	if (take(ps, '.')) {
		*integer = false;
		if (count_digits(ps) == 0)
			return false;
	}
	if (take(ps, 'e') || take(ps, 'E')) {
		*integer = false;
		if (!take(ps, '+'))
			(void)take(ps, '-');
		if (count_digits(ps) == 0)
			return false;
	}
	return true;
}

static void
set_number(cJSON *j, double d)
{
	j->valuedouble = d;
	if (d >= (double)INT_MAX)
		j->valueint = INT_MAX;
	else if (d <= (double)INT_MIN)
		j->valueint = INT_MIN;
	else
		j->valueint = (int)d;
}

static cJSON *
parse_number(struct parser *ps, const struct json_text *key)
{
	const char *from = ps->p;
	char text[NUMBER_MAX + 1];
	bool integer, exact = true;
	struct json_text raw;
	size_t n, digits;
	int64_t i = 0;
	double d = 0;
	cJSON *j;

	if (!scan_number(ps, &integer, &digits))
		return fail(ps, ERR_PROTO, "bad number");
	n = (size_t)(ps->p - from);
	if (n > NUMBER_MAX)
		return fail(ps, ERR_TOO_BIG, "number too long");
	memcpy(text, from, n);
	text[n] = '\0';
	if (integer) {
		exact = str_to_i64(text, &i) &&
			(digits <= EXACT_DIGITS ||
			    (i <= EXACT_MAX && i >= -EXACT_MAX));
		d = (double)i;
	} else {
		exact = str_to_double(text, &d);
	}
	raw = (struct json_text){ text, n };
	j = new_node(
	    ps, exact ? cJSON_Number : cJSON_Raw, key, exact ? NULL : &raw);
	if (j != NULL)
		set_number(j, d);
	return j;
}

/* ---- containers ---------------------------------------------------------- */

static bool
enter(struct parser *ps)
{
	ps->p++;
	if (++ps->depth > JSON_MAX_DEPTH) {
		(void)fail(ps, ERR_TOO_BIG, "nested too deep");
		return false;
	}
	skip_space(ps);
	return true;
}

/* After an element: true when another one follows. */
static bool
more(struct parser *ps, char close, size_t n, bool *ok)
{
	*ok = true;
	skip_space(ps);
	if (take(ps, close))
		return false;
	*ok = take(ps, ',');
	if (!*ok) {
		(void)fail(ps, ERR_PROTO,
		    close == ']' ? "',' or ']' expected"
				 : "',' or '}' expected");
		return false;
	}
	if (n >= JSON_MAX_MEMBERS) {
		*ok = false;
		(void)fail(ps, ERR_TOO_BIG, "too many members");
		return false;
	}
	skip_space(ps);
	return true;
}

static cJSON *
parse_member(struct parser *ps)
{
	cJSON *item = NULL;
	struct string key;

	if (ps->p == ps->end || *ps->p != '"')
		return fail(ps, ERR_PROTO, "key expected");
	if (!parse_string(ps, &key))
		return NULL;
	skip_space(ps);
	if (take(ps, ':')) {
		skip_space(ps);
		item = parse_value(ps, &key.t);
	} else {
		(void)fail(ps, ERR_PROTO, "':' expected");
	}
	xfree(key.decoded);
	return item;
}

/* An object or array, up to its closing bracket. */
static cJSON *
parse_container(struct parser *ps, int type, const struct json_text *key)
{
	cJSON *j = new_node(ps, type, key, NULL), *last = NULL;
	char close = type == cJSON_Object ? '}' : ']';
	bool ok = true;
	size_t n = 0;

	if (j == NULL)
		return NULL;
	if (!enter(ps))
		goto bad;
	if (!take(ps, close)) {
		do {
			cJSON *item = type == cJSON_Object
					  ? parse_member(ps)
					  : parse_value(ps, NULL);

			if (item == NULL)
				goto bad;
			json_node_append(j, &last, item);
		} while (more(ps, close, ++n, &ok));
	}
	if (!ok)
		goto bad;
	if (type == cJSON_Object)
		json_drop_duplicates(j, n);
	ps->depth--;
	return j;
bad:
	cJSON_Delete(j);
	return NULL;
}

static cJSON *
parse_word(
    struct parser *ps, const char *word, int type, const struct json_text *key)
{
	size_t n = strlen(word);

	if ((size_t)(ps->end - ps->p) < n || memcmp(ps->p, word, n) != 0)
		return fail(ps, ERR_PROTO, "value expected");
	ps->p += n;
	return new_node(ps, type, key, NULL);
}

static cJSON *
parse_text(struct parser *ps, const struct json_text *key)
{
	struct string s;
	cJSON *j;

	if (!parse_string(ps, &s))
		return NULL;
	j = new_node(ps, cJSON_String, key, &s.t);
	xfree(s.decoded);
	return j;
}

static cJSON *
parse_value(struct parser *ps, const struct json_text *key)
{
	if (ps->p == ps->end)
		return fail(ps, ERR_PROTO, "value expected");
	switch (*ps->p) {
	case '{':
		return parse_container(ps, cJSON_Object, key);
	case '[':
		return parse_container(ps, cJSON_Array, key);
	case 't':
		return parse_word(ps, "true", cJSON_True, key);
	case 'f':
		return parse_word(ps, "false", cJSON_False, key);
	case 'n':
		return parse_word(ps, "null", cJSON_NULL, key);
	case '"':
		return parse_text(ps, key);
	default:
		if (*ps->p != '-' && (*ps->p < '0' || *ps->p > '9'))
			return fail(ps, ERR_PROTO, "value expected");
		return parse_number(ps, key);
	}
}

cJSON *
json_parse(const char *text, size_t n, struct err *e)
{
	struct parser ps = {
		.p = text, .end = text + n, .start = text, .e = e
	};
	cJSON *j;

	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		ps.p += 3;
	/* Firmware that sends its C string's NUL along. */
	while (ps.end > ps.p && ps.end[-1] == '\0')
		ps.end--;
	skip_space(&ps);
	if (ps.p == ps.end)
		return fail(&ps, ERR_PROTO, "empty text");
	j = parse_value(&ps, NULL);
	if (j == NULL)
		return NULL;
	skip_space(&ps);
	if (ps.p != ps.end) {
		cJSON_Delete(j);
		return fail(&ps, ERR_PROTO, "text behind the value");
	}
	return j;
}
