/* JSON texts in tests: one that does not parse ends the test. */
#ifndef B7_TESTS_JSON_RIG_H
#define B7_TESTS_JSON_RIG_H

#include <CUnit/Basic.h>
#include <string.h>

#include "common/json.h"

static inline cJSON *
rig_json(const char *text)
{
	cJSON *j = json_parse(text, strlen(text), NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	return j;
}

#endif
