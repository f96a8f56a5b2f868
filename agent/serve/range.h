/*
 * The Range header (RFC 9110, 14.2) and the preconditions beside it. Pure.
 *
 * One range is served: "bytes=A-B", "bytes=A-", "bytes=-N". What is malformed,
 * of another unit, or asks for several ranges is ignored, as the RFC allows, and
 * the whole is served: no BMC is known to read multipart/byteranges.
 */
#ifndef B7_AGENT_SERVE_RANGE_H
#define B7_AGENT_SERVE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum range_kind {
	RANGE_WHOLE,
	RANGE_PART,
	RANGE_BEYOND /* 416: begins behind the end, or has no bytes */
};
struct range {
	uint64_t at, n; /* inside of the whole; n > 0 where that has bytes */
};
/* value NULL: no such header. *out is the whole but for RANGE_PART. */
enum range_kind range_parse(
    const char *value, uint64_t size, struct range *out);

/* tag: ours, strong, with its quotes. Whether a list as in If-Match or
 * If-None-Match names it; "*" does. weak: W/ in front does not matter. */
bool range_tag_listed(const char *list, const char *tag, bool weak);
/* If-Range: true without one, or if it is our tag; a date never is. */
bool range_tag_holds(const char *if_range, const char *tag);

#endif
