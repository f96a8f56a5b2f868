/*
 * cloud-init's NoCloud, and Ubuntu's installer, which takes its autoinstall
 * from there. cloud-init's documentation, "NoCloud"; Ubuntu's, "Providing
 * autoinstall configuration".
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "sim/os/os_impl.h"

#define NC_PATH 256

/* What is said on the kernel's command line: ds=nocloud;s=...;h=...;i=... */
struct nc_args {
	bool given;
	char seed[NC_PATH], host[128], id[128];
};

static void
nc_pair(struct nc_args *a, const char *p, size_t n)
{
	static const char *const keys[] = {
		"s=", "seedfrom=", "h=", "local-hostname=", "i=", "instance-id="
	};
	char *to[] = { a->seed, a->seed, a->host, a->host, a->id, a->id };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t k = strlen(keys[i]);

		if (n > k && memcmp(p, keys[i], k) == 0 && n - k < 128) {
			memcpy(to[i], p + k, n - k);
			to[i][n - k] = '\0';
		}
	}
}

static struct nc_args
nc_args(const char *args)
{
	struct nc_args a = { 0 };
	char text[NC_PATH];
	const char *p;

	if (!bootcfg_arg(args, "ds", text, sizeof(text)))
		return a;
	p = text;
	if (str_has_prefix(p, "nocloud-net"))
		p += strlen("nocloud-net");
	else if (str_has_prefix(p, "nocloud"))
		p += strlen("nocloud");
	else
		return a;
	a.given = *p == '\0' || *p == ';';
	while (a.given && *p == ';') {
		size_t n = strcspn(++p, ";");

		nc_pair(&a, p, n);
		p += n;
	}
	return a;
}

/* Where the boot medium is mounted when cloud-init looks; NULL ends. */
static const char *const *
nc_mounts(const struct os_seek *k)
{
	static const char *const casper[] = { "/cdrom", NULL };
	static const char *const live[] = { "/run/live/medium",
		"/lib/live/mount/medium", NULL };
	static const char *const dracut[] = { "/run/initramfs/live", NULL };
	char v[64];

	if (str_eq(k->look->family, "ubuntu"))
		return casper;
	if (bootcfg_arg(k->cfg.args, "root", v, sizeof(v)) &&
	    str_has_prefix(v, "live:"))
		return dracut;
	return live;
}

/* The path on the medium of one in the running system; NULL: not there. */
static const char *
nc_on_medium(const struct os_seek *k, const char *path)
{
	const char *const *m = nc_mounts(k);

	if (str_has_prefix(path, "file://"))
		path += strlen("file://");
	for (; *m != NULL; m++)
		if (str_has_prefix(path, *m) && path[strlen(*m)] == '/')
			return path + strlen(*m);
	return NULL;
}

/* ---- files ------------------------------------------------------------------------ */

/* All of a seed; user-data and meta-data must be there. */
static enum os_step
nc_files(struct os_seek *k, size_t drive, const char *dir)
{
	const struct {
		const char *name;
		struct buf *to;
		bool must;
	} rows[] = {
		{ "user-data", &k->user, true },
		{ "meta-data", &k->meta, true },
		{ "vendor-data", &k->vendor, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[NC_PATH + 16];
		enum os_step s;

		(void)str_format(path, sizeof(path), "%s%s", dir, rows[i].name);
		s = os_file(k, drive, path, rows[i].to);
		if (s == OS_NONE && !rows[i].must)
			continue;
		if (s == OS_NONE)
			(void)os_bad(k, "NoCloud: there is no", path);
		if (s != OS_OK)
			return s;
	}
	return OS_OK;
}

static enum os_step
nc_seed(struct os_seek *k, const char *seed)
{
	const char *dir = nc_on_medium(k, seed);
	enum os_step s;

	if (str_has_prefix(seed, "http"))
		return os_bad(k, "NoCloud: a seed in the network", "");
	if (dir == NULL) {
		(void)os_bad(k, "NoCloud: nothing is mounted at", seed);
		return OS_NONE;
	}
	if (!str_has_suffix(seed, "/")) {
		(void)os_bad(k, "NoCloud: a seed must end with a slash", seed);
		return OS_NONE;
	}
	s = nc_files(k, k->look->boot, dir);
	if (str_has_prefix(seed, "file://"))
		seed += strlen("file://");
	if (s == OS_OK)
		os_source(k, "NoCloud", seed, k->look->boot);
	return s;
}

static enum os_step
nc_find(struct os_seek *k, const struct nc_args *a)
{
	int drive = os_volume(k, "cidata", true);
	enum os_step s;

	if (a->seed[0] != '\0')
		return nc_seed(k, a->seed);
	if (drive < 0) {
		(void)os_bad(k,
		    "NoCloud: no ds=nocloud;s= among the kernel's arguments, "
		    "no volume cidata",
		    "");
		return OS_NONE;
	}
	s = nc_files(k, (size_t)drive, "/");
	if (s == OS_OK)
		os_source(k, "NoCloud", "volume cidata", (size_t)drive);
	return s;
}

/* The mapping of meta-data with what the command line says; owned. */
static cJSON *
nc_meta(struct os_seek *k, const struct nc_args *a)
{
	struct err e = { 0 };
	cJSON *meta = NULL;

	if (k->meta.n > strspn(buf_str(&k->meta), " \n"))
		meta = yaml_parse_words(
		    buf_str(&k->meta), k->meta.n, "meta-data", &e);
	else
		meta = cJSON_CreateObject();
	if (!cJSON_IsObject(meta)) {
		cJSON_Delete(meta);
		return NULL;
	}
	if (a->host[0] != '\0')
		json_set_str(meta, "local-hostname", a->host);
	if (a->id[0] != '\0')
		json_set_str(meta, "instance-id", a->id);
	return meta;
}

/* ---- autoinstall ------------------------------------------------------------------ */

/* The mapping below "autoinstall:" of a cloud-config; owned, NULL: none. */
static cJSON *
ai_of(const struct buf *text)
{
	struct err e = { 0 };
	cJSON *doc =
	    yaml_parse_words(buf_str(text), text->n, "autoinstall", &e);
	cJSON *ai = cJSON_DetachItemFromObjectCaseSensitive(doc, "autoinstall");

	cJSON_Delete(doc);
	return ai;
}

static bool
ai_ok(struct os_seek *k, const cJSON *ai)
{
	const char *why = NULL;

	if (!cJSON_IsObject(ai))
		why = "autoinstall: it is no mapping";
	else if (json_i64(ai, "version", 0) != 1)
		why = "autoinstall: version must be 1";
	else if (json_obj(ai, "identity") == NULL &&
		 json_obj(ai, "user-data") == NULL)
		why = "autoinstall: neither identity nor user-data";
	else if (!bootcfg_arg(k->cfg.args, "autoinstall", NULL, 0))
		why = "autoinstall: it waits for a person to confirm, since "
		      "the kernel's arguments lack autoinstall";
	if (why != NULL)
		(void)os_bad(k, why, "");
	return why == NULL;
}

/* late-commands write into the new system; what they run there, runs there. */
static void
ai_late(struct os_seek *k, const cJSON *ai)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_child(ai, "late-commands")) {
		const cJSON *last =
		    cJSON_IsArray(c)
			? cJSON_GetArrayItem(c, cJSON_GetArraySize(c) - 1)
			: c;

		if (cJSON_IsString(last) &&
		    strstr(last->valuestring, "/target/") != NULL)
			os_heredocs(k, last->valuestring);
	}
}

