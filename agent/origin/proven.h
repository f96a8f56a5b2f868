/*
 * A source whose MiBs are checked against their digests as they come: what is not
 * what was proven never gets further. To be put below the cache of blocks, so
 * that a MiB is checked when it enters it and not for each reader.
 */
#ifndef B7_AGENT_ORIGIN_PROVEN_H
#define B7_AGENT_ORIGIN_PROVEN_H

#include <sys/queue.h>

#include "agent/media/digests.h"
#include "agent/media/source.h"

struct proven {
	struct source source; /* reads of whole MiBs alone */
	const struct source *from;
	const struct digests *digests;
	/* Told of each read's end before whoever asked is; NULL = nobody. e NULL
	 * = it was right. ERR_CONFLICT: the image is another one. */
	void (*told)(void *arg, const struct err *e);
	void *arg;
	LIST_HEAD(, proven_read) reads;
};

/* All is borrowed. */
void proven_init(struct proven *p, const struct source *from,
    const struct digests *d, void (*told)(void *arg, const struct err *e),
    void *arg);
void proven_fini(struct proven *p); /* cancels its reads, silently */

#endif
