/*
 * What was decided about a host last, for people who ask why (`beskar7-agent
 * explain`). In memory alone: nothing may depend on it. At most 1 KB a host and
 * DIARIES_MAX hosts; beyond, the one that has been quiet for longest is
 * forgotten. Texts are those of conditions and logs: no secrets.
 */
#ifndef B7_CONTROL_DIARY_H
#define B7_CONTROL_DIARY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "agent/control/plan.h"

#define DIARY_LINES 8
#define DIARY_WHY 72
#define DIARIES_MAX 4096

/* Equal lines in a row are one,
 * with the times of the first and of the last. */
struct diary_line {
	int64_t first_us, last_us; /* UTC */
	const char *step, *inner;  /* static; inner NULL = none */
	const char *asked;         /* static; NULL = a decision, no request */
	unsigned times;
	enum verdict verdict; /* of a request: V_NEXT = done, V_FAIL */
	char why[DIARY_WHY];  /* cut, with "..." then */
};

struct diary {
	TAILQ_ENTRY(diary) entry;
	struct diary **owner;
	unsigned n, at; /* lines in use; where the next goes */
	struct diary_line line[DIARY_LINES];
};

struct diaries {
	TAILQ_HEAD(diary_list, diary) by_age; /* the longest quiet first */
	size_t n;
};

void diaries_init(struct diaries *all);
/* l is copied, its times but first_us are set here; *mine is made if NULL, and
 * is NULL again once it was forgotten. */
void diary_note(struct diaries *all, struct diary **mine,
    const struct diary_line *l, const char *why);
void diary_free(struct diaries *all, struct diary **mine);
/* i = 0: the oldest; NULL after the last. d NULL: none. */
const struct diary_line *diary_line_at(const struct diary *d, unsigned i);

#endif
