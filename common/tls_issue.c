/*
 * Certificates made on the fly, RFC 5280. mbedTLS 2.28 cannot write subject
 * alternative names, and Go (kubectl) accepts no certificate without them.
 */
#include <mbedtls/ecp.h>
#include <mbedtls/pem.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha1.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls_der.h"
#include "common/tls_int.h"

#define CERT_MAX 8192
#define SPKI_MAX 1024
#define BYTES(...) \
	(const uint8_t[]){ __VA_ARGS__ }, \
	    sizeof((const uint8_t[]){ __VA_ARGS__ })

static const uint8_t oid_san[] = { 0x55, 0x1d, 0x11 };
static const uint8_t oid_eku[] = { 0x55, 0x1d, 0x25 };
static const uint8_t oid_key_usage[] = { 0x55, 0x1d, 0x0f };
static const uint8_t oid_basic[] = { 0x55, 0x1d, 0x13 };
static const uint8_t oid_ski[] = { 0x55, 0x1d, 0x0e };
static const uint8_t oid_aki[] = { 0x55, 0x1d, 0x23 };

/* ---- names and times ------------------------------------------------------- */

static void
write_attr(struct der *d, uint8_t type, const char *value, size_t n)
{
	const uint8_t *end = d->p;

	der_value(d, DER_UTF8, value, n);
	der_value(d, DER_OID, BYTES(0x55, 0x04, type));
	der_wrap(d, end, DER_SEQ);
	der_wrap(d, end, DER_SET);
}

/* The item of a comma-separated list that ends at *n, from the last to the
 * first, since DER is written backwards; false when none is left. */
static bool
previous_item(const char *list, size_t *n, const char **item, size_t *item_n)
{
	size_t end = *n, at;

	while (end > 0 && list[end - 1] == ',')
		end--;
	for (at = end; at > 0 && list[at - 1] != ',';)
		at--;
	*item = list + at;
	*item_n = end - at;
	*n = at;
	return end > 0;
}

static void
write_subject(struct der *d, const struct tls_issue *o)
{
	const uint8_t *end = d->p;
	const char *orgs = o->organization ? o->organization : "", *item;
	size_t left = strlen(orgs), n;

	if (o->subject && o->subject[0])
		write_attr(d, 0x03, o->subject, strlen(o->subject));
	while (previous_item(orgs, &left, &item, &n))
		write_attr(d, 0x0a, item, n);
	der_wrap(d, end, DER_SEQ);
}

/* RFC 5280 4.1.2.5: UTCTime to 2049, GeneralizedTime from then on. */
static void
write_time(struct der *d, int64_t at_s)
{
	char t[RFC3339_CAP], out[20];

	rfc3339_s(t, at_s * 1000000);
	(void)str_format(out, sizeof out, "%.4s%.2s%.2s%.2s%.2s%.2sZ", t, t + 5,
	    t + 8, t + 11, t + 14, t + 17);
	if (strncmp(out, "2050", 4) < 0)
		der_value(d, DER_UTC_TIME, out + 2, 13);
	else
		der_value(d, DER_GENERAL_TIME, out, 15);
}

static void
write_validity(struct der *d, const struct tls_issue *o)
{
	const uint8_t *end = d->p;

	write_time(d, o->not_after_s);
	write_time(d, o->not_before_s);
	der_wrap(d, end, DER_SEQ);
}

/* ---- extensions ------------------------------------------------------------ */

static void
close_ext(
    struct der *d, const uint8_t *end, const uint8_t oid[3], bool critical)
{
	der_wrap(d, end, DER_OCTETS);
	if (critical)
		der_value(d, DER_BOOL, BYTES(0xff));
	der_value(d, DER_OID, oid, 3);
	der_wrap(d, end, DER_SEQ);
}

static void
write_san(struct der *d, const char *names)
{
	const uint8_t *end = d->p;
	const char *item;
	size_t left = names ? strlen(names) : 0, n, ip_n;
	char name[256];
	uint8_t ip[16];

	if (left == 0)
		return;
	while (previous_item(names, &left, &item, &n)) {
		d->full |= !str_format(name, sizeof name, "%.*s", (int)n, item);
		ip_n = tls_ip_parse(name, ip);
		if (ip_n > 0)
			der_value(d, DER_CONTEXT(7), ip, ip_n);
		else
			der_value(d, DER_CONTEXT(2), name, strlen(name));
	}
	der_wrap(d, end, DER_SEQ);
	close_ext(d, end, oid_san, false);
}

