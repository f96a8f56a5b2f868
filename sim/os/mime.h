/* Parts of a MIME message, as cloud-init takes user data apart: RFC 2045, 2046. */
#ifndef B7_SIM_OS_MIME_H
#define B7_SIM_OS_MIME_H

#include "common/buf.h"

/* cloud-init: a message says MIME-Version in its first 4 KiB. */
bool mime_is(const char *p, size_t n);
/* Calls fn for each part that is none of several; content is decoded. type in
 * lower case, "text/plain" if it has none. false: broken, or too much. */
bool mime_parts(const char *p, size_t n,
    bool (*fn)(void *arg, const char *type, struct buf *content), void *arg);

#endif
