/*
 * The controllers' common ground: informers, who must look when what changes,
 * start and stop. See control.h.
 */
#include "agent/control/controllers.h"

#include <string.h>

#include "agent/control/boot_media.h"
#include "agent/control/cluster_endpoint.h"
#include "agent/control/driving.h"
#include "agent/control/host_stream.h"
#include "agent/control/internal.h"
#include "agent/control/names.h"
#include "agent/control/secret_share.h"
#include "agent/control/workload.h"
#include "agent/kube/client.h"
#include "agent/kube/event.h"
#include "agent/kube/informer.h"
#include "agent/kube/object.h"
#include "agent/redfish/redfish.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"

const struct kube_resource RES_HOSTS = { AX, AX_VERSION, "physicalhosts",
	KIND_HOST, false };
const struct kube_resource RES_MACHINES = { AX, AX_VERSION, "beskar7machines",
	KIND_MACHINE, false };
const struct kube_resource RES_CLUSTERS = { AX, AX_VERSION, "beskar7clusters",
	KIND_CLUSTER, false };
const struct kube_resource RES_CAPI_MACHINES = { CAPI_GROUP, CAPI_VERSION,
	"machines", "Machine", false };
const struct kube_resource RES_CAPI_CLUSTERS = { CAPI_GROUP, CAPI_VERSION,
	"clusters", "Cluster", false };
const struct kube_resource RES_REMEDIATIONS = { AX, AX_VERSION,
	"beskar7remediations", KIND_REMEDIATION, false };
const struct kube_resource RES_TEMPLATES = { AX, AX_VERSION,
	"beskar7machinetemplates", KIND_TEMPLATE, false };

int64_t
controllers_wall_s(const struct controllers *c)
{
	return (c->wall_us + loop_mono_us(c->env->loop)) / LOOP_S;
}

bool
controllers_may_write(
    const struct controllers *c, unsigned shard, struct err *e)
{
	return c->o.may_write == NULL ||
	       c->o.may_write(c->o.may_write_arg, shard, e);
}

void
controllers_forbidden(struct controllers *c, struct informer *inf,
    const char *key, const struct err *e)
{
	const cJSON *tree;

	if (e->kind != ERR_AUTH || e->code != 403)
		return;
	tree = informer_get(inf, key);
	if (tree != NULL)
		event_emitf(c->ev, tree, EVENT_WARNING, "Forbidden",
		    "%.240s; see the ClusterRole of the agent", e->msg);
	json_drop(tree);
}

bool
controllers_watch(const struct controllers *c, const char *label)
{
	return str_empty(c->o.watch_filter) || str_eq(label, c->o.watch_filter);
}

/* ---- who must look ------------------------------------------------------------- */

static bool
controllers_wake_host(void *arg, const char *key)
{
	struct controllers *c = arg;

	workq_add(c->host_q, key);
	return true;
}

static bool
controllers_wake_machine(void *arg, const char *key)
{
	struct controllers *c = arg;

	workq_add(c->machine_q, key);
	return true;
}

/* Machines that found no host try again when one becomes free. */
static void
controllers_wake_waiting(struct controllers *c)
{
	for (size_t i = 0; i < c->waiting.n; i++)
		workq_add(c->machine_q, c->waiting.v[i].key);
}

static void
controllers_wake_clusters(struct controllers *c)
{
	for (size_t i = 0; i < informer_count(c->clusters); i++)
		workq_add(c->cluster_q, informer_key_at(c->clusters, i));
}

static void
controllers_wake_twin(struct controllers *c, const char *key)
{
	const struct host_brief *b = host_index_get(&c->index, key);
	const char *twin =
	    b == NULL ? NULL : host_index_twin(&c->index, key, &b->id);

	if (twin != NULL)
		workq_add(c->host_q, twin);
}

static void
controllers_wake_consumer(struct controllers *c, const char *key)
{
	const struct host_brief *b = host_index_get(&c->index, key);

	if (b != NULL && b->consumer != NULL)
		workq_add(c->machine_q, b->consumer);
}

/* A zone that a host brought or took away changes failure domains. */
static bool
controllers_zone_changed(const struct controllers *c, const char *key,
    const cJSON *tree, bool deleted)
{
	const struct host_brief *b = host_index_get(&c->index, key);
	const char *now = deleted ? NULL : kobj_label(tree, LABEL_ZONE);

	return !str_eq(b == NULL ? NULL : b->zone, now);
}

static uint64_t
controllers_fit(const struct controllers *c, const char *key)
{
	const struct host_brief *b = host_index_get(&c->index, key);

	return b == NULL ? 0 : b->fit;
}

