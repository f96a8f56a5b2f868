/* See core.h: caches, rate limits, who runs when what changes. */
#include "sim/core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"

void
core_problem(struct core *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut on purpose */
	va_end(ap);
	c->problems++;
	LOGE(c->env->log, "contract broken", F_STR("what", text));
	if (c->o.on_problem != NULL)
		c->o.on_problem(c->o.arg, text);
}

/* ---- objects --------------------------------------------------------------------- */

static void
core_object_run(void *arg)
{
	struct core_object *o = arg;

	if (o->busy > 0) {
		o->again = true;
		return;
	}
	o->again = false;
	o->ran_us = loop_mono_us(o->c->env->loop);
	/* What is not listed yet is not missing. */
	if (core_synced(o->c))
		o->run(o);
	else
		core_kick(o);
}

void
core_kick(struct core_object *o)
{
	int64_t now = loop_mono_us(o->c->env->loop);
	int64_t wait = o->ran_us + o->c->o.pass_us - now;

	if (!timer_armed(&o->timer))
		timer_start(o->c->env->loop, &o->timer,
		    o->ran_us == 0 || wait < 0 ? 0 : wait, core_object_run, o);
}

static void
core_written(void *arg, int status, const cJSON *body)
{
	struct core_object *o = arg;

	o->busy--;
	/* What we copied is what it refuses: core's own patch fails. */
	if (status == 422)
		core_problem(o->c, "rule 1.6: %s cannot be written: %s", o->key,
		    json_str(body, "message", ""));
	if (status == 0 || status >= 300)
		LOGI(o->c->env->log, "write refused", F_STR("obj", o->key),
		    F_INT("status", status),
		    F_STR("message", json_str(body, "message", "")));
	/* The watch tells the news; a failure is tried again. */
	if (o->again || status == 0 || status >= 300)
		core_kick(o);
}

void
core_write(struct core_object *o, const char *method, const char *target,
    const char *type, const cJSON *body)
{
	o->busy++;
	core_request(o->c->api, method, target, type, body,
	    (struct core_done){ core_written, o });
}

static struct core_object *
core_object_get(struct core *c, struct map *all, const char *key,
    void (*run)(struct core_object *o))
{
	struct core_object *o = map_get(all, key);

	if (o != NULL)
		return o;
	o = xcalloc(1, sizeof(*o));
	o->c = c;
	o->key = xstrdup(key);
	o->run = run;
	(void)map_put(all, key, o); /* it was not there */
	return o;
}

static void
core_object_free(void *arg)
{
	struct core_object *o = arg;

	timer_stop(&o->timer);
	xfree(o->key);
	xfree(o->uid);
	xfree(o->provider_id);
	xfree(o);
}

/* ---- who runs --------------------------------------------------------------------- */

void
core_kick_machine(struct core *c, const char *key)
{
	core_kick(
	    core_object_get(c, &c->machine_objects, key, core_machine_run));
}

static void
core_kick_cluster(struct core *c, const char *key)
{
	core_kick(
	    core_object_get(c, &c->cluster_objects, key, core_cluster_run));
}

static void
core_cluster_of(struct core *c, const cJSON *tree)
{
	const char *name = json_str(tree, "spec/clusterName", NULL);
	const cJSON *label =
	    json_child(json_obj(tree, "metadata/labels"), CAPI "/cluster-name");
	char *key;

	if (name == NULL && cJSON_IsString(label))
		name = label->valuestring;
	if (name == NULL)
		return;
	key =
	    xasprintf("%s/%s", json_str(tree, "metadata/namespace", ""), name);
	if (core_cache_get(c->clusters, key) != NULL)
		core_kick_cluster(c, key);
	xfree(key);
}

static void
core_on_machine(void *arg, const char *key, const cJSON *tree)
{
	struct core *c = arg;

	core_refs_note(&c->machine_refs, key, tree);
	core_ids_note(&c->machine_ids, key, tree);
	core_kick_machine(c, key);
	core_cluster_of(c, tree);
}

static void
core_on_cluster(void *arg, const char *key, const cJSON *tree)
{
	struct core *c = arg;
	const struct map *all = core_cache_all(c->machines);

	core_refs_note(&c->cluster_refs, key, tree);
	core_kick_cluster(c, key);
	for (size_t i = 0; i < all->n; i++) {
		const cJSON *m = all->v[i].value;
		char *of =
		    xasprintf("%s/%s", json_str(m, "metadata/namespace", ""),
			json_str(m, "spec/clusterName", ""));

		if (str_eq(of, key))
			core_kick_machine(c, all->v[i].key);
		xfree(of);
	}
}

static void
core_on_crd(void *arg, const char *key, const cJSON *tree)
{
	struct core *c = arg;

	(void)key;
	(void)tree;
	for (size_t i = 0; i < c->machine_objects.n; i++)
		core_kick(c->machine_objects.v[i].value);
	for (size_t i = 0; i < c->cluster_objects.n; i++)
		core_kick(c->cluster_objects.v[i].value);
}

