/* What the files of the workload simulator share. */
#ifndef B7_SIM_WORKLOAD_INTERNAL_H
#define B7_SIM_WORKLOAD_INTERNAL_H

#include <sys/queue.h>

#include "common/loop.h"
#include "common/map.h"
#include "sim/core/cache.h"
#include "sim/core/client.h"
#include "sim/workload/wlsim.h"

#define WLSIM_TOKENS 8 /* of a cluster: it can be rotated so often */

struct http_server;
struct kube_server;
struct tls_identity;

/* One workload cluster. */
struct wlsim_cluster {
	struct wlsim *s;
	char *key, *ns, *name; /* "ns/name"; owned */
	char *uid;             /* of the Cluster object; owned */
	struct kube_server *kube;
	struct tls_identity *identity;
	char *tokens[WLSIM_TOKENS]; /* owned */
	unsigned place;             /* of its port after the first one */
	unsigned token;             /* the one that is in use */
	bool up;                    /* a control-plane machine runs */
	bool away;                  /* by order */
	bool told;                  /* its Secret is written */
	bool busy;                  /* a write of it is under way */
	struct timer retry, back;
};

/* The kubelet on a simulated machine. */
struct wlsim_kubelet {
	struct wlsim *s;
	char *bmc;     /* owned, as all below */
	bool read, up; /* its medium was read; an OS runs */
	bool busy;     /* its machine is being asked who it is */
	char *cluster; /* that it registered with; NULL = none yet */
	bool control_plane;
	char *uuid, *mac; /* as the machine says */
	/* What the user data gave it; NULL = the image wants none. */
	char *data_id, *data_node;
	bool idle; /* its data brings up no kubelet */
	/* By order; NULL = as it is. provider_id "" = none. */
	char *provider_id, *say_uuid, *node, *address;
	bool swapped, upper;
	struct timer retry;
};

struct wlsim {
	const struct env *env;
	struct wlsim_opts o; /* strings owned */
	struct core_client *api, *bmc;
	struct core_cache *clusters_seen, *hosts, *machines;
	struct tls_identity *ca;
	char *ca_pem;
	struct map clusters;           /* "ns/name" -> struct wlsim_cluster */
	struct map kubelets;           /* BMC -> struct wlsim_kubelet */
	LIST_HEAD(, wlsim_call) calls; /* of clusters, under way */
	struct core_stream *events;
	uint64_t seen, page; /* events */
	bool caught_up;
	struct timer events_retry, heartbeat;
	struct http_server *http;
};

/* cluster.c */
void wlsim_on_cluster(void *arg, const char *key, const cJSON *tree);
void wlsim_cluster_free(void *arg);
void wlsim_calls_free(struct wlsim *s); /* after the clients */
/* Whether kubelets run on its control plane has changed. */
void wlsim_cluster_settle(struct wlsim_cluster *c);
bool wlsim_cluster_reachable(const struct wlsim_cluster *c);
/* away: nothing answers, for so long (0: until it is back). */
void wlsim_cluster_away(struct wlsim_cluster *c, bool away, int64_t us);
/* A new credential; the old one is refused from now on. */
bool wlsim_cluster_rotate(struct wlsim_cluster *c);
cJSON *wlsim_cluster_json(const struct wlsim_cluster *c);

/* kubelet.c */
struct wlsim_kubelet *wlsim_kubelet_get(struct wlsim *s, const char *bmc);
void wlsim_kubelet_note(struct wlsim *s, const cJSON *event);
void wlsim_kubelets_look(struct wlsim *s); /* all that are not registered */
void wlsim_kubelet_free(void *arg);
void wlsim_kubelets_beat(void *arg);

/* control.c */
bool wlsim_control_listen(struct wlsim *s, struct err *e);

#endif
