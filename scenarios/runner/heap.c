/* See heap.h. */
#include "scenarios/runner/heap.h"

#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/mem.h"

#define AHEAD (512 << 20)   /* bytes of addresses; memory only when used */
#define ONE_PIECE (8 << 20) /* larger ones have a mapping of their own */

void
heap_in_large_pages(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from, to;
	void *more;

	/* Optimisations all: nothing depends on what they say. */
	(void)mallopt(M_MMAP_THRESHOLD, ONE_PIECE);
	(void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
	(void)mallopt(M_TOP_PAD, AHEAD);
	from = (uintptr_t)sbrk(0);
	more = xmalloc(ONE_PIECE - page); /* the heap grows by that and AHEAD */
	to = (uintptr_t)sbrk(0);
	xfree(more);
	from = (from + page - 1) & ~(page - 1);
	if (to != (uintptr_t)-1 && to > from)
		(void)madvise(
		    (char *)sbrk(0) - (to - from), to - from, MADV_HUGEPAGE);
}
