#include "common/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buf_free(struct buf *b)
{
	xfree(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
	b->overflow = false;
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->overflow = false;
	if (b->p != NULL)
		b->p[0] = '\0';
}

bool
buf_reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap;

	if (n < cap - b->n && !b->overflow)
		return true; /* cap is never over max + 1 */
	if (b->overflow || n > b->max - b->n) {
		b->overflow = true;
		return false;
	}
	if (cap == 0)
		cap = 64;
	while (cap <= b->n + n)
		cap = cap > ((size_t)-1) / 2 ? (size_t)-1 : cap * 2;
	if (b->max < cap - 1)
		cap = b->max + 1;
	b->p = xrealloc(b->p, cap);
	b->cap = cap;
	return true;
}

bool
buf_add(struct buf *b, const void *p, size_t n)
{
	char *at = buf_extend(b, n);

	if (at != NULL && n > 0)
		memcpy(at, p, n);
	return at != NULL;
}

bool
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

bool
buf_addi(struct buf *b, int64_t i)
{
	char text[20]; /* as many digits as 2^63 has, and a sign */
	uint64_t left = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (i < 0)
		text[--at] = '-';
	return buf_add(b, text + at, sizeof(text) - at);
}

bool
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	size_t room = b->overflow || b->p == NULL ? 0 : b->cap - b->n;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(room > 0 ? b->p + b->n : NULL, room, fmt, ap);
	va_end(ap);
	if (n < 0 || !buf_reserve(b, (size_t)n)) {
		if (room > 0)
			b->p[b->n] = '\0';
		b->overflow = true;
		return false;
	}
	if ((size_t)n >= room) {
		va_start(ap, fmt);
		(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->n += (size_t)n;
	return true;
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n >= b->n) {
		b->n = 0;
	} else {
		memmove(b->p, b->p + n, b->n - n);
		b->n -= n;
	}
	if (b->p != NULL)
		b->p[b->n] = '\0';
}

char *
buf_take(struct buf *b, size_t *n)
{
	char *p = b->p != NULL ? b->p : xstrdup("");

	if (n != NULL)
		*n = b->n;
	b->p = NULL;
	b->n = b->cap = 0;
	b->overflow = false;
	return p;
}

const char *
buf_str(const struct buf *b)
{
	return b->p != NULL ? b->p : "";
}
