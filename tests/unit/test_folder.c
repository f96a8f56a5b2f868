/* Base images in folders in the place of URLs: which names are taken, and files
 * that change while they are read. */
#include "agent/origin/folder.h"

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/folder_rig.h"
#include "tests/unit/unit.h"

#define ISO "/images/a.iso"
#define MAP "http://local/=/images,https://[::1]:8443/x/=/srv/x/"
#define SIZE ((2u << 20) + 1234)

/* ---- the map ------------------------------------------------------------ */

static void
maps_that_can_be_used_pass(void)
{
	static const char *const rows[] = { "", "http://local/=/images", MAP,
		"http://local/=/", "http://local/a/b/=/images///",
		"https://h:8443/=/a,", "http://local/=/with space=and more" };
	struct err e = { .kind = ERR_NONE };

	CU_ASSERT_TRUE(folder_check(NULL, &e));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(folder_check(rows[i], &e), rows[i]);
	CU_ASSERT_EQUAL(e.kind, ERR_NONE);
}

static void
a_map_that_is_wrong_is_refused_by_its_part(void)
{
	static const struct {
		const char *map, *says;
	} rows[] = {
		{ "http://local/", "\"http://local/\" is not URL=/FOLDER" },
		{ "http://local/=", "\"http://local/\" is not URL=/FOLDER" },
		{ "http://a/=srv", "\"http://a/\" is not URL=/FOLDER" },
		{ "/images", "\"/images\" is not URL=/FOLDER" },
		{ ",", "\"\" is not URL=/FOLDER" },
		{ "http://a/=/a,,http://b/=/b", "\"\" is not URL=/FOLDER" },
		{ "=/srv", "\"\"" },
		{ "http://local=/srv", "\"http://local\" must end with a" },
		{ "http://a/=/a,http://b/c=/b", "\"http://b/c\" must end" },
		{ "ftp://local/=/srv", "\"ftp://local/\"" },
		{ "http://u:p@local/=/srv", "\"http://u:p@local/\"" },
		{ "local/=/srv", "\"local/\"" },
		{ "http:///=/srv", "\"http:///\"" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { .kind = ERR_NONE };

		CHECK_ROW(!folder_check(rows[i].map, &e), rows[i].map);
		CHECK_ROW(e.kind == ERR_SPEC, rows[i].map);
		CHECK_ROW(str_has_prefix(e.msg, rows[i].says), rows[i].map);
	}
}

static void
a_map_of_an_endless_url_is_refused(void)
{
	char *longer = xcalloc(1, 9000);
	char *map;
	struct err e = { .kind = ERR_NONE };

	memset(longer, 'a', 8999);
	map = xasprintf("http://local/%s/=/images", longer);
	CU_ASSERT_FALSE(folder_check(map, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "http://local/aaa"));
	xfree(map);
	xfree(longer);
}

/* ---- names -------------------------------------------------------------- */

static void
urls_below_a_mapped_one_are_files_of_its_folder(void)
{
	static const struct {
		const char *map, *url, *path;
	} rows[] = {
		{ MAP, "http://local/a.iso", ISO },
		{ MAP, "http://local/d/e/a.iso", "/images/d/e/a.iso" },
		{ MAP, "http://local/a.iso?x=../../etc#/y", ISO },
		{ MAP, "http://local/a.iso#f?x", ISO },
		{ MAP, "http://local/a..iso", "/images/a..iso" },
		{ MAP, "http://local/a./b~", "/images/a./b~" },
		{ MAP, "https://[::1]:8443/x/a.iso", "/srv/x/a.iso" },
		{ "http://local/=/", "http://local/etc/a", "//etc/a" },
		/* the first one that fits */
		{ "http://local/=/a,http://local/b/=/c", "http://local/b/d",
		    "/a/b/d" },
		{ "http://local/b/=/c,http://local/=/a", "http://local/b/d",
		    "/c/d" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { .kind = ERR_NONE };
		char path[FOLDER_PATH] = "?";

		CHECK_ROW(folder_path(rows[i].map, rows[i].url, path, &e),
		    rows[i].url);
		CHECK_ROW(e.kind == ERR_NONE, rows[i].url);
		CHECK_TEXT(path, rows[i].path);
	}
}

static void
other_urls_are_no_business_of_a_folder(void)
{
	static const char *const rows[] = { "http://localhost/a.iso",
		"http://local", "http://local:80/a.iso", "https://local/a.iso",
		"https://[::1]:8443/xy/a.iso", "", "/images/a.iso",
		"http://other/?http://local/a.iso" };
	char path[FOLDER_PATH];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { .kind = ERR_NONE };

		(void)str_copy(path, sizeof(path), "?");
		CHECK_ROW(!folder_path(MAP, rows[i], path, &e), rows[i]);
		CHECK_ROW(path[0] == '\0' && e.kind == ERR_NONE, rows[i]);
	}
	CU_ASSERT_FALSE(folder_path(NULL, "http://local/a.iso", path, NULL));
	CU_ASSERT_FALSE(folder_path("", "http://local/a.iso", path, NULL));
}

static void
names_that_could_leave_the_folder_are_refused(void)
{
	static const char *const rows[] = { "", "?a.iso", "#a.iso", "/",
		"/etc/passwd", "..", "../etc/passwd", "a/..", "a/../../b", ".",
		"./a.iso", "a/./b", ".hidden", "a/.hidden", "...", "%2e%2e/a",
		"a%2f..%2fb", "a%00.iso", "%61.iso", "a//b", "a/", "a\\..\\b",
		"\\etc" };
	char path[FOLDER_PATH];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { .kind = ERR_NONE };
		char *url = xasprintf("http://local/%s", rows[i]);

		(void)str_copy(path, sizeof(path), "?");
		CHECK_ROW(folder_path(MAP, url, path, &e), url);
		CHECK_ROW(path[0] == '\0', url);
		CHECK_ROW(e.kind == ERR_SPEC, url);
		CHECK_ROW(strstr(e.msg, "http://local/") != NULL, url);
		xfree(url);
	}
}

