/* Deletion: preconditions, propagation, finalizers. */
#ifndef B7_SIM_KUBE_DELETE_H
#define B7_SIM_KUBE_DELETE_H

#include "sim/kube/write.h"

enum ks_propagation {
	KS_BACKGROUND_DEFAULT, /* none asked for: finalizers stay as they are */
	KS_BACKGROUND,
	KS_FOREGROUND,
	KS_ORPHAN
};
struct ks_delete_opts {
	char *uid, *rv; /* owned; NULL = no precondition */
	enum ks_propagation policy;
	bool dry_run;
};

/* From the query and the body (DeleteOptions), where there is one. */
bool ks_delete_opts_parse(struct ks_delete_opts *o, const struct ks_request *rq,
    struct ks_status *st);
void ks_delete_opts_free(struct ks_delete_opts *o);
/* *gone: removed now; else it waits for finalizers and the object as it is
 * then is returned. Returns the last state; owned by the caller. NULL: *st. */
cJSON *ks_delete(struct kube_server *s, const struct ks_who *who,
    struct ks_object *obj, const struct ks_delete_opts *o, bool *gone,
    struct ks_status *st);

#endif
