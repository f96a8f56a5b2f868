#include "common/calendar.h"

#define DAY_S 86400
#define FIRST_S (-62167219200LL) /* 0000-01-01T00:00:00Z */
#define LAST_S 253402300799LL    /* 9999-12-31T23:59:59Z */
/* Eras are the 400 years after which the calendar repeats; years start in
 * March here, so that the leap day is a year's last. */
#define ERA_DAYS 146097
#define ERA_DAYS_TO_1970 719468 /* from 0000-03-01 */

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t
days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = floor_div(y, 400), in_era = y - era * 400;
	int from_march = month > 2 ? month - 3 : month + 9;
	int64_t in_year = (153 * from_march + 2) / 5 + day - 1;

	return era * ERA_DAYS + in_era * 365 + in_era / 4 - in_era / 100 +
	       in_year - ERA_DAYS_TO_1970;
}

void
calendar_from_s(struct calendar *c, int64_t unix_s)
{
	int64_t days, rest, era, in_era, y, in_year;
	int from_march;

	if (unix_s < FIRST_S)
		unix_s = FIRST_S;
	if (unix_s > LAST_S)
		unix_s = LAST_S;
	days = floor_div(unix_s, DAY_S);
	rest = unix_s - days * DAY_S;
	days += ERA_DAYS_TO_1970;
	era = floor_div(days, ERA_DAYS);
	in_era = days - era * ERA_DAYS;
	y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	in_year = in_era - (365 * y + y / 4 - y / 100);
	from_march = (int)((5 * in_year + 2) / 153);
	c->day = (int)(in_year - (153 * from_march + 2) / 5 + 1);
	c->month = from_march < 10 ? from_march + 3 : from_march - 9;
	c->year = (int)(y + era * 400 + (c->month <= 2));
	c->hour = (int)(rest / 3600);
	c->minute = (int)(rest / 60 % 60);
	c->second = (int)(rest % 60);
}

static int
days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

bool
calendar_to_s(const struct calendar *c, int64_t *unix_s)
{
	int seconds;

	if (c->year < 0 || c->year > 9999 || c->month < 1 || c->month > 12 ||
	    c->day < 1 || c->day > days_in(c->year, c->month))
		return false;
	if (c->hour < 0 || c->hour > 23 || c->minute < 0 || c->minute > 59 ||
	    c->second < 0 || c->second > 60)
		return false;
	seconds = (c->hour * 60 + c->minute) * 60 + c->second;
	*unix_s = days_of(c->year, c->month, c->day) * DAY_S + seconds;
	return true;
}
