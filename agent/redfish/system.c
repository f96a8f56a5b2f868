#include "agent/redfish/system.h"

#include <string.h>

#include "agent/redfish/identity.h"
#include "agent/redfish/reset.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

enum redfish_power
rf_power_parse(const char *s)
{
	static const enum redfish_power all[] = { RF_POWER_ON, RF_POWER_OFF,
		RF_POWER_POWERING_ON, RF_POWER_POWERING_OFF, RF_POWER_PAUSED };
	size_t i;

	/* Case folded: "OFF" and "on" were seen. */
	for (i = 0; s && i < sizeof(all) / sizeof(all[0]); i++)
		if (str_ieq(s, redfish_power_name(all[i])))
			return all[i];
	return RF_POWER_UNKNOWN;
}

static void
parse_progress(struct redfish_state *st, const cJSON *system)
{
	const char *last = json_str(system, "BootProgress/LastState", NULL);
	unsigned i;

	st->progress = RF_PROGRESS_ABSENT;
	for (i = RF_PROGRESS_NONE; last && i <= RF_PROGRESS_OEM; i++)
		if (str_ieq(
			last, redfish_progress_name((enum redfish_progress)i)))
			st->progress = (enum redfish_progress)i;
	/* The second processor is no milestone of its own. */
	if (str_eq(last, "SecondaryProcessorInitializationStarted"))
		st->progress = RF_PROGRESS_MEMORY;
	else if (last && st->progress == RF_PROGRESS_ABSENT)
		st->progress = RF_PROGRESS_OEM;
	rf_text_keep(&st->progress_oem,
	    st->progress == RF_PROGRESS_OEM
		? json_str(system, "BootProgress/OemLastState", last)
		: NULL);
	rf_text_keep(&st->progress_time,
	    json_str(system, "BootProgress/LastStateTime", NULL));
}

enum redfish_health
rf_health_named(const char *s)
{
	if (str_ieq(s, "OK"))
		return RF_HEALTH_OK;
	if (str_ieq(s, "Warning"))
		return RF_HEALTH_WARNING;
	if (str_ieq(s, "Critical"))
		return RF_HEALTH_CRITICAL;
	return RF_HEALTH_UNKNOWN;
}

enum redfish_health
rf_health_of(const cJSON *j)
{
	enum redfish_health own, roll;

	own = rf_health_named(json_str(j, "Status/Health", NULL));
	roll = rf_health_named(json_str(j, "Status/HealthRollup", NULL));
	if (roll == RF_HEALTH_UNKNOWN) /* iDRAC spells it so */
		roll =
		    rf_health_named(json_str(j, "Status/HealthRollUp", NULL));
	return roll > own ? roll : own;
}

static void
add_cause(
    struct redfish_state *st, size_t *n, const char *what, const char *text)
{
	char line[2 * RF_TEXT_MAX], words[RF_TEXT_MAX];

	if (*n == sizeof(st->health_causes) / sizeof(st->health_causes[0]) ||
	    !text)
		return;
	rf_text_sentence(words, sizeof(words), text);
	(void)str_format(
	    line, sizeof(line), "%s%s%s", what, what[0] ? ": " : "", words);
	rf_text_keep(&st->health_causes[*n], line);
	if (st->health_causes[*n])
		(*n)++;
}

/* Status.Conditions name causes where a BMC has them; the parts' own rollups
 * say at least where to look. */
static void
parse_health(struct redfish_state *st, const cJSON *system)
{
	static const char *const parts[] = { "ProcessorSummary",
		"MemorySummary" };
	enum redfish_health part;
	const cJSON *c;
	char path[64];
	size_t n = 0, i, k;

	st->health = rf_health_of(system);
	cJSON_ArrayForEach (c, json_arr(system, "Status/Conditions"))
		add_cause(st, &n, json_str(c, "Severity", ""),
		    json_str(c, "Message", json_str(c, "MessageId", NULL)));
	for (i = 0; i < 2; i++) {
		(void)str_format(
		    path, sizeof(path), "%s/Status/Health", parts[i]);
		part = rf_health_named(json_str(system, path, NULL));
		if (part > RF_HEALTH_OK)
			add_cause(st, &n, parts[i], redfish_health_name(part));
	}
	for (k = n; k < sizeof(st->health_causes) / sizeof(char *); k++)
		rf_text_keep(&st->health_causes[k], NULL);
	for (k = 0; st->health == RF_HEALTH_OK && k < RF_CAUSES_MAX; k++)
		rf_text_keep(&st->health_parts[k], NULL);
}

static enum redfish_tristate
parse_tpm(const cJSON *system)
{
	const cJSON *list = json_arr(system, "TrustedModules"), *tpm;
	enum redfish_tristate has = list ? RF_NO : RF_UNSAID;

	cJSON_ArrayForEach (tpm, list)
		if (!str_eq(json_str(tpm, "Status/State", "Enabled"), "Absent"))
			has = RF_YES;
	return has;
}

static unsigned
count_of(const cJSON *j, const char *path)
{
	int64_t n = json_i64(j, path, 0);

	return n > 0 && n < 1000000 ? (unsigned)n : 0;
}

/* TotalSystemMemoryGiB is a decimal: 0.5 and 1535.9 exist. */
static uint64_t
memory_mib(const cJSON *system)
{
	const cJSON *gib =
	    json_at(system, "MemorySummary/TotalSystemMemoryGiB");

	if (!cJSON_IsNumber(gib) || !(gib->valuedouble > 0) ||
	    gib->valuedouble > 1e9)
		return 0;
	return (uint64_t)(gib->valuedouble * 1024 + 0.5);
}

