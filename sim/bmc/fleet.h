/*
 * A fleet of simulated BMCs: machines with Redfish services in front of them,
 * all in one process, each at its own address. Everything lives on env->loop
 * and env->net, so that the same fleet runs over TLS or in a virtual world.
 *
 * There are two ways in: Redfish, as a client of real hardware comes, and the
 * control API (sim/bmc/README.md), which is HTTP and, byte for byte the same,
 * the function bmc_fleet_control(). All strings of options are copied.
 */
#ifndef B7_SIM_BMC_FLEET_H
#define B7_SIM_BMC_FLEET_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/tls.h"

struct env;
struct bmc_fleet;
struct board_maker;

/* ---- what happened ------------------------------------------------------ */

enum bmc_event_kind {
	BMC_EV_REQUEST,  /* a reply was given: op method target status who */
	BMC_EV_LOGIN_OK, /* who (session or basic), text = how */
	BMC_EV_LOGIN_FAILED,   /* who */
	BMC_EV_SESSION_OPENED, /* who, text = session id */
	BMC_EV_SESSION_CLOSED, /* text = id and why: logout, expired, evicted */
	BMC_EV_POWER_WRITE,    /* text = ResetType that was accepted, who */
	BMC_EV_POWER_BUTTON,   /* a person at the machine; text = press, hold */
	BMC_EV_POWER_STATE,    /* text = Off, PoweringOn, On, PoweringOff */
	BMC_EV_RESET,          /* the machine restarted; text = why */
	BMC_EV_SHUTDOWN_IGNORED, /* ACPI asked, nobody listens */
	BMC_EV_BOOT_PROGRESS,    /* text = LastState */
	BMC_EV_MEDIA_INSERTED,   /* slot, text = URL without its query */
	BMC_EV_MEDIA_EJECTED,    /* slot */
	BMC_EV_MEDIA_FAILED,     /* slot, text = why it did not mount */
	BMC_EV_BOOT_OVERRIDE,    /* text = "Once Cd UEFI" as set */
	BMC_EV_BOOT_CONSUMED,    /* text = the override that was used up */
	BMC_EV_BOOT_STARTED,     /* text = device: Cd, Hdd, Pxe, ... */
	BMC_EV_BOOT_FAILED,      /* text = device: reason */
	BMC_EV_MEDIUM_READ,      /* bytes so far, text = phase: size, pvd,
	                         * catalog, loader, system, done */
	BMC_EV_INSTALL_STARTED,  /* text = image id */
	BMC_EV_INSTALLED,        /* text = image id now on the disk */
	BMC_EV_OS_UP,            /* text = "disk IMAGE" or "medium IMAGE" */
	BMC_EV_USER_DATA, /* text = Found, Missing or Unreadable, and where, sha256
	                   * or why; before the system is up */
	BMC_EV_BOOTSTRAPPED,     /* text = providerID, or "no kubelet" */
	BMC_EV_BOOTSTRAP_FAILED, /* text = why */
	BMC_EV_REPORTED,         /* 2xx; text = succeeded or failed, status */
	BMC_EV_REPORT_FAILED,    /* status (0 = none), text = why; goes on */
	BMC_EV_BMC_RESTARTED,    /* the controller, not the machine */
	BMC_EV_BOARD_SWAPPED,    /* text = new UUID */
	BMC_EV_CREDENTIALS,      /* password changed by a person */
	BMC_EV_CERTIFICATE,      /* text = new key hash */
	BMC_EV_TASK,             /* text = id state */
	BMC_EV_FAULT /* text = id and action of the rule that fired */
};
const char *bmc_event_name(enum bmc_event_kind k); /* "medium-read" */

struct bmc_event {
	uint64_t seq;  /* 1, 2, ... in the fleet */
	int64_t at_us; /* loop_mono_us */
	enum bmc_event_kind kind;
	const char *bmc; /* name; borrowed, as all below */
	unsigned index;
	const char *op;     /* operation name of requests; "" otherwise */
	const char *method; /* "" where it does not apply, as all strings */
	const char *target; /* query values masked */
	const char *who;    /* user name, "anonymous", "machine", "operator" */
	const char *slot;
	const char *text;
	const char *from; /* address of the client */
	int status;
	int64_t bytes;
	uint32_t boot; /* how often this machine was started so far */
};

/* ---- options ------------------------------------------------------------ */

/* Milliseconds at time_scale 1000; 0 = the default in brackets; -1 = none. A
 * profile may override what its hardware is known for. */
struct bmc_timing {
	int64_t power_on_ms;  /* [2000] Off to On */
	int64_t power_off_ms; /* [2000] On to Off */
	int64_t shutdown_ms;  /* [8000] an OS obeys ACPI */
	int64_t post_ms;      /* [20000] On to the choice of the boot device */
	int64_t os_boot_ms;   /* [15000] boot loader to OSRunning */
	int64_t install_ms;   /* [30000] an installer at work */
	int64_t insert_ms;    /* [500] until Inserted shows true */
	int64_t eject_ms;     /* [300] */
	int64_t bmc_restart_ms; /* [60000] the controller is away */
	int64_t pxe_ms;         /* [5000] until PXE gives up */
	/* 1000 = as above, 100 = ten times as fast, also sessions' and tasks'
	 * times of the profiles. 0 = 1000. */
	unsigned time_scale;
};

