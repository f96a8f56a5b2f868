/* One pass over one Beskar7Machine. Everything it does is a patch. */
#ifndef B7_CONTROL_MACHINE_PASS_H
#define B7_CONTROL_MACHINE_PASS_H

#include "agent/control/host.h"
#include "agent/control/machine.h"
#include "agent/control/object_ctl.h"

struct machine_ctl {
	struct object_ctl o;
	/* Key of its Cluster where the label does not say it; owned. */
	char *cluster;
	char *workload; /* key of where its node is looked for; owned */
};

struct machine_pass {
	struct controllers *c;
	struct object_ctl *o;
	struct machine_ctl *ctl;
	struct machine m;
	const cJSON *owner;   /* CAPI Machine, held, or NULL */
	const cJSON *cluster; /* CAPI Cluster, held, or NULL */
	struct host h;        /* the host that we hold, if has_host */
	bool has_host;
	cJSON *status; /* owned; what the pass says */
	struct cond_stamp at;
	int64_t node_since_s; /* to be told to another replica; 0 = nothing */
	bool silent;          /* nothing is to be written */
	int64_t poll_us;
};

extern const struct step machine_plan[];
enum verdict machine_claimed(void *arg);  /* machine_claim.c */
enum verdict machine_mirrored(void *arg); /* machine_mirror.c */
enum verdict machine_deletion(void *arg); /* machine_delete.c */
/* machine_node.c: the node of the host, once we switched it on; up: it is
 * provisioned. What the node adds to addresses goes to list. */
void machine_associated(struct machine_pass *p, bool up);
/* V_WAIT while a node that was found is being told to the host's driver. */
enum verdict machine_node_told(struct machine_pass *p);
void machine_node_addresses(
    const struct machine_pass *p, cJSON *list, int most);
void machine_node_leave(struct machine_ctl *ctl);
/* "b7://ns/host" */
#define PROVIDER_ID_CAP 600
void machine_provider_id(
    const struct machine_pass *p, char out[PROVIDER_ID_CAP]);
/* machine_move.c: clusterctl's block-move is there while it must be. */
enum verdict machine_move_guarded(void *arg);
enum verdict machine_move_blocked(struct machine_pass *p);
enum verdict machine_move_free(struct machine_pass *p);
/* Ours is set, and its removal as a part of another patch. */
bool machine_blocks_move(const struct machine_pass *p);
void machine_let_move(const struct machine_pass *p, cJSON *patch);
void machine_say(struct machine_pass *p, const char *type, enum cond_status s,
    const char *reason, const char *message);
enum verdict machine_poll(struct machine_pass *p, int64_t us);

#endif
