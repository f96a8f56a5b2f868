/*
 * Records the readable tree of a BMC: from its root along its links, breadth
 * first, each resource once, one request at a time, never more than the
 * limits. Long lists (log entries, schemas, registries) are cut and say so;
 * sessions are not read. What was read is kept in memory until it is saved,
 * since what a serial is must be known before the first file is written.
 */
#ifndef B7_AGENT_PROBE_RECORD_H
#define B7_AGENT_PROBE_RECORD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/redfish/explore.h"
#include "common/files.h"

struct record;
struct scrub;

struct record_limits {
	unsigned resources;   /* 0 = 4000 */
	size_t bytes;         /* 0 = 64 MiB of JSON text */
	unsigned log_entries; /* of each log; 0 = 16 */
};

/* rf is borrowed and must be idle whenever record_start is called. */
struct record *record_new(struct redfish *rf, const struct record_limits *l);
void record_free(struct record *r);
/* done is called once, when all was read, a limit was hit, record_stop was
 * called, or the BMC no longer answers; the client is idle then. */
void record_start(struct record *r, void (*done)(void *arg), void *arg);
/* The request under way is the last one. */
void record_stop(struct record *r);

size_t record_resources(const struct record *r);
size_t record_bytes(const struct record *r);
/* Why there is not more; NULL = it is whole. Borrowed. */
const char *record_cut(const struct record *r);

/*
 * Writes redfish/v1/.../index.json, headers.json beside it where a BMC sent
 * ETag or Allow, and manifest.json, which gets the members of about too.
 * ERR_CONFLICT if dir holds a recording already.
 */
bool record_save(struct record *r, struct scrub *s, struct files *files,
    const char *dir, const cJSON *about, struct err *e);

#endif
