/*
 * What goes into a host's diary (diary.h): where each pass settled, and each
 * write with what came of it. Reads are in the redfish client's own history.
 */
#include "agent/control/host_pass.h"
#include "common/str.h"

const char *
act_name(enum act a)
{
	static const char *const names[] = {
		[ACT_IDENTIFY] = "read the service root and the system",
		[ACT_READ] = "read the system",
		[ACT_INVENTORY] = "read the inventory",
		[ACT_RESET] = "reset",
		[ACT_ARM] = "boot once from CD",
		[ACT_CLEAR] = "clear the boot override",
		[ACT_INSERT] = "insert the medium",
		[ACT_CONFIG] = "insert the configuration medium",
		[ACT_EJECT] = "eject the medium",
		[ACT_SECRET] = "read the BMC's Secret",
		[ACT_CA] = "read the CA bundle",
		[ACT_HOLD] = "patch the BMC's Secret",
		[ACT_WRITE] = "patch the PhysicalHost",
		[ACT_FOLLOW] = "subscribe to events",
	};

	return names[a];
}

/* Of what the pass has to say, that which a person would ask for first. */
static const char *
diary_reason(const struct host_pass *p)
{
	const struct report_cond *c = p->rep.cond;

	if (p->rep.op.kind != NULL && !str_empty(p->rep.op.message))
		return p->rep.op.message;
	for (int i = 0; i < N_HOST_CONDS; i++)
		if (c[i].status == SAY_FALSE && i != HC_MAINTENANCE &&
		    i != HC_PAUSED && !str_empty(c[i].message))
			return c[i].message;
	return c[HC_PROVISIONED].message;
}

void
host_diary_settled(struct host_ctl *ctl, enum verdict v, const char *at)
{
	const struct host_pass *p = ctl->pass;
	struct diary_line l = { .first_us = loop_wall_us(ctl->c->env->loop),
		.step = at,
		.inner = p->inner,
		.verdict = v };

	diary_note(&ctl->c->diaries, &ctl->diary, &l,
	    v == V_FAIL ? p->err.msg : diary_reason(p));
}

void
host_diary_asked(struct host_ctl *ctl, enum act a, const struct err *e)
{
	const struct host_pass *p = ctl->pass;
	bool ok = e->kind == ERR_NONE;
	struct diary_line l = { .first_us = loop_wall_us(ctl->c->env->loop),
		.step = p->at,
		.inner = p->inner,
		.asked = act_name(a),
		.verdict = ok ? V_NEXT : V_FAIL };
	const char *what = NULL;

	if (a == ACT_IDENTIFY || a == ACT_READ || a == ACT_INVENTORY)
		return;
	if (a == ACT_RESET)
		what = p->asked;
	else if (a == ACT_WRITE)
		what = p->told.reason;
	diary_note(&ctl->c->diaries, &ctl->diary, &l, ok ? what : e->msg);
}
