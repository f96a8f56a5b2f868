/* A world with the API stand-in in one process and a client in another. */
#ifndef B7_KUBE_RIG_H
#define B7_KUBE_RIG_H

#include <stdio.h>
#include <stdlib.h>

#include "common/buf.h"
#include "common/env.h"
#include "common/files.h"
#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "sim/kube/server.h"
#include "tests/unit/unit.h"

#define RIG_HOSTS "/apis/example.org/v1/namespaces/default/hosts"
#define RIG_SECRETS "/api/v1/namespaces/default/secrets"
#define RIG_MAPS "/api/v1/namespaces/default/configmaps"
#define RIG_MERGE "application/merge-patch+json"
#define RIG_JSON_PATCH "application/json-patch+json"
#define RIG_STRATEGIC "application/strategic-merge-patch+json"
#define RIG_APPLY "application/apply-patch+yaml"

static const char rig_crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: hosts.example.org}\n"
    "spec:\n"
    "  group: example.org\n"
    "  scope: Namespaced\n"
    "  names: {plural: hosts, singular: host, kind: Host, shortNames: [ho]}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    additionalPrinterColumns:\n"
    "    - {name: Size, type: integer, jsonPath: .spec.size}\n"
    "    selectableFields: [{jsonPath: .spec.zone}]\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        properties:\n"
    "          spec:\n"
    "            type: object\n"
    "            properties:\n"
    "              size: {type: integer, minimum: 0}\n"
    "              zone: {type: string}\n"
    "              mode: {type: string, enum: [a, b], default: a}\n"
    "              tags: {type: array, x-kubernetes-list-type: set,\n"
    "                items: {type: string}}\n"
    "              args: {type: array, items: {type: string}}\n"
    "              extra: {type: object,\n"
    "                x-kubernetes-preserve-unknown-fields: true}\n"
    "          status:\n"
    "            type: object\n"
    "            properties:\n"
    "              phase: {type: string}\n"
    "              conditions:\n"
    "                type: array\n"
    "                x-kubernetes-list-type: map\n"
    "                x-kubernetes-list-map-keys: [type]\n"
    "                items:\n"
    "                  type: object\n"
    "                  required: [type]\n"
    "                  properties:\n"
    "                    type: {type: string}\n"
    "                    status: {type: string}\n"
    "                    reason: {type: string}\n";

struct kube_rig {
	struct world *w;
	struct loop *server_loop, *client_loop;
	struct files *files;
	struct log log;
	struct env env;
	struct kube_server *s;
	struct http_peer *peer;
	struct timer pass;
};

static inline void
rig_open_with(struct kube_rig *r, struct kube_server_opts *o)
{
	struct err e = { 0 };
	const char *crds[] = { rig_crd };
	struct http_peer_opts p = { .max_conns = 50,
		.idle_close_us = 10 * LOOP_S };
	char base[64];

	*r = (struct kube_rig){ 0 };
	r->w = world_new(7);
	r->server_loop = world_spawn(r->w, "kube", "10.0.0.1", 0);
	r->client_loop = world_spawn(r->w, "client", "10.0.0.2", 0);
	r->files = files_memory_new();
	r->env = (struct env){ .name = "kube",
		.loop = r->server_loop,
		.net = world_net(r->server_loop),
		.entropy = world_entropy(r->server_loop),
		.files = r->files,
		.log = &r->log };
	if (o->crd_texts == NULL) {
		o->crd_texts = crds;
		o->n_crd_texts = 1;
	}
	o->addr = "10.0.0.1";
	o->port = 6443;
	r->s = kube_server_new(&r->env, o, &e);
	if (r->s == NULL) {
		(void)fprintf(stderr, "kube_server_new: %s\n", e.msg);
		abort();
	}
	(void)str_format(base, sizeof(base), "http%s://10.0.0.1:6443",
	    o->identity != NULL ? "s" : "");
	p.base = base;
	p.tls.insecure = true;
	r->peer = http_peer_new(world_net(r->client_loop), &p, &e);
	if (r->peer == NULL)
		abort();
}

static inline void
rig_open(struct kube_rig *r)
{
	struct kube_server_opts o = { 0 };

	rig_open_with(r, &o);
}

static inline void
rig_close(struct kube_rig *r)
{
	http_peer_free(r->peer);
	kube_server_free(r->s);
	world_free(r->w);
	files_memory_free(r->files);
}

static inline void
rig_nothing(void *arg)
{
	(void)arg;
}

/* The clock of a world stands still where nothing is scheduled: a timer is. */
static inline void
rig_run(struct kube_rig *r, int64_t us)
{
	timer_start(r->client_loop, &r->pass, us, rig_nothing, NULL);
	(void)world_run(r->w, world_now_us(r->w) + us, NULL, NULL);
}

/* ---- in-process ----------------------------------------------------------- */

/* Status only; the body is freed. */
static inline int
rig_code(struct kube_rig *r, const char *method, const char *target,
    const char *type, const char *body)
{
	int status;

	cJSON_Delete(kube_server_do(r->s, method, target, type, body, &status));
	return status;
}

/* The reply; checks its status. Owned by the caller. */
static inline cJSON *
rig_do(struct kube_rig *r, int want, const char *method, const char *target,
    const char *type, const char *body)
{
	int status;
	cJSON *j = kube_server_do(r->s, method, target, type, body, &status);

	if (status != want)
		(void)fprintf(stderr, "%s %s: %d: %s\n", method, target, status,
		    json_str(j, "message", ""));
	CU_ASSERT_EQUAL(status, want);
	return j;
}

