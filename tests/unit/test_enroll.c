/* Manifests of many hosts from tables and ranges, good and hostile. */
#include "agent/enroll/enroll.h"

#include <stdio.h>
#include <string.h>

#include "agent/enroll/csv.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/random.h"
#include "common/str.h"
#include "common/yaml.h"
#include "tests/unit/unit.h"

struct made {
	cJSON *docs; /* owned; NULL = refused */
	struct enroll_result r;
	char told[4096];
	struct err e;
};

static void
tell(void *arg, const char *message)
{
	struct made *m = arg;
	size_t n = strlen(m->told);

	(void)str_format(m->told + n, sizeof(m->told) - n, "%s\n", message);
}

static struct enroll_opts
plain(void)
{
	return (struct enroll_opts){ .prefix = "bmc-", .secret = "login" };
}

static struct made
make_n(
    const char *text, size_t n, const char *range, const struct enroll_opts *o)
{
	struct made m = { .r = { .tell = tell } };
	char *copy = xmalloc(n + 1);
	struct buf out;
	bool ok;

	m.r.tell_arg = &m;
	memcpy(copy, text, n);
	buf_init(&out, 256u << 20);
	ok = range != NULL ? enroll_range(&out, range, o, &m.r, &m.e)
			   : enroll_csv(&out, copy, n, o, &m.r, &m.e);
	if (ok)
		m.docs = yaml_parse_all(buf_str(&out), out.n, "made", &m.e);
	CU_ASSERT_TRUE(!ok || m.docs != NULL);
	CU_ASSERT_TRUE(ok || out.n == 0);
	buf_free(&out);
	xfree(copy);
	m.r.tell_arg = NULL;
	return m;
}

static struct made
csv(const char *text, const struct enroll_opts *o)
{
	return make_n(text, strlen(text), NULL, o);
}

static void
check(const cJSON *doc, const char *path, const char *want)
{
	const char *got = json_str(doc, path, NULL);

	if (!str_eq(got, want))
		(void)fprintf(stderr, "%s: %s, not %s\n", path,
		    got == NULL ? "absent" : got, want == NULL ? "" : want);
	CU_ASSERT_TRUE(str_eq(got, want));
}

static const cJSON *
doc(const struct made *m, int i)
{
	const cJSON *d = cJSON_GetArrayItem(m->docs, i);

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	return d;
}

static void
a_table_becomes_hosts_and_secrets(void)
{
	struct enroll_opts o = plain();
	struct made m;

	o.ns = "metal";
	o.tofu = true;
	o.labels = "role=worker,rack=r1";
	m = csv("name,address,username,password,zone,label:role,fingerprint\n"
		"n1,10.1.1.1,admin,\"p,\"\"w: {x}\n#\",z1,gpu,\n"
		",bmc7.example.org:8443,,,,,\n",
	    &o);
	CU_ASSERT_EQUAL_FATAL(cJSON_GetArraySize(m.docs), 3);
	check(doc(&m, 0), "kind", "Secret");
	check(doc(&m, 0), "metadata/name", "n1-bmc");
	check(doc(&m, 0), "metadata/namespace", "metal");
	check(doc(&m, 0), "stringData/password", "p,\"w: {x}\n#");
	check(doc(&m, 1), "kind", "PhysicalHost");
	check(doc(&m, 1), "spec/redfishConnection/address", "https://10.1.1.1");
	check(doc(&m, 1), "spec/redfishConnection/credentialsSecretRef/name",
	    "n1-bmc");
	check(doc(&m, 1), "metadata/labels/role", "gpu");
	check(doc(&m, 1), "metadata/labels/rack", "r1");
	check(doc(&m, 1), "metadata/labels/topology.kubernetes.io~1zone", "z1");
	CU_ASSERT_TRUE(json_bool(
	    doc(&m, 1), "spec/redfishConnection/trustOnFirstUse", false));
	check(doc(&m, 2), "metadata/name", "bmc-bmc7-example-org");
	check(doc(&m, 2), "metadata/labels/role", "worker");
	check(doc(&m, 2), "spec/redfishConnection/credentialsSecretRef/name",
	    "login");
	CU_ASSERT_EQUAL(m.r.hosts, 2);
	CU_ASSERT_EQUAL(m.r.secrets, 1);
	cJSON_Delete(m.docs);
}

