/* The knobs: one row each. See profile.h. */
#include <stddef.h>
#include <string.h>

#include "common/str.h"
#include "sim/bmc/profile.h"

static const char *const via_names[] = { "allowable", "actioninfo", "both",
	NULL };
static const char *const redundant_names[] = { "204", "refuse", NULL };
static const char *const restart_names[] = { "on", "refuse", "ignore", NULL };
static const char *const resource_names[] = { "system", "settings", "both",
	NULL };
static const char *const mode_names[] = { "rw", "ro", "absent", "null", NULL };
static const char *const consume_names[] = { "post", "reset", "never", NULL };
static const char *const unknown_names[] = { "refuse", "ignore", NULL };
static const char *const patch_unknown_names[] = { "refuse", "ignore", "strict",
	NULL };
static const char *const etag_names[] = { "strong", "weak", "decimal", "odd",
	"none", "long", "empty", NULL };
static const char *const ifmatch_names[] = { "optional", "required", "rejected",
	"strong", NULL };
static const char *const post_names[] = { "check", "ignore", "refuse",
	"require", NULL };
static const char *const parent_names[] = { "manager", "system", "both", NULL };
static const char *const result_names[] = { "204", "200", "202", NULL };
static const char *const check_names[] = { "none", "head", "range", "full",
	NULL };
static const char *const verify_names[] = { "property", "always", "never",
	NULL };
static const char *const chassis_names[] = { "subsystems", "both", "legacy",
	NULL };
static const char *const reset_oem_names[] = { "none", "fujitsu", NULL };
static const char *const vm_oem_names[] = { "none", "fujitsu", "isoconfig",
	NULL };
static const char *const identity_names[] = { "never", "registries", "always",
	NULL };
static const char *const tls_names[] = { "1.0", "1.1", "1.2", "1.3", NULL };
/* in the order of enum fault_certificate */
static const char *const cert_names[] = { "expired", "early", "other-name",
	"self-signed", "sha1", "rsa-1024", "old", "ca", NULL };
static const char *const already_names[] = { "refuse", "replace", NULL };
static const char *const limit_names[] = { "refuse", "evict", NULL };
static const char *const location_names[] = { "relative", "absolute", "none",
	NULL };
static const char *const task_names[] = { "monitor", "task", "none", NULL };
static const char *const slash_names[] = { "both", "strict", "redirect", NULL };
static const char *const patch_names[] = { "200", "204", NULL };

static const char *const accounts_names[] = { "post", "slots", NULL };
static const char *const expand_names[] = { "full", "one", "none", NULL };
static const char *const style_names[] = { "both", "types", "registries",
	NULL };
static const char *const defect_names[] = { "noId", "noMemberId", "noType",
	"offsetTime", "noOrigin", "batch", NULL };
static const char *const service_names[] = { "events", "sse", "update",
	"certificates", "registries", "schemas", "bios", "keys", "volumes",
	"logs", "network", "privileges", "sensors", "adapters", NULL };
/* What a BMC by the book has. */
#define ALL_SERVICES \
	"events sse update certificates registries schemas bios keys " \
	"volumes logs network privileges sensors adapters"

#define AT(f) offsetof(struct bmc_profile, f)
#define STR(path, f, dflt, help) \
	{ \
		path, KNOB_STR, AT(f), NULL, 0, 0, dflt, help \
	}
#define BOOL(path, f, dflt, help) \
	{ \
		path, KNOB_BOOL, AT(f), NULL, 0, 0, dflt, help \
	}
#define INT(path, f, lo, hi, dflt, help) \
	{ \
		path, KNOB_INT, AT(f), NULL, lo, hi, dflt, help \
	}
#define ENUM(path, f, names, dflt, help) \
	{ \
		path, KNOB_ENUM, AT(f), names, 0, 0, dflt, help \
	}
#define LIST(path, f, dflt, help) \
	{ \
		path, KNOB_LIST, AT(f), NULL, 0, 0, dflt, help \
	}
#define FLAGS(path, f, names, dflt, help) \
	{ \
		path, KNOB_FLAGS, AT(f), names, 0, 0, dflt, help \
	}
#define DAY_MS 86400000

