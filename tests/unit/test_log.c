#include "common/log.h"

#include "common/err.h"
#include "common/loop.h"
#include "common/mem.h"
#include "tests/unit/unit.h"

/* Stands for the loop of the process: only its wall clock is asked. */
int64_t
loop_wall_us(const struct loop *l)
{
	(void)l;
	return 1795371900000042;
}

struct lines {
	char last[8192];
	int n;
};

static void
sink(void *arg, const char *line, size_t n)
{
	struct lines *l = arg;

	CU_ASSERT_EQUAL(line[n], '\0');
	CU_ASSERT_TRUE(n < sizeof(l->last));
	memcpy(l->last, line, n + 1);
	l->n++;
}

static void
writes_one_line_an_event(void)
{
	struct lines out = { .n = 0 };
	struct log l = { .level = LOG_INFO,
		.process = "agent-0",
		.sink = sink,
		.arg = &out };
	struct err e = { 0 };

	LOGI(&l, "host powered on", F_STR("host", "ns/h1"), F_INT("ms", -3),
	    F_BOOL("ok", true));
	CHECK_TEXT(
	    out.last, "info agent-0 host powered on host=ns/h1 ms=-3 ok=true");
	(void)err_set(&e, ERR_BUSY, 503, "try \"later\"");
	LOGE(&l, "failed", F_ERR(&e), F_STR("none", NULL));
	CHECK_TEXT(out.last,
	    "error agent-0 failed err=\"try \\\"later\\\"\" kind=busy code=503 "
	    "none=\"\"");
	l.process = "";
	log_write(&l, LOG_WARN, "bare", NULL);
	CHECK_TEXT(out.last, "warn bare");
}

static void
stamps_with_the_loops_wall_clock(void)
{
	struct lines out = { .n = 0 };
	/* Never looked into: the clock above answers for it. */
	struct log l = { .level = LOG_INFO,
		.process = "p",
		.loop = (const struct loop *)(const void *)&out,
		.sink = sink,
		.arg = &out };

	LOGI(&l, "x", F_INT("a", 1));
	CHECK_TEXT(out.last, "2026-11-22T18:25:00.000042Z info p x a=1");
}

static void
leaves_out_what_is_below_the_level(void)
{
	struct lines out = { .n = 0 };
	struct log l = { .level = LOG_WARN, .sink = sink, .arg = &out };

	LOGI(&l, "x", F_INT("a", 1));
	LOGD(&l, "x", F_INT("a", 1));
	CU_ASSERT_EQUAL(out.n, 0);
	LOGW(&l, "x", F_INT("a", 1));
	LOGE(&l, "x", F_INT("a", 1));
	CU_ASSERT_EQUAL(out.n, 2);
	log_write(NULL, LOG_ERROR, "x", NULL);
	l.sink = NULL;
	LOGE(&l, "x", F_INT("a", 1));
}

static void
values_cannot_forge_lines_or_fields(void)
{
	static const struct {
		const char *value, *shown;
	} t[] = {
		{ "plain-1.2:3/4", "plain-1.2:3/4" },
		{ "a b", "\"a b\"" },
		{ "a=b", "\"a=b\"" },
		{ "a\nerror forged", "\"a\\x0aerror forged\"" },
		{ "\x1b[31m", "\"\\x1b[31m\"" },
		{ "q\"x", "\"q\\\"x\"" },
		{ "b\\x", "\"b\\\\x\"" },
		{ "\xff", "\"\\xff\"" },
		{ "\xc3\xa9", "\"\xc3\xa9\"" },
	};
	struct lines out = { .n = 0 };
	struct log l = { .level = LOG_INFO, .sink = sink, .arg = &out };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		LOGI(&l, "m", F_STR("v", t[i].value));
		CU_ASSERT_EQUAL(strncmp(out.last, "info m v=", 9), 0);
		CHECK_TEXT(out.last + 9, t[i].shown);
	}
	LOGI(&l, "forged\nline", F_INT("a", 1));
	CHECK_TEXT(out.last, "info forged\\x0aline a=1");
}

static void
long_values_and_lines_are_cut(void)
{
	struct lines out = { .n = 0 };
	struct log l = { .level = LOG_INFO, .sink = sink, .arg = &out };
	char *big = xmalloc(100001);

	memset(big, 'x', 100000);
	big[100000] = '\0';
	LOGI(&l, "m", F_STR("v", big), F_INT("after", 1));
	CU_ASSERT_TRUE(strlen(out.last) < 1100);
	CU_ASSERT_PTR_NOT_NULL(strstr(out.last, "x\"... after=1"));
	LOGI(&l, "m", F_STR("a", big), F_STR("b", big), F_STR("c", big),
	    F_STR("d", big), F_STR("e", big));
	CU_ASSERT_TRUE(strlen(out.last) <= 4096 + 8);
	CHECK_TEXT(out.last + strlen(out.last) - 10, "xx\"... ...");
	CU_ASSERT_PTR_NULL(strstr(out.last, " d="));
	xfree(big);
}

static void
reads_level_names(void)
{
	enum log_level level = LOG_ERROR;

	CU_ASSERT_TRUE(log_level_parse("debug", &level));
	CU_ASSERT_EQUAL(level, LOG_DEBUG);
	CU_ASSERT_FALSE(log_level_parse("Debug", &level));
	CU_ASSERT_FALSE(log_level_parse("", &level));
	CU_ASSERT_FALSE(log_level_parse(NULL, &level));
	CU_ASSERT_EQUAL(level, LOG_DEBUG);
}

static const struct unit_case cases[] = {
	{ "writes one line an event", writes_one_line_an_event },
	{ "stamps with the loop's wall clock",
	    stamps_with_the_loops_wall_clock },
	{ "leaves out what is below the level",
	    leaves_out_what_is_below_the_level },
	{ "values cannot forge lines or fields",
	    values_cannot_forge_lines_or_fields },
	{ "long values and lines are cut", long_values_and_lines_are_cut },
	{ "reads level names", reads_level_names },
};

int
main(void)
{
	return UNIT_RUN("log", cases);
}