void
core_infra_changed(struct core *c, const cJSON *tree)
{
	core_refs_each(
	    &c->machine_refs, c->machines, tree, c, core_kick_machine);
	core_refs_each(
	    &c->cluster_refs, c->clusters, tree, c, core_kick_cluster);
}

static void
core_on_secret(void *arg, const char *key, const cJSON *tree)
{
	struct core *c = arg;

	/* Its Machine has its name. */
	(void)tree;
	core_remote_secret(c, key);
	if (core_cache_get(c->machines, key) != NULL)
		core_kick_machine(c, key);
}

static bool
core_kick_node_of(void *arg, const char *key, const cJSON *tree)
{
	(void)tree;
	core_kick_machine(arg, key);
	return true;
}

static void
core_on_node(void *arg, const char *key, const cJSON *tree)
{
	struct core *c = arg;

	core_ids_note(&c->node_ids, key, tree);
	/* A Node's providerID never changes once it has one. */
	core_ids_each(&c->machine_ids, c->machines,
	    json_str(tree, "spec/providerID", ""), core_kick_node_of, c);
}

/* ---- life -------------------------------------------------------------------------- */

static void
core_copy_opts(struct core *c, const struct core_opts *o)
{
	c->o = *o;
	c->o.server = xstrdup(o->server);
	c->o.token = xstrdup(o->token);
	c->o.bmc_control = xstrdup(o->bmc_control);
	c->o.provider_id = xstrdup(o->provider_id);
	c->o.bootstrap_data = xstrdup(
	    o->bootstrap_data != NULL ? o->bootstrap_data
				      : "#cloud-config\nhostname: simulated\n");
	c->o.bootstrap_format = xstrdup(
	    o->bootstrap_format != NULL ? o->bootstrap_format : "cloud-config");
	if (c->o.pass_us == 0)
		c->o.pass_us = LOOP_S;
}

struct core *
core_new(const struct env *env, const struct core_opts *o, struct err *e)
{
	struct core *c = xcalloc(1, sizeof(*c));

	c->env = env;
	LIST_INIT(&c->node_calls);
	LIST_INIT(&c->clones);
	core_copy_opts(c, o);
	c->api = core_client_new(env, o->server, o, e);
	if (c->api == NULL || (o->bmc_control != NULL &&
				  (c->bmc = core_client_new(env, o->bmc_control,
				       &(struct core_opts){ 0 }, e)) == NULL)) {
		core_free(c);
		return NULL;
	}
	c->crds = core_cache_new(env, c->api,
	    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
	    core_on_crd, c);
	c->clusters = core_cache_new(
	    env, c->api, CAPI_PATH "/clusters", core_on_cluster, c);
	c->machines = core_cache_new(
	    env, c->api, CAPI_PATH "/machines", core_on_machine, c);
	c->secrets = core_cache_new(env, c->api,
	    "/api/v1/secrets?labelSelector=" CAPI "%2Fcluster-name",
	    core_on_secret, c);
	c->nodes =
	    core_cache_new(env, c->api, "/api/v1/nodes", core_on_node, c);
	if (c->bmc != NULL)
		core_nodes_start(c);
	return c;
}

static void
core_cache_free_value(void *p)
{
	core_cache_free(p);
}

void
core_free(struct core *c)
{
	if (c == NULL)
		return;
	core_nodes_stop(c);
	core_client_free(c->api);
	core_client_free(c->bmc);
	map_free(&c->remotes, core_remote_free);
	core_nodes_free(c);
	core_clones_free(c);
	core_cache_free(c->crds);
	core_cache_free(c->clusters);
	core_cache_free(c->machines);
	core_cache_free(c->secrets);
	core_cache_free(c->nodes);
	map_free(&c->infra, core_cache_free_value);
	map_free(&c->cluster_objects, core_object_free);
	map_free(&c->machine_refs, NULL);
	map_free(&c->machine_ids, NULL);
	map_free(&c->node_ids, NULL);
	map_free(&c->cluster_refs, NULL);
	map_free(&c->machine_objects, core_object_free);
	xreplace((char **)(uintptr_t)&c->o.server, NULL);
	xreplace((char **)(uintptr_t)&c->o.token, NULL);
	xreplace((char **)(uintptr_t)&c->o.bmc_control, NULL);
	xreplace((char **)(uintptr_t)&c->o.provider_id, NULL);
	xreplace((char **)(uintptr_t)&c->o.bootstrap_data, NULL);
	xreplace((char **)(uintptr_t)&c->o.bootstrap_format, NULL);
	xfree(c);
}

bool
core_synced(const struct core *c)
{
	return core_cache_synced(c->crds) && core_cache_synced(c->clusters) &&
	       core_cache_synced(c->machines) &&
	       core_cache_synced(c->secrets) && core_cache_synced(c->nodes);
}

unsigned
core_problems(const struct core *c)
{
	return c->problems;
}
