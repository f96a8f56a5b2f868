/* What client.c (lanes, credentials, counters) and call.c (one request) share.
 * Nobody else includes this. */
#ifndef B7_KUBE_CLIENT_IMPL_H
#define B7_KUBE_CLIENT_IMPL_H

#include <sys/queue.h>

#include "agent/kube/auth.h"
#include "agent/kube/client.h"
#include "agent/kube/limiter.h"
#include "agent/kube/twice.h"
#include "common/http.h"
#include "common/map.h"

struct kube_lane_state {
	struct http_peer *peer; /* owned */
	struct limiter limit;
};

struct kube_client {
	const struct env *env; /* borrowed */
	struct kube_config config;
	char *user_agent, *field_manager;
	int64_t timeout_us;
	unsigned max_pages, max_objects;
	uint64_t max_list_bytes;
	struct kube_auth auth;
	struct kube_lane_state lanes[KUBE_LANES]; /* [AUTO] is unused */
	TAILQ_HEAD(, kube_call) calls;
	kube_gate_fn *may_write;
	void *may_write_arg;
	struct kube_counts counts;
	struct map sent; /* "patch hosts/status" -> uint64_t, owned */
	/* Likewise, of what was forbidden: when that was told last. */
	struct map forbidden;
	uint64_t writes;
	struct twice twice;
};

/* Reads rotated files; true if any credential changed. */
bool kube_client_refresh(struct kube_client *c, bool force);
void kube_client_count(struct kube_client *c, const struct kube_request *rq,
    const struct kube_reply *r, int status, int64_t took_us);
void kube_client_count_sent(
    struct kube_client *c, const struct kube_request *rq);
/* Frees a call without any callback. */
void kube_call_drop(struct kube_call *call);

/* reply.c: e and r->reason, retry_after_us from a reply that is no 2xx. body
 * is its text; *owned receives the tree that r->reason points into. */
struct kube_failure {
	const struct http_result *http;
	const char *body;
	size_t n;
	bool mutation;
	int64_t wall_us;
};
void kube_reply_failed(
    struct kube_reply *r, const struct kube_failure *f, cJSON **owned);
/* A body that must be one object of the API. */
cJSON *kube_reply_object(const char *body, size_t n, struct err *e);
/* The same of one that is parsed; j NULL: e says why. */
cJSON *kube_reply_checked(cJSON *j, struct err *e);
void kube_json_wipe(cJSON *j); /* strings of a tree that held secrets */

#endif
