/*
 * A web server of synthetic boot images, made on the fly from their names:
 * correct ISO 9660 with an El Torito catalog (BIOS and UEFI entries), stable
 * bytes, HEAD, Range and ETag; and bad ones for tests. Nothing is stored.
 *
 *   /live.iso                boots, runs from the medium
 *   /installer.iso           installs to the disk, then powers off
 *   /installer-reboot.iso    installs to the disk, then reboots
 *   /not-an-iso.iso          bytes without a volume descriptor
 *   /no-boot.iso             ISO 9660 without El Torito
 *   /slow.iso                live, trickled at ?rate= bytes/s [4096]
 *   /truncated.iso           live, but the body ends too early
 *   /missing.iso             404 (as is every other name)
 *   /no-range.iso            live, answers 200 to ranges
 *   ?size=N                  bytes [1 MiB], rounded up to 2048
 *   ?id=TEXT                 image id that ends up on the disk
 *   ?family=NAME             an image as that family of operating systems has
 *                            it, which wants user data: cloud-init, ubuntu,
 *                            coreos, microos, talos, kairos (README.md)
 *   &wants=nothing           which boots without, too
 *
 * Names may have a prefix folder and a suffix: /a/b/live-17.iso is live.
 * Control: GET /-/stats (JSON: reads and bytes by path), POST /-/reset,
 * POST /-/fault {"path": GLOB, "status": N, "count": N}.
 */
#ifndef B7_SIM_ORIGIN_H
#define B7_SIM_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/tls.h"

struct env;
struct origin;

struct origin_opts {
	const char *addr;              /* NULL = "127.0.0.1" */
	unsigned port;                 /* 0 = any free one */
	struct tls_identity *identity; /* NULL = plain HTTP; borrowed */
};
struct origin *origin_new(
    const struct env *env, const struct origin_opts *o, struct err *e);
void origin_free(struct origin *o);
unsigned origin_port(const struct origin *o);

/* Counts of one path (without its query); NULL = all. */
struct origin_count {
	uint64_t heads, gets, bytes;
};
struct origin_count origin_count(const struct origin *o, const char *path);
/* All paths that match the glob answer with the status; count 0 = for ever;
 * status 0 removes. Replaces an earlier one for the same glob. */
void origin_fail(
    struct origin *o, const char *glob, int status, unsigned count);

#endif
