/*
 * A Beskar7Machine as its controller, and that of its host, see it. Strings
 * point into the tree, which the view holds; absent ones are NULL.
 */
#ifndef B7_CONTROL_MACHINE_H
#define B7_CONTROL_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/control/typecheck.h"

struct cJSON;

enum image_kind {
	IMAGE_INSTALLER,
	IMAGE_LIVE
};
enum evidence_kind {
	EVIDENCE_AUTO,
	EVIDENCE_REPORT,
	EVIDENCE_BOOT_PROGRESS,
	EVIDENCE_NODE
};

struct machine {
	const struct cJSON *tree; /* held */
	char *key;                /* owned, "ns/name" */
	const char *ns, *name, *uid, *rv;
	int64_t generation;
	bool deleting, for_move, has_finalizer, paused;
	const char *claim_id;
	const char *owner;   /* name of the CAPI Machine that owns it */
	const char *cluster; /* label cluster-name */
	/* spec */
	const char *provider_id, *image_url;
	enum image_kind image_kind;
	bool eject_when_up;
	const char *boot_mode; /* "UEFI", "Legacy" or NULL */
	enum evidence_kind evidence;
	int64_t timeout_s;
	int max_attempts;
	int64_t graceful_s;
	int64_t min_cores, min_memory_gib, min_drive_gb, min_drives;
	const char *architecture;
	char wrong[TYPECHECK_CAP]; /* "" or what is wrong in the spec */
	/* status */
	bool provisioned;
	const char *host_ref;
};

/* Takes what the caller holds of the tree; fields of wrong types are as if absent, and m.wrong names the
 * first. */
void machine_view_init(
    struct machine *m, const char *key, const struct cJSON *tree);
void machine_view_fini(struct machine *m);
/* hostSelector and hardwareRequirements against a PhysicalHost and what its
 * inspection found. */
bool machine_fits(const struct machine *m, const struct cJSON *host);
/* It asks for something that machine_fits() has to look at. */
bool machine_choosy(const struct machine *m);
/* spec.hostSelector, or NULL. */
const struct cJSON *machine_selector(const struct machine *m);

#endif
