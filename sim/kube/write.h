/*
 * Create, update and patch by the rules of the API: what a client may set, what
 * is defaulted, validated and counted, and when nothing is written at all.
 *
 * Trees returned are in the storage version, owned by the caller; NULL means
 * that *st is filled.
 */
#ifndef B7_SIM_KUBE_WRITE_H
#define B7_SIM_KUBE_WRITE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "sim/kube/admit.h"
#include "sim/kube/request.h"
#include "sim/kube/state.h"

/* Who writes; borrowed strings. */
struct ks_who {
	const char *verb, *user, *manager;
};

/* obj is taken, in the version of the request. */
cJSON *ks_create(struct kube_server *s, const struct ks_request *rq, cJSON *obj,
    struct ks_warnings *w, struct ks_status *st);
cJSON *ks_update(struct kube_server *s, const struct ks_request *rq, cJSON *obj,
    struct ks_warnings *w, struct ks_status *st);
/* *created tells 201 from 200 (apply only). */
cJSON *ks_patch(struct kube_server *s, const struct ks_request *rq,
    bool *created, struct ks_warnings *w, struct ks_status *st);

/* ---- shared with delete and the controllers ------------------------------ */

/* Stores after (remove: takes it out, after being its last state) and tells
 * everyone. before NULL: created. Trees stay the caller's. */
void ks_commit(struct kube_server *s, const struct ks_who *who,
    struct ks_kind *k, const cJSON *before, cJSON *after, bool remove);
/* Commits an update, or the removal that it completes (no finalizer is left on
 * an object that is being deleted). */
void ks_commit_update(struct kube_server *s, const struct ks_who *who,
    struct ks_kind *k, const cJSON *before, cJSON *after);
/* The finishing half of update and patch: takes after. */
cJSON *ks_finish_update(struct kube_server *s, const struct ks_request *rq,
    const cJSON *before, cJSON *after, struct ks_warnings *w,
    struct ks_status *st);
/* As ks_finish_update for a new object. */
cJSON *ks_finish_create(struct kube_server *s, const struct ks_request *rq,
    cJSON *obj, struct ks_warnings *w, struct ks_status *st);

#endif
