/*
 * The kubelet's part: a Node registers only after the simulated machine really
 * read its medium and then ran an OS. Which machine is which node the
 * bootstrap data would say; here the provider_id option says it, unless the image
 * is one that takes it from its data.
 *
 * A stand-in that starts anew first reads what happened so far, without
 * registering anything: a machine that ran once and is off by now has no
 * kubelet.
 */
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

#define NODE_RETRY LOOP_S

struct core_kubelet {
	bool read; /* the medium that was inserted last */
	bool up, registered, busy;
	/* Its image wants user data, and whether that brought up a kubelet;
	 * with which providerID, "" = none. */
	bool seeded, joins;
	char *id; /* owned */
};

/* A registration under way: the core owns its kubelets by name. */
struct node_call {
	struct core *c;
	char *bmc; /* owned */
	LIST_ENTRY(node_call) entry;
};

static void node_follow(void *arg);
static void node_sync(void *arg);

struct node_find {
	const cJSON *found;
	bool several;
};

static bool
node_found(void *arg, const char *key, const cJSON *tree)
{
	struct node_find *f = arg;

	(void)key;
	f->several = f->found != NULL;
	f->found = tree;
	return !f->several;
}

const cJSON *
core_node_of(const struct core *c, const char *cluster, const char *provider_id)
{
	struct node_find f = { NULL, false };

	if (c->o.remote_nodes)
		(void)core_remote_each_id(
		    c, cluster, provider_id, node_found, &f);
	else
		core_ids_each(
		    &c->node_ids, c->nodes, provider_id, node_found, &f);
	return f.several ? NULL : f.found; /* the real core gives an error */
}

/* "b7://default/{bmc}" with the name put in; owned. */
static char *
node_provider_id(const struct core *c, const char *bmc)
{
	const char *t = c->o.provider_id, *at;

	if (t == NULL)
		return NULL;
	at = strstr(t, "{bmc}");
	if (at == NULL)
		return xstrdup(t);
	return xasprintf("%.*s%s%s", (int)(at - t), t, bmc, at + 5);
}

static struct core_kubelet *
node_kubelet(struct core *c, const char *bmc)
{
	struct core_kubelet *k = map_get(&c->kubelets, bmc);

	if (k == NULL) {
		k = xcalloc(1, sizeof(*k));
		(void)map_put(&c->kubelets, bmc, k); /* it was not there */
	}
	return k;
}

static void
node_call_free(struct node_call *call)
{
	LIST_REMOVE(call, entry);
	xfree(call->bmc);
	xfree(call);
}

static void
node_registered(void *arg, int status, const cJSON *body)
{
	struct node_call *call = arg;
	struct core *c = call->c;
	struct core_kubelet *k = node_kubelet(c, call->bmc);

	k->busy = false;
	k->registered = status == 409 || (status >= 200 && status < 300);
	if (!k->registered) {
		LOGW(c->env->log, "node not registered",
		    F_STR("bmc", call->bmc), F_INT("status", status),
		    F_STR("message", json_str(body, "message", "")));
		timer_start(
		    c->env->loop, &c->nodes_retry, NODE_RETRY, node_sync, c);
	}
	node_call_free(call);
}

static void
node_register(struct core *c, const char *bmc, struct core_kubelet *k)
{
	struct node_call *call;
	char *id = k->seeded ? xstrdup(k->id) : node_provider_id(c, bmc);
	cJSON *n;

	if (id == NULL)
		return;
	call = xcalloc(1, sizeof(*call));
	call->c = c;
	call->bmc = xstrdup(bmc);
	LIST_INSERT_HEAD(&c->node_calls, call, entry);
	k->busy = true;
	n = cJSON_CreateObject();
	json_set_str(n, "apiVersion", "v1");
	json_set_str(n, "kind", "Node");
	json_set_str(json_ensure_obj(n, "metadata"), "name", bmc);
	if (*id != '\0')
		json_set_str(json_ensure_obj(n, "spec"), "providerID", id);
	core_request(c->api, "POST", "/api/v1/nodes", NULL, n,
	    (struct core_done){ node_registered, call });
	cJSON_Delete(n);
	xfree(id);
}

