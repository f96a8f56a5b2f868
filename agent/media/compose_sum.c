/*
 * The checksum that isomd5sum implants into the application use area. It is of
 * all bytes but the last SKIPSECTORS sectors, so a host's own image would have
 * to be read whole to renew it, and thousands of hosts as often. It is renewed
 * over the first sectors, and all others are skipped: the
 * "test this medium" of installers goes on, and what it would have found was
 * checked when the bytes were served. isomd5sum before 1.2 counts skipped bytes
 * in an int, so its check fails with images over 2 GiB.
 */
#include <string.h>

#include "agent/media/compose_int.h"
#include "common/digest.h"
#include "common/mem.h"
#include "common/str.h"

#define COVERED \
	32u /* sectors: two of the 32 KiB that the checker reads; one with
		      * less behind the descriptor it does not blank whole */

bool
compose_sum(struct plan *p)
{
	uint64_t at = (uint64_t)p->cd->trees[0].descriptor * MEDIA_SECTOR;
	char text[VOL_USE_N + 1], hex[33];
	uint32_t skip = cd_sectors(p->size) - COVERED;
	uint8_t *v, sum[16];
	bool supported;

	if (!p->cd->implanted || (p->o.n == 0 && p->tail.n == 0))
		return true;
	v = xmalloc((size_t)COVERED * MEDIA_SECTOR);
	if (!overlay_get(&p->o, 0, v, (size_t)COVERED * MEDIA_SECTOR)) {
		p->missing = true;
		xfree(v);
		return true;
	}
	supported =
	    memmem(v + at + VOL_USE, VOL_USE_N, "RHLISOSTATUS=1", 14) != NULL;
	memset(v + at + VOL_USE, ' ', VOL_USE_N);
	md5(v, (size_t)COVERED * MEDIA_SECTOR, sum);
	hex_encode(hex, sum, sizeof(sum));
	memset(text, ' ', sizeof(text));
	(void)str_format(text, sizeof(text),
	    "ISO MD5SUM = %s;SKIPSECTORS = %u;RHLISOSTATUS=%d;"
	    "FRAGMENT COUNT = 0;",
	    hex, skip, supported);
	text[strlen(text)] = ' ';
	if (!overlay_set(&p->o, at + VOL_USE, text, VOL_USE_N))
		p->missing = true;
	xfree(v);
	return true;
}
