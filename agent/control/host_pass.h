/*
 * One pass over one host: what it has read, what it asked for, what it will
 * report. Steps (host_*.c) see this and the act_* functions below; they include
 * no header of a library.
 *
 * Every act says V_WAIT while its request is under way; the pass is then run
 * again from its top. An act on hardware runs at most once a pass; where the
 * truth still is not so afterwards, the act says V_POLL.
 */
#ifndef B7_CONTROL_HOST_PASS_H
#define B7_CONTROL_HOST_PASS_H

#include "agent/control/boot_media.h"
#include "agent/control/host.h"
#include "agent/control/host_stream.h"
#include "agent/control/internal.h"
#include "agent/control/plan.h"
#include "agent/control/report.h"
#include "agent/redfish/follow.h"
#include "agent/redfish/redfish.h"
#include "common/loop.h"
#include "common/retry.h"

/* What the consumerRef, the record and the consumer itself add up to. */
enum claim {
	CLAIM_NONE,
	CLAIM_NEW,    /* valid, and the record does not serve it yet */
	CLAIM_HELD,   /* the record serves it */
	CLAIM_ENDING, /* its consumer is being deleted */
	CLAIM_LOST    /* SAFETY.md 2: no hardware action */
};

enum act {
	ACT_IDENTIFY,
	ACT_READ,
	ACT_INVENTORY,
	ACT_RESET,
	ACT_ARM,
	ACT_CLEAR,
	ACT_INSERT,
	ACT_CONFIG, /* insert, into a second drive */
	ACT_EJECT,
	ACT_SECRET,
	ACT_CA,
	ACT_HOLD, /* the finalizer on the BMC Secret */
	ACT_WRITE,
	ACT_FOLLOW,
	N_ACTS
};
enum host_act_state {
	ACT_IDLE,
	ACT_PENDING,
	ACT_OK,
	ACT_FAILED
};

/* Facts of this life of the agent that only save work or waiting: losing them
 * in a crash is safe. */
struct host_memory {
	uint64_t life; /* which phase of which attempt these are facts of */
	int inserted_attempt;  /* we put our medium in, in this attempt */
	int announced_attempt; /* arming was announced in this life */
	int armed_attempt;     /* and tried */
	int refused_attempt;   /* and ended with a clear no: not armed */
	bool lit;              /* we sent this attempt's power-on */
	bool seen_on, seen_early, seen_loading;
	bool seen_post, seen_os; /* progress of this attempt's boot */
	bool untold;             /* on, and the BMC told no progress */
	bool disarmed;           /* an override that stays was cleared */
	int64_t extended_s;      /* deadline given after a silence */
	int64_t off_since_us;    /* seen off continuously; 0 = not */
	bool silenced; /* the BMC was away for a while since the power-on */
	bool asked_back,
	    asked_late;        /* for the medium, since then and at the end */
	unsigned medium_empty; /* looks in a row that saw no medium of ours */
	bool medium_lost;
	unsigned config_empty; /* likewise, of the second medium */
	bool one_drive;        /* a second one refused its medium */
	int64_t ended_us;      /* the installer's end was seen; 0 = not */
	/* host_order.c: 1 + the reset that this life announced and has yet to
	 * send, 0 = none; bits of those that it sent, and that were refused. */
	unsigned order, order_sent, order_refused;
	int64_t forced_us; /* when the last ForceOff was sent; 0 = not */
	int forced;        /* how often */
	/* Of a restart: since when this life knows of it, whether another one
	 * ordered it, whether the server was seen going down or coming up. */
	int64_t reboot_us;
	bool reboot_inherited, reboot_moved;
	int64_t heal_off_us; /* Off was read */
	int64_t on_us;       /* the last On was sent; 0 = not */
	bool up_ejected;
	bool inspected;
	int64_t silent_since_us;      /* first failed contact; 0 = reachable */
	enum redfish_health searched; /* the causes of this were looked for */
	int64_t searched_us;
	unsigned network_looks; /* for the system's addresses */
	int64_t network_us;     /* the last of them, or since when it is up */
	bool certificate_told;
};

