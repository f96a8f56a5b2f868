/* Whatever a BMC says when it says no: the words stay in their buffers, URLs
 * are masked, and every ladder ends. */
#include <stdint.h>
#include <string.h>

#include "agent/redfish/boot.h"
#include "agent/redfish/extinfo.h"
#include "agent/redfish/payload.h"
#include "common/json.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
masked(const char *s)
{
	while ((s = strstr(s, "://")) != NULL) {
		s += 3;
		s += strcspn(s, "/?# '\"<>)");
		MUST(strcspn(s, " '\"<>)") <= 5); /* "/...;" */
	}
}

static void
ladders_end(const struct rf_ext *x, int status)
{
	struct rf_boot_view v = { .present = true,
		.has_enabled = true,
		.has_target = true,
		.has_mode = true,
		.targets = 63 };
	struct rf_boot_hints h = {
		.system = &v, .settings = &v, .boot_options = true
	};
	char target[] = "/t";
	struct rf_slot_ways w = {
		.insert = target, .oem = target, .patch = true
	};
	struct rf_boot_ladder b;
	struct rf_insert_ladder i;
	unsigned n;

	rf_boot_ladder_init(&b, &h);
	for (n = 0; rf_boot_ladder_next(&b, status, x); n++)
		MUST(n < 64);
	MUST(rf_insert_ladder_init(&i, &w, NULL));
	for (n = 0; rf_insert_ladder_next(&i, status, x); n++)
		MUST(n < 16);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 400, 404, 405, 409, 500 };
	cJSON *j = json_parse((const char *)data, size, NULL);
	struct rf_ext x;
	size_t i;

	rf_ext_parse(&x, j);
	MUST(x.n <= RF_EXT_MESSAGES && strlen(x.text) < sizeof(x.text));
	masked(x.text);
	for (i = 0; i < x.n; i++)
		MUST(strlen(x.m[i].names) < sizeof(x.m[i].names));
	(void)rf_ext_names(&x, "Inserted");
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		ladders_end(&x, statuses[i]);
	cJSON_Delete(j);
	return 0;
}
