/* Files in memory behind the file seam. */
#include "common/files.h"

#include <errno.h>
#include <string.h>

#include "common/map.h"
#include "common/mem.h"

struct entry {
	char *p; /* owned */
	size_t n;
	int64_t stamp;
};

struct memory {
	struct files files; /* first: files_memory_free gets this */
	struct map entries; /* path -> owned struct entry */
	int64_t puts;
};

static void
free_entry(void *arg)
{
	struct entry *f = arg;

	if (f != NULL)
		xfree(f->p);
	xfree(f);
}

static bool
missing(struct err *e, const char *what, const char *path)
{
	return err_set(e, ERR_NOTFOUND, ENOENT,
	    "%s %s: No such file or directory", what, path);
}

static bool
read_memory(void *self, const char *path, struct buf *out, struct err *e)
{
	struct memory *m = self;
	struct entry *f = map_get(&m->entries, path);

	if (f == NULL)
		return missing(e, "open", path);
	if (!buf_add(out, f->p, f->n))
		return err_set(e, ERR_TOO_BIG, 0,
		    "read %s: larger than %zu bytes", path, out->max);
	return true;
}

static bool
size_memory(void *self, const char *path, uint64_t *n, struct err *e)
{
	struct memory *m = self;
	struct entry *f = map_get(&m->entries, path);

	if (f == NULL)
		return missing(e, "stat", path);
	*n = f->n;
	return true;
}

static bool
read_at_memory(
    void *self, const char *path, uint64_t at, void *p, size_t n, struct err *e)
{
	struct memory *m = self;
	struct entry *f = map_get(&m->entries, path);

	if (f == NULL)
		return missing(e, "open", path);
	if (at > f->n || n > f->n - at)
		return err_set(
		    e, ERR_PROTO, 0, "read %s: it has become shorter", path);
	if (n > 0)
		memcpy(p, f->p + at, n);
	return true;
}

static bool
stamp_memory(void *self, const char *path, int64_t *us, struct err *e)
{
	struct memory *m = self;
	struct entry *f = map_get(&m->entries, path);

	if (f == NULL)
		return missing(e, "stat", path);
	*us = f->stamp;
	return true;
}

static bool
list_memory(void *self, const char *path, struct buf *out, struct err *e)
{
	struct memory *m = self;
	struct map names = { 0 };
	size_t n = strlen(path);
	char *prefix;

	while (n > 0 && path[n - 1] == '/')
		n--;
	prefix = xasprintf("%.*s/", (int)n, path);
	for (size_t i = map_lower(&m->entries, prefix); i < m->entries.n; i++) {
		const char *key = m->entries.v[i].key;
		char *name;

		if (strncmp(key, prefix, n + 1) != 0)
			break;
		key += n + 1;
		name = xstrndup(key, strcspn(key, "/"));
		(void)map_put(&names, name, NULL);
		xfree(name);
	}
	xfree(prefix);
	if (names.n == 0)
		return missing(e, "list", path);
	for (size_t i = 0; i < names.n; i++)
		(void)buf_addf(out, "%s\n", names.v[i].key);
	map_free(&names, NULL);
	if (out->overflow)
		return err_set(
		    e, ERR_TOO_BIG, 0, "list %s: too many names", path);
	return true;
}

static bool
write_memory(
    void *self, const char *path, const void *p, size_t n, struct err *e)
{
	struct memory *m = self;

	if (map_get(&m->entries, path) != NULL)
		return err_set(e, ERR_CONFLICT, EEXIST,
		    "write %s: it is there already", path);
	files_memory_put(&m->files, path, n > 0 ? p : "", n);
	return true;
}

struct files *
files_memory_new(void)
{
	struct memory *m = xcalloc(1, sizeof(*m));

	m->files = (struct files){ .read = read_memory,
		.size = size_memory,
		.read_at = read_at_memory,
		.stamp = stamp_memory,
		.list = list_memory,
		.write = write_memory,
		.self = m };
	return &m->files;
}

void
files_memory_put(struct files *files, const char *path, const void *p, size_t n)
{
	struct memory *m = files->self;
	struct entry *f;

	if (p == NULL) {
		free_entry(map_take(&m->entries, path));
		return;
	}
	f = xcalloc(1, sizeof(*f));
	f->p = xmalloc(n);
	if (n > 0)
		memcpy(f->p, p, n);
	f->n = n;
	f->stamp = ++m->puts;
	free_entry(map_put(&m->entries, path, f));
}

void
files_memory_free(struct files *files)
{
	struct memory *m;

	if (files == NULL)
		return;
	m = files->self;
	map_free(&m->entries, free_entry);
	xfree(m);
}
