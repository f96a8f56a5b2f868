/*
 * One simulated BMC with its machine, as the files of this folder see it. At
 * rest it is this struct and a few short strings; everything else (sessions,
 * tasks, an insert that is under way, a medium that is read) exists only
 * while it is needed.
 */
#ifndef B7_SIM_BMC_BMC_H
#define B7_SIM_BMC_BMC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/http.h"
#include "common/loop.h"
#include "common/mem.h"
#include "sim/bmc/account.h"
#include "sim/bmc/fleet.h"
#include "sim/bmc/hardware.h"
#include "sim/bmc/op.h"
#include "sim/bmc/profile.h"
#include "sim/bmc/state.h"

struct bmc_fleet;
struct board;
struct guest;
struct medium;
struct network;
struct media_op;
struct media_oem;
struct media_trusts;
struct session;
struct storage;
struct task;
struct trace_entry;
struct bios;
struct events;
struct firmware;
struct health;
struct history;
struct log;

enum machine_phase {
	M_OFF,
	M_GOING_ON,
	M_POST,
	M_READING, /* firmware reads a medium */
	M_PXE,
	M_LOADING, /* boot loader and kernel; OSBootStarted */
	M_INSTALLING,
	M_OS,       /* an OS runs and listens to ACPI */
	M_STUCK,    /* no boot device, setup, a dead installer */
	M_SHUTTING, /* the OS obeys ACPI */
	M_GOING_OFF
};
const char *machine_phase_name(enum machine_phase p);

#define MACHINE_DEVICES 5
struct machine {
	enum machine_phase phase;
	struct timer timer; /* the one thing that happens next */
	uint8_t post_step;
	bool then_on;     /* going off, but only to come back */
	char *disk_image; /* owned; NULL = nothing on the disk */
	char *running;    /* owned; image id of what boots or runs */
	bool from_disk, installer, reboots, says_running, uefi;
	bool family;                      /* of an image that guest.h reads */
	bool handed_over;                 /* the medium's boot loader runs */
	uint8_t devices[MACHINE_DEVICES]; /* to be tried, by order */
	uint8_t n_devices, device;
	uint8_t medium_slot;   /* where the running medium is */
	struct medium *medium; /* owned while M_READING */
	struct guest *guest;   /* owned; NULL before a family's image */
	uint32_t boots, medium_boots;
	struct board *board; /* owned; NULL: it is virtual, or new */
	bool again; /* board: it comes back when the OS has switched it off */
};

TAILQ_HEAD(session_list, session);
TAILQ_HEAD(task_list, task);
TAILQ_HEAD(trace_list, trace_entry);

struct bmc {
	struct bmc_fleet *fleet; /* borrowed */
	/* Whose service it is part of (sessions, accounts, tasks, events): its
	 * own, unless the fleet is one service; borrowed. */
	struct bmc *front;
	unsigned index;
	unsigned board; /* generation, counts swaps */
	char *name;
	struct http_addr addr;
	const struct bmc_profile *profile; /* borrowed from the fleet */
	struct hardware hw;
	const char *sys_id, *mgr_id, *cha_id; /* borrowed: profile or hw */
	struct account root;                  /* the first; made with the BMC */
	int64_t lockout_after, lockout_s;
	struct bmc_state st;
	struct machine m;
	struct media_op *media[PROFILE_SLOTS]; /* owned; NULL = idle */
	int64_t off_at_us;                     /* last power-off; 0 = never */
	int64_t eject_at_us;                   /* last eject; 0 = never */
	int64_t task_seq;
	int64_t session_timeout_s;
	struct session_list sessions; /* oldest first */
	unsigned n_sessions;
	struct task_list tasks;
	struct media_oem *media_oem;       /* owned; NULL while untouched */
	struct reread *reread;             /* owned; NULL before a medium */
	struct media_trusts *media_trusts; /* owned; NULL before the first */
	struct events *events;     /* owned; NULL until somebody subscribes */
	struct firmware *firmware; /* owned; NULL before the first update */
	struct storage *storage;   /* owned; NULL while all is as it was made */
	struct network *network;   /* owned; NULL while all is as it was made */
	struct bios *bios;         /* owned; NULL while all is as it was made */
	struct health *health;     /* owned; NULL while all is well */
	struct log *log;           /* owned; NULL while nothing happened */
	bool down;                 /* the controller restarts */
	struct timer bmc_timer;
	struct history *history; /* owned; only while reads are stale */
	struct trace_list traces;
	unsigned n_traces;
	struct tls_identity *identity; /* owned; made at the first connection */
	struct secret csr_key;         /* of the last request; PEM */
	unsigned certificates;         /* issued so far */
	uint64_t reads;                /* with restless tags only */
	unsigned n_conns;
	int64_t up_at_us; /* end of the last restart; 0 = none yet */
	uint64_t requests, writes, logins, login_failures;
	uint32_t op_count[OP_N];
};

/* Fills ids, hardware and the first state; b->fleet, index, name, profile and
 * address are set. */
void bmc_init(struct bmc *b);
void bmc_fini(struct bmc *b);
/* A person swaps the board: new identity, empty disk, same address. */
void bmc_swap_board(struct bmc *b);
/* The controller restarts: sessions and tasks end, the machine goes on. */
void bmc_restart(struct bmc *b, const char *who);
void bmc_restart_soon(
    struct bmc *b); /* the answer to who asked goes out first */
/* Before and after every change of b->st: keeps the past for stale reads. */
void bmc_changed(struct bmc *b);
int64_t bmc_now(const struct bmc *b);  /* monotonic */
int64_t bmc_wall(const struct bmc *b); /* UTC */
/* Milliseconds of a profile or of the timing, scaled, as microseconds. */
int64_t bmc_us(const struct bmc *b, int64_t ms);
struct loop *bmc_loop(const struct bmc *b);
/* The slot that boots as a CD and has a medium; -1 = none. */
int bmc_cd_slot(const struct bmc *b);

#endif
