/*
 * Matching of `pattern`: the part of RE2 that schemas use, in time linear in
 * text times pattern whatever either holds (all states at once, no
 * backtracking). Not for finding where, only whether.
 *
 * Literals, ., [classes] with ranges, negation and [:alpha:] names, \d \w \s and
 * their opposites, escapes, ( ), (?: ), |, * + ? {n,m} with the lazy suffix,
 * ^ $ \A \z \b \B. Text is UTF-8. Not: back references (RE2 has none), flags,
 * \p{..}.
 */
#ifndef B7_SIM_KUBE_SCHEMA_REGEX_H
#define B7_SIM_KUBE_SCHEMA_REGEX_H

#include <stdbool.h>

#include "common/err.h"

#define REGEX_MAX_PROGRAM 20000 /* instructions */
#define REGEX_MAX_REPEAT 1000   /* as RE2 */
#define REGEX_MAX_STEPS 50000000

struct schema_regex;

/* ERR_SPEC says what is not understood and where. */
struct schema_regex *schema_regex_new(const char *pattern, struct err *e);
void schema_regex_free(struct schema_regex *r);
/* Somewhere in s; over REGEX_MAX_STEPS counts as no match. */
bool schema_regex_match(const struct schema_regex *r, const char *s);

#endif
