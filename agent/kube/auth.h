/*
 * Credentials in use: the bearer token, the CA and the client certificate,
 * read again when their files change. What cannot be read or parsed any more
 * leaves the former value in use, with a warning.
 */
#ifndef B7_KUBE_AUTH_H
#define B7_KUBE_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/kube/config.h"
#include "common/env.h"
#include "common/err.h"
#include "common/tls.h"

#define KUBE_AUTH_CHECK_US (10 * 1000000LL)
/* Former trusts and identities stay alive for connections that began with
 * them; watches end within minutes, so that a few generations are plenty. */
#define KUBE_AUTH_RETIRED 8

struct kube_auth {
	const struct env *env;            /* borrowed */
	const struct kube_config *config; /* borrowed */
	struct secret bearer;             /* "Bearer xyz"; empty = none */
	struct tls_trust *trust;          /* owned; NULL = system */
	struct tls_identity *identity;    /* owned; NULL = none */
	struct tls_trust *old_trust[KUBE_AUTH_RETIRED];
	struct tls_identity *old_identity[KUBE_AUTH_RETIRED];
	unsigned retired;
	int64_t token_stamp, ca_stamp, cert_stamp, key_stamp;
	int64_t checked_us;
	unsigned generation; /* counts changes of any credential */
};

bool kube_auth_init(struct kube_auth *a, const struct env *env,
    const struct kube_config *config, struct err *e);
void kube_auth_fini(struct kube_auth *a);
/* Looks at the files, at most every KUBE_AUTH_CHECK_US unless forced.
 * *tls_changed: the policy must be given to the peers again. true if anything
 * changed. */
bool kube_auth_refresh(struct kube_auth *a, bool force, bool *tls_changed);
void kube_auth_policy(const struct kube_auth *a, struct tls_policy *p);

#endif
