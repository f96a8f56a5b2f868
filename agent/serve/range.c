/* See range.h. */
#include "agent/serve/range.h"

#include <stddef.h>
#include <string.h>

#include "common/str.h"

static const char *
blanks(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits; more than fits is the largest number: it is behind every end. */
static bool
number(const char **s, uint64_t *out)
{
	uint64_t n = 0;

	if (!is_digit(**s))
		return false;
	for (; is_digit(**s); (*s)++) {
		unsigned digit = (unsigned)(**s - '0');

		n = n > (UINT64_MAX - digit) / 10 ? UINT64_MAX : n * 10 + digit;
	}
	*out = n;
	return true;
}

struct spec {
	bool suffix, open;
	uint64_t first, last; /* suffix: last is how many */
};

static bool
spec_parse(const char **s, struct spec *p)
{
	*p = (struct spec){ .suffix = **s == '-' };
	if (!p->suffix && !number(s, &p->first))
		return false;
	*s = blanks(*s);
	if (**s != '-')
		return false;
	*s = blanks(*s + 1);
	p->open = !is_digit(**s);
	if (p->open)
		return !p->suffix;
	return number(s, &p->last) && (p->suffix || p->first <= p->last);
}

/* Exactly one range; empty elements of a list count for nothing (5.6.1). */
static bool
only_spec(const char *s, struct spec *out)
{
	unsigned n = 0;

	for (;;) {
		s = blanks(s);
		if (*s == ',') {
			s++;
			continue;
		}
		if (*s == '\0')
			return n == 1;
		if (n++ > 0 || !spec_parse(&s, out))
			return false;
		s = blanks(s);
		if (*s != ',' && *s != '\0')
			return false;
	}
}

enum range_kind
range_parse(const char *value, uint64_t size, struct range *out)
{
	struct spec p = { 0 };

	*out = (struct range){ .at = 0, .n = size };
	if (value == NULL)
		return RANGE_WHOLE;
	value = blanks(value);
	if (!str_has_iprefix(value, "bytes"))
		return RANGE_WHOLE;
	value = blanks(value + 5);
	if (*value != '=' || !only_spec(value + 1, &p))
		return RANGE_WHOLE;
	if (p.suffix) {
		if (p.last == 0 || size == 0)
			return RANGE_BEYOND;
		out->n = p.last < size ? p.last : size;
		out->at = size - out->n;
		return RANGE_PART;
	}
	if (p.first >= size)
		return RANGE_BEYOND;
	if (p.open || p.last >= size)
		p.last = size - 1;
	out->at = p.first;
	out->n = p.last - p.first + 1;
	return RANGE_PART;
}

bool
range_tag_listed(const char *list, const char *tag, bool weak)
{
	size_t n = strlen(tag);

	for (const char *s = blanks(list); *s != '\0'; s = blanks(s)) {
		bool w = s[0] == 'W' && s[1] == '/';
		const char *end;

		if (*s == ',') {
			s++;
			continue;
		}
		if (*s == '*')
			return true;
		if (w)
			s += 2;
		if (*s != '"' || (end = strchr(s + 1, '"')) == NULL)
			return false;
		end++;
		if ((weak || !w) && (size_t)(end - s) == n &&
		    memcmp(s, tag, n) == 0)
			return true;
		s = end;
	}
	return false;
}

bool
range_tag_holds(const char *if_range, const char *tag)
{
	return if_range == NULL || str_eq(blanks(if_range), tag);
}
