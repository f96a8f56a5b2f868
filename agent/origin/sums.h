/* SHA256SUMS files: which checksum an image's URL has in one. */
#ifndef B7_AGENT_ORIGIN_SUMS_H
#define B7_AGENT_ORIGIN_SUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/origin/origin.h"

#define SUMS_MAX (1u << 20) /* bytes of such a file */

/* Of the file that the URL ends with: "HEX  NAME", "HEX *NAME", "SHA256 (NAME) =
 * HEX", or HEX alone where nothing else stands. ERR_SPEC: it is not there, or
 * twice with different sums. Pure. */
bool sums_find(const char *text, size_t n, const char *url, uint8_t sha256[32],
    struct err *e);

struct sums_call;
/* Gets o->url, and looks for the image's; sha256 NULL: e says why. o's deadline and
 * connections do not count. ERR_SPEC as above, and for redirects. Called once, from
 * the loop; the call is gone then. NULL: e. */
struct sums_call *sums_fetch(const struct env *env, const struct origin_opts *o,
    const char *image,
    void (*done)(void *arg, const uint8_t *sha256, const struct err *e),
    void *arg, struct err *e);
void sums_cancel(struct sums_call *c); /* silent; NULL is fine */

#endif
