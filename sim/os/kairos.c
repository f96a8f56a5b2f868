/*
 * Kairos: every *.yaml of the boot medium that says it is a cloud-config, and
 * user-data of a volume "cidata" (Kairos' documentation, "Configuration order",
 * "Automated install"). Nothing of it renders templates.
 */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"
#include "sim/os/os_impl.h"

#define KA_FILES 32
#define KA_FILE_MAX (1u << 20)

struct ka_names {
	char v[KA_FILES][ISOFS_NAME];
	size_t n;
};

static bool
ka_name(void *arg, const char *name, const struct isofs_file *file)
{
	struct ka_names *l = arg;

	if (!file->dir && l->n < KA_FILES && file->size < KA_FILE_MAX &&
	    (str_has_suffix(name, ".yaml") || str_has_suffix(name, ".yml")))
		(void)str_copy(l->v[l->n++], ISOFS_NAME, name);
	return true;
}

/* One of the first ten lines says so. */
static bool
ka_header(const char *p)
{
	static const char *const heads[] = { "#cloud-config", "#kairos-config",
		"#node-config" };

	for (int i = 0; i < 10 && *p != '\0'; i++) {
		size_t n = strcspn(p, "\r\n");

		for (size_t h = 0; h < 3; h++)
			if (n == strlen(heads[h]) &&
			    memcmp(p, heads[h], n) == 0)
				return true;
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	return false;
}

static void
ka_step(struct os_seek *k, const cJSON *step)
{
	cJSON *as = cJSON_CreateObject();
	const char *host = json_str(step, "hostname", NULL);
	const cJSON *files = json_child(step, "files");
	const cJSON *run = json_child(step, "commands");

	if (host != NULL)
		json_set_str(as, "hostname", host);
	if (files != NULL)
		json_set(as, "write_files", json_dup(files));
	if (run != NULL)
		json_set(as, "runcmd", json_dup(run));
	os_cloudconfig(k, as);
	cJSON_Delete(as);
}

/* "stages": files and commands of each step of each stage. */
static void
ka_stages(struct os_seek *k, const cJSON *stages)
{
	const cJSON *stage, *step;

	cJSON_ArrayForEach (stage, stages) {
		cJSON_ArrayForEach (step, stage) {
			ka_step(k, step);
		}
	}
}

/* k3s and its kin: arguments are flags. */
static void
ka_args(struct os_seek *k, const cJSON *part)
{
	const cJSON *a;

	if (!json_bool(part, "enabled", false))
		return;
	k->f->kubelet = true;
	cJSON_ArrayForEach (a, json_child(part, "args"))
		if (cJSON_IsString(a) &&
		    !texts_add(&k->texts, TEXTS_SCRIPT, "args", a->valuestring,
			strlen(a->valuestring)))
			os_fails(k, "too much data", "");
}

static void
ka_config(struct os_seek *k, const struct buf *p, const char *name, bool *disk)
{
	static const char *const kinds[] = { "k3s", "k3s-agent", "k0s",
		"k0s-worker" };
	struct err e = { 0 };
	cJSON *c = yaml_parse_words(buf_str(p), p->n, "cloud-config", &e);

	if (!cJSON_IsObject(c)) {
		os_fails(k, "a cloud-config that cannot be parsed", name);
		cJSON_Delete(c);
		return;
	}
	os_cloudconfig(k, c);
	ka_stages(k, json_child(c, "stages"));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		ka_args(k, json_child(c, kinds[i]));
	if (json_bool(json_obj(c, "install"), "auto", false))
		*disk = true;
	cJSON_Delete(c);
}

/* What is told of is the largest that is more than the report. */
static void
ka_told(struct os_seek *k, size_t drive, const char *path, const struct buf *p)
{
	bool report = strstr(buf_str(p), "B7_REPORT_URL='") != NULL;

	/* the report is told of only while there is nothing else */
	if (k->f->bytes > 0 && str_eq(k->f->format, "kairos") &&
	    (report || p->n <= k->f->bytes))
		return;
	os_found(k, report ? "report" : "kairos", p);
	os_source(k, "Kairos", path, drive);
}

static enum os_step
ka_medium(struct os_seek *k, struct ka_names *l, bool *disk)
{
	struct isofs *fs = &k->fs[k->look->boot];
	struct isofs_file root;
	enum os_step s = isofs_find(fs, ISOFS_LINUX, "/", &root);

	if (s == OS_OK)
		s = isofs_each(fs, &root, ka_name, l);
	for (size_t i = 0; i < l->n && s == OS_OK; i++) {
		char path[ISOFS_NAME + 2];

		(void)str_format(path, sizeof(path), "/%s", l->v[i]);
		s = os_file(k, k->look->boot, path, &k->user);
		if (s != OS_OK || !ka_header(buf_str(&k->user)))
			continue;
		ka_config(k, &k->user, path, disk);
		ka_told(k, k->look->boot, path, &k->user);
	}
	return s;
}

static enum os_step
ka_volume(struct os_seek *k, bool *disk)
{
	int drive = os_volume(k, "cidata", true);
	enum os_step s;

	if (drive < 0)
		return OS_OK;
	s = os_file(k, (size_t)drive, "/user-data", &k->user);
	if (s == OS_OK && !ka_header(buf_str(&k->user)))
		os_fails(k, "user-data is no cloud-config", "");
	else if (s == OS_OK)
		ka_config(k, &k->user, "/user-data", disk);
	if (s == OS_OK) {
		k->f->bytes = 0; /* this is what is told of */
		ka_told(k, (size_t)drive, "/user-data", &k->user);
	}
	return s == OS_NONE ? OS_OK : s;
}

enum os_step
os_kairos(struct os_seek *k)
{
	struct ka_names *l = xcalloc(1, sizeof(*l));
	bool disk = false;
	enum os_step s = ka_medium(k, l, &disk);

	xfree(l);
	if (s == OS_OK)
		s = ka_volume(k, &disk);
	if (s != OS_OK)
		return s;
	if (!str_eq(k->f->format, "kairos")) {
		(void)os_bad(
		    k, "no cloud-config on the medium, no volume cidata", "");
		return OS_NONE;
	}
	if (k->look->installer && !disk)
		return os_bad(k,
		    "the installer waits for a person: no "
		    "install.auto",
		    "");
	return OS_OK;
}