static void
controllers_on_host(void *arg, const struct informer_event *ev)
{
	struct controllers *c = arg;
	const struct host_brief *b;
	bool freed = false, zone;
	uint64_t fit;

	if (ev->what == INFORMER_SYNCED) {
		controllers_wake_waiting(c);
		/* Nobody waits for these: where the kind is not served yet the
		 * agent is ready without it. */
		informer_start(c->remediations);
		informer_start(c->templates);
		return;
	}
	remediation_wake_host(c, ev->key);
	fit = controllers_fit(c, ev->key);
	zone = controllers_zone_changed(
	    c, ev->key, ev->object, ev->what == INFORMER_DELETED);
	controllers_wake_consumer(c, ev->key);
	if (ev->what == INFORMER_DELETED) {
		controllers_wake_twin(c, ev->key);
		host_index_drop(&c->index, ev->key);
		workq_add(c->host_q, ev->key);
	} else {
		struct identity was = { 0 };

		b = host_index_get(&c->index, ev->key);
		if (b != NULL)
			was = b->id;
		if (host_index_put(&c->index, ev->key, ev->object, &freed) ||
		    json_obj(ev->object, "status") == NULL) /* lost, maybe */
			workq_add(c->host_q, ev->key);
		b = host_index_get(&c->index, ev->key);
		if (memcmp(&was, &b->id, sizeof(was)) != 0)
			controllers_wake_twin(c, ev->key);
		controllers_wake_consumer(c, ev->key);
	}
	/* Labels and hardware decide who matches: any news of a host that is
	 * to be had. */
	b = host_index_get(&c->index, ev->key);
	if (freed || (b != NULL && b->available))
		controllers_wake_waiting(c);
	if (zone)
		controllers_wake_clusters(c);
	if (fit != controllers_fit(c, ev->key))
		template_wake(c, kobj_ns(ev->object));
}

static void
controllers_machine_links(struct controllers *c, const char *key,
    const cJSON *tree,
    void (*op)(struct links *l, const char *from, const char *to))
{
	const cJSON *owner = kobj_owner(tree, "Machine", CAPI_GROUP);
	const char *cluster = kobj_label(tree, LABEL_CLUSTER_NAME);
	char from[KOBJ_KEY_CAP];

	if (owner != NULL &&
	    kobj_key_make(kobj_ns(tree), json_str(owner, "name", ""), from))
		op(&c->by_owner, from, key);
	if (cluster != NULL && kobj_key_make(kobj_ns(tree), cluster, from))
		op(&c->by_cluster, from, key);
}

/* What a host's pass reads of its consumer; the status is not part of it. */
static bool
controllers_consumer_changed(const cJSON *old, const cJSON *now)
{
	return old == NULL || kobj_generation(old) != kobj_generation(now) ||
	       kobj_deleting(old) != kobj_deleting(now) ||
	       !json_equal(json_obj(old, "metadata/annotations"),
		   json_obj(now, "metadata/annotations"));
}

static void
controllers_on_machine(void *arg, const struct informer_event *ev)
{
	struct controllers *c = arg;
	cJSON *old = NULL;

	if (ev->what == INFORMER_SYNCED)
		return;
	if (ev->old_text != NULL) {
		old = json_parse(ev->old_text, strlen(ev->old_text), NULL);
		controllers_machine_links(c, ev->key, old, links_remove);
	}
	controllers_machine_links(c, ev->key, ev->object,
	    ev->what == INFORMER_DELETED ? links_remove : links_add);
	workq_add(c->machine_q, ev->key);
	if (ev->what == INFORMER_DELETED ||
	    controllers_consumer_changed(old, ev->object))
		links_each(
		    &c->index.consumers, ev->key, controllers_wake_host, c);
	cluster_endpoint_wake(c, old, ev->object);
	cJSON_Delete(old);
}

static void
controllers_on_cluster(void *arg, const struct informer_event *ev)
{
	struct controllers *c = arg;

	if (ev->what != INFORMER_SYNCED)
		workq_add(c->cluster_q, ev->key);
}

static void
controllers_on_capi_machine(void *arg, const struct informer_event *ev)
{
	struct controllers *c = arg;

	if (ev->what == INFORMER_SYNCED)
		return;
	links_each(&c->by_owner, ev->key, controllers_wake_machine, c);
	remediation_wake_machine(c, ev->key);
}

/* Of a template only the spec matters; our own status does not wake us. */
static void
controllers_on_template(void *arg, const struct informer_event *ev)
{
	if (ev->what != INFORMER_SYNCED)
		template_changed(arg, ev->key);
}

