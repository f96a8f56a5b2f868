/*
 * The machine's node: found in the workload cluster by the UUID of the host,
 * given its providerID, so that a stock bootstrap needs no hand-wiring; and
 * what it says of its addresses. Only for a host that was claimed for this
 * very cluster and switched on by us (SAFETY.md 10); what is not plain is a
 * condition with the next step, and nothing is ever overwritten.
 */
#include <string.h>

#include "agent/control/machine_pass.h"
#include "agent/control/names.h"
#include "agent/control/relation.h"
#include "agent/control/workload.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "agent/redfish/identity.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define NODE_CONDITION "NodeAssociated"

void
machine_provider_id(const struct machine_pass *p, char out[PROVIDER_ID_CAP])
{
	/* Names of objects are short enough. */
	(void)str_format(
	    out, PROVIDER_ID_CAP, "b7://%s/%s", p->h.ns, p->h.name);
}

void
machine_node_leave(struct machine_ctl *ctl)
{
	if (ctl->workload != NULL)
		workload_leave(ctl->o.c, ctl->workload, ctl->o.key);
	xreplace(&ctl->workload, NULL);
}

static struct workload *
node_workload(const struct machine_pass *p)
{
	return p->ctl->workload == NULL
		   ? NULL
		   : map_get(&p->c->workloads, p->ctl->workload);
}

/* Our claim, our power-on, and a cluster that is there to stay. While an
 * installer runs there is nothing to look for. */
static bool
node_due(const struct machine_pass *p)
{
	const struct record *r = &p->h.record;
	bool booting =
	    p->m.image_kind == IMAGE_LIVE ? r->on_s != 0 : r->on2_s != 0;

	return p->h.record_valid && str_eq(r->claim_id, p->m.claim_id) &&
	       (r->phase == PHASE_PROVISIONED ||
		   (r->phase == PHASE_PROVISIONING && booting)) &&
	       p->cluster != NULL && !kobj_deleting(p->cluster);
}

/* ---- what is found ---------------------------------------------------------- */

struct node_search {
	struct machine_pass *p;
	bool up; /* before that only what was found is told */
	struct workload *w;
	const char *cluster;
	struct workload_nodes found;
	const char *twin; /* another host with the UUID; NULL */
	struct node_facts f;
	const cJSON *node; /* held; the one to judge, or NULL */
	char id[PROVIDER_ID_CAP];
};

/* Another host of the same UUID, in either byte order. */
static const char *
node_twin(const struct machine_pass *p)
{
	const struct links *ids = &p->c->index.ids;
	char other[RF_UUID_CAP], key[48];
	const char *twin;

	(void)str_format(key, sizeof(key), "uuid:%s", p->h.record.id.uuid);
	twin = links_other(ids, key, p->h.key);
	if (twin != NULL || strlen(p->h.record.id.uuid) != RF_UUID_CAP - 1)
		return twin;
	redfish_uuid_swapped(p->h.record.id.uuid, other);
	(void)str_format(key, sizeof(key), "uuid:%s", other);
	return links_other(ids, key, p->h.key);
}

static void
node_search(struct node_search *s)
{
	const struct machine_pass *p = s->p;
	struct node_facts *f = &s->f;
	char key[NODE_UUID_CAP];
	int64_t created_us;

	machine_provider_id(p, s->id);
	f->host_uuid = node_uuid_key(p->h.record.id.uuid, key);
	workload_find(s->w, key, s->id, &s->found);
	s->twin = f->host_uuid ? node_twin(p) : NULL;
	f->host_twin = s->twin != NULL;
	f->on_s = p->h.record.on_s;
	f->with_uuid = s->found.with_uuid;
	f->with_id = s->found.with_id;
	f->same = s->found.same;
	s->node = workload_node(
	    s->w, f->with_id > 0 ? s->found.id_node : s->found.uuid_node);
	f->provider_id = json_str(s->node, "spec/providerID", "");
	if (s->node != NULL && kobj_created_us(s->node, &created_us))
		f->created_s = created_us / LOOP_S;
}

/* ---- what is said ------------------------------------------------------------ */

static void
node_say(struct node_search *s, const char *reason, const char *text)
{
	if (s->up)
		machine_say(s->p, NODE_CONDITION, COND_FALSE, reason, text);
}

