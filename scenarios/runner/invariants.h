/*
 * What must never happen (SAFETY.md), watched all the time. One file a group;
 * each check has a name, which README.md explains and reports show.
 *
 * The order of calls: the commit or event is told here; the facts are brought
 * up to date; then the groups look. Nothing here talks to anybody.
 */
#ifndef B7_RUNNER_INVARIANTS_H
#define B7_RUNNER_INVARIANTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "scenarios/runner/facts.h"

struct invariants;
struct kube_commit;

struct inv_opts {
	/* invariant: the check's name; object: "host/default/bmc-000". */
	void (*violated)(void *arg, const char *invariant, const char *object,
	    const char *text);
	void *arg;
	/* false: events arrive late and in no common order (sockets); the
	 * checks that need the very moment are left out. */
	bool synchronous;
	unsigned shards;        /* of the agents; 0 = 1 */
	const char *agent_user; /* NULL = "beskar7-agent" */
	/* Must appear nowhere but in Secrets. */
	const char *const *markers;
	size_t n_markers;
};

struct inv_commit {
	int64_t at_us;
	const char *verb, *group, *resource, *ns, *name, *user, *manager;
	const cJSON *before, *after;
	bool stays; /* after may be held: it is not changed any more */
};
/* What the API stand-in tells, at the time given; borrowed as c is. */
struct inv_commit inv_commit_of(const struct kube_commit *c, int64_t at_us);
/* One HTTP call of an agent, at its end. */
struct inv_call {
	int64_t started_us, at_us;
	int agent;
	const char *bmc; /* "" = not to a BMC */
	const char *method, *target;
	int status; /* 0 = no reply was heard */
	bool heard;
};

/* A request of an agent that changes something of a BMC has reached it (it may be
 * carried out much later); status and heard mean nothing yet. */
void invariants_sent(struct invariants *x, const struct inv_call *c);

struct invariants *invariants_new(const struct inv_opts *o);
void invariants_free(struct invariants *x);
struct facts *invariants_facts(struct invariants *x);

void invariants_commit(struct invariants *x, const struct inv_commit *c);
/* A write in the workload cluster "ns/name", by whomever. */
void invariants_node(
    struct invariants *x, const char *cluster, const struct inv_commit *c);
void invariants_bmc(struct invariants *x, const struct bmc_event *ev);
void invariants_call(struct invariants *x, const struct inv_call *c);
/* A text of an agent: a log line, its metrics, a trace; where: for people. */
void invariants_text(
    struct invariants *x, const char *where, const char *text, size_t n);
/* The same for all keys and texts of a document. */
void invariants_tree(struct invariants *x, const char *where, const cJSON *j);
/* Nothing may be written from now on (Leases apart). */
void invariants_quiet(struct invariants *x, bool on);
/* The scenario is over and everything has settled. */
void invariants_end(struct invariants *x, int64_t at_us);

/* Every check: name, what it says, whether it needs the very moment. */
struct inv_row {
	const char *name, *says;
	bool synchronous;
};
extern const struct inv_row inv_rows[];
const struct inv_row *inv_row(const char *name); /* NULL = none */

/* ---- for the groups -------------------------------------------------------- */

/* A Redfish write of an agent that a BMC accepted. */
enum inv_write_kind {
	WRITE_ON,      /* On, ForceOn */
	WRITE_OFF,     /* ForceOff, GracefulShutdown */
	WRITE_RESTART, /* all that starts a running machine again */
	WRITE_INSERT,
	WRITE_EJECT,
	WRITE_ARM,
	WRITE_CLEAR
};
struct inv_write {
	int64_t at_us;
	enum inv_write_kind kind;
	struct fact_bmc *bmc;
	struct fact_object *host; /* NULL = no live object has its address */
	int agent;                /* -1 = not known */
	const char *text;
};
const char *inv_write_name(enum inv_write_kind k);

struct inv_group {
	/* before: the facts are still the old ones. */
	void (*before_commit)(struct invariants *x, const struct inv_commit *c);
	void (*commit)(struct invariants *x, const struct inv_commit *c,
	    struct fact_object *o);
	void (*before_bmc)(struct invariants *x, struct fact_bmc *b,
	    const struct bmc_event *ev);
	void (*write)(struct invariants *x, const struct inv_write *w);
	void (*sent)(struct invariants *x, const struct inv_call *c);
	void (*call)(struct invariants *x, const struct inv_call *c);
	void (*end)(struct invariants *x);
};
extern const struct inv_group inv_claims, inv_owner, inv_power, inv_boot,
    inv_pool, inv_outputs, inv_sessions, inv_quiet, inv_secrets;

struct invariants {
	struct inv_opts o;
	struct facts facts;
	size_t shortest_marker;  /* bytes */
	bool marker_begins[256]; /* with that byte */
	bool quiet;
	struct map last_call;  /* "agent/bmc" -> int64_t, owned */
	struct map identities; /* of hosts, for inv_claims */
};

void inv_fail(struct invariants *x, const char *name, const char *object,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Times of since-facts: it has been so for so long, and nobody was blind. */
bool inv_known_for(
    const struct invariants *x, int64_t since_us, int64_t long_us);
bool inv_by_agent(const struct invariants *x, const struct inv_commit *c);
/* "host/default/bmc-000", in the facts' memory until the next call. */
void inv_host_name(const struct fact_object *host, char out[360]);

#endif
