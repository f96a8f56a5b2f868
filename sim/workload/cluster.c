/* One workload cluster: its API server, certificates, and kubeconfig Secret. */
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "sim/kube/kubeconfig.h"
#include "sim/kube/server.h"
#include "sim/workload/internal.h"

#define CAPI "cluster.x-k8s.io"
#define TOKEN_BYTES 20
#define FOREVER (1000LL * 24 * LOOP_HOUR)
#define RETRY (2 * LOOP_S)
#define DAY_S 86400

static void cluster_tell(void *arg);

static struct tls_identity *
cluster_identity(struct wlsim_cluster *c, struct err *e)
{
	const struct wlsim *s = c->s;
	int64_t now = loop_wall_us(s->env->loop) / LOOP_S;
	char *names = xasprintf("localhost,127.0.0.1,%s%s%s", s->o.addr,
	    str_eq(s->o.addr, s->o.advertise) ? "" : ",",
	    str_eq(s->o.addr, s->o.advertise) ? "" : s->o.advertise);
	struct tls_issue o = { .ca = s->ca,
		.subject = "kube-apiserver",
		.names = names,
		.not_before_s = now - DAY_S,
		.not_after_s = now + 3650LL * DAY_S };
	struct tls_identity *id =
	    s->o.virtual_tls
		? tls_identity_facts(&o, s->env->entropy)
		: tls_identity_issue(&o, s->env->entropy, NULL, NULL, e);

	xfree(names);
	return id;
}

/* The lowest that no other has. */
static unsigned
cluster_place(const struct wlsim *s)
{
	const struct map *all = &s->clusters;
	unsigned place = 0;

	for (size_t i = 0; i < all->n;) {
		const struct wlsim_cluster *c = all->v[i++].value;

		if (c->place == place) {
			place++;
			i = 0;
		}
	}
	return place;
}

static void
cluster_commit(void *arg, const struct kube_commit *k)
{
	const struct wlsim_cluster *c = arg;

	if (c->s->o.on_commit != NULL)
		c->s->o.on_commit(c->s->o.arg, c->key, k);
}

static bool
cluster_serve(struct wlsim_cluster *c, struct err *e)
{
	struct kube_token tokens[WLSIM_TOKENS];
	char users[WLSIM_TOKENS][16];
	const struct wlsim_opts *so = &c->s->o;
	struct kube_server_opts o = { .addr = so->addr,
		.port = so->port == 0 ? 0 : so->port + c->place,
		.tokens = tokens,
		.n_tokens = WLSIM_TOKENS,
		.on_commit = cluster_commit,
		.on_commit_arg = c };

	for (size_t i = 0; i < WLSIM_TOKENS; i++) {
		char text[2 * TOKEN_BYTES + 1];

		entropy_hex(c->s->env->entropy, text, TOKEN_BYTES);
		c->tokens[i] = xstrdup(text);
		(void)str_format(users[i], sizeof(users[i]), "admin-%zu", i);
		tokens[i] = (struct kube_token){ c->tokens[i], users[i] };
	}
	c->identity = cluster_identity(c, e);
	o.identity = c->identity;
	if (c->identity != NULL)
		c->kube = kube_server_new(c->s->env, &o, e);
	if (c->kube == NULL)
		return false;
	/* Nobody is there before its first machine runs. */
	kube_server_outage(c->kube, KUBE_REFUSE, FOREVER);
	return true;
}

/* ---- up and away ------------------------------------------------------------- */

bool
wlsim_cluster_reachable(const struct wlsim_cluster *c)
{
	return c->up && !c->away;
}

static bool
cluster_has_control_plane(const struct wlsim_cluster *c)
{
	const struct map *all = &c->s->kubelets;

	for (size_t i = 0; i < all->n; i++) {
		const struct wlsim_kubelet *k = all->v[i].value;

		if (k->read && k->up && k->control_plane &&
		    str_eq(k->cluster, c->key))
			return true;
	}
	return false;
}

static void
cluster_apply(struct wlsim_cluster *c, bool was)
{
	bool is = wlsim_cluster_reachable(c);

	if (is == was)
		return;
	LOGI(c->s->env->log, "API server", F_STR("cluster", c->key),
	    F_STR("is", is ? "up" : "away"));
	kube_server_outage(
	    c->kube, is ? KUBE_UP : KUBE_REFUSE, is ? 0 : FOREVER);
	if (is)
		wlsim_kubelets_look(c->s);
}