static void
node_several(struct node_search *s)
{
	const struct workload_nodes *n = &s->found;
	char text[900];
	const char *first = n->with_id > 1 ? n->id_node : n->uuid_node;

	(void)str_format(text, sizeof(text),
	    "nodes %s and %s of cluster %.100s have the same %s; delete the "
	    "one that is no longer there",
	    first, n->other, s->cluster,
	    n->with_id > 1 ? "providerID" : "system UUID");
	node_say(s, "Ambiguous", text);
}

static void
node_divided(struct node_search *s)
{
	char text[900];

	(void)str_format(text, sizeof(text),
	    "node %s has the providerID of this host, node %s its system "
	    "UUID; delete the one that is no longer there",
	    s->found.id_node, s->found.uuid_node);
	node_say(s, "Ambiguous", text);
}

static void
node_two_hosts(struct node_search *s)
{
	char text[900];

	(void)str_format(text, sizeof(text),
	    "host %s has the system UUID of this host, too; delete one of "
	    "them if they are one server, else give the kubelet the "
	    "providerID %s",
	    s->twin, s->id);
	node_say(s, "Ambiguous", text);
}

static void
node_foreign(struct node_search *s)
{
	char text[900];

	(void)str_format(text, sizeof(text),
	    "node %s has the providerID %.200s already, which never changes: "
	    "delete the node and let its kubelet register again, without a "
	    "providerID or with %.300s",
	    s->found.uuid_node, s->f.provider_id, s->id);
	node_say(s, "ForeignProviderID", text);
}

static void
node_old(struct node_search *s)
{
	char text[1200];

	(void)str_format(text, sizeof(text),
	    "node %s was there before this host was switched on for this "
	    "machine: if it is a leftover, delete it; if it is the host, run: "
	    "kubectl patch node %s -p '{\"spec\":{\"providerID\":\"%.300s\"}}'",
	    s->found.uuid_node, s->found.uuid_node, s->id);
	node_say(s, "NodeOlderThanPowerOn", text);
}

static void
node_no_uuid(struct node_search *s)
{
	char text[900];

	(void)str_format(text, sizeof(text),
	    "the BMC shows no usable system UUID, so that no node can be "
	    "told to be this host's: give its kubelet the providerID %s",
	    s->id);
	node_say(s, "NoSystemUUID", text);
}

static void
node_none(struct node_search *s)
{
	char text[900];

	(void)str_format(text, sizeof(text),
	    "no node of cluster %.100s has the system UUID %s yet", s->cluster,
	    s->p->h.record.id.uuid);
	node_say(s, "WaitingForNode", text);
}

static void
node_ours(struct node_search *s)
{
	struct workload_member *m = workload_join(s->w, s->p->m.key, false);
	const cJSON *a = json_at(s->node, "status/addresses");
	char text[600];

	(void)str_format(text, sizeof(text), "node %.500s", s->found.id_node);
	machine_say(s->p, NODE_CONDITION, COND_TRUE, "Associated", text);
	xreplace(&m->node, s->found.id_node);
	cJSON_Delete(m->addresses);
	m->addresses = cJSON_IsArray(a) ? json_dup(a) : cJSON_CreateArray();
	m->created_s = s->f.same && s->f.with_uuid == 1 ? s->f.created_s : 0;
	/* It is the proof that its host waits for. */
	if (s->up || m->created_s < s->f.on_s)
		return;
	if (controllers_drives(s->p->c, s->p->h.key))
		workq_add(s->p->c->host_q, s->p->h.key);
	else
		s->p->node_since_s = m->created_s;
}

/* Another replica drives the host, and sees of us what is stored. */
enum verdict
machine_node_told(struct machine_pass *p)
{
	cJSON *patch;
	char text[24];

	(void)str_format(
	    text, sizeof(text), "%lld", (long long)p->node_since_s);
	if (p->node_since_s == 0 ||
	    str_eq(kobj_annotation(p->m.tree, ANN_NODE_SINCE), text))
		return V_NEXT;
	patch = kobj_patch_base(p->m.tree);
	json_set_str(
	    json_ensure_obj(json_ensure_obj(patch, "metadata"), "annotations"),
	    ANN_NODE_SINCE, text);
	return object_patch(p->o, p->m.tree, KUBE_PATCH_MERGE, patch);
}

