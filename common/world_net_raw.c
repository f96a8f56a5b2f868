/* A raw reply is bytes of the server's choice: the same parser that the real
 * client side could use decides what they mean. */
#include <http_parser.h>

#include <string.h>

#include "common/mem.h"
#include "common/world_net.h"

struct vnet_raw {
	struct vnet_call *call; /* borrowed; owns this */
	struct http_parser parser;
	struct buf text;             /* names and values, each NUL-terminated */
	struct http_header *headers; /* owned; built at the head's end */
	size_t n_headers, head_bytes;
	bool in_value, have_head, complete;
	struct buf piece; /* body bytes of this feed */
};

static struct vnet_raw *
raw_of(http_parser *p)
{
	return p->data;
}

static int
on_field(http_parser *p, const char *at, size_t n)
{
	struct vnet_raw *r = raw_of(p);

	if (r->have_head)
		return 0; /* a trailer */
	if (r->in_value) {
		(void)buf_addc(&r->text, '\0');
		r->n_headers++;
	}
	r->in_value = false;
	return buf_add(&r->text, at, n) ? 0 : -1;
}

static int
on_value(http_parser *p, const char *at, size_t n)
{
	struct vnet_raw *r = raw_of(p);

	if (r->have_head)
		return 0;
	if (!r->in_value)
		(void)buf_addc(&r->text, '\0');
	r->in_value = true;
	return buf_add(&r->text, at, n) ? 0 : -1;
}

static void
build_headers(struct vnet_raw *r)
{
	const char *at = buf_str(&r->text);
	size_t i;

	if (r->in_value) {
		(void)buf_addc(&r->text, '\0');
		r->n_headers++;
		at = buf_str(&r->text);
	}
	r->headers = xcalloc(r->n_headers + 1, sizeof(r->headers[0]));
	for (i = 0; i < r->n_headers; i++) {
		r->headers[i].name = at;
		at += strlen(at) + 1;
		r->headers[i].value = at;
		at += strlen(at) + 1;
	}
}

static int
on_head(http_parser *p)
{
	struct vnet_raw *r = raw_of(p);

	if (p->status_code < 200) {
		/* Interim: forget it and go on. */
		buf_reset(&r->text);
		r->n_headers = 0;
		r->in_value = false;
		return p->status_code == 101 ? -1 : 0;
	}
	build_headers(r);
	r->have_head = true;
	return http_has_no_body(r->call->req->method, (int)p->status_code);
}

static int
on_body(http_parser *p, const char *at, size_t n)
{
	return buf_add(&raw_of(p)->piece, at, n) ? 0 : -1;
}

static int
on_complete(http_parser *p)
{
	struct vnet_raw *r = raw_of(p);

	r->complete = r->have_head;
	if (r->complete)
		http_parser_pause(p, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_headers_complete = on_head,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

struct vnet_raw *
vnet_raw_new(struct vnet_call *c)
{
	struct vnet_raw *r = xcalloc(1, sizeof(*r));

	r->call = c;
	buf_init(&r->text, c->limits.head_max);
	buf_init(&r->piece, 2 * VNET_PIECE);
	http_parser_init(&r->parser, HTTP_RESPONSE);
	r->parser.data = r;
	return r;
}

void
vnet_raw_free(struct vnet_raw *r)
{
	if (!r)
		return;
	buf_free(&r->text);
	buf_free(&r->piece);
	xfree(r->headers);
	xfree(r);
}

static bool
raw_broken(struct vnet_raw *r)
{
	enum http_errno e = HTTP_PARSER_ERRNO(&r->parser);

	if (e == HPE_OK || e == HPE_PAUSED)
		return false;
	/* Closed in the middle of something, not nonsense. */
	if (e == HPE_INVALID_EOF_STATE)
		vnet_call_end(r->call, HTTP_E_EOF, "closed too early by %s");
	else if (e == HPE_HEADER_OVERFLOW || r->text.overflow)
		vnet_call_end(r->call, HTTP_E_TOO_BIG, "the head is too big");
	else
		vnet_call_end(r->call, HTTP_E_PROTO, "%s does not speak HTTP");
	return true;
}

bool
vnet_raw_feed(struct vnet_raw *r, const char *p, size_t n)
{
	struct vnet_call *c = r->call;
	bool had_head = r->have_head;

	if (r->complete)
		return true;
	buf_reset(&r->piece);
	(void)http_parser_execute(&r->parser, &settings, p, n);
	if (!had_head)
		r->head_bytes += n - (r->have_head ? r->piece.n : 0);
	if (raw_broken(r))
		return false;
	if (r->head_bytes > c->limits.head_max) {
		vnet_call_end(c, HTTP_E_TOO_BIG, "the head is too big");
		return false;
	}
	if (r->have_head && !had_head) {
		c->in_body = true;
		if (!vnet_call_head(c, (int)r->parser.status_code, r->headers,
			r->n_headers))
			return false;
	}
	if (r->piece.n == 0 && !r->complete)
		return true;
	return vnet_call_body(c, buf_str(&r->piece), r->piece.n, r->complete);
}
