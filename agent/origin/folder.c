/* See folder.h. */
#include "agent/origin/folder.h"

#include <string.h>

#include "common/buf.h"
#include "common/digest.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

struct folder_image {
	const struct env *env;
	char *path; /* owned */
	int64_t stamp_us;
	bool changed;
	char name[65];
	struct source source;
};

/* One "URL=FOLDER" of the list; s moves behind it. */
struct mapping {
	const char *url, *folder;
	size_t n_url, n_folder;
};

static bool
next(const char **s, struct mapping *m)
{
	const char *at = *s;
	size_t n = strcspn(at, ",");
	const char *eq = memchr(at, '=', n);

	if (*at == '\0')
		return false;
	*s = at + n + (at[n] == ',');
	*m = (struct mapping){ .url = at, .n_url = n };
	if (eq != NULL) {
		m->n_url = (size_t)(eq - at);
		m->folder = eq + 1;
		m->n_folder = n - m->n_url - 1;
	}
	while (m->n_folder > 1 && m->folder[m->n_folder - 1] == '/')
		m->n_folder--;
	return true;
}

bool
folder_check(const char *map, struct err *e)
{
	struct mapping m;
	char url[URL_MAX];
	struct url u;

	while (map != NULL && next(&map, &m)) {
		if (m.folder == NULL || m.n_folder == 0 || m.folder[0] != '/')
			return err_set(e, ERR_SPEC, 0,
			    "\"%.*s\" is not URL=/FOLDER", (int)m.n_url, m.url);
		if (!str_format(url, sizeof(url), "%.*s", (int)m.n_url, m.url))
			return err_set(e, ERR_SPEC, 0,
			    "\"%.100s...\" is longer than %u bytes", url,
			    URL_MAX - 1);
		if (!url_parse(&u, url, e))
			return err_wrap(e, "\"%.*s\"", (int)m.n_url, m.url);
		if (m.url[m.n_url - 1] != '/')
			return err_set(e, ERR_SPEC, 0,
			    "\"%.*s\" must end with a slash", (int)m.n_url,
			    m.url);
	}
	return true;
}

/* A name below a folder: no step up, nothing hidden, nothing encoded. */
static bool
is_plain(const char *rest)
{
	if (rest[0] == '\0')
		return false;
	for (const char *s = rest; *s != '\0'; s++)
		if (*s == '%' || *s == '\\')
			return false;
	for (const char *s = rest;; s++) {
		size_t n = strcspn(s, "/");

		if (n == 0 || *s == '.')
			return false;
		s += n;
		if (*s == '\0')
			return true;
	}
}

bool
folder_path(
    const char *map, const char *url, char path[FOLDER_PATH], struct err *e)
{
	struct mapping m;

	path[0] = '\0';
	while (map != NULL && next(&map, &m)) {
		const char *rest = url + m.n_url;
		size_t n;

		if (m.folder == NULL || strncmp(url, m.url, m.n_url) != 0)
			continue;
		n = strcspn(rest, "?#");
		if (!str_format(path, FOLDER_PATH, "%.*s/%.*s", (int)m.n_folder,
			m.folder, (int)n, rest) ||
		    !is_plain(path + m.n_folder + 1)) {
			path[0] = '\0';
			n = strcspn(url, "?#");
			(void)err_set(e, ERR_SPEC, 0,
			    "%.*s names no file of --image-dir",
			    (int)(n < 200 ? n : 200), url);
		}
		return true;
	}
	return false;
}

/* ---- images ------------------------------------------------------------- */

/* One that is gone for a moment may come back as it was. */
static bool
is_same(struct folder_image *f, struct err *e)
{
	struct files *fs = f->env->files;
	uint64_t size = 0;
	int64_t stamp = 0;

	if (!f->changed) {
		if (!fs->size(fs->self, f->path, &size, e) ||
		    !fs->stamp(fs->self, f->path, &stamp, e))
			return false;
		f->changed = size != f->source.size || stamp != f->stamp_us;
	}
	return !f->changed ||
	       err_set(e, ERR_CONFLICT, 0,
		   "the image changed while it was read: %.200s", f->path);
}

static void
folder_read(void *self, uint64_t at, size_t n, source_fn *fn, void *arg)
{
	struct folder_image *f = self;
	struct files *fs = f->env->files;
	struct err e = { .kind = ERR_NONE };
	void *p = xmalloc(n > 0 ? n : 1);
	bool ok = fs->read_at(fs->self, f->path, at, p, n, &e);

	/* Looked at behind the read: what was read is what it was. */
	if (is_same(f, &e) && ok)
		fn(arg, p, n, NULL);
	else
		fn(arg, NULL, 0, &e);
	xfree(p);
}

static void
folder_cancel(void *self, void *arg)
{
	(void)self;
	(void)arg; /* reads have ended when they return */
}

struct folder_image *
folder_image_new(const struct env *env, const char *path, struct err *e)
{
	struct folder_image *f = xcalloc(1, sizeof(*f));
	struct files *fs = env->files;
	uint8_t sum[32];
	char *text;

	f->env = env;
	f->path = xstrdup(path);
	f->source.read = folder_read;
	f->source.cancel = folder_cancel;
	f->source.self = f;
	if (!fs->size(fs->self, path, &f->source.size, e) ||
	    !fs->stamp(fs->self, path, &f->stamp_us, e)) {
		folder_image_free(f);
		return NULL;
	}
	if (f->source.size == 0) {
		(void)err_set(e, ERR_SPEC, 0, "%.200s is empty", path);
		folder_image_free(f);
		return NULL;
	}
	text = xasprintf("%s\n%llu\n%lld", path,
	    (unsigned long long)f->source.size, (long long)f->stamp_us);
	sha256(text, strlen(text), sum);
	hex_encode(f->name, sum, sizeof(sum));
	xfree(text);
	return f;
}

void
folder_image_free(struct folder_image *f)
{
	if (f == NULL)
		return;
	xfree(f->path);
	xfree(f);
}

const struct source *
folder_image_source(const struct folder_image *f)
{
	return &f->source;
}

const char *
folder_image_name(const struct folder_image *f)
{
	return f->name;
}

bool
folder_image_changed(const struct folder_image *f)
{
	return f->changed;
}
