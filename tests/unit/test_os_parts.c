/* What the system's reading is made of: configurations, data, odd images. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/os/bootcfg.h"
#include "sim/os/inflate.h"
#include "sim/os/isofs.h"
#include "sim/os/jinja.h"
#include "sim/os/mime.h"
#include "tests/unit/os_rig.h"
#include "tests/unit/unit.h"

static enum os_step
no_file(void *arg, const char *path, struct buf *out)
{
	const char *const *files = arg;

	for (; files && *files != NULL; files += 2)
		if (str_eq(*files, path))
			return buf_adds(out, files[1]) ? OS_OK : OS_BAD;
	return OS_NONE;
}

static void
grub_takes_the_entry_that_starts_by_itself(void)
{
	static const struct {
		const char *text, *kernel, *args;
	} rows[] = {
		{ "menuentry a {\nlinux /k a b\n}\n", "/k", "a b" },
		{ "set default=1\nmenuentry a {\nlinux /k\n}\n"
		  "menuentry b {\nlinux /l c\n}\n",
		    "/l", "c" },
		{ "set default=\"b c\"\nmenuentry a {\nlinux /k\n}\n"
		  "menuentry 'b c' {\nlinux /l\n}\n",
		    "/l", "" },
		{ "set default=x\nmenuentry a {\nlinux /k\n}\n"
		  "menuentry b --id x {\nlinuxefi /l\n}\n",
		    "/l", "" },
		{ "set r=(cd0)\nmenuentry a {\nif true; then\n"
		  "linux ($root)/k x=$r y=${r}z # no\nfi\n}\n",
		    "/k", "x=(cd0) y=(cd0)z" },
		{ "menuentry a {\nlinux /k a;b 'c;d' e\\;f \"g h\" \\\n i\n}\n",
		    "/k", "a" },
		{ "menuentry a {\nlinux /k 'c;d' e\\;f \"g h\" \\\n i\n}\n",
		    "/k", "c;d e;f g h i" },
		{ "menuentry a {\necho }\nlinux /k\n}\n", NULL, NULL },
		{ "# linux /k\n", NULL, NULL },
		{ "source /more\nset default=1\nmenuentry a {\nlinux /k\n}\n",
		    "/k", "" },
		{ "set p=(x)/d\nconfigfile $p/own\nmenuentry a {\nlinux "
		  "/k\n}\n",
		    "/own-kernel", "q" },
		{ "configfile /none\nmenuentry a {\nlinux /k\n}\n", "/k", "" },
		{ "source /self\nmenuentry a {\nlinux /k\n}\n", "/k", "" },
	};
	static const char *files[] = { "/more", "menuentry m {\nlinux /m\n}\n",
		"/d/own", "menuentry o {\nlinux /own-kernel q\n}\n", "/self",
		"source /self\n", NULL };
	const struct bootcfg_files f = { no_file, files };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bootcfg c = { .file = "/g.cfg" };
		enum os_step s = bootcfg_grub(&c, rows[i].text, &f);

		CHECK_ROW(
		    s == (rows[i].kernel ? OS_OK : OS_NONE), rows[i].text);
		if (s != OS_OK)
			continue;
		CHECK_ROW(str_eq(c.kernel, rows[i].kernel), c.kernel);
		CHECK_ROW(str_eq(c.args, rows[i].args), c.args);
	}
}

static void
isolinux_takes_the_entry_that_starts_by_itself(void)
{
	static const char *files[] = { "/isolinux/live.cfg",
		"label live\n menu default\n kernel /l\n append initrd=i,j a\n",
		NULL };
	const struct bootcfg_files f = { no_file, files };
	struct bootcfg c = { .file = "/isolinux/isolinux.cfg" };

	CU_ASSERT_EQUAL(bootcfg_isolinux(&c,
			    "default vesamenu.c32\nAPPEND x\nLABEL first\n"
			    " kernel f\ninclude live.cfg\n",
			    &f),
	    OS_OK);
	CHECK_TEXT(c.kernel, "/l");
	CHECK_TEXT(c.args, "initrd=i,j a");
	CU_ASSERT_EQUAL(c.n_initrd, 2);
	CHECK_TEXT(c.initrd[1], "/isolinux/j");
	CU_ASSERT_EQUAL(bootcfg_isolinux(&c,
			    "append x\nlabel a\nlinux a\nlabel b\nlinux b\n"
			    "default b\n",
			    &f),
	    OS_OK);
	CHECK_TEXT(c.kernel, "/isolinux/b");
	CHECK_TEXT(c.args, "x");
	CU_ASSERT_EQUAL(bootcfg_isolinux(&c, "label a\n", &f), OS_NONE);
}

static void
arguments_are_words(void)
{
	char v[8];

	CU_ASSERT_TRUE(bootcfg_arg("a=1 ds=x b a=22", "a", v, sizeof(v)));
	CHECK_TEXT(v, "22");
	CU_ASSERT_TRUE(bootcfg_arg("a=1 b", "b", v, sizeof(v)));
	CHECK_TEXT(v, "");
	CU_ASSERT_FALSE(bootcfg_arg("ab=1 b-a", "a", v, sizeof(v)));
	CU_ASSERT_TRUE(bootcfg_arg("a=123456789", "a", v, sizeof(v)));
	CHECK_TEXT(v, "1234567");
}

static void
templates_are_rendered_as_cloud_init_does(void)
{
	static const struct {
		const char *text, *out; /* NULL: it fails */
	} rows[] = {
		{ "a{b {{ x }}", "a{b 1" },
		{ "{{x}}{{ ds.meta_data.local_hostname }}", "1n" },
		{ "{{ ds['meta_data'][\"local-hostname\"] }}", "n" },
		{ "{{ nope }}", JINJA_MISSING "nope" },
		{ "{{ ds.nope }}", JINJA_MISSING "nope" },
		{ "{{ ds.nope.more }}", NULL },
		{ "{{ nope | default('d') }} {{ x | default('d') }}", "d 1" },
		{ "{{ x | upper }}", NULL },
		{ "{# gone #}a", "a" },
		{ "{% raw %}{{ x }}{% endraw %}\nb", "{{ x }}b" },
		{ "{% if x %}a{% endif %}", NULL },
		{ "{{ x", NULL },
		{ "{{ x + 1 }}", NULL },
	};
	struct err e = { 0 };
	static const char text[] =
	    "{\"x\":1,\"ds\":{\"meta_data\":{\"local-hostname\":\"n\","
	    "\"local_hostname\":\"n\"}}}";
	cJSON *vars = json_parse(text, sizeof(text) - 1, &e);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char why[DISC_WHY] = "";
		struct buf b;
		bool ok;

		buf_init(&b, 1000);
		ok = jinja_render(rows[i].text, vars, &b, why);
		CHECK_ROW(ok == (rows[i].out != NULL), rows[i].text);
		if (ok)
			CHECK_ROW(
			    str_eq(buf_str(&b), rows[i].out), buf_str(&b));
		else
			CHECK_ROW(why[0] != '\0', rows[i].text);
		buf_free(&b);
	}
	cJSON_Delete(vars);
}

