#include "agent/redfish/text.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

#define LINK_MAX_BYTES 512

/* Bytes that a lead byte announces; 0 = it is none. */
static size_t
announced(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if ((c & 0xf0) == 0xe0)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

static bool
printable(uint32_t c)
{
	return c >= 0x20 && (c < 0x7f || c >= 0xa0) && c <= 0x10ffff &&
	       (c < 0xd800 || c > 0xdfff);
}

/* Bytes of the valid, printable UTF-8 character at s; 0 = none. */
static size_t
char_len(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = announced(s[0]), i;
	uint32_t c;

	if (n < 2)
		return n == 1 && printable(s[0]) ? 1 : 0;
	c = s[0] & (0x7fU >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fU);
	}
	return c >= least[n] && printable(c) ? n : 0;
}

bool
rf_text_clean(char *dst, size_t cap, const char *src)
{
	const unsigned char *s = (const unsigned char *)(src ? src : "");
	size_t at = 0, len;
	bool gap = false;

	for (; *s; s += len) {
		len = char_len(s);
		if (len == 0 || *s == ' ') {
			/* One blank for a run of blanks and junk. */
			gap = at > 0;
			len = 1;
			continue;
		}
		if (at + gap + len >= cap)
			break;
		if (gap)
			dst[at++] = ' ';
		gap = false;
		memcpy(dst + at, s, len);
		at += len;
	}
	dst[at] = '\0';
	return at > 0;
}

void
rf_text_keep(char **dst, const char *src)
{
	char clean[RF_TEXT_MAX];
	bool any = rf_text_clean(clean, sizeof(clean), src);

	if (any && str_eq(*dst, clean))
		return;
	xreplace(dst, any ? clean : NULL);
}

static bool
plain_target(const char *ref)
{
	const unsigned char *s = (const unsigned char *)ref;

	if (s[0] != '/' || s[1] == '/')
		return false;
	for (; *s; s++)
		if (*s <= 0x20 || *s >= 0x7f || *s == '#' || *s == '\\')
			return false;
	return true;
}

char *
rf_text_link(const char *origin, const char *ref)
{
	struct url base, u;

	if (!ref || ref[0] == '\0' || strlen(ref) > LINK_MAX_BYTES)
		return NULL;
	if (plain_target(ref))
		return xstrdup(ref);
	if (!url_parse(&base, origin, NULL) ||
	    !url_resolve(&u, &base, ref, NULL) || !url_same_origin(&u, &base) ||
	    !plain_target(u.target) || strlen(u.target) > LINK_MAX_BYTES)
		return NULL;
	return xstrdup(u.target);
}

void
rf_text_keep_link(char **dst, const char *origin, const char *ref)
{
	char *link;

	if (ref && str_eq(*dst, ref))
		return;
	link = rf_text_link(origin, ref);
	xfree(*dst);
	*dst = link;
}

static const char url_ends[] = " '\"<>)";
static const char url_mask[] = { '/', '.', '.', '.' };

/* From path to end, in place; where the rest begins now. */
static char *
mask_path(char *path, char *end)
{
	if (end - path <= (ptrdiff_t)sizeof(url_mask))
		return end;
	memcpy(path, url_mask, sizeof(url_mask));
	memmove(path + sizeof(url_mask), end, strlen(end) + 1);
	return path + sizeof(url_mask);
}

static bool
is_image(const char *end)
{
	char last[5];

	memcpy(last, end - 4, 4);
	last[4] = '\0';
	return str_ieq(last, ".iso") || str_ieq(last, ".img");
}

/* Some repeat it without its scheme and host. */
static void
mask_files(char *s)
{
	char *path, *end;

	for (; *s != '\0'; s = end + strspn(end, url_ends)) {
		end = s + strcspn(s, url_ends);
		while (end > s && strchr(".,;:", end[-1]) != NULL)
			end--;
		path = memchr(s, '/', (size_t)(end - s));
		if (path != NULL && end - path > 4 && is_image(end))
			end = mask_path(path, end);
		end += strcspn(end, url_ends);
	}
}

void
rf_text_mask_urls(char *s)
{
	char *all = s, *path, *at;

	while ((s = strstr(s, "://")) != NULL) {
		s += 3;
		path = s + strcspn(s, "/?# '\"<>)");
		at = memrchr(s, '@', (size_t)(path - s));
		if (at) { /* user:password@ */
			memmove(s, at + 1, strlen(at + 1) + 1);
			path -= at + 1 - s;
		}
		s = mask_path(path, path + strcspn(path, url_ends));
	}
	mask_files(all);
}

/* Masked before it is cut: half a token is one too much. */
void
rf_text_sentence(char *dst, size_t cap, const char *text)
{
	char all[1024];

	(void)rf_text_clean(all, sizeof(all), text);
	rf_text_mask_urls(all);
	(void)rf_text_clean(dst, cap, all);
}

static char
folded(char c)
{
	return c >= 'A' && c <= 'Z' ? "abcdefghijklmnopqrstuvwxyz"[c - 'A'] : c;
}

bool
rf_text_contains(const char *s, const char *lower)
{
	size_t i;

	for (; s && *s; s++) {
		for (i = 0; lower[i] && folded(s[i]) == lower[i]; i++)
			;
		if (!lower[i])
			return true;
	}
	return false;
}

const char *
rf_text_segment(const char *path, size_t *n)
{
	size_t end = path ? strcspn(path, "?") : 0, at;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (at = end; at > 0 && path[at - 1] != '/'; at--)
		;
	*n = end - at;
	return *n > 0 ? path + at : NULL;
}

bool
rf_text_segment_is(const char *path, const char *name)
{
	size_t n;
	const char *s = rf_text_segment(path, &n);

	return s && name && strlen(name) == n && memcmp(s, name, n) == 0;
}
