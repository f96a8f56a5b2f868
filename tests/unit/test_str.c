#include "common/str.h"

#include <limits.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

static void
compares_and_copies(void)
{
	char small[4], big[16];

	CU_ASSERT_TRUE(str_eq("a", "a"));
	CU_ASSERT_FALSE(str_eq("a", "A"));
	CU_ASSERT_FALSE(str_eq("a", NULL));
	CU_ASSERT_TRUE(str_eq(NULL, NULL));
	CU_ASSERT_TRUE(str_ieq("ETag", "etAG"));
	CU_ASSERT_FALSE(str_ieq("ETag", "ETags"));
	CU_ASSERT_FALSE(str_ieq("[", "{")); /* differ in the case bit */
	CU_ASSERT_TRUE(str_empty(NULL) && str_empty("") && !str_empty(" "));
	CU_ASSERT_TRUE(str_has_prefix("abc", "ab") && str_has_prefix("a", ""));
	CU_ASSERT_FALSE(str_has_prefix("a", "ab") || str_has_prefix(NULL, ""));
	CU_ASSERT_TRUE(str_has_suffix("abc", "bc") && str_has_suffix("a", ""));
	CU_ASSERT_FALSE(str_has_suffix("c", "bc") || str_has_suffix(NULL, ""));
	CU_ASSERT_TRUE(str_has_iprefix("bAsIc x", "Basic "));
	CU_ASSERT_FALSE(str_has_iprefix("Bas", "Basic "));
	CU_ASSERT_FALSE(str_has_iprefix(NULL, "") || str_has_iprefix("x", "y"));
	CU_ASSERT_TRUE(str_copy(small, sizeof(small), "abc"));
	CU_ASSERT_FALSE(str_copy(small, sizeof(small), "abcd"));
	CHECK_TEXT(small, "abc");
	CU_ASSERT_FALSE(str_copy(small, 0, "x"));
	CU_ASSERT_TRUE(str_format(big, sizeof(big), "%d-%s", 7, "x"));
	CHECK_TEXT(big, "7-x");
	CU_ASSERT_FALSE(str_format(small, sizeof(small), "%d", 1234));
	CHECK_TEXT(small, "123");
}

static void
reads_whole_numbers_only(void)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} t[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "007", true, 7 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "-9223372036854775809", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "-", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "1x", false, 0 },
		{ "--1", false, 0 },
		{ "0x1", false, 0 },
	};
	uint64_t u = 5;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t v = 0;

		CHECK_ROW(str_to_i64(t[i].text, &v) == t[i].ok, t[i].text);
		CHECK_ROW(v == t[i].value, t[i].text);
	}
	CU_ASSERT_TRUE(str_to_u64("18446744073709551615", &u));
	CU_ASSERT_EQUAL(u, UINT64_MAX);
	CU_ASSERT_FALSE(str_to_u64("18446744073709551616", &u));
	CU_ASSERT_FALSE(str_to_u64("-1", &u));
	CU_ASSERT_FALSE(str_to_u64(NULL, &u));
	CU_ASSERT_FALSE(str_to_i64(NULL, NULL));
}

