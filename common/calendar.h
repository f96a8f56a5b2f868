/* The proleptic Gregorian calendar in UTC, years 0 to 9999; no leap seconds
 * (second 60 counts as the next minute's 0), no time zones, no global state. */
#ifndef B7_CALENDAR_H
#define B7_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct calendar {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
};

/* Times outside the years are clamped to their first and last second. */
void calendar_from_s(struct calendar *c, int64_t unix_s);
/* false when a field is out of range, e.g. 30 February. */
bool calendar_to_s(const struct calendar *c, int64_t *unix_s);

#endif
