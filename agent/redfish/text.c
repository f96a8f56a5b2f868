#include "agent/redfish/text.h"

#include <stdint.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

#define LINK_MAX_BYTES 512

/* Bytes of the valid, printable UTF-8 character at s; 0 = none. */
static size_t
char_len(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t n, i;

	if (s[0] < 0x80)
		return s[0] >= 0x20 && s[0] != 0x7f ? 1 : 0;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	c = s[0] & (0x7fU >> n);
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fU);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return c < 0xa0 ? 0 : n; /* C1 controls */
}

bool
rf_text_clean(char *dst, size_t cap, const char *src)
{
	const unsigned char *s = (const unsigned char *)(src ? src : "");
	size_t at = 0, len;

	while (*s && at + 1 < cap) {
		len = char_len(s);
		if (at + (len ? len : 1) >= cap)
			break;
		if (len == 0 || (len == 1 && *s == ' ')) {
			/* One blank for a run of blanks and junk. */
			if (at > 0 && dst[at - 1] != ' ')
				dst[at++] = ' ';
			s++;
			continue;
		}
		memcpy(dst + at, s, len);
		at += len;
		s += len;
	}
	while (at > 0 && dst[at - 1] == ' ')
		at--;
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

void
rf_text_mask_urls(char *s)
{
	static const char ends[] = " '\"<>)";
	char *path, *end, *at;

	while ((s = strstr(s, "://")) != NULL) {
		s += 3;
		path = s + strcspn(s, "/?# '\"<>)");
		at = memrchr(s, '@', (size_t)(path - s));
		if (at) { /* user:password@ */
			memmove(s, at + 1, strlen(at));
			path -= at + 1 - s;
		}
		end = path + strcspn(path, ends);
		if (end - path > 4) {
			memcpy(path, "/...", 4);
			memmove(path + 4, end, strlen(end) + 1);
			end = path + 4;
		}
		s = end;
	}
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