struct host_pass {
	struct host_ctl *ctl;
	struct controllers *c;
	struct host h;
	struct machine m; /* the consumer, if has_machine */
	bool has_machine;
	enum claim claim;
	const char *claim_why;  /* static; of CLAIM_LOST */
	const char *reads_only; /* static: why nothing may be written; NULL */
	struct report rep;
	unsigned fresh; /* RF_READ_* that this pass read */
	enum host_act_state act[N_ACTS];
	int64_t poll_us; /* when to look again after V_POLL or V_STOP */
	unsigned runs, flushes;
	/* Static; where the plan is, and the plan inside it; NULL = nowhere. */
	const char *at, *inner;
	const char *asked;  /* static; of ACT_RESET: which */
	bool fit_to_follow; /* it came as far as host_followed */
	/* Owned: "name@version" in the cache when this pass had the Secret
	 * read; what was read may be younger. NULL: it was not read. */
	char *secret_asked, *ca_asked;
	struct err ca_err; /* why what was read is no CA */
	/* What the media server says, to this run: host_medium.h. */
	struct {
		char *url[2]; /* owned; by enum boot_medium; NULL = none */
		bool asked[2];
		bool looked, watched, has_seen;
		bool trouble; /* MediaReachable says why it fails */
		struct boot_media_answer answer; /* if looked */
		struct boot_media_seen seen;     /* if has_seen */
	} media;
	/* Told once the write under way is stored; reason NULL = nothing. */
	struct {
		const char *reason; /* static */
		bool warning;
		char text[256];
	} told;
	/* The failure that V_FAIL speaks of: */
	struct err err;
	enum redfish_cause cause;
	enum http_err http; /* of the BMC's last failure */
	int64_t retry_after_us;
	bool maybe_executed;
};

struct kube_call;
struct secret_share;

struct host_ctl {
	struct controllers *c;
	char *key; /* owned */
	unsigned shard;
	int64_t rested_us;    /* when its record was last seen at rest */
	char *uid;            /* owned; of the object that mem is about */
	struct redfish *rf;   /* owned; NULL until spec and Secret are known */
	char *rf_address;     /* what it was made for */
	char *secret_version; /* "name@resourceVersion" that it logs in with */
	char *trust_version;  /* what its TLS policy was made from */
	struct tls_trust *ca; /* owned */
	struct secret user, password; /* read, not yet handed to rf */
	bool secret_new;              /* to be handed over */
	const char *secret_bad; /* static: why it is no login; NULL = it is */
	bool trust_settled;
	bool tls_unverified;    /* the certificate has problems we forgave */
	char seen_pin[65];      /* of the last handshake */
	unsigned cert_rsa_bits; /* of its key; 0 = no RSA key */
	int64_t cert_from_s, cert_to_s; /* its validity, UTC; 0 = not seen */
	struct host_memory mem;
	struct host_stream stream;
	struct diary *diary;    /* owned; what was decided: host_diary.c */
	char *details;          /* hardwareDetails to be written */
	bool details_sent;      /* they are in the patch under way */
	struct host_pass *pass; /* owned; NULL between passes */
	bool active;            /* a pass is under way */
	/* A record with this phase may be on its way: it has taken a place of
	 * the fleet's limit already. PHASE_IDLE = none. */
	enum phase entering;
	enum act pending;       /* what the pass waits for; N_ACTS = nothing */
	struct kube_call *call; /* the object's patch under way */
	struct kube_call *status_call;
	struct backoff status_backoff;
	struct secret_share *share; /* borrowed; what it waits for */
	bool share_other; /* and is to look again, whatever it brings */
	TAILQ_ENTRY(host_ctl) share_entry;
	struct timer flush; /* shows progress of long passes */
	struct backoff backoff;
	char *origin; /* owned; of the BMC: host_origin.c */
	bool wants_origin;
	bool has_slot, wants_slot;
	TAILQ_ENTRY(host_ctl) slot_entry;
	struct rng rng;
	struct identity seen; /* of the last inventory: MACs */
	bool again;           /* run once the status patch ended */
	bool settling;        /* once the status patch ended, as follows */
	enum verdict settle_verdict;
	const char *settle_at; /* static */
	bool closing, closed;
};

/* ---- acts (host_act.c) ---------------------------------------------------- */

