/*
 * The Redfish client of one BMC: asynchronous, one operation in flight, one
 * HTTP request in flight, one session for its whole life.
 *
 * Operations are level-triggered: each first looks (unless what it needs was
 * read within the last two seconds), does nothing when the BMC is already as
 * wanted (reply.already), else walks a ladder of known ways until one of them
 * is seen to have worked by reading back. The way that worked is remembered
 * per BMC, in memory; none needs to know the vendor.
 *
 * Only discovered links are followed. Credentials go to the origin of the
 * address and nowhere else, and only once TLS trust is settled.
 *
 * Times are in microseconds of loop_mono_us unless a name says otherwise. No
 * header of a library is included here: control code sees values only.
 *
 * Sources: DSP0266. "Rule N" in comments: RULES.md of
 * this folder.
 */
#ifndef B7_AGENT_REDFISH_H
#define B7_AGENT_REDFISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/env.h"
#include "common/err.h"
#include "common/http.h"
#include "common/mem.h"
#include "common/tls.h"

struct redfish;

/* ---- making one ---------------------------------------------------------- */

struct redfish_tls {
	struct tls_policy policy;
	/* The certificate is not known yet (trust on first use): only
	 * redfish_identify runs, all else ends with RF_CAUSE_TLS. */
	bool first_use;
};

struct redfish_credentials {
	const char *username;
	const struct secret *password; /* copied; zeroed when replaced */
	/* Names this pair, e.g. the Secret's resourceVersion: a changed version
	 * lifts the login hold. */
	const char *version;
};

struct redfish_opts {
	const char *key;     /* "ns/name": logs and the seed of the jitter */
	const char *address; /* "https://10.0.0.5:8443[/path]" */
	const char
	    *system_id; /* Id, URI, UUID or serial; NULL = the only one */
	struct redfish_tls tls;
	struct redfish_credentials credentials; /* username NULL: none yet */
	/* 0 = the default in brackets */
	unsigned max_requests;  /* [96] of one operation */
	int64_t deadline_us;    /* [300 s] no request starts later than this */
	int64_t fresh_us;       /* [2 s] a read so young is not repeated */
	int64_t hold_us;        /* [10 min] between two failed logins */
	unsigned hold_tries;    /* [3] of one credentials.version */
	int64_t silence_max_us; /* [5 min] longest pause of an open circuit */
	/* [REDFISH_WRITE_MAX_US] no answer to a write is waited for longer */
	int64_t write_max_us;
	size_t body_max; /* [4 MiB] */
	/* Asked before every request that changes something (sessions apart),
	 * and again when it really leaves; false with *e: it does not, and the
	 * operation ends. NULL = always. */
	bool (*may_write)(void *arg, struct err *e);
	void *may_write_arg;
};

/* What a BMC was asked by a client that is no more is done by then, or never will
 * be. */
#define REDFISH_WRITE_MAX_US (180 * 1000000LL)

/* Copies all of o but tls.policy.trust and .identity (borrowed, as env is).
 * ERR_SPEC for a bad address. */
struct redfish *redfish_new(
    const struct env *env, const struct redfish_opts *o, struct err *e);
/* Silent, no I/O: a session stays on the BMC until it expires there. */
void redfish_free(struct redfish *rf);
/* Both may be called at any time; an operation in flight goes on with what it
 * has. The old session is deleted before the new pair logs in. */
void redfish_set_credentials(
    struct redfish *rf, const struct redfish_credentials *c);
void redfish_set_tls(struct redfish *rf, const struct redfish_tls *t);

/* ---- what is known -------------------------------------------------------- */

