/* See diary.h. */
#include "agent/control/diary.h"

#include <stdbool.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"

_Static_assert(sizeof(struct diary) <= 1024, "1 KB a host, as diary.h says");

void
diaries_init(struct diaries *all)
{
	TAILQ_INIT(&all->by_age);
	all->n = 0;
}

void
diary_free(struct diaries *all, struct diary **mine)
{
	struct diary *d = *mine;

	if (d == NULL)
		return;
	TAILQ_REMOVE(&all->by_age, d, entry);
	all->n--;
	*mine = NULL;
	xfree(d);
}

static struct diary *
diary_of(struct diaries *all, struct diary **mine)
{
	struct diary *d = *mine;

	if (d != NULL) {
		TAILQ_REMOVE(&all->by_age, d, entry);
	} else {
		if (all->n >= DIARIES_MAX)
			diary_free(all, TAILQ_FIRST(&all->by_age)->owner);
		d = xcalloc(1, sizeof(*d));
		d->owner = mine;
		*mine = d;
		all->n++;
	}
	TAILQ_INSERT_TAIL(&all->by_age, d, entry);
	return d;
}

const struct diary_line *
diary_line_at(const struct diary *d, unsigned i)
{
	if (d == NULL || i >= d->n)
		return NULL;
	return &d->line[(d->at + DIARY_LINES - d->n + i) % DIARY_LINES];
}

static bool
diary_same(const struct diary_line *a, const struct diary_line *b)
{
	return a->verdict == b->verdict && str_eq(a->step, b->step) &&
	       str_eq(a->inner, b->inner) && str_eq(a->asked, b->asked) &&
	       str_eq(a->why, b->why);
}

/* A sequence that the cut would halve goes whole. */
static void
diary_why(char out[DIARY_WHY], const char *why)
{
	size_t n = DIARY_WHY - sizeof("...");

	if (why == NULL)
		why = "";
	if (str_copy(out, DIARY_WHY, why))
		return;
	while (n > 0 && ((unsigned char)why[n] & 0xc0) == 0x80)
		n--;
	memcpy(out + n, "...", sizeof("..."));
}

void
diary_note(struct diaries *all, struct diary **mine, const struct diary_line *l,
    const char *why)
{
	struct diary_line new = *l;
	struct diary_line *last;
	struct diary *d = *mine;

	diary_why(new.why, why);
	new.last_us = new.first_us;
	new.times = 1;
	if (d != NULL && d->n > 0) {
		last = &d->line[(d->at + DIARY_LINES - 1) % DIARY_LINES];
		if (diary_same(last, &new)) {
			last->last_us = new.first_us;
			last->times++;
			return;
		}
	}
	d = diary_of(all, mine);
	d->line[d->at] = new;
	d->at = (d->at + 1) % DIARY_LINES;
	if (d->n < DIARY_LINES)
		d->n++;
}
