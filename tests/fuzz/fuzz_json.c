/* Whatever parses prints, and the print parses to the same; patches made of
 * the input keep the caps. */
#include <stdint.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
round_trip(const cJSON *j)
{
	char *once = json_print(j), *twice;
	cJSON *back = json_parse(once, strlen(once), NULL);

	MUST(back != NULL);
	MUST(json_equal(j, back));
	twice = json_print(back);
	MUST(strcmp(once, twice) == 0);
	cJSON_Delete(back);
	xfree(once);
	xfree(twice);
}

static void
patch(const cJSON *j)
{
	const cJSON *a = json_at(j, "0"), *b = json_at(j, "1");
	cJSON *patched, *merged, *diff;

	if (a == NULL || b == NULL)
		return;
	patched = json_patch(a, b, NULL);
	if (patched != NULL)
		MUST(json_depth(patched) <= JSON_MAX_DEPTH &&
		     json_count_nodes(patched) <= JSON_MAX_NODES);
	cJSON_Delete(patched);
	diff = json_merge_diff(a, b);
	MUST((diff == NULL) == json_equal(a, b));
	merged = json_merge_patch(a, b);
	MUST(merged != NULL);
	cJSON_Delete(diff);
	cJSON_Delete(merged);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	cJSON *j = json_parse((const char *)data, size, &e);

	MUST((j == NULL) == (e.kind != ERR_NONE));
	if (j == NULL)
		return 0;
	MUST(json_depth(j) <= JSON_MAX_DEPTH);
	round_trip(j);
	patch(j);
	cJSON_Delete(j);
	return 0;
}
