/*
 * The kubelets: one on each simulated machine that booted from its medium and
 * runs an OS. It registers with the cluster that its machine belongs to, by
 * the name, the addresses and the UUID that the machine has, and tells its
 * status now and then; an image that wants user data says by that, which node it
 * is and with which providerID. A control-plane machine brings the API server up.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/server.h"
#include "sim/workload/internal.h"

#define CAPI "cluster.x-k8s.io"
#define RETRY (3 * LOOP_S)
#define MERGE "application/merge-patch+json"

static void kubelet_go(void *arg);

struct wlsim_kubelet *
wlsim_kubelet_get(struct wlsim *s, const char *bmc)
{
	struct wlsim_kubelet *k = map_get(&s->kubelets, bmc);

	if (k != NULL)
		return k;
	k = xcalloc(1, sizeof(*k));
	k->s = s;
	k->bmc = xstrdup(bmc);
	(void)map_put(&s->kubelets, bmc, k); /* new */
	return k;
}

void
wlsim_kubelet_free(void *arg)
{
	struct wlsim_kubelet *k = arg;

	timer_stop(&k->retry);
	xfree(k->bmc);
	xfree(k->cluster);
	xfree(k->uuid);
	xfree(k->mac);
	xfree(k->data_id);
	xfree(k->data_node);
	xfree(k->provider_id);
	xfree(k->say_uuid);
	xfree(k->node);
	xfree(k->address);
	xfree(k);
}

static const char *
kubelet_text(const char *s)
{
	return s == NULL ? "" : s;
}

/* "b7://default/{bmc}" with the name put in; owned. */
static char *
kubelet_fill(const char *t, const char *bmc)
{
	const char *at = strstr(t, "{bmc}");

	if (at == NULL)
		return xstrdup(t);
	return xasprintf("%.*s%s%s", (int)(at - t), t, bmc, at + 5);
}

/* ---- whose it is ------------------------------------------------------------- */

/* The Beskar7Machine that has the host, or NULL. */
static const cJSON *
kubelet_machine(const struct wlsim_kubelet *k)
{
	char *key = kubelet_fill(k->s->o.host, k->bmc), *machine;
	const cJSON *host = core_cache_get(k->s->hosts, key), *m;
	const char *name = json_str(host, "spec/consumerRef/name", NULL);

	xfree(key);
	if (name == NULL)
		return NULL;
	machine =
	    xasprintf("%s/%s", json_str(host, "metadata/namespace", ""), name);
	m = core_cache_get(k->s->machines, machine);
	xfree(machine);
	return m;
}

static const char *
kubelet_label(const cJSON *o, const char *label)
{
	const cJSON *l = json_child(json_obj(o, "metadata/labels"), label);

	return cJSON_IsString(l) ? l->valuestring : NULL;
}

/* The cluster that the machine joins; NULL: none yet. */
static struct wlsim_cluster *
kubelet_cluster(struct wlsim_kubelet *k)
{
	const cJSON *m = kubelet_machine(k);
	const char *name = kubelet_label(m, CAPI "/cluster-name");
	struct wlsim_cluster *c;
	char *key;

	if (name == NULL)
		return NULL;
	key = xasprintf("%s/%s", json_str(m, "metadata/namespace", ""), name);
	c = map_get(&k->s->clusters, key);
	xfree(key);
	k->control_plane = kubelet_label(m, CAPI "/control-plane") != NULL;
	return c;
}

/* ---- its node ------------------------------------------------------------------ */

static char *
kubelet_node_name(const struct wlsim_kubelet *k)
{
	if (k->node != NULL)
		return xstrdup(k->node);
	if (!str_empty(k->data_node))
		return xstrdup(k->data_node);
	return xasprintf("node-%s", k->bmc);
}

/* SMBIOS 7.2.1: the first three fields, read in the other byte order. */
static void
kubelet_swap(char *uuid)
{
	static const unsigned char from[] = { 6, 7, 4, 5, 2, 3, 0, 1, 8, 11, 12,
		9, 10, 13, 16, 17, 14, 15 };
	char was[18];

	if (strlen(uuid) != 36)
		return;
	memcpy(was, uuid, sizeof(was));
	for (size_t i = 0; i < sizeof(from); i++)
		uuid[i] = was[from[i]];
}

static char *
kubelet_uuid(const struct wlsim_kubelet *k)
{
	char *u =
	    xstrdup(k->say_uuid != NULL ? k->say_uuid : kubelet_text(k->uuid));

	if (k->swapped)
		kubelet_swap(u);
	for (char *p = u; k->upper && *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'f')
			*p = (char)(*p - 'a' + 'A');
	return u;
}

static void
kubelet_address(cJSON *list, const char *type, const char *address)
{
	cJSON *a = cJSON_CreateObject();

	json_set_str(a, "type", type);
	json_set_str(a, "address", address);
	cJSON_AddItemToArray(list, a);
}