static void
a_name_is_as_long_as_a_path_may_be(void)
{
	char name[FOLDER_PATH + 1] = "", path[FOLDER_PATH];
	size_t fits = FOLDER_PATH - 1 - strlen("/images/");

	for (size_t n = fits; n <= fits + 1; n++) {
		struct err e = { .kind = ERR_NONE };
		char *url;

		memset(name, 'a', n);
		url = xasprintf("http://local/%s", name);
		CU_ASSERT_TRUE(folder_path(MAP, url, path, &e));
		CU_ASSERT_EQUAL(strlen(path), n == fits ? FOLDER_PATH - 1 : 0);
		CU_ASSERT_EQUAL(e.kind, n == fits ? ERR_NONE : ERR_SPEC);
		xfree(url);
	}
}

/* Errors are logged and stand in conditions. */
static void
what_is_refused_is_told_without_its_query(void)
{
	struct err e = { .kind = ERR_NONE };
	char path[FOLDER_PATH];

	CU_ASSERT_TRUE(
	    folder_path(MAP, "http://local/../a.iso?key=x1y2", path, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "http://local/../a.iso"));
	CU_ASSERT_PTR_NULL(strstr(e.msg, "x1y2"));
}

/* ---- images ------------------------------------------------------------- */

static uint8_t
byte_at(uint64_t at, uint8_t salt)
{
	return (uint8_t)(at * 7 + (at >> 9) + salt);
}