static void
compressed_data_is_unpacked_or_refused(void)
{
	/* python3: gzip.compress(b'hello hello hello hello\n', mtime=0) */
	static const uint8_t good[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57,
		0xc8, 0x40, 0x27, 0xb9, 0x00, 0x00, 0x88, 0x59, 0x0b, 0x18,
		0x00, 0x00, 0x00 };
	uint8_t bad[sizeof(good)];
	struct buf b;
	size_t used = 0;

	buf_init(&b, 1000);
	CU_ASSERT_TRUE(inflate_is_gzip(good, sizeof(good)));
	CU_ASSERT_TRUE(inflate_gzip(good, sizeof(good), &b, &used));
	CHECK_TEXT(buf_str(&b), "hello hello hello hello\n");
	CU_ASSERT_EQUAL(used, sizeof(good));
	for (size_t n = 0; n < sizeof(good); n++) {
		buf_reset(&b);
		CU_ASSERT_FALSE(inflate_gzip(good, n, &b, NULL));
	}
	memcpy(bad, good, sizeof(good));
	bad[10] = 0xff; /* the block type that there is not */
	CU_ASSERT_FALSE(inflate_gzip(bad, sizeof(good), &b, NULL));
	buf_free(&b);
	buf_init(&b, 10);
	CU_ASSERT_FALSE(inflate_gzip(good, sizeof(good), &b, NULL));
	buf_free(&b);
}

struct parts {
	char text[512];
	size_t n;
};

static bool
part(void *arg, const char *type, struct buf *content)
{
	struct parts *p = arg;

	(void)str_format(p->text + p->n, sizeof(p->text) - p->n, "[%s:%s]",
	    type, buf_str(content));
	p->n += strlen(p->text + p->n);
	return true;
}

