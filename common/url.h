/* http and https URLs, RFC 3986: parsed once, joined, never built by hand. */
#ifndef B7_URL_H
#define B7_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define URL_MAX 2048

struct url {
	bool https;
	char host[256]; /* lower case; IPv6 without brackets */
	bool host_is_v6;
	uint16_t port;        /* 80 or 443 where the text has none */
	char target[URL_MAX]; /* path and query, starts with '/' */
};

/* Refuses userinfo, fragments, control bytes, spaces, backslashes, bytes above
 * 0x7e, bad percent escapes, other schemes. "." and ".." segments are removed.
 * ERR_SPEC. */
bool url_parse(struct url *u, const char *text, struct err *e);
/* Resolves an @odata.id, Location or redirect against base (RFC 3986 section
 * 5.2). A fragment is left out: it points into the answer. ERR_PROTO. */
bool url_resolve(
    struct url *u, const struct url *base, const char *ref, struct err *e);
bool url_same_origin(const struct url *a, const struct url *b);
/* "https://host:port" (default port left out, IPv6 bracketed). */
void url_origin(const struct url *u, char *out, size_t cap);
/* Percent-encodes one path segment or query value; owned by the caller. */
char *url_escape(const char *s);
/* Decodes in place; false on a bad escape or an encoded NUL. */
bool url_unescape(char *s);
/* Value of the first query parameter of that name in target, decoded ('+' is a
 * space, as HTML forms and kubectl write it) and owned; NULL if absent or badly
 * escaped; "" if it has no value. */
char *url_query(const char *target, const char *name);

#endif
