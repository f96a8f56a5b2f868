#include <string.h>

#include "agent/redfish/survey.h"
#include "agent/redfish/system.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"

/*
 * Which part makes a system unhealthy: its rollup says only that one does. Each
 * part tells its own Status; what a log says last comes after them. Asked for
 * when the health has become worse, not at every look.
 */
#define HEALTH_BUDGET 48
#define MEMBERS_MAX 16
#define LOG_LINES 2

static void
cause(struct redfish *rf, const char *what, const char *name,
    const char *health, const char *text)
{
	char **list = rf->state.health_parts;
	char line[RF_TEXT_MAX], words[81];
	size_t n;

	rf_text_sentence(words, sizeof(words), text);
	(void)str_format(line, sizeof(line), "%s%s%.48s: %s%s%s", what,
	    str_empty(name) ? "" : " ", name ? name : "", health,
	    words[0] == '\0' ? "" : ": ", words);
	for (n = 0; n < RF_CAUSES_MAX && list[n]; n++)
		if (str_eq(list[n], line))
			return; /* reached by two ways */
	if (n < RF_CAUSES_MAX)
		rf_text_keep(&list[n], line);
}

static void
judge_as(
    struct redfish *rf, const char *what, const cJSON *j, enum redfish_health h)
{
	const cJSON *c = json_arr(j, "Status/Conditions");
	const char *text;

	if (h <= RF_HEALTH_OK)
		return;
	c = c ? c->child : NULL;
	text = json_str(c, "Message", json_str(c, "MessageId", NULL));
	cause(rf, what, json_str(j, "Name", json_str(j, "Id", NULL)),
	    redfish_health_name(h), text);
}

static void
judge(struct redfish *rf, const char *what, const cJSON *j)
{
	judge_as(rf, what, j, rf_health_of(j));
}

/* What is above parts that are judged themselves: not by its rollup. */
static void
judge_own(struct redfish *rf, const char *what, const cJSON *j)
{
	judge_as(
	    rf, what, j, rf_health_named(json_str(j, "Status/Health", NULL)));
}

#define PART(fn, what) \
	static void fn(struct redfish *rf, const cJSON *j) \
	{ \
		judge(rf, what, j); \
	}
PART(take_processor, "processor")
PART(take_memory, "memory")
PART(take_nic, "network")
PART(take_drive, "drive")
PART(take_controller, "storage controller")
PART(take_volume, "volume")
PART(take_supply, "power supply")
PART(take_fan, "fan")
PART(take_manager, "BMC")

static void
judge_all(struct redfish *rf, const char *what, const cJSON *list)
{
	const cJSON *j;
	unsigned n = 0;

	cJSON_ArrayForEach (j, list)
		if (n++ < 256)
			judge(rf, what, j);
}

/* ---- storage ---------------------------------------------------------------- */

static void
take_storage(struct redfish *rf, const cJSON *j)
{
	enum redfish_health h = rf_health_of(j);

	judge_own(rf, "storage", j);
	judge_all(rf, "storage controller", json_arr(j, "StorageControllers"));
	/* One that is well as a whole has no part that is not. */
	if (h == RF_HEALTH_OK && json_str(j, "Status/HealthRollup", NULL))
		return;
	rf_survey_each(rf, take_drive, json_arr(j, "Drives"), MEMBERS_MAX);
	rf_survey_list(rf, take_controller,
	    json_str(j, "Controllers/@odata.id", NULL), 4, 1);
	rf_survey_list(
	    rf, take_volume, json_str(j, "Volumes/@odata.id", NULL), 4, 1);
}

/* ---- chassis ---------------------------------------------------------------- */

static void
take_power_subsystem(struct redfish *rf, const cJSON *j)
{
	judge_own(rf, "power", j);
	rf_survey_list(rf, take_supply,
	    json_str(j, "PowerSupplies/@odata.id", NULL), 8, 1);
}

static void
take_thermal_subsystem(struct redfish *rf, const cJSON *j)
{
	judge_own(rf, "cooling", j);
	rf_survey_list(
	    rf, take_fan, json_str(j, "Fans/@odata.id", NULL), MEMBERS_MAX, 1);
}

/* The resources that these two replaced have their parts inside. */
static void
take_power(struct redfish *rf, const cJSON *j)
{
	judge_all(rf, "power supply", json_arr(j, "PowerSupplies"));
	judge_all(rf, "voltage", json_arr(j, "Voltages"));
	judge_all(rf, "power redundancy", json_arr(j, "Redundancy"));
}

