/* The inside of backend_sockets.c, split: processes and calls. */
#ifndef B7_RUNNER_SOCKETS_H
#define B7_RUNNER_SOCKETS_H

#include "common/env.h"
#include "common/http.h"
#include "common/loop.h"
#include "common/metrics.h"
#include "scenarios/runner/backend.h"
#include "scenarios/runner/follow.h"
#include "scenarios/runner/process.h"

struct sockets {
	struct backend b; /* first */
	struct backend_opts o;
	struct backend_hooks h;
	struct loop *loop;
	struct http_net *net;
	char *dir; /* owned; of files */
	bool own_dir;
	char authorization[160], token[64];
	char kube_url[128], bmc_url[128];
	struct process kube, bmc, origin, core, agents[BACKEND_AGENTS];
	unsigned agent_ports[BACKEND_AGENTS]; /* of diagnostics */
	struct tls_trust *kube_ca;
	struct http_peer *kube_peer, *bmc_peer, *origin_peer;
	struct follow *follow;
	int64_t epoch_us;
	struct timer tick, until;
	bool (*done)(void *);
	void *done_arg;
	bool in_run;
};

/* sockets_start.c: all processes but agents; false with e. */
bool sockets_start(struct sockets *s, struct err *e);
bool sockets_start_core(struct sockets *s, struct err *e);
bool sockets_start_agent(struct sockets *s, unsigned n,
    const struct stage_agent_opts *o, struct err *e);
/* New lines of the processes' logs, to the hook. */
void sockets_read_logs(struct sockets *s);
char *sockets_file(const struct sockets *s, const char *name); /* owned */

/* sockets_call.c: one call, its reply parsed; NULL where none came. *status 0
 * then. Runs the loop meanwhile. */
cJSON *sockets_call(struct sockets *s, struct http_peer *peer,
    const struct http_request *r, int *status);
char *sockets_text(struct sockets *s, const char *base, const char *target);

#endif
