/*
 * Kubernetes Events (core/v1: every kubectl shows their counts). The recorder
 * never blocks and never fails: what the same object said before is counted,
 * at most one write per same event in 10 minutes; similar events (same object
 * and reason, ever new messages) are combined after 10; an object that does not
 * stop is silenced (event_filter.h), the others are not. Queue and rate are
 * bounded for a fleet that enrols at once: should the queue be full, Warnings
 * displace Normals, what is dropped is counted, and logged when it begins.
 *
 * Messages must be stable: no counters, times or secrets in them.
 */
#ifndef B7_KUBE_EVENT_H
#define B7_KUBE_EVENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/kube/client.h"

#define EVENT_MESSAGE_MAX 1024
#define EVENT_REASON_MAX 128

struct event_recorder;

struct event_opts {
	const char *component; /* NULL = "beskar7-agent" */
	const char *instance;  /* NULL = env->name */
	unsigned queue_max;    /* 0 = 8192, at most 1 KiB each */
	unsigned per_minute;   /* 0 = 3000; burst is a tenth of it, >= 20 */
	int64_t repeat_us;     /* 0 = 10 min */
};

enum event_type {
	EVENT_NORMAL,
	EVENT_WARNING
};

struct event_ref {
	const char *api_version, *kind, *ns, *name, *uid, *resource_version;
};

struct event_recorder *event_recorder_new(
    struct kube_client *c, const struct event_opts *o);
/* What is still queued is dropped. */
void event_recorder_free(struct event_recorder *r);

/* reason: CamelCase, one word; message is cut at EVENT_MESSAGE_MAX. */
void event_emit(struct event_recorder *r, const struct event_ref *about,
    enum event_type type, const char *reason, const char *message);
/* About an object tree that carries apiVersion, kind and metadata. */
void event_emitf(struct event_recorder *r, const cJSON *about,
    enum event_type type, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

struct event_counts {
	uint64_t emitted, written, deduplicated, combined, dropped, spam,
	    failed;
	unsigned queued;
};
struct event_counts event_recorder_counts(const struct event_recorder *r);
/* Nothing queued and nothing in flight (counts that wait out their 10 minutes
 * do not matter): a clean shutdown waits for this, for a moment. */
bool event_recorder_idle(const struct event_recorder *r);

#endif
