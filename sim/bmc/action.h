/* What can be written. See route.c for the URIs. */
#ifndef B7_SIM_BMC_ACTION_H
#define B7_SIM_BMC_ACTION_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/bmc/machine.h"

struct bmc;
struct bmc_profile;
struct bmc_state;
struct request;

/* act_reset.c */
/* Is this ResetType listed, and taken, in that state of the machine? */
bool reset_offered(
    const struct bmc_profile *p, const struct bmc_state *st, const char *type);
/* With the checks of the machine's state; which types there are is said before. */
void reset_perform(struct request *rq, enum reset_type t);
void act_reset(struct request *rq);
void act_manager_reset(struct request *rq);
/* act_system.c */
void act_patch_system(struct request *rq);
void act_patch_settings(struct request *rq);
void act_patch_boot_option(struct request *rq);
/* act_media.c */
void act_insert(struct request *rq);
void act_eject(struct request *rq);
void act_vmm_control(struct request *rq);
void act_patch_media(struct request *rq);
/* act_service.c */
void act_patch_session_service(struct request *rq);
void act_patch_manager(struct request *rq);

/* ---- PATCH (patch.c) ---------------------------------------------------- */

/* One writable property: checks v, stages it in rq->stage; false after a
 * refusal (which is a warning as long as others succeed). */
struct patch_row {
	const char *path; /* "Boot/BootSourceOverrideMode" */
	bool (*set)(struct request *rq, const cJSON *v);
	bool required; /* when the resource is created */
};
struct patch_def {
	const struct patch_row *rows;
	size_t n;
	/* All rows were staged: check them together and do it; false after a
	 * refusal. With rq->dry nothing may change. */
	bool (*commit)(struct request *rq);
};
void patch_run(struct request *rq, const struct patch_def *d, void *stage);
/* Type checks for rows; they refuse with the right words. */
bool patch_str(struct request *rq, const char *path, const cJSON *v, char *out,
    size_t cap);
bool patch_bool(
    struct request *rq, const char *path, const cJSON *v, bool *out);
/* Whole numbers from lo to hi. */
bool patch_int(struct request *rq, const char *path, const cJSON *v, int64_t lo,
    int64_t hi, int64_t *out);
/* One of the names (NULL-terminated); *out its position. */
bool patch_enum(struct request *rq, const char *path, const cJSON *v,
    const char *const *names, int *out);

/* ---- POST to a collection (create.c) ------------------------------------ */

struct create_def {
	const struct patch_row *rows;
	size_t n;
	/* All is good: make it and answer (request_created), or refuse. */
	void (*commit)(struct request *rq);
};
void create_run(struct request *rq, const struct create_def *d, void *stage);

/* A short text of a value for messages; never secrets. */
void value_text(const cJSON *v, char *out, size_t cap);

#endif