static void
controllers_on_remediation(void *arg, const struct informer_event *ev)
{
	struct controllers *c = arg;

	if (ev->what != INFORMER_SYNCED)
		workq_add(c->remediation_q, ev->key);
}

static bool
controllers_wake_machine_and_host(void *arg, const char *key)
{
	struct controllers *c = arg;

	workq_add(c->machine_q, key);
	links_each(&c->index.consumers, key, controllers_wake_host, c);
	return true;
}

static void
controllers_on_capi_cluster(void *arg, const struct informer_event *ev)
{
	struct controllers *c = arg;
	const char *name =
	    json_str(ev->object, "spec/infrastructureRef/name", NULL);
	char key[KOBJ_KEY_CAP];

	if (ev->what == INFORMER_SYNCED)
		return;
	links_each(
	    &c->by_cluster, ev->key, controllers_wake_machine_and_host, c);
	remediation_wake_everyone(c);
	if (name != NULL && kobj_key_make(kobj_ns(ev->object), name, key))
		workq_add(c->cluster_q, key);
}

static void
controllers_on_secret(void *arg, const struct informer_event *ev)
{
	struct controllers *c = arg;

	if (ev->what == INFORMER_SYNCED)
		return;
	links_each(&c->index.secrets, ev->key, controllers_wake_host, c);
	/* A machine that waits for its bootstrap Secret looks again. */
	links_each(&c->secret_waiters, ev->key, controllers_wake_machine, c);
	workload_secret_changed(c, ev->key);
}

/* ---- life ----------------------------------------------------------------------- */

static void
controllers_defaults(struct controllers_opts *o)
{
	if (o->max_provisioning == 0)
		o->max_provisioning = 50;
	if (o->max_releasing == 0)
		o->max_releasing = 50;
	if (o->max_bmcs == 0)
		o->max_bmcs = 64;
	if (o->event_streams == 0)
		o->event_streams = 256;
	if (o->poll_busy_us == 0)
		o->poll_busy_us = 5 * LOOP_S;
	if (o->poll_idle_us == 0)
		o->poll_idle_us = 60 * LOOP_S;
	if (o->bmc_grace_us == 0)
		o->bmc_grace_us = 10 * LOOP_MIN;
	if (o->write_max_us == 0)
		o->write_max_us = REDFISH_WRITE_MAX_US;
	if (o->retry_max_us == 0)
		o->retry_max_us = 5 * LOOP_MIN;
	o->ns = xstrdup(o->ns);
	o->watch_filter = xstrdup(o->watch_filter);
	o->image_origins = xstrdup(o->image_origins);
}

/* Only a hint: what it is about is read by the pass. */
static void
controllers_on_media(void *arg, const char *host)
{
	struct controllers *c = arg;

	if (c->started && driving_key(c, host))
		workq_add(c->host_q, host);
}

static struct informer *
controllers_informer(struct controllers *c, const struct kube_resource *res,
    bool metadata_only, informer_fn *fn)
{
	struct informer_opts o = {
		.res = res, .ns = c->o.ns, .metadata_only = metadata_only
	};
	struct informer *inf = informer_new(c->k, &o);

	informer_on(inf, fn, c);
	return inf;
}

struct controllers *
controllers_new(const struct env *env, struct kube_client *k,
    const struct controllers_opts *o)
{
	struct controllers *c = xcalloc(1, sizeof(*c));

	c->env = env;
	c->wall_us = loop_wall_us(env->loop) - loop_mono_us(env->loop);
	c->k = k;
	c->o = *o;
	controllers_defaults(&c->o);
	if (c->o.boot_media != NULL) {
		c->o.boot_media->wake = controllers_on_media;
		c->o.boot_media->wake_arg = c;
	}
	c->streams_max =
	    c->o.event_streams > 0 ? (unsigned)c->o.event_streams : 0;
	driving_init(c, c->o.shards);
	TAILQ_INIT(&c->slot_queue);
	TAILQ_INIT(&c->workload_queue);
	/* Its metrics are of the management cluster. */
	c->workload_env = *env;
	c->workload_env.metrics = NULL;
	diaries_init(&c->diaries);
	c->ev = event_recorder_new(k, &(struct event_opts){ 0 });
	c->host_q = workq_new(env->loop, host_ctl_run, c);
	c->machine_q = workq_new(env->loop, machine_ctl_run, c);
	c->cluster_q = workq_new(env->loop, cluster_ctl_run, c);
	c->remediation_q = workq_new(env->loop, remediation_ctl_run, c);
	c->template_q = workq_new(env->loop, template_ctl_run, c);
	c->hosts =
	    controllers_informer(c, &RES_HOSTS, false, controllers_on_host);
	c->machines = controllers_informer(
	    c, &RES_MACHINES, false, controllers_on_machine);
	c->clusters = controllers_informer(
	    c, &RES_CLUSTERS, false, controllers_on_cluster);
	c->capi_machines = controllers_informer(
	    c, &RES_CAPI_MACHINES, false, controllers_on_capi_machine);
	c->capi_clusters = controllers_informer(
	    c, &RES_CAPI_CLUSTERS, false, controllers_on_capi_cluster);
	c->secrets =
	    controllers_informer(c, &KUBE_SECRETS, true, controllers_on_secret);
	c->remediations = controllers_informer(
	    c, &RES_REMEDIATIONS, false, controllers_on_remediation);
	c->templates = controllers_informer(
	    c, &RES_TEMPLATES, false, controllers_on_template);
	return c;
}

