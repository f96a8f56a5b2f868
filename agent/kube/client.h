/*
 * The Kubernetes API client: one request, one callback. It knows paths, verbs,
 * patches, Status errors, paging, rates and credentials; caches are the
 * informers' business.
 *
 * Callbacks run only from the loop, never inside kube_start, exactly once, and
 * never after kube_cancel or kube_client_free. Nothing is retried here, with
 * one exception: a 401 is sent again once when the token or certificate file
 * turned out to have changed (a 401 is never executed).
 *
 * Lanes have connections of their own, so that none starves another:
 *   NORMAL  gets and writes; token bucket
 *   BULK    lists; token bucket
 *   EVENT   Kubernetes Events; the recorder's own rate
 *   LEASE   leader election: no bucket, no gate
 *   WATCH   watches: no bucket (the informer backs off)
 * A 429 or 503 with Retry-After holds its own lane for that long (at most
 * KUBE_HOLD_MAX_US), besides being reported to the caller.
 */
#ifndef B7_KUBE_CLIENT_H
#define B7_KUBE_CLIENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/kube/config.h"
#include "agent/kube/resource.h"
#include "common/env.h"
#include "common/err.h"

#define KUBE_OBJECT_MAX (2u << 20) /* one object, list item or watch line */
#define KUBE_PAGE_LIMIT 500
#define KUBE_ANY_SHARD (~0U)
#define KUBE_HOLD_MAX_US (60 * 1000000LL)

struct kube_client;
struct kube_call;

struct kube_client_opts {
	const char *user_agent;    /* NULL = "beskar7-agent" */
	const char *field_manager; /* NULL = "beskar7-agent" */
	double qps;                /* 0 = 50; of NORMAL and of BULK, each */
	unsigned burst;            /* 0 = 100 */
	int64_t timeout_us;        /* of one request; 0 = 30 s */
	unsigned max_pages;        /* of one list; 0 = 1,000 */
	unsigned max_objects;      /* of one list; 0 = 200,000 */
	uint64_t max_list_bytes;   /* of one list; 0 = 1 GiB */
};

/* Copies config. ERR_SPEC/ERR_TLS when credentials or CA cannot be used. */
struct kube_client *kube_client_new(const struct env *env,
    const struct kube_config *config, const struct kube_client_opts *o,
    struct err *e);
void kube_client_free(struct kube_client *c); /* cancels all, silently */
/*
 * Asked right before each mutation leaves (after any wait in the bucket),
 * LEASE lane apart. false with *e filled: nothing is sent, the request ends
 * with that error. NULL = always allowed. Asked again when the connection stands.
 * shard: that of the request.
 */
typedef bool kube_gate_fn(void *arg, unsigned shard, struct err *e);
void kube_client_set_gate(
    struct kube_client *c, kube_gate_fn *may_write, void *arg);
const struct env *kube_client_env(const struct kube_client *c);
const char *kube_client_default_ns(const struct kube_client *c);
const char *kube_client_server(const struct kube_client *c);

enum kube_verb {
	KUBE_GET,
	KUBE_LIST,
	KUBE_WATCH,
	KUBE_CREATE,
	KUBE_PATCH,
	KUBE_DELETE,
	KUBE_VERBS
};
enum kube_patch_type {
	KUBE_PATCH_MERGE,
	KUBE_PATCH_JSON,
	KUBE_PATCH_APPLY
};
enum kube_lane {
	KUBE_LANE_AUTO, /* by verb: NORMAL, BULK or WATCH */
	KUBE_LANE_NORMAL,
	KUBE_LANE_BULK,
	KUBE_LANE_EVENT,
	KUBE_LANE_LEASE,
	KUBE_LANE_WATCH,
	KUBE_LANES
};
const char *kube_verb_name(enum kube_verb v); /* "patch" */

