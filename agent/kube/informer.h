/*
 * List and watch of one resource, kept in a cache of compact JSON texts.
 *
 *   LISTING -> WATCHING -> BACKOFF -> WATCHING (from the last version)
 *      ^          | 410, or no progress                   ABSENT: the kind is
 *      +----------+                                       not served (404)
 *
 * Promises: between two complete lists no change is lost and none is reported
 * twice; a version that is older than what the cache holds never replaces it
 * (our own writes included); the handlers see for each key ADDED, then any
 * number of UPDATED, then DELETED, then perhaps ADDED again. An object that was
 * deleted and created again unseen is reported as DELETED and ADDED (the UID
 * tells). While the API is away the cache stays as it was and `age` grows.
 *
 * The cache drops metadata.managedFields and empties the value of kubectl's
 * last-applied annotation. metadata_only informers keep nothing but
 * apiVersion, kind and metadata, whatever the server sends.
 */
#ifndef B7_KUBE_INFORMER_H
#define B7_KUBE_INFORMER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/kube/client.h"

struct informer;

struct informer_opts {
	const struct kube_resource *res;
	const char *ns; /* NULL or "" = all namespaces */
	const char *label_selector, *field_selector; /* NULL = none */
	bool metadata_only;
	/* Takes off an object what nobody will ask for, before it is kept: names
	 * and versions must stay. NULL = nothing. */
	void (*trim)(cJSON *object);
	/* 0 = the defaults in brackets */
	int64_t backoff_min_us, backoff_max_us; /* [1 s], [30 s]; full jitter */
	int64_t absent_retry_us;                /* [20 s] kind not served */
	unsigned watch_min_s, watch_max_s;      /* [240], [300] */
	unsigned page_limit;                    /* [KUBE_PAGE_LIMIT] */
};

enum informer_what {
	INFORMER_ADDED,
	INFORMER_UPDATED,
	INFORMER_DELETED,
	INFORMER_SYNCED /* the first list is complete; once; key is "" */
};
struct informer_event {
	enum informer_what what;
	const char *key;      /* "ns/name"; "name" for cluster-scoped kinds */
	const char *old_text; /* UPDATED: what the cache held; else NULL */
	const cJSON *object;  /* the new one; DELETED: the last one known */
};
/* Runs from the loop. It may read any informer and start requests, but not
 * free this informer. All of ev is borrowed. */
typedef void informer_fn(void *arg, const struct informer_event *ev);

/* Never fails; nothing is sent before informer_start. opts.res is borrowed,
 * strings are copied. */
struct informer *informer_new(
    struct kube_client *c, const struct informer_opts *o);
void informer_free(struct informer *inf);
/* Before informer_start; handlers run in the order they were added. */
void informer_on(struct informer *inf, informer_fn *fn, void *arg);
void informer_start(struct informer *inf);

/* Lists once more, from now on: of a server whose watch may lag, what is known
 * then is no older than this call (status.listed_us tells). The cache stays in
 * use meanwhile. Not inside of a handler. */
void informer_refresh(struct informer *inf);
/* The watch, or the last list, is past that version, so that nothing older is
 * still to come; versions that cannot be compared: true. */
bool informer_past(const struct informer *inf, const char *rv);

/* ---- reading ------------------------------------------------------------ */

/* The tree, for reading, as long as the caller likes; it goes back to json_drop().
 * NULL if absent. */
const cJSON *informer_get(struct informer *inf, const char *key);
/* Its resourceVersion, borrowed like the text below; NULL if absent. */
const char *informer_rv(const struct informer *inf, const char *key);
/* Compact text, borrowed until the caller returns to the loop or notes a write;
 * NULL if absent. */
const char *informer_text(const struct informer *inf, const char *key);
bool informer_has(const struct informer *inf, const char *key);
/* It holds this very version of this very object; NULLs: false. */
bool informer_holds(const struct informer *inf, const char *key,
    const char *uid, const char *rv);
size_t informer_count(const struct informer *inf);
/* Keys in strcmp order: i < count; borrowed, stale after any change. */
const char *informer_key_at(const struct informer *inf, size_t i);
/* Index of the first key >= key: walks one namespace by its prefix. */
size_t informer_lower(const struct informer *inf, const char *key);
const struct kube_resource *informer_resource(const struct informer *inf);

/* ---- our own writes ------------------------------------------------------ */

/*
 * The reply to a write of ours (kube_reply.object): the cache takes it at once
 * if it is newer, handlers hear of it from the loop as of any other change.
 * An object with deletionTimestamp and no finalizers is gone. When the watch
 * does not confirm it within 30 s the connection is taken for dead.
 */
void informer_note_write(struct informer *inf, const cJSON *object);
/* The same; the object is not copied where the reply lets it last. */
void informer_note_reply(struct informer *inf, const struct kube_reply *r);
/*
 * A write whose fate is unknown (reply.maybe_executed): the informer reads the
 * object itself until the server answered. Meanwhile the key is in doubt, and
 * nobody may decide anything upon it.
 */
void informer_doubt(struct informer *inf, const char *key);
bool informer_in_doubt(const struct informer *inf, const char *key);
size_t informer_doubts(const struct informer *inf); /* keys in doubt */

/* ---- state --------------------------------------------------------------- */

enum informer_state {
	INFORMER_IDLE,
	INFORMER_LISTING,
	INFORMER_WATCHING,
	INFORMER_BACKOFF, /* an error; retry is scheduled */
	INFORMER_ABSENT   /* the server does not serve this kind (yet) */
};
const char *informer_state_name(enum informer_state s);
struct informer_status {
	enum informer_state state;
	bool synced;    /* one complete list since start; sticky */
	bool current;   /* watching, or re-opening a watch without error */
	int64_t age_us; /* since the server last proved that it talks to
	                      * us; -1 = never */
	struct err err; /* the last failure; ERR_NONE once healthy */
	const char *resource_version; /* "" before the first list */
	/* Loop clock: when the last complete list was begun; -1 = none was. */
	int64_t listed_us;
	uint64_t lists, watches, events, garbage, relists;
	size_t objects, text_bytes;
};
void informer_status(const struct informer *inf, struct informer_status *s);
bool informer_synced(const struct informer *inf);

/*
 * Order of two resourceVersions: -1, 0, 1; both must be decimal (as upstream
 * now promises), else *comparable is false and only equality is meaningful.
 */
int kube_rv_compare(const char *a, const char *b, bool *comparable);

#endif
