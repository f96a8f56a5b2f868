/* The agent's client and the simulator's API stand-in, face to face. */
#include <string.h>

#include "agent/kube/event.h"
#include "agent/kube/informer.h"
#include "agent/kube/lease.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "sim/kube/server.h"
#include "tests/unit/unit.h"

#define IP "10.8.0.1"
#define GROUP "example.org"

static const struct kube_resource HOSTS = { GROUP, "v1", "hosts", "Host",
	false };

static const char crd[] =
    "apiVersion: apiextensions.k8s.io/v1\n"
    "kind: CustomResourceDefinition\n"
    "metadata: {name: hosts.example.org}\n"
    "spec:\n"
    "  group: example.org\n"
    "  scope: Namespaced\n"
    "  names: {plural: hosts, singular: host, kind: Host}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources: {status: {}}\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        properties:\n"
    "          spec:\n"
    "            type: object\n"
    "            properties: {size: {type: integer, minimum: 0}}\n"
    "          status:\n"
    "            type: object\n"
    "            properties: {phase: {type: string}}\n";

struct pair {
	struct world *w;
	struct loop *server_loop, *loop;
	struct log quiet;
	struct files *files;
	struct env server_env, env;
	struct kube_server *server;
	struct kube_config config;
	struct kube_client *client;
	struct informer *inf;
	struct map seen; /* key -> text, as the events told it */
	unsigned wrong, events;
	struct timer beat;
	/* The last reply: */
	unsigned replies;
	struct err err;
	cJSON *object;
	bool maybe_executed;
};

static void
beat(void *arg)
{
	struct pair *p = arg;

	timer_start(p->server_loop, &p->beat, LOOP_S, beat, p);
}

static void
on_event(void *arg, const struct informer_event *ev)
{
	struct pair *p = arg;
	char *was;

	if (ev->what == INFORMER_SYNCED)
		return;
	p->events++;
	was = map_take(&p->seen, ev->key);
	p->wrong += (was != NULL) != (ev->what != INFORMER_ADDED);
	xfree(was);
	if (ev->what != INFORMER_DELETED)
		(void)map_put(&p->seen, ev->key, json_print(ev->object));
}

static void
open_pair(struct pair *p, uint64_t seed, bool with_crd)
{
	const struct informer_opts io = { .res = &HOSTS };
	struct kube_server_opts so = {
		.addr = IP, .port = 6443, .bookmark_us = 60 * LOOP_S
	};
	struct err e = { .kind = ERR_NONE };

	*p = (struct pair){ .w = world_new(seed) };
	p->server_loop = world_spawn(p->w, "kube", IP, 0);
	p->loop = world_spawn(p->w, "agent", "10.8.0.2", 0);
	p->files = files_memory_new();
	p->server_env = (struct env){ .name = "kube",
		.loop = p->server_loop,
		.net = world_net(p->server_loop),
		.entropy = world_entropy(p->server_loop),
		.files = p->files,
		.log = &p->quiet };
	p->env = (struct env){ .name = "agent",
		.loop = p->loop,
		.net = world_net(p->loop),
		.entropy = world_entropy(p->loop),
		.files = p->files,
		.log = &p->quiet,
		.metrics = metrics_new(),
		.seed = seed };
	p->server = kube_server_new(&p->server_env, &so, &e);
	CHECK_TEXT(e.msg, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->server);
	if (with_crd)
		CU_ASSERT_TRUE(kube_server_apply_yaml(
		    p->server, crd, strlen(crd), "crd", &e));
	p->config = (struct kube_config){ .source = xstrdup("pair"),
		.server = xstrdup("http://" IP ":6443"),
		.path_prefix = xstrdup(""),
		.default_ns = xstrdup("default") };
	p->client = kube_client_new(&p->env, &p->config, NULL, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->client);
	p->inf = informer_new(p->client, &io);
	informer_on(p->inf, on_event, p);
	informer_start(p->inf);
	beat(p);
}

