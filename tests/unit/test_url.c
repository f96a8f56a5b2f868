#include "common/url.h"

#include "common/mem.h"
#include "tests/unit/unit.h"

static const struct {
	const char *text;
	bool https;
	const char *host;
	bool v6;
	int port; /* 0 = refused */
	const char *target;
} parses[] = {
	{ "https://host", true, "host", false, 443, "/" },
	{ "http://host", false, "host", false, 80, "/" },
	{ "HTTPS://HOST.Example/Path", true, "host.example", false, 443,
	    "/Path" },
	{ "https://10.0.0.1:8443/redfish/v1", true, "10.0.0.1", false, 8443,
	    "/redfish/v1" },
	{ "https://[2001:DB8::1]:444/x", true, "2001:db8::1", true, 444, "/x" },
	{ "http://[::1]", false, "::1", true, 80, "/" },
	{ "http://h:/x", false, "h", false, 80, "/x" },
	{ "http://h?q=1", false, "h", false, 80, "/?q=1" },
	{ "http://h/a/./b/../c?x=/../y", false, "h", false, 80,
	    "/a/c?x=/../y" },
	{ "http://h/../../x", false, "h", false, 80, "/x" },
	{ "http://h/a%20b", false, "h", false, 80, "/a%20b" },
	{ "http://h:65535/", false, "h", false, 65535, "/" },
	{ "http://my_bmc.lan/", false, "my_bmc.lan", false, 80, "/" },
	{ "", .port = 0 },
	{ "host", .port = 0 },
	{ "/path", .port = 0 },
	{ "ftp://host/", .port = 0 },
	{ "file:///etc/passwd", .port = 0 },
	{ "https:/host", .port = 0 },
	{ "https:host", .port = 0 },
	{ "https://", .port = 0 },
	{ "https:///x", .port = 0 },
	{ "https://user@host/", .port = 0 },
	{ "https://user:pw@host/", .port = 0 },
	{ "https://good@evil/", .port = 0 },
	{ "https://host/#f", .port = 0 },
	{ "https://host#f", .port = 0 },
	{ "https://host/a b", .port = 0 },
	{ "https://host/a\nb", .port = 0 },
	{ "https://host/a\r\nX: y", .port = 0 },
	{ "https://host/\x7f", .port = 0 },
	{ "https://host/\xc3\xa9", .port = 0 },
	{ "https://host/a\\b", .port = 0 },
	{ "https://host\\@evil/", .port = 0 },
	{ "https://host/%", .port = 0 },
	{ "https://host/%2", .port = 0 },
	{ "https://host/%zz", .port = 0 },
	{ "https://ho st/", .port = 0 },
	{ "https://ho%73t/", .port = 0 },
	{ "https://-host/", .port = 0 },
	{ "https://.host/", .port = 0 },
	{ "https://a..b/", .port = 0 },
	{ "https://host:0/", .port = 0 },
	{ "https://host:65536/", .port = 0 },
	{ "https://host:-1/", .port = 0 },
	{ "https://host:8x/", .port = 0 },
	{ "https://host:99999999999999999999/", .port = 0 },
	{ "https://h:1:2/", .port = 0 },
	{ "https://[::1/", .port = 0 },
	{ "https://[::1]x/", .port = 0 },
	{ "https://[fe80::1%25eth0]/", .port = 0 },
	{ "https://[1]/", .port = 0 },
	{ "https://[]/", .port = 0 },
	{ "https://::1/", .port = 0 },
};

static void
parses_http_urls_and_refuses_the_rest(void)
{
	for (size_t i = 0; i < sizeof(parses) / sizeof(parses[0]); i++) {
		struct err e = { 0 };
		struct url u;
		bool ok = url_parse(&u, parses[i].text, &e);

		CHECK_ROW(ok == (parses[i].port != 0), parses[i].text);
		if (!ok) {
			CHECK_ROW(e.kind == ERR_SPEC, parses[i].text);
			continue;
		}
		if (parses[i].port == 0)
			continue;
		CHECK_TEXT(u.host, parses[i].host);
		CHECK_TEXT(u.target, parses[i].target);
		CHECK_ROW(u.https == parses[i].https, parses[i].text);
		CHECK_ROW(u.host_is_v6 == parses[i].v6, parses[i].text);
		CHECK_ROW(u.port == parses[i].port, parses[i].text);
	}
}

