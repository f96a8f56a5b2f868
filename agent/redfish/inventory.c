#include "agent/redfish/parts.h"
#include "agent/redfish/survey.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"

/*
 * What the system is made of. First where it is as a rule, then, for what is
 * still missing, where else it may be.
 */
#define CPUS_MAX 16
#define DIMMS_MAX 64
#define STORAGES_MAX 8
#define DRIVES_MAX 32
#define ADAPTERS_MAX 8
#define TPMS_MAX 4

static struct redfish_inventory *
inv_of(struct redfish *rf)
{
	return rf->op->inventory;
}

/* ---- where it is as a rule -------------------------------------------------- */

static void
take_manager(struct redfish *rf, const cJSON *j)
{
	rf_parts_manager(inv_of(rf), j);
}

static void
take_processor(struct redfish *rf, const cJSON *j)
{
	rf_parts_processor(inv_of(rf), j);
}

static void
take_nic(struct redfish *rf, const cJSON *j)
{
	rf_parts_nic(inv_of(rf), j);
}

static void
take_drive(struct redfish *rf, const cJSON *j)
{
	rf_parts_drive(inv_of(rf), j);
}

static void
take_storage(struct redfish *rf, const cJSON *j)
{
	rf_survey_each(rf, take_drive, json_arr(j, "Drives"), DRIVES_MAX);
}

static void
take_secure_boot(struct redfish *rf, const cJSON *j)
{
	rf_parts_secure_boot(inv_of(rf), j);
}

/* ---- where else it may be --------------------------------------------------- */

static void
take_memory(struct redfish *rf, const cJSON *j)
{
	rf_parts_memory(inv_of(rf), j);
}

static void
take_simple(struct redfish *rf, const cJSON *j)
{
	rf_parts_simple(inv_of(rf), j);
}

static void
take_tpm(struct redfish *rf, const cJSON *j)
{
	rf_parts_trusted(inv_of(rf), j);
}

static void
take_function(struct redfish *rf, const cJSON *j)
{
	rf_parts_function(inv_of(rf), j);
}

/* The names that NetworkAdapter's versions have for what has the MACs. */
static void
take_adapter(struct redfish *rf, const cJSON *j)
{
	static const char *const paths[] = { "NetworkDeviceFunctions/@odata.id",
		"Ports/@odata.id", "NetworkPorts/@odata.id" };
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (json_str(j, paths[i], NULL)) {
			rf_survey_list(rf, take_function,
			    json_str(j, paths[i], NULL), ADAPTERS_MAX, 1);
			return;
		}
}

static void
take_chassis(struct redfish *rf, const cJSON *j)
{
	struct redfish_inventory *inv = inv_of(rf);

	if (inv->n_nics == 0)
		rf_survey_list(rf, take_adapter,
		    json_str(j, "NetworkAdapters/@odata.id", NULL),
		    ADAPTERS_MAX, 1);
	if (inv->n_drives == 0)
		rf_survey_list(rf, take_drive,
		    json_str(j, "Drives/@odata.id", NULL), DRIVES_MAX, 1);
	if (inv->tpm == RF_UNSAID)
		rf_survey_list(rf, take_tpm,
		    json_str(j, "TrustedComponents/@odata.id", NULL), TPMS_MAX,
		    1);
}

/* Each of these is asked for only where something is still missing. */
static void
missing(struct redfish *rf)
{
	const struct redfish_inventory *inv = inv_of(rf);

	if (rf->state.memory_mib == 0 && inv->memory_mib == 0)
		rf_survey_list(rf, take_memory, rf->links.memory, DIMMS_MAX, 1);
	/* They overlap. */
	if (inv->n_drives == 0)
		rf_survey_list(
		    rf, take_simple, rf->links.simple_storage, STORAGES_MAX, 1);
	/* TrustedModules of the system gave way to the chassis' components. */
	if (inv->n_nics == 0 || inv->n_drives == 0 || inv->tpm == RF_UNSAID)
		rf_survey_add(rf, take_chassis, rf->links.chassis);
}

static void
walked(struct redfish *rf)
{
	rf_step_fn *then = rf->op->after_survey;

	rf->op->inventory->truncated |= rf_survey_truncated(rf);
	rf->state.parts |= RF_READ_INVENTORY;
	then(rf);
}

void
rf_inventory(struct redfish *rf, rf_step_fn *then)
{
	struct rf_op *op = rf->op;
	struct redfish_inventory *inv = xcalloc(1, sizeof(*inv));

	op->after_survey = then;
	op->inventory = inv;
	inv->tpm = rf->state.tpm;
	rf_text_keep(&inv->vendor, rf->service.vendor);
	rf_text_keep(&inv->product, rf->service.product);
	rf_text_keep(&inv->redfish_version, rf->service.redfish_version);
	rf_survey_begin(rf, rf->max_requests, missing, walked);
	rf_survey_add(rf, take_manager, rf->links.manager);
	/* One tells the architecture; all, where there is no summary. */
	rf_survey_list(rf, take_processor, rf->links.processors,
	    rf->state.cores > 0 ? 2 : CPUS_MAX, 1);
	rf_survey_list(rf, take_nic, rf->links.ethernet, RF_NICS_MAX, 1);
	rf_survey_list(rf, take_storage, rf->links.storage, STORAGES_MAX, 2);
	rf_survey_add(rf, take_secure_boot, rf->links.secure_boot);
	rf_survey_run(rf);
}
