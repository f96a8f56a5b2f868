/* The life of a Beskar7Machine's controller: load, run the plan, settle. */
#include <string.h>

#include "agent/control/machine_pass.h"
#include "agent/control/names.h"
#include "agent/control/relation.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

static void
machine_unlink(struct machine_ctl *ctl)
{
	if (ctl->cluster != NULL)
		links_remove(&ctl->o.c->by_cluster, ctl->cluster, ctl->o.key);
	xreplace(&ctl->cluster, NULL);
}

void
machine_ctl_free(void *arg)
{
	struct machine_ctl *ctl = arg;

	if (ctl == NULL)
		return;
	machine_unlink(ctl);
	(void)map_take(&ctl->o.c->waiting, ctl->o.key); /* a set */
	machine_node_leave(ctl);
	object_ctl_fini(&ctl->o);
	xfree(ctl);
}

void
machine_say(struct machine_pass *p, const char *type, enum cond_status s,
    const char *reason, const char *message)
{
	object_say(p->status, &p->at, type, s, reason, "%s", message);
}

enum verdict
machine_poll(struct machine_pass *p, int64_t us)
{
	if (p->poll_us == 0 || us < p->poll_us)
		p->poll_us = us;
	return V_POLL;
}

/* News of its Cluster wake it by the label; by the Machine's word where core
 * has not labelled it yet, or the two differ. */
static const char *
machine_linked(struct machine_pass *p, struct machine_ctl *ctl)
{
	const char *name = relation_cluster_name(&p->m, p->owner);
	char key[KOBJ_KEY_CAP];

	machine_unlink(ctl);
	if (name == NULL || !kobj_key_make(p->m.ns, name, key))
		return name;
	links_add(&p->c->by_cluster, key, p->m.key);
	/* What the label says goes with the label. */
	if (!str_eq(name, p->m.cluster))
		xreplace(&ctl->cluster, key);
	return name;
}

static void
machine_load(struct machine_pass *p, struct machine_ctl *ctl, const cJSON *tree)
{
	struct object_ctl *o = &ctl->o;

	memset(p, 0, sizeof(*p));
	p->c = o->c;
	p->o = o;
	p->ctl = ctl;
	machine_view_init(&p->m, o->key, tree);
	p->owner = relation_get(p->c->capi_machines, p->m.ns, p->m.owner);
	p->cluster =
	    relation_get(p->c->capi_clusters, p->m.ns, machine_linked(p, ctl));
	p->has_host = relation_host(p->c, &p->m, &p->h);
	if (p->m.deleting || !p->has_host)
		machine_node_leave(ctl);
	p->status = kobj_status_dup(tree);
	p->at = object_stamp(o, tree);
}

static void
machine_unload(struct machine_pass *p)
{
	if (p->has_host)
		host_fini(&p->h);
	machine_view_fini(&p->m);
	json_drop(p->owner);
	json_drop(p->cluster);
	cJSON_Delete(p->status);
}

/* HostProvisioned is what the column Reason shows: before there is a host, it
 * says what keeps the machine from one. */
static void
machine_say_why_unclaimed(struct machine_pass *p)
{
	const char *why = cond_reason(p->status, "HostClaimed");
	enum cond_status now = cond_get(p->status, "HostProvisioned");

	if (p->has_host || cond_get(p->status, "HostClaimed") != COND_FALSE ||
	    (now != COND_ABSENT && now != COND_UNKNOWN))
		return;
	machine_say(p, "HostProvisioned", COND_UNKNOWN, why,
	    "there is no host for it yet");
}

/* Every condition is there from the first status on (capi-contract 2.1). */
static void
machine_summary(struct machine_pass *p)
{
	static const struct cond_input in[] = {
		{ "HostClaimed", false },
		{ "BootstrapDataReady", false },
		{ "HostProvisioned", false },
		{ "HostHealthy", false },
		{ "Deleting", true },
	};

	machine_say_why_unclaimed(p);
	for (size_t i = 0; i < 4; i++)
		if (cond_get(p->status, in[i].type) == COND_ABSENT)
			machine_say(
			    p, in[i].type, COND_UNKNOWN, "NotYetReported", "");
	(void)cond_summarize(
	    p->status, "Ready", in, sizeof(in) / sizeof(*in), &p->at);
}

void
machine_ctl_run(void *arg, const char *key)
{
	struct controllers *c = arg;
	const struct object_kind kind = { &c->machine_ctls, c->machines,
		c->machine_q, &RES_MACHINES, sizeof(struct machine_ctl),
		machine_ctl_free };
	const cJSON *tree;
	struct machine_ctl *ctl = object_enter(c, &kind, key, &tree);
	struct machine_pass p;
	const char *at = "";
	enum verdict v;

	if (ctl == NULL)
		return;
	c->passes++;
	machine_load(&p, ctl, tree);
	v = plan_run(machine_plan, &p, &at);
	if (v != V_WAIT && !p.silent) {
		if (!cond_find(p.status, "Paused") ||
		    cond_get(p.status, "Paused") != COND_TRUE)
			machine_summary(&p);
		(void)object_write_status(&ctl->o, p.m.tree, p.status);
	}
	LOGD(c->env->log, "machine pass", F_STR("obj", key), F_STR("step", at),
	    F_STR("verdict", verdict_name(v)));
	if (v != V_WAIT && p.poll_us > 0)
		workq_add_after(c->machine_q, key, p.poll_us);
	machine_unload(&p);
}
