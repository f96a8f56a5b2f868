/* The main of a unit test: one CUnit suite from a table of named cases. */
#ifndef B7_UNIT_H
#define B7_UNIT_H

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

struct unit_case {
	const char *name; /* says the behaviour */
	void (*fn)(void);
};

/* Of many like cases only every so manieth: 1, but more under valgrind, where
 * all would take hours. From the environment, see tests/under.py. */
static inline unsigned
unit_stride(void)
{
	const char *s = getenv("BESKAR7_TEST_STRIDE");
	unsigned n = 0;

	for (; s != NULL && *s >= '0' && *s <= '9' && n < 1000; s++)
		n = n * 10 + (unsigned)(*s - '0');
	return n == 0 ? 1 : n;
}

/* A case by the name of its function. */
/* clang-format off */
#define UNIT_CASE(f) { #f, f }
/* clang-format on */

static inline int
unit_run(const char *suite, const struct unit_case *cases, size_t n)
{
	unsigned failures;
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	s = CU_add_suite(suite, NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		if (s == NULL ||
		    CU_add_test(s, cases[i].name, cases[i].fn) == NULL)
			return 2;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	(void)CU_basic_run_tests();
	failures =
	    CU_get_number_of_failures() + CU_get_number_of_tests_failed();
	CU_cleanup_registry();
	return failures == 0 ? 0 : 1;
}

#define UNIT_RUN(suite, cases) \
	unit_run((suite), (cases), sizeof(cases) / sizeof((cases)[0]))

/* Fails with both texts, where CU_ASSERT_STRING_EQUAL shows its source. */
static inline void
unit_text(const char *got, const char *want, const char *file, int line)
{
	char msg[512];

	if (got != NULL && strcmp(got, want) == 0) {
		CU_PASS("");
		return;
	}
	(void)snprintf(msg, sizeof(msg), "got <%.240s> want <%.240s>",
	    got != NULL ? got : "(null)", want);
	(void)CU_assertImplementation(
	    CU_FALSE, (unsigned)line, msg, file, "", CU_FALSE);
}
#define CHECK_TEXT(got, want) unit_text((got), (want), __FILE__, __LINE__)

/* For rows of a table: fails and names the row. */
static inline void
unit_row(int ok, const char *row, const char *what, const char *file, int line)
{
	char msg[512];

	(void)snprintf(msg, sizeof(msg), "%.200s: <%.240s>", what, row);
	(void)CU_assertImplementation(
	    ok ? CU_TRUE : CU_FALSE, (unsigned)line, msg, file, "", CU_FALSE);
}
#define CHECK_ROW(ok, row) unit_row((ok), (row), #ok, __FILE__, __LINE__)

#endif