static void
spreadsheets_write_it_in_many_ways(void)
{
	static const char *const tables[] = {
		"name,address\nn1,10.1.1.1\n",
		"\357\273\277name,address\r\nn1,10.1.1.1\r\n",
		"name;address\r\nn1;10.1.1.1",
		"\"name\"\t\"address\"\n\"n1\"\t\"10.1.1.1\"\n",
		"ADDRESS , Name\n 10.1.1.1 , n1 \n\n,\n\r\n",
		"address,name,zone\n10.1.1.1,n1\n",
		"\357\273\277\"name\",address\nn1,https://10.1.1.1\n",
	};
	struct enroll_opts o = plain();

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		struct made m = csv(tables[i], &o);

		CHECK_ROW(cJSON_GetArraySize(m.docs) == 1, m.e.msg);
		check(cJSON_GetArrayItem(m.docs, 0), "metadata/name", "n1");
		check(cJSON_GetArrayItem(m.docs, 0),
		    "spec/redfishConnection/address", "https://10.1.1.1");
		cJSON_Delete(m.docs);
	}
}

static void
what_is_wrong_is_told_with_its_line(void)
{
	static const struct {
		const char *table, *want;
	} t[] = {
		{ "", "no hosts" },
		{ "name,address\n", "no hosts" },
		{ "name\nn1\n", "one of them is address" },
		{ "address,colour\n10.1.1.1,red\n", "called \"colour\"" },
		{ "address,address\n", "there twice" },
		{ "address\n10.1.1.1,x\n", "line 2: 2 fields, but 1 columns" },
		{ "address,name\n10.1.1.1,\"n1\n",
		    "line 2: a quote is opened" },
		{ "address,name\n10.1.1.1,\"n\"1\n", "line 2: text after" },
		{ "address\n\xff\n", "line 2: not UTF-8" },
		{ "address,name\n,n1\n", "line 2: the address is missing" },
		{ "address\n10.1.1.1\nhttps://u:p@x\n", "line 3: this is no" },
		{ "address,name\n10.1.1.1,N_1\n", "line 2: a name has lower" },
		{ "address,name\n10.1.1.1,n1\n10.1.1.2,n1\n",
		    "line 3: line 2 has this name" },
		{ "address,name\n10.1.1.1,n1\nhttps://10.1.1.1,n2\n",
		    "line 3: line 2 has this address" },
		{ "address,username\n10.1.1.1,admin\n", "without password" },
		{ "address,username,password,secret\n1.1.1.1,a,b,c\n",
		    "one is enough" },
		{ "address,fingerprint\n1.1.1.1,ab:cd\n", "64 hex digits" },
		{ "address,zone\n1.1.1.1,a b\n", "a label's value: \"a b\"" },
		{ "address,label:a b\n1.1.1.1,x\n", "cannot be a label" },
		{ "address,secret\n1.1.1.1,A\n", "no name of a Secret" },
		{ "address,name\n1.1.1.1,\x1b[2J\n", "\\x1b[2J" },
	};
	struct enroll_opts o = plain();

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct made m = csv(t[i].table, &o);

		CHECK_ROW(m.docs == NULL, t[i].table);
		if (strstr(m.told, t[i].want) == NULL &&
		    strstr(m.e.msg, t[i].want) == NULL)
			(void)fprintf(stderr, "told: %s%s\n", m.told, m.e.msg);
		CHECK_ROW(strstr(m.told, t[i].want) != NULL ||
			      strstr(m.e.msg, t[i].want) != NULL,
		    t[i].want);
		cJSON_Delete(m.docs);
	}
	o.secret = NULL;
	CU_ASSERT_PTR_NULL(csv("address\n10.1.1.1\n", &o).docs);
}

