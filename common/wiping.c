/*
 * free() and realloc() that leave nothing behind, for programs through whose
 * memory secrets pass. The linker puts them in place of the real ones in all that
 * is linked statically (--wrap, in base.cmake): what curl, mbedTLS, libyaml, cJSON
 * and libevent give back is wiped as ours is. A program takes them by linking
 * b7_wiping; they have no header, since nothing calls them by name.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

void wiping_free(void *p) __asm__("__wrap_free");
void *wiping_realloc(void *p, size_t n) __asm__("__wrap_realloc");
void real_free(void *p) __asm__("__real_free");

void
wiping_free(void *p)
{
	if (p != NULL)
		secret_wipe(p, malloc_usable_size(p));
	real_free(p);
}

/* The real one may move a block, and free what it moved. */
void *
wiping_realloc(void *p, size_t n)
{
	size_t have = p == NULL ? 0 : malloc_usable_size(p);
	void *q;

	if (n <= have && n > have / 2)
		return p;
	q = malloc(n > 0 ? n : 1);
	if (q == NULL || p == NULL)
		return q;
	memcpy(q, p, have < n ? have : n);
	wiping_free(p);
	return q;
}
