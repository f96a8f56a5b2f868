/*
 * The few templates that are rendered here, where the system that reads the data
 * has no meta-data of its own: {{ ds.meta_data.NAME }}, and instance_id and
 * local_hostname, which cloud-init also gives without ds.meta_data or below v1.
 */
#ifndef B7_AGENT_DELIVERY_TEMPLATE_H
#define B7_AGENT_DELIVERY_TEMPLATE_H

#include "agent/delivery/room.h"

/* All of a text that begins with "## template: jinja", whose line is left out.
 * ERR_SPEC names the line of what is none of the above: a statement, a filter,
 * a name that nobody gave. */
bool template_render(struct wiped *out, const struct delivery_in *in,
    const void *data, size_t n, struct err *e);
/* What is known of them in a text of another language; the rest stays. */
void template_fill(struct wiped *out, const struct delivery_in *in,
    const void *data, size_t n);

#endif
