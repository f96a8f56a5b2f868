/*
 * A PhysicalHost as its controller sees it: the object of the cache, parsed.
 * Strings point into the tree, which the view holds. Absent strings are NULL.
 */
#ifndef B7_CONTROL_HOST_H
#define B7_CONTROL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/control/record.h"
#include "agent/control/typecheck.h"
#include "common/err.h"

struct cJSON;

enum host_state {
	HOST_ENROLLING,
	HOST_INSPECTING,
	HOST_AVAILABLE,
	HOST_CLAIMED,
	HOST_PROVISIONING,
	HOST_PROVISIONED,
	HOST_DEPROVISIONING,
	HOST_ERROR,
	HOST_STATES /* how many */
};
const char *host_state_name(enum host_state s); /* "Available" */
/* HOST_ENROLLING for anything unknown. */
enum host_state host_state_parse(const char *s);

enum host_online {
	ONLINE_ABSENT,
	ONLINE_TRUE,
	ONLINE_FALSE
};

struct consumer {
	const char *kind, *ns, *name, *claim_id; /* name NULL = unclaimed */
};

struct host_spec {
	const char *address, *credentials_name, *ca_bundle_name, *fingerprint;
	const char *system_id, *min_tls, *transport;
	bool tofu, insecure;
	enum host_online online;
	bool maintenance;
	const char *maintenance_reason;
	struct consumer consumer;
	const char *boot_iso, *user_data;
};

/* The user's annotations; NULL = absent. */
struct host_asks {
	const char *reboot, *retry, *inspect, *force_release;
	const char *accept_identity, *accept_certificate, *confirm;
	const char *adopt;
	const char *remediate; /* ours: of a Beskar7Remediation */
	const char *report;    /* ours: of the media server */
};

struct host {
	const struct cJSON *tree; /* held */
	char *key;                /* owned, "ns/name" */
	const char *ns, *name, *uid, *rv, *zone, *watch;
	int64_t generation;
	bool deleting, for_move, has_finalizer, paused;
	struct host_spec spec;
	char wrong[TYPECHECK_CAP]; /* "" or what has a wrong type */
	struct host_asks asks;
	/* record.c's view of AX/host-record. */
	bool record_present, record_valid;
	struct err record_err;
	struct record record;
	/* What the last status said. */
	bool has_details; /* status.hardwareDetails */
	bool state_known;
	enum host_state state;
};

/* Takes what the caller holds of the tree. Never fails: an object of wrong types has empty fields, and
 * host_problem() says what is missing. */
void host_init(struct host *h, const char *key, const struct cJSON *tree);
void host_fini(struct host *h);
/* NULL, or what is wrong with the spec in a user's words. */
const char *host_problem(const struct host *h);
/* Status of a condition in the last status: "True", "False", "Unknown" or
 * NULL; reason (may be NULL) is set likewise. */
const char *host_condition(
    const struct host *h, const char *type, const char **reason);
bool consumer_same(const struct consumer *c, const char *ns, const char *name,
    const char *claim_id);

/* Somebody has it, by its spec or by its record. */
bool host_taken(const struct host *h);
/* We drove it and nobody has cleaned up since. */
bool host_dirty(const struct host *h);
/* Being deleted, and nothing is left to do for it: it needs no Secret. */
bool host_leaving(const struct host *h);

#endif