struct bmc_override {    /* of one BMC; unset strings NULL */
	const char *bmc; /* name */
	const char *profile;
	const char *username, *password;
	const char *serial, *uuid; /* e.g. placeholders, or a twin's */
	const char *arch;          /* "x86_64", "aarch64" */
	bool powered_on;           /* runs an OS from its disk at the start */
	const char *disk_image;    /* what the disk holds at the start */
};

struct bmc_fleet_opts {
	unsigned count;          /* 0 = 1 */
	const char *name_prefix; /* NULL = "bmc-": "bmc-000", "bmc-001", ... */
	/* With prefix: BMC i has the i-th address from addr, all on one port.
	 * Without: all have addr, on ports port, port + 1, ... */
	const char *addr; /* NULL = "127.0.0.1" */
	/* One address and one service, whose systems all machines are: each with
	 * a manager and a chassis, named as it is. Sessions, accounts, tasks and
	 * events are those of the first BMC. No prefix, no replay. */
	bool one_service;
	unsigned prefix;    /* 0 = port range */
	unsigned port;      /* 0 = any free one (one address or a block) */
	unsigned max_conns; /* 0 = 1024 */
	/* Folder of a recording that all BMCs serve (sim/bmc/replay.h): what
	 * it tells replaces what their profiles say. NULL = none. */
	const char *replay;
	const char *profiles_dir;    /* through env->files */
	const char *const *profiles; /* names, dealt round robin */
	size_t n_profiles;           /* 0 = "generic" */
	const char *knobs; /* YAML that is applied over each; NULL = none */
	const struct bmc_override *overrides;
	size_t n_overrides;
	const char *username, *password; /* NULL = "root", "b7-sim-secret" */
	bool tls;
	bool virtual_tls; /* identities without keys, for virtual worlds */
	/* Signs the leaves; NULL with tls = the fleet makes its own CA from
	 * env->entropy. Borrowed. */
	struct tls_identity *ca;
	const char *control_addr; /* NULL = "127.0.0.1" */
	unsigned control_port;
	bool control; /* listen for the control API */
	struct bmc_timing timing;
	size_t read_chunk; /* 0 = 512 KiB: bytes a range of a medium read */
	int64_t read_max;  /* 0 = 8 MiB: how much of a medium a boot reads */
	/* Who makes the machines (board.h); NULL = they are simulated.
	 * Borrowed. */
	const struct board_maker *board;
	unsigned trace; /* 0 = 32 exchanges kept a BMC */
	/* Called inside of what happens: look and note only; what shall be
	 * done to the fleet because of it comes from a deferred call. */
	void (*on_event)(void *arg, const struct bmc_event *ev);
	void *arg;
};

/* ---- life --------------------------------------------------------------- */

/* Loads the profiles, listens. ERR_SPEC names file:line of a bad profile. */
struct bmc_fleet *bmc_fleet_new(
    const struct env *env, const struct bmc_fleet_opts *o, struct err *e);
void bmc_fleet_stop(struct bmc_fleet *f, int64_t grace_us);
void bmc_fleet_free(struct bmc_fleet *f);

unsigned bmc_fleet_count(const struct bmc_fleet *f);
unsigned bmc_fleet_port(const struct bmc_fleet *f); /* first, as bound */
unsigned bmc_fleet_control_port(const struct bmc_fleet *f);
/* CA certificate of the fleet's own CA; NULL without one; borrowed. */
const char *bmc_fleet_ca_pem(const struct bmc_fleet *f);
struct tls_identity *bmc_fleet_ca(const struct bmc_fleet *f); /* borrowed */

/* ---- looking ------------------------------------------------------------ */

struct bmc;
struct bmc *bmc_fleet_get(struct bmc_fleet *f, const char *name); /* or NULL */
struct bmc *bmc_fleet_at(struct bmc_fleet *f, unsigned index);
const char *bmc_name(const struct bmc *b);
/* "https://127.10.0.1:8443"; what an agent's host would name. */
void bmc_address(const struct bmc *b, char *out, size_t cap);

/* What a person in front of the machine would know. Strings are borrowed and
 * valid until the loop turns again. */
struct bmc_snapshot {
	const char *name, *profile, *uuid, *serial;
	const char *power;         /* Off, PoweringOn, On, PoweringOff */
	const char *boot_progress; /* BootProgress.LastState */
	const char *override_enabled, *override_target, *override_mode;
	const char *media; /* URL in the CD slot; "" = empty */
	bool media_inserted;
	const char *disk_image; /* what the disk holds; "" = empty */
	const char *os;         /* image that runs; "" = no OS is up */
	bool os_from_disk;
	unsigned sessions;         /* open now */
	uint32_t boots;            /* starts of the machine */
	uint32_t medium_boots;     /* boots handed to a medium */
	uint64_t requests, writes; /* of all kinds; not GET and HEAD */
	uint64_t logins, login_failures;
};
void bmc_snapshot(const struct bmc *b, struct bmc_snapshot *s);

/* ---- doing -------------------------------------------------------------- */

/* The control API without HTTP: the same paths and bodies, e.g.
 * ("POST", "/bmcs/bmc-003/faults", {...}). Never NULL; errors are
 * {"error": "text"}. *status is the HTTP status. Streams are HTTP only. */
cJSON *bmc_fleet_control(struct bmc_fleet *f, const char *method,
    const char *path, const cJSON *body, int *status);

#endif
