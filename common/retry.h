/*
 * When to try again: exponential backoff with full jitter, and what a peer's
 * Retry-After asks for. Microseconds throughout.
 */
#ifndef B7_RETRY_H
#define B7_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct rng;

/* Embedded in its owner; failures counts since the last reset. */
struct backoff {
	int64_t base_us, cap_us;
	uint32_t failures;
	struct rng *rng; /* borrowed; a stream of its own */
};

/* base_us and cap_us are raised to at least 1 and base_us. */
void backoff_init(
    struct backoff *b, int64_t base_us, int64_t cap_us, struct rng *rng);
/* Counts a failure and draws the delay before the next try: uniform in
 * 1..bound, where bound is base, 2 base, 4 base ... up to cap. */
int64_t backoff_next(struct backoff *b);
/* The bound that the next backoff_next() draws under, to show to people. */
int64_t backoff_bound(const struct backoff *b);
void backoff_reset(struct backoff *b); /* it worked */

/*
 * Retry-After, RFC 9110 section 10.2.3: seconds, or an HTTP date compared with
 * the given UTC time. The delay is clamped to 0..max_us, so that a peer cannot
 * park us for years. false and *delay_us untouched where the value is neither;
 * value may be NULL.
 */
bool retry_after_parse(
    const char *value, int64_t wall_us, int64_t max_us, int64_t *delay_us);
/* All three forms of RFC 9110 section 5.6.7; microseconds since 1970 UTC. */
bool http_date_parse(const char *s, int64_t *wall_us);

#endif
