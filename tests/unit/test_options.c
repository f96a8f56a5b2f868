#include "common/options.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

struct opts {
	bool verbose, quick;
	const char *file, *name;
	int64_t port, retries, wait_us, any_us;
};

static const struct option_row rows[] = {
	{ "verbose", 'v', OPT_FLAG, .help = "Say more.", .group = "General",
	    .offset = offsetof(struct opts, verbose) },
	{ "quick", 0, OPT_FLAG, .dflt = "true", .help = "Be quick.",
	    .offset = offsetof(struct opts, quick) },
	{ "config-file", 'f', OPT_STR, "FILE", "/etc/x",
	    .help = "Where the configuration is; a help text so long that it "
		    "does not fit on one line of a terminal.",
	    .group = "Input", .offset = offsetof(struct opts, file) },
	{ "name", 0, OPT_STR, .help = "A name.",
	    .offset = offsetof(struct opts, name) },
	{ "port", 'p', OPT_INT, "N", "80", 1, 65535, "The port.", NULL,
	    offsetof(struct opts, port) },
	{ "retries-before-giving-up-wholly", 0, OPT_INT, "COUNT",
	    .help = "How often.", .offset = offsetof(struct opts, retries) },
	{ "wait", 'w', OPT_DURATION, "TIME", "0", 500000, 3600000000, "Wait.",
	    NULL, offsetof(struct opts, wait_us) },
	{ "any", 0, OPT_DURATION, .help = "Any time.",
	    .offset = offsetof(struct opts, any_us) },
	{ 0 },
};

#define ARGS_MAX 12

struct run {
	struct opts o;
	struct err e;
	char *args[ARGS_MAX];
	char **rest;
	int n_rest;
	bool ok;
};

/* words: space separated; "_" stands for an empty word */
static void
run(struct run *r, const char *words, bool with_rest)
{
	int argc = 0;

	memset(r, 0, sizeof(*r));
	r->args[argc++] = xstrdup("prog");
	while (*words != '\0') {
		size_t n = strcspn(words, " ");

		r->args[argc++] =
		    *words == '_' ? xstrdup("") : xstrndup(words, n);
		words += n;
		words += strspn(words, " ");
	}
	{
		char *argv[ARGS_MAX + 1] = { NULL };

		memcpy(argv, r->args, sizeof(r->args));
		r->ok = options_parse(rows, &r->o, "B7TEST", argc, argv,
		    with_rest ? &r->rest : NULL, &r->n_rest, &r->e);
		r->rest = NULL;
	}
}

static void
done(struct run *r)
{
	for (int i = 0; i < ARGS_MAX; i++)
		xfree(r->args[i]);
}

static void
defaults_stand_where_nothing_is_given(void)
{
	struct run r;

	run(&r, "", false);
	CU_ASSERT_TRUE(r.ok);
	CU_ASSERT_FALSE(r.o.verbose);
	CU_ASSERT_TRUE(r.o.quick);
	CHECK_TEXT(r.o.file, "/etc/x");
	CU_ASSERT_PTR_NULL(r.o.name);
	CU_ASSERT_EQUAL(r.o.port, 80);
	CU_ASSERT_EQUAL(r.o.retries, 0);
	CU_ASSERT_EQUAL(r.o.wait_us, 0); /* below min: means "off" */
	done(&r);
}

static void
takes_all_spellings(void)
{
	struct run r;

	run(&r, "--verbose --config-file=a=b --name n -p 8080 --wait 1m30s",
	    false);
	CU_ASSERT_TRUE(r.ok);
	CU_ASSERT_TRUE(r.o.verbose);
	CHECK_TEXT(r.o.file, "a=b");
	CHECK_TEXT(r.o.name, "n");
	CU_ASSERT_EQUAL(r.o.port, 8080);
	CU_ASSERT_EQUAL(r.o.wait_us, 90000000);
	done(&r);
	run(&r, "-v --quick=false --name= -f --x --port=1 --any=1us", false);
	CU_ASSERT_TRUE(r.ok);
	CU_ASSERT_TRUE(r.o.verbose);
	CU_ASSERT_FALSE(r.o.quick);
	CHECK_TEXT(r.o.name, "");
	CHECK_TEXT(r.o.file, "--x");
	CU_ASSERT_EQUAL(r.o.any_us, 1);
	done(&r);
	run(&r, "--port 1 --port 2", false);
	CU_ASSERT_EQUAL(r.o.port, 2);
	done(&r);
}

static void
returns_positional_arguments_in_order(void)
{
	char a0[] = "prog", a1[] = "one", a2[] = "-v", a3[] = "-", a4[] = "--",
	     a5[] = "-x";
	char *argv[] = { a0, a1, a2, a3, a4, a5, NULL };
	char **rest = NULL;
	struct opts o;
	int n = 0;

	CU_ASSERT_TRUE(options_parse(rows, &o, NULL, 6, argv, &rest, &n, NULL));
	CU_ASSERT_EQUAL_FATAL(n, 3);
	CHECK_TEXT(rest[0], "one");
	CHECK_TEXT(rest[1], "-");
	CHECK_TEXT(rest[2], "-x");
	CU_ASSERT_TRUE(o.verbose);
}

