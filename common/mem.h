/*
 * Memory: allocation aborts when it fails. That is safe only because every
 * size that a peer controls is capped before it is allocated.
 */
#ifndef B7_MEM_H
#define B7_MEM_H

#include <stdbool.h>
#include <stddef.h>

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size); /* zeroed; overflow aborts */
void *xrealloc(void *p, size_t n);
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);            /* NULL gives NULL */
char *xstrndup(const char *s, size_t n); /* always NUL-terminated */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void xfree(void *p); /* NULL is fine */
/* Frees *pp, stores a copy of s (NULL allowed). */
void xreplace(char **pp, const char *s);

/* Bytes that must not linger: zeroed when freed, never logged. */
struct secret {
	char *p;  /* owned, NUL-terminated, NULL when empty */
	size_t n; /* bytes without the NUL */
};
void secret_set(struct secret *s, const void *p, size_t n);
void secret_free(struct secret *s);  /* zeroes, frees, empties */
void secret_wipe(void *p, size_t n); /* memset that is not optimised away */
/* In a time that tells nothing of where they differ. */
bool secret_same(const void *a, const void *b, size_t n);

/* Counts for benches: calls and live bytes of the functions above. */
struct mem_stats {
	unsigned long long allocs, frees;
};
struct mem_stats mem_stats(void);

#endif
