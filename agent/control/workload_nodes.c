/* The nodes of a workload cluster: who is who, who hears of it, and the one
 * write that we make there. */
#include <string.h>

#include "agent/control/internal.h"
#include "agent/control/workload.h"
#include "agent/kube/client.h"
#include "agent/kube/event.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "agent/redfish/identity.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

#define WRITE_CONFLICT (LOOP_S / 5)
#define WRITE_REFUSED (2 * LOOP_MIN)
#define WRITE_FAILED (15 * LOOP_S)

/* ---- who is who ------------------------------------------------------------------ */

typedef void links_op(struct links *l, const char *from, const char *to);

static void
nodes_index(struct workload *w, const cJSON *node, links_op *op)
{
	const char *id = json_str(node, "spec/providerID", "");
	char key[NODE_UUID_CAP];

	if (node_uuid_key(
		json_str(node, "status/nodeInfo/systemUUID", NULL), key))
		op(&w->by_uuid, key, kobj_name(node));
	if (id[0] != '\0')
		op(&w->by_id, id, kobj_name(node));
}

static bool
nodes_wake_host(void *arg, const char *host)
{
	struct workload *w = arg;
	const struct host_brief *b = host_index_get(&w->c->index, host);

	if (b != NULL && b->consumer != NULL &&
	    map_get(&w->members, b->consumer) != NULL)
		workq_add(w->c->machine_q, b->consumer);
	return true;
}

/* The machines whose host the node may be; not all of a large cluster. */
static void
nodes_wake(struct workload *w, const cJSON *node)
{
	const char *id = json_str(node, "spec/providerID", "");
	char uuid[RF_UUID_CAP], other[RF_UUID_CAP], key[48];

	if (str_has_prefix(id, "b7://"))
		(void)nodes_wake_host(w, id + strlen("b7://"));
	if (!redfish_uuid_normal(
		json_str(node, "status/nodeInfo/systemUUID", NULL), uuid))
		return;
	redfish_uuid_swapped(uuid, other);
	(void)str_format(key, sizeof(key), "uuid:%s", uuid);
	links_each(&w->c->index.ids, key, nodes_wake_host, w);
	(void)str_format(key, sizeof(key), "uuid:%s", other);
	links_each(&w->c->index.ids, key, nodes_wake_host, w);
}

static void
nodes_on(void *arg, const struct informer_event *ev)
{
	struct workload *w = arg;
	cJSON *old = NULL;

	if (ev->what == INFORMER_SYNCED) {
		workload_wake(w);
		return;
	}
	if (ev->old_text != NULL)
		old = json_parse(ev->old_text, strlen(ev->old_text), NULL);
	if (old != NULL)
		nodes_index(w, old, links_remove);
	nodes_index(w, ev->object,
	    ev->what == INFORMER_DELETED ? links_remove : links_add);
	/* At first all are woken together. A heartbeat is no news. */
	if (informer_synced(w->nodes) &&
	    (ev->what == INFORMER_DELETED || node_news(old, ev->object))) {
		if (old != NULL)
			nodes_wake(w, old);
		nodes_wake(w, ev->object);
	}
	cJSON_Delete(old);
}

void
workload_watch(struct workload *w)
{
	struct informer_opts o = { .res = &KUBE_NODES,
		.trim = node_trim,
		.backoff_min_us = 2 * LOOP_S };

	w->nodes = informer_new(w->client, &o);
	informer_on(w->nodes, nodes_on, w);
	informer_start(w->nodes);
}

struct node_write {
	struct workload *w;
	char *machine;          /* owned */
	struct kube_call *call; /* NULL: it ended */
	int64_t again_us;       /* not before; loop clock */
	char refusal[300];      /* "" = it was not */
};

void
workload_unwatch(struct workload *w)
{
	for (size_t i = 0; i < w->writes.n; i++) {
		struct node_write *n = w->writes.v[i].value;

		if (n->call != NULL)
			kube_cancel(n->call);
		n->call = NULL;
	}
	informer_free(w->nodes);
	w->nodes = NULL;
	links_free(&w->by_uuid);
	links_free(&w->by_id);
	memset(&w->by_uuid, 0, sizeof(w->by_uuid));
	memset(&w->by_id, 0, sizeof(w->by_id));
}

struct nodes_found {
	char *first, *other; /* 256 each */
	size_t n;
	const char *same; /* NULL, or whether it is among them */
	bool is_there;
};

static bool
nodes_found(void *arg, const char *name)
{
	struct nodes_found *f = arg;

	f->is_there |= f->same != NULL && str_eq(name, f->same);
	if (f->n++ == 0)
		(void)str_copy(f->first, 256, name);
	else
		(void)str_copy(f->other, 256, name);
	return true;
}