static void
write_extended_usage(struct der *d)
{
	const uint8_t *end = d->p;

	/* clientAuth, serverAuth */
	der_value(
	    d, DER_OID, BYTES(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02));
	der_value(
	    d, DER_OID, BYTES(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01));
	der_wrap(d, end, DER_SEQ);
	close_ext(d, end, oid_eku, false);
}

static void
write_key_usage(struct der *d, bool is_ca)
{
	const uint8_t *end = d->p;

	/* digitalSignature; for a CA also keyCertSign and cRLSign */
	if (is_ca)
		der_value(d, DER_BITS, BYTES(1, 0x86));
	else
		der_value(d, DER_BITS, BYTES(7, 0x80));
	close_ext(d, end, oid_key_usage, true);
}

static void
write_basic(struct der *d, bool is_ca)
{
	const uint8_t *end = d->p;

	if (is_ca)
		der_value(d, DER_BOOL, BYTES(0xff));
	der_wrap(d, end, DER_SEQ);
	close_ext(d, end, oid_basic, true);
}

static void
write_key_ids(
    struct der *d, const uint8_t own[20], const struct tls_identity *ca)
{
	const uint8_t *end = d->p, *id = own;
	size_t n = 20;

	der_value(d, DER_OCTETS, own, 20);
	close_ext(d, end, oid_ski, false);
	/* A foreign CA may count its key differently: take what it says. */
	if (ca) {
		if (!tls_crt_ext(
			&ca->chain, oid_ski, sizeof oid_ski, &id, &n) ||
		    n < 2 || id[0] != DER_OCTETS || id[1] != n - 2)
			return;
		id += 2;
		n -= 2;
	}
	end = d->p;
	der_value(d, DER_CONTEXT(0), id, n);
	der_wrap(d, end, DER_SEQ);
	close_ext(d, end, oid_aki, false);
}

/* ---- the certificate -------------------------------------------------------- */

static void
write_algorithm(struct der *d, bool rsa, bool sha1)
{
	const uint8_t *end = d->p;

	if (rsa) { /* sha256WithRSAEncryption, sha1WithRSAEncryption */
		der_value(d, DER_NULL, NULL, 0);
		der_value(d, DER_OID,
		    BYTES(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1,
			sha1 ? 5 : 11));
	} else if (sha1) { /* ecdsa-with-SHA1 */
		der_value(
		    d, DER_OID, BYTES(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1));
	} else { /* ecdsa-with-SHA256 */
		der_value(
		    d, DER_OID, BYTES(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2));
	}
	der_wrap(d, end, DER_SEQ);
}

static void
write_tbs(struct der *d, const struct tls_issue *o, mbedtls_pk_context *key,
    const uint8_t serial[16])
{
	const uint8_t *end = d->p, *ext = d->p;
	uint8_t spki[SPKI_MAX], hash[32];
	int n = mbedtls_pk_write_pubkey_der(key, spki, sizeof spki);
	const uint8_t *spki_at = spki + sizeof spki - (n > 0 ? n : 0);
	bool rsa = mbedtls_pk_can_do(o->ca ? &o->ca->key : key, MBEDTLS_PK_RSA);

	sha256(spki_at, (size_t)(n > 0 ? n : 0), hash);
	write_san(d, o->names);
	if (!o->is_ca)
		write_extended_usage(d);
	write_key_ids(d, hash, o->ca);
	write_key_usage(d, o->is_ca);
	write_basic(d, o->is_ca);
	der_wrap(d, ext, DER_SEQ);
	der_wrap(d, ext, DER_CONTEXT_SEQ(3));
	der_bytes(d, spki_at, (size_t)(n > 0 ? n : 0));
	write_subject(d, o);
	write_validity(d, o);
	if (o->ca)
		der_bytes(d, o->ca->chain.subject_raw.p,
		    o->ca->chain.subject_raw.len);
	else
		write_subject(d, o);
	write_algorithm(d, rsa, o->sha1);
	der_value(d, DER_INT, serial, 16);
	ext = d->p;
	der_value(d, DER_INT, BYTES(2)); /* v3 */
	der_wrap(d, ext, DER_CONTEXT_SEQ(0));
	der_wrap(d, end, DER_SEQ);
	d->full |= n <= 0;
}

/* Certificate ::= SEQUENCE { tbs, algorithm, BIT STRING }; two buffers, since
 * the signature comes last and is made of the tbs. */
