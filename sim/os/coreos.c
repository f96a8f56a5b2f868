/*
 * CoreOS' live system: Ignition's configuration in an initial file system that
 * the boot loader loads behind the others ("Customizing installation" and
 * "ISO-embedded Ignition configuration" of coreos-installer). An installer is
 * that system with coreos-installer, by its configuration or by the kernel's
 * arguments; it gives the disk a configuration of its own.
 */
#include <string.h>

#include "common/hex.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "sim/os/inflate.h"
#include "sim/os/os_impl.h"

#define CPIO_HEAD 110
#define CPIO_MAX 4096 /* members that are looked at */
#define CO_CONFIG "config.ign"

/* One of newc's numbers, eight digits. */
static bool
cpio_number(const uint8_t *p, unsigned i, size_t *out)
{
	*out = 0;
	for (size_t k = 0; k < 8; k++) {
		int v = hex_value((char)p[6 + 8 * i + k]);

		if (v < 0)
			return false;
		*out = *out * 16 + (size_t)v;
	}
	return true;
}

struct cpio_member {
	const char *name;
	size_t data, size, next;
};

/* The member at `at`; false: it is broken. */
static bool
cpio_member(const uint8_t *p, size_t n, size_t at, struct cpio_member *m)
{
	size_t name_n, name_at = at + CPIO_HEAD;

	if (n - at < CPIO_HEAD ||
	    (memcmp(p + at, "070701", 6) != 0 &&
		memcmp(p + at, "070702", 6) != 0) ||
	    !cpio_number(p + at, 6, &m->size) ||
	    !cpio_number(p + at, 11, &name_n) || name_n == 0 ||
	    name_n > n - name_at || p[name_at + name_n - 1] != '\0')
		return false;
	m->name = (const char *)p + name_at;
	m->data = (name_at + name_n + 3) / 4 * 4;
	if (m->data > n || m->size > n - m->data)
		return false;
	m->next = (m->data + m->size + 3) / 4 * 4;
	if (m->next > n)
		m->next = n;
	if (str_has_prefix(m->name, "./"))
		m->name += 2;
	return true;
}

/* One archive from `at` on, until its trailer; where it ends. false: broken. */
static bool
cpio_archive(const uint8_t *p, size_t n, size_t *at, struct buf *out)
{
	for (unsigned i = 0; i < CPIO_MAX; i++) {
		struct cpio_member m;

		if (!cpio_member(p, n, *at, &m))
			return false;
		*at = m.next;
		if (str_eq(m.name, "TRAILER!!!"))
			return true;
		if (!str_eq(m.name, CO_CONFIG))
			continue;
		buf_reset(out); /* a later one lies over it */
		if (!buf_add(out, p + m.data, m.size))
			return false;
	}
	return false;
}

/* As the kernel unpacks initial file systems: archives, plain or compressed, and
 * zeros between them. */
static bool
initramfs(const uint8_t *p, size_t n, int depth, struct buf *out)
{
	size_t at = 0;

	while (at < n) {
		struct buf b;
		size_t used = 0;
		bool ok;

		if (p[at] == 0) {
			at++;
			continue;
		}
		if (!inflate_is_gzip(p + at, n - at)) {
			if (!cpio_archive(p, n, &at, out))
				return false;
			continue;
		}
		buf_init(&b, OS_DATA_MAX);
		ok = depth == 0 && inflate_gzip(p + at, n - at, &b, &used) &&
		     initramfs((const uint8_t *)buf_str(&b), b.n, 1, out);
		if (b.n > 0)
			secret_wipe(b.p, b.n);
		buf_free(&b);
		if (!ok)
			return false;
		at += used;
	}
	return true;
}

/* ---- the installer ------------------------------------------------------------------ */

struct co_how {
	bool disk;      /* somebody says which */
	char file[256]; /* of the configuration for it */
};

static void
co_settings(struct os_seek *k, struct co_how *how)
{
	char v[256];

	if (bootcfg_arg(k->cfg.args, "coreos.inst.install_dev", v, sizeof(v)) &&
	    v[0] != '\0')
		how->disk = true;
	for (size_t i = 0; i < k->texts.n; i++) {
		const struct texts_one *t = &k->texts.v[i];
		struct err e = { 0 };
		cJSON *y;

		if (!str_has_prefix(t->name, "/etc/coreos/installer.d/"))
			continue;
		y = yaml_parse(t->p, t->n, "installer.d", &e);
		if (json_str(y, "dest-device", NULL) != NULL)
			how->disk = true;
		if (json_str(y, "ignition-file", NULL) != NULL)
			(void)str_copy(how->file, sizeof(how->file),
			    json_str(y, "ignition-file", ""));
		cJSON_Delete(y);
	}
}

static enum os_step
co_install(struct os_seek *k)
{
	struct co_how how = { false, "" };
	const struct texts_one *t;
	struct buf target;

	co_settings(k, &how);
	if (!how.disk)
		return os_bad(k,
		    "coreos-installer: nothing says which disk it "
		    "is to write",
		    "");
	t = texts_file(&k->texts, how.file);
	if (t == NULL) {
		(void)os_bad(k,
		    "coreos-installer: no configuration for the "
		    "disk",
		    how.file);
		return OS_NONE;
	}
	buf_init(&target, OS_DATA_MAX);
	(void)buf_add(&target, t->p, t->n);
	texts_free(&k->texts); /* what was the live system's */
	k->f->hostname[0] = '\0';
	os_ignition(k, buf_str(&target), target.n);
	if (target.n > 0)
		secret_wipe(target.p, target.n);
	buf_free(&target);
	return OS_OK;
}

/* ---- the live system ------------------------------------------------------------------ */

/* The initial file systems that hold a configuration: none of filler. */
static enum os_step
co_find(struct os_seek *k, struct buf *config)
{
	for (unsigned i = 0; i < k->cfg.n_initrd; i++) {
		enum os_step s;

		if (!str_has_suffix(k->cfg.initrd[i], "/ignition.img"))
			continue;
		s = os_file(k, k->look->boot, k->cfg.initrd[i], &k->user);
		if (s != OS_OK)
			return s;
		if (!initramfs((const uint8_t *)buf_str(&k->user), k->user.n, 0,
			config))
			return os_bad(k,
			    "the initial file system cannot be "
			    "unpacked",
			    k->cfg.initrd[i]);
		if (config->n > 0) {
			os_source(
			    k, "Ignition", k->cfg.initrd[i], k->look->boot);
			return OS_OK;
		}
	}
	(void)os_bad(k, "Ignition: no " CO_CONFIG " in the embed area", "");
	return OS_NONE;
}

enum os_step
os_coreos(struct os_seek *k)
{
	struct buf config;
	char v[64];
	enum os_step s;

	if (!bootcfg_arg(k->cfg.args, "ignition.firstboot", NULL, 0) ||
	    !bootcfg_arg(k->cfg.args, "ignition.platform.id", v, sizeof(v)) ||
	    !str_eq(v, "metal"))
		return os_bad(k,
		    "Ignition: the kernel's arguments do not ask "
		    "for it",
		    "");
	buf_init(&config, OS_DATA_MAX);
	s = co_find(k, &config);
	if (s == OS_OK) {
		os_found(k, "ignition", &config);
		os_ignition(k, buf_str(&config), config.n);
		if (k->look->installer && !k->f->fails)
			s = co_install(k);
	}
	if (config.n > 0)
		secret_wipe(config.p, config.n);
	buf_free(&config);
	return s;
}
