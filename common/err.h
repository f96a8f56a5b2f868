/*
 * Errors by value. A function that can fail returns false (or -1, or NULL) and
 * fills *e; on success *e is untouched. The kind decides the policy: who
 * retries, how soon, and which condition a user reads.
 */
#ifndef B7_ERR_H
#define B7_ERR_H

#include <stdarg.h>
#include <stdbool.h>

enum err_kind {
	ERR_NONE,
	ERR_NET,      /* refused, reset, unreachable: back off */
	ERR_TIMEOUT,  /* nothing came in time: back off */
	ERR_TLS,      /* trust, name, date, pin, version: slow retry */
	ERR_BUSY,     /* 429, 503, Retry-After: back off */
	ERR_AUTH,     /* 401, 403: slow retry and a condition */
	ERR_CONFLICT, /* 409, 412: read again, now */
	ERR_NOTFOUND, /* 404, 410 */
	ERR_PROTO,    /* the peer broke its protocol */
	ERR_TOO_BIG,  /* a cap of ours was hit */
	ERR_REFUSED,  /* the peer understood and said no (4xx) */
	ERR_SPEC,     /* the user's input: no retry until it changes */
	ERR_INTERNAL  /* ours: log as error, back off */
};

struct err {
	enum err_kind kind;
	int code; /* HTTP status or errno where there is one, else 0 */
	char msg[256];
};

/* Lower-case word for logs and metrics, e.g. "timeout". */
const char *err_kind_name(enum err_kind k);
/* Fills *e (which may be NULL) and returns false, for `return err_set(...)`. */
bool err_set(struct err *e, enum err_kind k, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Puts "context: " before the message; returns false. */
bool err_wrap(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void err_clear(struct err *e);

#endif
