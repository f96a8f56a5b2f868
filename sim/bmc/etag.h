/* Entity tags in the styles of the vendors, and If-Match (RFC 9110 13.1). */
#ifndef B7_SIM_BMC_ETAG_H
#define B7_SIM_BMC_ETAG_H

#include <stdbool.h>
#include <stddef.h>

struct request;

#define ETAG_CAP 256
/* Of a rendered body; "" in the style none. Clocks in it do not count. */
void etag_of(
    const struct request *rq, const char *body, size_t n, char out[ETAG_CAP]);
/* Something was read: with some firmware that alone changes the tags. */
void etag_restless(struct request *rq);
/* If-Match of a write on rq's resource; false after a refusal. */
bool etag_check_write(struct request *rq);
/* If-Match on a POST. */
bool etag_check_post(struct request *rq);

#endif