static inline cJSON *
rig_get(struct kube_rig *r, const char *target)
{
	return rig_do(r, 200, "GET", target, NULL, NULL);
}

static inline void
rig_ok(struct kube_rig *r, int want, const char *method, const char *target,
    const char *type, const char *body)
{
	cJSON_Delete(rig_do(r, want, method, target, type, body));
}

/* ---- over the network ------------------------------------------------------ */

struct rig_reply {
	bool done;
	enum http_err err;
	int status;
	char *body; /* owned */
	char *retry_after, *warning, *type;
};

static inline void
rig_done(void *arg, const struct http_result *h)
{
	struct rig_reply *p = arg;

	p->done = true;
	p->err = h->err;
	p->status = h->status;
	p->body = xstrndup(h->body.p != NULL ? h->body.p : "", h->body.n);
	p->retry_after =
	    xstrdup(http_header_get(h->headers, h->n_headers, "Retry-After"));
	p->warning =
	    xstrdup(http_header_get(h->headers, h->n_headers, "Warning"));
	p->type =
	    xstrdup(http_header_get(h->headers, h->n_headers, "Content-Type"));
}

static inline bool
rig_is_done(void *arg)
{
	return ((struct rig_reply *)arg)->done;
}

static inline void
rig_reply_free(struct rig_reply *p)
{
	xfree(p->body);
	xfree(p->retry_after);
	xfree(p->warning);
	xfree(p->type);
	*p = (struct rig_reply){ 0 };
}

struct rig_send {
	const char *method, *target, *type, *accept, *token, *body;
};

static inline void
rig_send(struct kube_rig *r, const struct rig_send *q, struct rig_reply *out)
{
	struct http_header h[4];
	struct http_request rq = { .method = q->method,
		.target = q->target,
		.headers = h,
		.done = rig_done,
		.arg = out };
	char auth[100];

	*out = (struct rig_reply){ 0 };
	if (q->type != NULL)
		h[rq.n_headers++] =
		    (struct http_header){ "Content-Type", q->type };
	if (q->accept != NULL)
		h[rq.n_headers++] = (struct http_header){ "Accept", q->accept };
	if (q->token != NULL) {
		(void)str_format(auth, sizeof(auth), "Bearer %s", q->token);
		h[rq.n_headers++] =
		    (struct http_header){ "Authorization", auth };
	}
	if (q->body != NULL)
		rq.body = (struct http_bytes){ q->body, strlen(q->body) };
	rq.limits.body_max = 64u << 20;
	(void)http_start(r->peer, &rq);
	(void)world_run(
	    r->w, world_now_us(r->w) + 200 * LOOP_S, rig_is_done, out);
}

static inline void
rig_call(struct kube_rig *r, const char *method, const char *target,
    const char *type, const char *body, struct rig_reply *p)
{
	rig_send(r,
	    &(struct rig_send){ .method = method,
		.target = target,
		.type = type,
		.body = body },
	    p);
}

/* ---- watches --------------------------------------------------------------- */

struct rig_watch {
	struct buf text;
	bool ended;
	int status;
	struct http_call *call;
};

static inline enum http_flow
rig_watch_data(void *arg, struct http_bytes b)
{
	struct rig_watch *w = arg;

	(void)buf_add(&w->text, b.p, b.n);
	return HTTP_MORE;
}

static inline void
rig_watch_done(void *arg, const struct http_result *h)
{
	struct rig_watch *w = arg;

	w->ended = true;
	w->status = h->status;
	w->call = NULL;
}

static inline void
rig_watch_open(struct kube_rig *r, struct rig_watch *w, const char *target,
    const char *accept)
{
	struct http_sink sink = { rig_watch_data, w };
	struct http_header h[1] = { { "Accept", accept } };
	struct http_request rq = { .method = "GET",
		.target = target,
		.headers = h,
		.n_headers = accept != NULL ? 1 : 0,
		.sink = &sink,
		.done = rig_watch_done,
		.arg = w,
		.limits = {
		    .idle_us = HTTP_NO_LIMIT, .total_us = HTTP_NO_LIMIT } };

	*w = (struct rig_watch){ 0 };
	buf_init(&w->text, 64u << 20);
	w->call = http_start(r->peer, &rq);
	rig_run(r, LOOP_S);
}

static inline void
rig_watch_close(struct kube_rig *r, struct rig_watch *w)
{
	if (w->call != NULL)
		http_cancel(w->call);
	rig_run(r, LOOP_S);
	buf_free(&w->text);
}

/* "ADDED a,MODIFIED a,..." of what came since the last call. */
static inline const char *
rig_events(struct rig_watch *w, char *out, size_t cap)
{
	struct buf b;
	char *line, *next;

	buf_init(&b, cap - 1);
	for (line = w->text.p; line != NULL && *line != '\0'; line = next) {
		struct err e;
		cJSON *j;

		next = strchr(line, '\n');
		if (next == NULL)
			break;
		j = json_parse(line, (size_t)(next - line), &e);
		(void)buf_addf(&b, "%s%s %s", b.n > 0 ? "," : "",
		    json_str(j, "type", "?"),
		    json_str(j, "object/metadata/name",
			json_str(j, "object/reason", "-")));
		cJSON_Delete(j);
		next++;
	}
	(void)str_copy(out, cap, buf_str(&b));
	buf_free(&b);
	buf_reset(&w->text);
	return out;
}

#endif
