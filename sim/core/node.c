/*
 * The kubelet's part: a Node registers only after the simulated machine really
 * read its medium and then ran an OS. Which machine is which node the
 * bootstrap data would say; here the provider_id option says it.
 */
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

#define NODE_RETRY LOOP_S

static void node_follow(void *arg);

const cJSON *
core_node_of(const struct core *c, const char *provider_id)
{
	const struct map *all = core_cache_all(c->nodes);
	const cJSON *found = NULL;

	for (size_t i = 0; i < all->n; i++) {
		const cJSON *n = all->v[i].value;

		if (!str_eq(json_str(n, "spec/providerID", NULL), provider_id))
			continue;
		if (found != NULL)
			return NULL; /* the real core gives an error */
		found = n;
	}
	return found;
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

static void
node_registered(void *arg, int status, const cJSON *body)
{
	struct core *c = arg;

	if (status >= 300 && status != 409)
		LOGW(c->env->log, "node not registered",
		    F_INT("status", status),
		    F_STR("message", json_str(body, "message", "")));
}

static void
node_register(struct core *c, const char *bmc)
{
	char *id = node_provider_id(c, bmc);
	cJSON *n;

	if (id == NULL)
		return;
	n = cJSON_CreateObject();
	json_set_str(n, "apiVersion", "v1");
	json_set_str(n, "kind", "Node");
	json_set_str(json_ensure_obj(n, "metadata"), "name", bmc);
	json_set_str(json_ensure_obj(n, "spec"), "providerID", id);
	core_request(
	    c->api, "POST", "/api/v1/nodes", NULL, n, node_registered, c);
	cJSON_Delete(n);
	xfree(id);
}

static void
node_event(void *arg, const cJSON *ev)
{
	struct core *c = arg;
	const char *kind = json_str(ev, "kind", json_str(ev, "event", ""));
	const char *bmc = json_str(ev, "bmc", "");

	c->events_seen = (uint64_t)json_i64(ev, "seq", (int64_t)c->events_seen);
	if (str_eq(kind, "medium-read") &&
	    str_eq(json_str(ev, "text", ""), "done"))
		(void)map_put(&c->booted, bmc, c); /* a set */
	if (str_eq(kind, "os-up") && map_get(&c->booted, bmc) != NULL)
		node_register(c, bmc);
}

static void
node_ended(void *arg, int status)
{
	struct core *c = arg;

	(void)status; /* away for whatever reason: follow again */
	c->events = NULL;
	timer_start(c->env->loop, &c->events_retry, NODE_RETRY, node_follow, c);
}

static void
node_follow(void *arg)
{
	struct core *c = arg;
	struct core_stream_fns f = { node_event, node_ended, c };
	char *target = xasprintf(
	    "/events?follow=1&since=%llu", (unsigned long long)c->events_seen);

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
}
