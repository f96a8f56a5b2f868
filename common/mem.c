#include "common/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_TEXT 128 /* formatted once */
#define JOIN_MAX 6     /* texts */

/* The one exception to "no global mutable state": counts for benches, which
 * nothing but mem_stats() reads. */
static struct mem_stats stats;

static void *
checked(void *p)
{
	if (p == NULL) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
xmalloc(size_t n)
{
	stats.allocs++;
	return checked(malloc(n > 0 ? n : 1));
}

void *
xcalloc(size_t n, size_t size)
{
	stats.allocs++;
	if (n == 0 || size == 0)
		n = size = 1;
	return checked(calloc(n, size));
}

void *
xrealloc(void *p, size_t n)
{
	if (p == NULL)
		stats.allocs++;
	return checked(realloc(p, n > 0 ? n : 1));
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	if (size > 0 && n > SIZE_MAX / size)
		return checked(NULL);
	return xrealloc(p, n * size);
}

char *
xstrdup(const char *s)
{
	return s != NULL ? xstrndup(s, strlen(s)) : NULL;
}

char *
xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = xmalloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

/* Most formats only join texts: nothing to be converted. How many of them, or
 * JOIN_MAX + 1 for any other format. */
static size_t
joins(const char *fmt)
{
	size_t n = 0;

	while ((fmt = strchr(fmt, '%')) != NULL) {
		if (fmt[1] != 's' || ++n > JOIN_MAX)
			return JOIN_MAX + 1;
		fmt += 2;
	}
	return n;
}

static char *
join(const char *fmt, const char *const *texts, size_t n)
{
	size_t len[JOIN_MAX], all = strlen(fmt) - 2 * n, lit;
	char *out, *at;

	for (size_t i = 0; i < n; i++)
		all += len[i] = strlen(texts[i]);
	out = at = xmalloc(all + 1);
	for (size_t i = 0; i < n; i++) {
		lit = (size_t)(strchr(fmt, '%') - fmt);
		memcpy(at, fmt, lit);
		memcpy(at + lit, texts[i], len[i]);
		at += lit + len[i];
		fmt += lit + 2;
	}
	memcpy(at, fmt, strlen(fmt) + 1);
	return out;
}

char *
xasprintf(const char *fmt, ...)
{
	const char *texts[JOIN_MAX];
	char mostly[SHORT_TEXT], *p;
	size_t joined = joins(fmt);
	va_list ap;
	int n;

	if (joined <= JOIN_MAX) {
		bool all = true;

		va_start(ap, fmt);
		for (size_t i = 0; i < joined; i++) {
			texts[i] = va_arg(ap, const char *);
			all = all && texts[i] != NULL;
		}
		va_end(ap);
		if (all)
			return join(fmt, texts, joined);
	}
	va_start(ap, fmt);
	n = vsnprintf(mostly, sizeof(mostly), fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	p = xmalloc((size_t)n + 1);
	if ((size_t)n < sizeof(mostly)) {
		memcpy(p, mostly, (size_t)n + 1);
		return p;
	}
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap); /* fits: just measured */
	va_end(ap);
	return p;
}

void
xfree(void *p)
{
	if (p != NULL)
		stats.frees++;
	free(p);
}

void
xreplace(char **pp, const char *s)
{
	char *copy = xstrdup(s); /* first: s may point into *pp */

	xfree(*pp);
	*pp = copy;
}

void
secret_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

void
secret_set(struct secret *s, const void *p, size_t n)
{
	char *copy = NULL;

	if (n > 0) {
		copy = xmalloc(n + 1);
		memcpy(copy, p, n);
		copy[n] = '\0';
	}
	secret_free(s);
	s->p = copy;
	s->n = n;
}

void
secret_free(struct secret *s)
{
	if (s->p != NULL)
		secret_wipe(s->p, s->n);
	xfree(s->p);
	s->p = NULL;
	s->n = 0;
}

struct mem_stats
mem_stats(void)
{
	return stats;
}

bool
secret_same(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char differs = 0;

	for (size_t i = 0; i < n; i++)
		differs |= (unsigned char)(x[i] ^ y[i]);
	return differs == 0;
}
