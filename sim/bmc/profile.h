/*
 * A vendor profile: how one kind of BMC differs from the others, as data. Each
 * knob is implemented in one place; profile_knobs.c is the list of all with
 * what they mean, README.md has it as a table. Profiles are YAML files loaded
 * at run time; what a file leaves out is as in the generic profile, or as in
 * the profile that it `extends`.
 */
#ifndef B7_SIM_BMC_PROFILE_H
#define B7_SIM_BMC_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"
#include "common/files.h"
#include "sim/bmc/event.h"
#include "sim/bmc/refusal.h"
#include "sim/bmc/strlist.h"

struct map;

#define PROFILE_SLOTS 4
#define PROFILE_BYTES (256u << 10)

enum knob_reset_via {
	RESET_VIA_ALLOWABLE,
	RESET_VIA_ACTIONINFO,
	RESET_VIA_BOTH
};
enum knob_redundant {
	REDUNDANT_204,
	REDUNDANT_REFUSE
};
enum knob_restart_off {
	RESTART_OFF_ON,
	RESTART_OFF_REFUSE,
	RESTART_OFF_IGNORE
};
enum knob_boot_resource {
	BOOT_ON_SYSTEM,
	BOOT_ON_SETTINGS,
	BOOT_ON_BOTH
};
enum knob_boot_mode {
	MODE_RW,
	MODE_RO,
	MODE_ABSENT,
	MODE_NULL
};
enum knob_consume {
	CONSUME_POST,
	CONSUME_RESET,
	CONSUME_NEVER
};
enum knob_unknown {
	UNKNOWN_REFUSE,
	UNKNOWN_IGNORE,
	UNKNOWN_STRICT
};
enum knob_etag {
	ETAG_STRONG,
	ETAG_WEAK,
	ETAG_DECIMAL,
	ETAG_ODD,
	ETAG_NONE,
	ETAG_LONG,
	ETAG_EMPTY
};
enum knob_ifmatch {
	IFMATCH_OPTIONAL,
	IFMATCH_REQUIRED, /* 428 or 412, see words */
	IFMATCH_REJECTED, /* any If-Match fails */
	IFMATCH_STRONG    /* weak ETags are given, only strong ones match */
};
enum knob_post_ifmatch {
	POST_IFMATCH_CHECK,
	POST_IFMATCH_IGNORE,
	POST_IFMATCH_REFUSE,
	POST_IFMATCH_REQUIRE /* actions want the tag of their resource */
};
enum knob_vm_parent {
	VM_MANAGER,
	VM_SYSTEM,
	VM_BOTH
};
enum knob_slot_insert {
	SLOT_ACTION,
	SLOT_PATCH,
	SLOT_BOTH,
	SLOT_NONE,
	SLOT_REFUSE, /* an internal one that shows actions */
	SLOT_OEM     /* VmmControl of Huawei */
};
enum knob_vm_result {
	VM_RESULT_204,
	VM_RESULT_200,
	VM_RESULT_202
};
enum knob_vm_check {
	CHECK_NONE,
	CHECK_HEAD,
	CHECK_RANGE,
	CHECK_FULL
};
enum knob_vm_verify {
	VERIFY_PROPERTY, /* as VerifyCertificate says */
	VERIFY_ALWAYS,
	VERIFY_NEVER
};
enum knob_chassis_power {
	CHASSIS_SUBSYSTEMS,
	CHASSIS_BOTH,
	CHASSIS_LEGACY
};
enum knob_reset_oem {
	RESET_OEM_NONE,
	RESET_OEM_FUJITSU
};
enum knob_vm_oem {
	VM_OEM_NONE,
	VM_OEM_FUJITSU,
	VM_OEM_ISOCONFIG
};
enum knob_identity {
	IDENTITY_TAKEN,
	IDENTITY_REGISTRIES, /* refused where files are kept compressed */
	IDENTITY_REFUSED
};
enum knob_vm_already {
	ALREADY_REFUSE,
	ALREADY_REPLACE
};
enum knob_limit {
	LIMIT_REFUSE,
	LIMIT_EVICT
};
enum knob_location {
	LOCATION_REL,
	LOCATION_ABS,
	LOCATION_NONE
};
enum knob_task_location {
	TASK_LOC_MONITOR,
	TASK_LOC_TASK,
	TASK_LOC_NONE
};
enum knob_slash {
	SLASH_BOTH,
	SLASH_STRICT,
	SLASH_REDIRECT
};
enum knob_patch_reply {
	PATCH_200,
	PATCH_204
};

