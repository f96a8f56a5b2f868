/*
 * What a boot loader makes of its configuration: the kernel, the initial file
 * systems and the arguments of the entry that starts by itself. GRUB (words,
 * quotes, variables, source, configfile, menuentry, set default) and isolinux
 * (label, default, kernel, append, initrd, include).
 */
#ifndef B7_SIM_OS_BOOTCFG_H
#define B7_SIM_OS_BOOTCFG_H

#include "common/buf.h"
#include "sim/os/disc.h"

#define BOOTCFG_ARGS 2048 /* x86's COMMAND_LINE_SIZE, with the NUL */
#define BOOTCFG_PATH 256
#define BOOTCFG_INITRDS 8
#define BOOTCFG_MAX (256u << 10) /* bytes of one configuration */

struct bootcfg {
	char file[BOOTCFG_PATH];   /* where the entry stands */
	char kernel[BOOTCFG_PATH]; /* "" = no entry boots */
	char args[BOOTCFG_ARGS];   /* cut, as the kernel cuts them */
	char initrd[BOOTCFG_INITRDS][BOOTCFG_PATH];
	unsigned n_initrd;
};
/* Reads another file for a configuration. */
struct bootcfg_files {
	enum os_step (*load)(void *arg, const char *path, struct buf *out);
	void *arg;
};
/* out->file is set before: whose text it is. OS_NONE: nothing boots. */
enum os_step bootcfg_grub(
    struct bootcfg *out, const char *text, const struct bootcfg_files *files);
enum os_step bootcfg_isolinux(
    struct bootcfg *out, const char *text, const struct bootcfg_files *files);
/* The value of "key=..." among the arguments, up to a blank, the last one; the
 * key alone is "". false: it is not there. */
bool bootcfg_arg(const char *args, const char *key, char *out, size_t cap);

#endif
