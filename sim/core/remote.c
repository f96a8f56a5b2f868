/*
 * The nodes of workload clusters, each behind the Secret CLUSTER-kubeconfig, as
 * the real core's cluster cache has them.
 */
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/internal.h"
#include "sim/core/kubeconfig.h"

#define SUFFIX "-kubeconfig"

struct core_remote {
	struct core *c;
	char *key;  /* of the Cluster; owned, as all below */
	char *text; /* base64 of the kubeconfig that is in use */
	struct core_kubeconfig k;
	struct core_client *client;
	struct core_cache *nodes;
	struct map ids; /* refs.c */
};

void
core_remote_free(void *arg)
{
	struct core_remote *r = arg;

	if (r == NULL)
		return;
	core_client_free(r->client);
	core_cache_free(r->nodes);
	core_kubeconfig_free(&r->k);
	map_free(&r->ids, NULL);
	xfree(r->key);
	xfree(r->text);
	xfree(r);
}

static bool
remote_kick(void *arg, const char *key, const cJSON *tree)
{
	(void)tree;
	core_kick_machine(arg, key);
	return true;
}

static void
remote_on_node(void *arg, const char *key, const cJSON *tree)
{
	struct core_remote *r = arg;

	core_ids_note(&r->ids, key, tree);
	core_ids_each(&r->c->machine_ids, r->c->machines,
	    json_str(tree, "spec/providerID", ""), remote_kick, r->c);
}

static bool
remote_open(struct core_remote *r, const char *b64, struct err *e)
{
	struct core_kubeconfig_text t = { .name = r->key };
	struct core_opts o = { 0 };
	size_t n = strlen(b64), len = 0;
	char *text = xcalloc(1, n + 1);
	bool ok = b64_decode(b64, n, text, n, &len);

	t.text = text;
	t.n = len;
	if (!ok)
		(void)err_set(e, ERR_SPEC, 0, "value is not base64");
	ok = ok && core_kubeconfig_parse(&r->k, &t, e);
	secret_wipe(text, n);
	xfree(text);
	if (!ok)
		return false;
	o.token = r->k.token;
	o.trust = r->k.trust;
	o.insecure = r->k.insecure;
	r->client = core_client_new(r->c->env, r->k.server, &o, e);
	if (r->client == NULL)
		return false;
	r->nodes = core_cache_new(
	    r->c->env, r->client, "/api/v1/nodes", remote_on_node, r);
	return true;
}

static void
remote_new(struct core *c, const char *key, const char *b64)
{
	struct core_remote *r = xcalloc(1, sizeof(*r));
	struct err e;

	r->c = c;
	r->key = xstrdup(key);
	r->text = xstrdup(b64);
	if (!remote_open(r, b64, &e))
		LOGW(c->env->log, "kubeconfig of no use", F_STR("cluster", key),
		    F_ERR(&e));
	core_remote_free(map_put(&c->remotes, key, r));
}

void
core_remote_secret(struct core *c, const char *key)
{
	const cJSON *tree = core_cache_get(c->secrets, key);
	const char *b64 = json_str(tree, "data/value", NULL);
	size_t n = strlen(key), k = strlen(SUFFIX);
	struct core_remote *r;
	char *cluster;

	if (!c->o.remote_nodes || n <= k || !str_eq(key + n - k, SUFFIX))
		return;
	cluster = xstrndup(key, n - k);
	r = map_get(&c->remotes, cluster);
	if (b64 == NULL)
		core_remote_free(map_take(&c->remotes, cluster));
	else if (r == NULL || !str_eq(r->text, b64))
		remote_new(c, cluster, b64);
	xfree(cluster);
}

bool
core_remote_each_id(const struct core *c, const char *cluster, const char *id,
    bool (*fn)(void *arg, const char *key, const cJSON *tree), void *arg)
{
	const struct core_remote *r = map_get(&c->remotes, cluster);

	if (r == NULL || r->nodes == NULL)
		return false;
	core_ids_each(&r->ids, r->nodes, id, fn, arg);
	return true;
}

static void
remote_deleted(void *arg, int status, const cJSON *body)
{
	(void)arg;
	(void)status;
	(void)body;
}

void
core_remote_delete(struct core *c, const char *cluster, const char *node)
{
	const struct core_remote *r = map_get(&c->remotes, cluster);
	char *path;

	if (r == NULL || r->client == NULL)
		return;
	path = xasprintf("/api/v1/nodes/%s", node);
	core_request(r->client, "DELETE", path, NULL, NULL,
	    (struct core_done){ remote_deleted, NULL });
	xfree(path);
}