/* Reset, Unknown and null are UNKNOWN: a state to wait out. */
enum redfish_power {
	RF_POWER_UNKNOWN,
	RF_POWER_ON,
	RF_POWER_OFF,
	RF_POWER_POWERING_ON,
	RF_POWER_POWERING_OFF,
	RF_POWER_PAUSED
};
enum redfish_override {
	RF_OVERRIDE_UNKNOWN,
	RF_OVERRIDE_DISABLED,
	RF_OVERRIDE_ONCE,
	RF_OVERRIDE_CONTINUOUS
};
enum redfish_boot_mode {
	RF_MODE_UNKNOWN,
	RF_MODE_UEFI,
	RF_MODE_LEGACY
};
/* In the order of a boot. ABSENT: the BMC does not tell. */
enum redfish_progress {
	RF_PROGRESS_ABSENT,
	RF_PROGRESS_NONE,
	RF_PROGRESS_PROCESSORS,
	RF_PROGRESS_BUS,
	RF_PROGRESS_MEMORY,
	RF_PROGRESS_PCI,
	RF_PROGRESS_HARDWARE_COMPLETE,
	RF_PROGRESS_SETUP_ENTERED,
	RF_PROGRESS_OS_BOOT_STARTED,
	RF_PROGRESS_OS_RUNNING,
	RF_PROGRESS_OEM
};
enum redfish_tristate {
	RF_UNSAID,
	RF_NO,
	RF_YES
};
#define RF_CAUSES_MAX 8
#define RF_ADDRESSES_MAX 16
enum redfish_health {
	RF_HEALTH_UNKNOWN,
	RF_HEALTH_OK,
	RF_HEALTH_WARNING,
	RF_HEALTH_CRITICAL
};
const char *redfish_power_name(enum redfish_power p); /* "PoweringOn" */
const char *redfish_override_name(enum redfish_override o);
const char *redfish_boot_mode_name(enum redfish_boot_mode m);
const char *redfish_progress_name(enum redfish_progress p);
const char *redfish_health_name(enum redfish_health h);

struct redfish_boot {
	enum redfish_override enabled;
	enum redfish_boot_mode mode;
	char *target;   /* owned; as the BMC writes it; NULL: not shown */
	bool supported; /* there is a Boot with an override at all */
	bool armed;     /* the next boot leaves the usual order */
	bool cd;        /* armed, and at the virtual CD */
	/* Armed in the System and Disabled in the settings object, and which
	 * of them the next boot goes by is not known. */
	bool disputed;
	/* Seen on this BMC: the System refuses Boot, its settings object has
	 * it. What that object says is what the next boot goes by. */
	bool in_settings;
};

/* Kinds of URL a slot says that it takes; 0 = it does not say. */
#define RF_SCHEME_HTTP 1U
#define RF_SCHEME_HTTPS 2U
#define RF_SCHEME_NFS 4U
#define RF_SCHEME_CIFS 8U

struct redfish_slot {
	char *uri;   /* owned; names the slot in calls */
	char *id;    /* owned */
	char *image; /* owned; NULL: none shown (may be stale when empty) */
	char *image_name;    /* owned */
	char *connected_via; /* owned */
	unsigned schemes;
	bool cd;       /* takes CD or DVD images */
	bool usable;   /* cd, and we know a way to insert */
	bool inserted; /* something is in it, by all that it says */
};

struct redfish_state {
	unsigned parts; /* RF_READ_* bits that were read so far */
	/* read or confirmed; 0 = not since something was written there */
	int64_t system_at_us, boot_at_us, media_at_us;
	char *uuid, *serial, *manufacturer, *model, *sku; /* owned or NULL */
	char *bios_version;
	char *system_name; /* its HostName as it stands: may be the BMC's */
	/* Of RF_READ_NETWORK: the system's own name, lower case, or NULL; and
	 * the addresses of its NICs, sorted, the first NULL ends the list. */
	char *host_name, *addresses[RF_ADDRESSES_MAX];
	char *last_reset_time; /* text: clocks of BMCs are not to be trusted */
	enum redfish_power power;
	enum redfish_progress progress;
	char *progress_oem, *progress_time; /* owned or NULL */
	struct redfish_boot boot;
	enum redfish_health health;
	char *health_causes[4]; /* owned; the first NULL ends the list */
	/* Of RF_READ_HEALTH, likewise; forgotten when all is well. */
	char *health_parts[RF_CAUSES_MAX];
	unsigned processors, cores;
	char *processor_model;
	uint64_t memory_mib;
	enum redfish_tristate tpm;  /* by the system itself */
	struct redfish_slot *slots; /* owned; in order of preference */
	size_t n_slots;
	/* Why there is no usable slot or no reset action, in words; or NULL. */
	char *media_missing, *reset_missing;
};

