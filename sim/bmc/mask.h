/* What must not be seen: query values of URLs, passwords and tokens. */
#ifndef B7_SIM_BMC_MASK_H
#define B7_SIM_BMC_MASK_H

#include <stddef.h>

/* "http://h/x.iso?token=abc" -> "http://h/x.iso?***", and a folder that can only
 * be a token -> "***". */
void mask_url(char *out, size_t cap, const char *url);
/* A JSON body for a trace: values of secret members and queries of URLs are
 * masked; text that is no JSON becomes "(N bytes)". Owned by the caller. */
char *mask_body(const char *p, size_t n, size_t max);

#endif
