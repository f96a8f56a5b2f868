/*
 * What is known of a boot of ours (SAFETY.md 7): only what changed since the
 * record's mark counts. Reads what the pass has read; asks nothing.
 */
#ifndef B7_CONTROL_HOST_EVIDENCE_H
#define B7_CONTROL_HOST_EVIDENCE_H

#include "agent/control/host_pass.h"
#include "agent/control/phoned.h"

/* So long must a server be off, at two looks, to be off. */
int64_t evidence_off_us(const struct host_pass *p);
bool evidence_off(struct host_pass *p);
bool evidence_overdue(const struct host_pass *p);

/* The boot override has been used up. */
bool evidence_consumed(const struct redfish_state *s);
/* The progress as the mark is written: state and the BMC's own time. */
void evidence_mark(const struct redfish_state *s, char out[72]);
/* The progress is news since the power-on, not what the BMC still remembers
 * of an earlier boot. */
bool evidence_new(struct host_pass *p);
bool evidence_running(struct host_pass *p);
/* A boot loader was handed to: of an installer some BMCs never say more. */
bool evidence_loading(struct host_pass *p);
bool evidence_early(const struct redfish_state *s);

/* What this look shows goes into memory and status. */
void evidence_note(struct host_pass *p);

/* The machine itself, of this boot: its token is of claim and attempt. */
bool evidence_phoned(const struct host_pass *p, struct phoned *w);

/* By what the machine's completion.evidence allows: */
bool evidence_by_report(const struct host_pass *p);
bool evidence_by_progress(const struct host_pass *p);
bool evidence_by_node(const struct host_pass *p);
bool evidence_confirmed(const struct host_pass *p); /* by the user */

/* The only failure of a boot that is proven. */
bool evidence_never_booted(const struct host_pass *p);

#endif
