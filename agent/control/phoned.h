/*
 * What a machine said of itself once it was up, as the media server stored it at
 * its host: the annotation AX/report, "OUTCOME CLAIMID ATTEMPT TIME". Claim id and
 * attempt make it void for any other tenant, and for another boot of this one.
 * Nothing else of what it said is kept: it could quote its user data.
 */
#ifndef B7_CONTROL_PHONED_H
#define B7_CONTROL_PHONED_H

#include <stdbool.h>
#include <stdint.h>

struct phoned {
	bool failed; /* bootstrap did not end well */
	char claim[64];
	int attempt;
	int64_t at_s; /* UTC; when it was stored first */
};
#define PHONED_CAP 160

/* text NULL: false. */
bool phoned_parse(struct phoned *w, const char *text);
/* false if it does not fit, or a part of it would not be read back. */
bool phoned_print(const struct phoned *w, char out[PHONED_CAP]);
/* As phoned_parse(), of that claim's attempt alone. */
bool phoned_of(
    struct phoned *w, const char *text, const char *claim, int attempt);
const char *phoned_outcome(bool failed); /* "succeeded", "failed" */

#endif