static void
refuses_what_does_not_fit(void)
{
	char text[3000];
	struct err e = { 0 };
	struct url u;

	(void)snprintf(text, sizeof(text), "http://h/%02040d", 0);
	CU_ASSERT_TRUE(url_parse(&u, text, &e));
	(void)snprintf(text, sizeof(text), "http://h/%02047d", 0);
	CU_ASSERT_FALSE(url_parse(&u, text, &e));
	(void)snprintf(text, sizeof(text), "http://%0256d/", 0);
	CU_ASSERT_FALSE(url_parse(&u, text, &e));
}

static void
messages_do_not_show_the_query(void)
{
	struct err e = { 0 };
	struct url u;

	CU_ASSERT_FALSE(url_parse(&u, "ftp://h/x?token=s3cret", &e));
	CU_ASSERT_PTR_NULL(strstr(e.msg, "s3cret"));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "ftp://h/x"));
}

/* RFC 3986 section 5.4, base http://a/b/c/d?q: the path parameter ";p" of the
 * original is kept; fragments are left out here. NULL = refused. */
static const struct {
	const char *ref, *want;
} refs[] = {
	{ "g:h", NULL },
	{ "g", "http://a/b/c/g" },
	{ "./g", "http://a/b/c/g" },
	{ "g/", "http://a/b/c/g/" },
	{ "/g", "http://a/g" },
	{ "//g", "http://g/" },
	{ "?y", "http://a/b/c/d;p?y" },
	{ "g?y", "http://a/b/c/g?y" },
	{ "#s", "http://a/b/c/d;p?q" },
	{ "g#s", "http://a/b/c/g" },
	{ "g?y#s", "http://a/b/c/g?y" },
	{ ";x", "http://a/b/c/;x" },
	{ "g;x", "http://a/b/c/g;x" },
	{ "g;x?y#s", "http://a/b/c/g;x?y" },
	{ "", "http://a/b/c/d;p?q" },
	{ ".", "http://a/b/c/" },
	{ "./", "http://a/b/c/" },
	{ "..", "http://a/b/" },
	{ "../", "http://a/b/" },
	{ "../g", "http://a/b/g" },
	{ "../..", "http://a/" },
	{ "../../", "http://a/" },
	{ "../../g", "http://a/g" },
	{ "../../../g", "http://a/g" },
	{ "../../../../g", "http://a/g" },
	{ "/./g", "http://a/g" },
	{ "/../g", "http://a/g" },
	{ "g.", "http://a/b/c/g." },
	{ ".g", "http://a/b/c/.g" },
	{ "g..", "http://a/b/c/g.." },
	{ "..g", "http://a/b/c/..g" },
	{ "./../g", "http://a/b/g" },
	{ "./g/.", "http://a/b/c/g/" },
	{ "g/./h", "http://a/b/c/g/h" },
	{ "g/../h", "http://a/b/c/h" },
	{ "g;x=1/./y", "http://a/b/c/g;x=1/y" },
	{ "g;x=1/../y", "http://a/b/c/y" },
	{ "g?y/./x", "http://a/b/c/g?y/./x" },
	{ "g?y/../x", "http://a/b/c/g?y/../x" },
	{ "g#s/./x", "http://a/b/c/g" },
	{ "http:g", NULL },
	/* what peers send */
	{ "https://other:444/x", "https://other:444/x" },
	{ "//[::1]:81/x", "http://[::1]:81/x" },
	{ "/redfish/v1/Chassis/1/Power#/PowerControl/0",
	    "http://a/redfish/v1/Chassis/1/Power" },
	{ "javascript:alert(1)", NULL },
	{ "//user@g/", NULL },
	{ "/a\nb", NULL },
	{ "/a b", NULL },
	{ "/%0", NULL },
	{ "\\\\evil/x", NULL },
	{ "/x:y", "http://a/x:y" },
	{ "a//b", "http://a/b/c/a//b" },
	{ "..//g", "http://a/b//g" },
};

static void
resolves_as_rfc_3986(void)
{
	struct url base;

	CU_ASSERT_FATAL(url_parse(&base, "http://a/b/c/d;p?q", NULL));
	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
		char origin[300], text[3000];
		struct err e = { 0 };
		struct url u;
		bool ok = url_resolve(&u, &base, refs[i].ref, &e);

		CHECK_ROW(ok == (refs[i].want != NULL), refs[i].ref);
		if (!ok) {
			CHECK_ROW(e.kind == ERR_PROTO, refs[i].ref);
			continue;
		}
		url_origin(&u, origin, sizeof(origin));
		(void)snprintf(text, sizeof(text), "%s%s", origin, u.target);
		if (refs[i].want != NULL)
			CHECK_TEXT(text, refs[i].want);
	}
	CU_ASSERT_FALSE(url_resolve(&base, &base, NULL, NULL));
	CU_ASSERT_TRUE(url_resolve(&base, &base, "../z", NULL));
	CHECK_TEXT(base.target, "/b/z"); /* in place */
}

