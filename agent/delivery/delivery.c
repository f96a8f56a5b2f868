/* See delivery.h: what is asked for, made of what the image can take. */
#include "agent/delivery/delivery.h"

#include <string.h>

#include "agent/delivery/room.h"
#include "common/digest.h"
#include "common/mem.h"
#include "common/str.h"

void
delivery_free(struct delivery_out *out)
{
	if (out->room != NULL) {
		for (size_t i = 0; i < out->room->n; i++)
			secret_free(&out->room->v[i]);
		xfree(out->room->v);
		xfree(out->room);
	}
	memset(out, 0, sizeof(*out));
}

/* Lengths in front, so that no two lists give the same bytes. */
static void
hash_bytes(struct sha256_ctx *c, const void *p, size_t n)
{
	uint8_t length[8];

	for (size_t i = 0; i < 8; i++)
		length[i] = (uint8_t)((uint64_t)n >> 8 * i);
	sha256_more(c, length, sizeof(length));
	if (n > 0)
		sha256_more(c, p, n);
}

static void
hash_text(struct sha256_ctx *c, const char *s)
{
	hash_bytes(c, s, s == NULL ? 0 : strlen(s));
}

static void
hash_files(struct sha256_ctx *c, const struct compose_file *v, size_t n)
{
	hash_bytes(c, &(uint8_t){ (uint8_t)n }, 1);
	for (size_t i = 0; i < n; i++) {
		hash_text(c, v[i].path);
		hash_bytes(c, v[i].p, v[i].n);
		hash_bytes(c, &(uint8_t){ (uint8_t)v[i].boot }, 1);
	}
}

void
delivery_hash(const struct delivery_out *out, uint8_t sha256[32])
{
	struct sha256_ctx c;

	sha256_begin(&c);
	hash_text(&c, delivery_mode_name(out->mode));
	hash_text(&c, delivery_format_name(out->format));
	hash_text(&c, out->iso.args);
	hash_files(&c, out->iso.files, out->iso.n_files);
	hash_text(&c, out->config.label);
	hash_files(&c, out->config.files, out->config.n_files);
	sha256_end(&c, sha256);
}

enum media_step
delivery(struct delivery_out *out, const struct delivery_in *in, struct err *e)
{
	memset(out, 0, sizeof(*out));
	out->mode = in->mode;
	if (in->mode == DELIVERY_NONE) {
		out->reason = "DeliveryNone";
		out->iso.args =
		    str_empty(in->kernel_args) ? NULL : in->kernel_args;
		return MEDIA_DONE;
	}
	out->reason = "FormatUnsupported";
	(void)err_set(e, ERR_SPEC, 0, "no such format yet");
	return MEDIA_BAD;
}
