/* Paths, queries and header values of API requests. */
#ifndef B7_KUBE_REQUEST_H
#define B7_KUBE_REQUEST_H

#include <stdbool.h>

#include "agent/kube/client.h"
#include "common/buf.h"
#include "common/err.h"

#define KUBE_TARGET_MAX (16u << 10)

struct kube_target_opts {
	const char *prefix;         /* path prefix of the server; "" = none */
	const char *field_manager;  /* of writes */
	const char *continue_token; /* of the next page; NULL = first */
};
/* ERR_SPEC if the verb lacks something. */
bool kube_request_valid(const struct kube_request *rq, struct err *e);
/* ERR_SPEC if a name cannot be a path segment. */
bool kube_target(struct buf *out, const struct kube_request *rq,
    const struct kube_target_opts *o, struct err *e);
const char *kube_accept(const struct kube_request *rq);
/* NULL where there is no body. */
const char *kube_content_type(const struct kube_request *rq);
const char *kube_method(enum kube_verb v);
bool kube_mutates(enum kube_verb v);
/* DeleteOptions as JSON text, owned; NULL when none are asked for. */
char *kube_delete_options(const struct kube_request *rq);

#endif