static void
take_thermal(struct redfish *rf, const cJSON *j)
{
	judge_all(rf, "fan", json_arr(j, "Fans"));
	judge_all(rf, "temperature", json_arr(j, "Temperatures"));
	judge_all(rf, "fan redundancy", json_arr(j, "Redundancy"));
}

static void
one_of(struct redfish *rf, const cJSON *j, rf_part_fn *now, const char *now_at,
    rf_part_fn *old, const char *old_at)
{
	const char *ref = json_str(j, now_at, NULL);

	rf_survey_add(
	    rf, ref ? now : old, ref ? ref : json_str(j, old_at, NULL));
}

static void
take_chassis(struct redfish *rf, const cJSON *j)
{
	judge_own(rf, "chassis", j);
	one_of(rf, j, take_power_subsystem, "PowerSubsystem/@odata.id",
	    take_power, "Power/@odata.id");
	one_of(rf, j, take_thermal_subsystem, "ThermalSubsystem/@odata.id",
	    take_thermal, "Thermal/@odata.id");
}

/* ---- logs ------------------------------------------------------------------- */

static bool
is_open_problem(const cJSON *j)
{
	const char *severity = json_str(j, "Severity", NULL);

	return !json_bool(j, "Resolved", false) &&
	       (str_ieq(severity, "Warning") || str_ieq(severity, "Critical"));
}

/* Some put the newest first, some last; times are compared as the texts of one
 * BMC, which has one way to write them. */
static bool
is_newer(const cJSON *a, const cJSON *b)
{
	return !b || strcmp(json_str(a, "Created", ""),
			 json_str(b, "Created", "")) > 0;
}

static void
keep_newest(const cJSON *best[LOG_LINES], const cJSON *j)
{
	size_t i = 0, k;

	while (i < LOG_LINES && !is_newer(j, best[i]))
		i++;
	if (i == LOG_LINES)
		return;
	for (k = LOG_LINES - 1; k > i; k--)
		best[k] = best[k - 1];
	best[i] = j;
}

static void
take_entries(struct redfish *rf, const cJSON *list)
{
	const cJSON *best[LOG_LINES] = { NULL }, *j;
	size_t i;

	cJSON_ArrayForEach (j, json_arr(list, "Members"))
		if (is_open_problem(j))
			keep_newest(best, j);
	for (i = 0; i < LOG_LINES && best[i]; i++)
		cause(rf, "log", json_str(best[i], "Created", NULL),
		    json_str(best[i], "Severity", ""),
		    json_str(best[i], "Message",
			json_str(best[i], "MessageId", NULL)));
}

static void
take_log(struct redfish *rf, const cJSON *j)
{
	rf_survey_add(rf, take_entries, json_str(j, "Entries/@odata.id", NULL));
}

/* ---- the walk --------------------------------------------------------------- */

/* Logs are read last: parts say what is so now, a log what was. */
static void
logs_too(struct redfish *rf)
{
	if (!rf->state.health_parts[RF_CAUSES_MAX - 1])
		rf_survey_list(rf, take_log, rf->links.logs, 2, 1);
}

static void
walked(struct redfish *rf)
{
	rf->state.parts |= RF_READ_HEALTH;
	rf->op->after_survey(rf);
}

void
rf_health(struct redfish *rf, rf_step_fn *then)
{
	size_t i;

	rf->op->after_survey = then;
	for (i = 0; i < RF_CAUSES_MAX; i++)
		rf_text_keep(&rf->state.health_parts[i], NULL);
	if (rf->state.health == RF_HEALTH_OK) {
		walked(rf);
		return;
	}
	rf_survey_begin(rf, HEALTH_BUDGET, logs_too, walked);
	rf_survey_optional(rf);
	rf_survey_list(
	    rf, take_processor, rf->links.processors, MEMBERS_MAX, 1);
	rf_survey_list(rf, take_memory, rf->links.memory, MEMBERS_MAX, 1);
	rf_survey_list(rf, take_storage, rf->links.storage, 4, 2);
	rf_survey_add(rf, take_chassis, rf->links.chassis);
	rf_survey_list(rf, take_nic, rf->links.ethernet, 4, 1);
	rf_survey_add(rf, take_manager, rf->links.manager);
	rf_survey_run(rf);
}
