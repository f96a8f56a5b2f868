/* See delivery_rig.h. The images are small volumes: what boots them is no matter
 * of delivery(). */
#include "tests/unit/delivery_rig.h"

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

struct look {
	const char *volume, *marks[3];
};

static const struct look looks[] = {
	[RIG_OTHER] = { "CUSTOM", { "/vmlinuz", NULL, NULL } },
	[RIG_UBUNTU] = { "Ubuntu-Server",
	    { "/casper/install-sources.yaml", "/casper/vmlinuz", NULL } },
	[RIG_CASPER] = { "Ubuntu", { "/casper/vmlinuz", NULL, NULL } },
	[RIG_COREOS] = { "fedora-coreos-39",
	    { "/coreos/igninfo.json", "/images/ignition.img",
		"/images/efiboot.img" } },
	[RIG_FLATCAR] = { "FLATCAR", { "/flatcar/vmlinuz", NULL, NULL } },
	[RIG_TALOS] = { "TALOS_V1_8_0", { "/boot/vmlinuz", NULL, NULL } },
	[RIG_KAIROS] = { "COS_LIVE", { "/rootfs.squashfs", NULL, NULL } },
	[RIG_MICROOS] = { "INSTALL", { "/config.isoclient", NULL, NULL } },
	[RIG_DEBIAN] = { "d-live",
	    { "/live/filesystem.squashfs", NULL, NULL } },
	[RIG_FEDORA] = { "Fedora-WS", { "/LiveOS/squashfs.img", NULL, NULL } },
	[RIG_ANACONDA] = { "Rocky-9", { "/images/install.img", NULL, NULL } },
};

static const struct delivery_pair meta[] = { { "rack", "r1" } };

static void
make_image(struct delivery_rig *r, const struct look *l)
{
	static const char info[] = "{\"file\": \"images/ignition.img\"}\n";
	struct compose_file files[3];
	struct volume_opts o = { l->volume, files, 0 };
	struct composed_piece p;
	uint64_t at = 0;

	for (size_t i = 0; i < 3 && l->marks[i] != NULL; i++) {
		const char *text = rig_has(l->marks[i], ".json") ? info : "x";

		files[o.n_files++] =
		    (struct compose_file){ l->marks[i], text, strlen(text), 0 };
	}
	CU_ASSERT_FATAL(volume_make(&r->image, &o, &r->e));
	r->n = (size_t)r->image.size;
	r->bytes = xcalloc(1, r->n);
	while (composed_next(&r->image, &at, r->n, &p))
		if (p.kind == COMPOSED_MEMORY)
			memcpy(r->bytes + p.at, p.p, (size_t)p.n);
}

static void
feed(struct delivery_rig *r)
{
	const struct sparse_range *v;
	size_t n = sparse_wants(&r->s, &v);

	CU_ASSERT_FATAL(n > 0);
	for (size_t i = 0; i < n; i++) {
		uint64_t left = r->n - v[i].at;

		sparse_put(&r->s, v[i].at, r->bytes + v[i].at,
		    (size_t)(v[i].n < left ? v[i].n : left));
	}
}

void
rig_begin(struct delivery_rig *r, enum rig_family family, const char *payload)
{
	enum media_step step;

	memset(r, 0, sizeof(*r));
	make_image(r, &looks[family]);
	sparse_init(&r->s, r->n);
	while ((step = cd_parse(&r->cd, &r->s, &r->e)) == MEDIA_WANTS)
		feed(r);
	CU_ASSERT_EQUAL_FATAL(step, MEDIA_DONE);
	r->in = (struct delivery_in){
		.data = { payload, payload != NULL ? strlen(payload) : 0 },
		.meta = meta,
		.n_meta = 1,
		.instance_id = "claim-1",
		.hostname = "worker-1",
		.provider_id = "b7://default/host-1",
		.report_url = RIG_URL,
		.cd = &r->cd,
		.base = &r->s,
	};
}

enum media_step
rig_run(struct delivery_rig *r)
{
	enum media_step step;

	for (;;) {
		delivery_free(&r->out);
		memset(&r->e, 0, sizeof(r->e));
		step = delivery(&r->out, &r->in, &r->e);
		if (step != MEDIA_WANTS)
			return step;
		feed(r);
	}
}

void
rig_end(struct delivery_rig *r)
{
	delivery_free(&r->out);
	composed_free(&r->image);
	cd_free(&r->cd);
	sparse_free(&r->s);
	xfree(r->bytes);
}

static const struct compose_file *
find(const struct delivery_rig *r, bool iso, const char *path)
{
	const struct compose_file *v =
	    iso ? r->out.iso.files : r->out.config.files;
	size_t n = iso ? r->out.iso.n_files : r->out.config.n_files;

	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].path, path))
			return &v[i];
	return NULL;
}

const char *
rig_file(const struct delivery_rig *r, bool iso, const char *path)
{
	const struct compose_file *f = find(r, iso, path);

	return f != NULL ? f->p : "";
}

size_t
rig_size(const struct delivery_rig *r, bool iso, const char *path)
{
	const struct compose_file *f = find(r, iso, path);

	return f != NULL ? f->n : 0;
}

char *
rig_decode(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);
	size_t n, len = 0;
	char *out;

	if (at == NULL)
		return xstrdup("");
	at += strlen(mark);
	n = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		       "0123456789+/=");
	out = xcalloc(1, n + 1);
	CU_ASSERT_TRUE(b64_decode(at, n, out, n, &len));
	out[len] = '\0';
	return out;
}

bool
rig_has(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}
