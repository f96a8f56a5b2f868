/* RFC 3339 times of str.h, without the C library's calendar: it knows time
 * zones and keeps global state. */
#include "common/str.h"

#include <string.h>

#include "common/calendar.h"

#define US 1000000LL

static char *
put(char *at, int n, int digits, char after)
{
	for (int i = digits; i-- > 0; n /= 10)
		at[i] = (char)('0' + n % 10);
	at[digits] = after;
	return at + digits + 1;
}

static void
format(char out[RFC3339_CAP], int64_t wall_us, bool with_us)
{
	int64_t us = wall_us % US, s = wall_us / US;
	struct calendar c;
	char *at = out;

	if (us < 0) {
		us += US;
		s--;
	}
	calendar_from_s(&c, s);
	at = put(at, c.year, 4, '-');
	at = put(at, c.month, 2, '-');
	at = put(at, c.day, 2, 'T');
	at = put(at, c.hour, 2, ':');
	at = put(at, c.minute, 2, ':');
	at = put(at, c.second, 2, with_us ? '.' : 'Z');
	if (with_us)
		at = put(at, (int)us, 6, 'Z');
	*at = '\0';
}

void
rfc3339_s(char out[RFC3339_CAP], int64_t wall_us)
{
	format(out, wall_us, false);
}

void
rfc3339_us(char out[RFC3339_CAP], int64_t wall_us)
{
	format(out, wall_us, true);
}

/* Reads exactly n digits and moves on. */
static bool
digits(const char **s, int n, int *out)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		char c = (*s)[i];

		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*s += n;
	*out = v;
	return true;
}

static bool
one_of(const char **s, const char *set)
{
	if (**s == '\0' || strchr(set, **s) == NULL)
		return false;
	++*s;
	return true;
}

/* Fractions finer than a microsecond are cut. */
static bool
fraction_us(const char **s, int64_t *us)
{
	int64_t unit = US / 10;

	*us = 0;
	if (**s != '.')
		return true;
	++*s;
	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; ++*s) {
		*us += (**s - '0') * unit;
		unit /= 10;
	}
	return true;
}

static bool
offset_s(const char **s, int *out)
{
	int sign = **s == '-' ? -1 : 1, h, m;

	*out = 0;
	if (one_of(s, "Zz"))
		return true;
	if (!one_of(s, "+-") || !digits(s, 2, &h))
		return false;
	(void)one_of(s, ":"); /* iDRAC leaves it out in event streams */
	if (!digits(s, 2, &m) || h > 23 || m > 59)
		return false;
	*out = sign * (h * 3600 + m * 60);
	return true;
}

bool
rfc3339_parse(const char *s, int64_t *wall_us)
{
	struct calendar c;
	int64_t us, secs;
	int off;

	if (s == NULL)
		return false;
	if (!digits(&s, 4, &c.year) || !one_of(&s, "-") ||
	    !digits(&s, 2, &c.month) || !one_of(&s, "-") ||
	    !digits(&s, 2, &c.day) || !one_of(&s, "Tt ") ||
	    !digits(&s, 2, &c.hour) || !one_of(&s, ":") ||
	    !digits(&s, 2, &c.minute) || !one_of(&s, ":") ||
	    !digits(&s, 2, &c.second))
		return false;
	if (!fraction_us(&s, &us) || !offset_s(&s, &off) || *s != '\0')
		return false;
	if (!calendar_to_s(&c, &secs))
		return false;
	*wall_us = (secs - off) * US + us;
	return true;
}
