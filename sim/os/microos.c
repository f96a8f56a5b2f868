/*
 * SUSE MicroOS: volumes "ignition" and "combustion" in any drive, looked at by
 * the first boot of the system on the disk. openSUSE's portal, "MicroOS/Ignition"
 * and "MicroOS/Combustion"; SUSE's documentation, "Preparing the configuration
 * device".
 */
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/os/os_impl.h"

#define MO_FILES 32
#define MO_PATH 300

struct mo_names {
	char v[MO_FILES][ISOFS_NAME];
	size_t n;
};

static bool
mo_name(void *arg, const char *name, const struct isofs_file *file)
{
	struct mo_names *l = arg;

	if (!file->dir && l->n < MO_FILES)
		(void)str_copy(l->v[l->n++], ISOFS_NAME, name);
	return true;
}

/* All files of the folder: the script has them beside it. */
static enum os_step
mo_beside(struct os_seek *k, size_t drive)
{
	struct mo_names *l = xcalloc(1, sizeof(*l));
	struct isofs_file dir;
	struct buf b;
	enum os_step s;

	buf_init(&b, OS_DATA_MAX);
	s = isofs_find(&k->fs[drive], ISOFS_LINUX, "/combustion", &dir);
	if (s == OS_OK)
		s = isofs_each(&k->fs[drive], &dir, mo_name, l);
	for (size_t i = 0; i < l->n && s == OS_OK; i++) {
		char path[MO_PATH];

		(void)str_format(path, sizeof(path), "/combustion/%s", l->v[i]);
		s = os_file(k, drive, path, &b);
		if (s != OS_OK)
			break;
		if (!texts_add(&k->texts,
			str_has_prefix(buf_str(&b), "#!") ? TEXTS_SCRIPT
							  : TEXTS_FILE,
			path, buf_str(&b), b.n))
			os_fails(k, "too much data", "");
		os_heredocs(k, buf_str(&b));
	}
	if (b.n > 0)
		secret_wipe(b.p, b.n);
	buf_free(&b);
	xfree(l);
	return s;
}

static enum os_step
mo_combustion(struct os_seek *k)
{
	static const char *const labels[] = { "combustion", "ignition" };

	for (size_t i = 0; i < 2; i++) {
		int drive = os_volume(k, labels[i], true);
		enum os_step s;

		if (drive < 0)
			continue;
		s = os_file(k, (size_t)drive, "/combustion/script", &k->meta);
		if (s == OS_NONE)
			continue;
		if (s == OS_OK)
			s = mo_beside(k, (size_t)drive);
		if (s == OS_OK) {
			os_source(k, "Combustion", "/combustion/script",
			    (size_t)drive);
			os_found(k, "combustion", &k->meta);
			if (!str_has_prefix(buf_str(&k->meta), "#!"))
				os_fails(k, "Combustion: it is no script", "");
		}
		return s;
	}
	return OS_NONE;
}

static enum os_step
mo_ignition(struct os_seek *k)
{
	int drive = os_volume(k, "ignition", true);
	enum os_step s;

	if (drive < 0)
		return OS_NONE;
	s = os_file(k, (size_t)drive, "/ignition/config.ign", &k->user);
	if (s != OS_OK)
		return s;
	os_source(k, "Ignition", "/ignition/config.ign", (size_t)drive);
	os_found(k, "ignition", &k->user);
	os_ignition(k, buf_str(&k->user), k->user.n);
	return OS_OK;
}

/* Both may be there; Ignition is what is told of then. */
enum os_step
os_microos(struct os_seek *k)
{
	enum os_step c = mo_combustion(k), i;

	if (c == OS_WANTS || c == OS_BAD)
		return c;
	i = mo_ignition(k);
	if (i != OS_NONE)
		return i;
	if (c == OS_NONE)
		(void)os_bad(k,
		    "no volume ignition with /ignition/config.ign, none with "
		    "/combustion/script",
		    "");
	return c;
}

/* ---- scripts ------------------------------------------------------------------------- */

/* The word after ">" before the mark, and that after "<<"; false: none. */
static bool
mo_redirect(const char *line, size_t n, char file[MO_PATH], char mark[64])
{
	const char *here = NULL, *to = NULL;
	size_t len;

	for (size_t i = 0; i + 1 < n; i++) {
		if (line[i] == '<' && line[i + 1] == '<' && here == NULL)
			here = line + i + 2;
		if (line[i] == '>' && line[i + 1] != '>' && line[i + 1] != '&')
			to = line + i + 1;
	}
	if (here == NULL || to == NULL)
		return false;
	here += strspn(here, "- \t'\"");
	len = strcspn(here, " \t\r\n'\";>|");
	if (len == 0 || len >= 64)
		return false;
	memcpy(mark, here, len);
	mark[len] = '\0';
	to += strspn(to, " \t'\"");
	len = strcspn(to, " \t\r\n'\";<|");
	if (len == 0 || len >= MO_PATH)
		return false;
	memcpy(file, to, len);
	file[len] = '\0';
	return true;
}

void
os_heredocs(struct os_seek *k, const char *script)
{
	while (*script != '\0') {
		size_t n = strcspn(script, "\n");
		char file[MO_PATH], mark[64];
		const char *from, *at;

		if (!mo_redirect(script, n, file, mark)) {
			script += n + (script[n] != '\0');
			continue;
		}
		from = script + n + (script[n] != '\0');
		for (at = from; *at != '\0';) {
			n = strcspn(at, "\n");
			if (n == strlen(mark) && memcmp(at, mark, n) == 0)
				break;
			at += n + (at[n] != '\0');
		}
		if (!texts_add(
			&k->texts, TEXTS_FILE, file, from, (size_t)(at - from)))
			os_fails(k, "too much data", "");
		n = strcspn(at, "\n");
		script = at + n + (at[n] != '\0');
	}
}