const struct knob knob_table[] = {
	STR("ids/system", system_id, "system-1",
	    "last part of the system's URI; {uuid} and {serial} are filled in"),
	STR("ids/systemName", system_name, "System", "its Name"),
	STR("ids/manager", manager_id, "bmc-1",
	    "last part of the manager's URI"),
	STR("ids/chassis", chassis_id, "chassis-1",
	    "last part of the chassis' URI"),

	STR("ids/extraSystem", extra_system_id, "",
	    "a second system, listed first, that has neither Boot nor Reset"),
	STR("ids/managerLink", manager_link, "ManagedBy",
	    "what Links of the system call the manager (Huawei: Managers)"),

	STR("root/vendor", vendor, "Contoso",
	    "ServiceRoot.Vendor; empty = the property is missing"),
	STR("root/product", product, "Redfish BMC simulator",
	    "ServiceRoot.Product; empty = missing"),
	STR("root/version", redfish_version, "1.20.0", "RedfishVersion"),
	STR("root/uuid", root_uuid, "board",
	    "ServiceRoot.UUID: board, null, missing, or a fixed text"),
	STR("root/oemKey", oem_key, "",
	    "a key with an empty object under ServiceRoot.Oem"),
	BOOL("root/needsLogin", root_auth, "false",
	    "even the service root asks for credentials"),
	INT("root/partialMs", root_partial_ms, 0, DAY_MS, "0",
	    "so long after a restart of the BMC the root has no links"),

	STR("hardware/manufacturer", manufacturer, "Contoso", ""),
	STR("hardware/model", model, "Sim 1000", ""),
	STR("hardware/bmcModel", bmc_model, "SimBMC", ""),
	STR("hardware/biosVersion", bios_version, "1.2.3", ""),
	STR("hardware/bmcVersion", bmc_version, "1.0.0", ""),
	STR("hardware/arch", arch, "x86_64", "x86_64 or aarch64"),
	STR("hardware/cpuModel", cpu_model, "Contoso CPU 9000", ""),
	STR("hardware/nicModel", nic_model, "NIC 25G", ""),
	STR("hardware/driveModel", drive_model, "NVMe 1", ""),
	INT("hardware/cpus", cpus, 1, 8, "2", "sockets"),
	INT("hardware/cores", cores, 1, 256, "32", "cores a socket"),
	INT("hardware/dimms", dimms, 1, 64, "4", ""),
	INT("hardware/dimmGiB", dimm_gib, 1, 4096, "64", ""),
	INT("hardware/drives", drives, 0, 24, "2", ""),
	INT("hardware/driveGB", drive_gb, 1, 100000, "960", ""),
	INT("hardware/nics", nics, 1, 8, "2", ""),
	BOOL("hardware/osAgent", os_agent, "false",
	    "a running system tells the BMC its name and addresses"),

	ENUM("chassis/power", chassis_power, chassis_names, "subsystems",
	    "PowerSubsystem and ThermalSubsystem, the older Power and Thermal, "
	    "or both"),
	LIST("reset/types", reset_types,
	    "On ForceOff GracefulShutdown GracefulRestart ForceRestart Nmi "
	    "ForceOn PushPowerButton PowerCycle",
	    "ResetTypes that are offered and taken"),
	LIST("reset/managerTypes", manager_reset_types,
	    "GracefulRestart ForceRestart", "of Manager.Reset"),
	ENUM("reset/via", reset_via, via_names, "both",
	    "where the values are listed"),
	ENUM("reset/redundant", reset_redundant, redundant_names, "204",
	    "On while on, ForceOff while off: done, or refused "
	    "(power-redundant)"),
	ENUM("reset/restartWhenOff", reset_restart_off, restart_names, "on",
	    "ForceRestart, PowerCycle and GracefulRestart while off: powers "
	    "on, is refused (restart-when-off), or does nothing"),
	BOOL("reset/dynamic", reset_dynamic, "false",
	    "what is offered and taken depends on the power state: On and "
	    "ForceOn only while off, all but these only while on"),
	ENUM("reset/oem", reset_oem, reset_oem_names, "none",
	    "a second action beside Reset, fujitsu: FTSComputerSystem.Reset "
	    "with FTSResetType, which offers what the power state allows; the "
	    "standard's PowerCycle is refused then (power-redundant)"),
	INT("reset/onConflictMs", reset_on_conflict_ms, 0, DAY_MS, "0",
	    "On is refused (power-on-conflict) so long after a power-off"),
	STR("reset/transientPower", transient_power, "standard",
	    "PowerState while it changes: standard (PoweringOn, PoweringOff), "
	    "previous, null, or a text"),
	INT("reset/powerOnMs", power_on_ms, -1, DAY_MS, "-1",
	    "-1 = as the fleet's timing says, as below"),
	INT("reset/powerOffMs", power_off_ms, -1, DAY_MS, "-1", ""),

	ENUM("boot/resource", boot_resource, resource_names, "system",
	    "where the override is written: the system (else refused by "
	    "boot-read-only), @Redfish.Settings, or both"),
	STR("boot/settingsId", boot_settings_id, "Settings",
	    "last part of the settings object's URI"),
	LIST("boot/settingsProperties", boot_settings_props, "",
	    "Boot properties that the settings object has; empty = none is "
	    "shown with resource system, all otherwise"),
	BOOL("boot/valuesInBoth", boot_values_both, "false",
	    "resource settings: the system offers the values too, and refuses "
	    "them"),
	LIST("boot/enabled", boot_enabled, "Disabled Once Continuous",
	    "BootSourceOverrideEnabled values"),
	LIST("boot/targets", boot_targets,
	    "None Pxe Cd Usb Hdd BiosSetup UefiTarget UefiHttp UefiBootNext",
	    "BootSourceOverrideTarget values"),
	LIST("boot/modes", boot_modes, "UEFI Legacy",
	    "BootSourceOverrideMode values"),
	ENUM("boot/mode", boot_mode, mode_names, "rw",
	    "BootSourceOverrideMode: writable, read-only "
	    "(boot-mode-read-only), missing, or null and refused"),
	STR("boot/cd", boot_cd, "Cd",
	    "the target that boots the virtual CD (Supermicro: UsbCd)"),
	LIST("boot/order", boot_order, "Pxe Hdd Cd",
	    "devices without an override, in order"),
	ENUM("boot/consume", boot_consume, consume_names, "post",
	    "when Once goes back to Disabled: at the choice of the device, "
	    "at the reset, or never"),
	ENUM("boot/unknown", boot_unknown, patch_unknown_names, "refuse",
	    "unknown properties in a PATCH: a warning beside good ones, no "
	    "word, or the whole PATCH is refused"),
	BOOL("boot/triple", boot_triple, "false",
	    "Target, Enabled and Mode must come together (boot-triple)"),
	BOOL("boot/silentRevert", boot_silent_revert, "false",
	    "a PATCH without Mode sets Legacy, one without Enabled sets Once"),
	BOOL("boot/noneConflict", boot_none_conflict, "false",
	    "Target None with Enabled or Mode is refused "
	    "(boot-none-enabled)"),
	BOOL("boot/uefiTargetAlone", boot_uefi_alone, "false",
	    "UefiTarget together with Enabled is refused "
	    "(boot-uefi-target)"),
	BOOL("boot/postLock", boot_post_lock, "false",
	    "writes during POST are refused (boot-post-lock)"),
	BOOL("boot/progress", boot_progress, "true",
	    "BootProgress tells the state; false = null"),
	BOOL("boot/options", boot_options, "true", "BootOptions exist"),
	BOOL("boot/clearedByEject", boot_clear_on_eject, "false",
	    "insert and eject clear the override"),
	INT("boot/postMs", post_ms, -1, DAY_MS, "-1", "length of POST"),

	ENUM("etag/style", etag_style, etag_names, "strong",
	    "strong \"x\", weak W/\"x\", bare decimal, odd \"W/'x'\", none, "
	    "long (194 characters), or an empty text"),
	BOOL("etag/header", etag_header, "true", "ETag header on GET"),
	BOOL("etag/body", etag_body, "true", "@odata.etag in bodies"),
	BOOL("etag/restless", etag_restless, "false",
	    "another one with each read: no If-Match but * ever fits"),
	ENUM("etag/ifMatch", ifmatch, ifmatch_names, "optional",
	    "on PATCH and DELETE: checked where given, required "
	    "(precondition-missing), always wrong, or only its strong form "
	    "matches"),
	ENUM("etag/post", post_ifmatch, post_names, "check",
	    "If-Match on a POST: checked, ignored, refused (412), or required "
	    "of actions, as the tag of their resource (precondition-missing)"),

	ENUM("media/parent", vm_parent, parent_names, "system",
	    "where VirtualMedia is; the other resource has no link"),
	LIST("media/required", vm_required, "",
	    "InsertMedia parameters that must be there "
	    "(media-field-missing)"),
	LIST("media/forbidden", vm_forbidden, "",
	    "parameters that are refused (media-field-forbidden)"),
	LIST("media/schemes", vm_schemes, "http https",
	    "of the image URL (media-scheme)"),
	LIST("media/extensions", vm_extensions, "",
	    "the URL must end so (media-url); empty = any"),
	INT("media/maxLength", vm_max_length, 16, 2000, "1024",
	    "bytes of the URL (media-url)"),
	BOOL("media/queryOk", vm_query_ok, "true",
	    "the URL may have ?, = and & (media-url)"),
	BOOL("media/portOk", vm_port_ok, "true",
	    "the URL may name a port (media-url)"),
	ENUM("media/result", vm_result, result_names, "204",
	    "status of a good insert or eject; 202 = a task"),
	BOOL("media/replyEarly", vm_reply_early, "false",
	    "the reply comes before Inserted is true"),
	INT("media/insertMs", vm_insert_ms, -1, DAY_MS, "-1", ""),
	ENUM("media/check", vm_check, check_names, "head",
	    "what is read at the insert: nothing, the size, a range, or all "
	    "of it; a failure refuses (media-unreachable)"),
	ENUM("media/verify", vm_verify, verify_names, "property",
	    "is the certificate of an https image server verified, against "
	    "the medium's Certificates and the usual CAs: as "
	    "VerifyCertificate says (false at first), always, or never"),
	ENUM("media/oem", vm_oem, vm_oem_names, "none",
	    "a vendor's way of inserting besides the slots: of iRMC, or "
	    "IsoConfig of Supermicro, which lists a slot only while it is "
	    "full"),
	BOOL("media/keep", vm_keep, "true",
	    "media outlive a restart of the BMC"),
	ENUM("media/already", vm_already, already_names, "refuse",
	    "insert into a full slot: refused (media-inserted) or replaced"),
	BOOL("media/staleAfterEject", vm_stale_after_eject, "false",
	    "Image and ImageName stay; only ConnectedVia and Inserted tell"),
	BOOL("media/ejectBody", vm_eject_body, "false",
	    "EjectMedia demands a body {} (media-eject-body)"),
	BOOL("media/ejectEmptyRefused", vm_eject_empty_no, "false",
	    "an eject of an empty slot is refused (media-empty)"),
	INT("media/ejectBusyMs", vm_eject_busy_ms, 0, DAY_MS, "0",
	    "so long after an eject all is refused (media-busy)"),
	BOOL("media/emptyString", vm_empty_string, "false",
	    "Image of an empty slot is \"\" instead of null"),
	BOOL("media/lateActions", vm_late_actions, "false",
	    "InsertMedia is shown only while empty, EjectMedia while full"),
	BOOL("media/oemActions", vm_oem_actions, "false",
	    "HPE: HpeiLOVirtualMedia.InsertVirtualMedia and "
	    "EjectVirtualMedia below Oem do the same"),
	BOOL("media/license", vm_license, "false",
	    "no licence: every insert is refused (media-license)"),
	BOOL("media/patchNeedsInserted", vm_inserted_must, "false",
	    "a PATCH insert must say Inserted"),

	INT("session/timeoutSeconds", session_timeout_s, 30, 86400, "1800",
	    "idle"),
	INT("session/lifetimeSeconds", session_life_s, 0, 864000, "0",
	    "a session ends after, used or not; 0 = only when idle"),
	INT("session/max", session_max, 1, 1000, "16", ""),
	ENUM("session/onLimit", session_on_limit, limit_names, "refuse",
	    "a login over the limit: refused (session-limit), or the oldest "
	    "session ends"),
	BOOL("session/service", sessions, "true",
	    "there is a SessionService; false = Basic only"),
	BOOL("session/bareDelete", session_bare_delete, "false",
	    "a logout with a body or a Content-Type is refused (delete-body)"),
	ENUM("session/location", session_location, location_names, "relative",
	    "Location header of a login"),
	INT("session/status", session_status, 200, 201, "201",
	    "status of a login"),

	BOOL("auth/basic", basic, "true", "Basic authentication works"),
	INT("auth/lockoutAfter", lockout_after, 0, 100, "0",
	    "failed logins until the account is locked; 0 = never"),
	INT("auth/lockoutSeconds", lockout_s, 1, 86400, "300", ""),
	BOOL("auth/passwordChange", password_change, "false",
	    "the password must be changed first: all but that is refused "
	    "(password-change)"),

	ENUM("task/location", task_location, task_names, "monitor",
	    "Location of a 202: the monitor, the task, or none"),
	BOOL("task/bodyIsMonitor", task_body_monitor, "false",
	    "@odata.id in the body of a 202 is the monitor"),
	INT("task/notFoundMs", task_not_found_ms, 0, DAY_MS, "0",
	    "so long a new task is 404"),
	INT("task/retryAfterSeconds", task_retry_after_s, 0, 3600, "1",
	    "0 = no Retry-After"),
	FLAGS("services", services, service_names, ALL_SERVICES,
	    "what this BMC has besides systems, chassis, managers, sessions, "
	    "accounts and tasks; sse is the event stream of events, keys are "
	    "the databases of secure boot"),
	ENUM("accounts/mode", accounts, accounts_names, "post",
	    "accounts are created by POST, or are fixed slots 1 to max that "
	    "are filled by PATCH (slot 1 is reserved, the first account has "
	    "slot 2)"),
	INT("accounts/max", accounts_max, 2, 64, "16", ""),

	STR("events/sseUri", sse_uri, "/redfish/v1/EventService/SSE",
	    "ServerSentEventUri"),
	INT("events/max", events_max, 1, 1000, "20",
	    "subscriptions, streams among them (subscription-limit)"),
	INT("events/maxStreams", event_streams_max, 0, 100, "4", ""),
	INT("events/keepAliveSeconds", event_alive_s, 0, 3600, "30",
	    "comments in a stream; 0 = none"),
	ENUM("events/style", event_style, style_names, "both",
	    "subscriptions choose by EventTypes, by RegistryPrefixes and "
	    "ResourceTypes, or by all; others are unknown properties"),
	BOOL("events/retryPolicy", event_policy, "true",
	    "DeliveryRetryPolicy is known"),
	BOOL("events/twice", event_twice, "true",
	    "two subscriptions may have one destination "
	    "(else subscription-exists)"),
	BOOL("events/keep", events_keep, "true",
	    "subscriptions outlive a restart of the BMC"),
	FLAGS("events/defects", event_defects, defect_names, "",
	    "what is wrong with events: no Id and no id: line, no MemberId, "
	    "no EventType, timestamps that end in +0000, no "
	    "OriginOfCondition, two events in a payload"),

	BOOL("update/push", update_push, "true",
	    "there is a MultipartHttpPushUri"),
	BOOL("bios/needsApplyTime", bios_needs_time, "false",
	    "new settings are applied only if @Redfish.SettingsApplyTime "
	    "comes with them"),
	BOOL("bios/onePending", bios_one_pending, "false",
	    "while settings wait no others are taken (bios-pending)"),

	INT("task/deleteSeconds", task_delete_s, 1, 86400, "600",
	    "a finished task is gone after"),

	ENUM("query/expand", query_expand, expand_names, "full",
	    "$expand: all of it, only . and one level, or not at all"),
	INT("query/levels", query_levels, 1, 6, "6",
	    "MaxLevels of $expand (query-range)"),
	BOOL("query/select", query_select, "true", "$select is known"),
	BOOL("query/only", query_only, "true", "only is known"),
	BOOL("query/top", query_top, "true", "$top and $skip are known"),
	ENUM("query/unknown", query_unknown, unknown_names, "refuse",
	    "parameters with a dollar sign that are not known "
	    "(query-unsupported)"),
	INT("query/page", page, 0, 1000, "0",
	    "so many members of a collection at a time, then "
	    "Members@odata.nextLink; 0 = all"),

	STR("http/server", server, "", "Server header; empty = none"),
	STR("http/contentType", content_type, "application/json; charset=utf-8",
	    ""),
	STR("http/registry", registry, "Base.1.18", "prefix of MessageIds"),
	ENUM("http/slash", slash, slash_names, "both",
	    "trailing slashes: both forms, only the canonical one (404), or "
	    "308 to the one with a slash"),
	BOOL("http/ignoreCase", ignore_case, "false",
	    "URIs are known in any letter case (HPE); ids of parts as they are "
	    "spelt"),
	ENUM("http/patchReply", patch_reply, patch_names, "200",
	    "a good PATCH: the resource, or nothing"),
	BOOL("http/options", options, "false",
	    "OPTIONS is answered with Allow (else 405)"),
	BOOL("http/successErrorBody", success_error_body, "false",
	    "success comes as an error object with Base.Success"),
	BOOL("http/infoObject", info_object, "false",
	    "@Message.ExtendedInfo is an object, not a list"),
	ENUM("http/identity406", identity, identity_names, "never",
	    "Accept-Encoding: identity is refused with 406: never, for "
	    "registries and schemas, which are stored compressed, or always"),
	BOOL("http/chunked", chunked, "false", "every body comes in chunks"),
	BOOL("http/keepAlive", keep_alive, "true",
	    "a connection serves more than one request"),
	BOOL("http/lowerCase", lower_case, "false",
	    "names of headers in small letters: x-auth-token"),
	BOOL("http/gzip", gzip, "false",
	    "replies to GET are compressed for those who accept it, and the "
	    "tag says -gzip then"),
	INT("http/connections", connections, 0, 1000, "0",
	    "at a time, the rest is reset; 0 = no limit"),
	ENUM("tls/min", tls_min, tls_names, "1.2",
	    "oldest version; 1.3 refuses all, since nothing newer than 1.2 is "
	    "spoken here"),
	ENUM("tls/max", tls_max, tls_names, "1.2", "newest version"),
	ENUM("tls/cert", tls_cert, cert_names, "ca",
	    "signed by the fleet's CA, or as the fault certificate has it"),

	BOOL("http/actionMember", action_member, "false",
	    "the body of an action may name it in Action"),
	BOOL("http/restV1", rest_v1, "false",
	    "/rest/v1 and what is below it is 308 to the same in "
	    "/redfish/v1"),
	BOOL("http/charset415", charset_415, "false",
	    "Content-Type with a charset is refused (content-type)"),

	LIST("omit", omit, "",
	    "properties that are missing: Type.Property[.Property]"),
};
const size_t knob_count = sizeof(knob_table) / sizeof(knob_table[0]);

