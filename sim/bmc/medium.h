/*
 * Reads a virtual medium over HTTP as a BMC does: its size, single ranges of
 * descriptors and boot catalog, the boot loader, then the rest in chunks. It
 * follows no redirects and takes no chunk of a wrong length, as firmware does. An
 * image of a family is read up to its loader: the rest is guest.h's.
 */
#ifndef B7_SIM_BMC_MEDIUM_H
#define B7_SIM_BMC_MEDIUM_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/bmc/iso.h"

struct env;
struct medium;

enum medium_depth {
	MEDIUM_SIZE,
	MEDIUM_SECTOR,
	MEDIUM_WHOLE, /* every byte, whatever it is */
	MEDIUM_BOOT
};
struct medium_opts {
	const struct env *env;
	const char *url; /* copied */
	enum medium_depth depth;
	bool uefi;               /* the entry that is loaded */
	int64_t chunk, max;      /* bytes a range; bytes in all */
	bool verify;             /* https: against trust and the usual CAs */
	struct tls_trust *trust; /* NULL = only these; a reference is taken */
	int64_t timeout_us;      /* of one range */
	/* phase: size, pvd, catalog, loader, system, done */
	void (*progress)(void *arg, const char *phase, int64_t bytes);
	/* Exactly once, from the loop, unless cancelled; ok: why is NULL. m is
	 * gone afterwards. */
	void (*done)(void *arg, const struct iso_facts *f, const char *why);
	void *arg;
};
struct medium *medium_start(const struct medium_opts *o);
void medium_cancel(struct medium *m); /* NULL is fine; silent */
/* By what URL a slot's image is really read; owned. */
char *medium_over_http(const char *url);

#endif
