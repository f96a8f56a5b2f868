/* Kernel arguments in configurations as they are found on media. */
#include "agent/media/karg.h"

#include <stdio.h>

#include "tests/unit/unit.h"

struct sample {
	enum karg_syntax syntax;
	const char *text, *want;
	unsigned lines;
};

static const struct sample samples[] = {
	{ KARG_GRUB, "linux /vmlinuz\n", "linux /vmlinuz ARG\n", 1 },
	{ KARG_GRUB, "linux /vmlinuz a=b  \n", "linux /vmlinuz a=b ARG  \n",
	    1 },
	{ KARG_GRUB, "linux\n", "linux\n", 0 },
	{ KARG_GRUB, "menuentry 'x' { linux /v q; initrd /i }",
	    "menuentry 'x' { linux /v q ARG; initrd /i }", 1 },
	{ KARG_GRUB, "linux /v q --- splash\n", "linux /v q ARG --- splash\n",
	    1 },
	{ KARG_GRUB, "linux /v -- q\n", "linux /v ARG -- q\n", 1 },
	{ KARG_GRUB, "linux /v a \\\n  b\ninitrd /i\n",
	    "linux /v a \\\n  b ARG\ninitrd /i\n", 1 },
	{ KARG_GRUB, "linux /v 'a --- b' \"c;d\" e\\;f # no\n",
	    "linux /v 'a --- b' \"c;d\" e\\;f ARG # no\n", 1 },
	{ KARG_GRUB, "# linux /v\necho linux /v\nset linux=/v\n",
	    "# linux /v\necho linux /v\nset linux=/v\n", 0 },
	{ KARG_GRUB, "if [ a ]; then linux /v; else linuxefi /w; fi\n",
	    "if [ a ]; then linux /v ARG; else linuxefi /w ARG; fi\n", 2 },
	{ KARG_GRUB, "\tlinux16\t/v\tq\r\n}\r\n",
	    "\tlinux16\t/v\tq ARG\r\n}\r\n", 1 },
	{ KARG_GRUB, "$linux /v q\nlinux${efi} /v q\n",
	    "$linux /v q ARG\nlinux${efi} /v q ARG\n", 2 },
	{ KARG_GRUB, "linux /v 'never ends", "linux /v 'never ends ARG", 1 },
	{ KARG_GRUB, "chainloader /linux /v\n", "chainloader /linux /v\n", 0 },
	{ KARG_SYSLINUX, "label a\n kernel v\n append q\n",
	    "label a\n kernel v\n append q ARG\n", 1 },
	{ KARG_SYSLINUX, "LABEL a\n LINUX v\n APPEND q --- s\n",
	    "LABEL a\n LINUX v\n APPEND q ARG --- s\n", 1 },
	{ KARG_SYSLINUX, "label a\n kernel v\n append --- s\n",
	    "label a\n kernel v\n append ARG --- s\n", 1 },
	{ KARG_SYSLINUX, "label a\n kernel c.c32\n append hd0\n",
	    "label a\n kernel c.c32\n append hd0\n", 0 },
	{ KARG_SYSLINUX, "label a\n kernel v\nlabel b\n localboot 0\n",
	    "label a\n kernel v\n  append ARG\nlabel b\n localboot 0\n", 1 },
	{ KARG_SYSLINUX,
	    "append all\nlabel a\n kernel v\nlabel b\n kernel w\n"
	    " append own\n",
	    "append all ARG\nlabel a\n kernel v\nlabel b\n kernel w\n"
	    " append own ARG\n",
	    3 },
	{ KARG_SYSLINUX, "append all\nlabel a\n kernel v\n append -\n",
	    "append all ARG\nlabel a\n kernel v\n  append ARG\n append -\n",
	    2 },
	{ KARG_SYSLINUX, "label a\r\n kernel v\r\n append q\r\n",
	    "label a\r\n kernel v\r\n append q ARG\r\n", 1 },
	{ KARG_SYSLINUX, "include menu.cfg\ndefault vesamenu.c32\n",
	    "include menu.cfg\ndefault vesamenu.c32\n", 0 },
	{ KARG_LOADER, "title x\noptions a\noptions b\ninitrd /i\n",
	    "title x\noptions a\noptions b ARG\ninitrd /i\n", 1 },
	{ KARG_LOADER, "title x\nefi /y\n", "title x\nefi /y\n", 0 },
};