static void
run(struct pair *p, int64_t us)
{
	(void)world_run(p->w, world_now_us(p->w) + us, NULL, NULL);
}

static void
close_pair(struct pair *p)
{
	timer_stop(&p->beat);
	informer_free(p->inf);
	kube_client_free(p->client);
	kube_config_free(&p->config);
	map_free(&p->seen, xfree);
	cJSON_Delete(p->object);
	kube_server_free(p->server);
	metrics_free(p->env.metrics);
	files_memory_free(p->files);
	world_free(p->w);
}

static void
on_reply(void *arg, const struct kube_reply *r)
{
	struct pair *p = arg;

	p->replies++;
	p->err = r->err;
	p->maybe_executed = r->maybe_executed;
	cJSON_Delete(p->object);
	p->object = r->object == NULL ? NULL : json_dup(r->object);
}

/* One request, run until it is answered. */
static bool
ask(struct pair *p, const struct kube_request *rq)
{
	struct kube_request q = *rq;
	unsigned before = p->replies;

	q.done = on_reply;
	q.arg = p;
	if (q.res == NULL)
		q.res = &HOSTS;
	if (q.ns == NULL)
		q.ns = "default";
	(void)kube_start(p->client, &q);
	for (int i = 0; i < 100 && p->replies == before; i++)
		run(p, LOOP_S / 10);
	CU_ASSERT_EQUAL(p->replies, before + 1);
	return p->err.kind == ERR_NONE;
}

static cJSON *
host(const char *name, int n)
{
	cJSON *o = cJSON_CreateObject();

	json_set_str(o, "apiVersion", GROUP "/v1");
	json_set_str(o, "kind", "Host");
	json_put(o, "metadata/name", cJSON_CreateString(name));
	json_put(o, "spec/size", cJSON_CreateNumber(n));
	return o;
}

static bool
create(struct pair *p, const char *name, int n)
{
	cJSON *o = host(name, n);
	bool ok =
	    ask(p, &(struct kube_request){ .verb = KUBE_CREATE, .body = o });

	cJSON_Delete(o);
	return ok;
}

/* Another client's change, whatever the agent's network does. */
static void
elsewhere(struct pair *p, const char *name, int n)
{
	char *y = xasprintf("apiVersion: example.org/v1\nkind: Host\n"
			    "metadata: {name: %s}\nspec: {size: %d}\n",
	    name, n);

	CU_ASSERT_TRUE(
	    kube_server_apply_yaml(p->server, y, strlen(y), "elsewhere", NULL));
	xfree(y);
}

static void
agree(struct pair *p)
{
	cJSON *all = kube_server_list(p->server, GROUP, "hosts", NULL);
	const cJSON *o;
	char key[KOBJ_KEY_CAP];

	CU_ASSERT_EQUAL(p->wrong, 0);
	CU_ASSERT_EQUAL(
	    informer_count(p->inf), (size_t)cJSON_GetArraySize(all));
	CU_ASSERT_EQUAL(p->seen.n, informer_count(p->inf));
	cJSON_ArrayForEach (o, all) {
		const cJSON *mine;

		(void)kobj_key(o, key);
		mine = informer_get(p->inf, key);
		CHECK_ROW(
		    mine != NULL && str_eq(kobj_rv(o), kobj_rv(mine)), key);
		CHECK_ROW(
		    str_eq(informer_text(p->inf, key), map_get(&p->seen, key)),
		    key);
		json_drop(mine);
	}
	cJSON_Delete(all);
}

/* ---- stories -------------------------------------------------------------------- */

/* Its first write, and two that are refused. */
static void
creates_and_is_refused(struct pair *p)
{
	run(p, 2 * LOOP_S);
	CU_ASSERT_TRUE(informer_synced(p->inf));
	CU_ASSERT_TRUE_FATAL(create(p, "a", 1));
	informer_note_write(p->inf, p->object);
	CU_ASSERT_TRUE(informer_has(p->inf, "default/a"));
	CU_ASSERT_FALSE(create(p, "a", 1));
	CU_ASSERT_EQUAL(p->err.kind, ERR_CONFLICT);
	CU_ASSERT_FALSE(create(p, "b", -1));
	CU_ASSERT_EQUAL(p->err.kind, ERR_REFUSED); /* 422, by the schema */
	CU_ASSERT_PTR_NOT_NULL(strstr(p->err.msg, "spec.size"));
}

