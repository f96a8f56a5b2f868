/* A recording in memory, shared by the files that load and serve it. */
#ifndef B7_SIM_BMC_REPLAY_TREE_H
#define B7_SIM_BMC_REPLAY_TREE_H

#include <cjson/cJSON.h>

#include "common/map.h"
#include "sim/bmc/profile.h"
#include "sim/bmc/replay.h"

/* What a resource is to the machine; decides its route and its overlay. */
enum replay_kind {
	REPLAY_STATIC,
	REPLAY_ROOT,
	REPLAY_SYSTEM,
	REPLAY_SETTINGS,
	REPLAY_MEDIA,
	REPLAY_MANAGER,
	REPLAY_NIC,
	REPLAY_SESSIONS,
	REPLAY_TASKS,
	/* actions */
	REPLAY_RESET,
	REPLAY_INSERT,
	REPLAY_EJECT,
	REPLAY_VMM_CONTROL,
	REPLAY_MANAGER_RESET,
	REPLAY_KINDS
};

struct replay_resource {
	enum replay_kind kind;
	unsigned slot; /* of media and its actions */
	cJSON *json;   /* owned; NULL for actions */
};

struct replay_slot {
	char id[40];
	char name[64];
	struct strlist types;
	int insert;                 /* enum knob_slot_insert */
	char *insert_at, *eject_at; /* owned; targets, NULL = no action */
};

struct replay {
	struct map tree;    /* path -> owned struct replay_resource */
	struct map actions; /* the same, of actions */
	char *system, *settings, *manager, *sessions; /* owned or NULL */
	struct replay_slot slots[PROFILE_SLOTS];
	size_t n_slots;
	bool root_needs_login;
	bool has_headers;             /* of the system */
	char etag[128];               /* its ETag header, "" = none */
	bool any_inserts, any_ejects; /* actions shown in some slot */
};

const cJSON *replay_json(const struct replay *r, const char *path);
/* What a link leads to, as a key of the tree; false: nowhere in here. */
bool replay_path(char out[REPLAY_PATH], const char *link);
/* Finds system, manager, slots, sessions; ERR_SPEC if there is no system. */
bool replay_understand(struct replay *r, struct err *e);

#endif
