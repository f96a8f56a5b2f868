/* What a client of the media server writes: "target NUL range NUL tags". A part
 * that is served lies inside of the image; what is served of a path is what
 * was asked; a masked text has no token left. */
#include <stdint.h>
#include <string.h>

#include "agent/serve/range.h"
#include "agent/serve/token.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_range(const char *value, uint64_t size)
{
	struct range r;
	enum range_kind kind = range_parse(value, size, &r);

	MUST(r.at <= size && r.n <= size - r.at);
	if (kind == RANGE_PART)
		MUST(r.n > 0);
	else
		MUST(r.at == 0 && r.n == size);
}

static void
check_path(const char *target)
{
	char token[TOKEN_CAP], again[TOKEN_CAP], url[TOKEN_CAP + 16];
	enum token_purpose p = TOKEN_PURPOSES, q = TOKEN_PURPOSES;

	if (!token_path(target, &p, token))
		return;
	MUST(strlen(token) == TOKEN_LEN);
	MUST(token_url(url, sizeof(url), "", p, token));
	MUST(str_ieq(url, target));
	MUST(token_path(url, &q, again) && p == q && token_same(token, again));
}

/* No run of letters as long as half a token stands behind a door. */
static void
check_mask(const char *text)
{
	char out[4096];

	token_mask(out, sizeof(out), text);
	for (const char *s = out; *s != '\0'; s++)
		if (str_has_prefix(s, "/m/") || str_has_prefix(s, "/r/"))
			MUST(strspn(s + 3, "abcdefghijklmnopqrstuvwxyz234567"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < 13);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 3);
	const char *range, *tags;

	if (size > 0)
		memcpy(text, data, size);
	memset(text + size, 0, 3);
	range = text + strlen(text);
	range += range < text + size;
	tags = range + strlen(range);
	tags += tags < text + size;
	check_path(text);
	check_mask(text);
	check_range(range, 0);
	check_range(range, 1);
	check_range(range, 1000);
	check_range(range, UINT64_MAX);
	(void)range_tag_listed(tags, "\"a\"", false);
	if (range_tag_listed(tags, "\"a\"", false))
		MUST(range_tag_listed(tags, "\"a\"", true));
	(void)range_tag_holds(tags, "\"a\"");
	xfree(text);
	return 0;
}