/* As its BMC would tell the address, where it tells any. */
static cJSON *
kubelet_addresses(const struct wlsim_kubelet *k, const char *name)
{
	cJSON *list = cJSON_CreateArray();
	uint8_t mac[6] = { 0 };
	char text[40], hex[13] = "";
	size_t n = 0;

	for (const char *p = kubelet_text(k->mac); *p != '\0' && n < 12; p++)
		if (*p != ':')
			hex[n++] = *p;
	if (k->address != NULL)
		kubelet_address(list, "InternalIP", k->address);
	else if (n == 12 && hex_decode(hex, mac, sizeof(mac))) {
		(void)str_format(text, sizeof(text), "172.%d.%d.%d",
		    16 + mac[3] % 16, mac[4], mac[5]);
		kubelet_address(list, "InternalIP", text);
	}
	kubelet_address(list, "Hostname", name);
	return list;
}

static cJSON *
kubelet_status(const struct wlsim_kubelet *k, const char *name, bool ready)
{
	cJSON *s = cJSON_CreateObject(), *info, *list, *c;
	char *uuid = kubelet_uuid(k);
	char now[RFC3339_CAP];

	rfc3339_s(now, loop_wall_us(k->s->env->loop));
	json_set(s, "addresses", kubelet_addresses(k, name));
	info = json_ensure_obj(s, "nodeInfo");
	json_set_str(info, "systemUUID", uuid);
	json_set_str(info, "machineID", kubelet_text(k->uuid));
	json_set_str(info, "bootID", kubelet_text(k->uuid));
	json_set_str(info, "kernelVersion", "6.1.0");
	json_set_str(info, "osImage", "Simulated Linux");
	json_set_str(info, "containerRuntimeVersion", "containerd://1.7.0");
	json_set_str(info, "kubeletVersion", "v1.32.0");
	json_set_str(info, "kubeProxyVersion", "v1.32.0");
	json_set_str(info, "operatingSystem", "linux");
	json_set_str(info, "architecture", "amd64");
	list = cJSON_CreateArray();
	c = cJSON_CreateObject();
	json_set_str(c, "type", "Ready");
	json_set_str(c, "status", ready ? "True" : "Unknown");
	json_set_str(c, "reason", ready ? "KubeletReady" : "NodeStatusUnknown");
	json_set_str(c, "lastHeartbeatTime", now);
	cJSON_AddItemToArray(list, c);
	json_set(s, "conditions", list);
	xfree(uuid);
	return s;
}

static int
kubelet_do(const struct wlsim_cluster *c, const char *method, const char *path,
    const char *type, const cJSON *body)
{
	char *text = json_print(body);
	int status = 0;

	cJSON_Delete(
	    kube_server_do(c->kube, method, path, type, text, &status));
	xfree(text);
	return status;
}

static void
kubelet_patch(const struct wlsim_kubelet *k, bool ready)
{
	struct wlsim_cluster *c = map_get(&k->s->clusters, k->cluster);
	char *name, *path;
	cJSON *o;

	if (c == NULL || !wlsim_cluster_reachable(c))
		return;
	name = kubelet_node_name(k);
	path = xasprintf("/api/v1/nodes/%s/status", name);
	o = cJSON_CreateObject();
	json_set(o, "status", kubelet_status(k, name, ready));
	(void)kubelet_do(c, "PATCH", path, MERGE, o); /* 404: it was deleted */
	cJSON_Delete(o);
	xfree(path);
	xfree(name);
}

/* By order, by its data, or as all are told. */
static const char *
kubelet_id(const struct wlsim_kubelet *k)
{
	if (k->provider_id != NULL)
		return k->provider_id;
	return k->data_id != NULL ? k->data_id : k->s->o.provider_id;
}

/* A Node of this name that is there already is taken over, as kubelets do. */
static bool
kubelet_register(struct wlsim_kubelet *k, struct wlsim_cluster *c)
{
	char *name = kubelet_node_name(k), *id;
	const char *t = kubelet_id(k);
	cJSON *o = cJSON_CreateObject(), *labels;
	int status;

	json_set_str(o, "apiVersion", "v1");
	json_set_str(o, "kind", "Node");
	json_set_str(json_ensure_obj(o, "metadata"), "name", name);
	labels = json_ensure_obj(o, "metadata/labels");
	json_set_str(labels, "kubernetes.io/hostname", name);
	if (k->control_plane)
		json_set_str(
		    labels, "node-role.kubernetes.io/control-plane", "");
	if (!str_empty(t)) {
		id = kubelet_fill(t, k->bmc);
		json_set_str(json_ensure_obj(o, "spec"), "providerID", id);
		xfree(id);
	}
	json_set(o, "status", kubelet_status(k, name, true));
	status = kubelet_do(c, "POST", "/api/v1/nodes", NULL, o);
	LOGI(k->s->env->log, "kubelet registers", F_STR("bmc", k->bmc),
	    F_STR("cluster", c->key), F_STR("node", name),
	    F_INT("status", status));
	cJSON_Delete(o);
	xfree(name);
	if (status != 409 && (status < 200 || status >= 300))
		return false;
	if (k->cluster == NULL)
		k->cluster = xstrdup(c->key);
	/* Some servers take no status with a new object. */
	kubelet_patch(k, true);
	return true;
}

