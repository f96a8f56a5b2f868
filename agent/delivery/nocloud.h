/* cloud-init's NoCloud data source, and messages of several parts. */
#ifndef B7_AGENT_DELIVERY_NOCLOUD_H
#define B7_AGENT_DELIVERY_NOCLOUD_H

#include "agent/delivery/payload.h"
#include "agent/delivery/report.h"
#include "agent/delivery/room.h"

/* Whether the machine's own names and those of the user go together. ERR_SPEC. */
bool nocloud_meta_ok(const struct delivery_in *in, struct err *e);
/* Whether the network's data are cloud-init's, of version 1 or 2: others it would
 * not take, and the machine would be without a network. ERR_SPEC. */
bool nocloud_network_ok(const struct delivery_in *in, struct err *e);
void nocloud_meta(struct wiped *out, const struct delivery_in *in);
/* The value of a name of ds.meta_data as templates write it (with '_' for '-');
 * NULL = there is none. Borrowed of in. */
const char *nocloud_value(
    const struct delivery_in *in, const char *name, size_t n);
/* The payload as it is, and behind it a part with the script that reports. r
 * NULL: the payload alone. */
void nocloud_user_data(struct wiped *out, const struct payload *p,
    const struct delivery_in *in, const struct report *r);

#endif
