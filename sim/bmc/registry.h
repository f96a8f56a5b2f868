/*
 * Message registries: which this service speaks, to look messages up and to
 * serve them. The ids are those of the DMTF's registries; the sentences are
 * our own, as DSP0266 9.5.11 allows a service to word them.
 */
#ifndef B7_SIM_BMC_REGISTRY_H
#define B7_SIM_BMC_REGISTRY_H

#include <stddef.h>

#include "sim/bmc/message.h"

struct registry {
	const char *prefix;  /* "ResourceEvent" */
	const char *version; /* "1.3" of "ResourceEvent.1.3.ResourceChanged" */
	const char *name, *owner;
	const struct message_def *defs;
	size_t n;
};
/* i = 0 is Base, whose version the profile says; NULL after the last. */
const struct registry *registry_at(size_t i);
const struct registry *registry_by_prefix(const char *s, size_t n);
/* How many arguments its text has. */
unsigned registry_args(const struct message_def *d);

#endif
