#include "common/err.h"

#include <stdio.h>
#include <string.h>

const char *
err_kind_name(enum err_kind k)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",
		[ERR_NET] = "net",
		[ERR_TIMEOUT] = "timeout",
		[ERR_TLS] = "tls",
		[ERR_BUSY] = "busy",
		[ERR_AUTH] = "auth",
		[ERR_CONFLICT] = "conflict",
		[ERR_NOTFOUND] = "not-found",
		[ERR_PROTO] = "protocol",
		[ERR_TOO_BIG] = "too-big",
		[ERR_REFUSED] = "refused",
		[ERR_SPEC] = "spec",
		[ERR_INTERNAL] = "internal",
	};

	if ((unsigned)k >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[k];
}

/* A message that was cut ends in "..." and never inside a UTF-8 sequence:
 * it goes into conditions, which are JSON. */
static void
mark_cut(char *msg, size_t cap)
{
	size_t n = cap - 4;

	while (n > 0 && ((unsigned char)msg[n] & 0xc0) == 0x80)
		n--;
	memcpy(msg + n, "...", 4);
}

bool
err_set(struct err *e, enum err_kind k, int code, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (e == NULL)
		return false;
	e->kind = k;
	e->code = code;
	va_start(ap, fmt);
	/* A message may quote the one that it replaces. */
	char msg[sizeof(e->msg)];
	n = vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (n < 0)
		msg[0] = '\0';
	else if ((size_t)n >= sizeof(msg))
		mark_cut(msg, sizeof(msg));
	memcpy(e->msg, msg, sizeof(msg));
	return false;
}

bool
err_wrap(struct err *e, const char *fmt, ...)
{
	char msg[sizeof(e->msg)];
	va_list ap;
	int n, m;

	if (e == NULL)
		return false;
	va_start(ap, fmt);
	n = vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (n < 0)
		return false;
	if ((size_t)n >= sizeof(msg)) {
		mark_cut(msg, sizeof(msg));
		n = (int)strlen(msg);
	}
	m = snprintf(msg + n, sizeof(msg) - (size_t)n, ": %s", e->msg);
	if (m < 0 || (size_t)m >= sizeof(msg) - (size_t)n)
		mark_cut(msg, sizeof(msg));
	memcpy(e->msg, msg, sizeof(msg));
	return false;
}

void
err_clear(struct err *e)
{
	if (e != NULL)
		memset(e, 0, sizeof(*e));
}
