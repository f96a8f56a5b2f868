/* A composed image as a source of bytes: its pieces, those of the base by a source
 * of it, come as one. */
#ifndef B7_AGENT_MEDIA_READER_H
#define B7_AGENT_MEDIA_READER_H

#include <sys/queue.h>

#include "agent/media/composed.h"
#include "agent/media/source.h"

struct reader {
	struct source source;
	const struct composed *of;
	const struct source *base; /* NULL: none of its pieces is of a base */
	LIST_HEAD(, reader_read) reads;
};
/* Both are borrowed. */
void reader_init(
    struct reader *r, const struct composed *of, const struct source *base);
void reader_fini(struct reader *r); /* cancels its reads, silently */

#endif
