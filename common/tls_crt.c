/* What a parsed certificate says: names, dates, key, extensions. */
#include "common/tls_int.h"

#include <arpa/inet.h>
#include <mbedtls/asn1.h>
#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/str.h"

/* As mbedTLS's default profile, which judges real chains. */
#define RSA_BITS_MIN 2048

static const char pem_begin[] = "-----BEGIN CERTIFICATE-----";
static const char pem_end[] = "-----END CERTIFICATE-----";

int
tls_rng(void *entropy, unsigned char *out, size_t n)
{
	const struct entropy *ent = entropy;

	ent->fill(ent->self, out, n);
	return 0;
}

bool
tls_err(struct err *e, enum err_kind kind, int ret, const char *what)
{
	char text[128] = "";

	mbedtls_strerror(ret, text, sizeof text);
	return err_set(
	    e, kind, 0, "%s: %s (-0x%04x)", what, text, (unsigned)-ret);
}

static const char *
find(const char *p, const char *end, const char *word)
{
	return memmem(p, (size_t)(end - p), word, strlen(word));
}

bool
tls_crt_parse_pem(mbedtls_x509_crt *chain, const char *pem, size_t n,
    bool tolerant, struct err *e)
{
	const char *p = pem, *end = pem + n;
	unsigned number = 0, good = 0;

	while ((p = find(p, end, pem_begin))) {
		const char *stop = find(p, end, pem_end);
		char *block;
		char what[64];
		int ret;

		number++;
		if (!stop)
			return err_set(e, ERR_SPEC, 0,
			    "certificate %u has no END line", number);
		stop += sizeof pem_end - 1;
		block = xstrndup(p, (size_t)(stop - p));
		ret = mbedtls_x509_crt_parse(
		    chain, (unsigned char *)block, (size_t)(stop - p) + 1);
		xfree(block);
		(void)str_format(what, sizeof what, "certificate %u", number);
		if (ret != 0 && !tolerant)
			return tls_err(e, ERR_SPEC, ret, what);
		good += ret == 0;
		p = stop;
	}
	if (good == 0)
		return err_set(
		    e, ERR_SPEC, 0, "no PEM certificate in %zu bytes", n);
	return true;
}

void
tls_crt_spki(const mbedtls_x509_crt *crt, uint8_t out[32])
{
	sha256(crt->pk_raw.p, crt->pk_raw.len, out);
}

static int64_t
seconds_of(const mbedtls_x509_time *t)
{
	char text[RFC3339_CAP];
	int64_t us;

	if (!str_format(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ",
		t->year, t->mon, t->day, t->hour, t->min, t->sec) ||
	    !rfc3339_parse(text, &us))
		return 0;
	return us / 1000000;
}

void
tls_crt_dates(
    const mbedtls_x509_crt *crt, int64_t *not_before_s, int64_t *not_after_s)
{
	*not_before_s = seconds_of(&crt->valid_from);
	*not_after_s = seconds_of(&crt->valid_to);
}

