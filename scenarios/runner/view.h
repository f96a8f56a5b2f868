/*
 * The progress of a fleet for people: a table that updates in place on a
 * terminal, one line a change in a pipe.
 */
#ifndef B7_RUNNER_VIEW_H
#define B7_RUNNER_VIEW_H

#include <stdbool.h>

struct play;
struct view;

struct view *view_new(bool terminal);
/* Shows what is new; draws at most five times a second unless now. */
void view_update(struct view *v, struct play *p, bool now);
/* A line of text above the table. */
void view_say(struct view *v, struct play *p, const char *text);
void view_free(struct view *v);

#endif