/* All borrowed during the callback. */
struct kube_reply {
	struct err err; /* kind ERR_NONE = success. CONFLICT 409/412, NOTFOUND
	                 * 404/410, AUTH 401/403, BUSY 429/5xx, REFUSED other
	                 * 4xx (422), SPEC: the gate or bad arguments; message
	                 * from Status.message */
	const char *reason;     /* Status.reason, e.g. "AlreadyExists"; or "" */
	int64_t retry_after_us; /* 0 = not said */
	/* The change may have happened although err says otherwise (reply
	 * lost): read before repeating; see informer_doubt(). */
	bool maybe_executed;
	const cJSON *object; /* the object; of a list its metadata, and its
	                      * items when no item callback was given; a Status
	                      * after a completed delete; NULL on error */
	bool lasting;        /* object may be held (json_hold): it is not wiped
	                      * when the callback ends */
	const char *resource_version; /* of object or list; "" if none */
	uint64_t items;               /* LIST, WATCH: delivered */
	bool stopped;                 /* the item callback said false */
};

struct kube_request {
	enum kube_verb verb;
	const struct kube_resource *res; /* const table; outlives the call */
	const char *ns;          /* NULL or "" = all (LIST, WATCH) or none */
	const char *name;        /* GET, PATCH, DELETE */
	const char *subresource; /* "status"; NULL = none */
	enum kube_patch_type patch;
	bool force;   /* APPLY: take fields from other managers */
	bool dry_run; /* dryRun=All */
	const cJSON
	    *body; /* CREATE, PATCH; printed before kube_start returns */
	/* LIST, WATCH: */
	const char *label_selector, *field_selector;
	bool metadata_only; /* PartialObjectMetadata; also GET */
	unsigned
	    page_limit; /* LIST: 0 = KUBE_PAGE_LIMIT; UINT_MAX = no paging */
	const char *resource_version; /* WATCH: start after it */
	unsigned timeout_s;           /* WATCH: timeoutSeconds; 0 = 300 */
	/* Each item (LIST) or line (WATCH) as raw JSON text, at most
	 * KUBE_OBJECT_MAX bytes; false ends the request (reply.stopped). LIST
	 * without it collects items into reply.object (8 MiB at most). */
	bool (*item)(void *arg, const char *text, size_t n);
	/* LIST: an item that is larger or nested deeper was left out; NULL =
	 * the request fails instead. */
	void (*skipped)(void *arg, const struct err *why);
	/* LIST, WATCH: the server said yes; NULL = not interested. */
	void (*opened)(void *arg);
	/* DELETE preconditions; NULL = none. propagation NULL = the kind's. */
	const char *precond_uid, *precond_rv, *propagation;
	enum kube_lane lane;
	unsigned shard;     /* whose lease allows it; KUBE_ANY_SHARD: any */
	bool any_replica;   /* no lease decides on it: the gate is not asked */
	int64_t timeout_us; /* 0 = the client's; WATCH: timeout_s + 15 s */
	bool sensitive;     /* wipe every copy of the body (Secrets) */
	void (*done)(void *arg, const struct kube_reply *r);
	void *arg;
};
/* Everything in rq but res is copied or used before it returns. Never fails:
 * bad arguments end in done with ERR_SPEC. The call is gone when done returns
 * (do not cancel it any more, also not inside done). */
struct kube_call *kube_start(
    struct kube_client *c, const struct kube_request *rq);
/* Silent. Not allowed inside the call's own item callback: return false. */
void kube_cancel(struct kube_call *call);

/* Counters since the client was made; for tests, /metrics has the same. */
struct kube_counts {
	uint64_t sent[KUBE_VERBS]; /* HTTP requests; pages count one each */
	uint64_t failed, conflicts, throttled; /* throttled: waited in bucket */
	uint64_t gated;                        /* refused by the gate */
	unsigned in_flight, queued;            /* now; watches included */
};
struct kube_counts kube_client_counts(const struct kube_client *c);
/* what: "patch physicalhosts/status". */
uint64_t kube_client_sent(const struct kube_client *c, const char *what);
/* create + patch + delete, without leases: zero in steady state. */
uint64_t kube_client_writes(const struct kube_client *c);

#endif
