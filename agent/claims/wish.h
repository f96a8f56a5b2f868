/*
 * What a claim's machine is to get, as the API has it: image, settings, and the
 * Secrets, which are read when they are used and wiped right after.
 */
#ifndef B7_AGENT_CLAIMS_WISH_H
#define B7_AGENT_CLAIMS_WISH_H

#include <stdbool.h>

#include "agent/delivery/delivery.h"
#include "agent/kube/client.h"
#include "common/mem.h"

enum wish_secret {
	WISH_DATA,    /* `value` of the host's userDataSecretRef */
	WISH_FORMAT,  /* its `format` */
	WISH_WRAPPER, /* `value` of userData.wrapperSecretRef */
	WISH_NETWORK, /* of the host's networkDataSecretRef; see wish.c */
	WISH_SECRETS
};
struct wish {
	char *image, *checksum; /* owned, as all; checksum NULL = none */
	char *hostname;         /* of the Machine */
	char *provider_id;
	char *kernel_args; /* NULL = none */
	bool installer;
	enum delivery_mode mode;
	enum delivery_format format;
	struct delivery_pair *meta;
	size_t n_meta;
	struct secret v[WISH_SECRETS]; /* p NULL: there is none */
	bool has_data;                 /* a bootstrap Secret is named */
};
void wish_free(struct wish *w); /* wipes; fine for all zero */

struct wish_of {
	const char *ns, *name; /* of the host */
	const char *claim;
};
/* e: ERR_NOTFOUND = that claim is over, ERR_BUSY = the API does not answer. reason:
 * of BootstrapDataReady, static, where that is what lacks, with ERR_SPEC. w: to be
 * taken by copying it and zeroing the source; wiped after the call else. */
typedef void wish_fn(
    void *arg, struct wish *w, const char *reason, const struct err *e);
struct wish_call;
/* All is copied. fn runs once, from the loop; the call is gone then. */
struct wish_call *wish_read(
    struct kube_client *k, const struct wish_of *of, wish_fn *fn, void *arg);
void wish_cancel(struct wish_call *c); /* silent; NULL is fine */

#endif
