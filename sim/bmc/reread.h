/*
 * A BMC asks once more for media that it was told of: real ones keep a URL
 * beyond the eject, and some go on reading. What it is answered then is what
 * anybody is answered who finds the URL later.
 */
#ifndef B7_SIM_BMC_REREAD_H
#define B7_SIM_BMC_REREAD_H

#include <cjson/cJSON.h>
#include <stdbool.h>

struct bmc;

/* That URL was mounted there; copied. */
void reread_note(struct bmc *b, unsigned slot, const char *url);
/* From b's own address, all that of (it may be b) was told last, a slot each;
 * what was asked before is forgotten. false: it was never told anything. */
bool reread_start(struct bmc *b, const struct bmc *of);
/* [{id, result}] of the last reread_start(); result: "reading", "read", or why
 * it could not. Owned; an empty list before the first. */
cJSON *reread_json(const struct bmc *b);
void reread_cancel(struct bmc *b); /* silently; the URLs are kept */
void reread_free(struct bmc *b);

#endif