void
workload_find(const struct workload *w, const char *uuid_key,
    const char *provider_id, struct workload_nodes *out)
{
	struct nodes_found f = { .first = out->id_node, .other = out->other };

	memset(out, 0, sizeof(*out));
	links_each(&w->by_id, provider_id, nodes_found, &f);
	out->with_id = f.n;
	f = (struct nodes_found){ .first = out->uuid_node,
		.other = out->other,
		.same = out->id_node };
	links_each(&w->by_uuid, uuid_key, nodes_found, &f);
	out->with_uuid = f.n;
	out->same = f.is_there;
}

const cJSON *
workload_node(const struct workload *w, const char *name)
{
	return informer_get(w->nodes, name);
}

/* ---- the write -------------------------------------------------------------------- */

static void
write_free(void *arg)
{
	struct node_write *n = arg;

	xfree(n->machine);
	xfree(n);
}

void
workload_writes_free(struct workload *w)
{
	map_free(&w->writes, write_free); /* none is under way any more */
}

static int64_t
write_again(const struct kube_reply *r)
{
	enum err_kind k = r->err.kind;

	if (k == ERR_CONFLICT)
		return WRITE_CONFLICT;
	return k == ERR_AUTH || k == ERR_REFUSED || k == ERR_SPEC
		   ? WRITE_REFUSED
		   : WRITE_FAILED;
}

static void
write_failed(struct node_write *n, const struct kube_reply *r)
{
	struct controllers *c = n->w->c;
	int64_t us = write_again(r);

	n->again_us = loop_mono_us(c->env->loop) + us;
	if (us == WRITE_REFUSED && n->refusal[0] == '\0')
		(void)str_copy(n->refusal, sizeof(n->refusal), r->err.msg);
	LOGI(c->env->log, "node not written", F_STR("obj", n->machine),
	    F_INT("retry_ms", us / LOOP_MS), F_ERR(&r->err));
	/* It tells of it, and asks when it may try again. */
	workq_add(c->machine_q, n->machine);
}

static void
write_done(void *arg, const struct kube_reply *r)
{
	struct node_write *n = arg;
	struct controllers *c = n->w->c;
	const cJSON *machine;

	n->call = NULL;
	if (r->err.kind != ERR_NONE) {
		write_failed(n, r);
		return;
	}
	n->refusal[0] = '\0';
	n->again_us = 0;
	informer_note_reply(n->w->nodes, r);
	machine = informer_get(c->machines, n->machine);
	if (machine != NULL)
		event_emitf(c->ev, machine, EVENT_NORMAL, "NodeAssociated",
		    "node %.200s got the providerID %.300s",
		    kobj_name(r->object),
		    json_str(r->object, "spec/providerID", ""));
	json_drop(machine);
	workq_add(c->machine_q, n->machine);
}

void
workload_write(struct workload *w, const char *machine, const cJSON *node,
    const char *provider_id)
{
	struct node_write *n = map_get(&w->writes, machine);
	struct kube_request rq = { .verb = KUBE_PATCH,
		.res = &KUBE_NODES,
		.name = kobj_name(node),
		.patch = KUBE_PATCH_MERGE,
		.shard = driving_shard(w->c, machine),
		.done = write_done };
	cJSON *patch;

	if (n == NULL) {
		n = xcalloc(1, sizeof(*n));
		n->w = w;
		n->machine = xstrdup(machine);
		(void)map_put(&w->writes, machine, n); /* new */
	}
	if (workload_writing(w, machine))
		return;
	patch = kobj_patch_base(node);
	/* Not another one of the same name either. */
	json_set_str(json_ensure_obj(patch, "metadata"), "uid", kobj_uid(node));
	json_set_str(json_ensure_obj(patch, "spec"), "providerID", provider_id);
	rq.body = patch;
	rq.arg = n;
	n->call = kube_start(w->client, &rq);
	cJSON_Delete(patch);
}

bool
workload_writing(const struct workload *w, const char *machine)
{
	const struct node_write *n = map_get(&w->writes, machine);

	return (n != NULL && n->call != NULL) ||
	       workload_write_wait(w, machine) > 0;
}

int64_t
workload_write_wait(const struct workload *w, const char *machine)
{
	const struct node_write *n = map_get(&w->writes, machine);
	int64_t us =
	    n == NULL ? 0 : n->again_us - loop_mono_us(w->c->env->loop);

	return us > 0 ? us : 0;
}

const char *
workload_refusal(const struct workload *w, const char *machine)
{
	const struct node_write *n = map_get(&w->writes, machine);

	return n == NULL || n->refusal[0] == '\0' ? NULL : n->refusal;
}