/* Services and parts of them that a BMC may lack (knob services). */
enum bmc_service {
	SERVICE_EVENTS = 1,
	SERVICE_SSE = 2,
	SERVICE_UPDATE = 4,
	SERVICE_CERTIFICATES = 8,
	SERVICE_REGISTRIES = 16,
	SERVICE_SCHEMAS = 32,
	SERVICE_BIOS = 64,
	SERVICE_KEYS = 128, /* of secure boot */
	SERVICE_VOLUMES = 256,
	SERVICE_LOGS = 512,
	SERVICE_NETWORK = 1024, /* Manager NetworkProtocol */
	SERVICE_PRIVILEGES = 2048,
	SERVICE_SENSORS = 4096,
	SERVICE_ADAPTERS = 8192
};
/* What firmware gets wrong in events (knob events/defects). */
enum event_defect {
	EVENT_NO_ID = 1,
	EVENT_NO_MEMBER_ID = 2,
	EVENT_NO_TYPE = 4,
	EVENT_OFFSET_TIME = 8,
	EVENT_NO_ORIGIN = 16,
	EVENT_BATCH = 32 /* several in a payload */
};
enum knob_expand {
	EXPAND_FULL,
	EXPAND_ONE,
	EXPAND_NONE
};
enum knob_event_style {
	EVENT_STYLE_BOTH,
	EVENT_STYLE_TYPES,
	EVENT_STYLE_REGISTRIES
};
enum knob_accounts {
	ACCOUNTS_POST,
	ACCOUNTS_SLOTS
};

struct profile_slot {
	char *id;
	char *name;
	struct strlist types; /* CD, DVD, USBStick, Floppy */
	int insert;           /* enum knob_slot_insert */
};

struct profile_words {
	int status;      /* 0 = default */
	char *id, *text; /* owned; NULL = default */
};