enum verdict host_act_identify(struct host_pass *p);
/* V_NEXT once all of the RF_READ_* bits were read in this pass. */
enum verdict host_act_read(struct host_pass *p, unsigned parts);
enum verdict host_act_inventory(struct host_pass *p);
enum verdict host_act_reset(struct host_pass *p, enum redfish_reset r);
enum verdict host_act_arm(struct host_pass *p, enum redfish_boot_mode mode);
enum verdict host_act_clear(struct host_pass *p);
enum verdict host_act_insert(struct host_pass *p, const char *url);
/* The second medium, while the first one is in. */
enum verdict host_act_config(struct host_pass *p, const char *url);
/* slot NULL = all of them. */
enum verdict host_act_eject(struct host_pass *p, const char *slot);
/* V_NEXT once it was tried, whatever came of it. */
enum verdict host_act_follow(struct host_pass *p, redfish_news_fn *news);
const struct redfish_state *pass_state(const struct host_pass *p);
int64_t pass_wall_s(const struct host_pass *p);
int64_t pass_now_us(const struct host_pass *p);
/* V_POLL after this long. */
enum verdict pass_poll(struct host_pass *p, int64_t us);
/* V_POLL of a host at rest: seldom where the BMC tells what happens. */
enum verdict pass_rest(struct host_pass *p);
enum verdict pass_fail(struct host_pass *p, enum err_kind k, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* ---- writes (host_write.c) ------------------------------------------------ */

/* One patch of metadata and spec under resourceVersion. */
struct host_change {
	const struct record *record; /* NULL = as it is */
	bool add_finalizer, drop_finalizer;
	bool drop_claim; /* consumerRef, bootIsoSource, userDataSecretRef */
	const char *drop_annotation;
	/* Emitted once the patch is stored; event_reason NULL = none. */
	const char *event_reason;
	bool event_warning;
	char event_text[256];
};
/* SAFETY.md 11: hosts in that phase, and those about to enter it, are fewer
 * than the limit. */
bool host_phase_free(const struct host_pass *p, enum phase phase);
/* The watch is past what we wrote of the host last; with one shard nobody else
 * writes what matters, and it is always so. */
bool host_watched(const struct host_pass *p);
/* host_act_record() of a phase that the fleet's limit counts. */
enum verdict host_act_enter(struct host_pass *p, const struct record *r);
/* The status says state and reason of what the pass is about to do; false: it
 * is being written, and the pass waits. */
bool host_shown(struct host_pass *p);
enum verdict host_act_write(struct host_pass *p, const struct host_change *ch);
/* The same with the record alone; V_NEXT if it is stored already. */
enum verdict host_act_record(struct host_pass *p, const struct record *r);
enum verdict host_act_hold_secret(
    struct host_pass *p); /* our finalizer on it */
enum verdict host_act_free_secret(struct host_pass *p);
enum verdict host_act_read_secret(struct host_pass *p);
enum verdict host_act_read_ca(struct host_pass *p);
/* An act that asked the API server has ended; the pass runs again. */
void host_write_end(
    struct host_ctl *ctl, const struct err *e, int64_t retry_after_us);
/* Sends the status patch if there is anything to say. */
void host_write_status(struct host_ctl *ctl);
void host_event(struct host_pass *p, bool warning, const char *reason,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* host_secret.c: V_NEXT once rf exists and logs in with the Secret's present
 * version, under the trust that the spec asks for. */
enum verdict host_credentialed(void *arg);
/* SHA-256 as 64 hex digits, with or without colons. */
bool host_fingerprint(const char *text, uint8_t out[32]);
enum verdict host_trusted(void *arg);
/* host_trust.c: dates of the BMC's certificate, as metric and in words ("" when
 * there is nothing to say), with one Event. */
void host_certificate_note(struct host_ctl *ctl, const struct tls_peer *tls);
void host_certificate_forget(struct host_ctl *ctl);
bool host_certificate_words(const struct host_pass *p, char *out, size_t cap);
void host_certificate_told(struct host_pass *p, const char *words);
/* What a user may do about a BMC that is not trusted; "" = nothing special. */
const char *host_trust_hint(const struct host_pass *p);
/* After a contact that ended with v: what of refused logins the next life has
 * to know goes into the record, then v. */
enum verdict host_login_noted(struct host_pass *p, enum verdict v);
void host_login_restored(struct host_pass *p);
/* A reference to the trust in the CAs of pem, parsed once for all hosts. */
struct tls_trust *host_trust_of(
    struct controllers *c, const char *pem, size_t n, struct err *e);

/* ---- for people who ask why (host_diary.c) ---------------------------------- */

const char *act_name(enum act a); /* "insert the medium" */
void host_diary_settled(struct host_ctl *ctl, enum verdict v, const char *at);
/* A request has ended; e->kind ERR_NONE = well. */
void host_diary_asked(struct host_ctl *ctl, enum act a, const struct err *e);

/* ---- one request in flight per BMC (host_origin.c) ------------------------- */

void host_origin_set(struct host_ctl *ctl, const char *address);
/* false: another host of the same BMC talks to it; the key runs when it is
 * done. Held until given. */
bool host_origin_take(struct host_ctl *ctl);
void host_origin_give(struct host_ctl *ctl);

/* ---- the plans, one file each ------------------------------------------------ */

extern const struct step host_plan[]; /* host_plan.c: the whole */
/* host_identity_plan.c */
enum verdict host_connected(void *arg);
enum verdict host_inspected(void *arg);
enum verdict host_identified(void *arg);
/* host_medium.c: what the media server said is of one run. */
void host_medium_forget(struct host_pass *p);
/* host_claim_plan.c */
enum verdict host_claim_read(void *arg);
enum verdict host_force_released(void *arg);
/* What runs on the host is what its new consumer stands for: the user says so
 * at both of them. Nothing is written to the BMC. */
bool host_adopting(const struct host_pass *p);
enum verdict host_adopted(struct host_pass *p);
/* host_idle_plan.c */
enum verdict host_idle(struct host_pass *p);
enum verdict host_quarantine(struct host_pass *p);
/* host_boot_plan.c */
/* Facts of another phase or attempt are forgotten. */
void host_memory_renew(struct host_pass *p);
void boot_say(struct host_pass *p, const char *reason, const char *message,
    const char *waiting);
/* The same, with the power state behind it. */
void boot_say_power(struct host_pass *p, const char *reason,
    const char *message, const char *waiting);
enum verdict host_provision(struct host_pass *p);
/* The attempt is over: another one, or the budget is spent. */
enum verdict host_attempt_failed(struct host_pass *p, const char *why);
/* host_evidence_plan.c */
enum verdict host_first_boot(struct host_pass *p);
enum verdict host_second_boot(struct host_pass *p);
/* host_asks_plan.c */
enum verdict host_asks_answered(void *arg);
/* host_up_plan.c */
enum verdict host_up(struct host_pass *p);
/* host_reboot_plan.c: AX/reboot. V_NEXT: nothing of it is under way. */
enum verdict host_rebooted(struct host_pass *p);
enum verdict host_networked(struct host_pass *p); /* host_network.c */
void host_network_forget(struct host_ctl *ctl);
/* host_heal_plan.c: what a Beskar7Remediation asks for. */
enum verdict host_healed(struct host_pass *p);
/* host_order.c: orders that are sent once. r says that the reset is about to be
 * ordered; it has to be written then. */
void host_order_announce(
    struct host_pass *p, struct record *r, enum redfish_reset reset);
/* Sends what this life announced. V_NEXT: nothing (more) is to be sent. V_FAIL:
 * it did not leave; again after the backoff. */
enum verdict host_order_done(struct host_pass *p, enum redfish_reset reset);
bool host_order_refused(const struct host_pass *p, enum redfish_reset reset);
bool host_order_sent(const struct host_pass *p, enum redfish_reset reset);
/* host_off.c */
/* The OS is asked to shut down, once, and given so long; told is written with
 * that. V_POLL: it is waited for. V_NEXT: force is next. */
enum verdict host_asked_off(
    struct host_pass *p, int64_t wait_s, const struct host_change *told);
/* On, not more than once a minute. */
enum verdict host_asked_on(struct host_pass *p);
/* ForceOff, again and again but ever more rarely. */
enum verdict host_forced_off(struct host_pass *p);
bool host_going_on(const struct host_pass *p);
bool host_stuck(const struct host_pass *p);
/* host_release_plan.c */
enum verdict host_release(struct host_pass *p);
/* host_stream.c */
enum verdict host_followed(void *arg);
/* host_delete_plan.c */
enum verdict host_deletion(void *arg);

#endif
