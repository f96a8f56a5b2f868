/*
 * Faults: one mechanism for all of them. A rule says whom it meets (BMC,
 * method, path, operation), how often (count, probability, after, for) and
 * what happens. Rules come as JSON, the same from scenario files and from the
 * control API; README.md lists the members. Everything random is drawn from
 * the fleet's seed by the rule's own stream.
 */
#ifndef B7_SIM_BMC_FAULT_H
#define B7_SIM_BMC_FAULT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/err.h"
#include "common/random.h"
#include "sim/bmc/op.h"

struct bmc;
struct bmc_fleet;
struct tls_identity;

enum fault_action {
	/* on the connection */
	FAULT_REFUSE,
	FAULT_SILENT,
	FAULT_TLS,
	FAULT_NO_CONTINUE,
	FAULT_CERTIFICATE,
	/* on an exchange, before it is done */
	FAULT_LATENCY,
	FAULT_RESET,
	FAULT_HANG,
	FAULT_STATUS,
	FAULT_EXPIRE_SESSION,
	FAULT_REDIRECT,
	FAULT_RATE_LIMIT,
	FAULT_RACE,
	/* on how it is done */
	FAULT_ACCEPTED_NOT_DONE,
	FAULT_STALE_READ,
	/* on its reply */
	FAULT_LOST_REPLY,
	FAULT_NO_REPLY,
	FAULT_GARBAGE,
	FAULT_HTML,
	FAULT_EMPTY_BODY,
	FAULT_TRUNCATE,
	FAULT_BAD_CHUNK,
	FAULT_HUGE_BODY,
	FAULT_ENDLESS_HEADER,
	FAULT_DEEP_JSON,
	FAULT_WRONG_TYPES,
	FAULT_NULLS,
	FAULT_DUPLICATE_KEYS,
	FAULT_TRICKLE,
	FAULT_SET,
	FAULT_REMOVE,
	FAULT_HEADER,
	FAULT_CHANGED_CASE,
	FAULT_CUT_JSON,
	FAULT_BOM,
	FAULT_NUL,
	FAULT_TRAILING_GARBAGE,
	FAULT_MANY_MEMBERS,
	FAULT_CHUNKED,
	FAULT_READ_TO_CLOSE,
	FAULT_HTTP10,
	FAULT_INTERIM,
	FAULT_GZIP,
	FAULT_CLOSE,
	FAULT_NO_CLOSE_NOTIFY,
	/* on the machine */
	FAULT_MEDIA_NEVER_MOUNTS,
	FAULT_MEDIA_DROPS,
	FAULT_POWER_STUCK,
	FAULT_SHUTDOWN_IGNORED,
	FAULT_ONCE_NOT_CONSUMED,
	FAULT_OVERRIDE_IGNORED,
	FAULT_TASK_STUCK,
	FAULT_TASK_FAILS,
	FAULT_CLOCK_1970,
	FAULT_EVENT_LOST,
	FAULT_EVENT_TWICE,
	FAULT_EVENT_LATE,
	FAULT_STREAM_DROP,
	FAULT_N
};
const char *fault_action_name(enum fault_action a); /* "lost-reply" */

enum fault_certificate {
	CERT_EXPIRED,
	CERT_EARLY, /* not valid yet */
	CERT_OTHER_NAME,
	CERT_SELF_SIGNED,
	CERT_SHA1,     /* signed by the CA, but with SHA-1 */
	CERT_RSA_1024, /* so short a key */
	CERT_OLD,      /* self-signed with SHA-1, and so short a key */
	CERT_NEW,      /* another one for each connection */
	CERT_NONE      /* the handshake ends in an alert */
};
enum fault_tls {
	FTLS_STALL, /* silence after its first bytes */
	FTLS_ALERT,
	FTLS_WEAK_CIPHER,
	FTLS_1_0, /* only this version */
	FTLS_1_1,
	FTLS_1_2,
	FTLS_1_3
};
struct http_manner;

struct fault {
	TAILQ_ENTRY(fault) link;
	char *id;                  /* owned, as all strings */
	char *bmc, *path, *method; /* globs; NULL = any */
	int op;                    /* enum bmc_op; -1 = any */
	bool has_count;
	int64_t count;             /* left */
	uint32_t ppm;              /* 1000000 = always */
	int64_t after;             /* matches that are let through first */
	int64_t from_us, until_us; /* monotonic; until 0 = no end */
	enum fault_action action;
	int64_t latency_us, jitter_us, age_us, bytes, rate;
	int status;
	char *body, *url, *message_id;
	int64_t retry_after_s; /* -1 = none */
	/* set, remove, header */
	char *property, *header, *header_value;
	cJSON *value;
	int64_t members;
	int64_t per_minute, window_us, used; /* rate-limit */
	int certificate;                     /* enum fault_certificate */
	int tls;                             /* enum fault_tls */
	bool reused;               /* not the first request of its connection */
	struct tls_identity *made; /* borrowed from the fleet */
	const struct bmc *made_for;
	uint64_t fired;
	struct rng rng;
};
TAILQ_HEAD(fault_list, fault);

struct fault_set {
	struct fault_list list;
	uint64_t seq;
};
struct fault_set *fault_set_new(void);
void fault_set_free(struct fault_set *s);

/* Adds a rule; returns its id (borrowed) or NULL with ERR_SPEC. bmc: glob that
 * the rule is held to on top of its own; NULL = none. */
const char *fault_add(
    struct bmc_fleet *f, const cJSON *rule, const char *bmc, struct err *e);
/* id NULL = all of them; bmc NULL = of any BMC. How many were removed. */
unsigned fault_remove(struct bmc_fleet *f, const char *id, const char *bmc);
cJSON *fault_list_json(const struct bmc_fleet *f, const char *bmc);

/* What fires for one exchange: latencies add up, the first other one counts
 * and is given as a copy that the exchange owns. */
struct fault_hits {
	int64_t latency_us;
	struct fault *f; /* owned; NULL = none */
};
struct fault_query {
	const char *method, *path;
	enum bmc_op op;
	bool reused;
};
void fault_on_request(
    struct bmc *b, const struct fault_query *q, struct fault_hits *out);
void fault_free(struct fault *f); /* NULL is fine */
bool fault_on_connect(struct bmc *b);
/* What a connection is like below HTTP: the profile's, then the rules'. */
void fault_on_accepted(struct bmc *b, struct http_manner *m);
/* The rule that says which certificate is shown; NULL = the BMC's own. */
struct fault *fault_on_handshake(struct bmc *b);
/* How late the event is that happens now; 0 = in time. */
int64_t fault_late_us(struct bmc *b);
bool fault_on_machine(struct bmc *b, enum fault_action a);
/* JSON to rule and back (fault_json.c). */
struct fault *fault_parse(const cJSON *rule, struct err *e);
cJSON *fault_print(const struct fault *f);
/* Is any rule of this kind alive for the BMC? (for keeping history) */
bool fault_armed(const struct bmc *b, enum fault_action a);

#endif