struct redfish_nic {
	char *id, *mac;     /* owned; mac lower case with colons, never NULL */
	char *link;         /* "LinkUp" or NULL */
	int64_t speed_mbps; /* 0 = unknown */
};
struct redfish_drive {
	char *id, *model, *serial, *media, *protocol; /* owned or NULL */
	int64_t bytes;
};
struct redfish_inventory {
	struct redfish_nic *nics;
	size_t n_nics;
	struct redfish_drive *drives;
	size_t n_drives;
	/* Summed up, for where the system's own summary is missing. */
	unsigned processors, cores;
	uint64_t memory_mib;
	char *processor_model; /* owned or NULL, as all below */
	char *architecture;    /* "x86-64", "ARM" or NULL */
	char *bmc_firmware, *bmc_model, *redfish_version, *vendor, *product;
	enum redfish_tristate secure_boot, tpm;
	bool truncated; /* a cap was hit */
};

/* The image of that URL is in it: the same URL, or the same file name where a
 * BMC shows no more than that. */
bool redfish_slot_holds(const struct redfish_slot *s, const char *url);

/* Borrowed until the next operation starts. */
const struct redfish_state *redfish_state(const struct redfish *rf);
bool redfish_discovered(const struct redfish *rf);
/* state.boot.in_settings as an earlier client of the same BMC saw it. */
void redfish_boot_in_settings(struct redfish *rf);
/* Words for hardwareDetails.quirks: "boot:settings,insert:transfer-protocol";
 * empty as long as the plain ways work. */
void redfish_quirks(const struct redfish *rf, struct buf *out);

/* ---- operations ----------------------------------------------------------- */

/* What a failure means to who must act. */
enum redfish_cause {
	RF_CAUSE_NONE,
	RF_CAUSE_UNREACHABLE,
	RF_CAUSE_TIMEOUT,
	RF_CAUSE_TLS,
	RF_CAUSE_CERTIFICATE_CHANGED, /* another key than the pinned one */
	RF_CAUSE_AUTH,                /* refused, or a login hold is on */
	RF_CAUSE_PASSWORD_CHANGE,
	RF_CAUSE_BUSY,    /* 503, 429, POST running: retry_after_us */
	RF_CAUSE_CIRCUIT, /* not tried: the breaker is open */
	RF_CAUSE_REFUSED, /* the BMC said no, in its words */
	RF_CAUSE_LICENCE,
	RF_CAUSE_UNSUPPORTED, /* no such resource, or every known way failed */
	RF_CAUSE_URL,         /* the slot refuses this URL or its scheme */
	RF_CAUSE_MODE,        /* the boot mode asked for is refused */
	RF_CAUSE_SILENT,      /* accepted, but reading back shows otherwise */
	RF_CAUSE_OCCUPIED,    /* other media are in all usable slots */
	RF_CAUSE_CONFLICT,
	RF_CAUSE_PROTOCOL, /* garbage, oversize, redirect to another host */
	RF_CAUSE_SPEC,     /* systemID names nothing, or several systems */
	RF_CAUSE_INTERNAL
};
const char *redfish_cause_name(enum redfish_cause c); /* "auth" */

struct redfish_reply {
	struct err err; /* ERR_NONE: done */
	enum redfish_cause cause;
	/* A write left us and its outcome is unknown: read, do not repeat. */
	bool maybe_executed;
	bool already;       /* nothing was written: it was so */
	enum http_err http; /* of the last request */
	enum http_phase phase;
	int http_status;
	const struct tls_peer *tls; /* last handshake, or NULL */
	int64_t retry_after_us;     /* 0 = the BMC (or hold) does not say */
	char message_id[64];        /* last part of its MessageId, or "" */
	unsigned requests;          /* HTTP requests spent */
	const struct redfish_state *state;
	/* Only of RF_READ_INVENTORY, only during the call; else NULL. */
	const struct redfish_inventory *inventory;
};
/* Called exactly once, from the loop, unless cancelled or freed. The client
 * is idle then: it may be freed, or start the next operation. */
typedef void redfish_done_fn(void *arg, const struct redfish_reply *r);

/* Starting while busy is a programming error (asserted). */
bool redfish_busy(const struct redfish *rf);
/* Silent. What was under way may have been done by the BMC; a login that was
 * leaves a session there until it expires. */
void redfish_cancel(struct redfish *rf);

/* The service root, without credentials: settles reachability and trust. A
 * root that wants a login counts as success. */
