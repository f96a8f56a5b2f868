/*
 * A scripted API server for the faults and the framing that the real stand-in
 * (sim/kube) has no reason to produce. It knows no schemas: any plural is
 * served, objects are what was put. Runs on a virtual world.
 */
#ifndef B7_TEST_FAKE_KUBE_H
#define B7_TEST_FAKE_KUBE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/http.h"
#include "common/loop.h"
#include "common/random.h"

#define FAKE_URL "https://10.9.0.1:6443"
#define FAKE_IP "10.9.0.1"
#define FAKE_PORT 6443

struct fake_request {
	const char *method, *target, *auth;
	const cJSON *body; /* NULL if none or no JSON */
};
struct fake_fault {
	int status;         /* 0 = serve it */
	const char *body;   /* with status; NULL = a Status */
	const char *reason; /* of that Status */
	const char *retry_after;
	bool lose_reply; /* do it, then reset */
	bool hang;       /* never answer */
};

struct fake_kube {
	struct loop *loop;
	struct http_server *server;
	struct tls_identity *identity; /* virtual; clients are insecure */
	struct rng rng;
	uint64_t rv, compacted; /* watches from below get 410 */
	bool opaque;            /* versions that are no numbers */
	int64_t bookmark_us;    /* 0 = none */
	unsigned split_max;     /* bytes in one piece of a watch; 0 = all */
	unsigned page_max;      /* overrides limit; 0 = the client's */
	/* Asked for each request; NULL = no faults. */
	struct fake_fault (*fault)(void *arg, const struct fake_request *r);
	void *fault_arg;
	/* Log of "METHOD target" and counts by method. */
	char **log;
	size_t n_log, cap_log;
	unsigned writes, gets, lists, watches;
	/* inside */
	struct fake_object **objects;
	size_t n_objects;
	struct fake_event *events;
	size_t n_events, cap_events;
	struct fake_watch *watching;
	struct timer bookmark;
};

struct fake_kube *fake_kube_new(
    struct loop *l, struct http_net *net, uint64_t seed);
void fake_kube_free(struct fake_kube *f);
/* Stops or starts listening: connection refused meanwhile, streams reset. */
void fake_kube_listen(struct fake_kube *f, struct http_net *net, bool on);
/* Stores o (owned by f then) as another client would; the text of the version
 * that it got, borrowed. */
const char *fake_kube_put(struct fake_kube *f, const char *plural, cJSON *o);
/* Another client deletes it at once. */
void fake_kube_delete(struct fake_kube *f, const char *plural, const char *key);
const cJSON *fake_kube_get(
    const struct fake_kube *f, const char *plural, const char *key);
/* The i-th object of a kind, by key; NULL if there are fewer. */
const cJSON *fake_kube_nth(
    const struct fake_kube *f, const char *plural, size_t i);
/* Forgets the history: older watches are expired. */
void fake_kube_compact(struct fake_kube *f);
/* To all open watches: raw bytes, an orderly end, a reset, or nothing ever
 * again (a connection that died silently). */
void fake_kube_raw(struct fake_kube *f, const char *bytes);
void fake_kube_end_watches(struct fake_kube *f);
void fake_kube_reset_watches(struct fake_kube *f);
void fake_kube_mute_watches(struct fake_kube *f);
unsigned fake_kube_open_watches(const struct fake_kube *f);
/* How many logged requests contain the text. */
unsigned fake_kube_logged(const struct fake_kube *f, const char *text);

/* {"metadata":{"namespace":ns,"name":name,"labels":{}},"spec":{"n":n}} */
cJSON *fake_object(const char *kind, const char *ns, const char *name, int n);

#endif
