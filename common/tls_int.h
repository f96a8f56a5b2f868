/* Inside TLS code only (b7_tls and b7_net): what trust and identities are. */
#ifndef B7_TLS_INT_H
#define B7_TLS_INT_H

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include "common/tls.h"

struct tls_trust {
	unsigned refs;
	mbedtls_x509_crt chain;
};

struct tls_identity {
	unsigned refs;
	bool is_virtual; /* facts only: chain and key are empty */
	struct tls_facts facts;
	char *cn, *orgs;        /* owned, "" if none */
	mbedtls_x509_crt chain; /* leaf first */
	mbedtls_pk_context key;
};

/* Empty, with one reference. */
struct tls_identity *tls_identity_alloc(void);
/* As tls_trust_new, but skips certificates that mbedTLS cannot read. */
struct tls_trust *tls_trust_new_tolerant(
    const char *pem, size_t n, struct err *e);
/* An mbedTLS f_rng over a struct entropy *. */
int tls_rng(void *entropy, unsigned char *out, size_t n);
/* Fills e with mbedTLS's own words for a negative return value. */
bool tls_err(struct err *e, enum err_kind kind, int ret, const char *what);

/* Appends every certificate of a PEM text to chain. ERR_SPEC names the number
 * of the certificate that is broken; tolerant: skips those. */
bool tls_crt_parse_pem(mbedtls_x509_crt *chain, const char *pem, size_t n,
    bool tolerant, struct err *e);
void tls_crt_facts(const mbedtls_x509_crt *crt, struct tls_facts *f);
unsigned tls_crt_rsa_bits(const mbedtls_x509_crt *crt); /* 0 = no RSA key */
void tls_crt_spki(const mbedtls_x509_crt *crt, uint8_t out[32]);
/* Values of a subject attribute ("CN", "O"), joined by commas; owned. */
char *tls_crt_attr(const mbedtls_x509_crt *crt, const char *attr);
void tls_crt_dates(
    const mbedtls_x509_crt *crt, int64_t *not_before_s, int64_t *not_after_s);
/* As tls_name_matches, but over all names of the certificate. */
bool tls_crt_name_matches(const mbedtls_x509_crt *crt, const char *host);
/* Content of an extension by the DER of its object identifier's value. */
bool tls_crt_ext(const mbedtls_x509_crt *crt, const void *oid, size_t oid_n,
    const uint8_t **p, size_t *n);
/* Bytes of an IP address literal: 4, 16, or 0 if it is none. */
size_t tls_ip_parse(const char *s, uint8_t out[16]);
/* Each name once, "dns" or "ip" with its text; until it returns false. */
void tls_crt_names(const mbedtls_x509_crt *crt,
    bool (*each)(void *arg, const char *kind, const char *name), void *arg);
/* Whether one such name stands for host (a name or an IP address). */
bool tls_one_name_matches(const char *kind, const char *name, const char *host);
/* mbedTLS's number of a minor version; 1.2 if v is 0. */
int tls_minor_of(enum tls_version v);

#endif