void redfish_identify(struct redfish *rf, redfish_done_fn *done, void *arg);
/* Login, then root to media slots, from scratch. Others do it when needed. */
void redfish_discover(struct redfish *rf, redfish_done_fn *done, void *arg);

#define RF_READ_SYSTEM 1U /* power, identity, boot, progress, health */
/* SYSTEM (unless it was read just now, and is not asked for by itself), and the
 * settings object where Boot lives there: without it what is armed in such an
 * object is as of the last time. */
#define RF_READ_BOOT 2U
#define RF_READ_MEDIA 4U
#define RF_READ_INVENTORY 8U
/* Which parts are not well, into state.health_parts; nothing when the system
 * is. Some 20 requests: for when the health has changed. */
#define RF_READ_HEALTH 16U
/* BOOT, but the settings object once a minute while the System shows nothing
 * new: for watching a boot, where each look would cost two requests. */
#define RF_READ_BOOT_PACED 32U
/* What the system is called and reached by, if an agent in it tells the BMC:
 * one request a NIC and three. Not of a part that cannot be read. */
#define RF_READ_NETWORK 64U
void redfish_read(
    struct redfish *rf, unsigned parts, redfish_done_fn *done, void *arg);

enum redfish_reset {
	RF_RESET_ON,
	RF_RESET_FORCE_OFF,
	RF_RESET_GRACEFUL_OFF,
	RF_RESET_FORCE_RESTART, /* or PowerCycle, or off, wait, on */
	RF_RESET_GRACEFUL_RESTART
};
const char *redfish_reset_name(enum redfish_reset r); /* "ForceOff" */
/* Success: the BMC accepted it (state.power is one read later, and may still
 * be changing). Never sent twice unless the BMC said that it did nothing. */
void redfish_reset(
    struct redfish *rf, enum redfish_reset r, redfish_done_fn *done, void *arg);

/* One boot from the virtual CD. RF_MODE_UNKNOWN leaves the mode as it is; a
 * given mode is read back or it is RF_CAUSE_MODE. Continuous only where the
 * BMC refuses Once: see state.boot.enabled. */
void redfish_set_boot_once_cd(struct redfish *rf, enum redfish_boot_mode mode,
    redfish_done_fn *done, void *arg);
void redfish_clear_boot(struct redfish *rf, redfish_done_fn *done, void *arg);

/* slot: a uri of state.slots, NULL = the first usable empty one. Never ejects
 * anything: other media in every slot is RF_CAUSE_OCCUPIED. */
void redfish_insert(struct redfish *rf, const char *slot, const char *url,
    redfish_done_fn *done, void *arg);
/* slot NULL = every CD slot with something in it. */
void redfish_eject(
    struct redfish *rf, const char *slot, redfish_done_fn *done, void *arg);

/* DELETE of the session, if there is one. Always ends within 10 s. */
void redfish_close(struct redfish *rf, redfish_done_fn *done, void *arg);

/* ---- breaker, hold, debugging --------------------------------------------- */

enum redfish_circuit {
	RF_CIRCUIT_CLOSED,
	RF_CIRCUIT_OPEN,
	RF_CIRCUIT_HALF_OPEN
};
struct redfish_circuit_info {
	enum redfish_circuit state;
	unsigned failures;   /* in a row */
	int64_t next_try_us; /* 0 unless open */
};
struct redfish_circuit_info redfish_circuit(const struct redfish *rf);
/* The user asked for a retry: closes the breaker. The login hold stays. */
void redfish_retry_now(struct redfish *rf);
/* When the next login may be tried: 0 now, -1 not before new credentials. */
int64_t redfish_login_hold(const struct redfish *rf);
/* Logins with these credentials that were refused in a row; and those that an
 * earlier client was refused, the last of them so long ago. */
unsigned redfish_login_refusals(const struct redfish *rf);
void redfish_login_refused(
    struct redfish *rf, unsigned refused, int64_t ago_us, bool password_change);

struct redfish_stats {
	uint64_t requests, gets, not_modified, patches, posts, deletes;
	uint64_t logins, logouts, retries;
};
const struct redfish_stats *redfish_stats(const struct redfish *rf);
bool redfish_has_session(const struct redfish *rf);
/* The last exchanges, oldest first, one a line; no bodies, no secrets. */
void redfish_dump(const struct redfish *rf, struct buf *out);

#endif
