#include "sim/kube/schema_regex.h"

#include "tests/unit/schema_rig.h"

/* ---- patterns ----------------------------------------------------------- */

static void
matches_as_re2_does(void)
{
	static const struct {
		const char *pattern, *yes, *no;
	} t[] = {
		{ "abc", "xabcx", "ab" },
		{ "^abc$", "abc", "abcd" },
		{ "^$", "", "a" },
		{ "a|b", "xb", "c" },
		{ "^(a|bc)$", "bc", "b" },
		{ "^a*b+c?$", "bbc", "ac" },
		{ "^[a-c]+$", "abc", "abd" },
		{ "^[^a-c]+$", "xyz", "xay" },
		{ "^[]a]+$", "]a", "b" },
		{ "^[a-]+$", "-a", "b" },
		{ "^[\\d\\-.]+$", "1-2.", "a" },
		{ "^\\w+\\s\\d$", "ab_ 1", "ab1" },
		{ "^\\D\\W\\S$", "a-b", "1-b" },
		{ "^[[:alpha:]_]+$", "aZ_", "a1" },
		{ "^[[:^digit:]]$", "a", "1" },
		{ "^a{2}$", "aa", "aaa" },
		{ "^a{2,}$", "aaaa", "a" },
		{ "^a{1,3}$", "aaa", "aaaa" },
		{ "^(ab){2,3}$", "ababab", "ab" },
		{ "^a{0}b$", "b", "ab" },
		{ "^a{,2}$", "a{,2}", "aa" },
		{ "^x{y$", "x{y", "x" },
		{ "^a+?b$", "aab", "b" },
		{ "^(?:a|b)c$", "bc", "c" },
		{ "^(?P<n>a)$", "a", "b" },
		{ "^a.c$",
		    "a\xc3\xa9"
		    "c",
		    "ac" },
		{ "^\xc3\xa9+$", "\xc3\xa9\xc3\xa9", "\xc3\xa8" },
		{ "^[\xc3\xa0-\xc3\xbf]$", "\xc3\xa9", "e" },
		{ "^\\.\\/\\-$", "./-", "a/-" },
		{ "^\\x41\\x{42}$", "AB", "ab" },
		{ "\\bab\\b", "x ab y", "xaby" },
		{ "^a\\Bb$", "ab", "a b" },
		{ "\\Aab\\z", "ab", "abc" },
		{ "^(a*)*$", "aaa", "b" },
		{ "^(a|b|)+$", "ab", "c" },
		{ "^a\\tb$", "a\tb", "atb" },
		{ "(^a|b$)", "xb", "xa" },
	};

	for (size_t i = 0; i < N(t); i++) {
		struct err e = { 0 };
		struct schema_regex *r = schema_regex_new(t[i].pattern, &e);

		if (r == NULL) {
			CHECK_ROW(r != NULL, e.msg);
			continue;
		}
		CHECK_ROW(schema_regex_match(r, t[i].yes), t[i].pattern);
		CHECK_ROW(!schema_regex_match(r, t[i].no), t[i].pattern);
		schema_regex_free(r);
	}
}

static void
refuses_patterns_that_it_does_not_understand(void)
{
	static const char *const bad[] = { "(", ")", "a)", "[", "[a", "[]",
		"*a", "+", "?", "a**", "a{2}{3}", "a{3,2}", "a{1001}", "\\",
		"\\q", "\\1", "\\pL", "[[:nope:]]", "[[:", "[[", "[[:^:]]",
		"[z-a]", "(?i)a", "(?=a)", "(?!a)", "(?<=a)b", "\\x4",
		"\\x{110000}", "((((a{100}){100}){100}){100})" };

	for (size_t i = 0; i < N(bad); i++) {
		struct err e = { 0 };
		struct schema_regex *r = schema_regex_new(bad[i], &e);

		CHECK_ROW(r == NULL && e.kind == ERR_SPEC, bad[i]);
		schema_regex_free(r);
	}
}

static void
matching_is_linear_for_evil_patterns(void)
{
	static const char *const evil[] = { "^(a+)+$", "^(a|a)*$", "^(a*)*b$",
		"^(([a-z])+.)+[A-Z]([a-z])+$" };
	char *text = xcalloc(1, 20002);

	memset(text, 'a', 20000);
	text[20000] = '!';
	for (size_t i = 0; i < N(evil); i++) {
		struct err e = { 0 };
		struct schema_regex *r = schema_regex_new(evil[i], &e);

		/* Backtracking would take until the end of the world. */
		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		CHECK_ROW(!schema_regex_match(r, text), evil[i]);
		schema_regex_free(r);
	}
	xfree(text);
}

static const struct unit_case cases[] = {
	UNIT_CASE(matches_as_re2_does),
	UNIT_CASE(refuses_patterns_that_it_does_not_understand),
	UNIT_CASE(matching_is_linear_for_evil_patterns),
};

int
main(void)
{
	return UNIT_RUN("schema_regex", cases);
}
