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
	char kube_url[128], bmc_url[128], workload_url[128];
	struct process workload; /* where there are workload clusters */
	struct process kube, bmc, origin, core, agents[BACKEND_AGENTS];
	unsigned agent_ports[BACKEND_AGENTS];  /* of diagnostics */
	unsigned media_ports[BACKEND_AGENTS];  /* 0 = none yet */
	struct process relays[BACKEND_AGENTS]; /* only where opts.cuts */
	struct tls_trust *kube_ca;
	struct http_peer *kube_peer, *bmc_peer, *origin_peer, *workload_peer;
	struct follow *follow;
	struct sockets_dns *dns;
	/* sockets_faults.c */
	unsigned holds, rules, silent_by[BACKEND_AGENTS];
	unsigned cut_by[BACKEND_AGENTS]; /* the rule that does; 0 = none */
	bool hold_bmc, hold_api;
	int64_t hold_was;
	struct http_call *hold_call;
	int64_t away_until; /* the API server, as ordered */
	char from[16];      /* of the event that is told */
	int64_t epoch_us;
	struct timer tick, until;
	bool (*done)(void *);
	void *done_arg;
	bool in_run;
};

/* sockets_start.c: all processes but agents; false with e. */
bool sockets_start(struct sockets *s, struct err *e);
bool sockets_start_core(struct sockets *s, struct err *e);
bool sockets_start_workload(struct sockets *s, struct err *e);
bool sockets_start_agent(struct sockets *s, unsigned n,
    const struct stage_agent_opts *o, struct err *e);
/* New lines of the processes' logs, to the hook. */
void sockets_read_logs(struct sockets *s);
char *sockets_file(const struct sockets *s, const char *name); /* owned */

/* sockets_dns.c: a DNS server of each agent. */
struct sockets_dns *sockets_dns_new(void);
void sockets_dns_free(struct sockets_dns *d);
/* Its port; 0: it could not be opened. */
unsigned sockets_dns_port(struct sockets_dns *d, unsigned agent);
void sockets_dns_set(struct sockets_dns *d, const char *name, const char *ip);
void sockets_dns_look(const struct sockets_dns *d); /* now and then */
void sockets_dns_silent(struct sockets_dns *d, unsigned agent, bool on);

/* sockets_relay.c: `beskar7-scenario relay PORT`; tells its own port, never ends. */
int sockets_relay_main(const char *port);

/* sockets_who.c: whose connection from this address ("127.0.0.1:4711") is;
 * -1 = nobody's any more. */
int sockets_who(const struct process *agents, unsigned n, const char *from);

/* sockets_faults.c: the same ops as of backend.h, by rules of the simulators.
 */
bool sockets_hold(
    struct backend *b, bool bmc, int64_t at, bool after, struct err *e);
void sockets_hold_look(struct sockets *s);
void sockets_on_bmc(void *arg, struct bmc_event *ev); /* of follow.h */
int sockets_net_add(struct backend *b, const struct net_rule *r, struct err *e);
void sockets_net_remove(struct backend *b, int id);
bool sockets_dns_name(
    struct backend *b, const char *name, const char *ip, struct err *e);

/* sockets_call.c: one call, its reply parsed; NULL where none came. *status 0
 * then. Runs the loop meanwhile. */
cJSON *sockets_call(struct sockets *s, struct http_peer *peer,
    const struct http_request *r, int *status);
cJSON *sockets_plain(struct sockets *s, struct http_peer *peer,
    const char *method, const char *path, const cJSON *body, int *status);
char *sockets_text(struct sockets *s, const char *base, const char *target);

#endif