static void
reads_finite_decimals_only(void)
{
	static const struct {
		const char *text;
		bool ok;
		double value;
	} t[] = {
		{ "1", true, 1 },
		{ "-1.5", true, -1.5 },
		{ "+.5", true, 0.5 },
		{ "1.", true, 1 },
		{ "2e3", true, 2000 },
		{ "2E-2", true, 0.02 },
		{ "", false, 0 },
		{ ".", false, 0 },
		{ "-", false, 0 },
		{ "e1", false, 0 },
		{ "1e", false, 0 },
		{ "1e+", false, 0 },
		{ "1e999", false, 0 },
		{ "inf", false, 0 },
		{ "nan", false, 0 },
		{ "0x1p3", false, 0 },
		{ " 1", false, 0 },
		{ "1,5", false, 0 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		double d = 0;

		CHECK_ROW(str_to_double(t[i].text, &d) == t[i].ok, t[i].text);
		CHECK_ROW(d >= t[i].value && d <= t[i].value, t[i].text);
	}
}

static void
knows_valid_utf8(void)
{
	static const struct {
		const char *text;
		size_t len;
	} t[] = {
		{ "a", 1 },
		{ "\xc3\xa9", 2 },
		{ "\xe2\x82\xac", 3 },
		{ "\xf0\x9f\x98\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "\x80", 0 },
		{ "\xc0\x80", 0 },
		{ "\xc1\xbf", 0 },
		{ "\xe0\x80\x80", 0 },
		{ "\xed\xa0\x80", 0 },
		{ "\xf0\x80\x80\x80", 0 },
		{ "\xf4\x90\x80\x80", 0 },
		{ "\xf5\x80\x80\x80", 0 },
		{ "\xff", 0 },
		{ "\xc3", 0 },
		{ "\xe2\x82", 0 },
		{ "\xe2\x82x", 0 },
		{ "\xf0\x9f\x98", 0 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		CHECK_ROW(
		    str_utf8_len(t[i].text, strlen(t[i].text)) == t[i].len,
		    t[i].text);
	CU_ASSERT_EQUAL(str_utf8_len("a", 0), 0);
}

static void
globs(void)
{
	static const struct {
		const char *pattern, *text;
		bool hit;
	} t[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", "a/b", true },
		{ "a*", "abc", true },
		{ "a*c", "abc", true },
		{ "a*c", "abcd", false },
		{ "*b*", "abc", true },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "?", "", false },
		{ "**a**", "xxay", true },
		{ "*ab", "aab", true },
		{ "host-*:443", "host-1:443", true },
		{ "A", "a", false },
		{ "[a]", "a", false },
	};
	char text[3001];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		CHECK_ROW(str_glob(t[i].pattern, t[i].text) == t[i].hit,
		    t[i].pattern);
	/* exponential in a careless matcher */
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CU_ASSERT_FALSE(str_glob("*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void
hashes_as_fnv_1a(void)
{
	CU_ASSERT_EQUAL(str_hash("", 0), 0xcbf29ce484222325u);
	CU_ASSERT_EQUAL(str_hash("a", 0), 0xaf63dc4c8601ec8cu);
	CU_ASSERT_EQUAL(str_hash("foobar", 0), 0x85944171f73967e8u);
	CU_ASSERT_NOT_EQUAL(str_hash("a", 1), str_hash("a", 2));
}

static void
checks_dns_names(void)
{
	char label[65];

	memset(label, 'a', 64);
	label[64] = '\0';
	CU_ASSERT_FALSE(str_is_dns_label(label));
	CU_ASSERT_FALSE(str_is_dns_subdomain(label));
	label[63] = '\0';
	CU_ASSERT_TRUE(str_is_dns_label(label));
	CU_ASSERT_TRUE(str_is_dns_label("a-1") && str_is_dns_label("0"));
	CU_ASSERT_FALSE(str_is_dns_label("") || str_is_dns_label(NULL));
	CU_ASSERT_FALSE(str_is_dns_label("A") || str_is_dns_label("a.b"));
	CU_ASSERT_FALSE(str_is_dns_label("-a") || str_is_dns_label("a-"));
	CU_ASSERT_TRUE(str_is_dns_subdomain("a.b-c.0"));
	CU_ASSERT_FALSE(str_is_dns_subdomain("a..b"));
	CU_ASSERT_FALSE(str_is_dns_subdomain(".a"));
	CU_ASSERT_FALSE(str_is_dns_subdomain("a."));
	CU_ASSERT_FALSE(str_is_dns_subdomain("a.-b"));
	CU_ASSERT_FALSE(str_is_dns_subdomain(""));
	CU_ASSERT_FALSE(str_is_dns_subdomain(NULL));
}

static void
escapes_whole_characters(void)
{
	char out[64], small[6];

	str_escape(out, sizeof(out), "a\"\\\n\x7f\xc3\xa9\xff", 8);
	CHECK_TEXT(out, "a\\\"\\\\\\x0a\\x7f\xc3\xa9\\xff");
	str_escape(out, sizeof(out), "a\0b", 3);
	CHECK_TEXT(out, "a\\x00b");
	str_escape(small, sizeof(small), "abc\n", 4);
	CHECK_TEXT(small, "abc"); /* no half escape */
	str_escape(small, sizeof(small), "abcd\xc3\xa9", 6);
	CHECK_TEXT(small, "abcd");
}

static const struct {
	const char *plain, *coded;
} base64[] = {
	/* RFC 4648 section 10 */
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xff\xfe\xfd", "//79" },
	{ "\xfb\xf0", "+/A=" },
};

static void
codes_base64(void)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg===", "Z===",
		"====", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9v", "Zm9v!", "Zm-_",
		"Zg=a", "=g==" };
	char out[64];
	size_t n;

	for (size_t i = 0; i < sizeof(base64) / sizeof(base64[0]); i++) {
		size_t plain_n = strlen(base64[i].plain);
		char *s = b64_encode(base64[i].plain, plain_n);

		CHECK_TEXT(s, base64[i].coded);
		CU_ASSERT_TRUE(b64_decode(s, strlen(s), out, plain_n, &n));
		CU_ASSERT_EQUAL(n, plain_n);
		CU_ASSERT_EQUAL(memcmp(out, base64[i].plain, n), 0);
		if (plain_n > 0)
			CU_ASSERT_FALSE(
			    b64_decode(s, strlen(s), out, plain_n - 1, &n));
		xfree(s);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(
		    !b64_decode(bad[i], strlen(bad[i]), out, 64, &n), bad[i]);
	CU_ASSERT_TRUE(b64_decode("Zm9\nv\r\n", 7, out, 64, &n));
	CU_ASSERT_EQUAL(n, 3);
}

static void
codes_hex_and_digests(void)
{
	uint8_t raw[32];
	char hex[65];

	hex_encode(hex, "\x00\xab\xff", 3);
	CHECK_TEXT(hex, "00abff");
	CU_ASSERT_TRUE(hex_decode("00AbfF", raw, 3));
	CU_ASSERT_EQUAL(memcmp(raw, "\x00\xab\xff", 3), 0);
	CU_ASSERT_FALSE(hex_decode("00abf", raw, 3));
	CU_ASSERT_FALSE(hex_decode("00abff0", raw, 3));
	CU_ASSERT_FALSE(hex_decode("00abfg", raw, 3));
	CU_ASSERT_FALSE(hex_decode("", raw, 1));
	sha256("abc", 3, raw); /* FIPS 180-4 */
	hex_encode(hex, raw, 32);
	CHECK_TEXT(hex, "ba7816bf8f01cfea414140de5dae2223"
			"b00361a396177a9cb410ff61f20015ad");
}

static void
writes_times(void)
{
	static const struct {
		int64_t us;
		const char *s, *with_us;
	} t[] = {
		{ 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z" },
		{ 1795371900000001, "2026-11-22T18:25:00Z",
		    "2026-11-22T18:25:00.000001Z" },
		{ -1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999Z" },
		{ 951782400000000, "2000-02-29T00:00:00Z",
		    "2000-02-29T00:00:00.000000Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z", NULL },
		{ INT64_MIN, "0000-01-01T00:00:00Z", NULL },
	};
	char out[RFC3339_CAP];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		rfc3339_s(out, t[i].us);
		CHECK_TEXT(out, t[i].s);
		if (t[i].with_us == NULL)
			continue;
		rfc3339_us(out, t[i].us);
		CHECK_TEXT(out, t[i].with_us);
	}
}

static void
reads_times(void)
{
	static const struct {
		const char *text;
		int64_t us; /* -1 = refused */
	} t[] = {
		{ "2026-11-22T18:25:00Z", 1795371900000000 },
		{ "2026-11-22t18:25:00z", 1795371900000000 },
		{ "2026-11-22 18:25:00Z", 1795371900000000 },
		{ "2026-11-22T18:25:00.5Z", 1795371900500000 },
		{ "2026-11-22T18:25:00.123456789Z", 1795371900123456 },
		{ "2026-11-22T19:25:00+01:00", 1795371900000000 },
		{ "2026-11-22T12:25:00-0600", 1795371900000000 },
		{ "2026-11-22T23:55:00+05:30", 1795371900000000 },
		{ "2016-12-31T23:59:60Z", 1483228800000000 },
		{ "2000-02-29T00:00:00Z", 951782400000000 },
		{ "1900-02-29T00:00:00Z", -1 },
		{ "2026-02-30T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 },
		{ "2026-00-01T00:00:00Z", -1 },
		{ "2026-01-00T00:00:00Z", -1 },
		{ "2026-01-01T24:00:00Z", -1 },
		{ "2026-01-01T00:60:00Z", -1 },
		{ "2026-01-01T00:00:61Z", -1 },
		{ "2026-01-01T00:00:00", -1 },
		{ "2026-01-01T00:00:00.Z", -1 },
		{ "2026-01-01T00:00:00+24:00", -1 },
		{ "2026-01-01T00:00:00+1", -1 },
		{ "2026-01-01T00:00:00Zx", -1 },
		{ "2026-01-01", -1 },
		{ "26-01-01T00:00:00Z", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t us = -1;

		CHECK_ROW(rfc3339_parse(t[i].text, &us) == (t[i].us != -1),
		    t[i].text);
		CHECK_ROW(us == t[i].us, t[i].text);
	}
	CU_ASSERT_FALSE(rfc3339_parse(NULL, NULL));
}

static void
every_day_of_eight_centuries_survives(void)
{
	int64_t us, back;

	for (int64_t day = -150000; day < 150000; day += 7) {
		char out[RFC3339_CAP];

		us = (day * 86400 + 4242) * 1000000;
		rfc3339_s(out, us);
		if (!rfc3339_parse(out, &back) || back != us) {
			CHECK_TEXT(out, "a time that reads back");
			return;
		}
	}
	CU_PASS("");
}

static const struct unit_case cases[] = {
	{ "compares and copies", compares_and_copies },
	{ "reads whole numbers only", reads_whole_numbers_only },
	{ "reads finite decimals only", reads_finite_decimals_only },
	{ "knows valid UTF-8", knows_valid_utf8 },
	UNIT_CASE(globs),
	{ "hashes as FNV-1a", hashes_as_fnv_1a },
	{ "checks DNS names", checks_dns_names },
	{ "escapes whole characters", escapes_whole_characters },
	{ "codes base64", codes_base64 },
	{ "codes hex and digests", codes_hex_and_digests },
	{ "writes times", writes_times },
	{ "reads times", reads_times },
	{ "every day of eight centuries survives",
	    every_day_of_eight_centuries_survives },
};

int
main(void)
{
	return UNIT_RUN("str", cases);
}