static bool
sign(struct der *d, const struct tls_issue *o, mbedtls_pk_context *key,
    struct entropy *ent, struct err *e)
{
	uint8_t *tbs = xmalloc(CERT_MAX);
	struct der t = { tbs, tbs + CERT_MAX, false };
	const uint8_t *end = d->p;
	uint8_t serial[16], hash[32], sig[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
	size_t sig_n = 0, tbs_n;
	mbedtls_pk_context *by = key;
	int ret;

	if (o->ca)
		by = &((struct tls_identity *)(uintptr_t)o->ca)->key;
	ent->fill(ent->self, serial, sizeof serial);
	serial[0] =
	    (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, 16 long */
	write_tbs(&t, o, key, serial);
	tbs_n = (size_t)(tbs + CERT_MAX - t.p);
	if (o->sha1)
		(void)mbedtls_sha1_ret(t.p, tbs_n, hash);
	else
		sha256(t.p, tbs_n, hash);
	ret = mbedtls_pk_sign(by, o->sha1 ? MBEDTLS_MD_SHA1 : MBEDTLS_MD_SHA256,
	    hash, o->sha1 ? 20 : sizeof hash, sig, &sig_n, tls_rng, ent);
	der_bit_string(d, sig, sig_n);
	write_algorithm(d, mbedtls_pk_can_do(by, MBEDTLS_PK_RSA) != 0, o->sha1);
	der_bytes(d, t.p, tbs_n);
	der_wrap(d, end, DER_SEQ);
	xfree(tbs);
	if (ret != 0)
		return tls_err(e, ERR_INTERNAL, ret, "signing a certificate");
	if (t.full || d->full)
		return err_set(e, ERR_SPEC, 0,
		    "certificate for %s would be too long", o->subject);
	return true;
}

static bool
is_self_signed(const mbedtls_x509_crt *c)
{
	return c->issuer_raw.len == c->subject_raw.len &&
	       memcmp(c->issuer_raw.p, c->subject_raw.p, c->subject_raw.len) ==
		   0;
}

static void
add_pem(struct buf *out, const mbedtls_x509_crt *c)
{
	unsigned char pem[2 * CERT_MAX];
	size_t n = 0;

	if (mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n",
		"-----END CERTIFICATE-----\n", c->raw.p, c->raw.len, pem,
		sizeof pem, &n) == 0 &&
	    n > 0)
		(void)buf_add(out, pem, n - 1);
}

static void export(
    const struct tls_identity *i, char **cert_pem, char **key_pem)
{
	struct buf b;
	unsigned char pem[4096];
	/* mbedTLS reads but does not take const keys. */
	mbedtls_pk_context *key = &((struct tls_identity *)(uintptr_t)i)->key;

	if (cert_pem) {
		buf_init(&b, 1u << 20);
		for (const mbedtls_x509_crt *c = &i->chain; c; c = c->next)
			add_pem(&b, c);
		*cert_pem = buf_take(&b, NULL);
	}
	if (key_pem) {
		*key_pem = NULL;
		if (mbedtls_pk_write_key_pem(key, pem, sizeof pem) == 0)
			*key_pem = xstrdup((char *)pem);
		secret_wipe(pem, sizeof pem);
	}
}

char *
tls_identity_cert_pem(const struct tls_identity *i)
{
	char *pem = NULL;

	if (i->is_virtual)
		return xstrdup("");
	export(i, &pem, NULL);
	return pem;
}

static bool
make_key(mbedtls_pk_context *key, unsigned rsa_bits, struct entropy *ent,
    struct err *e)
{
	int ret = mbedtls_pk_setup(
	    key, mbedtls_pk_info_from_type(
		     rsa_bits ? MBEDTLS_PK_RSA : MBEDTLS_PK_ECKEY));

	if (ret == 0 && rsa_bits)
		ret = mbedtls_rsa_gen_key(
		    mbedtls_pk_rsa(*key), tls_rng, ent, rsa_bits, 65537);
	else if (ret == 0)
		ret = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
		    mbedtls_pk_ec(*key), tls_rng, ent);
	return ret == 0 || tls_err(e, ERR_INTERNAL, ret, "making a key");
}

static bool
make(struct tls_identity *i, const struct tls_issue *o, struct entropy *ent,
    struct err *e)
{
	uint8_t der[CERT_MAX];
	struct der d = { der, der + sizeof der, false };
	const mbedtls_x509_crt *c;
	int ret;

	if (o->ca && o->ca->is_virtual)
		return err_set(e, ERR_INTERNAL, 0,
		    "a virtual CA cannot sign certificates");
	if (!make_key(&i->key, o->rsa_bits, ent, e))
		return false;
	if (!sign(&d, o, &i->key, ent, e))
		return false;
	ret = mbedtls_x509_crt_parse_der(
	    &i->chain, d.p, (size_t)(der + sizeof der - d.p));
	/* Peers know roots; intermediates have to be sent along. */
	for (c = o->ca ? &o->ca->chain : NULL; ret == 0 && c; c = c->next)
		if (c->version != 0 && !is_self_signed(c))
			ret = mbedtls_x509_crt_parse_der(
			    &i->chain, c->raw.p, c->raw.len);
	if (ret != 0)
		return tls_err(e, ERR_INTERNAL, ret, "reading back");
	return true;
}