static void
no_password_is_told(void)
{
	struct enroll_opts o = plain();
	struct made m =
	    csv("address,username,password\nx y,admin,tell-nobody\n", &o);

	CU_ASSERT_PTR_NULL(m.docs);
	CU_ASSERT_PTR_NULL(strstr(m.told, "tell-nobody"));
	CU_ASSERT_PTR_NULL(strstr(m.e.msg, "tell-nobody"));
}

static void
ranges_are_counted_out(void)
{
	static const struct {
		const char *range, *first, *last;
		int n;
	} t[] = {
		{ "10.1.1.11-10.1.1.42", "10-1-1-11", "10-1-1-42", 32 },
		{ "10.1.1.11-42", "10-1-1-11", "10-1-1-42", 32 },
		{ "10.1.0.254-10.1.1.1", "10-1-0-254", "10-1-1-1", 4 },
		{ "10.1.1.0/30", "10-1-1-1", "10-1-1-2", 2 },
		{ "10.1.1.7/32", "10-1-1-7", "10-1-1-7", 1 },
		{ "10.1.1.6/31", "10-1-1-6", "10-1-1-7", 2 },
		{ "10.1.1.7", "10-1-1-7", "10-1-1-7", 1 },
		{ "10.1.1.7,10.1.2.1-3", "10-1-1-7", "10-1-2-3", 4 },
		{ "fd00::11-1f", "fd00--11", "fd00--1f", 15 },
		{ "fd00::fffe-fd00::1:1", "fd00--fffe", "fd00--1-1", 4 },
		{ "2001:db8:0:0:1:0:0:10", "2001-db8--1-0-0-10",
		    "2001-db8--1-0-0-10", 1 },
		{ "fd00::40/126", "fd00--41", "fd00--43", 3 },
		{ "fd00::7/128,10.1.1.1", "fd00--7", "10-1-1-1", 2 },
		{ "255.255.255.254-255", "255-255-255-254", "255-255-255-255",
		    2 },
	};
	static const char *const bad[] = { "", "x", "fd00::/64", "fd00::/129",
		"fd00::/", "fd00::1-10.1.1.1", "10.1.1.1-fd00::1", "::/0",
		"fd00::1-fd01::1", "fd00::2-1", "fd00::1-12345", "fd00::1-1g",
		"[fd00::1]", "fd00::1%eth0", "1:2:3", ":", "0.0.0.0/0",
		"010.1.1.1", "10.1.1", "10.1.1.256", "10.1.1.9-8", "10.1.1.1-",
		"10.1.1.0/33", "10.1.1.0/", "-", "10.0.0.0/8", "10.1.1.1,",
		"10.1.1.1-10.1.1.2-3", "10.1.1.1 ", "10.1.1.1,10.1.1.1",
		"1.1.1.1.1", "10.1.1.-1" };
	struct enroll_opts o = plain();
	char name[64];

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct made m = make_n("", 0, t[i].range, &o);

		CHECK_ROW(cJSON_GetArraySize(m.docs) == t[i].n, t[i].range);
		(void)str_format(name, sizeof(name), "bmc-%s", t[i].first);
		check(cJSON_GetArrayItem(m.docs, 0), "metadata/name", name);
		(void)str_format(name, sizeof(name), "bmc-%s", t[i].last);
		check(cJSON_GetArrayItem(m.docs, t[i].n - 1), "metadata/name",
		    name);
		cJSON_Delete(m.docs);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct made m = make_n("", 0, bad[i], &o);

		CHECK_ROW(m.docs == NULL, bad[i]);
		cJSON_Delete(m.docs);
	}
}