/* The new system's cloud-init has no data source: no meta-data, no template. */
static enum os_step
ai_take(struct os_seek *k, cJSON *ai)
{
	const char *host;
	bool ok = ai_ok(k, ai);

	if (ok) {
		host = json_str(ai, "identity/hostname", NULL);
		if (host != NULL)
			(void)str_copy(
			    k->f->hostname, sizeof(k->f->hostname), host);
		os_cloudconfig(k, json_obj(ai, "user-data"));
		ai_late(k, ai);
	}
	cJSON_Delete(ai);
	return ok ? OS_OK : OS_BAD;
}

/* On the medium, where no user data has one. */
static enum os_step
ai_medium(struct os_seek *k)
{
	static const char path[] = "/autoinstall.yaml";
	char given[NC_PATH];
	const char *at = path;
	struct err e = { 0 };
	cJSON *ai;
	enum os_step s;

	if (bootcfg_arg(k->cfg.args, "subiquity.autoinstallpath", given,
		sizeof(given))) {
		at = nc_on_medium(k, given);
		if (at == NULL)
			return os_bad(k, "autoinstall: there is no", given);
	}
	s = os_file(k, k->look->boot, at, &k->user);
	if (s != OS_OK)
		return s;
	os_source(k, "autoinstall", at, k->look->boot);
	os_found(k, "autoinstall", &k->user);
	ai = ai_of(&k->user);
	if (ai == NULL) /* the keyword may be missing there */
		ai = yaml_parse_words(
		    buf_str(&k->user), k->user.n, "autoinstall", &e);
	return ai_take(k, ai);
}

/* The installer's own cloud-init takes the user data; autoinstall is in it. */
static enum os_step
ai_user_data(struct os_seek *k)
{
	const char *text = buf_str(&k->user);
	cJSON *ai =
	    str_has_prefix(text, "#cloud-config") ? ai_of(&k->user) : NULL;

	if (ai == NULL) {
		(void)os_bad(
		    k, "autoinstall: the installer's user data has none", "");
		return OS_NONE;
	}
	os_found(k, "autoinstall", &k->user);
	return ai_take(k, ai);
}

enum os_step
os_nocloud(struct os_seek *k, bool autoinstall)
{
	struct nc_args a = nc_args(k->cfg.args);
	char why[DISC_WHY];
	cJSON *meta;
	enum os_step s = nc_find(k, &a);

	if (autoinstall) {
		if (s == OS_OK)
			s = ai_user_data(k);
		if (s != OS_NONE)
			return s;
		memcpy(why, k->f->why, sizeof(why));
		s = ai_medium(k);
		if (s == OS_NONE)
			memcpy(k->f->why, why, sizeof(why));
		return s;
	}
	if (s != OS_OK)
		return s;
	meta = nc_meta(k, &a);
	if (meta == NULL)
		return os_bad(k, "NoCloud: meta-data is no mapping", "");
	os_found(k, "cloud-init", &k->user);
	os_cloudinit(k, &k->user, &k->vendor, meta);
	cJSON_Delete(meta);
	return OS_OK;
}
