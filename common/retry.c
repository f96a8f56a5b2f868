#include "common/retry.h"

#include <string.h>

#include "common/calendar.h"
#include "common/random.h"
#include "common/str.h"

#define US 1000000LL

void
backoff_init(
    struct backoff *b, int64_t base_us, int64_t cap_us, struct rng *rng)
{
	b->base_us = base_us > 1 ? base_us : 1;
	b->cap_us = cap_us > b->base_us ? cap_us : b->base_us;
	b->failures = 0;
	b->rng = rng;
}

int64_t
backoff_bound(const struct backoff *b)
{
	int64_t bound = b->base_us;

	for (uint32_t i = 0; i < b->failures && bound < b->cap_us; i++)
		bound = bound > b->cap_us / 2 ? b->cap_us : bound * 2;
	return bound;
}

int64_t
backoff_next(struct backoff *b)
{
	int64_t bound = backoff_bound(b);

	if (b->failures < UINT32_MAX)
		b->failures++;
	return 1 + (int64_t)rng_below(b->rng, (uint64_t)bound);
}

void
backoff_reset(struct backoff *b)
{
	b->failures = 0;
}

/* ---- HTTP dates ---------------------------------------------------------- */

/* One of the names (3 letters or whole), -1 if none; moves on. */
static int
name_in(const char **s, const char *const *names, int n, size_t letters)
{
	for (int i = 0; i < n; i++) {
		size_t len = letters > 0 ? letters : strlen(names[i]);

		if (strncmp(*s, names[i], len) == 0) {
			*s += len;
			return i;
		}
	}
	return -1;
}

static int
week_day(const char **s, size_t letters)
{
	static const char *const names[] = { "Sunday", "Monday", "Tuesday",
		"Wednesday", "Thursday", "Friday", "Saturday" };

	return name_in(s, names, 7, letters);
}

static bool
month(const char **s, int *out)
{
	static const char *const names[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

	*out = 1 + name_in(s, names, 12, 0);
	return *out > 0;
}

static bool
text(const char **s, const char *want)
{
	size_t n = strlen(want);

	if (strncmp(*s, want, n) != 0)
		return false;
	*s += n;
	return true;
}

static bool
number(const char **s, int digits, int *out)
{
	*out = 0;
	for (int i = 0; i < digits; i++, ++*s) {
		if (**s < '0' || **s > '9')
			return false;
		*out = *out * 10 + (**s - '0');
	}
	return true;
}

static bool
clock_time(const char **s, struct calendar *c)
{
	return number(s, 2, &c->hour) && text(s, ":") &&
	       number(s, 2, &c->minute) && text(s, ":") &&
	       number(s, 2, &c->second);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool
imf_date(const char *s, struct calendar *c)
{
	return week_day(&s, 3) >= 0 && text(&s, ", ") &&
	       number(&s, 2, &c->day) && text(&s, " ") &&
	       month(&s, &c->month) && text(&s, " ") &&
	       number(&s, 4, &c->year) && text(&s, " ") && clock_time(&s, c) &&
	       text(&s, " GMT") && *s == '\0';
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static bool
rfc850_date(const char *s, struct calendar *c)
{
	bool ok = week_day(&s, 0) >= 0 && text(&s, ", ") &&
		  number(&s, 2, &c->day) && text(&s, "-") &&
		  month(&s, &c->month) && text(&s, "-") &&
		  number(&s, 2, &c->year) && text(&s, " ") &&
		  clock_time(&s, c) && text(&s, " GMT") && *s == '\0';

	/* RFC 9110 wants "at most 50 years ahead"; a fixed pivot is enough for
	 * a form that no software of this century sends, and is repeatable. */
	if (ok)
		c->year += c->year < 70 ? 2000 : 1900;
	return ok;
}

/* Sun Nov  6 08:49:37 1994 */
static bool
asctime_date(const char *s, struct calendar *c)
{
	if (week_day(&s, 3) < 0 || !text(&s, " ") || !month(&s, &c->month) ||
	    !text(&s, " "))
		return false;
	if (text(&s, " ") ? !number(&s, 1, &c->day) : !number(&s, 2, &c->day))
		return false;
	return text(&s, " ") && clock_time(&s, c) && text(&s, " ") &&
	       number(&s, 4, &c->year) && *s == '\0';
}

bool
http_date_parse(const char *s, int64_t *wall_us)
{
	struct calendar c;
	int64_t secs;

	if (s == NULL)
		return false;
	if (!imf_date(s, &c) && !rfc850_date(s, &c) && !asctime_date(s, &c))
		return false;
	if (!calendar_to_s(&c, &secs))
		return false;
	*wall_us = secs * US;
	return true;
}

bool
retry_after_parse(
    const char *value, int64_t wall_us, int64_t max_us, int64_t *delay_us)
{
	size_t digits = value != NULL ? strspn(value, "0123456789") : 0;
	int64_t at, delay, secs;

	if (value == NULL)
		return false;
	if (digits > 0 && value[digits] == '\0') {
		/* A number beyond all bounds still means "long". */
		if (!str_to_i64(value, &secs) || secs > INT64_MAX / US)
			delay = INT64_MAX;
		else
			delay = secs * US;
	} else if (http_date_parse(value, &at)) {
		delay = at - wall_us;
	} else {
		return false;
	}
	if (delay < 0)
		delay = 0;
	*delay_us = delay < max_us ? delay : max_us;
	return true;
}