void
wlsim_cluster_settle(struct wlsim_cluster *c)
{
	bool was = wlsim_cluster_reachable(c);

	c->up = cluster_has_control_plane(c);
	cluster_apply(c, was);
}

static void
cluster_back(void *arg)
{
	wlsim_cluster_away(arg, false, 0);
}

void
wlsim_cluster_away(struct wlsim_cluster *c, bool away, int64_t us)
{
	bool was = wlsim_cluster_reachable(c);

	timer_stop(&c->back);
	c->away = away;
	cluster_apply(c, was);
	if (away && us > 0)
		timer_start(c->s->env->loop, &c->back, us, cluster_back, c);
}

/* ---- its Secret ---------------------------------------------------------------- */

static char *
cluster_kubeconfig(const struct wlsim_cluster *c)
{
	const struct wlsim *s = c->s;
	bool v6 = strchr(s->o.advertise, ':') != NULL;
	char user[16];
	char *server = xasprintf("https://%s%s%s:%u", v6 ? "[" : "",
	    s->o.advertise, v6 ? "]" : "", kube_server_port(c->kube));
	struct kubeconfig k = { .server = server,
		.ca_pem = s->ca_pem,
		.user = user,
		.token = c->tokens[c->token] };
	char *text;

	(void)str_format(user, sizeof(user), "admin-%u", c->token);
	text = kubeconfig_text(&k);
	xfree(server);
	return text;
}

static cJSON *
cluster_secret(const struct wlsim_cluster *c)
{
	cJSON *o = cJSON_CreateObject(), *meta, *list, *owner;
	char *text = cluster_kubeconfig(c);
	char *b64 = b64_encode(text, strlen(text));
	char *name = xasprintf("%s-kubeconfig", c->name);

	json_set_str(o, "apiVersion", "v1");
	json_set_str(o, "kind", "Secret");
	json_set_str(o, "type", CAPI "/secret");
	meta = json_ensure_obj(o, "metadata");
	json_set_str(meta, "name", name);
	json_set_str(json_ensure_obj(o, "metadata/labels"),
	    CAPI "/cluster-name", c->name);
	/* It goes with its Cluster. */
	list = cJSON_CreateArray();
	owner = cJSON_CreateObject();
	json_set_str(owner, "apiVersion", CAPI "/v1beta2");
	json_set_str(owner, "kind", "Cluster");
	json_set_str(owner, "name", c->name);
	json_set_str(owner, "uid", c->uid);
	cJSON_AddItemToArray(list, owner);
	json_set(meta, "ownerReferences", list);
	json_set_str(json_ensure_obj(o, "data"), "value", b64);
	secret_wipe(text, strlen(text));
	secret_wipe(b64, strlen(b64));
	xfree(text);
	xfree(b64);
	xfree(name);
	return o;
}

/* The cluster may be gone when the reply comes: it is found by its key. */
struct wlsim_call {
	struct wlsim *s;
	char *key; /* owned */
	bool patch;
	LIST_ENTRY(wlsim_call) entry;
};

static void cluster_send(struct wlsim_cluster *c, bool patch);

static void
cluster_call_free(struct wlsim_call *call)
{
	LIST_REMOVE(call, entry);
	xfree(call->key);
	xfree(call);
}

void
wlsim_calls_free(struct wlsim *s)
{
	while (!LIST_EMPTY(&s->calls))
		cluster_call_free(LIST_FIRST(&s->calls));
}

static void
cluster_told(void *arg, int status, const cJSON *body)
{
	struct wlsim_call *call = arg;
	struct wlsim_cluster *c = map_get(&call->s->clusters, call->key);
	bool again = !call->patch && status == 409;

	if (c != NULL) {
		c->busy = false;
		c->told = status >= 200 && status < 300;
		if (again)
			cluster_send(c, true);
		else if (!c->told) {
			LOGW(c->s->env->log, "kubeconfig not written",
			    F_STR("cluster", c->key), F_INT("status", status),
			    F_STR("message", json_str(body, "message", "")));
			timer_start(
			    c->s->env->loop, &c->retry, RETRY, cluster_tell, c);
		}
	}
	cluster_call_free(call);
}