/* ---- its life ---------------------------------------------------------------------- */

static void
kubelet_later(struct wlsim_kubelet *k)
{
	timer_start(k->s->env->loop, &k->retry, RETRY, kubelet_go, k);
}

/* The bootstrap data's part, where the image was one that wants data. */
static void
kubelet_data(struct wlsim_kubelet *k, const cJSON *data)
{
	const char *state = json_str(data, "state", "None");

	xreplace(&k->data_id, NULL);
	xreplace(&k->data_node, NULL);
	k->idle = false;
	if (str_eq(state, "None"))
		return;
	k->idle = !str_eq(state, "Bootstrapped") ||
		  !json_bool(data, "kubelet", false);
	xreplace(&k->data_id, json_str(data, "providerID", ""));
	xreplace(&k->data_node, json_str(data, "nodeName", ""));
}

static void
kubelet_known(void *arg, int status, const cJSON *body)
{
	struct wlsim_kubelet *k = arg;

	k->busy = false;
	if (status == 200) {
		xreplace(&k->uuid, json_str(body, "uuid", ""));
		xreplace(&k->mac, json_str(body, "mac", ""));
		kubelet_data(k, json_obj(body, "userData"));
		kubelet_go(k);
	} else {
		kubelet_later(k);
	}
}

/* Who the machine is, it says itself: a board may have been swapped. */
static void
kubelet_ask(struct wlsim_kubelet *k)
{
	char *path = xasprintf("/bmcs/%s", k->bmc);

	k->busy = true;
	core_request(k->s->bmc, "GET", path, NULL, NULL,
	    (struct core_done){ kubelet_known, k });
	xfree(path);
}

static void
kubelet_go(void *arg)
{
	struct wlsim_kubelet *k = arg;
	struct wlsim_cluster *c;

	if (!k->read || !k->up || k->cluster != NULL || k->busy)
		return;
	if (k->uuid == NULL) {
		kubelet_ask(k);
		return;
	}
	if (k->idle)
		return;
	c = kubelet_cluster(k);
	if (c != NULL && k->control_plane) {
		k->cluster = xstrdup(c->key);
		wlsim_cluster_settle(c);
	}
	if (c != NULL && wlsim_cluster_reachable(c) && kubelet_register(k, c))
		return;
	xreplace(&k->cluster, NULL);
	if (c != NULL)
		wlsim_cluster_settle(c);
	kubelet_later(k);
}

void
wlsim_kubelets_look(struct wlsim *s)
{
	for (size_t i = 0; i < s->kubelets.n; i++) {
		struct wlsim_kubelet *k = s->kubelets.v[i].value;

		if (k->read && k->up && k->cluster == NULL && !k->busy &&
		    !k->idle)
			timer_start(s->env->loop, &k->retry, 0, kubelet_go, k);
	}
}

/* Nobody tells for it any more; the node stays. */
static void
kubelet_down(struct wlsim_kubelet *k)
{
	struct wlsim_cluster *c =
	    k->cluster == NULL ? NULL : map_get(&k->s->clusters, k->cluster);

	if (c != NULL)
		kubelet_patch(k, false);
	k->up = false;
	timer_stop(&k->retry);
	xreplace(&k->cluster, NULL);
	xreplace(&k->uuid, NULL);
	if (c != NULL)
		wlsim_cluster_settle(c);
}

void
wlsim_kubelet_note(struct wlsim *s, const cJSON *ev)
{
	const char *event = json_str(ev, "event", "");
	const char *text = json_str(ev, "text", "");
	struct wlsim_kubelet *k = wlsim_kubelet_get(s, json_str(ev, "bmc", ""));

	s->seen = (uint64_t)json_i64(ev, "seq", (int64_t)s->seen);
	if (str_eq(event, "media-inserted"))
		k->read = false;
	else if (str_eq(event, "medium-read") && str_eq(text, "done"))
		k->read = true;
	else if (str_eq(event, "os-up"))
		k->up = true;
	else if (str_eq(event, "reset") ||
		 (str_eq(event, "power-state") && !str_eq(text, "On")))
		kubelet_down(k);
	if (s->caught_up)
		kubelet_go(k);
}

void
wlsim_kubelets_beat(void *arg)
{
	struct wlsim *s = arg;

	for (size_t i = 0; i < s->kubelets.n; i++) {
		const struct wlsim_kubelet *k = s->kubelets.v[i].value;

		if (k->up && k->cluster != NULL)
			kubelet_patch(k, true);
	}
	timer_start(s->env->loop, &s->heartbeat, s->o.heartbeat_us,
	    wlsim_kubelets_beat, s);
}