struct bmc_profile {
	char *name; /* owned, as all strings here */
	/* ids; "{uuid}" and "{serial}" stand for the board's */
	char *system_id, *manager_id, *chassis_id, *system_name;
	char *extra_system_id, *manager_link;
	/* root */
	char *vendor, *product, *redfish_version;
	char *root_uuid; /* "board", "null" or a text */
	char *oem_key;
	int64_t root_partial_ms;
	/* hardware */
	char *manufacturer, *model, *bmc_model, *bios_version, *bmc_version;
	char *arch, *cpu_model, *nic_model;
	char *drive_model;
	int64_t cpus, cores, dimms, dimm_gib, drives, drive_gb, nics;
	bool os_agent; /* in the system that runs */
	/* reset */
	struct strlist reset_types, manager_reset_types;
	int reset_via, reset_redundant, reset_restart_off;
	int64_t reset_on_conflict_ms, power_on_ms, power_off_ms;
	bool reset_dynamic;
	int reset_oem;
	int chassis_power;
	char *transient_power; /* "standard", "previous", "null", or a text */
	/* boot */
	int boot_resource, boot_mode, boot_consume, boot_unknown;
	char *boot_settings_id;
	struct strlist boot_settings_props;
	struct strlist boot_enabled, boot_targets, boot_modes;
	struct strlist boot_order; /* devices: Pxe, Hdd, Cd */
	char *boot_cd;             /* the target that is the virtual CD */
	bool boot_triple, boot_silent_revert, boot_none_conflict;
	bool boot_post_lock, boot_progress, boot_uefi_alone, boot_options;
	bool boot_clear_on_eject, boot_values_both;
	int64_t post_ms;
	/* etag */
	int etag_style, ifmatch, post_ifmatch;
	bool etag_header, etag_body, etag_restless;
	/* virtual media */
	int vm_parent, vm_result, vm_check, vm_already, vm_verify, vm_oem;
	struct profile_slot slots[PROFILE_SLOTS];
	size_t n_slots;
	struct strlist vm_required, vm_forbidden, vm_schemes, vm_extensions;
	int64_t vm_max_length, vm_insert_ms, vm_eject_busy_ms;
	bool vm_query_ok, vm_port_ok, vm_stale_after_eject, vm_eject_body;
	bool vm_oem_actions; /* HPE */
	bool vm_reply_early, vm_empty_string, vm_late_actions, vm_license;
	bool vm_inserted_must;  /* PATCH must say Inserted */
	bool vm_keep;           /* through a restart of the BMC */
	bool vm_eject_empty_no; /* an empty slot cannot be ejected */
	/* sessions */
	int64_t session_timeout_s, session_max, session_status;
	int64_t session_life_s; /* 0 = no end but idling */
	int session_on_limit, session_location;
	bool sessions, session_bare_delete;
	/* auth */
	bool basic, root_auth;
	int64_t lockout_after, lockout_s;
	bool password_change;
	unsigned services; /* enum bmc_service */
	/* accounts */
	int accounts;
	int64_t accounts_max;
	/* events */
	char *sse_uri;
	int64_t events_max, event_streams_max, event_alive_s;
	int event_style;
	unsigned event_defects; /* enum event_defect */
	bool events_keep, event_policy, event_twice;
	struct profile_words notices[NOTICE_N];
	/* update, BIOS */
	bool update_push, bios_needs_time, bios_one_pending;
	/* tasks */
	int task_location;
	bool task_body_monitor;
	int64_t task_not_found_ms, task_retry_after_s, task_delete_s;
	/* queries */
	int query_expand, query_unknown;
	int64_t query_levels, page;
	bool query_select, query_only, query_top;
	/* http */
	char *server, *content_type, *registry;
	int slash, patch_reply;
	bool ignore_case;
	bool options; /* the OPTIONS method */
	bool success_error_body, info_object, charset_415;
	bool rest_v1, action_member;
	int identity; /* enum knob_identity */
	bool chunked, keep_alive, lower_case, gzip;
	int64_t connections; /* at a time; 0 = no limit */
	/* tls: versions counted from 1.0; whose certificate */
	int tls_min, tls_max, tls_cert;
	/* shapes */
	struct strlist omit; /* "ComputerSystem.BootProgress" */
	struct map *oem;     /* type -> JSON text (owned) */
	struct profile_words words[REF_N];
};

/* The generic profile, without a file. */
struct bmc_profile *profile_new(void);
void profile_free(struct bmc_profile *p);
/* Reads dir/name.yaml and what it extends. ERR_SPEC: "file:line: ...". */
struct bmc_profile *profile_load(
    struct files *files, const char *dir, const char *name, struct err *e);
/* Applies one YAML text over p; `file` is for messages. */
bool profile_apply(struct bmc_profile *p, const char *text, size_t n,
    const char *file, struct err *e);
/* Markdown table of all knobs, for README.md and --knobs. */
void profile_print_knobs(FILE *out);

/* ---- the knob table (profile_knobs.c) ----------------------------------- */

enum knob_kind {
	KNOB_STR,
	KNOB_BOOL,
	KNOB_INT,
	KNOB_ENUM,
	KNOB_LIST,
	KNOB_FLAGS /* a list of names, kept as bits by their order */
};
struct knob {
	const char *path; /* "boot/mode" */
	enum knob_kind kind;
	size_t offset;
	const char *const *names; /* of enums and flags; NULL-terminated */
	int64_t min, max;
	const char *dflt; /* text; lists: words by blanks */
	const char *help;
};
extern const struct knob knob_table[];
extern const size_t knob_count;
const struct knob *knob_find(const char *path);
/* Is it the start of some knob's path ("boot")? */
bool knob_is_section(const char *path);

#endif
