/*
 * Kernel arguments in the configurations of boot loaders. They go to the end of
 * each line that loads a kernel, but before the `---` (or `--`) of Debian's and
 * Ubuntu's installers, which hand what follows on to the installed system.
 */
#ifndef B7_AGENT_MEDIA_KARG_H
#define B7_AGENT_MEDIA_KARG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

#define KARG_MAX 1024            /* bytes of all arguments */
#define KARG_CONFIG (256u << 10) /* bytes of one configuration */

enum karg_syntax {
	KARG_GRUB,     /* linux, linuxefi, linux16 in grub.cfg */
	KARG_SYSLINUX, /* append of labels that boot a kernel */
	KARG_LOADER    /* options of a boot loader entry (systemd-boot) */
};

/* By where the file is and what it is called; false: it is none. */
bool karg_syntax_of(const char *path, enum karg_syntax *syntax);
/* One line of printable ASCII, words by single blanks. ERR_SPEC. */
bool karg_check(const char *args, struct err *e);
/* What is to be done with a configuration, and to how many lines it was. */
struct karg {
	enum karg_syntax syntax;
	const char *args;
	unsigned lines;
};
/* Writes the text with the arguments added. No lines is no error: then out is
 * the text. ERR_PROTO for text that is no configuration. */
bool karg_add(
    struct karg *k, const char *text, size_t n, struct buf *out, struct err *e);
/* A PE program with a kernel in it, whose arguments are inside of what is
 * signed: p is the start of the file (4 KiB are enough). */
bool karg_is_unified(const void *p, size_t n);
/* Where in such a program its arguments are; false: it has none. */
bool karg_unified_args(const void *p, size_t n, uint32_t *at, uint32_t *len);
/* Whether each of args is a word of that text. */
bool karg_has_all(const char *text, size_t n, const char *args);

#endif