static bool
patches(
    struct pair *p, cJSON *patch, enum kube_patch_type kind, const char *sub)
{
	return ask(p, &(struct kube_request){ .verb = KUBE_PATCH,
			  .patch = kind,
			  .name = "a",
			  .subresource = sub,
			  .body = patch });
}

static void
finalizer_is_put_once(struct pair *p)
{
	const cJSON *mine = informer_get(p->inf, "default/a");
	cJSON *patch = kobj_finalizer_add_patch(mine, "example.org/f");

	CU_ASSERT_TRUE(patches(p, patch, KUBE_PATCH_JSON, NULL));
	CU_ASSERT_FALSE(patches(p, patch, KUBE_PATCH_JSON, NULL));
	cJSON_Delete(patch);
	json_drop(mine);
}

static void
status_moves_the_version_on(struct pair *p)
{
	const cJSON *mine = informer_get(p->inf, "default/a");
	cJSON *status = kobj_status_dup(mine), *patch;

	json_set_str(status, "phase", "Up");
	patch = kobj_status_patch(mine, status);
	CU_ASSERT_TRUE(patches(p, patch, KUBE_PATCH_MERGE, "status"));
	CHECK_TEXT(json_str(p->object, "status/phase", ""), "Up");
	cJSON_Delete(patch);
	/* What was read before: a conflict, not a second write. */
	patch = kobj_patch_base(mine);
	json_put(patch, "spec/size", cJSON_CreateNumber(9));
	CU_ASSERT_FALSE(patches(p, patch, KUBE_PATCH_MERGE, NULL));
	CU_ASSERT_EQUAL(p->err.kind, ERR_CONFLICT);
	cJSON_Delete(patch);
	cJSON_Delete(status);
	json_drop(mine);
}

static void
the_way_out_is_free(struct pair *p)
{
	const cJSON *mine = informer_get(p->inf, "default/a");
	cJSON *patch;

	CU_ASSERT_TRUE(kobj_deleting(mine));
	patch = kobj_finalizer_remove_patch(mine, "example.org/f");
	CU_ASSERT_TRUE(patches(p, patch, KUBE_PATCH_JSON, NULL));
	informer_note_write(p->inf, p->object);
	CU_ASSERT_FALSE(informer_has(p->inf, "default/a"));
	cJSON_Delete(patch);
	json_drop(mine);
}

static void
writes_come_back_through_the_watch(void)
{
	struct pair p;

	open_pair(&p, 1, true);
	creates_and_is_refused(&p);
	finalizer_is_put_once(&p);
	run(&p, LOOP_S);
	status_moves_the_version_on(&p);
	CU_ASSERT_TRUE(ask(
	    &p, &(struct kube_request){ .verb = KUBE_DELETE, .name = "a" }));
	run(&p, LOOP_S);
	the_way_out_is_free(&p);
	run(&p, LOOP_S);
	agree(&p);
	CU_ASSERT_EQUAL(informer_count(p.inf), 0);
	close_pair(&p);
}

static void
the_kind_may_come_late(void)
{
	struct pair p;
	struct informer_status s;
	struct err e;

	open_pair(&p, 2, false);
	run(&p, LOOP_MIN);
	informer_status(p.inf, &s);
	CU_ASSERT_EQUAL(s.state, INFORMER_ABSENT);
	CU_ASSERT_TRUE(
	    kube_server_apply_yaml(p.server, crd, strlen(crd), "crd", &e));
	run(&p, 31 * LOOP_S);
	CU_ASSERT_TRUE(informer_synced(p.inf));
	elsewhere(&p, "a", 1);
	run(&p, LOOP_S);
	agree(&p);
	close_pair(&p);
}

