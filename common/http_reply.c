/* The head of a reply on the wire, RFC 9112. */
#include <event2/buffer.h>
#include <inttypes.h>
#include <string.h>

#include "common/http_server_int.h"

static void
add(struct evbuffer *out, const char *s)
{
	(void)evbuffer_add(out, s, strlen(s));
}

void
reply_head_write(
    struct evbuffer *out, const char *date, const struct reply_head *r)
{
	(void)evbuffer_add_printf(
	    out, "HTTP/1.1 %d %s\r\n", r->status, http_reason(r->status));
	if (!http_header_get(r->h, r->n, "Date")) {
		add(out, "Date: ");
		add(out, date);
		add(out, "\r\n");
	}
	for (size_t i = 0; i < r->n; i++) {
		add(out, r->h[i].name);
		add(out, ": ");
		add(out, r->h[i].value);
		add(out, "\r\n");
	}
	if (r->chunked)
		add(out, "Transfer-Encoding: chunked\r\n");
	else if (r->length >= 0 && !r->no_length)
		(void)evbuffer_add_printf(
		    out, "Content-Length: %" PRId64 "\r\n", r->length);
	if (r->close)
		add(out, "Connection: close\r\n");
	else if (r->keep_1_0)
		add(out, "Connection: keep-alive\r\n");
	add(out, "\r\n");
}