static void
messages_are_taken_apart(void)
{
	static const char text[] =
	    "Content-Type: multipart/mixed;\n boundary=b\n"
	    "MIME-Version: 1.0\n\npreamble\n"
	    "--b\n\nplain\n"
	    "--b\r\nContent-Type: Text/X; charset=a\r\n"
	    "Content-Transfer-Encoding: BASE64\r\n\r\naGVs\r\nbG8=\r\n"
	    "--b\nContent-Type: multipart/alternative; boundary=\"c d\"\n\n"
	    "--c d\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "a=3Db=\nc\n--c d--\n"
	    "--b--\nnothing of it\n";
	struct parts p = { "", 0 };

	CU_ASSERT_TRUE(mime_is(text, sizeof(text) - 1));
	CU_ASSERT_FALSE(mime_is("#cloud-config\n", 14));
	CU_ASSERT_TRUE(mime_parts(text, sizeof(text) - 1, part, &p));
	CHECK_TEXT(p.text, "[text/plain:plain][text/x:hello][text/plain:a=bc]");
	CU_ASSERT_FALSE(
	    mime_parts("Content-Type: multipart/mixed\n\n", 31, part, &p));
}

/* A change of a good image, and what a reader says to it. */
static void
odd_images_are_refused(void)
{
	static const struct {
		size_t at;
		uint8_t v;
		const char *why;
	} rows[] = {
		{ 16 * 2048 + 1, 'X', "no ISO 9660 volume descriptor" },
		{ 16 * 2048 + 156 + 4, 0x7f,
		    "a sector lies beyond the end, or too much is read" },
		{ 16 * 2048 + 156 + 11, 0, "the root folder is empty" },
		{ 0, 33, "a broken record in a folder" },
	};
	struct os_rig_image im;

	os_rig_image(&im, "ubuntu", NULL, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct disc d;
		struct isofs f;
		struct isofs_file file;
		/* 0: the root's second record */
		size_t at =
		    rows[i].at != 0 ? rows[i].at : 26 * 2048u + im.p[26 * 2048];
		uint8_t was = im.p[at];
		enum os_step s;

		im.p[at] = rows[i].v;
		disc_init(&d, im.n);
		for (;;) {
			s = isofs_open(&f, &d);
			if (s == OS_OK)
				s = isofs_find(
				    &f, ISOFS_LINUX, "/casper/x", &file);
			if (s != OS_WANTS)
				break;
			disc_put(&d, im.p + d.want_at);
		}
		CU_ASSERT_EQUAL(s, OS_BAD);
		CHECK_TEXT(f.why, rows[i].why);
		disc_fini(&d);
		im.p[at] = was;
	}
	os_rig_free(&im);
}

/* Each tree of an image leads to the same bytes. */
static void
names_of_all_trees_lead_to_the_same_files(void)
{
	struct os_rig_image im;
	struct isofs_file a = { 0 }, b = { 0 }, c = { 0 };
	struct disc d;
	struct isofs f;
	enum os_step s;

	os_rig_image(&im, "cloud-init", NULL, NULL);
	disc_init(&d, im.n);
	do {
		s = isofs_open(&f, &d);
		if (s == OS_OK)
			s = isofs_find(
			    &f, ISOFS_LINUX, "/live/filesystem.squashfs", &a);
		if (s == OS_OK)
			s = isofs_find(
			    &f, ISOFS_PLAIN, "/live/filesyst.squ", &b);
		f.rock = false; /* then Joliet counts */
		if (s == OS_OK)
			s = isofs_find(
			    &f, ISOFS_LINUX, "/live/filesystem.squashfs", &c);
		if (s == OS_WANTS)
			disc_put(&d, im.p + d.want_at);
	} while (s == OS_WANTS);
	CU_ASSERT_EQUAL(s, OS_OK);
	CU_ASSERT_EQUAL(a.part[0].at, b.part[0].at);
	CU_ASSERT_EQUAL(a.part[0].at, c.part[0].at);
	CU_ASSERT_EQUAL(a.size, c.size);
	CHECK_TEXT(f.label, "d-live-sim");
	disc_fini(&d);
	os_rig_free(&im);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(grub_takes_the_entry_that_starts_by_itself),
		UNIT_CASE(isolinux_takes_the_entry_that_starts_by_itself),
		UNIT_CASE(arguments_are_words),
		UNIT_CASE(templates_are_rendered_as_cloud_init_does),
		UNIT_CASE(compressed_data_is_unpacked_or_refused),
		UNIT_CASE(messages_are_taken_apart),
		UNIT_CASE(odd_images_are_refused),
		UNIT_CASE(names_of_all_trees_lead_to_the_same_files),
	};

	return UNIT_RUN("os parts", cases);
}
