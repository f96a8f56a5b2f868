/*
 * What the controllers must know of all hosts at once: who is free, who names
 * which consumer, who is the same board. Fed by the informer's events; never
 * asked for anything that an object itself can answer.
 */
#ifndef B7_CONTROL_HOST_INDEX_H
#define B7_CONTROL_HOST_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/control/host.h"
#include "agent/control/links.h"
#include "common/map.h"

struct host_brief {
	char *key, *ns, *name; /* owned */
	struct identity id;
	enum phase phase;
	enum host_state state;
	int64_t deadline_s;
	bool waiting_evidence; /* by its condition: no slot of the limit */
	bool available;        /* state, HostAvailable and connection agree */
	bool ready;            /* its condition Ready */
	int progress;          /* of a provision, in tenths; -1 = none runs */
	bool claimed;          /* spec.consumerRef is set */
	bool leaving;          /* host_leaving() */
	bool healing;          /* a remediation was asked for, or runs */
	char *consumer;        /* owned, "ns/name" or NULL */
	char *claim_id, *zone; /* owned or NULL */
	char *watch;           /* owned or NULL: its label of that name */
	char *serves;      /* owned: claim id that the record serves, or NULL */
	char *secret, *ca; /* owned, "ns/name" or NULL */
	uint64_t fit;      /* of what decides which machines it fits */
	uint64_t sig;      /* of all that a pass of the host reads */
};

struct host_index {
	struct map hosts;       /* key -> struct host_brief, owned */
	struct links consumers; /* "ns/machine" -> host key */
	struct links secrets;   /* "ns/secret" -> host key */
	struct links ids;       /* "uuid:...", "serial:...", "mac:..." -> key */
	struct links serving;   /* claim id of the record -> host key */
	/* Of each phase, those that only wait for evidence left out. */
	unsigned in_phase[PHASE_ERROR + 1];
};

struct cJSON;
/* Takes note of an object's new version (tree borrowed); true if anything
 * changed that the host's own pass must look at. *freed (may be NULL): the
 * host became available. */
bool host_index_put(struct host_index *x, const char *key,
    const struct cJSON *tree, bool *freed);
void host_index_drop(struct host_index *x, const char *key);
void host_index_free(struct host_index *x);
const struct host_brief *host_index_get(
    const struct host_index *x, const char *key);
/* The host whose record serves that claim, whatever its consumerRef says; or
 * NULL. */
const struct host_brief *host_index_serving(
    const struct host_index *x, const char *claim_id);
#define HOST_TENTHS 11 /* 0, 10 .. 100 % */
struct host_census {
	size_t in_state[HOST_STATES];
	size_t ready;
	size_t in_tenth[HOST_TENTHS]; /* provisions, by how far they are */
};
/* Of those that counts says (NULL: of all). */
struct host_census host_index_census(const struct host_index *x,
    bool (*counts)(const void *arg, const char *key), const void *arg);
/* Another host with the same identity, or NULL. */
const char *host_index_twin(
    const struct host_index *x, const char *key, const struct identity *id);
/* Hosts with a provision (or release) under way, those that only wait for
 * evidence left out: SAFETY.md 11. */
unsigned host_index_count(
    const struct host_index *x, enum phase p, const char *not_this);

#endif