static void
put(struct folder_rig *r, const char *path, size_t n, uint8_t salt)
{
	uint8_t *p = xmalloc(n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = byte_at(i, salt);
	files_memory_put(r->in, path, p, n);
	xfree(p);
}

static struct folder_image *
image(struct folder_rig *r, const char *path)
{
	struct err e = { .kind = ERR_NONE };
	struct folder_image *f = folder_image_new(&r->env, path, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	return f;
}

struct got {
	unsigned done;
	uint64_t at;
	size_t n;
	bool wrong;
	struct err err;
	struct got *then; /* read by the callback */
	const struct folder_image *of;
};

static void
take(void *arg, const void *p, size_t n, const struct err *e)
{
	struct got *g = arg;
	const uint8_t *c = p;

	g->done++;
	g->n = n;
	if (p == NULL)
		g->err = *e;
	else
		CU_ASSERT_PTR_NULL(e);
	if (g->then != NULL) {
		const struct source *s = folder_image_source(g->of);

		s->read(s->self, g->then->at, 100, take, g->then);
	}
	for (size_t i = 0; p != NULL && i < n; i++)
		g->wrong |= c[i] != byte_at(g->at + i, 0);
}

static struct got
read_at(const struct folder_image *f, uint64_t at, size_t n)
{
	const struct source *s = folder_image_source(f);
	struct got g = { .at = at };

	s->read(s->self, at, n, take, &g);
	CU_ASSERT_EQUAL(g.done, 1); /* before it returns */
	CU_ASSERT_EQUAL(g.n, g.err.kind == ERR_NONE ? n : 0);
	CU_ASSERT_FALSE(g.wrong);
	return g;
}

static void
any_range_gives_the_files_bytes(void)
{
	static const struct {
		uint64_t at;
		size_t n;
	} rows[] = { { 0, 1 }, { 0, SIZE }, { SIZE - 1, 1 }, { 2047, 2 },
		{ (1u << 20) - 1, 2 }, { 1u << 20, 1u << 20 },
		{ 1000, 2000000 } };
	struct folder_rig r;
	struct folder_image *f;

	folder_rig_open(&r);
	put(&r, ISO, SIZE, 0);
	f = image(&r, ISO);
	CU_ASSERT_EQUAL(folder_image_source(f)->size, SIZE);
	CU_ASSERT_EQUAL(r.reads, 0); /* opened without reading */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(read_at(f, rows[i].at, rows[i].n).n, rows[i].n);
	CU_ASSERT_FALSE(folder_image_changed(f));
	folder_image_free(f);
	folder_rig_close(&r);
}

static void
a_reader_may_read_on_when_it_is_told(void)
{
	struct folder_rig r;
	struct folder_image *f;
	const struct source *s;
	struct got b = { .at = 77 }, a = { .at = 5, .then = &b };

	folder_rig_open(&r);
	put(&r, ISO, SIZE, 0);
	f = image(&r, ISO);
	a.of = f;
	s = folder_image_source(f);
	s->read(s->self, 5, 100, take, &a);
	s->cancel(s->self, &a); /* it has ended: nothing to do */
	CU_ASSERT_EQUAL(a.done, 1);
	CU_ASSERT_EQUAL(b.done, 1);
	CU_ASSERT_FALSE(a.wrong || b.wrong);
	CU_ASSERT_EQUAL(b.n, 100);
	folder_image_free(f);
	folder_rig_close(&r);
}

static void
what_is_no_image_is_not_opened(void)
{
	struct folder_rig r;
	struct err e = { .kind = ERR_NONE };

	folder_rig_open(&r);
	put(&r, "/images/empty.iso", 0, 0);
	put(&r, ISO, 1, 0);
	CU_ASSERT_PTR_NULL(folder_image_new(&r.env, "/images/b.iso", &e));
	CU_ASSERT_EQUAL(e.kind, ERR_NOTFOUND);
	CU_ASSERT_PTR_NULL(folder_image_new(&r.env, "/images", &e));
	CU_ASSERT_EQUAL(e.kind, ERR_NOTFOUND);
	CU_ASSERT_PTR_NULL(folder_image_new(&r.env, "/images/empty.iso", &e));
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	CHECK_TEXT(e.msg, "/images/empty.iso is empty");
	r.stamp_fails = ERR_INTERNAL;
	CU_ASSERT_PTR_NULL(folder_image_new(&r.env, ISO, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_INTERNAL);
	folder_image_free(NULL);
	folder_rig_close(&r);
}

static void
other_bytes_have_another_name(void)
{
	struct folder_rig r;
	struct folder_image *v[5];

	folder_rig_open(&r);
	r.stamp = 99;
	put(&r, ISO, 100, 0);
	put(&r, "/images/b.iso", 100, 0);
	v[0] = image(&r, ISO);
	v[1] = image(&r, "/images/b.iso");
	r.stamp = -99;
	v[2] = image(&r, ISO);
	r.stamp = 99;
	r.size = 101;
	v[3] = image(&r, ISO);
	r.size = 0;
	v[4] = image(&r, ISO);
	for (size_t i = 0; i < 4; i++) {
		CU_ASSERT_EQUAL(strlen(folder_image_name(v[i])), 64);
		for (size_t k = 0; k < i; k++)
			CU_ASSERT_STRING_NOT_EQUAL(
			    folder_image_name(v[i]), folder_image_name(v[k]));
	}
	CHECK_TEXT(folder_image_name(v[4]), folder_image_name(v[0]));
	for (size_t i = 0; i < 5; i++)
		folder_image_free(v[i]);
	folder_rig_close(&r);
}

static void
an_image_that_changed_is_an_error_for_good(void)
{
	static const size_t sizes[] = { SIZE, SIZE + 1, 10, 0 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct folder_rig r;
		struct folder_image *f;
		int64_t was = 0;
		struct got g;

		folder_rig_open(&r);
		put(&r, ISO, SIZE, 0);
		f = image(&r, ISO);
		(void)r.in->stamp(r.in->self, ISO, &was, NULL);
		put(&r, ISO, sizes[i], 1);
		g = read_at(f, 100, 100);
		CU_ASSERT_EQUAL(g.err.kind, ERR_CONFLICT);
		CU_ASSERT_PTR_NOT_NULL(strstr(g.err.msg, ISO));
		CU_ASSERT_TRUE(folder_image_changed(f));
		put(&r, ISO, SIZE, 0);
		r.stamp = was; /* as it was: nobody asks any more */
		CU_ASSERT_EQUAL(read_at(f, 0, 100).err.kind, ERR_CONFLICT);
		folder_image_free(f);
		f = image(&r, ISO);
		CU_ASSERT_EQUAL(read_at(f, 0, 100).n, 100);
		folder_image_free(f);
		folder_rig_close(&r);
	}
}

static void
another_size_is_another_image_at_the_same_time_too(void)
{
	struct folder_rig r;
	struct folder_image *f;

	folder_rig_open(&r);
	r.stamp = 99;
	put(&r, ISO, SIZE, 0);
	f = image(&r, ISO);
	put(&r, ISO, SIZE + 1, 0);
	CU_ASSERT_EQUAL(read_at(f, 0, 100).err.kind, ERR_CONFLICT);
	folder_image_free(f);
	folder_rig_close(&r);
}

static void
replace(struct folder_rig *r)
{
	put(r, ISO, SIZE, 1);
}

static void
take_away(struct folder_rig *r)
{
	files_memory_put(r->in, ISO, NULL, 0);
}

static void
bytes_are_not_handed_on_if_the_image_changed_behind_them(void)
{
	struct folder_rig r;
	struct folder_image *f;

	folder_rig_open(&r);
	put(&r, ISO, SIZE, 0);
	f = image(&r, ISO);
	r.when = 2;
	r.then = replace;
	CU_ASSERT_EQUAL(read_at(f, 0, 100).n, 100);
	CU_ASSERT_EQUAL(read_at(f, 0, 100).err.kind, ERR_CONFLICT);
	CU_ASSERT_EQUAL(r.reads, 2);
	folder_image_free(f);
	folder_rig_close(&r);
}

/* Whose bytes they were cannot be told. */
static void
bytes_are_not_handed_on_if_the_image_went_behind_them(void)
{
	struct folder_rig r;
	struct folder_image *f;

	folder_rig_open(&r);
	put(&r, ISO, SIZE, 0);
	f = image(&r, ISO);
	r.stamp = 1; /* of the first put */
	r.when = 1;
	r.then = take_away;
	CU_ASSERT_EQUAL(read_at(f, 0, 100).err.kind, ERR_NOTFOUND);
	CU_ASSERT_EQUAL(read_at(f, 0, 100).err.kind, ERR_NOTFOUND);
	CU_ASSERT_FALSE(folder_image_changed(f));
	put(&r, ISO, SIZE, 0); /* and is back as it was */
	CU_ASSERT_EQUAL(read_at(f, 0, 100).n, 100);
	r.stamp_fails = ERR_INTERNAL;
	CU_ASSERT_EQUAL(read_at(f, 0, 100).err.kind, ERR_INTERNAL);
	r.stamp_fails = ERR_NONE;
	CU_ASSERT_EQUAL(read_at(f, 0, 100).n, 100);
	folder_image_free(f);
	folder_rig_close(&r);
}

static void
a_read_that_fails_may_work_later(void)
{
	struct folder_rig r;
	struct folder_image *f;
	struct got g;

	folder_rig_open(&r);
	put(&r, ISO, SIZE, 0);
	f = image(&r, ISO);
	r.read_fails = ERR_INTERNAL;
	g = read_at(f, 0, 100);
	CU_ASSERT_EQUAL(g.err.kind, ERR_INTERNAL);
	CHECK_TEXT(g.err.msg, "read: scripted");
	CU_ASSERT_FALSE(folder_image_changed(f));
	r.read_fails = ERR_NONE;
	CU_ASSERT_EQUAL(read_at(f, 0, 100).n, 100);
	folder_image_free(f);
	folder_rig_close(&r);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(maps_that_can_be_used_pass),
		UNIT_CASE(a_map_that_is_wrong_is_refused_by_its_part),
		UNIT_CASE(a_map_of_an_endless_url_is_refused),
		UNIT_CASE(urls_below_a_mapped_one_are_files_of_its_folder),
		UNIT_CASE(other_urls_are_no_business_of_a_folder),
		UNIT_CASE(names_that_could_leave_the_folder_are_refused),
		UNIT_CASE(a_name_is_as_long_as_a_path_may_be),
		UNIT_CASE(what_is_refused_is_told_without_its_query),
		UNIT_CASE(any_range_gives_the_files_bytes),
		UNIT_CASE(a_reader_may_read_on_when_it_is_told),
		UNIT_CASE(what_is_no_image_is_not_opened),
		UNIT_CASE(other_bytes_have_another_name),
		UNIT_CASE(an_image_that_changed_is_an_error_for_good),
		UNIT_CASE(another_size_is_another_image_at_the_same_time_too),
		UNIT_CASE(
		    bytes_are_not_handed_on_if_the_image_changed_behind_them),
		UNIT_CASE(
		    bytes_are_not_handed_on_if_the_image_went_behind_them),
		UNIT_CASE(a_read_that_fails_may_work_later),
	};

	return UNIT_RUN("folder", cases);
}