char *
tls_crt_attr(const mbedtls_x509_crt *crt, const char *attr)
{
	struct buf b;
	const mbedtls_x509_name *name;

	buf_init(&b, 1024);
	for (name = &crt->subject; name; name = name->next) {
		const char *short_name = NULL;

		if (mbedtls_oid_get_attr_short_name(&name->oid, &short_name) !=
			0 ||
		    !str_eq(short_name, attr) ||
		    memchr(name->val.p, '\0', name->val.len))
			continue;
		if (b.n > 0)
			(void)buf_addc(&b, ',');
		(void)buf_add(&b, name->val.p, name->val.len);
	}
	return buf_take(&b, NULL);
}

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
bool
tls_crt_ext(const mbedtls_x509_crt *crt, const void *oid, size_t oid_n,
    const uint8_t **out, size_t *out_n)
{
	unsigned char *p = crt->v3_ext.p, *end, *next;
	size_t len;
	int critical;

	if (!p)
		return false;
	end = p + crt->v3_ext.len;
	if (mbedtls_asn1_get_tag(&p, end, &len,
		MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0)
		return false;
	for (; p < end; p = next) {
		if (mbedtls_asn1_get_tag(&p, end, &len,
			MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0)
			return false;
		next = p + len;
		if (mbedtls_asn1_get_tag(&p, next, &len, MBEDTLS_ASN1_OID) != 0)
			return false;
		if (len != oid_n || memcmp(p, oid, len) != 0)
			continue;
		p += len;
		(void)mbedtls_asn1_get_bool(&p, next, &critical); /* optional */
		if (mbedtls_asn1_get_tag(
			&p, next, &len, MBEDTLS_ASN1_OCTET_STRING) != 0)
			return false;
		*out = p;
		*out_n = len;
		return true;
	}
	return false;
}

/* mbedTLS 2.28 lists dNSName only: iPAddress [7] is found here. */
void
tls_crt_names(const mbedtls_x509_crt *crt,
    bool (*each)(void *arg, const char *kind, const char *name), void *arg)
{
	static const unsigned char oid[] = { 0x55, 0x1d, 0x11 };
	const uint8_t *ext;
	unsigned char *p, *end;
	size_t n, len;
	char text[256];
	bool more = true;

	if (!tls_crt_ext(crt, oid, sizeof oid, &ext, &n))
		return;
	p = crt->v3_ext.p + (ext - crt->v3_ext.p);
	end = p + n;
	if (mbedtls_asn1_get_tag(&p, end, &len,
		MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0)
		return;
	for (; more && p < end; p += len) {
		unsigned char tag = *p++;

		if (mbedtls_asn1_get_len(&p, end, &len) != 0)
			return;
		if (tag == 0x82 && len < sizeof text && !memchr(p, 0, len)) {
			memcpy(text, p, len);
			text[len] = '\0';
			more = each(arg, "dns", text);
		} else if (tag == 0x87 && (len == 4 || len == 16) &&
			   inet_ntop(len == 4 ? AF_INET : AF_INET6, p, text,
			       sizeof text)) {
			more = each(arg, "ip", text);
		}
	}
}

size_t
tls_ip_parse(const char *s, uint8_t out[16])
{
	memset(out, 0, 16);
	if (inet_pton(AF_INET, s, out) == 1)
		return 4;
	return inet_pton(AF_INET6, s, out) == 1 ? 16 : 0;
}

/* RFC 9525 6.3 and 6.5: one wildcard, the whole leftmost label; IP addresses
 * only against iPAddress. */
bool
tls_one_name_matches(const char *kind, const char *name, const char *host)
{
	uint8_t a[16], b[16];
	const char *rest;
	size_t host_ip = tls_ip_parse(host, a);

	if (str_eq(kind, "ip"))
		return host_ip > 0 && tls_ip_parse(name, b) == host_ip &&
		       memcmp(a, b, 16) == 0;
	if (host_ip > 0)
		return false;
	if (!str_has_prefix(name, "*."))
		return str_ieq(name, host);
	rest = strchr(host, '.');
	return rest && rest != host && strchr(name + 2, '.') &&
	       str_ieq(name + 1, rest);
}

struct name_search {
	const char *host;
	bool found;
};

static bool
name_matches(void *arg, const char *kind, const char *name)
{
	struct name_search *s = arg;

	s->found = tls_one_name_matches(kind, name, s->host);
	return !s->found;
}

bool
tls_crt_name_matches(const mbedtls_x509_crt *crt, const char *host)
{
	struct name_search s = { .host = host };

	tls_crt_names(crt, name_matches, &s);
	return s.found;
}

static bool
name_append(void *arg, const char *kind, const char *name)
{
	struct buf *b = arg;
	size_t before = b->n;

	if (buf_addf(b, "%s%s:%s", b->n > 0 ? "," : "", kind, name))
		return true;
	b->n = before;
	b->overflow = false;
	return false;
}

unsigned
tls_crt_rsa_bits(const mbedtls_x509_crt *crt)
{
	return mbedtls_pk_get_type(&crt->pk) == MBEDTLS_PK_RSA
		   ? (unsigned)mbedtls_pk_get_bitlen(&crt->pk)
		   : 0;
}

void
tls_weakness(const struct tls_facts *f, char out[TLS_WEAK_CAP])
{
	bool is_short = f->rsa_bits > 0 && f->rsa_bits < RSA_BITS_MIN;
	char key[48] = "";

	if (is_short)
		(void)str_format(
		    key, sizeof key, "has an RSA key of %u bits", f->rsa_bits);
	(void)str_format(out, TLS_WEAK_CAP, "%s%s%s",
	    f->sha1 ? "is signed with SHA-1" : "",
	    f->sha1 && is_short ? " and " : "", key);
}

void
tls_crt_facts(const mbedtls_x509_crt *crt, struct tls_facts *f)
{
	struct buf names;
	const mbedtls_x509_crt *issuer = crt->next ? crt->next : crt;
	bool self = crt->issuer_raw.len == crt->subject_raw.len &&
		    memcmp(crt->issuer_raw.p, crt->subject_raw.p,
			crt->subject_raw.len) == 0;

	memset(f, 0, sizeof *f);
	tls_crt_spki(crt, f->spki_sha256);
	if (self || crt->next)
		tls_crt_spki(self ? crt : issuer, f->issuer_spki_sha256);
	if (mbedtls_x509_dn_gets(f->subject, sizeof f->subject, &crt->subject) <
	    0)
		f->subject[sizeof f->subject - 1] = '\0';
	tls_crt_dates(crt, &f->not_before_s, &f->not_after_s);
	f->sha1 = crt->sig_md == MBEDTLS_MD_SHA1;
	f->rsa_bits = tls_crt_rsa_bits(crt);
	buf_init(&names, sizeof f->names - 8);
	tls_crt_names(crt, name_append, &names);
	(void)str_copy(f->names, sizeof f->names, buf_str(&names));
	buf_free(&names);
}
