/* Which files are configurations; GRUB's and systemd-boot's syntax. */
#include "agent/media/karg.h"

#include <stdint.h>
#include <string.h>

#include "agent/media/karg_int.h"
#include "common/str.h"

/* Folders and file names of a path, without regard to case. */
static bool
has_part(const char *path, const char *part)
{
	size_t n = strlen(part);

	for (const char *at = path; *at != '\0'; at++) {
		char word[64];

		if (at[0] != '/' || strlen(at + 1) < n)
			continue;
		memcpy(word, at + 1, n);
		word[n] = '\0';
		if (str_ieq(word, part) && (at[1 + n] == '/'))
			return true;
	}
	return false;
}

static bool
ends(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && str_ieq(path + n - m, end);
}

bool
karg_syntax_of(const char *path, enum karg_syntax *syntax)
{
	if (ends(path, ".conf")) {
		*syntax = KARG_LOADER;
		return has_part(path, "entries") && has_part(path, "loader");
	}
	if (!ends(path, ".cfg"))
		return false;
	if (has_part(path, "isolinux") || has_part(path, "syslinux") ||
	    ends(path, "/isolinux.cfg") || ends(path, "/syslinux.cfg") ||
	    ends(path, "/extlinux.cfg")) {
		*syntax = KARG_SYSLINUX;
		return true;
	}
	*syntax = KARG_GRUB;
	return has_part(path, "grub") || has_part(path, "grub2") ||
	       has_part(path, "efi") || ends(path, "/grub.cfg");
}

bool
karg_check(const char *args, struct err *e)
{
	size_t n = strnlen(args, KARG_MAX + 1);

	if (n == 0 || n > KARG_MAX)
		return err_set(e, ERR_SPEC, 0, "kernel arguments: %s",
		    n == 0 ? "there are none" : "more than 1024 bytes");
	for (size_t i = 0; i < n; i++)
		if (args[i] < ' ' || args[i] > '~')
			return err_set(e, ERR_SPEC, 0,
			    "kernel arguments: byte %zu is not printable ASCII",
			    i);
	if (strchr(args, '\'') != NULL || strchr(args, '"') != NULL)
		return err_set(e, ERR_SPEC, 0,
		    "kernel arguments: boot loaders do not agree about quotes");
	return true;
}

/* GRUB reads ; $ & | and more as its own: such words go into quotes. */
static bool
put_grub(struct buf *out, const char *args)
{
	bool ok = true;

	while (ok && *args != '\0') {
		size_t n = strcspn(args, " ");
		bool plain = strcspn(args, ";$&|<>{}\\#*?[]()!~`") >= n;

		if (n > 0) {
			ok = buf_adds(out, plain ? " " : " '") &&
			     buf_add(out, args, n) &&
			     (plain || buf_addc(out, '\''));
		}
		args += n;
		args += *args == ' ';
	}
	return ok;
}

/* What a script is read by: one word or mark at a time. */
struct grub {
	const char *p, *end;
};
enum token {
	T_END,
	T_WORD,
	T_BREAK
};

static bool
is_break(char c)
{
	return c == '\n' || c == ';' || c == '&' || c == '|';
}

static const char *
quoted(const char *p, const char *end)
{
	char q = *p++;

	while (p < end && *p != q) {
		if (q == '"' && *p == '\\' && p + 1 < end)
			p++;
		p++;
	}
	return p < end ? p + 1 : p;
}

static const char *
word_end(const char *p, const char *end)
{
	while (
	    p < end && *p != ' ' && *p != '\t' && *p != '\r' && !is_break(*p)) {
		if (*p == '\\' && p + 1 < end)
			p += 2;
		else if (*p == '\'' || *p == '"')
			p = quoted(p, end);
		else
			p++;
	}
	return p < end ? p : end;
}

/* Skips blanks, comments and lines that go on. */
static enum token
next(struct grub *g, const char **word, size_t *n)
{
	while (g->p < g->end) {
		char c = *g->p;

		if (c == ' ' || c == '\t' || c == '\r') {
			g->p++;
		} else if (c == '\\' && g->p + 1 < g->end && g->p[1] == '\n') {
			g->p += 2;
		} else if (c == '#') {
			while (g->p < g->end && *g->p != '\n')
				g->p++;
		} else {
			break;
		}
	}
	*word = g->p;
	*n = 0;
	if (g->p == g->end)
		return T_END;
	if (is_break(*g->p)) {
		g->p++;
		*n = 1;
		return T_BREAK;
	}
	g->p = word_end(g->p, g->end);
	*n = (size_t)(g->p - *word);
	return T_WORD;
}

