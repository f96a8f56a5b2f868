/*
 * What stands between a body and the store: does it fit the path, what of it is
 * known, what is defaulted, what is wrong. false: *st is filled.
 */
#ifndef B7_SIM_KUBE_ADMIT_H
#define B7_SIM_KUBE_ADMIT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "sim/kube/request.h"

struct kube_server;

/* Texts for Warning headers. */
struct ks_warnings {
	char **v; /* owned */
	size_t n;
};
void ks_warn(struct ks_warnings *w, char *text /* taken */);
void ks_warnings_free(struct ks_warnings *w);

/* apiVersion, kind, name and namespace fit the path; fills in what is absent. */
bool ks_check_type(
    const struct ks_request *rq, cJSON *obj, struct ks_status *st);
/* Marks (json_mark_same) what of a custom object a write leaves as it was; what
 * follows passes over it. */
void ks_mark_same(
    const struct ks_request *rq, const cJSON *before, cJSON *after);
/* Prunes (unknown fields are refused, warned of or ignored as the request
 * wants), defaults and validates; in this order, as the real server does. before
 * NULL: it is being created. */
bool ks_admit(struct kube_server *s, const struct ks_request *rq,
    const cJSON *before, cJSON *obj, struct ks_warnings *w,
    struct ks_status *st);

#endif
