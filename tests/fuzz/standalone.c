/*
 * A main for fuzz targets without libFuzzer: runs each file, and each file of
 * each folder, once, and once more for each way of cutting it short. Fails when
 * there was nothing to run.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/files.h"
#include "common/mem.h"

#define FILE_MAX_BYTES (1u << 20)
#define CUTS_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of its own, so that the sanitizer sees a read behind the end. */
static void
run_bytes(const char *p, size_t n)
{
	uint8_t *copy = xmalloc(n);

	if (n > 0)
		memcpy(copy, p, n);
	(void)LLVMFuzzerTestOneInput(copy, n); /* always 0 */
	xfree(copy);
}

static size_t
run_file(const struct files *f, const char *path)
{
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, FILE_MAX_BYTES);
	if (!f->read(f->self, path, &b, &e)) {
		(void)fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
	run_bytes(buf_str(&b), b.n);
	for (size_t n = 0; n < b.n && n < CUTS_MAX; n++)
		run_bytes(buf_str(&b), n);
	buf_free(&b);
	return 1;
}

static size_t
run_folder(const struct files *f, const char *folder, const struct buf *names)
{
	const char *at = buf_str(names);
	size_t done = 0;

	while (*at != '\0') {
		size_t n = strcspn(at, "\n");
		char *path = xasprintf("%s/%.*s", folder, (int)n, at);

		done += run_file(f, path);
		xfree(path);
		at += n + (at[n] == '\n');
	}
	return done;
}

int
main(int argc, char **argv)
{
	struct files f = files_system();
	size_t done = 0;

	for (int i = 1; i < argc; i++) {
		struct buf names;

		buf_init(&names, FILE_MAX_BYTES);
		if (f.list(f.self, argv[i], &names, NULL))
			done += run_folder(&f, argv[i], &names);
		else
			done += run_file(&f, argv[i]);
		buf_free(&names);
	}
	(void)printf("%zu inputs\n", done);
	return done > 0 ? 0 : 1;
}
