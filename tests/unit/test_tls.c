/* Certificates: made, read back, verified by mbedTLS, matched, refused. What
 * OpenSSL thinks of them is asked in it_http_real. */
#include <CUnit/Basic.h>
#include <string.h>

#include "common/http_ops.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls_int.h"
#include "tests/unit/unit.h"

#define FROM 1700000000LL
#define TO 2600000000LL /* past 2049: GeneralizedTime */

static struct tls_identity *
issue(uint64_t seed, const struct tls_issue *o, char **cert, char **key)
{
	struct rng r;
	struct err e = { 0 };
	struct tls_identity *i;

	rng_seed(&r, seed, "tls");
	i = tls_identity_issue(o, entropy_virtual(&r), cert, key, &e);
	if (!i)
		printf("issue: %s\n", e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	return i;
}

static struct tls_identity *
make_ca(uint64_t seed, char **cert)
{
	const struct tls_issue o = { .is_ca = true,
		.subject = "test ca",
		.not_before_s = FROM,
		.not_after_s = TO };

	return issue(seed, &o, cert, NULL);
}

static void
issued_certificate_verifies_under_its_ca(void)
{
	char *ca_pem = NULL, *cert = NULL, *key = NULL;
	struct tls_identity *ca = make_ca(1, &ca_pem), *leaf, *again;
	struct tls_issue o = { .ca = ca,
		.subject = "bmc",
		.organization = "system:masters,b",
		.names = "bmc.lab,*.pool.lab,10.0.0.7,::1",
		.not_before_s = FROM,
		.not_after_s = TO };
	struct tls_trust *trust;
	struct tls_facts f;
	struct err e = { 0 };
	uint32_t flags = 0;

	leaf = issue(2, &o, &cert, &key);
	trust = tls_trust_new(ca_pem, strlen(ca_pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(trust);
	CU_ASSERT_EQUAL(mbedtls_x509_crt_verify(&leaf->chain, &trust->chain,
			    NULL, NULL, &flags, NULL, NULL),
	    0);
	CU_ASSERT_EQUAL(flags, 0);
	tls_identity_get_facts(leaf, &f);
	CU_ASSERT_STRING_EQUAL(
	    f.names, "dns:bmc.lab,dns:*.pool.lab,ip:10.0.0.7,ip:::1");
	CU_ASSERT_EQUAL(f.not_before_s, FROM);
	CU_ASSERT_EQUAL(f.not_after_s, TO);
	CU_ASSERT_STRING_EQUAL(tls_identity_cn(leaf), "bmc");
	CU_ASSERT_STRING_EQUAL(tls_identity_orgs(leaf), "system:masters,b");
	CU_ASSERT_TRUE(tls_trust_has_spki(trust, f.issuer_spki_sha256));
	CU_ASSERT_FALSE(tls_trust_has_spki(trust, f.spki_sha256));
	again = tls_identity_new(cert, strlen(cert), key, strlen(key), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(again);
	CU_ASSERT_EQUAL(memcmp(again->facts.spki_sha256, f.spki_sha256, 32), 0);
	tls_identity_free(again);
	tls_identity_free(leaf);
	tls_identity_free(ca);
	tls_trust_free(trust);
	xfree(ca_pem);
	xfree(cert);
	xfree(key);
}

static void
same_entropy_gives_the_same_bytes(void)
{
	char *a = NULL, *b = NULL, *c = NULL;

	tls_identity_free(make_ca(5, &a));
	tls_identity_free(make_ca(5, &b));
	tls_identity_free(make_ca(6, &c));
	CU_ASSERT_STRING_EQUAL(a, b);
	CU_ASSERT_STRING_NOT_EQUAL(a, c);
	xfree(a);
	xfree(b);
	xfree(c);
}

static void
intermediate_is_sent_along(void)
{
	struct tls_identity *root = make_ca(1, NULL), *sub, *leaf;
	struct tls_issue o = { .ca = root,
		.is_ca = true,
		.subject = "sub ca",
		.not_before_s = FROM,
		.not_after_s = TO };
	uint32_t flags = 0;

	sub = issue(2, &o, NULL, NULL);
	o = (struct tls_issue){ .ca = sub,
		.subject = "leaf",
		.names = "leaf",
		.not_before_s = FROM,
		.not_after_s = TO };
	leaf = issue(3, &o, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(leaf->chain.next);
	CU_ASSERT_EQUAL(mbedtls_x509_crt_verify(&leaf->chain, &root->chain,
			    NULL, NULL, &flags, NULL, NULL),
	    0);
	tls_identity_free(leaf);
	tls_identity_free(sub);
	tls_identity_free(root);
}

static void
names_match_as_rfc_9525_says(void)
{
	static const struct {
		const char *host;
		bool match;
	} cases[] = {
		{ "bmc.lab", true },
		{ "BMC.Lab", true },
		{ "x.bmc.lab", false },
		{ "a.pool.lab", true },
		{ "a.b.pool.lab", false },
		{ ".pool.lab", false },
		{ "pool.lab", false },
		{ "10.0.0.7", true },
		{ "10.0.0.8", false },
		{ "::1", true },
		{ "0:0:0:0:0:0:0:1", true },
		{ "::2", false },
		{ "bmc", false }, /* the common name never counts */
		{ "1.2.3.4", false },
		{ "", false },
	};
	struct tls_issue o = { .subject = "bmc",
		.names = "bmc.lab,*.pool.lab,10.0.0.7,::1,1.2.3.4.lab",
		.not_before_s = FROM,
		.not_after_s = TO };
	struct tls_identity *real = issue(1, &o, NULL, NULL), *facts;
	struct tls_facts f, v;
	struct rng r;

	rng_seed(&r, 1, "facts");
	facts = tls_identity_facts(&o, entropy_virtual(&r));
	CU_ASSERT_TRUE(tls_identity_is_virtual(facts));
	CU_ASSERT_FALSE(tls_identity_is_virtual(real));
	tls_identity_get_facts(real, &f);
	tls_identity_get_facts(facts, &v);
	CU_ASSERT_STRING_EQUAL(f.names, v.names);
	CU_ASSERT_STRING_EQUAL(f.subject, v.subject);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool want = cases[i].match;

		if (tls_name_matches(&f, cases[i].host) != want ||
		    tls_name_matches(&v, cases[i].host) != want ||
		    tls_crt_name_matches(&real->chain, cases[i].host) != want) {
			printf("host '%s'\n", cases[i].host);
			CU_FAIL("name match");
		}
	}
	tls_identity_free(real);
	tls_identity_free(facts);
}

static void
facts_are_judged_like_certificates(void)
{
	char *ca_pem = NULL;
	struct tls_identity *ca = make_ca(1, &ca_pem), *facts;
	struct tls_issue o = { .ca = ca,
		.subject = "bmc",
		.names = "bmc.lab",
		.not_before_s = FROM,
		.not_after_s = TO };
	struct err e = { 0 };
	struct tls_policy p = { 0 };
	struct tls_facts f;
	struct rng r;
	uint32_t all;

	rng_seed(&r, 1, "facts");
	facts = tls_identity_facts(&o, entropy_virtual(&r));
	tls_identity_get_facts(facts, &f);
	p.trust = tls_trust_new(ca_pem, strlen(ca_pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p.trust);
	CU_ASSERT_EQUAL(http_tls_problems(&p, "bmc.lab", &f, FROM), 0);
	CU_ASSERT_EQUAL(http_tls_problems(&p, "other", &f, FROM - 1),
	    (1u << HTTP_E_TLS_NAME | 1u << HTTP_E_TLS_DATE));
	tls_trust_free(p.trust);
	p.trust = NULL;
	p.pinned = true;
	all = http_tls_problems(&p, "bmc.lab", &f, TO + 1);
	CU_ASSERT_EQUAL(all, (1u << HTTP_E_TLS_TRUST | 1u << HTTP_E_TLS_DATE |
				 1u << HTTP_E_TLS_PIN));
	CU_ASSERT_EQUAL(http_tls_verdict(&p, all), HTTP_E_TLS_PIN);
	memcpy(p.pin_spki_sha256, f.spki_sha256, 32);
	all = http_tls_problems(&p, "bmc.lab", &f, TO + 1);
	CU_ASSERT_EQUAL(http_tls_verdict(&p, all), HTTP_OK);
	p.pinned = false;
	CU_ASSERT_EQUAL(http_tls_verdict(&p, all), HTTP_E_TLS_TRUST);
	p.insecure = true;
	CU_ASSERT_EQUAL(http_tls_verdict(&p, all), HTTP_OK);
	tls_identity_free(facts);
	tls_identity_free(ca);
	xfree(ca_pem);
}

static void
broken_pem_is_named(void)
{
	char *a = NULL, *b = NULL, *ka = NULL, *two;
	struct tls_issue o = { .subject = "x",
		.names = "x",
		.not_before_s = FROM,
		.not_after_s = TO };
	struct err e = { 0 };

	tls_identity_free(issue(1, &o, &a, &ka));
	tls_identity_free(issue(2, &o, &b, NULL));
	two = xasprintf("some text\n%s%s", a, b);
	two[strlen(two) - 200] = '!';
	CU_ASSERT_PTR_NULL(tls_trust_new(two, strlen(two), &e));
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "certificate 2"));
	CU_ASSERT_PTR_NULL(tls_trust_new("", 0, &e));
	CU_ASSERT_PTR_NULL(tls_trust_new(a, 40, &e));
	CU_ASSERT_PTR_NULL(tls_identity_new(b, strlen(b), ka, strlen(ka), &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.msg, "does not belong"));
	CU_ASSERT_PTR_NULL(tls_identity_new(b, strlen(b), "", 0, &e));
	CU_ASSERT_PTR_NULL(tls_identity_new(b, strlen(b), "junk", 4, &e));
	xfree(a);
	xfree(b);
	xfree(ka);
	xfree(two);
}

static void
too_many_names_are_refused(void)
{
	char names[9000];
	struct tls_issue o = { .subject = "x",
		.names = names,
		.not_before_s = FROM,
		.not_after_s = TO };
	struct err e = { 0 };
	struct rng r;

	rng_seed(&r, 1, "x");
	memset(names, 'a', sizeof names);
	for (size_t i = 50; i < sizeof names; i += 50)
		names[i] = ',';
	names[sizeof names - 1] = '\0';
	CU_ASSERT_PTR_NULL(
	    tls_identity_issue(&o, entropy_virtual(&r), NULL, NULL, &e));
	CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
}

static const struct unit_case cases[] = {
	UNIT_CASE(issued_certificate_verifies_under_its_ca),
	UNIT_CASE(same_entropy_gives_the_same_bytes),
	UNIT_CASE(intermediate_is_sent_along),
	UNIT_CASE(names_match_as_rfc_9525_says),
	UNIT_CASE(facts_are_judged_like_certificates),
	UNIT_CASE(broken_pem_is_named),
	UNIT_CASE(too_many_names_are_refused),
};

int
main(void)
{
	return UNIT_RUN("tls", cases);
}