const struct knob *
knob_find(const char *path)
{
	for (size_t i = 0; i < knob_count; i++)
		if (str_eq(knob_table[i].path, path))
			return &knob_table[i];
	return NULL;
}

bool
knob_is_section(const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < knob_count; i++)
		if (strncmp(knob_table[i].path, path, n) == 0 &&
		    knob_table[i].path[n] == '/')
			return true;
	return false;
}

void
profile_print_knobs(FILE *out)
{
	fprintf(out, "| knob | values | default | meaning |\n"
		     "| --- | --- | --- | --- |\n");
	for (size_t i = 0; i < knob_count; i++) {
		const struct knob *k = &knob_table[i];

		fprintf(out, "| `%s` | ", k->path);
		if (k->kind == KNOB_ENUM || k->kind == KNOB_FLAGS)
			for (size_t j = 0; k->names[j]; j++)
				fprintf(
				    out, "%s%s", j ? ", " : "", k->names[j]);
		else if (k->kind == KNOB_INT)
			fprintf(out, "%lld to %lld", (long long)k->min,
			    (long long)k->max);
		else if (k->kind == KNOB_BOOL)
			fprintf(out, "true, false");
		else
			fprintf(out, k->kind == KNOB_LIST ? "list" : "text");
		fprintf(out, " | %s | %s |\n", k->dflt, k->help);
	}
}
