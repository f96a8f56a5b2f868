/*
 * Capped growable bytes. The cap is set when the buffer is made; going over it
 * empties nothing and allocates nothing: the add fails, and `overflow` stays
 * set, so that a chain of adds needs one check at its end.
 */
#ifndef B7_BUF_H
#define B7_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *p;  /* owned; NUL-terminated whenever not NULL */
	size_t n; /* used, without the NUL */
	size_t cap, max;
	bool overflow;
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);
void buf_reset(struct buf *b); /* n = 0, keeps the memory */
/* Room for n more bytes (and the NUL) at once, where many small adds follow.
 * After an overflow everything fails, or a later, shorter add would leave a
 * hole in the middle. */
bool buf_reserve(struct buf *b, size_t n);
/* n more bytes, which the caller fills in at once; NULL if over the cap. */
static inline char *
buf_extend(struct buf *b, size_t n)
{
	char *at;

	/* cap is never over max + 1; overflow: see buf_reserve() */
	if ((n >= b->cap - b->n || b->overflow) && !buf_reserve(b, n))
		return NULL;
	at = b->p + b->n;
	b->n += n;
	at[n] = '\0';
	return at;
}
bool buf_add(struct buf *b, const void *p, size_t n);
bool buf_adds(struct buf *b, const char *s);
bool buf_addi(struct buf *b, int64_t i); /* decimal */
bool buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static inline bool
buf_addc(struct buf *b, char c)
{
	char *at = buf_extend(b, 1);

	if (at != NULL)
		*at = c;
	return at != NULL;
}
void buf_consume(struct buf *b, size_t n); /* drops n bytes from the front */
char *buf_take(struct buf *b, size_t *n); /* moves the bytes out; "" if empty */
const char *buf_str(const struct buf *b); /* "" if empty */

#endif