static void
history_lost_and_watches_dropped(void)
{
	struct pair p;
	struct informer_status s;

	open_pair(&p, 3, true);
	for (int i = 0; i < 40; i++) {
		elsewhere(&p, i % 3 == 0 ? "a" : "b", i + 1);
		if (i % 7 == 3)
			kube_server_drop_watches(p.server, i % 2 == 0);
		if (i % 5 == 4)
			kube_server_compact(p.server);
		run(&p, 2 * LOOP_S);
	}
	run(&p, LOOP_MIN);
	informer_status(p.inf, &s);
	CU_ASSERT_TRUE(s.current);
	CU_ASSERT(s.relists >= 1);
	agree(&p);
	close_pair(&p);
}

static void
outages_of_every_kind(void)
{
	static const enum kube_outage kinds[] = { KUBE_REFUSE, KUBE_503,
		KUBE_HANG };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct pair p;
		struct informer_status s;

		open_pair(&p, 4 + i, true);
		elsewhere(&p, "a", 1);
		run(&p, 5 * LOOP_S);
		kube_server_outage(p.server, kinds[i], 10 * LOOP_MIN);
		run(&p, 5 * LOOP_MIN);
		elsewhere(&p, "b", 1);
		informer_status(p.inf, &s);
		CU_ASSERT_FALSE(s.current);
		CU_ASSERT_EQUAL(s.objects, 1);
		run(&p, 7 * LOOP_MIN);
		informer_status(p.inf, &s);
		CU_ASSERT_TRUE(s.current);
		agree(&p);
		close_pair(&p);
	}
}

static void
lost_replies_and_busy_servers(void)
{
	struct pair p;
	struct kube_fail lost = { .verb = "create", .after_commit = true };
	struct kube_fail busy = {
		.verb = "get", .status = 429, .retry_after_s = 5, .count = 1
	};

	open_pair(&p, 7, true);
	run(&p, 2 * LOOP_S);
	kube_server_fail(p.server, &lost);
	CU_ASSERT_FALSE(create(&p, "a", 1));
	CU_ASSERT_TRUE(p.maybe_executed);
	informer_doubt(p.inf, "default/a");
	run(&p, LOOP_S);
	CU_ASSERT_TRUE(informer_has(p.inf, "default/a"));
	kube_server_fail(p.server, &busy);
	CU_ASSERT_FALSE(
	    ask(&p, &(struct kube_request){ .verb = KUBE_GET, .name = "a" }));
	CU_ASSERT_EQUAL(p.err.kind, ERR_BUSY);
	CU_ASSERT_TRUE(
	    ask(&p, &(struct kube_request){ .verb = KUBE_GET, .name = "a" }));
	run(&p, LOOP_MIN);
	agree(&p);
	close_pair(&p);
}

static void
secrets_are_watched_without_their_values(void)
{
	static const char y[] = "apiVersion: v1\nkind: Secret\n"
				"metadata: {name: bmc}\n"
				"stringData: {password: hunter2}\n";
	struct pair p;
	const struct informer_opts io = { .res = &KUBE_SECRETS,
		.metadata_only = true };
	struct informer *s;
	const char *text;

	open_pair(&p, 8, true);
	CU_ASSERT_TRUE(
	    kube_server_apply_yaml(p.server, y, strlen(y), "secret", NULL));
	s = informer_new(p.client, &io);
	informer_start(s);
	run(&p, 5 * LOOP_S);
	text = informer_text(s, "default/bmc");
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_PTR_NULL(strstr(text, "aHVudGVyMg"));
	CU_ASSERT_PTR_NULL(strstr(text, "\"data\""));
	informer_free(s);
	close_pair(&p);
}

static void
many_objects_come_in_pages(void)
{
	struct pair p;
	struct informer_status s;

	open_pair(&p, 9, true);
	for (int i = 0; i < 1300; i++) {
		char name[16];

		(void)str_format(name, sizeof(name), "h%d", i);
		elsewhere(&p, name, i);
	}
	kube_server_drop_watches(p.server, true);
	run(&p, LOOP_MIN);
	informer_status(p.inf, &s);
	CU_ASSERT_EQUAL(s.objects, 1300);
	agree(&p);
	close_pair(&p);
}

