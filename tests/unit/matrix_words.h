/*
 * What an operator can read while a fault is there, or after it: the messages
 * of the conditions of the host and the machine that are not True, and of the
 * Warning events about them. And the words that name a fault.
 */
#ifndef B7_MATRIX_WORDS_H
#define B7_MATRIX_WORDS_H

#include <stdbool.h>

#include "scenarios/runner/stage.h"

/* One a line; owned by the caller. HostAvailable is left out: that a claimed
 * host is not available tells nothing. */
char *matrix_told(struct stage *s);
/* Any of the words that name this fault (the rule's text) is in told. */
bool matrix_names(const char *told, const char *rule);

#endif
