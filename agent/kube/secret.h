/*
 * Reading Secrets at the moment of use. Never cached; every copy that we made
 * is wiped before the callback's caller returns. Watching that a Secret changed
 * is a metadata-only informer's business.
 */
#ifndef B7_KUBE_SECRET_H
#define B7_KUBE_SECRET_H

#include "agent/kube/client.h"
#include "common/mem.h"

#define KUBE_SECRET_KEYS_MAX 8

struct kube_secret_reply {
	struct err err; /* ERR_NONE = read; ERR_SPEC names a key that is no
	                 * base64; a missing key is not an error */
	size_t n;       /* as many as keys were asked */
	/* In the order of the keys; p NULL = the Secret has no such key.
	 * Wiped after the callback; take one by moving it and zeroing the
	 * source (*out = v[i]; v[i] = (struct secret){ 0 }). */
	struct secret *v;
	const cJSON *metadata; /* borrowed; NULL on error */
	const char *type;      /* "cluster.x-k8s.io/secret"; "" if none */
	const char *resource_version;
};
struct kube_secret_want {
	const char *ns, *name;
	const char *const *keys;
	size_t n; /* at most KUBE_SECRET_KEYS_MAX */
};
/* All of want is copied. Cancel with kube_secret_cancel. */
struct kube_secret_call;
struct kube_secret_call *kube_secret_read(struct kube_client *c,
    const struct kube_secret_want *want,
    void (*done)(void *arg, struct kube_secret_reply *r), void *arg);
void kube_secret_cancel(struct kube_secret_call *call);

#endif
