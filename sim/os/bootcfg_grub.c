/* GRUB's configurations; see bootcfg.h. The GRUB manual, "Shell-like scripting". */
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/os/bootcfg.h"

#define GRUB_VARS 32
#define GRUB_WORDS 64
#define GRUB_ENTRIES 64
#define GRUB_DEPTH 5 /* of files */
#define GRUB_NAME 32

struct grub_var {
	char name[GRUB_NAME];
	char value[BOOTCFG_PATH];
};
struct grub_entry {
	char title[128], id[64];
	struct bootcfg c;
};
struct grub {
	const struct bootcfg_files *files;
	struct grub_var var[GRUB_VARS];
	size_t n_vars;
	struct grub_entry *entry; /* owned */
	size_t n, cap;
	int open;      /* entry that is being read; -1 = none */
	unsigned deep; /* braces inside of it */
	unsigned depth;
	bool replaced; /* configfile: what follows does not count */
	char file[BOOTCFG_PATH];
};
struct grub_line {
	struct buf text; /* words, each with its NUL */
	size_t at[GRUB_WORDS];
	size_t n;
};

static enum os_step grub_text(struct grub *g, const char *text);

static const char *
grub_get(const struct grub *g, const char *name, size_t n)
{
	for (size_t i = 0; i < g->n_vars; i++)
		if (strlen(g->var[i].name) == n &&
		    memcmp(g->var[i].name, name, n) == 0)
			return g->var[i].value;
	return "";
}

static void
grub_set(struct grub *g, const char *name, size_t n, const char *value)
{
	struct grub_var *v = NULL;

	if (n >= GRUB_NAME)
		return;
	for (size_t i = 0; i < g->n_vars; i++)
		if (strlen(g->var[i].name) == n &&
		    memcmp(g->var[i].name, name, n) == 0)
			v = &g->var[i];
	if (v == NULL && g->n_vars < GRUB_VARS) {
		v = &g->var[g->n_vars++];
		memcpy(v->name, name, n);
		v->name[n] = '\0';
	}
	if (v != NULL)
		(void)str_copy(v->value, sizeof(v->value), value);
}

/* ---- words --------------------------------------------------------------------- */

static size_t
grub_expand(const struct grub *g, const char *p, struct buf *out)
{
	bool brace = p[1] == '{';
	const char *name = p + 1 + brace;
	size_t n = 0;

	while (str_is_alnum(name[n]) || name[n] == '_')
		n++;
	if (n == 0 || (brace && name[n] != '}')) {
		(void)buf_addc(out, '$');
		return 1;
	}
	(void)buf_adds(out, grub_get(g, name, n));
	return 1 + (size_t)brace + n + (size_t)brace;
}

/* What stands at p in a word: one character, an escape or a variable. */
static const char *
grub_char(const struct grub *g, const char *p, char quote, struct buf *out)
{
	if (*p == '$' && quote != '\'')
		return p + grub_expand(g, p, out);
	if (*p == '\\' && quote != '\'' && p[1] != '\0') {
		if (p[1] != '\n')
			(void)buf_addc(out, p[1]);
		return p + 2;
	}
	(void)buf_addc(out, *p);
	return p + 1;
}

/* One word from p on; where it ends. */
static const char *
grub_word(const struct grub *g, const char *p, struct buf *out)
{
	char quote = '\0';

	while (*p != '\0' && *p != '\n') {
		if (quote == '\0' && strchr(" \t;", *p) != NULL)
			break;
		if (quote == '\0' && strchr("'\"", *p) != NULL) {
			quote = *p++;
		} else if (quote != '\0' && *p == quote) {
			quote = '\0';
			p++;
		} else {
			p = grub_char(g, p, quote, out);
		}
	}
	(void)buf_addc(out, '\0');
	return p;
}

/* Blanks, ends of lines that go on, and comments. */
static const char *
grub_skip(const char *p)
{
	for (;;) {
		p += strspn(p, " \t\r");
		if (p[0] != '\\' || p[1] != '\n')
			break;
		p += 2;
	}
	return *p == '#' ? p + strcspn(p, "\n") : p;
}

/* One command: up to the end of the line or ";". */
static const char *
grub_command(const struct grub *g, const char *p, struct grub_line *l)
{
	buf_reset(&l->text);
	l->n = 0;
	for (;;) {
		p = grub_skip(p);
		if (*p == '\0')
			return p;
		if (*p == '\n' || *p == ';')
			return p + 1;
		if (l->n == GRUB_WORDS || l->text.overflow) {
			p += strcspn(p, "\n");
			continue;
		}
		l->at[l->n++] = l->text.n;
		p = grub_word(g, p, &l->text);
	}
}

static const char *
grub_nth(const struct grub_line *l, size_t i)
{
	return i < l->n && !l->text.overflow ? buf_str(&l->text) + l->at[i]
					     : "";
}

/* "($root)/boot/x" and "(hd0,1)/boot/x": the device is always the medium. */
static const char *
grub_path(const char *s)
{
	const char *end = *s == '(' ? strchr(s, ')') : NULL;

	return end != NULL ? end + 1 : s;
}

/* ---- commands ------------------------------------------------------------------- */

