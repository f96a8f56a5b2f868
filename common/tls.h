/*
 * TLS values that both HTTP implementations share: trust, identities, policy,
 * and what a peer turned out to be. mbedTLS 2.28: TLS 1.2 at most, no Ed25519.
 */
#ifndef B7_TLS_H
#define B7_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/random.h"

enum tls_version {
	TLS_1_0 = 10,
	TLS_1_1 = 11,
	TLS_1_2 = 12
};

/* CA certificates, parsed once, counted, shared. */
struct tls_trust;
/* pem may hold several; ERR_SPEC names what is wrong. */
struct tls_trust *tls_trust_new(const char *pem, size_t n, struct err *e);
struct tls_trust *tls_trust_system(struct err *e); /* Debian's bundle */
struct tls_trust *tls_trust_ref(struct tls_trust *t);
void tls_trust_free(struct tls_trust *t); /* drops a reference */

/* A certificate with its key: servers, and clients with certificates. */
struct tls_identity;
struct tls_identity *tls_identity_new(const char *cert_pem, size_t cert_n,
    const char *key_pem, size_t key_n, struct err *e);
struct tls_identity *tls_identity_ref(struct tls_identity *i);
void tls_identity_free(struct tls_identity *i);

/*
 * Issues certificates on the fly (simulators): P-256, SHA-256 unless told
 * otherwise. ca NULL makes
 * a self-signed one (a CA if is_ca says so). names: comma-separated DNS names and IP addresses, written
 * as dNSName and iPAddress SANs. Key and certificate PEM are returned owned
 * where the out pointers are not NULL. The same entropy gives the same bytes.
 */
struct tls_issue {
	const struct tls_identity *ca; /* NULL = self-signed */
	bool is_ca;
	const char *subject;      /* common name */
	const char *organization; /* NULL = none; k8s groups, commas between */
	const char *names;
	int64_t not_before_s, not_after_s; /* UTC seconds */
	/* As old hardware has them: signed with SHA-1; an RSA key of so many
	 * bits (0 = P-256). */
	bool sha1;
	unsigned rsa_bits;
};
struct tls_identity *tls_identity_issue(const struct tls_issue *o,
    struct entropy ent, char **cert_pem, char **key_pem, struct err *e);
/*
 * The same facts without keys and signatures, for virtual worlds where 10,000
 * BMCs would cost 10,000 key pairs: only the in-process network takes these.
 */
struct tls_identity *tls_identity_facts(
    const struct tls_issue *o, struct entropy ent);
/* The certificates as PEM, owned; "" for a virtual identity. */
char *tls_identity_cert_pem(const struct tls_identity *i);
/*
 * A new P-256 key and the request for its certificate (RFC 2986), for a server
 * that lets others sign it. NULL or empty parts are left out. The request as
 * PEM, owned; *key_pem too. NULL: ERR_SPEC, something is too long.
 */
struct tls_request {
	const char *subject; /* common name */
	const char *organization, *unit, *city, *state;
	const char *country; /* two letters */
	const char *names;   /* as in struct tls_issue */
};
char *tls_request_make(const struct tls_request *o, struct entropy ent,
    char **key_pem, struct err *e);
bool tls_identity_is_virtual(const struct tls_identity *i);

/* What a verification looks at, the same for real and virtual peers. */
struct tls_facts {
	uint8_t spki_sha256[32], issuer_spki_sha256[32];
	char subject[128];
	char names[1024]; /* "dns:name,ip:1.2.3.4"; cut with a mark if longer */
	int64_t not_before_s, not_after_s;
	bool sha1;         /* signed with SHA-1 */
	unsigned rsa_bits; /* of its key; 0 = no RSA key */
};
/* "is signed with SHA-1", "has an RSA key of 1024 bits" or both; "" if it is
 * strong enough to be believed (RSA from 2048 bits on). */
#define TLS_WEAK_CAP 80
void tls_weakness(const struct tls_facts *f, char out[TLS_WEAK_CAP]);
/* Common name and organizations (joined by commas); "" if there are none. */
const char *tls_identity_cn(const struct tls_identity *i);
const char *tls_identity_orgs(const struct tls_identity *i);
void tls_identity_get_facts(const struct tls_identity *i, struct tls_facts *f);
/* A CA whose key hash signed it is in the trust (virtual worlds). */
bool tls_trust_has_spki(const struct tls_trust *t, const uint8_t spki[32]);
/* dNSName with one leftmost wildcard label, or iPAddress; never the CN. */
bool tls_name_matches(const struct tls_facts *f, const char *host);

struct tls_policy {
	struct tls_trust
	    *trust; /* borrowed while the peer lives; NULL = system */
	const char *server_name; /* NULL = host of the URL */
	bool insecure;           /* accept anything, but report problems */
	bool pinned; /* only the pin decides; names, dates, CA do not */
	uint8_t pin_spki_sha256[32];
	enum tls_version min_version;  /* 0 = 1.2 */
	struct tls_identity *identity; /* client certificate; borrowed */
};
struct tls_peer {
	uint8_t spki_sha256[32];
	int64_t not_before_s, not_after_s;
	char subject[128];
	unsigned rsa_bits; /* of its key; 0 = no RSA key */
	bool resumed;
	uint32_t problems; /* bits 1 << HTTP_E_TLS_x, also those forgiven */
};

#endif
