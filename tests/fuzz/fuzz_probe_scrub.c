/*
 * Scrubbing: any resource, learned and scrubbed, prints and parses again; the
 * password that was used is nowhere in it, nor does a value stay whose key
 * says that it is one. To scrub what was scrubbed changes no secret back.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/probe/scrub.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define PASSWORD "hunter-42"

static bool
says_password(const cJSON *c)
{
	return c->string && str_eq(c->string, "Password");
}

/* Links are read by machines: they only get other names. */
static void
look(const cJSON *j)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, j) {
		if (says_password(c) && cJSON_IsString(c))
			MUST(c->valuestring[0] == '\0' ||
			     str_eq(c->valuestring, "scrubbed") ||
			     str_has_prefix(c->valuestring, "/redfish/"));
		if (cJSON_IsString(c) && strstr(c->valuestring, PASSWORD))
			MUST(c->string &&
			     (c->string[0] == '@' ||
				 str_eq(c->string, "target") ||
				 str_has_prefix(c->valuestring, "/redfish/")));
		look(c);
	}
}

static void
scrub(bool keep, const cJSON *j)
{
	struct secret password = { 0 };
	struct scrub *s;
	cJSON *out, *again;
	char *text, *path;

	secret_set(&password, PASSWORD, strlen(PASSWORD));
	s = scrub_new(keep, "operator7", &password);
	scrub_learn(s, j);
	out = scrub_resource(s, j);
	look(out);
	text = json_print(out);
	again = json_parse(text, strlen(text), NULL);
	MUST(again != NULL);
	path = scrub_path(s, text);
	MUST(path != NULL);
	xfree(path);
	xfree(text);
	cJSON_Delete(again);
	cJSON_Delete(out);
	scrub_free(s);
	secret_free(&password);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	cJSON *j = json_parse((const char *)data, n, NULL);

	if (cJSON_IsObject(j)) {
		scrub(false, j);
		scrub(true, j);
	}
	cJSON_Delete(j);
	return 0;
}