static int64_t
node_since_stored(const struct controllers *c, const char *machine)
{
	const cJSON *tree = informer_get(c->machines, machine);
	const char *text =
	    tree == NULL ? NULL : kobj_annotation(tree, ANN_NODE_SINCE);
	int64_t since = 0;

	if (text == NULL || !str_to_i64(text, &since))
		since = 0;
	json_drop(tree);
	return since;
}

int64_t
controllers_node_since(const struct controllers *c, const char *machine)
{
	const struct machine_ctl *ctl = map_get(&c->machine_ctls, machine);
	const struct workload_member *m;

	if (!controllers_drives(c, machine))
		return node_since_stored(c, machine);
	if (ctl == NULL || ctl->workload == NULL)
		return 0;
	m = workload_member(map_get(&c->workloads, ctl->workload), machine);
	return m == NULL ? 0 : m->created_s;
}

/* No write while it is in doubt which board answers at the address. */
static void
node_take(struct node_search *s)
{
	const struct machine_pass *p = s->p;
	const char *refusal = workload_refusal(s->w, p->m.key);
	int64_t wait = workload_write_wait(s->w, p->m.key);
	char text[900];

	if (!str_eq(host_condition(&p->h, "IdentityVerified", NULL), "True")) {
		node_say(s, "Ambiguous",
		    "the identity of the host is in doubt: see its condition "
		    "IdentityVerified");
		return;
	}
	if (refusal != NULL) {
		(void)str_format(text, sizeof(text),
		    "the cluster refuses the providerID of node %s: %s",
		    s->found.uuid_node, refusal);
		node_say(s, "PatchRefused", text);
	}
	if (wait > 0)
		(void)machine_poll(s->p, wait);
	else
		workload_write(s->w, p->m.key, s->node, s->id);
}

static void
node_judged(struct node_search *s)
{
	switch (node_match(&s->f)) {
	case NODE_NONE:
		node_none(s);
		break;
	case NODE_OURS:
		node_ours(s);
		return;
	case NODE_TAKE:
		node_take(s);
		break;
	case NODE_FOREIGN:
		node_foreign(s);
		break;
	case NODE_OLD:
		node_old(s);
		break;
	case NODE_SEVERAL:
		node_several(s);
		break;
	case NODE_DIVIDED:
		node_divided(s);
		break;
	case NODE_TWO_HOSTS:
		node_two_hosts(s);
		break;
	case NODE_NO_UUID:
		node_no_uuid(s);
		break;
	}
	(void)workload_join(s->w, s->p->m.key, true);
}

/* ---- the pass's part --------------------------------------------------------- */

/* Why there is nothing to be found yet. What was found before stays true. */
static void
node_not_ready(struct node_search *s)
{
	const struct machine_pass *p = s->p;

	if (cond_get(p->status, NODE_CONDITION) == COND_TRUE)
		return;
	if (s->w->reason[0] != '\0')
		node_say(s, s->w->reason, s->w->message);
	else if (cond_get(p->status, NODE_CONDITION) == COND_ABSENT)
		node_none(s);
}

static void
node_join(struct machine_pass *p, struct workload *w)
{
	if (!str_eq(p->ctl->workload, w->key)) {
		machine_node_leave(p->ctl);
		xreplace(&p->ctl->workload, w->key);
	}
}

void
machine_associated(struct machine_pass *p, bool up)
{
	struct node_search s = { .p = p,
		.up = up,
		.cluster = relation_cluster_name(&p->m, p->owner) };

	if (s.cluster == NULL || !node_due(p))
		return;
	s.w = workload_get(p->c, p->m.ns, s.cluster);
	if (s.w == NULL)
		return;
	node_join(p, s.w);
	(void)workload_join(
	    s.w, p->m.key, cond_get(p->status, NODE_CONDITION) != COND_TRUE);
	if (!workload_ready(s.w)) {
		node_not_ready(&s);
		return;
	}
	node_search(&s);
	node_judged(&s);
	json_drop(s.node);
}

void
machine_node_addresses(const struct machine_pass *p, cJSON *list, int most)
{
	const struct workload_member *m =
	    workload_member(node_workload(p), p->m.key);

	if (m == NULL || cond_get(p->status, NODE_CONDITION) != COND_TRUE)
		return;
	/* Not looked yet in this life of ours: as it was. */
	node_addresses_add(list,
	    m->addresses != NULL ? m->addresses
				 : json_at(p->m.tree, "status/addresses"),
	    most);
}
