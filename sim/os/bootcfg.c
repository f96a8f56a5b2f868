/* isolinux' configurations, and kernel arguments; see bootcfg.h. */
#include "sim/os/bootcfg.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"

#define SYS_LABELS 64
#define SYS_DEPTH 5
#define SYS_NAME 64

struct sys_label {
	char name[SYS_NAME];
	struct bootcfg c;
};
struct sys {
	const struct bootcfg_files *files;
	struct sys_label *label; /* owned */
	size_t n, cap;
	char dflt[SYS_NAME];
	char append[BOOTCFG_ARGS]; /* of all that have none */
	char file[BOOTCFG_PATH];
	unsigned depth;
};

static enum os_step sys_text(struct sys *y, const char *text);

/* Relative to the folder of the configuration. */
static void
sys_path(const struct sys *y, const char *s, size_t n, char out[BOOTCFG_PATH])
{
	const char *end = strrchr(y->file, '/');
	size_t dir = end != NULL && *s != '/' ? (size_t)(end - y->file) + 1 : 0;

	if (dir + n >= BOOTCFG_PATH)
		n = 0;
	memcpy(out, y->file, dir);
	memcpy(out + dir, s, n);
	out[dir + n] = '\0';
}

static struct bootcfg *
sys_now(struct sys *y)
{
	return y->n > 0 ? &y->label[y->n - 1].c : NULL;
}

static void
sys_label(struct sys *y, const char *v)
{
	struct sys_label *l;

	if (y->n == SYS_LABELS)
		return;
	if (y->n == y->cap) {
		y->cap = y->cap == 0 ? 8 : y->cap * 2;
		y->label = xreallocarray(y->label, y->cap, sizeof(*y->label));
	}
	l = &y->label[y->n++];
	memset(l, 0, sizeof(*l));
	(void)str_copy(l->name, sizeof(l->name), v);
	(void)str_copy(l->c.file, sizeof(l->c.file), y->file);
	(void)str_copy(l->c.args, sizeof(l->c.args), y->append);
}

static void
sys_initrds(const struct sys *y, struct bootcfg *c, const char *v)
{
	while (*v != '\0' && *v != ' ' && c->n_initrd < BOOTCFG_INITRDS) {
		size_t n = strcspn(v, ", ");

		sys_path(y, v, n, c->initrd[c->n_initrd++]);
		v += n;
		if (*v == ',')
			v++;
	}
}

static enum os_step
sys_include(struct sys *y, const char *v)
{
	char path[BOOTCFG_PATH], was[BOOTCFG_PATH];
	struct buf text;
	enum os_step s;

	if (y->depth == SYS_DEPTH)
		return OS_OK;
	sys_path(y, v, strcspn(v, " \t"), path);
	buf_init(&text, BOOTCFG_MAX);
	s = y->files->load(y->files->arg, path, &text);
	if (s == OS_OK) {
		memcpy(was, y->file, sizeof(was));
		(void)str_copy(y->file, sizeof(y->file), path);
		y->depth++;
		s = sys_text(y, buf_str(&text));
		y->depth--;
		memcpy(y->file, was, sizeof(was));
	}
	buf_free(&text);
	return s == OS_NONE ? OS_OK : s;
}

/* Of the label that is being read. */
static void
sys_of_label(struct sys *y, struct bootcfg *c, const char *key, const char *v)
{
	if (str_ieq(key, "kernel") || str_ieq(key, "linux"))
		sys_path(y, v, strcspn(v, " \t"), c->kernel);
	else if (str_ieq(key, "initrd"))
		sys_initrds(y, c, v);
	else if (str_ieq(key, "menu") && str_ieq(v, "default"))
		(void)str_copy(
		    y->dflt, sizeof(y->dflt), y->label[y->n - 1].name);
}

static enum os_step
sys_run(struct sys *y, const char *key, const char *v)
{
	struct bootcfg *c = sys_now(y);

	if (str_ieq(key, "label"))
		sys_label(y, v);
	else if (str_ieq(key, "default") || str_ieq(key, "ontimeout"))
		(void)str_copy(y->dflt, sizeof(y->dflt), v);
	else if (str_ieq(key, "include"))
		return sys_include(y, v);
	else if (str_ieq(key, "append"))
		(void)str_copy(c != NULL ? c->args : y->append, BOOTCFG_ARGS,
		    str_eq(v, "-") ? "" : v);
	else if (c != NULL)
		sys_of_label(y, c, key, v);
	return OS_OK;
}

static enum os_step
sys_text(struct sys *y, const char *text)
{
	enum os_step s = OS_OK;

	while (*text != '\0' && s == OS_OK) {
		size_t len = strcspn(text, "\n"), n;
		char *line = xstrndup(text, len), *key = line, *v;

		text += len + (text[len] == '\n');
		key += strspn(key, " \t");
		for (n = strlen(key);
		     n > 0 && (key[n - 1] == ' ' || key[n - 1] == '\t' ||
				  key[n - 1] == '\r');)
			key[--n] = '\0';
		v = key + strcspn(key, " \t");
		if (*v != '\0')
			*v++ = '\0';
		v += strspn(v, " \t");
		if (*key != '\0' && *key != '#')
			s = sys_run(y, key, v);
		xfree(line);
	}
	return s;
}

/* "DEFAULT vesamenu.c32" is a menu: its entry is MENU DEFAULT's, else the first. */
static struct sys_label *
sys_default(struct sys *y)
{
	size_t n = strcspn(y->dflt, " \t");

	for (size_t i = 0; i < y->n; i++)
		if (strlen(y->label[i].name) == n &&
		    memcmp(y->label[i].name, y->dflt, n) == 0)
			return &y->label[i];
	return y->n > 0 ? &y->label[0] : NULL;
}

enum os_step
bootcfg_isolinux(
    struct bootcfg *out, const char *text, const struct bootcfg_files *files)
{
	struct sys *y = xcalloc(1, sizeof(*y));
	struct sys_label *l;
	char initrd[BOOTCFG_ARGS];
	enum os_step s;

	y->files = files;
	(void)str_copy(y->file, sizeof(y->file), out->file);
	s = sys_text(y, text);
	l = sys_default(y);
	if (s == OS_OK && (l == NULL || l->c.kernel[0] == '\0'))
		s = OS_NONE;
	if (s == OS_OK) {
		*out = l->c;
		(void)str_copy(y->file, sizeof(y->file), l->c.file);
		if (out->n_initrd == 0 &&
		    bootcfg_arg(out->args, "initrd", initrd, sizeof(initrd)))
			sys_initrds(y, out, initrd);
	}
	xfree(y->label);
	xfree(y);
	return s;
}

bool
bootcfg_arg(const char *args, const char *key, char *out, size_t cap)
{
	size_t k = strlen(key);
	bool found = false;

	if (cap > 0)
		out[0] = '\0';
	while (*args != '\0') {
		size_t n;

		args += strspn(args, " \t\n");
		n = strcspn(args, " \t\n");
		if (n >= k && memcmp(args, key, k) == 0 &&
		    (n == k || args[k] == '=')) {
			size_t from = n == k ? k : k + 1;
			size_t len = n - from < cap ? n - from : cap - 1;

			found = true;
			if (cap > 0) {
				memcpy(out, args + from, len);
				out[len] = '\0';
			}
		}
		args += n;
	}
	return found;
}