struct tls_identity *
tls_identity_issue(const struct tls_issue *o, struct entropy ent,
    char **cert_pem, char **key_pem, struct err *e)
{
	struct tls_identity *i = tls_identity_alloc();

	if (!make(i, o, &ent, e)) {
		tls_identity_free(i);
		return NULL;
	}
	tls_crt_facts(&i->chain, &i->facts);
	if (o->ca)
		memcpy(
		    i->facts.issuer_spki_sha256, o->ca->facts.spki_sha256, 32);
	i->cn = tls_crt_attr(&i->chain, "CN");
	i->orgs = tls_crt_attr(&i->chain, "O");
	export(i, cert_pem, key_pem);
	return i;
}

/* ---- a request for a certificate (RFC 2986) -------------------------------- */

static void
write_request_subject(struct der *d, const struct tls_request *o)
{
	const struct {
		uint8_t type;
		const char *value;
	} parts[] = {
		/* written from the last to the first */
		{ 0x03, o->subject },
		{ 0x0b, o->unit },
		{ 0x0a, o->organization },
		{ 0x07, o->city },
		{ 0x08, o->state },
		{ 0x06, o->country },
	};
	const uint8_t *end = d->p;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (!str_empty(parts[i].value))
			write_attr(d, parts[i].type, parts[i].value,
			    strlen(parts[i].value));
	der_wrap(d, end, DER_SEQ);
}

/* The extensionRequest of RFC 2985 5.4.2: alternative names. */
static void
write_request_attributes(struct der *d, const char *names)
{
	const uint8_t *end = d->p;

	if (!str_empty(names)) {
		write_san(d, names);
		der_wrap(d, end, DER_SEQ);
		der_wrap(d, end, DER_SET);
		der_value(d, DER_OID,
		    BYTES(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14));
		der_wrap(d, end, DER_SEQ);
	}
	der_wrap(d, end, DER_CONTEXT_SEQ(0));
}

static void
write_request_info(
    struct der *d, const struct tls_request *o, mbedtls_pk_context *key)
{
	const uint8_t *end = d->p;
	uint8_t spki[256];
	int n = mbedtls_pk_write_pubkey_der(key, spki, sizeof spki);

	write_request_attributes(d, o->names);
	if (n > 0)
		der_bytes(d, spki + sizeof spki - n, (size_t)n);
	write_request_subject(d, o);
	der_value(d, DER_INT, BYTES(0)); /* v1 */
	der_wrap(d, end, DER_SEQ);
	d->full |= n <= 0;
}

static bool
sign_request(struct der *d, const struct tls_request *o,
    mbedtls_pk_context *key, struct entropy *ent, struct err *e)
{
	uint8_t *info = xmalloc(CERT_MAX);
	struct der t = { info, info + CERT_MAX, false };
	const uint8_t *end = d->p;
	uint8_t hash[32], sig[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
	size_t sig_n = 0, n;
	int ret;

	write_request_info(&t, o, key);
	n = (size_t)(info + CERT_MAX - t.p);
	sha256(t.p, n, hash);
	ret = mbedtls_pk_sign(key, MBEDTLS_MD_SHA256, hash, sizeof hash, sig,
	    &sig_n, tls_rng, ent);
	der_bit_string(d, sig, sig_n);
	write_algorithm(d, false, false);
	der_bytes(d, t.p, n);
	der_wrap(d, end, DER_SEQ);
	xfree(info);
	if (ret != 0)
		return tls_err(e, ERR_INTERNAL, ret, "signing a request");
	if (t.full || d->full)
		return err_set(e, ERR_SPEC, 0, "the request is too long");
	return true;
}

char *
tls_request_make(const struct tls_request *o, struct entropy ent,
    char **key_pem, struct err *e)
{
	struct tls_identity *i = tls_identity_alloc();
	uint8_t der[CERT_MAX];
	unsigned char pem[2 * CERT_MAX];
	struct der d = { der, der + sizeof der, false };
	size_t n = 0;
	char *out = NULL;

	if (make_key(&i->key, 0, &ent, e) &&
	    sign_request(&d, o, &i->key, &ent, e) &&
	    mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE REQUEST-----\n",
		"-----END CERTIFICATE REQUEST-----\n", d.p,
		(size_t)(der + sizeof der - d.p), pem, sizeof pem, &n) == 0) {
		export(i, NULL, key_pem);
		out = xstrdup((char *)pem);
	}
	tls_identity_free(i);
	return out;
}
