#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

static char root[] = "/tmp/b7-files-XXXXXX";

static void
write_file(const char *name, const char *text, size_t n)
{
	char *path = xasprintf("%s/%s", root, name);
	FILE *f = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(fwrite(text, 1, n, f), n);
	CU_ASSERT_EQUAL(fclose(f), 0);
	xfree(path);
}

/* The same contract for both: "a", "b" and "sub/c" stand in the folder. */
static void
contract(struct files *f, const char *folder)
{
	char *a = xasprintf("%s/a", folder), *none = xasprintf("%s/z", folder);
	struct err e = { 0 };
	struct buf b;
	int64_t us;
	uint64_t n;
	char part[2];

	buf_init(&b, 5);
	CU_ASSERT_TRUE(f->read(f->self, a, &b, &e));
	CU_ASSERT_EQUAL_FATAL(b.n, 5);
	CU_ASSERT_EQUAL(memcmp(b.p, "he\0lo", 5), 0);
	CU_ASSERT_EQUAL(e.kind, ERR_NONE);
	buf_free(&b);

	CU_ASSERT_TRUE(f->size(f->self, a, &n, &e));
	CU_ASSERT_EQUAL(n, 5);
	CU_ASSERT_TRUE(f->read_at(f->self, a, 3, part, 2, &e));
	CU_ASSERT_EQUAL(memcmp(part, "lo", 2), 0);
	CU_ASSERT_TRUE(f->read_at(f->self, a, 5, part, 0, &e));
	CU_ASSERT_FALSE(f->read_at(f->self, a, 4, part, 2, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_PROTO);
	CU_ASSERT_FALSE(f->read_at(f->self, none, 0, part, 1, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_NOTFOUND);
	CU_ASSERT_FALSE(f->size(f->self, none, &n, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_NOTFOUND);

	buf_init(&b, 4);
	CU_ASSERT_FALSE(f->read(f->self, a, &b, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
	buf_free(&b);

	buf_init(&b, 100);
	CU_ASSERT_FALSE(f->read(f->self, none, &b, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_NOTFOUND);
	CU_ASSERT_EQUAL(e.code, ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, none));
	CU_ASSERT_FALSE(f->stamp(f->self, none, &us, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_NOTFOUND);
	CU_ASSERT_FALSE(f->list(f->self, none, &b, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_NOTFOUND);

	CU_ASSERT_TRUE(f->list(f->self, folder, &b, &e));
	CHECK_TEXT(buf_str(&b), "a\nb\nsub\n");
	buf_free(&b);
	buf_init(&b, 3);
	CU_ASSERT_FALSE(f->list(f->self, folder, &b, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_TOO_BIG);
	buf_free(&b);
	xfree(a);
	xfree(none);
}

/* The same contract for both: nothing stands in the folder "new" yet. */
static void
write_contract(struct files *f, const char *folder)
{
	char *deep = xasprintf("%s/new/deep/x", folder);
	struct err e = { 0 };
	struct buf b;

	CU_ASSERT_TRUE_FATAL(f->write(f->self, deep, "he\0lo", 5, &e));
	buf_init(&b, 5);
	CU_ASSERT_TRUE(f->read(f->self, deep, &b, &e));
	CU_ASSERT_EQUAL_FATAL(b.n, 5);
	CU_ASSERT_EQUAL(memcmp(b.p, "he\0lo", 5), 0);
	CU_ASSERT_EQUAL(e.kind, ERR_NONE);
	CU_ASSERT_FALSE(f->write(f->self, deep, "other", 5, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_CONFLICT);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, deep));
	buf_reset(&b);
	CU_ASSERT_TRUE(f->read(f->self, deep, &b, NULL));
	CU_ASSERT_EQUAL(memcmp(b.p, "he\0lo", 5), 0);
	buf_free(&b);
	xfree(deep);
}

static void
writes_for_the_owner_alone(void)
{
	struct files f = files_system();
	char *path = xasprintf("%s/new/deep/x", root);
	char *below = xasprintf("%s/y", path);
	struct err e = { 0 };
	struct stat st;

	write_contract(&f, root);
	CU_ASSERT_EQUAL_FATAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	/* a file where a folder is needed */
	CU_ASSERT_FALSE(f.write(f.self, below, "", 0, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, path));
	CU_ASSERT_EQUAL(remove(path), 0);
	*strrchr(path, '/') = '\0';
	CU_ASSERT_EQUAL_FATAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0700);
	CU_ASSERT_EQUAL(remove(path), 0);
	*strrchr(path, '/') = '\0';
	CU_ASSERT_EQUAL(remove(path), 0);
	xfree(path);
	xfree(below);
}

static void
reads_the_disk(void)
{
	struct files f = files_system();
	struct err e = { 0 };
	struct buf b;
	char *sub;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
	sub = xasprintf("%s/sub", root);
	CU_ASSERT_EQUAL(mkdir(sub, 0700), 0);
	write_file("b", "", 0);
	write_file("a", "he\0lo", 5);
	write_file("sub/c", "x", 1);
	contract(&f, root);
	buf_init(&b, 10);
	CU_ASSERT_FALSE(f.read(f.self, sub, &b, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_INTERNAL);
	CU_ASSERT_EQUAL(e.code, EISDIR);
	buf_free(&b);
	xfree(sub);
}

static void
the_stamp_of_a_file_on_disk_tells_its_change(void)
{
	struct files f = files_system();
	char *path = xasprintf("%s/a", root);
	struct timespec times[2] = { { 1000, 5000 }, { 1000, 5000 } };
	int64_t us = 0;

	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
	CU_ASSERT_TRUE(f.stamp(f.self, path, &us, NULL));
	CU_ASSERT_EQUAL(us, 1000000005);
	xfree(path);
}

static void
removes_its_files(void)
{
	static const char *const names[] = { "sub/c", "sub", "a", "b", "" };

	for (size_t i = 0; i < 5; i++) {
		char *path = xasprintf("%s/%s", root, names[i]);

		CU_ASSERT_EQUAL(remove(path), 0);
		xfree(path);
	}
}

static void
memory_keeps_the_same_contract(void)
{
	struct files *f = files_memory_new();
	struct buf b;

	files_memory_put(f, "/etc/x/b", "", 0);
	files_memory_put(f, "/etc/x/sub/c", "x", 1);
	files_memory_put(f, "/etc/x/sub/d", "x", 1);
	files_memory_put(f, "/etc/x/a", "he\0lo", 5);
	files_memory_put(f, "/etc/x.y", "", 0);
	files_memory_put(f, "/etc/xy", "", 0);
	contract(f, "/etc/x");
	write_contract(f, "/var");
	buf_init(&b, 100);
	CU_ASSERT_TRUE(f->list(f->self, "/etc/x//", &b, NULL));
	CHECK_TEXT(buf_str(&b), "a\nb\nsub\n");
	buf_free(&b);
	files_memory_free(f);
	files_memory_free(NULL);
}

static void
memory_notices_rotation_and_removal(void)
{
	struct files *f = files_memory_new();
	int64_t first = 0, second = 0;
	struct buf b;

	files_memory_put(f, "t", "one", 3);
	CU_ASSERT_TRUE(f->stamp(f->self, "t", &first, NULL));
	files_memory_put(f, "t", "two", 3);
	CU_ASSERT_TRUE(f->stamp(f->self, "t", &second, NULL));
	CU_ASSERT_NOT_EQUAL(first, second);
	buf_init(&b, 10);
	CU_ASSERT_TRUE(f->read(f->self, "t", &b, NULL));
	CHECK_TEXT(buf_str(&b), "two");
	buf_free(&b);
	files_memory_put(f, "t", NULL, 0);
	CU_ASSERT_FALSE(f->stamp(f->self, "t", &first, NULL));
	files_memory_free(f);
}

static const struct unit_case cases[] = {
	{ "reads the disk", reads_the_disk },
	{ "the stamp of a file on disk tells its change",
	    the_stamp_of_a_file_on_disk_tells_its_change },
	{ "writes for the owner alone", writes_for_the_owner_alone },
	{ "removes its files", removes_its_files },
	{ "memory keeps the same contract", memory_keeps_the_same_contract },
	{ "memory notices rotation and removal",
	    memory_notices_rotation_and_removal },
};

int
main(void)
{
	return UNIT_RUN("files", cases);
}
