/*
 * Beskar7Remediation: what a MachineHealthCheck makes of a template for an
 * unhealthy Machine (capi-contract 3.11). It asks the host of that machine, by an
 * annotation, to be switched off and on; the host's controller alone does it, and
 * says in its record what came of it. Success is told only of a server that the
 * BMC confirmed to be off. When all attempts are spent the Machine's owner is
 * asked to replace it.
 */
#include <string.h>

#include "agent/control/names.h"
#include "agent/control/relation.h"
#include "agent/control/remediation_pass.h"
#include "agent/kube/event.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

/* ---- who must look --------------------------------------------------------------- */

static void
remedy_relink(struct remediation_ctl *ctl, char **slot, char kind,
    const char *ns, const char *name)
{
	struct links *l = &ctl->o.c->remedies;
	char *to = name == NULL ? NULL : xasprintf("%c/%s/%s", kind, ns, name);

	if (!str_eq(*slot, to)) {
		if (*slot != NULL)
			links_remove(l, *slot, ctl->o.key);
		if (to != NULL)
			links_add(l, to, ctl->o.key);
		xreplace(slot, to);
	}
	xfree(to);
}

static bool
remedy_wake(void *arg, const char *key)
{
	struct controllers *c = arg;

	workq_add(c->remediation_q, key);
	return true;
}

static void
remedy_wake_all(struct controllers *c, char kind, const char *key)
{
	char *from = xasprintf("%c/%s", kind, key);

	links_each(&c->remedies, from, remedy_wake, c);
	xfree(from);
}

void
remediation_wake_host(struct controllers *c, const char *key)
{
	if (c->remediation_ctls.n > 0)
		remedy_wake_all(c, 'h', key);
}

void
remediation_wake_machine(struct controllers *c, const char *key)
{
	if (c->remediation_ctls.n > 0)
		remedy_wake_all(c, 'm', key);
}

void
remediation_wake_everyone(struct controllers *c)
{
	for (size_t i = 0; i < c->remediation_ctls.n; i++)
		workq_add(c->remediation_q, c->remediation_ctls.v[i].key);
}

void
remediation_ctl_free(void *arg)
{
	struct remediation_ctl *ctl = arg;

	if (ctl == NULL)
		return;
	remedy_relink(ctl, &ctl->machine_link, 'm', NULL, NULL);
	remedy_relink(ctl, &ctl->host_link, 'h', NULL, NULL);
	object_ctl_fini(&ctl->o);
	xfree(ctl);
}

/* ---- loading --------------------------------------------------------------------- */

/* The Machine by name and UID: another one of the same name is not meant. */
static void
remedy_find(struct remedy_pass *p)
{
	const cJSON *ref;

	p->owner = relation_get(p->c->capi_machines, p->r.ns, p->r.owner);
	if (p->owner != NULL && !str_eq(kobj_uid(p->owner), p->r.owner_uid)) {
		json_drop(p->owner);
		p->owner = NULL;
	}
	ref = json_obj(p->owner, "spec/infrastructureRef");
	if (str_eq(json_str(ref, "kind", NULL), KIND_MACHINE) &&
	    str_eq(json_str(ref, "apiGroup", AX), AX))
		p->has_machine = relation_machine(
		    p->c, p->r.ns, json_str(ref, "name", NULL), &p->m);
	p->has_host = p->has_machine && relation_host(p->c, &p->m, &p->h);
	p->doubt = p->has_host && informer_in_doubt(p->c->hosts, p->h.key);
}

static void
remedy_load(
    struct remedy_pass *p, struct remediation_ctl *ctl, const cJSON *tree)
{
	memset(p, 0, sizeof(*p));
	p->c = ctl->o.c;
	p->ctl = ctl;
	remediation_view(&p->r, tree);
	remedy_find(p);
	remedy_relink(ctl, &ctl->machine_link, 'm', p->r.ns, p->r.owner);
	remedy_relink(
	    ctl, &ctl->host_link, 'h', p->r.ns, p->has_host ? p->h.name : NULL);
	p->y = remedy_of(
	    &p->r, p->has_host ? &p->h : NULL, controllers_wall_s(p->c));
	p->status = kobj_status_dup(tree);
	p->at = object_stamp(&ctl->o, tree);
}

static void
remedy_unload(struct remedy_pass *p)
{
	if (p->has_host)
		host_fini(&p->h);
	machine_view_fini(&p->m);
	json_drop(p->owner);
	cJSON_Delete(p->status);
}

/* ---- running --------------------------------------------------------------------- */

static void
remedy_event(struct remedy_pass *p)
{
	static const char *const quiet[] = { "WaitingForHost", "PoweringOff",
		"PoweringOn", NULL };
	const char *now = cond_reason(p->status, "Remediated");
	bool skip = *now == '\0' ||
		    str_eq(now, cond_reason(json_obj(p->r.tree, "status"),
				    "Remediated"));

	for (size_t i = 0; quiet[i] != NULL && !skip; i++)
		skip = str_eq(quiet[i], now);
	if (!skip)
		event_emitf(p->c->ev, p->r.tree,
		    cond_get(p->status, "Remediated") == COND_TRUE
			? EVENT_NORMAL
			: EVENT_WARNING,
		    now, "%s", cond_message(p->status, "Remediated"));
}

void
remediation_ctl_run(void *arg, const char *key)
{
	struct controllers *c = arg;
	const struct object_kind kind = { &c->remediation_ctls, c->remediations,
		c->remediation_q, &RES_REMEDIATIONS,
		sizeof(struct remediation_ctl), remediation_ctl_free };
	const cJSON *tree;
	struct remediation_ctl *ctl = object_enter(c, &kind, key, &tree);
	struct remedy_pass p;
	const char *at = "";
	enum verdict v;

	if (ctl == NULL)
		return;
	c->passes++;
	remedy_load(&p, ctl, tree);
	v = plan_run(remedy_plan, &p, &at);
	if (v != V_WAIT && !p.silent &&
	    object_write_status(&ctl->o, tree, p.status))
		remedy_event(&p);
	if (v != V_WAIT && p.poll_us > 0)
		workq_add_after(c->remediation_q, key, p.poll_us);
	remedy_unload(&p);
	json_drop(tree);
}
