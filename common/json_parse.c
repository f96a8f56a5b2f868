/*
 * A strict parser into cJSON nodes. cJSON's own cuts strings at \u0000, takes
 * `01`, `1 x` and keys in any case, nests 1000 deep and rounds long integers;
 * checking all that beforehand would be a parser anyway.
 */
#include "common/json.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "common/json_index.h"
#include "common/json_parser.h"
#include "common/mem.h"
#include "common/str.h"

#define NUMBER_MAX 128
#define ROOM_LOOK 64    /* nodes between two estimates of what is to come */
#define ROOM_GUESS 3    /* bytes of nodes a byte of text, at first */
#define ROOM_SPARE 128  /* bytes */
#define KEY_BITS 128    /* of a filter of keys */
#define EXACT_DIGITS 15 /* any such integer fits a double */
#define EXACT_MAX 9007199254740992LL

static cJSON *parse_value(struct json_parser *ps, const struct json_text *key);

void *
json_parse_fail(struct json_parser *ps, enum err_kind kind, const char *what)
{
	(void)err_set(ps->e, kind, 0, "JSON: %s at byte %zu", what,
	    (size_t)(ps->p - ps->start));
	return NULL;
}

static void
skip_space(struct json_parser *ps)
{
	while (ps->p < ps->end && (*ps->p == ' ' || *ps->p == '\n' ||
				      *ps->p == '\r' || *ps->p == '\t'))
		ps->p++;
}

static bool
take(struct json_parser *ps, char c)
{
	if (ps->p == ps->end || *ps->p != c)
		return false;
	ps->p++;
	return true;
}

/* How much the rest will take, by what the text so far took. */
static void
expect(struct json_parser *ps)
{
	size_t left = (size_t)(ps->end - ps->p);
	size_t done = (size_t)(ps->p - ps->start) + 1;
	size_t n = ps->nodes < ROOM_LOOK ? ROOM_GUESS * left
					 : ps->room.taken * left / done;

	ps->room.next = n + ROOM_SPARE;
	if (ps->room.next > JSON_ROOM_BLOCK)
		ps->room.next = JSON_ROOM_BLOCK;
}

static cJSON *
new_node(struct json_parser *ps, int type, const struct json_text *key,
    const struct json_text *text)
{
	if (++ps->nodes > JSON_MAX_NODES)
		return json_parse_fail(ps, ERR_TOO_BIG, "too many values");
	if (ps->room.now == NULL || ps->nodes % ROOM_LOOK == 0)
		expect(ps);
	return json_node_new(&ps->room, type, key, text);
}

/* ---- numbers ------------------------------------------------------------- */