static void
node_try(struct core *c, const char *bmc, struct core_kubelet *k)
{
	if (k->seeded && !k->joins)
		return;
	if (k->read && k->up && !k->registered && !k->busy)
		node_register(c, bmc, k);
}

/* As a kubelet: again and again until it is registered. */
static void
node_sync(void *arg)
{
	struct core *c = arg;

	for (size_t i = 0; i < c->kubelets.n; i++)
		node_try(c, c->kubelets.v[i].key, c->kubelets.v[i].value);
}

void
core_node_gone(struct core *c, const char *name)
{
	struct core_kubelet *k = map_get(&c->kubelets, name);

	/* It would need another boot from a medium to come back. */
	if (k != NULL)
		k->read = k->registered = false;
}

static void
node_seeded(struct core_kubelet *k, const char *id)
{
	k->joins = !str_eq(id, "no kubelet");
	xreplace(&k->id, id);
}

static void
node_note(struct core *c, const cJSON *ev)
{
	const char *event = json_str(ev, "event", "");
	const char *text = json_str(ev, "text", "");
	struct core_kubelet *k = node_kubelet(c, json_str(ev, "bmc", ""));

	c->events_seen = (uint64_t)json_i64(ev, "seq", (int64_t)c->events_seen);
	if (str_eq(event, "media-inserted"))
		k->read = false;
	else if (str_eq(event, "medium-read") && str_eq(text, "done"))
		k->read = true;
	else if (str_eq(event, "os-up"))
		k->up = true;
	else if (str_eq(event, "user-data"))
		k->seeded = true;
	else if (str_eq(event, "bootstrapped"))
		node_seeded(k, text);
	else if (str_eq(event, "reset") ||
		 (str_eq(event, "power-state") && !str_eq(text, "On")))
		k->up = k->registered = k->seeded = k->joins = false;
}

static void
node_event(void *arg, const cJSON *ev)
{
	struct core *c = arg;

	const char *bmc = json_str(ev, "bmc", "");

	node_note(c, ev);
	if (c->caught_up)
		node_try(c, bmc, node_kubelet(c, bmc));
}

/* The past comes in pages, until there is nothing more to read; then events
 * are followed, and again whenever that ends, for whatever reason. */
static void
node_ended(void *arg, int status)
{
	struct core *c = arg;
	bool more = c->events_seen != c->events_page;

	c->events = NULL;
	if (!c->caught_up && status == 200 && !more) {
		c->caught_up = true;
		node_sync(c);
		more = true;
	}
	timer_start(c->env->loop, &c->events_retry, more ? 0 : NODE_RETRY,
	    node_follow, c);
}

static void
node_follow(void *arg)
{
	struct core *c = arg;
	struct core_stream_fns f = { node_event, node_ended, c };
	char *target =
	    xasprintf("/events?%ssince=%llu", c->caught_up ? "follow=1&" : "",
		(unsigned long long)c->events_seen);

	c->events_page = c->events_seen;
	c->events = core_stream_open(c->bmc, target, &f);
	xfree(target);
}

void
core_nodes_start(struct core *c)
{
	timer_start(c->env->loop, &c->events_retry, 0, node_follow, c);
}

void
core_nodes_stop(struct core *c)
{
	timer_stop(&c->events_retry);
	timer_stop(&c->nodes_retry);
}

static void
node_kubelet_free(void *arg)
{
	struct core_kubelet *k = arg;

	xfree(k->id);
	xfree(k);
}

void
core_nodes_free(struct core *c)
{
	while (!LIST_EMPTY(&c->node_calls))
		node_call_free(LIST_FIRST(&c->node_calls));
	map_free(&c->kubelets, node_kubelet_free);
}
