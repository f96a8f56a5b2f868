/* See console.h. */
#include "sim/qemu/console.h"

#include <string.h>

#include "common/str.h"

void
console_start(struct console *c, const struct board_start *s)
{
	memset(c, 0, sizeof(*c));
	c->start = *s;
	c->what = s->n ? s->order[0] : BOARD_DISK;
}

/* ---- which device --------------------------------------------------------- */

/* The next of that kind, for they are tried in order. */
static int
next_of(struct console *c, bool disk)
{
	while (c->at < c->start.n) {
		int what = c->start.order[c->at++];

		if ((what == BOARD_DISK) == disk)
			return what;
	}
	return disk ? BOARD_DISK : c->what;
}

/* "...Sata(0x1,0xFFFF,0x0)": the disk is at port 0, drive 0 at port 1. */
static int
by_path(const struct console *c, const char *line)
{
	const char *p = strstr(line, "Sata(0x");
	char digit = p ? p[7] : '\0';

	if (digit < '0' || digit > '5')
		return c->what;
	return digit == '0' ? BOARD_DISK : digit - '1';
}

static struct console_said
said(enum console_kind kind, int what)
{
	return (struct console_said){ kind, what };
}

static struct console_said
line_said(struct console *c)
{
	const char *bds = strstr(c->line, "BdsDxe: ");

	if (bds) {
		const char *s = bds + strlen("BdsDxe: ");

		c->what = by_path(c, s);
		if (strstr(s, "EFI Internal Shell")) /* the last resort */
			return said(str_has_prefix(s, "starting ")
					? CONSOLE_NO_DEVICE
					: CONSOLE_NOTHING,
			    0);
		if (str_has_prefix(s, "starting "))
			return said(CONSOLE_BOOTING, c->what);
		if (str_has_prefix(s, "failed to "))
			return said(CONSOLE_FAILED, c->what);
		if (str_has_prefix(s, "No bootable option"))
			return said(CONSOLE_NO_DEVICE, 0);
		return said(CONSOLE_NOTHING, 0);
	}
	if (str_has_prefix(c->line, "Booting from ")) {
		c->what = next_of(c, strstr(c->line, "Hard Disk") != NULL);
		return said(CONSOLE_BOOTING, c->what);
	}
	if (str_has_prefix(c->line, "Boot failed"))
		return said(CONSOLE_FAILED, c->what);
	if (str_has_prefix(c->line, "No bootable device"))
		return said(CONSOLE_NO_DEVICE, 0);
	return said(CONSOLE_NOTHING, 0);
}

/* ---- bytes ---------------------------------------------------------------- */

/* True: it belongs to a sequence for terminals. */
static bool
in_escape(struct console *c, char ch)
{
	if (ch == '\033') {
		c->escape = 1;
		return true;
	}
	if (c->escape == 1) {
		c->escape = ch == '[' ? 2 : 0;
		return true;
	}
	if (c->escape == 2) {
		if (ch >= '@' && ch <= '~')
			c->escape = 0;
		return true;
	}
	return false;
}

static struct console_said
byte(struct console *c, char ch)
{
	struct console_said s = said(CONSOLE_NOTHING, 0);

	if (in_escape(c, ch))
		return s;
	if (ch == '\n' || ch == '\r') {
		c->line[c->n] = '\0';
		if (c->n)
			s = line_said(c);
		c->n = 0;
	} else if (ch >= ' ' && c->n < sizeof(c->line) - 1) {
		c->line[c->n++] = ch;
	}
	return s;
}

struct console_said
console_read(struct console *c, const char **p, size_t *n)
{
	while (*n > 0) {
		struct console_said s = said(CONSOLE_NOTHING, 0);

		if (c->seen < CONSOLE_WATCHED) {
			c->seen++;
			s = byte(c, **p);
		}
		(*p)++;
		(*n)--;
		if (s.kind != CONSOLE_NOTHING)
			return s;
	}
	return said(CONSOLE_NOTHING, 0);
}
