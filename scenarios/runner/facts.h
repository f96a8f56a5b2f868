/*
 * What is true in a scenario: the objects as they were last stored, the
 * machines as their BMCs last told, and who did what. Fed by commits of the API
 * and events of the BMCs, in virtual time at the very moment, over sockets as
 * they arrive. Waits, expectations and invariants look here and nowhere else.
 */
#ifndef B7_RUNNER_FACTS_H
#define B7_RUNNER_FACTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/map.h"
#include "sim/bmc/fleet.h"

#define FACT_NEVER INT64_MIN

enum fact_cause {
	CAUSE_NONE,
	CAUSE_AGENT,  /* a Redfish write */
	CAUSE_PERSON, /* the power button */
	CAUSE_ITSELF  /* an installer, an OS */
};

/* A session of a BMC, from its opening to its end. */
struct fact_session {
	struct fact_session *next;
	char id[64];
	int agent;     /* -1 = not known */
	unsigned life; /* of the agent */
	bool dropped;  /* the agent does not know it, or gave it up */
};

struct fact_bmc {
	char *name, *address; /* owned */
	char power[16];       /* Off PoweringOn On PoweringOff */
	enum fact_cause power_by, boot_by;
	int64_t power_at;  /* of the last change */
	int64_t off_until; /* when it was last seen to leave Off */
	int64_t person_at; /* last touched by somebody else than an agent */
	bool media;
	char *media_url; /* owned; masked */
	bool armed;
	char override_[64];
	char on_claim[48]; /* for which an agent switched it on last */
	char *boot_key; /* owned: claim and attempt of the last medium boot */
	int64_t lies_until; /* faults made its replies untrue */
	int64_t login_failed_at;
	char *login_failed_with; /* owned: agent life and Secret version */
	struct fact_session *sessions;
	char *hosts[4]; /* owned: keys of the objects that name this address */
	unsigned redfish_writes, requests;
};

/* The record annotation of a host, as far as it can be read. */
struct fact_record {
	bool present, valid, failed;
	char phase[16], claim[64], power[24], uuid[40], reboot[48];
	char heal[48], heal_at[12]; /* what a remediation asked for */
	int64_t attempt;
	int64_t on_at; /* seconds; when our own On was intended, 0 = never */
};

struct fact_object {
	const cJSON *tree; /* held; NULL = gone */
	int64_t changed_at, gone_at, created_at;
	unsigned versions;
	/* PhysicalHost: */
	struct fact_bmc *bmc; /* NULL = no such address */
	char *consumer;       /* owned; "ns/name", NULL = unclaimed */
	struct fact_record record;
	/* since when; FACT_NEVER = it is not so */
	int64_t paused_at, maintenance_at, doubt_at, bare_at, unowned_at;
	int64_t retry_at, online_at;
	int64_t unrebooted_at; /* since when AX/reboot is not there */
	int64_t asked_at;      /* the user's annotations that order work */
	int64_t heal_at;       /* the record began to tell of record.heal */
	int64_t intent_at;     /* the record began to tell of record.on_at */
	int64_t user_at;       /* last stored by somebody else than an agent */
	int64_t former_until;  /* what a dead driver asked may be under way */
	char remedy[40];       /* of a Beskar7Remediation: its id */
	/* Cluster, Beskar7Machine: */
	int64_t deleting_at;
};

struct facts {
	int64_t now_us;
	struct map objects;    /* "resource.group/ns/name" -> fact_object */
	struct map bmcs;       /* name -> fact_bmc */
	struct map by_address; /* borrowed values */
	struct map consumers;  /* "ns/b7m" -> host's object key (owned text) */
	unsigned lives[8];     /* of the agents, counted */
	bool alive[8];
	/* What the agents see of the API may be old until then. */
	int64_t blind_until;
	/* An agent was dead, frozen or behind a bad network until then: what it
	 * meant to do may never have left it. */
	int64_t cut_until;
	int64_t secrets_at; /* the last change of any Secret */
	uint64_t changes;
};

void facts_init(struct facts *f);
void facts_fini(struct facts *f);
/* Before anything else is told. */
/* Another address of the same BMC; it may have been another one's before. */
void facts_alias(struct facts *f, const char *address, struct fact_bmc *b);
struct fact_bmc *facts_add_bmc(
    struct facts *f, const char *name, const char *address, const char *power);
/* after is taken (json_drop); NULL: gone. */
struct fact_object *facts_commit(struct facts *f, const char *group,
    const char *resource, const cJSON *before, const cJSON *after,
    bool by_agent);
void facts_bmc_event(struct facts *f, const struct bmc_event *ev);

struct fact_bmc *facts_bmc(const struct facts *f, const char *name);
/* NULL: never seen; ->tree NULL: gone. */
struct fact_object *facts_object(const struct facts *f, const char *group,
    const char *resource, const char *ns, const char *name);
const cJSON *facts_tree(const struct facts *f, const char *group,
    const char *resource, const char *ns, const char *name);
/* The live host of a BMC, the claimed one where there are several. */
struct fact_object *facts_host_of(
    const struct facts *f, const struct fact_bmc *b);
/* The consumer of a host; NULL if there is none or it does not exist. */
struct fact_object *facts_consumer(
    const struct facts *f, const struct fact_object *host);
/* spec.paused of the Cluster of a host's consumer, since when. */
int64_t facts_cluster_paused(
    const struct facts *f, const struct fact_object *host);
/* Status "True", "False", "Unknown" or NULL; *reason may be NULL. */
const char *facts_condition(
    const cJSON *object, const char *type, const char **reason);
const char *facts_annotation(const cJSON *tree, const char *key); /* or NULL */
/* The agent that an address belongs to; -1 = not known. */
int facts_agent_of(const char *from);
void facts_agent_started(struct facts *f, unsigned n);
void facts_agent_ended(struct facts *f, unsigned n);
void facts_blind(struct facts *f, int64_t until_us);
/* until_us INT64_MAX: it begins; else it is over at that time. */
void facts_cut(struct facts *f, int64_t until_us);

#endif