static size_t
count_digits(struct json_parser *ps)
{
	const char *from = ps->p;

	while (ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9')
		ps->p++;
	return (size_t)(ps->p - from);
}

/* Moves behind the number; false if it is none. */
static bool
scan_number(struct json_parser *ps, bool *integer, size_t *digits)
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
parse_number(struct json_parser *ps, const struct json_text *key)
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
		return json_parse_fail(ps, ERR_PROTO, "bad number");
	n = (size_t)(ps->p - from);
	if (n > NUMBER_MAX)
		return json_parse_fail(ps, ERR_TOO_BIG, "number too long");
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
enter(struct json_parser *ps)
{
	ps->p++;
	if (++ps->depth > JSON_MAX_DEPTH) {
		(void)json_parse_fail(ps, ERR_TOO_BIG, "nested too deep");
		return false;
	}
	skip_space(ps);
	return true;
}

/* After an element: true when another one follows. */
static bool
more(struct json_parser *ps, char close, size_t n, bool *ok)
{
	*ok = true;
	skip_space(ps);
	if (take(ps, close))
		return false;
	*ok = take(ps, ',');
	if (!*ok) {
		(void)json_parse_fail(ps, ERR_PROTO,
		    close == ']' ? "',' or ']' expected"
				 : "',' or '}' expected");
		return false;
	}
	if (n >= JSON_MAX_MEMBERS) {
		*ok = false;
		(void)json_parse_fail(ps, ERR_TOO_BIG, "too many members");
		return false;
	}
	skip_space(ps);
	return true;
}

static bool
parse_key(struct json_parser *ps, struct json_string *key)
{
	if (ps->p == ps->end || *ps->p != '"') {
		(void)json_parse_fail(ps, ERR_PROTO, "key expected");
		return false;
	}
	if (!json_parse_string(ps, key))
		return false;
	skip_space(ps);
	if (!take(ps, ':')) {
		(void)json_parse_fail(ps, ERR_PROTO, "':' expected");
		xfree(key->decoded);
		return false;
	}
	skip_space(ps);
	return true;
}

/* Almost no string has anything to free. */
static void
string_free(struct json_string *s)
{
	if (s->decoded != NULL)
		xfree(s->decoded);
}

static bool skip_value(struct json_parser *ps);

static bool
skip_container(struct json_parser *ps, bool object, char close)
{
	struct json_string key;
	bool ok = true;
	size_t n = 0;

	if (!enter(ps))
		return false;
	if (!take(ps, close)) {
		do {
			if (object) {
				if (!parse_key(ps, &key))
					return false;
				string_free(&key);
			}
			if (!skip_value(ps))
				return false;
		} while (more(ps, close, ++n, &ok));
	}
	ps->depth--;
	return ok;
}

/* Checks a value as parse_value() does, and keeps nothing of it. */
static bool
skip_value(struct json_parser *ps)
{
	struct json_string text;
	cJSON *other;

	if (ps->p < ps->end && *ps->p == '{')
		return skip_container(ps, true, '}');
	if (ps->p < ps->end && *ps->p == '[')
		return skip_container(ps, false, ']');
	if (ps->p < ps->end && *ps->p == '"') {
		if (!json_parse_string(ps, &text))
			return false;
		string_free(&text);
		return true;
	}
	other = parse_value(ps, NULL);
	cJSON_Delete(other);
	return other != NULL;
}

static bool
same(const struct json_text *a, const struct json_text *b)
{
	return b->p != NULL && a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

/* Which keys an object has had, roughly. */
struct keys {
	uint64_t seen[KEY_BITS / 64];
	bool twice; /* one of them, perhaps */
};

static void
keys_add(struct keys *keys, const struct json_text *key)
{
	const unsigned char *p = (const unsigned char *)key->p;
	size_t n = key->n, h = n;
	uint64_t bit, *seen;

	if (n > 0)
		h += p[0] * 5U + p[n / 2] * 17U + p[n - 1] * 67U;
	h %= KEY_BITS;
	bit = UINT64_C(1) << (h % 64);
	seen = &keys->seen[h / 64];
	keys->twice = keys->twice || (*seen & bit) != 0;
	*seen |= bit;
}

/* A member of the object called parent (NULL: it has no name); *item is NULL
 * for one that is left out. */
static bool
parse_member(struct json_parser *ps, const struct json_text *parent,
    struct keys *keys, cJSON **item)
{
	struct json_string key;
	bool ok;

	*item = NULL;
	if (!parse_key(ps, &key))
		return false;
	if (parent != NULL && same(&key.t, &ps->leave) &&
	    same(parent, &ps->parent)) {
		ok = skip_value(ps);
	} else {
		keys_add(keys, &key.t);
		*item = parse_value(ps, &key.t);
		ok = *item != NULL;
	}
	string_free(&key);
	return ok;
}

static bool
parse_element(struct json_parser *ps, cJSON **item)
{
	*item = parse_value(ps, NULL);
	return *item != NULL;
}

/* The members or elements of j, up to its closing bracket. */
static bool
parse_items(struct json_parser *ps, cJSON *j, const struct json_text *key)
{
	bool object = cJSON_IsObject(j), ok = true;
	cJSON *item, *last = NULL;
	char close = object ? '}' : ']';
	size_t n = 0, kept = 0;
	struct keys keys = { 0 };

	if (take(ps, close))
		return true;
	do {
		ok = object ? parse_member(ps, key, &keys, &item)
			    : parse_element(ps, &item);
		if (!ok)
			return false;
		if (item != NULL) {
			json_node_append(j, &last, item);
			kept++;
		}
	} while (more(ps, close, ++n, &ok));
	if (keys.twice)
		json_drop_duplicates(j, kept);
	return ok;
}

static cJSON *
parse_container(struct json_parser *ps, int type, const struct json_text *key)
{
	cJSON *j = new_node(ps, type, key, NULL);

	if (j == NULL)
		return NULL;
	if (!enter(ps) || !parse_items(ps, j, key)) {
		cJSON_Delete(j);
		return NULL;
	}
	ps->depth--;
	return j;
}

static cJSON *
parse_word(struct json_parser *ps, const char *word, int type,
    const struct json_text *key)
{
	size_t n = strlen(word);

	if ((size_t)(ps->end - ps->p) < n || memcmp(ps->p, word, n) != 0)
		return json_parse_fail(ps, ERR_PROTO, "value expected");
	ps->p += n;
	return new_node(ps, type, key, NULL);
}

static cJSON *
parse_text(struct json_parser *ps, const struct json_text *key)
{
	struct json_string s;
	cJSON *j;

	if (!json_parse_string(ps, &s))
		return NULL;
	j = new_node(ps, cJSON_String, key, &s.t);
	string_free(&s);
	return j;
}

static cJSON *
parse_value(struct json_parser *ps, const struct json_text *key)
{
	if (ps->p == ps->end)
		return json_parse_fail(ps, ERR_PROTO, "value expected");
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
			return json_parse_fail(ps, ERR_PROTO, "value expected");
		return parse_number(ps, key);
	}
}

static cJSON *
parse_all(struct json_parser *ps)
{
	cJSON *j;

	if (ps->end - ps->p >= 3 && memcmp(ps->p, "\xef\xbb\xbf", 3) == 0)
		ps->p += 3;
	/* Firmware that sends its C string's NUL along. */
	while (ps->end > ps->p && ps->end[-1] == '\0')
		ps->end--;
	skip_space(ps);
	if (ps->p == ps->end)
		return json_parse_fail(ps, ERR_PROTO, "empty text");
	j = parse_value(ps, NULL);
	if (j == NULL)
		return NULL;
	skip_space(ps);
	if (ps->p != ps->end) {
		cJSON_Delete(j);
		return json_parse_fail(ps, ERR_PROTO, "text behind the value");
	}
	return j;
}

static cJSON *
parse_kept(struct json_parser *ps)
{
	cJSON *j = parse_all(ps);

	json_room_close(&ps->room);
	return j;
}

cJSON *
json_parse(const char *text, size_t n, struct err *e)
{
	struct json_parser ps = {
		.p = text, .end = text + n, .start = text, .e = e
	};

	return parse_kept(&ps);
}

cJSON *
json_parse_without(
    const char *text, size_t n, const struct json_leave *leave, struct err *e)
{
	struct json_parser ps = { .p = text,
		.end = text + n,
		.start = text,
		.parent = { leave->parent, strlen(leave->parent) },
		.leave = { leave->key, strlen(leave->key) },
		.e = e };

	return parse_kept(&ps);
}
