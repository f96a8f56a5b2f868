/* See machine.h. The codec from JSON to the view. */
#include "agent/control/machine.h"

#include <string.h>

#include "agent/control/names.h"
#include "agent/kube/object.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

static enum evidence_kind
machine_evidence(const char *s)
{
	static const char *const names[] = {
		[EVIDENCE_AUTO] = "Auto",
		[EVIDENCE_REPORT] = "Report",
		[EVIDENCE_BOOT_PROGRESS] = "BootProgress",
		[EVIDENCE_NODE] = "Node",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_eq(s, names[i]))
			return (enum evidence_kind)i;
	return EVIDENCE_AUTO;
}

/* The CRD bounds these; an object that was stored before it did must still
 * not make a deadline of zero or a budget without end. */
static int64_t
machine_bounded(
    const cJSON *spec, const char *path, int64_t dflt, int64_t min, int64_t max)
{
	int64_t v = json_i64(spec, path, dflt);

	return v < min ? min : v > max ? max : v;
}

static void
machine_read_spec(struct machine *m, const cJSON *s)
{
	m->provider_id = json_str(s, "providerID", NULL);
	m->image_url = json_str(s, "image/url", NULL);
	m->image_kind = str_eq(json_str(s, "image/kind", NULL), "Live")
			    ? IMAGE_LIVE
			    : IMAGE_INSTALLER;
	m->eject_when_up = json_bool(s, "image/ejectWhenUp", false);
	m->boot_mode = json_str(s, "bootMode", NULL);
	m->evidence =
	    machine_evidence(json_str(s, "completion/evidence", NULL));
	m->timeout_s =
	    machine_bounded(s, "completion/timeoutSeconds", 3600, 1, 7 * 86400);
	m->max_attempts =
	    (int)machine_bounded(s, "completion/maxAttempts", 3, 1, 100);
	m->graceful_s =
	    machine_bounded(s, "release/gracefulSeconds", 120, 0, 3600);
	m->min_cores = json_i64(s, "hardwareRequirements/minCores", 0);
	m->min_memory_gib = json_i64(s, "hardwareRequirements/minMemoryGiB", 0);
	m->min_drive_gb = json_i64(s, "hardwareRequirements/minDriveGB", 0);
	m->min_drives = json_i64(s, "hardwareRequirements/minDrives", 0);
	m->architecture =
	    json_str(s, "hardwareRequirements/architecture", NULL);
}

static const struct typecheck machine_types[] = {
	{ "spec", TYPE_OBJ },
	{ "spec/providerID", TYPE_STR },
	{ "spec/image", TYPE_OBJ },
	{ "spec/image/url", TYPE_STR },
	{ "spec/image/checksum", TYPE_STR },
	{ "spec/image/kind", TYPE_STR },
	{ "spec/image/ejectWhenUp", TYPE_BOOL },
	{ "spec/bootMode", TYPE_STR },
	{ "spec/userData", TYPE_OBJ },
	{ "spec/userData/delivery", TYPE_STR },
	{ "spec/hostSelector", TYPE_OBJ },
	{ "spec/hostSelector/matchLabels", TYPE_OBJ },
	{ "spec/hostSelector/matchExpressions", TYPE_ARR },
	{ "spec/hardwareRequirements", TYPE_OBJ },
	{ "spec/hardwareRequirements/minCores", TYPE_INT },
	{ "spec/hardwareRequirements/minMemoryGiB", TYPE_INT },
	{ "spec/hardwareRequirements/minDriveGB", TYPE_INT },
	{ "spec/hardwareRequirements/minDrives", TYPE_INT },
	{ "spec/hardwareRequirements/architecture", TYPE_STR },
	{ "spec/completion", TYPE_OBJ },
	{ "spec/completion/evidence", TYPE_STR },
	{ "spec/completion/timeoutSeconds", TYPE_INT },
	{ "spec/completion/maxAttempts", TYPE_INT },
	{ "spec/release", TYPE_OBJ },
	{ "spec/release/gracefulSeconds", TYPE_INT },
};

static void
machine_check(struct machine *m)
{
	struct err e = { 0 };

	if (!typecheck(m->tree, machine_types,
		sizeof(machine_types) / sizeof(*machine_types), m->wrong))
		return;
	if (str_empty(m->image_url))
		(void)str_copy(
		    m->wrong, sizeof(m->wrong), "spec.image.url is missing");
	else if (!kobj_selector_valid(machine_selector(m), &e))
		(void)str_format(m->wrong, sizeof(m->wrong),
		    "spec.hostSelector: %.100s", e.msg);
}

void
machine_view_init(struct machine *m, const char *key, const struct cJSON *tree)
{
	const cJSON *owner = kobj_owner(tree, "Machine", CAPI_GROUP);

	memset(m, 0, sizeof(*m));
	m->tree = tree;
	m->key = xstrdup(key);
	m->ns = kobj_ns(tree);
	m->name = kobj_name(tree);
	m->uid = kobj_uid(tree);
	m->rv = kobj_rv(tree);
	m->generation = kobj_generation(tree);
	m->deleting = kobj_deleting(tree);
	m->for_move = kobj_annotation(tree, ANN_DELETE_FOR_MOVE) != NULL;
	m->paused = kobj_annotation(tree, ANN_PAUSED) != NULL;
	m->has_finalizer = kobj_has_finalizer(tree, FINALIZER_MACHINE);
	m->claim_id = kobj_annotation(tree, ANN_CLAIM_ID);
	m->cluster = kobj_label(tree, LABEL_CLUSTER_NAME);
	m->owner = json_str(owner, "name", NULL);
	machine_read_spec(m, json_obj(tree, "spec"));
	machine_check(m);
	m->provisioned =
	    json_bool(tree, "status/initialization/provisioned", false);
	m->host_ref = json_str(tree, "status/hostRef/name", NULL);
}

void
machine_view_fini(struct machine *m)
{
	json_drop(m->tree);
	xfree(m->key);
	memset(m, 0, sizeof(*m));
}

const struct cJSON *
machine_selector(const struct machine *m)
{
	return json_at(m->tree, "spec/hostSelector");
}

/* hardwareRequirements against what the inspection found. */
static bool
machine_hardware_fits(const struct machine *m, const cJSON *host)
{
	const cJSON *d = json_obj(host, "status/hardwareDetails"), *drive;
	int64_t drives = 0;

	cJSON_ArrayForEach (drive, json_arr(d, "drives"))
		if (json_i64(drive, "capacityGB", 0) >= m->min_drive_gb)
			drives++;
	return json_i64(d, "processors/cores", 0) >= m->min_cores &&
	       json_i64(d, "memoryGiB", 0) >= m->min_memory_gib &&
	       drives >= m->min_drives &&
	       (m->min_drive_gb == 0 || drives > 0) &&
	       (m->architecture == NULL ||
		   str_eq(json_str(d, "architecture", NULL), m->architecture));
}

bool
machine_choosy(const struct machine *m)
{
	return machine_selector(m) != NULL || m->min_cores > 0 ||
	       m->min_memory_gib > 0 || m->min_drive_gb > 0 ||
	       m->min_drives > 0 || m->architecture != NULL;
}

bool
machine_fits(const struct machine *m, const struct cJSON *host)
{
	return machine_hardware_fits(m, host) &&
	       (machine_selector(m) == NULL ||
		   kobj_selector_matches(machine_selector(m), host, NULL));
}
