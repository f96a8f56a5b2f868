#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls_int.h"

struct tls_identity *
tls_identity_alloc(void)
{
	struct tls_identity *i = xcalloc(1, sizeof *i);

	i->refs = 1;
	mbedtls_x509_crt_init(&i->chain);
	mbedtls_pk_init(&i->key);
	return i;
}

void
tls_identity_free(struct tls_identity *i)
{
	if (!i || --i->refs > 0)
		return;
	mbedtls_x509_crt_free(&i->chain);
	mbedtls_pk_free(&i->key);
	xfree(i->cn);
	xfree(i->orgs);
	xfree(i);
}

struct tls_identity *
tls_identity_ref(struct tls_identity *i)
{
	if (i)
		i->refs++;
	return i;
}

static bool
key_parse(struct tls_identity *i, const char *pem, size_t n, struct err *e)
{
	struct secret copy = { 0 };
	int ret;

	secret_set(&copy, pem, n);
	ret = mbedtls_pk_parse_key(
	    &i->key, (const unsigned char *)copy.p, copy.n + 1, NULL, 0);
	secret_free(&copy);
	if (ret != 0)
		return tls_err(e, ERR_SPEC, ret,
		    "private key (RSA and ECDSA are supported)");
	if (mbedtls_pk_check_pair(&i->chain.pk, &i->key) != 0)
		return err_set(e, ERR_SPEC, 0,
		    "private key does not belong to the certificate");
	return true;
}

struct tls_identity *
tls_identity_new(const char *cert_pem, size_t cert_n, const char *key_pem,
    size_t key_n, struct err *e)
{
	struct tls_identity *i = tls_identity_alloc();

	if (!tls_crt_parse_pem(&i->chain, cert_pem, cert_n, false, e))
		goto fail;
	if (key_n == 0) {
		(void)err_set(e, ERR_SPEC, 0, "private key is empty");
		goto fail;
	}
	if (!key_parse(i, key_pem, key_n, e))
		goto fail;
	tls_crt_facts(&i->chain, &i->facts);
	i->cn = tls_crt_attr(&i->chain, "CN");
	i->orgs = tls_crt_attr(&i->chain, "O");
	return i;
fail:
	tls_identity_free(i);
	return NULL;
}

/* "a, 10.0.0.1" to "dns:a,ip:10.0.0.1", cut with a mark. */
static void
names_text(char *out, size_t cap, const char *names)
{
	struct buf b;
	const char *p = names ? names : "";

	buf_init(&b, cap - 8);
	while (*p) {
		size_t n = strcspn(p, ",");
		char name[256];
		uint8_t ip[16];

		(void)str_format(name, sizeof name, "%.*s", (int)n, p);
		p += n + (p[n] == ',');
		if (!name[0])
			continue;
		if (!buf_addf(&b, "%s%s:%s", b.n > 0 ? "," : "",
			tls_ip_parse(name, ip) ? "ip" : "dns", name))
			break;
	}
	(void)str_format(
	    out, cap, "%s%s", buf_str(&b), b.overflow ? ",..." : "");
	buf_free(&b);
}

struct tls_identity *
tls_identity_facts(const struct tls_issue *o, struct entropy ent)
{
	struct tls_identity *i = tls_identity_alloc();
	struct tls_facts *f = &i->facts;

	i->is_virtual = true;
	i->cn = xstrdup(o->subject ? o->subject : "");
	i->orgs = xstrdup(o->organization ? o->organization : "");
	ent.fill(ent.self, f->spki_sha256, sizeof f->spki_sha256);
	memcpy(f->issuer_spki_sha256,
	    o->ca ? o->ca->facts.spki_sha256 : f->spki_sha256, 32);
	(void)str_format(f->subject, sizeof f->subject, "%s%s%sCN=%s",
	    i->orgs[0] ? "O=" : "", i->orgs, i->orgs[0] ? ", " : "", i->cn);
	names_text(f->names, sizeof f->names, o->names);
	f->not_before_s = o->not_before_s;
	f->not_after_s = o->not_after_s;
	f->sha1 = o->sha1;
	f->rsa_bits = o->rsa_bits;
	return i;
}

bool
tls_identity_is_virtual(const struct tls_identity *i)
{
	return i->is_virtual;
}

const char *
tls_identity_cn(const struct tls_identity *i)
{
	return i->cn;
}

const char *
tls_identity_orgs(const struct tls_identity *i)
{
	return i->orgs;
}

void
tls_identity_get_facts(const struct tls_identity *i, struct tls_facts *f)
{
	*f = i->facts;
}

bool
tls_name_matches(const struct tls_facts *f, const char *host)
{
	const char *p = f->names;

	while (*p) {
		size_t n = strcspn(p, ",");
		char name[256];
		bool is_ip = strncmp(p, "ip:", 3) == 0;
		size_t skip = is_ip ? 3 : 4;

		if (n > skip && n - skip < sizeof name &&
		    (is_ip || strncmp(p, "dns:", 4) == 0)) {
			memcpy(name, p + skip, n - skip);
			name[n - skip] = '\0';
			if (tls_one_name_matches(
				is_ip ? "ip" : "dns", name, host))
				return true;
		}
		p += n + (p[n] == ',');
	}
	return false;
}
