/* See contract.h. Runs all checks, those of a group, or those named. */
#include "tests/conformance/capi/contract.h"

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/files.h"
#include "common/str.h"

static const struct group {
	const char *name;
	const struct contract_check *checks;
} groups[] = {
	{ "packaging", contract_packaging },
	{ "install", contract_install },
	{ "clone", contract_clone },
	{ "owner", contract_owner },
	{ "gates", contract_gates },
	{ "machine", contract_machine },
	{ "cluster", contract_cluster },
	{ "conditions", contract_conditions },
	{ "pause", contract_pause },
	{ "external", contract_external },
	{ "deletion", contract_deletion },
	{ "races", contract_races },
	{ "apply", contract_apply },
	{ "metadata", contract_metadata },
	{ "move", contract_move },
	{ "manager", contract_manager },
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

enum result {
	PASSED,
	PART, /* what can be seen passed */
	SKIPPED,
	FAILED
};

struct tally {
	unsigned passed, failed, skipped;
	struct buf table;
};

static const char *
result_name(enum result r)
{
	static const char *const names[] = { [PASSED] = "passed",
		[PART] = "in part",
		[SKIPPED] = "SKIPPED",
		[FAILED] = "FAILED" };

	return names[r];
}

/* What CUnit found, one a line. */
static void
show_failures(unsigned number)
{
	CU_pFailureRecord f = CU_get_failure_list();

	for (unsigned n = 0; f != NULL && n < 20; f = f->pNext, n++)
		(void)printf("FAILED: check %u: %s:%u: %s\n", number,
		    f->strFileName != NULL ? f->strFileName : "",
		    f->uiLineNumber,
		    f->strCondition != NULL ? f->strCondition : "");
}

/* In a registry of its own, so that failures are those of this check. */
static enum result
run_one(const struct contract_check *c)
{
	CU_pSuite suite;
	CU_pTest test;
	bool ok;

	if (c->fn == NULL)
		return SKIPPED;
	if (CU_initialize_registry() != CUE_SUCCESS)
		return FAILED;
	suite = CU_add_suite("contract", NULL, NULL);
	test = suite == NULL ? NULL : CU_add_test(suite, c->what, c->fn);
	ok = test != NULL && CU_run_test(suite, test) == CUE_SUCCESS &&
	     CU_get_number_of_failures() == 0 && CU_get_number_of_asserts() > 0;
	if (!ok)
		show_failures(c->number);
	CU_cleanup_registry();
	return !ok ? FAILED : c->skip != NULL ? PART : PASSED;
}

static void
run_check(struct tally *t, const struct contract_check *c)
{
	enum result r = run_one(c);

	t->passed += r == PASSED || r == PART;
	t->failed += r == FAILED;
	t->skipped += r == PART || r == SKIPPED;
	if (r == PART || r == SKIPPED)
		(void)printf("SKIPPED: check %u%s: %s\n", c->number,
		    r == PART ? " in part" : "", c->skip);
	(void)buf_addf(&t->table, "check %2u  %-7s  %s%s%s\n", c->number,
	    result_name(r), c->what, c->skip == NULL ? "" : "; not seen: ",
	    c->skip == NULL ? "" : c->skip);
	(void)fflush(stdout);
}

static bool
wanted(const struct group *g, unsigned number, int argc, char **argv)
{
	char text[16];

	(void)str_format(text, sizeof(text), "%u", number);
	for (int i = 1; i < argc; i++)
		if (str_eq(argv[i], g->name) || str_eq(argv[i], text))
			return true;
	return argc < 2;
}

/* ---- the README's table --------------------------------------------------- */

static void
table_row(struct buf *b, const struct group *g, const struct contract_check *c)
{
	(void)buf_addf(b, "| %u | %c | %s | %s%s | `%s.c` |\n", c->number,
	    c->level, c->what,
	    c->fn == NULL     ? "skipped: "
	    : c->skip != NULL ? "tested; skipped: "
			      : "tested",
	    c->skip != NULL ? c->skip : "", g->name);
}

static void
table(struct buf *b)
{
	(void)buf_adds(b, "| check | level | what | state | where |\n"
			  "| --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < GROUPS; i++)
		for (const struct contract_check *c = groups[i].checks;
		     c->number != 0; c++)
			table_row(b, &groups[i], c);
}

/* All numbers are there once and in order, and each says what it can. */
static bool
complete(void)
{
	unsigned next = 1;

	for (size_t i = 0; i < GROUPS; i++)
		for (const struct contract_check *c = groups[i].checks;
		     c->number != 0; c++) {
			if (c->number != next++ ||
			    (c->fn == NULL && c->skip == NULL)) {
				(void)printf("FAILED: check %u is out of "
					     "order, or says nothing\n",
				    c->number);
				return false;
			}
		}
	if (next != CONTRACT_CHECKS + 1)
		(void)printf("FAILED: %u checks, %d are wanted\n", next - 1,
		    CONTRACT_CHECKS);
	return next == CONTRACT_CHECKS + 1;
}

static int
readme_is_true(const char *path)
{
	struct files f = files_system();
	struct err e = { 0 };
	struct buf is, want;
	bool ok;

	buf_init(&is, 1u << 20);
	buf_init(&want, 1u << 20);
	table(&want);
	ok = complete() && f.read(f.self, path, &is, &e) &&
	     strstr(buf_str(&is), buf_str(&want)) != NULL;
	if (!ok)
		(void)printf("FAILED: %s does not hold the table that "
			     "--table prints %s\n",
		    path, e.msg);
	(void)printf("%d passed, %d failed\n", ok, !ok);
	buf_free(&is);
	buf_free(&want);
	return ok ? 0 : 1;
}

static int
print_table(void)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	table(&b);
	(void)fputs(buf_str(&b), stdout);
	buf_free(&b);
	return 0;
}

int
main(int argc, char **argv)
{
	struct tally t = { 0 };

	if (argc == 2 && str_eq(argv[1], "--table"))
		return print_table();
	if (argc == 3 && str_eq(argv[1], "--readme"))
		return readme_is_true(argv[2]);
	buf_init(&t.table, 1u << 20);
	for (size_t i = 0; i < GROUPS; i++)
		for (const struct contract_check *c = groups[i].checks;
		     c->number != 0; c++)
			if (wanted(&groups[i], c->number, argc, argv))
				run_check(&t, c);
	(void)printf("\nnumber, result, reason\n%s", buf_str(&t.table));
	(void)printf("%u passed, %u failed, %u skipped\n", t.passed, t.failed,
	    t.skipped);
	buf_free(&t.table);
	return t.failed > 0 || t.passed + t.skipped == 0 ? 1 : 0;
}