static void
cluster_send(struct wlsim_cluster *c, bool patch)
{
	struct wlsim_call *call = xcalloc(1, sizeof(*call));
	cJSON *o = cluster_secret(c);
	char *path = patch ? xasprintf("/api/v1/namespaces/%s/secrets/"
				       "%s-kubeconfig",
				 c->ns, c->name)
			   : xasprintf("/api/v1/namespaces/%s/secrets", c->ns);

	call->s = c->s;
	call->key = xstrdup(c->key);
	call->patch = patch;
	LIST_INSERT_HEAD(&c->s->calls, call, entry);
	c->busy = true;
	core_request(c->s->api, patch ? "PATCH" : "POST", path,
	    patch ? "application/merge-patch+json" : NULL, o,
	    (struct core_done){ cluster_told, call });
	cJSON_Delete(o);
	xfree(path);
}

static void
cluster_tell(void *arg)
{
	struct wlsim_cluster *c = arg;

	if (!c->busy)
		cluster_send(c, false);
}

bool
wlsim_cluster_rotate(struct wlsim_cluster *c)
{
	char user[16];
	struct kube_fail f = { .user = user, .status = 401, .count = 1000000 };

	if (c->token + 1 == WLSIM_TOKENS)
		return false;
	(void)str_format(user, sizeof(user), "admin-%u", c->token);
	kube_server_fail(c->kube, &f);
	kube_server_drop_watches(c->kube, false);
	c->token++;
	cluster_tell(c);
	return true;
}

/* ---- life ------------------------------------------------------------------------ */

void
wlsim_cluster_free(void *arg)
{
	struct wlsim_cluster *c = arg;

	if (c == NULL)
		return;
	timer_stop(&c->retry);
	timer_stop(&c->back);
	kube_server_free(c->kube);
	tls_identity_free(c->identity);
	for (size_t i = 0; i < WLSIM_TOKENS; i++)
		xfree(c->tokens[i]);
	xfree(c->key);
	xfree(c->ns);
	xfree(c->name);
	xfree(c->uid);
	xfree(c);
}

static void
cluster_new(struct wlsim *s, const char *key, const cJSON *tree)
{
	struct wlsim_cluster *c = xcalloc(1, sizeof(*c));
	struct err e;

	c->s = s;
	c->key = xstrdup(key);
	c->ns = xstrdup(json_str(tree, "metadata/namespace", ""));
	c->name = xstrdup(json_str(tree, "metadata/name", ""));
	c->uid = xstrdup(json_str(tree, "metadata/uid", ""));
	c->place = cluster_place(s);
	if (!cluster_serve(c, &e)) {
		LOGE(s->env->log, "no API server", F_STR("cluster", key),
		    F_ERR(&e));
		wlsim_cluster_free(c);
		return;
	}
	(void)map_put(&s->clusters, key, c); /* new */
	cluster_tell(c);
}

/* Once the infrastructure is there, as control-plane providers do. */
void
wlsim_on_cluster(void *arg, const char *key, const cJSON *tree)
{
	struct wlsim *s = arg;
	struct wlsim_cluster *c = map_get(&s->clusters, key);
	bool there = core_cache_get(s->clusters_seen, key) != NULL;

	if (c != NULL &&
	    (!there || !str_eq(c->uid, json_str(tree, "metadata/uid", "")))) {
		wlsim_cluster_free(map_take(&s->clusters, key));
		c = NULL;
	}
	if (c == NULL && there &&
	    json_str(tree, "metadata/deletionTimestamp", NULL) == NULL &&
	    json_bool(
		tree, "status/initialization/infrastructureProvisioned", false))
		cluster_new(s, key, tree);
}

cJSON *
wlsim_cluster_json(const struct wlsim_cluster *c)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "name", c->key);
	json_set_i64(j, "port", kube_server_port(c->kube));
	json_set_bool(j, "up", wlsim_cluster_reachable(c));
	json_set_bool(j, "secretWritten", c->told);
	json_set(j, "stats", kube_server_stats(c->kube));
	return j;
}
