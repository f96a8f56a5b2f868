/* What was recorded so far, shared by the files that read and save it. */
#ifndef B7_AGENT_PROBE_RECORD_TREE_H
#define B7_AGENT_PROBE_RECORD_TREE_H

#include "agent/probe/record.h"
#include "common/map.h"

#define RECORD_PATH 512
#define RECORD_SKIPPED_MAX 256

struct record_item {
	char *path;         /* owned; as a key: no query, no slash at the end */
	char *target;       /* owned; as the BMC wrote it */
	char *text;         /* owned; NULL = not read, or not readable */
	char *etag, *allow; /* owned; headers or NULL */
};

struct record {
	struct redfish *rf; /* borrowed */
	struct record_limits limits;
	struct record_item **items; /* owned; in the order of reading */
	size_t n, at, kept, bytes;
	struct map known; /* path -> borrowed item */
	char *page;       /* owned; the rest of the list at `at`, or NULL */
	unsigned pages, silences;
	cJSON *skipped; /* owned; [{path, why}] or NULL */
	char *cut;      /* owned; why it is not whole, or NULL */
	bool ended;     /* nothing more is read */
	void (*done)(void *arg);
	void *arg;
};

/* The key of a target; false: it is none that a file could be named by. */
bool record_path(char out[RECORD_PATH], const char *target);

#endif
