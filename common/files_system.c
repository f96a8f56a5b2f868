/* The file system behind the file seam. */
#include "common/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/map.h"
#include "common/mem.h"

#define CHUNK 16384

static bool
fail(struct err *e, int code, const char *what, const char *path)
{
	enum err_kind kind =
	    code == ENOENT || code == ENOTDIR ? ERR_NOTFOUND : ERR_INTERNAL;

	return err_set(e, kind, code, "%s %s: %s", what, path, strerror(code));
}

static bool
read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	char chunk[CHUNK];
	ssize_t n;
	bool fits;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(e, errno, "read", path);
		if (n == 0)
			return true;
		fits = buf_add(out, chunk, (size_t)n);
		secret_wipe(chunk, (size_t)n); /* tokens and keys */
		if (!fits)
			return err_set(e, ERR_TOO_BIG, 0,
			    "read %s: larger than %zu bytes", path, out->max);
	}
}

static bool
read_system(void *self, const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	(void)self;
	if (fd < 0)
		return fail(e, errno, "open", path);
	ok = read_all(fd, path, out, e);
	(void)close(fd); /* nothing was written */
	return ok;
}

static bool
size_system(void *self, const char *path, uint64_t *n, struct err *e)
{
	struct stat st;

	(void)self;
	if (stat(path, &st) != 0)
		return fail(e, errno, "stat", path);
	if (!S_ISREG(st.st_mode))
		return err_set(
		    e, ERR_INTERNAL, EINVAL, "%s is no regular file", path);
	*n = (uint64_t)st.st_size;
	return true;
}

static bool
read_at_system(
    void *self, const char *path, uint64_t at, void *p, size_t n, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), code = 0;
	char *to = p;
	ssize_t got = 1;

	(void)self;
	if (fd < 0)
		return fail(e, errno, "open", path);
	while (n > 0 && got > 0) {
		got = pread(fd, to, n, (off_t)at);
		if (got < 0 && errno == EINTR) {
			got = 1;
			continue;
		}
		code = errno;
		if (got > 0) {
			to += got;
			at += (uint64_t)got;
			n -= (size_t)got;
		}
	}
	(void)close(fd); /* nothing was written */
	if (got < 0)
		return fail(e, code, "read", path);
	return n == 0 ||
	       err_set(e, ERR_PROTO, 0, "read %s: it has become shorter", path);
}

static bool
stamp_system(void *self, const char *path, int64_t *us, struct err *e)
{
	struct stat st;

	(void)self;
	if (stat(path, &st) != 0)
		return fail(e, errno, "stat", path);
	*us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
	return true;
}

static bool
list_system(void *self, const char *path, struct buf *out, struct err *e)
{
	struct map names = { 0 };
	struct dirent *d;
	DIR *dir = opendir(path);

	(void)self;
	if (dir == NULL)
		return fail(e, errno, "list", path);
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			(void)map_put(&names, d->d_name, NULL);
	}
	(void)closedir(dir); /* nothing was written */
	for (size_t i = 0; i < names.n; i++)
		(void)buf_addf(out, "%s\n", names.v[i].key);
	map_free(&names, NULL);
	if (out->overflow)
		return err_set(
		    e, ERR_TOO_BIG, 0, "list %s: too many names", path);
	return true;
}

/* Every folder of the path; one that stands is as good as a new one. */
static bool
make_folders(const char *path, struct err *e)
{
	char *copy = xstrdup(path), *at = copy;
	bool ok = true;

	while (ok && (at = strchr(at + 1, '/')) != NULL) {
		*at = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			ok = fail(e, errno, "make folder", copy);
		*at = '/';
	}
	xfree(copy);
	return ok;
}

static bool
write_all(int fd, const char *p, size_t n)
{
	ssize_t done;

	while (n > 0) {
		done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static bool
write_system(
    void *self, const char *path, const void *p, size_t n, struct err *e)
{
	int fd, code;
	bool ok;

	(void)self;
	if (!make_folders(path, e))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return err_set(e, ERR_CONFLICT, EEXIST,
		    "write %s: it is there already", path);
	if (fd < 0)
		return fail(e, errno, "write", path);
	ok = write_all(fd, p, n);
	code = errno;
	if (close(fd) != 0 && ok) {
		code = errno;
		ok = false;
	}
	return ok || fail(e, code, "write", path);
}

struct files
files_system(void)
{
	return (struct files){ .read = read_system,
		.size = size_system,
		.read_at = read_at_system,
		.stamp = stamp_system,
		.list = list_system,
		.write = write_system,
		.self = NULL };
}
