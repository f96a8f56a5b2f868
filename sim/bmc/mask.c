/* See mask.h. */
#include "sim/bmc/mask.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define TOKEN_MIN 20

/* A folder of a path that is long and of lower-case letters and digits alone:
 * what opens a medium. */
static size_t
token_len(const char *s)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t n = strspn(s, set);

	return n >= TOKEN_MIN && s[n] == '/' ? n : 0;
}

static void
mask_folders(char *s)
{
	size_t n;

	for (; (s = strchr(s, '/')) != NULL; s++) {
		n = token_len(s + 1);
		if (n == 0)
			continue;
		memcpy(s + 1, "***", 3);
		memmove(s + 4, s + 1 + n, strlen(s + 1 + n) + 1);
	}
}

void
mask_url(char *out, size_t cap, const char *url)
{
	size_t n = strcspn(url, "?");

	if (n + 5 > cap)
		n = cap > 5 ? cap - 5 : 0;
	memcpy(out, url, n);
	out[n] = '\0';
	if (url[n] == '?')
		(void)str_copy(out + n, cap - n, "?***");
	mask_folders(out);
}

static void
mask_string(cJSON *c)
{
	char tmp[2100];

	if (!strstr(c->valuestring, "://"))
		return;
	mask_url(tmp, sizeof(tmp), c->valuestring);
	json_retext(c, tmp);
}

static void
mask_tree(cJSON *j, unsigned depth)
{
	cJSON *c;

	if (depth > 16)
		return;
	cJSON_ArrayForEach (c, j) {
		bool secret = c->string && (strstr(c->string, "assword") ||
					       strstr(c->string, "oken") ||
					       strstr(c->string, "ecret"));

		if (secret && cJSON_IsString(c))
			json_retext(c, "***");
		else if (cJSON_IsString(c))
			mask_string(c);
		else
			mask_tree(c, depth + 1);
	}
}

static bool
harmless(const char *p, size_t n)
{
	static const char *const marks[] = { "assword", "oken", "ecret", "?",
		"/m/" };

	if (p[0] != '{' || memchr(p, '\0', n))
		return false;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (memmem(p, n, marks[i], strlen(marks[i])))
			return false;
	return true;
}

char *
mask_body(const char *p, size_t n, size_t max)
{
	struct err e = { 0 };
	cJSON *j;
	char *text;

	if (n == 0)
		return xstrdup("");
	/* what is not shown need not be looked at */
	if (harmless(p, n < max ? n : max))
		return xstrndup(p, n < max ? n : max);
	j = json_parse(p, n, &e);
	if (!j)
		return xasprintf("(%zu bytes)", n);
	mask_tree(j, 0);
	text = json_print(j);
	cJSON_Delete(j);
	if (strlen(text) > max)
		text[max] = '\0';
	return text;
}