void
rf_system_parse(struct redfish_state *st, const cJSON *system)
{
	char uuid[RF_UUID_CAP];
	const char *s = json_str(system, "UUID", NULL);

	rf_text_keep(&st->uuid, redfish_uuid_normal(s, uuid) ? uuid : s);
	rf_text_keep(&st->serial, json_str(system, "SerialNumber", NULL));
	rf_text_keep(&st->manufacturer, json_str(system, "Manufacturer", NULL));
	rf_text_keep(&st->model, json_str(system, "Model", NULL));
	rf_text_keep(&st->sku, json_str(system, "SKU", NULL));
	rf_text_keep(&st->bios_version, json_str(system, "BiosVersion", NULL));
	rf_text_keep(&st->system_name, json_str(system, "HostName", NULL));
	rf_text_keep(
	    &st->last_reset_time, json_str(system, "LastResetTime", NULL));
	st->power = rf_power_parse(json_str(system, "PowerState", NULL));
	parse_progress(st, system);
	parse_health(st, system);
	st->processors = count_of(system, "ProcessorSummary/Count");
	st->cores = count_of(system, "ProcessorSummary/CoreCount");
	rf_text_keep(&st->processor_model,
	    json_str(system, "ProcessorSummary/Model", NULL));
	st->memory_mib = memory_mib(system);
	st->tpm = parse_tpm(system);
	st->parts |= RF_READ_SYSTEM;
}

/* The first target that is there: AMI keeps Links, Huawei calls it Managers
 * (rule 12). */
static const char *
first_ref(const cJSON *system, const char *const *paths, size_t n)
{
	const cJSON *item;
	const char *ref;
	size_t i;

	for (i = 0; i < n; i++)
		cJSON_ArrayForEach (item, json_arr(system, paths[i])) {
			ref = json_str(item, "@odata.id", NULL);
			if (ref)
				return ref;
		}
	return NULL;
}

void
rf_system_links(struct rf_links *l, unsigned *values, const char *origin,
    const cJSON *system)
{
	static const char *const managers[] = { "Links/ManagedBy",
		"Links/Managers" };
	static const char *const chassis[] = { "Links/Chassis" };
	const cJSON *reset = json_obj(system, "Actions/#ComputerSystem.Reset");
	const struct {
		char **dst;
		const char *path;
	} refs[] = {
		{ &l->settings, "@Redfish.Settings/SettingsObject/@odata.id" },
		{ &l->system_media, "VirtualMedia/@odata.id" },
		{ &l->share_media,
		    "Actions/Oem/#FTSComputerSystem.VirtualMedia/target" },
		{ &l->boot_options, "Boot/BootOptions/@odata.id" },
		{ &l->ethernet, "EthernetInterfaces/@odata.id" },
		{ &l->storage, "Storage/@odata.id" },
		{ &l->simple_storage, "SimpleStorage/@odata.id" },
		{ &l->processors, "Processors/@odata.id" },
		{ &l->memory, "Memory/@odata.id" },
		{ &l->secure_boot, "SecureBoot/@odata.id" },
		{ &l->logs, "LogServices/@odata.id" },
	};
	size_t i;

	for (i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
		rf_text_keep_link(
		    refs[i].dst, origin, json_str(system, refs[i].path, NULL));
	rf_text_keep_link(&l->manager, origin, first_ref(system, managers, 2));
	rf_text_keep_link(&l->chassis, origin, first_ref(system, chassis, 1));
	rf_text_keep_link(
	    &l->reset_target, origin, json_str(reset, "target", NULL));
	rf_text_keep_link(&l->reset_info, origin,
	    json_str(reset, "@Redfish.ActionInfo", NULL));
	*values = rf_reset_values(reset);
}

bool
rf_system_is_host(const cJSON *system)
{
	return json_obj(system, "Boot") != NULL &&
	       json_str(system, "Actions/#ComputerSystem.Reset/target", NULL) !=
		   NULL;
}

bool
rf_system_matches(const cJSON *system, const char *uri, const char *id)
{
	const char *serial = json_str(system, "SerialNumber", NULL);

	return str_eq(uri, id) || rf_text_segment_is(uri, id) ||
	       str_eq(json_str(system, "Id", NULL), id) ||
	       redfish_uuid_same(json_str(system, "UUID", NULL), id) ||
	       (!redfish_serial_placeholder(serial) && str_eq(serial, id));
}

void
rf_slots_fini(struct redfish_slot *slots, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		xfree(slots[i].uri);
		xfree(slots[i].id);
		xfree(slots[i].image);
		xfree(slots[i].image_name);
		xfree(slots[i].connected_via);
	}
	xfree(slots);
}

void
rf_state_fini(struct redfish_state *st)
{
	char **const all[] = { &st->uuid, &st->serial, &st->manufacturer,
		&st->model, &st->sku, &st->bios_version, &st->last_reset_time,
		&st->progress_oem, &st->progress_time, &st->boot.target,
		&st->health_causes[0], &st->health_causes[1],
		&st->health_causes[2], &st->health_causes[3],
		&st->processor_model, &st->media_missing, &st->reset_missing,
		&st->system_name, &st->host_name };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		xfree(*all[i]);
	for (i = 0; i < RF_CAUSES_MAX; i++)
		xfree(st->health_parts[i]);
	for (i = 0; i < RF_ADDRESSES_MAX; i++)
		xfree(st->addresses[i]);
	rf_slots_fini(st->slots, st->n_slots);
	memset(st, 0, sizeof(*st));
}