static void
arguments_go_where_a_kernel_reads_them(void)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		const struct sample *s = &samples[i];
		struct karg k = { s->syntax, "ARG", 9 };
		struct err e;
		struct buf out;

		buf_init(&out, 4096);
		CU_ASSERT_TRUE(
		    karg_add(&k, s->text, strlen(s->text), &out, &e));
		CHECK_TEXT(buf_str(&out), s->want);
		CU_ASSERT_EQUAL(k.lines, s->lines);
		buf_free(&out);
	}
}

static void
grub_does_not_split_at_semicolons(void)
{
	static const char text[] = "linux /v";
	struct karg k = { KARG_GRUB, "ds=nocloud;s=/x  a=$b c", 0 };
	struct err e;
	struct buf out;

	buf_init(&out, 4096);
	CU_ASSERT_TRUE(karg_add(&k, text, sizeof(text) - 1, &out, &e));
	CHECK_TEXT(buf_str(&out), "linux /v 'ds=nocloud;s=/x' 'a=$b' c");
	buf_free(&out);
}

static void
what_no_loader_could_pass_on_is_refused(void)
{
	static const char *const bad[] = { "", "a\nb", "a\tb", "a='b'",
		"a=\"b\"", "a\xc3\xa4" };
	char *longest = calloc(1, KARG_MAX + 2);
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CU_ASSERT_FALSE(karg_check(bad[i], &e));
	CU_ASSERT_PTR_NOT_NULL_FATAL(longest);
	memset(longest, 'a', KARG_MAX);
	CU_ASSERT_TRUE(karg_check(longest, &e));
	longest[KARG_MAX] = 'a';
	CU_ASSERT_FALSE(karg_check(longest, &e));
	free(longest);
}

static void
configurations_are_known_by_their_place(void)
{
	static const struct {
		const char *path;
		int syntax; /* -1 = none */
	} paths[] = {
		{ "/boot/grub/grub.cfg", KARG_GRUB },
		{ "/boot/grub2/loopback.cfg", KARG_GRUB },
		{ "/EFI/BOOT/GRUB.CFG", KARG_GRUB },
		{ "/EFI/fedora/grub.cfg", KARG_GRUB },
		{ "/isolinux/txt.cfg", KARG_SYSLINUX },
		{ "/boot/x86_64/loader/isolinux.cfg", KARG_SYSLINUX },
		{ "/arch/boot/syslinux/archiso_sys-linux.cfg", KARG_SYSLINUX },
		{ "/loader/entries/01-arch.conf", KARG_LOADER },
		{ "/etc/ssh/sshd.conf", -1 },
		{ "/preseed/ubuntu.cfg", -1 },
		{ "/boot/grub/font.pf2", -1 },
		{ "/isolinux", -1 },
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		enum karg_syntax s = KARG_GRUB;
		bool is = karg_syntax_of(paths[i].path, &s);

		CU_ASSERT_EQUAL(is ? (int)s : -1, paths[i].syntax);
	}
}

static void
text_that_is_none_is_refused(void)
{
	struct karg k = { KARG_GRUB, "a", 0 };
	struct err e;
	struct buf out;

	buf_init(&out, 4096);
	CU_ASSERT_FALSE(karg_add(&k, "linux\0/v", 8, &out, &e));
	buf_free(&out);
	buf_init(&out, 10);
	CU_ASSERT_FALSE(karg_add(&k, "linux /vmlinuz", 14, &out, &e));
	buf_free(&out);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(arguments_go_where_a_kernel_reads_them),
		UNIT_CASE(grub_does_not_split_at_semicolons),
		UNIT_CASE(what_no_loader_could_pass_on_is_refused),
		UNIT_CASE(configurations_are_known_by_their_place),
		UNIT_CASE(text_that_is_none_is_refused),
	};

	return UNIT_RUN("karg", cases);
}
