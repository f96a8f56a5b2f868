#include "common/world_net.h"

#include <string.h>

#include "common/mem.h"

/* Bytes that a head takes on the wire, for head_max. */
static size_t
head_bytes(const struct vnet_head *h)
{
	size_t n = 16 + 2; /* the start line's rest and the empty line */
	size_t i;

	if (h->method)
		n += strlen(h->method) + strlen(h->target);
	for (i = 0; i < h->n_extra; i++)
		n += strlen(h->extra[i].name) + strlen(h->extra[i].value) + 4;
	for (i = 0; i < h->n_headers; i++)
		n += strlen(h->headers[i].name) + strlen(h->headers[i].value) +
		     4;
	return n;
}

static const char *
put(char **at, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = *at;

	*at += n;
	return memcpy(p, s, n);
}

static char *
put_headers(
    struct http_header *to, const struct http_header *h, size_t n, char *at)
{
	size_t i;

	for (i = 0; i < n; i++) {
		to[i].name = put(&at, h[i].name);
		to[i].value = put(&at, h[i].value);
	}
	return at;
}

struct vnet_blob *
vnet_blob_new(const struct vnet_head *h)
{
	size_t wire = head_bytes(h), n = h->n_extra + h->n_headers;
	struct http_header *headers;
	struct vnet_blob *b;
	char *at;

	/* "name: value\r\n" leaves room for both terminating NULs. */
	b = xmalloc(sizeof(*b) + n * sizeof(*headers) + wire + h->body.n + 1);
	headers = (struct http_header *)(b + 1);
	at = (char *)(headers + n);
	*b = (struct vnet_blob){ .refs = 1, .status = h->status };
	if (h->method) {
		b->method = put(&at, h->method);
		b->target = put(&at, h->target);
	}
	at = put_headers(headers, h->extra, h->n_extra, at);
	at = put_headers(headers + h->n_extra, h->headers, h->n_headers, at);
	b->headers = headers;
	b->n_headers = n;
	b->head_bytes = wire;
	if (h->body.n > 0)
		memcpy(at, h->body.p, h->body.n);
	at[h->body.n] = '\0';
	b->body = at;
	b->body_n = h->body.n;
	return b;
}

struct vnet_blob *
vnet_blob_bytes(const void *p, size_t n)
{
	struct vnet_head h = { .body = { p, n } };

	return vnet_blob_new(&h);
}

struct vnet_blob *
vnet_blob_ref(struct vnet_blob *b)
{
	b->refs++;
	return b;
}

void
vnet_blob_unref(struct vnet_blob *b)
{
	if (b && --b->refs == 0)
		xfree(b);
}
