/* User data, its wrapper and what an image says of itself: whatever they are,
 * they are delivered whole or refused with a reason. The first byte chooses the
 * image and what is asked for, the second how; NUL bytes part data, wrapper and
 * the image's igninfo.json. */
#include <stdint.h>
#include <string.h>

#include "agent/delivery/delivery.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const marks[] = { "/vmlinuz", "/casper/installer.squashfs",
	"/coreos/igninfo.json", "/rootfs.squashfs", "/config.isoclient",
	"/live/vmlinuz" };
#define MARKS (sizeof(marks) / sizeof(*marks))

struct text {
	const uint8_t *p;
	size_t n;
};

/* Up to a NUL byte, or all that is left. */
static struct text
next(struct text *left)
{
	const uint8_t *end = left->n > 0 ? memchr(left->p, 0, left->n) : NULL;
	size_t len = end != NULL ? (size_t)(end - left->p) : left->n;
	struct text out = { left->p, len };

	left->p += end != NULL ? len + 1 : len;
	left->n -= end != NULL ? len + 1 : len;
	return out;
}

struct base {
	struct composed image;
	uint8_t *p;
	struct sparse s;
	struct cd cd;
};

static void
base_make(struct base *b, size_t mark, struct text info)
{
	struct compose_file files[2] = { { marks[mark], info.p, info.n, 0 },
		{ "/images/ignition.img", "x", 1, 0 } };
	struct volume_opts o = { "BASE", files, mark == 2 ? 2 : 1 };
	struct composed_piece piece;
	struct err e;
	uint64_t at = 0;

	memset(b, 0, sizeof(*b));
	MUST(volume_make(&b->image, &o, &e));
	b->p = xcalloc(1, (size_t)b->image.size);
	while (composed_next(&b->image, &at, b->image.size, &piece))
		if (piece.kind == COMPOSED_MEMORY)
			memcpy(b->p + piece.at, piece.p, (size_t)piece.n);
	sparse_init(&b->s, b->image.size);
	sparse_put(&b->s, 0, b->p, (size_t)b->image.size);
	MUST(cd_parse(&b->cd, &b->s, &e) == MEDIA_DONE);
}

static void
base_free(struct base *b)
{
	cd_free(&b->cd);
	sparse_free(&b->s);
	composed_free(&b->image);
	xfree(b->p);
}

static bool
stands_in(const struct compose_file *v, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(v[i].p, what) != NULL)
			return true;
	return false;
}

/* The same again gives the same, and what is delivered can be put on media. */
static void
check(const struct delivery_in *in, const struct delivery_out *out)
{
	struct delivery_out again;
	uint8_t a[32], b[32];
	struct composed made;
	struct err e;

	MUST(delivery(&again, in, &e) == MEDIA_DONE);
	delivery_hash(out, a);
	delivery_hash(&again, b);
	MUST(memcmp(a, b, 32) == 0);
	delivery_free(&again);
	MUST(out->mode != DELIVERY_AUTO);
	MUST(out->mode == DELIVERY_NONE ||
	     out->iso.n_files + out->config.n_files > 0);
	if (out->report && out->format == DELIVERY_CLOUD_INIT)
		MUST(stands_in(out->iso.files, out->iso.n_files,
			 "\nB7_REPORT_URL='http://h/r/t'\n") ||
		     stands_in(out->config.files, out->config.n_files,
			 "\nB7_REPORT_URL='http://h/r/t'\n"));
	if (out->config.label == NULL)
		return;
	MUST(volume_make(&made, &out->config, &e));
	composed_free(&made);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct text left = { data + 2, n > 2 ? n - 2 : 0 };
	struct delivery_in in = { .instance_id = "i",
		.hostname = "h",
		.provider_id = "b7://n/h",
		.report_url = "http://h/r/t" };
	struct text payload, wrapper;
	struct delivery_out out;
	struct base b;
	struct err e = { .kind = ERR_NONE };

	if (n < 2)
		return 0;
	payload = next(&left);
	wrapper = next(&left);
	base_make(&b, data[0] % MARKS, next(&left));
	in.data = (struct delivery_bytes){ payload.p, payload.n };
	in.wrapper = (struct delivery_bytes){ wrapper.p, wrapper.n };
	in.format =
	    (enum delivery_format)(data[0] / MARKS % (DELIVERY_KAIROS + 1));
	in.mode = (enum delivery_mode)(data[1] & 3);
	in.installer = (data[1] & 4) != 0;
	in.second_drive = (data[1] & 8) != 0;
	in.report_url = (data[1] & 16) != 0 ? NULL : in.report_url;
	in.cd = &b.cd;
	in.base = &b.s;
	if (delivery(&out, &in, &e) == MEDIA_DONE)
		check(&in, &out);
	else
		MUST(out.reason != NULL && e.msg[0] != '\0');
	delivery_free(&out);
	base_free(&b);
	return 0;
}
