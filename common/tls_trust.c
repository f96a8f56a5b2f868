#include <mbedtls/ssl.h>
#include <string.h>

#include "common/mem.h"
#include "common/tls_int.h"

static struct tls_trust *
trust_new(const char *pem, size_t n, bool tolerant, struct err *e)
{
	struct tls_trust *t = xcalloc(1, sizeof *t);

	t->refs = 1;
	mbedtls_x509_crt_init(&t->chain);
	if (tls_crt_parse_pem(&t->chain, pem, n, tolerant, e))
		return t;
	tls_trust_free(t);
	return NULL;
}

struct tls_trust *
tls_trust_new(const char *pem, size_t n, struct err *e)
{
	return trust_new(pem, n, false, e);
}

struct tls_trust *
tls_trust_new_tolerant(const char *pem, size_t n, struct err *e)
{
	return trust_new(pem, n, true, e);
}

struct tls_trust *
tls_trust_ref(struct tls_trust *t)
{
	if (t)
		t->refs++;
	return t;
}

void
tls_trust_free(struct tls_trust *t)
{
	if (!t || --t->refs > 0)
		return;
	mbedtls_x509_crt_free(&t->chain);
	xfree(t);
}

bool
tls_trust_has_spki(const struct tls_trust *t, const uint8_t spki[32])
{
	const mbedtls_x509_crt *crt;
	uint8_t own[32];

	for (crt = &t->chain; crt; crt = crt->next) {
		tls_crt_spki(crt, own);
		if (memcmp(own, spki, sizeof own) == 0)
			return true;
	}
	return false;
}

int
tls_minor_of(enum tls_version v)
{
	switch (v) {
	case TLS_1_0:
		return MBEDTLS_SSL_MINOR_VERSION_1;
	case TLS_1_1:
		return MBEDTLS_SSL_MINOR_VERSION_2;
	case TLS_1_2:
		break;
	}
	return MBEDTLS_SSL_MINOR_VERSION_3;
}
