/*
 * Workload clusters: for each Cluster of the management API an API server of
 * its own, and a kubelet for each simulated machine that runs for it. The API
 * server answers while a control-plane machine of the cluster runs; its nodes
 * outlive that. The kubeconfig goes into the Secret CLUSTER-kubeconfig, as a
 * control-plane provider writes it.
 *
 * Which cluster a machine joins the bootstrap data would say; here the
 * PhysicalHost of the option `host` says it, by the machine that has it.
 *
 * Runs on env->loop and env->net, as a client of the management API and of the
 * control API of the BMCs.
 */
#ifndef B7_SIM_WORKLOAD_WLSIM_H
#define B7_SIM_WORKLOAD_WLSIM_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/env.h"
#include "common/err.h"

struct kube_commit;
struct wlsim;
struct tls_trust;

struct wlsim_opts {
	const char *server; /* of the management API; copied, as all */
	const char *token;
	struct tls_trust *trust; /* borrowed; NULL = system */
	bool insecure;
	const char *bmc_control; /* "http://127.0.0.1:9900" */
	const char *host;        /* NULL = "default/{bmc}" */
	/* What kubelets register with; NULL = without, as stock ones do.
	 * "b7://default/{bmc}". */
	const char *provider_id;
	const char *addr;      /* of the API servers; NULL = "127.0.0.1" */
	unsigned port;         /* of the first; then the next; 0 = any free */
	const char *advertise; /* their name for others; NULL = addr */
	bool virtual_tls;      /* certificates of virtual worlds */
	const char *control_addr; /* NULL = "127.0.0.1" */
	unsigned control_port;    /* 0 = any free one */
	bool control;             /* listen for the control API */
	int64_t heartbeat_us;     /* [5 min] kubelets tell their status */
	/* Every write in the cluster "ns/name", as of kube_server_opts. */
	void (*on_commit)(
	    void *arg, const char *cluster, const struct kube_commit *c);
	void *arg;
};

struct wlsim *wlsim_new(
    const struct env *env, const struct wlsim_opts *o, struct err *e);
void wlsim_free(struct wlsim *s); /* silent */
unsigned wlsim_control_port(const struct wlsim *s);
/* The control API without HTTP (README.md); the reply is owned by the caller.
 */
cJSON *wlsim_control(struct wlsim *s, const char *method, const char *path,
    const cJSON *body, int *status);

#endif
