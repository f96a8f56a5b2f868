/*
 * The host's record (SAFETY.md 1): what cannot be read back from hardware, as
 * JSON of at most 1 KiB in the annotation AX/host-record. Written by the host
 * controller alone, under resourceVersion, before what it announces is done.
 * Times are UTC seconds; 0 = not yet.
 */
#ifndef B7_CONTROL_RECORD_H
#define B7_CONTROL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define RECORD_MAX 1024
#define RECORD_MACS 4

#define HEAL_CYCLE "PowerCycle"
#define HEAL_OFF "PowerOff"
#define HEAL_AT_GRACEFUL "graceful" /* asked the OS to shut down */
#define HEAL_AT_OFF "off"           /* forcing it off */
#define HEAL_AT_ON "on"             /* was off; switching it on */
#define HEAL_AT_DONE "done"

enum phase {
	PHASE_IDLE,         /* nobody's: enrolled, or given back clean */
	PHASE_PROVISIONING, /* an attempt runs, or waits for evidence */
	PHASE_PROVISIONED,
	PHASE_RELEASING,
	PHASE_ERROR /* a budget is spent; only AX/retry leaves it */
};
const char *phase_name(enum phase p);

/* What identifies a board (SAFETY.md 4). Empty where it has none. */
struct identity {
	char uuid[40];   /* lower case; "" when a placeholder */
	char serial[64]; /* "" when a placeholder */
	char macs[RECORD_MACS][18];
	size_t n_macs;
};

struct record {
	struct identity id;
	char pin[65];      /* trust on first use: SPKI SHA-256, hex */
	char claim_id[64]; /* of the consumer that we serve or served last */
	enum phase phase;
	bool failed; /* the release ends in Error, not in Available */
	/* The next boot goes by the settings object, whatever the System shows
	 * (redfish_boot.in_settings): of the board, kept as the identity is. */
	bool boot_in_settings;
	int attempt; /* 1-based */
	/* Facts of this attempt, each written before its action: */
	int64_t armed_s;     /* about to arm the boot override */
	int64_t on_s;        /* about to power on, to boot the medium */
	int64_t installed_s; /* the installer ended; the medium may go */
	int64_t ejected_s;   /* a live image is up; its medium goes */
	int64_t data_gone_s; /* the medium with the data alone is to go */
	int64_t on2_s;       /* about to power on, to boot what it installed */
	int64_t deadline_s;  /* evidence is due */
	/* boot progress read just before the power-on, or before the last
	 * restart that AX/reboot asked for; "" = the BMC does not tell */
	char mark[72];
	/* The last power action that we asked for, by its ResetType. */
	char power[24];
	int64_t power_s;
	/* Of this attempt: how the data goes to the machine, and a hash of all
	 * that goes in (boot_media.h); "" = the image was given as it is. */
	char data[48];
	char reboot[16];     /* value of AX/reboot that power answers to */
	int64_t reboot_by_s; /* when a soft restart is to become a hard one */
	/* The power cycle (or power-off) that was asked for: host_heal_plan.c.
	 * at: one of HEAL_AT_*, "" = none was. */
	char heal[48];    /* id of the ask */
	char heal_do[12]; /* HEAL_CYCLE or HEAL_OFF */
	char heal_at[12];
	int64_t heal_s;   /* since when it is there */
	int64_t fenced_s; /* for this ask, the BMC confirmed Off */
	/* "2:1a2b3c4d": so many logins in a row were refused, with what has
	 * that hash (Secret's version and address); and when the last was. No
	 * account is to be locked by agents that come and go. */
	char refused[16];
	int64_t refused_s;
};

/* ERR_SPEC if text is no record, or breaks a bound; *r is zeroed then. */
bool record_parse(struct record *r, const char *text, struct err *e);
/* At most RECORD_MAX bytes; owned by the caller. */
char *record_print(const struct record *r);
/* Forgets claim and attempt; identity, pin and what is known of the board
 * stay. */
void record_clear_claim(struct record *r);
/* Forgets the facts of one attempt, and what was asked of its result. */
void record_clear_attempt(struct record *r);
void record_clear_heal(struct record *r);
void record_clear_reboot(struct record *r);
/* A power cycle or power-off that was begun is not done yet. */
bool record_healing(const struct record *r);
/* What was asked of the server last may not have come to its end: a boot, a
 * release, a power cycle, or a power action of this hour; wall_s may be wrong by
 * minutes. */
bool record_open(const struct record *r, int64_t wall_s);
bool record_equal(const struct record *a, const struct record *b);

/* Do these name the same board? UUIDs decide where both have one, then
 * serials, then MACs; two empty identities are not the same. */
bool identity_same(const struct identity *a, const struct identity *b);
bool identity_empty(const struct identity *a);

#endif