static void
errors_name_the_argument(void)
{
	static const struct {
		const char *words, *msg;
	} t[] = {
		{ "--prot 1", "unknown option --prot; did you mean --port?" },
		{ "--zzzzzzz", "unknown option --zzzzzzz; --help lists them" },
		{ "-x", "unknown option -x; --help lists them" },
		{ "-vp", "unknown option -vp; --help lists them" },
		{ "--Port 1", "unknown option --Port; did you mean --port?" },
		{ "--port", "--port needs a value" },
		{ "-p", "-p needs a value" },
		{ "--port x", "--port takes a number, not \"x\"" },
		{ "--port=", "--port takes a number, not \"\"" },
		{ "--port 1.5", "--port takes a number, not \"1.5\"" },
		{ "--port +1", "--port takes a number, not \"+1\"" },
		{ "--port 0x10", "--port takes a number, not \"0x10\"" },
		{ "--port 0", "--port must be between 1 and 65535" },
		{ "-p 65536", "-p must be between 1 and 65535" },
		{ "--port 99999999999999999999",
		    "--port takes a number, not \"99999999999999999999\"" },
		{ "--wait 10ms", "--wait must be between 500ms and 3600s" },
		{ "--wait 10",
		    "--wait takes a duration such as 500ms, 30s, 10m or 2h, "
		    "not \"10\"" },
		{ "--verbose=maybe",
		    "--verbose takes true or false, not \"maybe\"" },
		{ "stray", "unexpected argument \"stray\"" },
		{ "-- -v", "unexpected argument \"-v\"" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct run r;

		run(&r, t[i].words, false);
		CHECK_ROW(!r.ok && r.e.kind == ERR_SPEC, t[i].words);
		CHECK_TEXT(r.e.msg, t[i].msg);
		done(&r);
	}
}

static void
the_environment_is_below_the_command_line(void)
{
	struct run r;

	CU_ASSERT_EQUAL(setenv("B7TEST_PORT", "90", 1), 0);
	CU_ASSERT_EQUAL(setenv("B7TEST_CONFIG_FILE", "env", 1), 0);
	CU_ASSERT_EQUAL(setenv("B7TEST_VERBOSE", "1", 1), 0);
	run(&r, "--port 91", false);
	CU_ASSERT_TRUE(r.ok);
	CU_ASSERT_EQUAL(r.o.port, 91);
	CHECK_TEXT(r.o.file, "env");
	CU_ASSERT_TRUE(r.o.verbose);
	done(&r);
	CU_ASSERT_EQUAL(setenv("B7TEST_PORT", "x", 1), 0);
	run(&r, "", false);
	CU_ASSERT_FALSE(r.ok);
	CHECK_TEXT(r.e.msg, "B7TEST_PORT takes a number, not \"x\"");
	done(&r);
	CU_ASSERT_EQUAL(unsetenv("B7TEST_PORT"), 0);
	CU_ASSERT_EQUAL(unsetenv("B7TEST_CONFIG_FILE"), 0);
	CU_ASSERT_EQUAL(unsetenv("B7TEST_VERBOSE"), 0);
}

static void
help_is_printed_from_the_table(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	options_help(rows, f);
	CU_ASSERT_EQUAL(fclose(f), 0);
	CHECK_TEXT(text,
	    "General:\n"
	    "  -v, --verbose               Say more.\n"
	    "      --quick                 Be quick.\n"
	    "\n"
	    "Input:\n"
	    "  -f, --config-file FILE      Where the configuration is; a help "
	    "text so long\n"
	    "                              that it does not fit on one line of "
	    "a terminal.\n"
	    "                              [/etc/x]\n"
	    "      --name VALUE            A name.\n"
	    "  -p, --port N                The port. [80]\n"
	    "      --retries-before-giving-up-wholly COUNT\n"
	    "                              How often.\n"
	    "  -w, --wait TIME             Wait. [0]\n"
	    "      --any VALUE             Any time.\n");
	free(text);
}

static void
reads_durations(void)
{
	static const struct {
		const char *text;
		long long us; /* -1 = refused */
	} t[] = {
		{ "1us", 1 },
		{ "500ms", 500000 },
		{ "30s", 30000000 },
		{ "10m", 600000000 },
		{ "2h", 7200000000 },
		{ "1h30m", 5400000000 },
		{ "0s", 0 },
		UNIT_CASE(0),
		{ "", -1 },
		{ "10", -1 },
		{ "s", -1 },
		{ "-1s", -1 },
		{ "1.5s", -1 },
		{ "1 s", -1 },
		{ "1d", -1 },
		{ "1sm", -1 },
		{ "9999999999999h", -1 },
		{ "99999999999999999999s", -1 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		long long us = -1;

		CHECK_ROW(duration_parse(t[i].text, &us) == (t[i].us >= 0),
		    t[i].text);
		CHECK_ROW(us == t[i].us, t[i].text);
	}
	CU_ASSERT_FALSE(duration_parse(NULL, NULL));
}

static const struct unit_case cases[] = {
	{ "defaults stand where nothing is given",
	    defaults_stand_where_nothing_is_given },
	{ "takes all spellings", takes_all_spellings },
	{ "returns positional arguments in order",
	    returns_positional_arguments_in_order },
	{ "errors name the argument", errors_name_the_argument },
	{ "the environment is below the command line",
	    the_environment_is_below_the_command_line },
	{ "help is printed from the table", help_is_printed_from_the_table },
	{ "reads durations", reads_durations },
};

int
main(void)
{
	return UNIT_RUN("options", cases);
}
