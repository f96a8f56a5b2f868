#include "sim/kube/server.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "common/yaml.h"
#include "sim/kube/conn.h"
#include "sim/kube/kept.h"
#include "sim/kube/load.h"
#include "sim/kube/serve.h"
#include "sim/kube/watch.h"

#define HISTORY 4096
#define BOOKMARK_US (60 * LOOP_S)
#define ADMIN "admin"

static struct tls_identity *
identity(void *arg, const struct http_addr *local)
{
	struct kube_server *s = arg;

	(void)local;
	return s->identity;
}

static bool
start_listening(
    struct kube_server *s, const struct kube_server_opts *o, struct err *e)
{
	struct http_listen_opts l = { .addr = o->addr ? o->addr : "127.0.0.1",
		.port = o->port,
		.max_conns = 4096,
		.identity = o->identity != NULL ? identity : NULL,
		.client_ca = o->client_ca,
		.accept = ks_serve_accept,
		.handle = ks_serve,
		.arg = s,
		.limits = { .idle_us = HTTP_NO_LIMIT,
		    .total_us = HTTP_NO_LIMIT,
		    .body_max = KS_BODY_MAX } };

	s->http = http_listen(s->env.net, &l, e);
	return s->http != NULL;
}

static void
first_namespaces(struct kube_server *s)
{
	static const char *const names[] = { "default", "kube-system",
		"kube-public", "kube-node-lease" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *body =
		    xasprintf("{\"metadata\":{\"name\":\"%s\"}}", names[i]);
		int status;

		cJSON_Delete(kube_server_do(
		    s, "POST", "/api/v1/namespaces", NULL, body, &status));
		xfree(body);
	}
}

static bool
load_crds(
    struct kube_server *s, const struct kube_server_opts *o, struct err *e)
{
	char name[32];

	for (size_t i = 0; i < o->n_crd_texts; i++) {
		(void)str_format(name, sizeof(name), "CRD text %zu", i + 1);
		if (!kube_server_apply_yaml(
			s, o->crd_texts[i], strlen(o->crd_texts[i]), name, e))
			return false;
	}
	for (size_t i = 0; i < o->n_crd_paths; i++)
		if (!ks_load_path(s, o->crd_paths[i], e))
			return false;
	return true;
}

struct kube_server *
kube_server_new(
    const struct env *env, const struct kube_server_opts *o, struct err *e)
{
	struct kube_server *s = xcalloc(1, sizeof(*s));

	s->env = *env;
	s->client_certs = o->client_ca != NULL;
	s->identity = o->identity;
	s->bookmark_us = o->bookmark_us > 0 ? o->bookmark_us : BOOKMARK_US;
	s->n_tokens = o->n_tokens;
	s->tokens = xcalloc(o->n_tokens + 1, sizeof(*s->tokens));
	for (size_t i = 0; i < o->n_tokens; i++) {
		s->tokens[i].token = xstrdup(o->tokens[i].token);
		s->tokens[i].user = xstrdup(o->tokens[i].user);
	}
	ks_store_init(&s->store, o->history > 0 ? o->history : HISTORY);
	first_namespaces(s);
	if (!load_crds(s, o, e) || !start_listening(s, o, e)) {
		kube_server_free(s);
		return NULL;
	}
	kube_server_stats_reset(s);
	s->on_commit = o->on_commit;
	s->on_commit_arg = o->on_commit_arg;
	return s;
}

void
kube_server_free(struct kube_server *s)
{
	if (s == NULL)
		return;
	http_server_free(s->http);
	while (s->conns != NULL)
		s->conns->free(s->conns);
	timer_stop(&s->bookmark);
	ks_control_fini(&s->control);
	ks_faults_fini(&s->faults);
	ks_stats_fini(&s->stats);
	ks_store_fini(&s->store);
	for (size_t i = 0; i < s->n_tokens; i++) {
		char *token = (char *)(uintptr_t)s->tokens[i].token;

		secret_wipe(token, strlen(token));
		xfree(token);
		xfree((char *)(uintptr_t)s->tokens[i].user);
	}
	xfree(s->tokens);
	xfree(s);
}

unsigned
kube_server_port(const struct kube_server *s)
{
	return http_server_port(s->http);
}

void
kube_server_stop(struct kube_server *s, int64_t grace_us)
{
	ks_watch_end_all(s, false);
	http_server_stop(s->http, grace_us);
}

/* ---- without HTTP --------------------------------------------------------- */

