/* Ranges of addresses, IPv4 and IPv6: "A-B", "A-LAST", "A/LENGTH", "A". */
#ifndef B7_AGENT_ENROLL_SPAN_H
#define B7_AGENT_ENROLL_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	uint8_t first[16]; /* v4 mapped */
	uint64_t n;        /* how many; more than anybody counts: UINT64_MAX */
};

/* s[n] is no string of its own. */
bool span_parse(struct span *r, const char *s, size_t n);
/* "https://10.1.1.7", "https://[fd00::7]"; owned by the caller. */
char *span_url(const struct span *r, uint64_t i);

#endif
