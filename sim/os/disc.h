/*
 * What is known of a medium so far. Readers ask for ranges; what is missing is
 * wanted, they return, somebody reads it, and they are run again from the top.
 * So everything above this is a pure function of bytes.
 */
#ifndef B7_SIM_OS_DISC_H
#define B7_SIM_OS_DISC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISC_SECTOR 2048
#define DISC_HELD (8u << 20) /* bytes of one medium; more is refused */
#define DISC_WHY 160

enum os_step {
	OS_OK,
	OS_NONE,  /* it is not there */
	OS_WANTS, /* disc->want_* first, then again from the top */
	OS_BAD    /* the text says why */
};

struct disc_part;
struct disc {
	uint64_t size;
	struct disc_part *v; /* owned */
	size_t n, cap, held;
	/* After OS_WANTS. pass: only read, nothing is kept (kernels, root file
	 * systems); disc_passed() says that it was done. */
	uint64_t want_at, want_n;
	bool want_pass;
};
void disc_init(struct disc *d, uint64_t size);
void disc_fini(struct disc *d); /* wipes */
/* n bytes, borrowed until disc_fini(). OS_BAD: beyond the end, or too much. */
enum os_step disc_get(struct disc *d, uint64_t at, size_t n, const uint8_t **p);
/* That these were read once, whatever they are. */
enum os_step disc_pass(struct disc *d, uint64_t at, uint64_t n);
/* p: exactly the range that was wanted; NULL after want_pass. */
void disc_put(struct disc *d, const void *p);

#endif