cJSON *
kube_server_do(struct kube_server *s, const char *method, const char *target,
    const char *type, const char *body, int *status)
{
	struct ks_input in = { .method = method,
		.target = target,
		.content_type = type != NULL ? type : "application/json",
		.user = ADMIN,
		.agent = ADMIN,
		.body = { body, body != NULL ? strlen(body) : 0 } };
	struct ks_reply rp = { 0 };
	struct err e;
	cJSON *j;

	ks_serve_input(s, &in, &rp);
	if (rp.list != NULL) {
		rp.text = ks_list_text(rp.list);
		rp.list = NULL;
	}
	*status = rp.status;
	j = rp.type == NULL ? json_parse(rp.text, strlen(rp.text), &e)
			    : cJSON_CreateString(rp.text);
	ks_reply_free(&rp);
	return j;
}

cJSON *
kube_server_get(const struct kube_server *s, const char *group,
    const char *resource, const char *ns, const char *name)
{
	struct ks_kind *k = ks_kind_find(&s->store.kinds, group, resource);
	struct ks_object *o = k != NULL ? ks_store_get(k, ns, name) : NULL;

	return o != NULL ? ks_object_tree(o) : NULL;
}

const cJSON *
kube_server_see(struct kube_server *s, const char *group, const char *resource,
    const char *ns, const char *name)
{
	struct ks_kind *k = ks_kind_find(&s->store.kinds, group, resource);
	struct ks_object *o = k != NULL ? ks_store_get(k, ns, name) : NULL;

	return o != NULL ? ks_kept_hold(&s->store.kept, o) : NULL;
}

cJSON *
kube_server_list(const struct kube_server *s, const char *group,
    const char *resource, const char *ns)
{
	struct ks_kind *k = ks_kind_find(&s->store.kinds, group, resource);
	cJSON *out = cJSON_CreateArray();
	struct ks_snapshot sn;

	if (k == NULL || !ks_store_snapshot(&s->store, k, ns, 0, &sn))
		return out;
	for (size_t i = 0; i < sn.n; i++)
		cJSON_AddItemToArray(out, ks_object_tree(sn.v[i]));
	ks_snapshot_free(&sn);
	return out;
}

int64_t
kube_server_revision(const struct kube_server *s)
{
	return s->store.rv;
}

/* ---- counters ------------------------------------------------------------- */

int64_t
kube_server_requests(const struct kube_server *s, const char *user,
    const char *verb, const char *resource)
{
	return ks_stats_requests(&s->stats, user, verb, resource);
}

int64_t
kube_server_writes(const struct kube_server *s, const char *user,
    const char *resource, const char *object)
{
	return ks_stats_writes(&s->stats, user, resource, object);
}

cJSON *
kube_server_stats(const struct kube_server *s)
{
	cJSON *j = cJSON_CreateObject(), *objects = cJSON_CreateObject();

	json_set_i64(j, "revision", s->store.rv);
	for (size_t i = 0; i < s->store.kinds.n; i++) {
		const struct ks_kind *k = s->store.kinds.v[i];

		if (k->objects.n > 0)
			json_set_i64(
			    objects, k->resource, (int64_t)k->objects.n);
	}
	json_set(j, "objects", objects);
	json_set(j, "requests", ks_stats_tree(&s->stats.requests));
	json_set(j, "writes", ks_stats_tree(&s->stats.writes));
	json_set_i64(j, "watches", (int64_t)s->n_watches);
	json_set_i64(j, "held", (int64_t)s->faults.held);
	return j;
}

void
kube_server_stats_reset(struct kube_server *s)
{
	ks_stats_fini(&s->stats);
}

/* ---- faults --------------------------------------------------------------- */

void
kube_server_compact(struct kube_server *s)
{
	ks_store_compact(&s->store);
}

void
kube_server_outage(struct kube_server *s, enum kube_outage mode, int64_t us)
{
	s->faults.outage = mode;
	s->faults.until_us = loop_mono_us(s->env.loop) + us;
	if (mode != KUBE_UP)
		ks_watch_end_all(s, false);
}

void
kube_server_fail(struct kube_server *s, const struct kube_fail *f)
{
	ks_faults_add(&s->faults, f);
}

void
kube_server_fail_clear(struct kube_server *s)
{
	enum kube_outage o = s->faults.outage;

	ks_faults_fini(&s->faults);
	s->faults.outage = o;
}

void
kube_server_drop_watches(struct kube_server *s, bool gone)
{
	ks_watch_end_all(s, gone);
}