/* In the order in which the others need them. */
struct informer *
controllers_needed(const struct controllers *c, size_t i)
{
	struct informer *const all[] = { c->secrets, c->capi_clusters,
		c->capi_machines, c->machines, c->clusters, c->hosts };

	return i < sizeof(all) / sizeof(*all) ? all[i] : NULL;
}

void
controllers_start(struct controllers *c)
{
	c->started = true;
	for (size_t i = 0; controllers_needed(c, i) != NULL; i++)
		informer_start(controllers_needed(c, i));
}

static bool
controllers_informer_bad(const struct informer *inf, bool synced, struct err *e)
{
	struct informer_status s;

	informer_status(inf, &s);
	if (synced ? s.synced : s.current)
		return false;
	(void)err_set(e, ERR_NET, 0, "%s: %s%s%s",
	    informer_resource(inf)->plural, informer_state_name(s.state),
	    s.err.kind == ERR_NONE ? "" : ": ", s.err.msg);
	return true;
}

bool
controllers_synced(const struct controllers *c, struct err *e)
{
	for (size_t i = 0; controllers_needed(c, i) != NULL; i++)
		if (controllers_informer_bad(controllers_needed(c, i), true, e))
			return false;
	return true;
}

bool
controllers_current(const struct controllers *c, struct err *e)
{
	for (size_t i = 0; controllers_needed(c, i) != NULL; i++)
		if (controllers_informer_bad(
			controllers_needed(c, i), false, e))
			return false;
	return true;
}

struct controllers_counts
controllers_counts(const struct controllers *c)
{
	return (struct controllers_counts){ .hosts = driving_count(c, c->hosts),
		.machines = driving_count(c, c->machines),
		.clusters = driving_count(c, c->clusters),
		.bmcs_busy = c->slots_used,
		.event_streams = host_streams_open(c),
		.passes = c->passes };
}

static void
controllers_trust_free(void *p)
{
	tls_trust_free(p);
}

void
controllers_free(struct controllers *c)
{
	if (c == NULL)
		return;
	if (c->o.boot_media != NULL) {
		c->o.boot_media->wake = NULL;
		c->o.boot_media->wake_arg = NULL;
	}
	timer_stop(&c->stop_timer);
	c->stopping = true;
	timer_stop(&c->stream_timer);
	map_free(&c->host_ctls, host_ctl_free);
	map_free(&c->shares, secret_share_free);
	map_free(&c->machine_ctls, machine_ctl_free);
	map_free(&c->cluster_ctls, cluster_ctl_free);
	map_free(&c->remediation_ctls, remediation_ctl_free);
	map_free(&c->template_ctls, template_ctl_free);
	workloads_free(c);
	workq_free(c->host_q);
	workq_free(c->machine_q);
	workq_free(c->cluster_q);
	workq_free(c->remediation_q);
	informer_free(c->remediations);
	workq_free(c->template_q);
	informer_free(c->templates);
	for (size_t i = 0; controllers_needed(c, i) != NULL; i++)
		informer_free(controllers_needed(c, i));
	event_recorder_free(c->ev);
	host_index_free(&c->index);
	links_free(&c->by_owner);
	links_free(&c->by_cluster);
	links_free(&c->remedies);
	map_free(&c->waiting, NULL);
	map_free(&c->reserved, NULL);
	map_free(&c->trusts, controllers_trust_free);
	map_free(&c->origins, NULL);
	links_free(&c->by_origin);
	links_free(&c->secret_waiters);
	driving_fini(c);
	xfree((void *)(uintptr_t)c->o.ns);
	xfree((void *)(uintptr_t)c->o.watch_filter);
	xfree((void *)(uintptr_t)c->o.image_origins);
	xfree(c);
}