static void
grub_menuentry(struct grub *g, const struct grub_line *l)
{
	struct grub_entry *e;

	if (g->n == GRUB_ENTRIES)
		return;
	if (g->n == g->cap) {
		g->cap = g->cap == 0 ? 8 : g->cap * 2;
		g->entry = xreallocarray(g->entry, g->cap, sizeof(*g->entry));
	}
	e = &g->entry[g->n];
	memset(e, 0, sizeof(*e));
	(void)str_copy(e->title, sizeof(e->title), grub_nth(l, 1));
	for (size_t i = 2; i + 1 < l->n; i++)
		if (str_eq(grub_nth(l, i), "--id") ||
		    str_eq(grub_nth(l, i), "$menuentry_id_option"))
			(void)str_copy(
			    e->id, sizeof(e->id), grub_nth(l, i + 1));
	(void)str_copy(e->c.file, sizeof(e->c.file), g->file);
	g->open = (int)g->n++;
	g->deep = 1;
}

static void
grub_linux(struct bootcfg *c, const struct grub_line *l)
{
	size_t n = 0;

	(void)str_copy(c->kernel, sizeof(c->kernel), grub_path(grub_nth(l, 1)));
	c->args[0] = '\0';
	for (size_t i = 2; i < l->n && n + 1 < sizeof(c->args); i++) {
		(void)str_format(c->args + n, sizeof(c->args) - n, "%s%s",
		    i > 2 ? " " : "", grub_nth(l, i));
		n += strlen(c->args + n);
	}
}

static void
grub_initrd(struct bootcfg *c, const struct grub_line *l)
{
	c->n_initrd = 0;
	for (size_t i = 1; i < l->n && c->n_initrd < BOOTCFG_INITRDS; i++)
		(void)str_copy(c->initrd[c->n_initrd++], BOOTCFG_PATH,
		    grub_path(grub_nth(l, i)));
}

static enum os_step
grub_source(struct grub *g, const char *path, bool replace)
{
	char was[BOOTCFG_PATH];
	struct buf text;
	enum os_step s;

	if (g->depth == GRUB_DEPTH)
		return OS_NONE;
	buf_init(&text, BOOTCFG_MAX);
	s = g->files->load(g->files->arg, path, &text);
	if (s == OS_OK) {
		memcpy(was, g->file, sizeof(was));
		(void)str_copy(g->file, sizeof(g->file), path);
		if (replace)
			g->n = 0;
		g->depth++;
		s = grub_text(g, buf_str(&text));
		g->depth--;
		g->replaced = replace && s == OS_OK;
		memcpy(g->file, was, sizeof(was));
	}
	buf_free(&text);
	return s == OS_NONE ? OS_OK : s; /* a file that is missing: goes on */
}

static void
grub_assign(struct grub *g, const struct grub_line *l)
{
	const char *s = grub_nth(l, 1), *eq = strchr(s, '=');

	if (eq != NULL)
		grub_set(g, s, (size_t)(eq - s), eq + 1);
}

static void
grub_braces(struct grub *g, const struct grub_line *l)
{
	for (size_t i = 0; i < l->n && g->open >= 0; i++) {
		if (str_eq(grub_nth(l, i), "{"))
			g->deep++;
		else if (str_eq(grub_nth(l, i), "}") && --g->deep == 0)
			g->open = -1;
	}
}

static enum os_step
grub_run(struct grub *g, const struct grub_line *l)
{
	const char *cmd = grub_nth(l, 0);

	if (str_eq(cmd, "menuentry") && g->open < 0) {
		grub_menuentry(g, l);
		return OS_OK;
	}
	if (str_eq(cmd, "set"))
		grub_assign(g, l);
	else if (g->open >= 0 && str_has_prefix(cmd, "linux"))
		grub_linux(&g->entry[g->open].c, l);
	else if (g->open >= 0 && str_has_prefix(cmd, "initrd"))
		grub_initrd(&g->entry[g->open].c, l);
	else if (g->open < 0 && (str_eq(cmd, "configfile") ||
				    str_eq(cmd, "source") || str_eq(cmd, ".")))
		return grub_source(
		    g, grub_path(grub_nth(l, 1)), str_eq(cmd, "configfile"));
	grub_braces(g, l);
	return OS_OK;
}

static enum os_step
grub_text(struct grub *g, const char *text)
{
	struct grub_line l;
	enum os_step s = OS_OK;

	buf_init(&l.text, BOOTCFG_MAX);
	while (*text != '\0' && s == OS_OK && !g->replaced) {
		text = grub_command(g, text, &l);
		if (l.n > 0)
			s = grub_run(g, &l);
	}
	buf_free(&l.text);
	return s;
}

static const struct grub_entry *
grub_default(const struct grub *g)
{
	const char *d = grub_get(g, "default", 7);
	uint64_t i;

	for (size_t k = 0; k < g->n; k++)
		if (*d != '\0' &&
		    (str_eq(g->entry[k].id, d) || str_eq(g->entry[k].title, d)))
			return &g->entry[k];
	if (!str_to_u64(d, &i) || i >= g->n)
		i = 0;
	return g->n > 0 ? &g->entry[i] : NULL;
}

enum os_step
bootcfg_grub(
    struct bootcfg *out, const char *text, const struct bootcfg_files *files)
{
	struct grub *g = xcalloc(1, sizeof(*g));
	const struct grub_entry *e;
	enum os_step s;

	g->files = files;
	g->open = -1;
	(void)str_copy(g->file, sizeof(g->file), out->file);
	s = grub_text(g, text);
	if (s == OS_OK) {
		e = grub_default(g);
		if (e != NULL && e->c.kernel[0] != '\0')
			*out = e->c;
		else
			s = OS_NONE;
	}
	xfree(g->entry);
	xfree(g);
	return s;
}
