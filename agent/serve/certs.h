/*
 * The certificate of a listener, from two files that are looked at again when a
 * connection comes: rotation needs no restart. What cannot be used is said once
 * and the former one stays.
 */
#ifndef B7_AGENT_SERVE_CERTS_H
#define B7_AGENT_SERVE_CERTS_H

#include "common/env.h"
#include "common/err.h"
#include "common/tls.h"

#define CERTS_LOOK_US (5 * 1000000LL) /* the files, at most so often */

struct certs {
	const struct env *env; /* borrowed */
	char *cert, *key;      /* owned: paths */
	struct tls_identity *identity;
	int64_t cert_us, key_us; /* stamps of what was read last */
	int64_t looked_us;
	struct err
	    said; /* why what is there cannot be used; ERR_NONE = it can */
};

/* ERR_SPEC names the file and what is wrong with it. */
bool certs_init(struct certs *c, const struct env *env, const char *cert,
    const char *key, struct err *e);
void certs_fini(struct certs *c);
struct tls_identity *certs_now(struct certs *c); /* borrowed */

#endif
