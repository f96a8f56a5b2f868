/* One pass over one Beskar7Machine. Everything it does is a patch. */
#ifndef B7_CONTROL_MACHINE_PASS_H
#define B7_CONTROL_MACHINE_PASS_H

#include "agent/control/host.h"
#include "agent/control/machine.h"
#include "agent/control/object_ctl.h"

struct machine_pass {
	struct controllers *c;
	struct object_ctl *o;
	struct machine m;
	const cJSON *owner;   /* CAPI Machine, held, or NULL */
	const cJSON *cluster; /* CAPI Cluster, held, or NULL */
	struct host h;        /* the host that we hold, if has_host */
	bool has_host;
	cJSON *status; /* owned; what the pass says */
	struct cond_stamp at;
	bool silent; /* nothing is to be written */
	int64_t poll_us;
};

extern const struct step machine_plan[];
enum verdict machine_claimed(void *arg);  /* machine_claim.c */
enum verdict machine_mirrored(void *arg); /* machine_mirror.c */
enum verdict machine_deletion(void *arg); /* machine_delete.c */
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
