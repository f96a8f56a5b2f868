/*
 * A Beskar7Remediation as its controller sees it, and what is to be done next:
 * a pure function of what the object, the host's record and the clock say.
 */
#ifndef B7_CONTROL_REMEDIATION_H
#define B7_CONTROL_REMEDIATION_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/control/host.h"

struct cJSON;

/* Strings point into the tree, which the view borrows; absent: NULL. */
struct remediation {
	const struct cJSON *tree;
	const char *ns, *name, *watch, *cluster;
	bool deleting, for_move, has_finalizer, paused;
	const char *id;                /* AX/remediation-id */
	const char *owner, *owner_uid; /* of the Machine */
	bool cycle;
	int max_attempts;
	int64_t interval_s;
	/* status; 0 = none */
	int attempts;
	int64_t last_s;
};
void remediation_view(struct remediation *r, const struct cJSON *tree);

/* Without an answer of the host for so long, an attempt has failed: two
 * intervals, but no less than one minute and no more than ten. */
int64_t remediation_patience_s(const struct remediation *r);

enum remedy_state {
	REMEDY_NEW,   /* nothing was asked yet */
	REMEDY_ASKED, /* the host has not begun */
	REMEDY_OFF,   /* being switched off */
	REMEDY_ON,    /* was confirmed Off; coming on */
	REMEDY_DONE,  /* confirmed Off, and on again for a cycle */
	REMEDY_LATE,  /* asked, and out of patience: to be withdrawn */
	REMEDY_FAILED /* refused, or withdrawn */
};
struct remedy {
	enum remedy_state state;
	int attempts;   /* made, this one included */
	int64_t last_s; /* when this one was asked for; 0 = just now */
	int64_t next_s; /* another one may be asked for then */
	bool fenced;    /* the BMC confirmed Off in this attempt */
};
/* h NULL: no host serves the machine. */
struct remedy remedy_of(
    const struct remediation *r, const struct host *h, int64_t now_s);

#endif
