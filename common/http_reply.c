/* The head of a reply on the wire, RFC 9112. */
#include <event2/buffer.h>
#include <inttypes.h>
#include <string.h>

#include "common/http_server_int.h"
#include "common/str.h"

/* Heads are small: made here, then given to the output in one piece. */
struct head {
	struct evbuffer *out;
	size_t n;
	char p[1024];
};

static void
flush(struct head *h)
{
	(void)evbuffer_add(h->out, h->p, h->n);
	h->n = 0;
}

static void
add(struct head *h, const char *s)
{
	size_t n = strlen(s);

	if (n > sizeof h->p - h->n)
		flush(h);
	if (n > sizeof h->p) {
		(void)evbuffer_add(h->out, s, n);
		return;
	}
	memcpy(h->p + h->n, s, n);
	h->n += n;
}

static void
add_field(struct head *h, const char *name, const char *value)
{
	add(h, name);
	add(h, ": ");
	add(h, value);
	add(h, "\r\n");
}

static void
add_number(struct head *h, int64_t v)
{
	char digits[24];

	(void)str_format(digits, sizeof digits, "%" PRId64, v);
	add(h, digits);
}

void
reply_head_write(
    struct evbuffer *out, const char *date, const struct reply_head *r)
{
	struct head h;

	h.out = out;
	h.n = 0;
	add(&h, "HTTP/1.1 ");
	add_number(&h, r->status);
	add(&h, " ");
	add(&h, http_reason(r->status));
	add(&h, "\r\n");
	if (!http_header_get(r->h, r->n, "Date"))
		add_field(&h, "Date", date);
	for (size_t i = 0; i < r->n; i++)
		add_field(&h, r->h[i].name, r->h[i].value);
	if (r->chunked) {
		add(&h, "Transfer-Encoding: chunked\r\n");
	} else if (r->length >= 0 && !r->no_length) {
		add(&h, "Content-Length: ");
		add_number(&h, r->length);
		add(&h, "\r\n");
	}
	if (r->close)
		add(&h, "Connection: close\r\n");
	else if (r->keep_1_0)
		add(&h, "Connection: keep-alive\r\n");
	add(&h, "\r\n");
	flush(&h);
}
