/*
 * What the API server sends twice: an object in the reply to our write and, in
 * the same words, in the watch. Whichever comes first is parsed, the other has
 * the tree of the first. Nothing of Secrets may be given here.
 * Inside agent/kube only.
 */
#ifndef B7_KUBE_TWICE_H
#define B7_KUBE_TWICE_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <sys/queue.h>

#include "common/err.h"

#define TWICE_MAX 32             /* texts */
#define TWICE_BYTES (128U << 10) /* of them all */

struct twice_text;
struct twice {
	TAILQ_HEAD(twice_list, twice_text) texts; /* oldest first */
	unsigned n;
	size_t bytes;
};

void twice_init(struct twice *t);
void twice_free(struct twice *t);
/* The object without its managedFields, for json_drop() and not to be changed:
 * others may hold it. NULL with e: it is no object. White space at the end
 * counts for nothing. */
cJSON *twice_parse(struct twice *t, const char *text, size_t n, struct err *e);

#endif
