/*
 * The checksum that isomd5sum implants into the application use area. It is of
 * all bytes but the last SKIPSECTORS sectors, so a host's own image would have
 * to be read whole to renew it, and thousands of hosts as often. It is renewed
 * over the sectors up to the primary descriptor, and all others are skipped: the
 * "test this medium" of installers goes on, and what it would have found was
 * checked when the bytes were served.
 */
#include <string.h>

#include "agent/media/compose_int.h"
#include "common/digest.h"
#include "common/mem.h"
#include "common/str.h"

#define COVERED 17u /* sectors */

bool
compose_sum(struct plan *p)
{
	uint64_t at = (uint64_t)p->cd->trees[0].descriptor * MEDIA_SECTOR;
	char text[VOL_USE_N + 1], hex[33];
	uint32_t skip = cd_sectors(p->size) - COVERED;
	uint8_t *v, sum[16];

	if (!p->cd->implanted || (p->o.n == 0 && p->tail.n == 0))
		return true;
	v = xmalloc((size_t)COVERED * MEDIA_SECTOR);
	if (!overlay_get(&p->o, 0, v, (size_t)COVERED * MEDIA_SECTOR)) {
		p->missing = true;
		xfree(v);
		return true;
	}
	memset(v + at + VOL_USE, ' ', VOL_USE_N);
	md5(v, (size_t)COVERED * MEDIA_SECTOR, sum);
	hex_encode(hex, sum, sizeof(sum));
	memset(text, ' ', sizeof(text));
	(void)str_format(text, sizeof(text),
	    "ISO MD5SUM = %s;SKIPSECTORS = %u;RHLISOSTATUS=1;", hex, skip);
	text[strlen(text)] = ' ';
	if (!overlay_set(&p->o, at + VOL_USE, text, VOL_USE_N))
		p->missing = true;
	xfree(v);
	return true;
}
