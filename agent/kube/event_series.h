/*
 * One event that may happen again: what is known of it, and how it is written.
 * Inside the recorder only (event.c).
 */
#ifndef B7_KUBE_EVENT_SERIES_H
#define B7_KUBE_EVENT_SERIES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "agent/kube/event.h"

struct emitted {
	const struct event_ref *about;
	enum event_type type;
	const char *reason, *message;
};

struct series {
	TAILQ_ENTRY(series) link; /* in the queue, or among those at rest */
	char *key;
	char *api_version, *kind, *ns, *name, *uid, *rv;
	enum event_type type;
	char *reason, *message;
	char *event_name; /* owned */
	int64_t count, first_wall_us, last_wall_us;
	int64_t written_us; /* mono; of the last write */
	bool queued, dirty, created, tried;
};

struct series *event_series_new(
    const struct env *env, const char *key, const struct emitted *m);
void event_series_free(void *p);
/* Another name: what had this one is gone. */
void event_series_name(struct series *s, const struct env *env);
/* The object to create, and the patch that counts on; owned. */
cJSON *event_series_body(
    const struct series *s, const char *component, const char *instance);
cJSON *event_series_count(const struct series *s);

#endif
