/* Unified kernel images: programs of UEFI (PE) with a kernel and its arguments in
 * sections ("Unified Kernel Image" of the UAPI group). */
#include <stdint.h>
#include <string.h>

#include "agent/media/karg.h"

#define SECTION 40u

static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* The header of a section, by its name with a NUL; NULL = it is not told of in
 * these bytes. */
static const uint8_t *
section(const uint8_t *v, size_t n, const char *name)
{
	size_t at, count, head;

	if (n < 64 || v[0] != 'M' || v[1] != 'Z')
		return NULL;
	at = le32(v + 60);
	if (at >= 1u << 24 || at + 24 > n || memcmp(v + at, "PE\0\0", 4) != 0)
		return NULL;
	count = (size_t)v[at + 6] | (size_t)v[at + 7] << 8;
	head = (size_t)v[at + 20] | (size_t)v[at + 21] << 8;
	at += 24 + head;
	for (size_t i = 0; i < count && at + SECTION <= n; i++, at += SECTION)
		if (strncmp((const char *)v + at, name, 8) == 0)
			return v + at;
	return NULL;
}

bool
karg_is_unified(const void *p, size_t n)
{
	return section(p, n, ".linux") != NULL;
}

bool
karg_unified_args(const void *p, size_t n, uint32_t *at, uint32_t *len)
{
	const uint8_t *s = section(p, n, ".cmdline");

	if (s == NULL)
		return false;
	*len = le32(s + 8); /* as it is in memory: without padding */
	if (*len > le32(s + 16))
		*len = le32(s + 16);
	*at = le32(s + 20);
	return *len > 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

static bool
has_word(const char *text, size_t n, const char *word, size_t len)
{
	for (size_t i = 0; i + len <= n; i++)
		if ((i == 0 || is_blank(text[i - 1])) &&
		    memcmp(text + i, word, len) == 0 &&
		    (i + len == n || is_blank(text[i + len])))
			return true;
	return false;
}

bool
karg_has_all(const char *text, size_t n, const char *args)
{
	while (*args != '\0') {
		size_t len = strcspn(args, " ");

		if (len > 0 && !has_word(text, n, args, len))
			return false;
		args += len;
		args += strspn(args, " ");
	}
	return true;
}
