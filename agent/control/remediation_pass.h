/* One pass over one Beskar7Remediation. Everything it does is a patch. */
#ifndef B7_CONTROL_REMEDIATION_PASS_H
#define B7_CONTROL_REMEDIATION_PASS_H

#include "agent/control/machine.h"
#include "agent/control/object_ctl.h"
#include "agent/control/remediation.h"

struct remediation_ctl {
	struct object_ctl o;
	/* Under which it stands in c->remedies; owned, NULL = none. */
	char *machine_link, *host_link;
};

struct remedy_pass {
	struct controllers *c;
	struct remediation_ctl *ctl;
	struct remediation r;
	const cJSON *owner; /* CAPI Machine, held, or NULL */
	struct machine m;   /* its Beskar7Machine, if has_machine */
	bool has_machine;
	struct host h; /* which it has, if has_host */
	bool has_host, doubt;
	struct remedy y;
	cJSON *status; /* owned */
	struct cond_stamp at;
	bool silent;
	int64_t poll_us;
};

extern const struct step remedy_plan[]; /* remediation_steps.c */

#endif
