/* What parses can be written and parsed again to the same, and can stand in a
 * request line. The input is "base NUL reference". */
#include <stdint.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct url *u)
{
	char origin[300], text[URL_MAX + 300];
	struct url again;

	MUST(u->target[0] == '/' && u->port != 0 && u->host[0] != '\0');
	for (const char *c = u->target; *c != '\0'; c++)
		MUST(*c > 0x20 && *c < 0x7f && *c != '#' && *c != '\\');
	url_origin(u, origin, sizeof(origin));
	MUST(origin[0] != '\0');
	MUST(str_format(text, sizeof(text), "%s%s", origin, u->target));
	MUST(url_parse(&again, text, NULL));
	MUST(url_same_origin(u, &again));
	MUST(strcmp(u->target, again.target) == 0);
}

static void
check_escapes(const char *s)
{
	char *escaped = url_escape(s), *copy = xstrdup(s);
	char *value = url_query(s, "a");

	MUST(url_unescape(escaped));
	MUST(strcmp(escaped, s) == 0);
	(void)url_unescape(copy); /* any answer is fine, if it ends */
	xfree(escaped);
	xfree(copy);
	xfree(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);
	struct url base, u;
	const char *ref;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	ref = text + strlen(text);
	if (ref < text + size)
		ref++;
	check_escapes(text);
	if (url_parse(&base, text, NULL)) {
		check(&base);
		if (url_resolve(&u, &base, ref, NULL))
			check(&u);
	}
	xfree(text);
	return 0;
}