static void
compares_origins(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} t[] = {
		{ "https://h", "https://H:443/x", true },
		{ "http://h:80", "http://h/y", true },
		{ "https://h", "http://h", false },
		{ "https://h", "https://h:444", false },
		{ "https://h", "https://g", false },
		{ "http://h:443", "https://h:443", false },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct url a, b;

		CU_ASSERT_FATAL(url_parse(&a, t[i].a, NULL));
		CU_ASSERT_FATAL(url_parse(&b, t[i].b, NULL));
		CHECK_ROW(url_same_origin(&a, &b) == t[i].same, t[i].b);
	}
}

static void
writes_origins_whole_or_not(void)
{
	struct url u;
	char out[64], tiny[10];

	CU_ASSERT_FATAL(url_parse(&u, "https://[::1]:444/x", NULL));
	url_origin(&u, out, sizeof(out));
	CHECK_TEXT(out, "https://[::1]:444");
	url_origin(&u, tiny, sizeof(tiny));
	CHECK_TEXT(tiny, "");
	CU_ASSERT_FATAL(url_parse(&u, "http://h:80/x", NULL));
	url_origin(&u, out, sizeof(out));
	CHECK_TEXT(out, "http://h");
}

static void
escapes_and_unescapes(void)
{
	static const struct {
		const char *plain, *escaped;
	} t[] = {
		{ "abcXYZ019-._~", "abcXYZ019-._~" },
		{ "a/b c?d#e%f+g&h=i", "a%2Fb%20c%3Fd%23e%25f%2Bg%26h%3Di" },
		{ "\xc3\xa9\n", "%C3%A9%0A" },
		{ "", "" },
	};
	static const char *const broken[] = { "%", "%1", "%g1", "%00", "a%",
		"%2" };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *s = url_escape(t[i].plain);

		CHECK_TEXT(s, t[i].escaped);
		CU_ASSERT_TRUE(url_unescape(s));
		CHECK_TEXT(s, t[i].plain);
		xfree(s);
	}
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		char *s = xstrdup(broken[i]);

		CHECK_ROW(!url_unescape(s), broken[i]);
		xfree(s);
	}
}

static void
finds_query_parameters(void)
{
	static const struct {
		const char *target, *name, *value; /* NULL = absent */
	} t[] = {
		{ "/x?a=1&b=2", "a", "1" },
		{ "/x?a=1&b=2", "b", "2" },
		{ "/x?a=1&a=2", "a", "1" },
		{ "/x?ab=1", "a", NULL },
		{ "/x", "a", NULL },
		{ "/x?", "a", NULL },
		{ "/x?watch", "watch", "" },
		{ "/x?watch=", "watch", "" },
		{ "/x?watch&b=1", "b", "1" },
		{ "/x?l=a%3Db%2Cc%21%3Dd", "l", "a=b,c!=d" },
		{ "/x?l=a+in+%28b%29", "l", "a in (b)" },
		{ "/x?a=b=c", "a", "b=c" },
		{ "/x?%61=1", "a", "1" },
		{ "/x?a=%0", "a", NULL },
		{ "/x?a=%00", "a", NULL },
		{ "/x?&&a=1", "a", "1" },
		{ "/x?$expand=*($levels=1)", "$expand", "*($levels=1)" },
		{ "/x?A=1", "a", NULL },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char *v = url_query(t[i].target, t[i].name);

		if (t[i].value == NULL)
			CHECK_ROW(v == NULL, t[i].target);
		else
			CHECK_TEXT(v, t[i].value);
		xfree(v);
	}
}

static const struct unit_case cases[] = {
	{ "parses http URLs and refuses the rest",
	    parses_http_urls_and_refuses_the_rest },
	{ "refuses what does not fit", refuses_what_does_not_fit },
	{ "messages do not show the query", messages_do_not_show_the_query },
	{ "resolves as RFC 3986", resolves_as_rfc_3986 },
	{ "compares origins", compares_origins },
	{ "writes origins whole or not", writes_origins_whole_or_not },
	{ "escapes and unescapes", escapes_and_unescapes },
	{ "finds query parameters", finds_query_parameters },
};

int
main(void)
{
	return UNIT_RUN("url", cases);
}
