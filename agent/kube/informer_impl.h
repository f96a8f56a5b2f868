/*
 * What informer.c (list and watch), informer_cache.c (what is kept, and what
 * the handlers hear) and informer_doubt.c (writes of unknown fate) share.
 */
#ifndef B7_KUBE_INFORMER_IMPL_H
#define B7_KUBE_INFORMER_IMPL_H

#include <sys/queue.h>

#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/loop.h"
#include "common/map.h"
#include "common/random.h"
#include "common/retry.h"

#define KEPT_TREES 16 /* of an informer */

/* One object; text, rv and uid stand behind it in the same allocation. */
struct cached {
	uint64_t epoch;    /* of the last list that had it */
	bool awaited;      /* noted by us; opaque versions: the watch must first
	                 * show this very version */
	const cJSON *tree; /* held; NULL: not kept */
	TAILQ_ENTRY(cached) link; /* where it is */
	size_t n;
	const char *rv, *uid;
	char text[];
};

/* An object that a reply of ours proved gone, until the watch is past it. */
struct tomb {
	char *rv;
};

/* A note that handlers have not heard of yet. */
struct note {
	TAILQ_ENTRY(note) link;
	enum informer_what what;
	char *key, *old_text; /* owned */
	const cJSON *object;  /* held */
};

struct informer_handler {
	informer_fn *fn;
	void *arg;
};

#define SEEN_VERSIONS 256

struct informer {
	struct kube_client *c;
	const struct env *env;
	struct informer_opts o; /* strings owned */
	char api_version[KUBE_API_VERSION_CAP];
	struct informer_handler *handlers;
	size_t n_handlers;

	enum informer_state state;
	bool synced, healthy;
	struct err err;
	char *rv; /* the list's or the last event's; NULL before the first */
	struct kube_call *call;
	struct timer retry, confirm, silence;
	/* loop_stalled_us when the timers were armed */
	int64_t confirm_stalled_us, silence_stalled_us;
	struct backoff backoff;
	struct rng rng;
	int64_t proof_us;   /* the server last talked to us; -1 = never */
	int64_t opened_us;  /* of this watch; -1 = not yet */
	unsigned fruitless; /* watches in a row that brought nothing */
	bool unpaged;       /* a continue token expired: all in one page */
	bool relist;        /* an ERROR event asked for it */
	bool refreshing;    /* a list that nobody else needed: still current */
	bool refresh;       /* another list is to follow the one under way */
	int64_t began_us, listed_us; /* of the list under way; the last whole */
	bool progressed;   /* this watch brought an event or bookmark */
	struct err broken; /* why we stopped the stream ourselves */
	int64_t bookmark_us, bookmark_gap_us; /* -1, 0: none seen */
	uint64_t lists, watches, events, garbage, relists;

	struct map objects; /* key -> struct cached */
	size_t bytes;
	TAILQ_HEAD(kept_list, cached) kept; /* the last used first */
	size_t n_kept;
	uint64_t epoch;
	struct map tombs; /* key -> struct tomb */
	char *want_rv;    /* the newest noted version; NULL = confirmed */
	char *seen[SEEN_VERSIONS]; /* ring; only for opaque versions */
	unsigned n_seen;
	TAILQ_HEAD(, note) notes;
	struct deferred tell;

	struct map doubts; /* key -> struct doubt */
};

/* ---- informer_cache.c ---- */

enum cache_from {
	FROM_LIST,
	FROM_WATCH,
	FROM_NOTE
};
/* Takes ownership of tree. false with e: it is no object of this resource. */
bool cache_put(
    struct informer *inf, cJSON *tree, enum cache_from from, struct err *e);
bool cache_remove(
    struct informer *inf, cJSON *tree, enum cache_from from, struct err *e);
/* Its key, if it is an object of this resource. */
bool cache_identify(const struct informer *inf, const cJSON *o,
    char key[KOBJ_KEY_CAP], struct err *e);
/* Some of it is not kept: the tree that is put in the cache is changed. */
bool cache_strips(const struct informer *inf, const cJSON *o);
void cache_list_begin(struct informer *inf);
void cache_list_end(struct informer *inf, const char *rv);
/* The watch is past rv. */
void cache_progress(struct informer *inf, const char *rv);
void cache_free(struct informer *inf);
const struct cached *cache_get(const struct informer *inf, const char *key);
void informer_tell(struct informer *inf, const struct informer_event *ev);

/* ---- informer_kept.c ---- */

/* tree is c's, and only read from now on. */
void kept_add(struct informer *inf, struct cached *c, const cJSON *tree);
void kept_drop(struct informer *inf, struct cached *c);
/* To be given back to json_drop(). */
const cJSON *kept_hold(struct informer *inf, struct cached *c);
void cached_free(struct informer *inf, struct cached *c); /* NULL is fine */

/* ---- informer_note.c ---- */

/* What a reply of the server showed, by whatever request. */
void cache_note(struct informer *inf, const cJSON *object);

/* ---- informer_line.c ---- */

#define WATCH_TYPE_CAP 48
/* The object of a watch's line, for json_drop(), and its type; others may hold
 * the object. NULL with e. */
cJSON *informer_line(struct informer *inf, const char *text, size_t n,
    char type[WATCH_TYPE_CAP], struct err *e);

/* ---- informer_back.c ---- */

/* A list or bookmark of that version is older than what was seen. */
bool informer_is_back(const struct informer *inf, const char *rv);
/* Whatever the next list says replaces what is cached. */
void informer_set_back(struct informer *inf, const char *rv);

/* ---- informer.c ---- */

/* Nothing of ours may be under way. */
void informer_list(struct informer *inf);
/* A noted write waits for the watch to show it. */
void informer_expect(struct informer *inf);

/* ---- informer_doubt.c ---- */

void doubts_free(struct informer *inf);

#endif
