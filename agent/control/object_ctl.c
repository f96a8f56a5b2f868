/* See object_ctl.h. */
#include "agent/control/object_ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"

#define OBJECT_BACKOFF_MIN LOOP_S
#define OBJECT_BACKOFF_MAX LOOP_MIN
#define OBJECT_RETRY_CONFLICT (LOOP_S / 20)
#define OBJECT_MESSAGE_MAX 2048

void
object_ctl_init(struct object_ctl *o, struct controllers *c, const char *key,
    struct workq *q, struct informer *inf, const struct kube_resource *res)
{
	char *path = xasprintf("%s/%s", res->plural, key);

	memset(o, 0, sizeof(*o));
	o->c = c;
	o->key = xstrdup(key);
	o->q = q;
	o->inf = inf;
	o->res = res;
	rng_seed(&o->rng, c->env->seed, path);
	xfree(path);
	backoff_init(
	    &o->backoff, OBJECT_BACKOFF_MIN, OBJECT_BACKOFF_MAX, &o->rng);
}

/* Machines that saw no host but this one look again: the claim may have
 * failed, or its machine gone. */
static void
object_unreserve(struct object_ctl *o)
{
	const struct map *m = &o->c->waiting;

	if (o->reserved == NULL)
		return;
	(void)map_take(&o->c->reserved, o->reserved); /* a set */
	xreplace(&o->reserved, NULL);
	for (size_t i = 0; i < m->n && o->c->machine_q != NULL; i++)
		workq_add(o->c->machine_q, m->v[i].key);
}

void
object_ctl_fini(struct object_ctl *o)
{
	object_unreserve(o);
	if (o->call != NULL)
		kube_cancel(o->call);
	xfree(o->call_key);
	xfree(o->key);
}

void *
object_enter(struct controllers *c, const struct object_kind *kind,
    const char *key, const cJSON **tree)
{
	struct object_ctl *o = map_get(kind->ctls, key);

	*tree = NULL;
	if (!driving_key(c, key))
		return NULL;
	*tree = informer_get(kind->inf, key);
	if (*tree == NULL) {
		kind->ctl_free(map_take(kind->ctls, key));
		return NULL;
	}
	if (o == NULL) {
		o = xcalloc(1, kind->size);
		object_ctl_init(o, c, key, kind->q, kind->inf, kind->res);
		(void)map_put(kind->ctls, key, o); /* new */
	}
	if (o->call == NULL)
		return o;
	json_drop(*tree);
	*tree = NULL;
	return NULL;
}

static void
object_written(void *arg, const struct kube_reply *r)
{
	struct object_ctl *o = arg;
	int64_t delay;

	o->call = NULL;
	object_unreserve(o);
	o->failed = r->err.kind != ERR_NONE;
	if (!o->failed) {
		if (r->object != NULL)
			informer_note_reply(o->call_inf, r);
		backoff_reset(&o->backoff);
		workq_add(o->q, o->key);
		return;
	}
	if (r->maybe_executed)
		informer_doubt(o->call_inf, o->call_key);
	delay = r->err.kind == ERR_CONFLICT ? OBJECT_RETRY_CONFLICT
					    : backoff_next(&o->backoff);
	if (r->retry_after_us > delay)
		delay = r->retry_after_us;
	LOGI(o->c->env->log, "write failed", F_STR("kind", o->res->kind),
	    F_STR("obj", o->key), F_INT("retry_ms", delay / LOOP_MS),
	    F_ERR(&r->err));
	controllers_forbidden(o->c, o->call_inf, o->call_key, &r->err);
	workq_add_after(o->q, o->key, delay);
}

enum verdict
object_write(struct object_ctl *o, const struct object_write *w)
{
	struct kube_request rq = { 0 };
	char key[KOBJ_KEY_CAP];

	(void)kobj_key_make(w->ns, w->name, key); /* it came from a cache */
	o->call_inf = w->inf != NULL ? w->inf : o->inf;
	xreplace(&o->call_key, key);
	rq.verb = KUBE_PATCH;
	rq.shard = driving_shard(o->c, o->key);
	rq.res = w->res != NULL ? w->res : o->res;
	rq.ns = w->ns;
	rq.name = w->name;
	rq.subresource = w->subresource;
	rq.patch = w->type;
	rq.body = w->patch;
	rq.done = object_written;
	rq.arg = o;
	o->call = kube_start(o->c->k, &rq);
	return V_WAIT;
}

enum verdict
object_patch(struct object_ctl *o, const cJSON *tree, enum kube_patch_type type,
    cJSON *patch)
{
	struct object_write w = { .ns = kobj_ns(tree),
		.name = kobj_name(tree) };

	w.type = type;
	w.patch = patch;
	(void)object_write(o, &w);
	cJSON_Delete(patch);
	return V_WAIT;
}

bool
object_write_status(
    struct object_ctl *o, const cJSON *tree, const cJSON *status)
{
	struct object_write w = { 0 };
	cJSON *patch = kobj_status_patch(tree, status);

	if (patch == NULL)
		return false;
	w.ns = kobj_ns(tree);
	w.name = kobj_name(tree);
	w.subresource = "status";
	w.type = KUBE_PATCH_MERGE;
	w.patch = patch;
	(void)object_write(o, &w);
	cJSON_Delete(patch);
	return true;
}

struct cond_stamp
object_stamp(const struct object_ctl *o, const cJSON *tree)
{
	return (struct cond_stamp){ kobj_generation(tree),
		loop_wall_us(o->c->env->loop) };
}

void
object_say(cJSON *status, const struct cond_stamp *at, const char *type,
    enum cond_status s, const char *reason, const char *fmt, ...)
{
	char text[OBJECT_MESSAGE_MAX];
	struct cond c = { type, s, reason, text };
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut on purpose */
	va_end(ap);
	(void)cond_set(status, &c, at);
}

bool
object_paused(cJSON *status, const struct cond_stamp *at, const char *kind,
    bool by_cluster, bool by_annotation)
{
	if (!by_cluster && !by_annotation) {
		object_say(
		    status, at, "Paused", COND_FALSE, "NotPaused", "%s", "");
		return false;
	}
	object_say(status, at, "Paused", COND_TRUE, "Paused", "%s%s%s%s",
	    by_cluster ? "Cluster spec.paused is set to true" : "",
	    by_cluster && by_annotation ? ", " : "", by_annotation ? kind : "",
	    by_annotation ? " has the cluster.x-k8s.io/paused annotation" : "");
	return true;
}
