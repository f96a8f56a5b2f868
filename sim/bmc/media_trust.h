/*
 * Whom a BMC believes when it fetches an image over https: the certificates
 * that a client put into a medium's Certificates collection, besides the usual
 * CAs. Whether it looks at all is the knob media/verify.
 */
#ifndef B7_SIM_BMC_MEDIA_TRUST_H
#define B7_SIM_BMC_MEDIA_TRUST_H

#include <stdbool.h>

struct bmc;
struct medium_opts;

bool media_verifies(const struct bmc *b, unsigned slot);
/* Fills verify and trust of o. */
void media_trust_apply(struct bmc *b, unsigned slot, struct medium_opts *o);
void media_trust_free(struct bmc *b); /* all of them are forgotten */

#endif