static void
one_secret_serves_all_that_have_none(void)
{
	struct enroll_opts o = plain();
	struct secret pw = { 0 };
	struct made m;

	secret_set(&pw, "x", 1);
	o.username = "admin";
	o.password = &pw;
	m = make_n("", 0, "10.1.1.1-20", &o);
	CU_ASSERT_EQUAL(m.r.secrets, 1);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(m.docs), 21);
	check(doc(&m, 0), "metadata/name", "login");
	cJSON_Delete(m.docs);
	m = csv("address,secret\n10.1.1.1,own\n", &o);
	CU_ASSERT_EQUAL(m.r.secrets, 0);
	check(doc(&m, 0), "spec/redfishConnection/credentialsSecretRef/name",
	    "own");
	cJSON_Delete(m.docs);
	secret_free(&pw);
}

static void
options_that_cannot_be_are_refused(void)
{
	struct enroll_opts o = plain();
	struct err e;

	CU_ASSERT_TRUE(enroll_check(&o, &e));
	o.tofu = o.insecure = true;
	CU_ASSERT_FALSE(enroll_check(&o, &e));
	o = plain();
	o.labels = "a=b,c";
	CU_ASSERT_FALSE(enroll_check(&o, &e));
	o.labels = "a=b\"c";
	CU_ASSERT_FALSE(enroll_check(&o, &e));
	o.labels = "=b";
	CU_ASSERT_FALSE(enroll_check(&o, &e));
	o = plain();
	o.ns = "A";
	CU_ASSERT_FALSE(enroll_check(&o, &e));
}

static void
a_hundred_thousand_lines_are_fine(void)
{
	struct enroll_opts o = plain();
	struct enroll_result r = { 0 };
	struct buf in, out;
	struct err e;

	buf_init(&in, 64u << 20);
	buf_init(&out, 256u << 20);
	(void)buf_adds(&in, "name,address,username,password\r\n");
	for (unsigned i = 0; i < 100000; i++)
		(void)buf_addf(&in,
		    "\"n%u\",10.%u.%u.%u,admin,\"%u\"\"\r\n\"\r\n",
		    (i * 7919u) % 100000u, i >> 16, i >> 8 & 255, i & 255, i);
	(void)buf_reserve(&in, 1);
	CU_ASSERT_TRUE(enroll_csv(&out, in.p, in.n, &o, &r, &e));
	CU_ASSERT_EQUAL(r.hosts, 100000);
	CU_ASSERT_EQUAL(r.secrets, 100000);
	buf_free(&in);
	buf_free(&out);
}

/* Whatever the bytes: an answer, and if it is manifests, they can be read. */
static void
garbage_is_answered(void)
{
	static const char alphabet[] =
	    "address,name;\"\"\r\n\n10.2-:/ \t\xef\xbb";
	struct enroll_opts o = plain();
	struct rng rng;
	char text[200];

	rng_seed(&rng, 1, "enroll");
	for (int i = 0; i < 20000; i++) {
		size_t n = rng_below(&rng, sizeof(text) - 9), k = 0;
		struct made m;

		if (i % 2 == 0) {
			memcpy(text, "address\n", 8);
			k = 8;
		}
		for (n += k; k < n; k++)
			text[k] =
			    alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
		m = make_n(text, n, NULL, &o);
		cJSON_Delete(m.docs);
		text[n] = '\0';
		m = make_n("", 0, text, &o);
		cJSON_Delete(m.docs);
	}
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_table_becomes_hosts_and_secrets),
		UNIT_CASE(spreadsheets_write_it_in_many_ways),
		UNIT_CASE(what_is_wrong_is_told_with_its_line),
		UNIT_CASE(no_password_is_told),
		UNIT_CASE(ranges_are_counted_out),
		UNIT_CASE(one_secret_serves_all_that_have_none),
		UNIT_CASE(options_that_cannot_be_are_refused),
		UNIT_CASE(a_hundred_thousand_lines_are_fine),
		UNIT_CASE(garbage_is_answered),
	};

	return UNIT_RUN("enroll", cases);
}
