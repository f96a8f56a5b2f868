/* A virtual machine's folder. See seam.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "sim/qemu/seam_main.h"

#define COPY_BYTES 65536
#define CONSOLE_MAX (8 << 20)

static bool
failed(struct err *e, const char *what, const char *path)
{
	return err_set(
	    e, ERR_INTERNAL, errno, "%s %s: %s", what, path, strerror(errno));
}

/* The folder and the one above; others must be there. */
static bool
make_folder(const char *path, struct err *e)
{
	char *above = xstrdup(path), *slash = strrchr(above, '/');
	bool ok;

	if (slash && slash != above) {
		*slash = '\0';
		(void)mkdir(above, 0700);
	}
	xfree(above);
	ok = mkdir(path, 0700) == 0 || errno == EEXIST;
	return ok || failed(e, "cannot make", path);
}

/* -1 with *there: it stands already; else an error. */
static int
make_file(const char *path, bool *there)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	*there = fd < 0 && errno == EEXIST;
	return fd;
}

static bool
make_disk(const char *path, int64_t size, struct err *e)
{
	bool there;
	int fd = make_file(path, &there);

	if (there)
		return true;
	if (fd < 0)
		return failed(e, "cannot make", path);
	if (ftruncate(fd, (off_t)size) != 0) {
		(void)failed(e, "cannot size", path);
		(void)close(fd);
		(void)unlink(path);
		return false;
	}
	(void)close(fd);
	return true;
}

static bool
copy(int from, int to)
{
	char *buf = xmalloc(COPY_BYTES);
	ssize_t n;
	bool ok = true;

	while (ok && (n = read(from, buf, COPY_BYTES)) != 0)
		ok = n > 0 && write(to, buf, (size_t)n) == n;
	xfree(buf);
	return ok;
}

static bool
make_vars(const char *path, const char *from, struct err *e)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	bool there, ok;

	if (in < 0)
		return failed(e, "cannot read", from);
	out = make_file(path, &there);
	ok = there || (out >= 0 && copy(in, out));
	if (!ok) {
		(void)failed(e, "cannot make", path);
		(void)unlink(path);
	}
	(void)close(in);
	if (out >= 0)
		(void)close(out);
	return ok;
}

static bool
files_prepare(void *self, const struct vm_paths *p, int64_t disk,
    const char *vars_from, struct err *e)
{
	(void)self;
	return make_folder(p->dir, e) && make_disk(p->disk, disk, e) &&
	       (!vars_from || make_vars(p->vars, vars_from, e));
}

/* A guest may talk for ever: the file before is kept, and no more. */
static void
files_keep(void *self, const struct vm_paths *p, const char *text, size_t n)
{
	int fd = open(p->console,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	(void)self;
	if (fd < 0)
		return;
	while (n > 0) {
		ssize_t w = write(fd, text, n);

		if (w <= 0)
			break; /* the disk is full: the machine goes on */
		text += w;
		n -= (size_t)w;
	}
	if (fstat(fd, &st) == 0 && st.st_size > CONSOLE_MAX) {
		char *before = xasprintf("%s.1", p->console);

		(void)rename(p->console, before);
		xfree(before);
	}
	(void)close(fd);
}

static void
files_wipe(void *self, const struct vm_paths *p)
{
	int fd = open(p->disk, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	bool ok;

	(void)self;
	/* a machine that runs has it open: it stays the same file, of zeros;
	 * a disk that cannot be emptied goes, and is made anew */
	ok = fd >= 0 && fstat(fd, &st) == 0 && ftruncate(fd, 0) == 0 &&
	     ftruncate(fd, st.st_size) == 0;
	if (!ok)
		(void)unlink(p->disk);
	if (fd >= 0)
		(void)close(fd);
	(void)unlink(p->vars);
}

struct qemu_seam
qemu_seam_system(struct loop *l)
{
	return (struct qemu_seam){ .spawn = child_spawn,
		.send = child_send,
		.kill = child_kill,
		.free = child_free,
		.prepare = files_prepare,
		.keep = files_keep,
		.wipe = files_wipe,
		.self = l };
}
