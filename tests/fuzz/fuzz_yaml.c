/* Whatever parses is a tree within the caps whose print is JSON; lines stay
 * within the text. */
#include <stdint.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/yaml.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct err e = { 0 };
	cJSON *j = yaml_parse_all(text, size, "fuzz", &e), *back;
	char *out;
	int line;

	MUST((j == NULL) == (e.kind != ERR_NONE));
	line = yaml_line_of(text, size, 0, "a/0/b");
	MUST(line >= 0 && (size_t)line <= size + 1);
	if (j == NULL)
		return 0;
	MUST(json_depth(j) <= JSON_MAX_DEPTH + 1);
	for (const cJSON *d = j->child; d != NULL; d = d->next) {
		out = json_print(d);
		back = json_parse(out, strlen(out), NULL);
		MUST(back != NULL);
		cJSON_Delete(back);
		xfree(out);
	}
	cJSON_Delete(j);
	return 0;
}