static void
apply_owns_its_fields(void)
{
	struct pair p;
	cJSON *o = host("a", 3), *all;
	const cJSON *owner;

	open_pair(&p, 10, true);
	CU_ASSERT_TRUE(ask(&p, &(struct kube_request){ .verb = KUBE_PATCH,
				   .patch = KUBE_PATCH_APPLY,
				   .name = "a",
				   .body = o }));
	/* The client leaves them out of what it returns: at the server, then. */
	all = kube_server_list(p.server, GROUP, "hosts", NULL);
	owner = json_obj(cJSON_GetArrayItem(all, 0), "metadata");
	owner = cJSON_GetArrayItem(json_arr(owner, "managedFields"), 0);
	CHECK_TEXT(json_str(owner, "manager", ""), "beskar7-agent");
	CHECK_TEXT(json_str(owner, "operation", ""), "Apply");
	cJSON_Delete(all);
	CU_ASSERT_PTR_NULL(json_at(p.object, "metadata/managedFields"));
	CU_ASSERT_TRUE(ask(&p, &(struct kube_request){ .verb = KUBE_DELETE,
				   .name = "a",
				   .precond_uid = kobj_uid(p.object) }));
	cJSON_Delete(o);
	run(&p, LOOP_S);
	agree(&p);
	close_pair(&p);
}

static void
a_day_of_rest_writes_leases_only(void)
{
	struct pair p;
	struct lease_opts lo = {
		.ns = "default", .name = "l", .identity = "a"
	};
	const struct event_opts eo = { .component = NULL };
	struct lease *l;
	struct event_recorder *ev;
	struct informer_status s;
	cJSON *events;
	const cJSON *mine;

	open_pair(&p, 11, true);
	elsewhere(&p, "a", 1);
	l = lease_new(p.client, &lo);
	kube_client_set_gate(p.client, lease_gate, l);
	lease_start(l);
	ev = event_recorder_new(p.client, &eo);
	run(&p, 10 * LOOP_S);
	CU_ASSERT_TRUE(lease_held(l));
	mine = informer_get(p.inf, "default/a");
	event_emitf(ev, mine, EVENT_NORMAL, "Seen", "it is there");
	json_drop(mine);
	run(&p, 10 * LOOP_S);
	events = kube_server_list(p.server, "", "events", NULL);
	CU_ASSERT_EQUAL(cJSON_GetArraySize(events), 1);
	CHECK_TEXT(json_str(events, "0/message", ""), "it is there");
	cJSON_Delete(events);
	CU_ASSERT_EQUAL(kube_client_writes(p.client), 1);
	run(&p, 24 * LOOP_HOUR);
	CU_ASSERT_TRUE(lease_held(l));
	CU_ASSERT_EQUAL(kube_client_writes(p.client), 1);
	informer_status(p.inf, &s);
	CU_ASSERT_EQUAL(s.relists, 0);
	/* The first look for the lease: 404. */
	CU_ASSERT_EQUAL(kube_client_counts(p.client).failed, 1);
	agree(&p);
	event_recorder_free(ev);
	lease_free(l);
	close_pair(&p);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "writes come back through the watch",
		    writes_come_back_through_the_watch },
		{ "the kind may come late", the_kind_may_come_late },
		{ "history lost and watches dropped",
		    history_lost_and_watches_dropped },
		{ "outages of every kind", outages_of_every_kind },
		{ "lost replies and busy servers",
		    lost_replies_and_busy_servers },
		{ "secrets are watched without their values",
		    secrets_are_watched_without_their_values },
		{ "many objects come in pages", many_objects_come_in_pages },
		{ "apply owns its fields", apply_owns_its_fields },
		{ "a day of rest writes leases only",
		    a_day_of_rest_writes_leases_only },
	};

	return UNIT_RUN("kube_pair", cases);
}