static bool
is(const char *word, size_t n, const char *text)
{
	return n == strlen(text) && memcmp(word, text, n) == 0;
}

/* Words after which a command begins. */
static bool
leads(const char *word, size_t n)
{
	static const char *const words[] = { "{", "}", "then", "do", "else",
		"elif", "if", "while", "until", "!" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is(word, n, words[i]))
			return true;
	return false;
}

static bool
loads(const char *word, size_t n)
{
	static const char *const words[] = { "linux", "linuxefi", "linux16",
		"$linux", "${linux}", "linux${efi}", "linux$efi" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is(word, n, words[i]))
			return true;
	return false;
}

static bool
is_dashes(const char *word, size_t n)
{
	return is(word, n, "---") || is(word, n, "--");
}

/* A word of the same command: neither its end nor that of its block. */
static bool
more(struct grub *g, const char **word, size_t *n)
{
	struct grub before = *g;

	if (next(g, word, n) == T_WORD && !is(*word, *n, "}"))
		return true;
	*g = before; /* it is looked at again */
	return false;
}

/* The rest of a command that loads a kernel: where arguments go. NULL if it
 * names no kernel. */
static const char *
place(struct grub *g)
{
	const char *word, *at = NULL;
	bool found = false;
	size_t n;

	while (more(g, &word, &n)) {
		found |= at != NULL && is_dashes(word, n);
		if (!found)
			at = g->p;
	}
	return at;
}

bool
karg_grub(struct karg *k, const char *text, size_t n, struct buf *out)
{
	struct grub g = { text, text + n };
	const char *done = text, *word;
	bool begins = true, ok = true;
	size_t len;
	enum token t;

	while (ok && (t = next(&g, &word, &len)) != T_END) {
		const char *at;

		if (t == T_BREAK || leads(word, len)) {
			begins = true;
			continue;
		}
		at = begins && loads(word, len) ? place(&g) : NULL;
		begins = false;
		if (at == NULL)
			continue;
		ok = buf_add(out, done, (size_t)(at - done)) &&
		     put_grub(out, k->args);
		done = at;
		k->lines++;
	}
	return ok && buf_add(out, done, (size_t)(text + n - done));
}

/* "options ..." lines; several are one. The last gets the arguments. */
static bool
loader(struct karg *k, const char *text, size_t n, struct buf *out)
{
	const char *end = text + n, *last = NULL;

	for (const char *at = text; at < end;) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		const char *stop = nl != NULL ? nl : end;

		if (stop - at > 8 && memcmp(at, "options", 7) == 0 &&
		    (at[7] == ' ' || at[7] == '\t'))
			last = stop;
		at = nl != NULL ? nl + 1 : end;
	}
	if (last == NULL)
		return buf_add(out, text, n);
	if (last > text && last[-1] == '\r')
		last--;
	k->lines = 1;
	return buf_add(out, text, (size_t)(last - text)) &&
	       buf_addc(out, ' ') && buf_adds(out, k->args) &&
	       buf_add(out, last, (size_t)(end - last));
}

bool
karg_add(
    struct karg *k, const char *text, size_t n, struct buf *out, struct err *e)
{
	bool ok = false;

	k->lines = 0;
	if (n > KARG_CONFIG || memchr(text, 0, n) != NULL)
		return err_set(e, ERR_PROTO, 0,
		    n > KARG_CONFIG ? "more than 256 KiB"
				    : "a NUL: it is no text");
	switch (k->syntax) {
	case KARG_GRUB:
		ok = karg_grub(k, text, n, out);
		break;
	case KARG_SYSLINUX:
		ok = karg_syslinux(k, text, n, out);
		break;
	case KARG_LOADER:
		ok = loader(k, text, n, out);
		break;
	}
	return ok || err_set(e, ERR_TOO_BIG, 0, "too long with its arguments");
}
