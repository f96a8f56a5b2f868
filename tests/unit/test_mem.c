/* Memory, secrets and errors. */
#include "common/mem.h"

#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/err.h"
#include "tests/unit/unit.h"

static void
copies_strings(void)
{
	char *s = xstrndup("abcdef", 3), *t;

	CHECK_TEXT(s, "abc");
	xreplace(&s, s + 1); /* from inside itself */
	CHECK_TEXT(s, "bc");
	xreplace(&s, NULL);
	CU_ASSERT_PTR_NULL(s);
	CU_ASSERT_PTR_NULL(xstrdup(NULL));
	t = xasprintf("%d/%s", 5, "x");
	CHECK_TEXT(t, "5/x");
	xfree(t);
	t = xasprintf("%s<%s>%s", "", "b", "c%s");
	CHECK_TEXT(t, "<b>c%s");
	xfree(t);
	t = xasprintf("%s%%", "100");
	CHECK_TEXT(t, "100%");
	xfree(t);
	t = xasprintf("%s%s%s%s%s%s%s", "1", "2", "3", "4", "5", "6", "7");
	CHECK_TEXT(t, "1234567");
	xfree(t);
	t = xasprintf("no %s", "");
	CHECK_TEXT(t, "no ");
	xfree(t);
	s = xstrndup("ab\0cd", 5);
	CHECK_TEXT(s, "ab");
	xfree(s);
	xfree(NULL);
}

static void
zero_sizes_are_fine(void)
{
	void *p = xmalloc(0), *q = xcalloc(0, 8), *r = xrealloc(NULL, 0);

	CU_ASSERT_PTR_NOT_NULL(p);
	CU_ASSERT_PTR_NOT_NULL(q);
	r = xrealloc(r, 0);
	CU_ASSERT_PTR_NOT_NULL(r);
	xfree(p);
	xfree(q);
	xfree(r);
}

static void
counts_calls(void)
{
	struct mem_stats before = mem_stats(), after;
	void *p = xmalloc(1);

	p = xrealloc(p, 100);
	xfree(p);
	xfree(NULL);
	after = mem_stats();
	CU_ASSERT_EQUAL(after.allocs - before.allocs, 1);
	CU_ASSERT_EQUAL(after.frees - before.frees, 1);
}

static void
an_overflowing_size_aborts(void)
{
	volatile size_t many = SIZE_MAX / 2;
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void)close(STDERR_FILENO); /* the message would confuse */
		(void)xreallocarray(NULL, many, 8);
		_exit(0);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void
secrets_hold_any_bytes_and_are_wiped(void)
{
	struct secret s = { 0 };
	char raw[4] = "abc";

	secret_set(&s, "p\0w", 3);
	CU_ASSERT_EQUAL(s.n, 3);
	CU_ASSERT_EQUAL(memcmp(s.p, "p\0w", 4), 0);
	secret_set(&s, s.p + 2, 1); /* from inside itself */
	CHECK_TEXT(s.p, "w");
	secret_set(&s, "", 0);
	CU_ASSERT_PTR_NULL(s.p);
	secret_free(&s);
	secret_wipe(raw, sizeof(raw));
	CU_ASSERT_EQUAL(memcmp(raw, "\0\0\0", 4), 0);
	secret_wipe(NULL, 0);
}

static void
errors_carry_kind_code_and_context(void)
{
	struct err e = { 0 };

	CU_ASSERT_FALSE(err_set(&e, ERR_BUSY, 503, "try %d", 2));
	CU_ASSERT_EQUAL(e.kind, ERR_BUSY);
	CU_ASSERT_EQUAL(e.code, 503);
	CU_ASSERT_FALSE(err_wrap(&e, "read %s", "system"));
	CHECK_TEXT(e.msg, "read system: try 2");
	CU_ASSERT_FALSE(err_set(&e, ERR_NET, 0, "again (%s)", e.msg));
	CHECK_TEXT(e.msg, "again (read system: try 2)");
	CU_ASSERT_FALSE(err_set(NULL, ERR_NET, 0, "x"));
	CU_ASSERT_FALSE(err_wrap(NULL, "x"));
	err_clear(&e);
	CU_ASSERT_EQUAL(e.kind, ERR_NONE);
	CHECK_TEXT(e.msg, "");
	err_clear(NULL);
	CHECK_TEXT(err_kind_name(ERR_TIMEOUT), "timeout");
	CHECK_TEXT(err_kind_name((enum err_kind)99), "unknown");
	for (int k = ERR_NONE; k <= ERR_INTERNAL; k++)
		CU_ASSERT_PTR_NOT_NULL(err_kind_name((enum err_kind)k));
}

static void
long_messages_are_cut_between_characters(void)
{
	char text[600];
	struct err e = { 0 };

	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[sizeof(text) - 2] = '\0';
	(void)err_set(&e, ERR_NET, 0, "%s", text);
	CU_ASSERT_EQUAL(strlen(e.msg), sizeof(e.msg) - 1);
	CHECK_TEXT(e.msg + strlen(e.msg) - 5, "\xc3\xa9...");
	(void)err_wrap(&e, "context");
	CU_ASSERT_EQUAL(strncmp(e.msg, "context: \xc3\xa9", 11), 0);
	CHECK_TEXT(e.msg + strlen(e.msg) - 5, "\xc3\xa9...");
	(void)err_set(&e, ERR_NET, 0, "short");
	(void)err_wrap(&e, "%s", text);
	CHECK_TEXT(e.msg + strlen(e.msg) - 3, "...");
}

static const struct unit_case cases[] = {
	{ "copies strings", copies_strings },
	{ "zero sizes are fine", zero_sizes_are_fine },
	{ "counts calls", counts_calls },
	{ "an overflowing size aborts", an_overflowing_size_aborts },
	{ "secrets hold any bytes and are wiped",
	    secrets_hold_any_bytes_and_are_wiped },
	{ "errors carry kind, code and context",
	    errors_carry_kind_code_and_context },
	{ "long messages are cut between characters",
	    long_messages_are_cut_between_characters },
};

int
main(void)
{
	return UNIT_RUN("mem", cases);
}
