/* See host_evidence.h. */
#include "agent/control/host_evidence.h"

#include "agent/control/host_medium.h"
#include "common/str.h"

/* Off for so long, seen at two looks: not the moment between two states. Who
 * looks more often (and simulates faster) waits less. */
#define EVIDENCE_OFF_US (5 * LOOP_S)

int64_t
evidence_off_us(const struct host_pass *p)
{
	int64_t us = 4 * p->c->o.poll_busy_us;

	return us < EVIDENCE_OFF_US ? us : EVIDENCE_OFF_US;
}

bool
evidence_consumed(const struct redfish_state *s)
{
	/* Continuous (only where Once is refused) never clears itself. */
	return !(s->boot.armed && s->boot.cd) ||
	       s->boot.enabled == RF_OVERRIDE_CONTINUOUS;
}

/* The progress as the mark was written: state and the BMC's own time. */
void
evidence_mark(const struct redfish_state *s, char out[72])
{
	(void)str_format(out, 72, "%s@%.40s",
	    redfish_progress_name(s->progress),
	    s->progress_time == NULL ? "" : s->progress_time);
}

/* The progress is news since the power-on, not what the BMC still remembers
 * of an earlier boot. */
bool
evidence_new(struct host_pass *p)
{
	char mark[72];

	evidence_mark(pass_state(p), mark);
	return !str_eq(mark, p->h.record.mark) || p->ctl->mem.seen_early;
}

bool
evidence_running(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);

	return s->power == RF_POWER_ON &&
	       s->progress == RF_PROGRESS_OS_RUNNING && evidence_new(p);
}

/* A boot loader was handed to: of an installer some BMCs never say more. */
bool
evidence_loading(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);

	return s->power == RF_POWER_ON &&
	       (s->progress == RF_PROGRESS_OS_BOOT_STARTED ||
		   s->progress == RF_PROGRESS_OS_RUNNING) &&
	       evidence_new(p);
}

bool
evidence_early(const struct redfish_state *s)
{
	return s->progress != RF_PROGRESS_ABSENT &&
	       s->progress != RF_PROGRESS_OEM &&
	       s->progress < RF_PROGRESS_OS_BOOT_STARTED;
}

/* What the BMC tells of a machine that is on, as far as it is news. */
static void
evidence_note_progress(struct host_pass *p)
{
	const struct redfish_state *s = pass_state(p);
	struct host_memory *m = &p->ctl->mem;

	if (s->progress == RF_PROGRESS_ABSENT || s->progress == RF_PROGRESS_OEM)
		m->untold = true;
	if (evidence_early(s) && s->progress != RF_PROGRESS_NONE)
		m->seen_post = true;
	if (evidence_loading(p))
		m->seen_os = true;
}

/* The machine itself, of this boot: its token is of claim and attempt. */
bool
evidence_phoned(const struct host_pass *p, struct phoned *w)
{
	const struct record *r = &p->h.record;

	return (p->m.evidence == EVIDENCE_AUTO ||
		   p->m.evidence == EVIDENCE_REPORT) &&
	       r->on_s != 0 &&
	       phoned_of(w, p->h.asks.report, r->claim_id, r->attempt);
}

bool
evidence_by_report(const struct host_pass *p)
{
	struct phoned w;

	return evidence_phoned(p, &w) && !w.failed;
}

void
evidence_note(struct host_pass *p)
{
	struct phoned w;
	const struct redfish_state *s = pass_state(p);
	struct host_memory *m = &p->ctl->mem;

	if (s->power == RF_POWER_ON) {
		m->seen_on = true;
		evidence_note_progress(p);
		m->off_since_us = 0;
		if (s->progress != RF_PROGRESS_ABSENT)
			report_evidence(&p->rep, pass_wall_s(p),
			    "BootProgress %s",
			    redfish_progress_name(s->progress));
	}
	if (s->power == RF_POWER_OFF && m->off_since_us == 0)
		m->off_since_us = pass_now_us(p);
	if (evidence_early(s))
		m->seen_early = true;
	if (!evidence_running(p))
		medium_note_evidence(p);
	if (evidence_phoned(p, &w))
		report_evidence(&p->rep, w.at_s, "report: bootstrap %s",
		    phoned_outcome(w.failed));
}

bool
evidence_off(struct host_pass *p)
{
	const struct host_memory *m = &p->ctl->mem;

	return pass_state(p)->power == RF_POWER_OFF && m->off_since_us != 0 &&
	       pass_now_us(p) - m->off_since_us >= evidence_off_us(p);
}

bool
evidence_overdue(const struct host_pass *p)
{
	return p->h.record.deadline_s != 0 &&
	       pass_wall_s(p) > p->h.record.deadline_s;
}

bool
evidence_by_progress(const struct host_pass *p)
{
	return p->m.evidence == EVIDENCE_AUTO ||
	       p->m.evidence == EVIDENCE_BOOT_PROGRESS;
}

/* A node with the host's UUID registered since: nothing but the OS does that. */
bool
evidence_by_node(const struct host_pass *p)
{
	int64_t since = controllers_node_since(p->c, p->m.key);

	return (p->m.evidence == EVIDENCE_AUTO ||
		   p->m.evidence == EVIDENCE_NODE) &&
	       p->h.record.on_s != 0 && since >= p->h.record.on_s;
}

/* Watched from the power-on without a gap, and no boot loader ever ran: the
 * only failure of a boot that is proven. */
bool
evidence_never_booted(const struct host_pass *p)
{
	const struct host_memory *m = &p->ctl->mem;

	return m->lit && m->seen_on && m->seen_post && !m->seen_os &&
	       !m->untold && !m->silenced && medium_level(p) < MEDIUM_LOADER;
}

/* The user vouches for it. */
bool
evidence_confirmed(const struct host_pass *p)
{
	return p->h.asks.confirm != NULL &&
	       str_eq(p->h.asks.confirm, p->h.record.claim_id);
}
