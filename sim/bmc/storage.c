/* See storage.h; and the Volume and StorageController resources. */
#include "sim/bmc/storage.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/task.h"
#include "sim/bmc/view.h"

#define STORAGE V1 "/Systems/{S}/Storage/1"
#define VOLUMES_MAX 16
#define BYTES_PER_GB 1000000000LL
#define INITIALIZE "#Volume.Initialize"
#define FAST_MS 5000
#define SLOW_MS 120000

static const char *const raid_types[] = { "RAID0", "RAID1", "RAID5", "RAID10",
	NULL };
static const unsigned raid_drives[] = { 1, 2, 3, 4 };

struct volume {
	unsigned id; /* 0 = there is none */
	int raid;
	uint32_t drives; /* bits by number, from 1 */
	int64_t bytes;
	char name[40];
	bool system; /* the disk image is on it */
	bool waits;  /* for the next POST */
	char task[24], initializes[24];
	struct timer timer;
	struct bmc *b;
	bool init_busy;
};

struct storage {
	struct volume v[VOLUMES_MAX];
	unsigned last_id;
};

/* ---- what there is ------------------------------------------------------ */

static int64_t
capacity(const struct bmc *b, int raid, unsigned n)
{
	int64_t drive = b->profile->drive_gb * BYTES_PER_GB;

	switch (raid) {
	case 1:
		return drive;
	case 2:
		return drive * (n - 1);
	case 3:
		return drive * (n / 2);
	default:
		return drive * n;
	}
}

/* What a machine leaves the factory with. */
static void
factory(const struct bmc *b, struct volume *v)
{
	unsigned n = b->profile->drives > 1 ? 2 : (unsigned)b->profile->drives;

	memset(v, 0, sizeof(*v));
	if (!n)
		return;
	v->id = 1;
	v->raid = n == 2 ? 1 : 0;
	v->drives = n == 2 ? 6 : 2;
	v->bytes = capacity(b, v->raid, n);
	v->system = true;
	(void)str_copy(v->name, sizeof(v->name), "Volume 1");
}

static struct storage *
storage_of(struct bmc *b)
{
	if (b->storage)
		return b->storage;
	b->storage = xcalloc(1, sizeof(*b->storage));
	factory(b, &b->storage->v[0]);
	b->storage->last_id = 1;
	return b->storage;
}

/* A copy of the volume; false if there is none (yet). */
static bool
get(const struct bmc *b, const char *id, struct volume *out)
{
	int64_t n;

	if (!str_to_i64(id, &n))
		return false;
	if (!b->storage) {
		factory(b, out);
		return out->id && out->id == n;
	}
	for (size_t i = 0; i < VOLUMES_MAX; i++) {
		*out = b->storage->v[i];
		if (out->id && out->id == n && !out->waits)
			return true;
	}
	return false;
}

static struct volume *
find(struct bmc *b, const char *id)
{
	struct storage *s = storage_of(b);
	int64_t n = 0;

	(void)str_to_i64(id, &n); /* exists() was asked before */
	for (size_t i = 0; i < VOLUMES_MAX; i++)
		if (s->v[i].id && s->v[i].id == n)
			return &s->v[i];
	return NULL;
}

static void
drop(struct volume *v)
{
	timer_stop(&v->timer);
	memset(v, 0, sizeof(*v));
}

void
storage_free(struct bmc *b)
{
	for (size_t i = 0; b->storage && i < VOLUMES_MAX; i++)
		drop(&b->storage->v[i]);
	xfree(b->storage);
	b->storage = NULL;
}

/* What was on it is gone. */
static void
wiped(struct bmc *b, const struct volume *v)
{
	if (v->system)
		machine_wipe_disk(b);
}

static uint32_t
used(const struct bmc *b)
{
	struct volume v;
	uint32_t bits = 0;

	if (!b->storage) {
		factory(b, &v);
		return v.drives;
	}
	for (size_t i = 0; i < VOLUMES_MAX; i++)
		bits |= b->storage->v[i].drives;
	return bits;
}

void
storage_post(struct bmc *b)
{
	for (size_t i = 0; b->storage && i < VOLUMES_MAX; i++) {
		struct volume *v = &b->storage->v[i];
		struct task *t = v->waits ? task_get(b, v->task) : NULL;

		v->waits = false;
		if (t)
			task_end(b, t, true, "Success", "The volume is made.");
	}
}

/* ---- views -------------------------------------------------------------- */

static void
view_controllers(struct request *rq, struct jw *w)
{
	view_members(w, "Storage Controllers");
	jw_ref(w, NULL, "%s/1", rq->path);
	view_members_end(w, 1);
}

static void
view_controller(struct request *rq, struct jw *w)
{
	view_names(w, "1", "Controller");
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_s(w, "Model", "RAID 1");
	jw_sf(w, "SerialNumber", "R%s", rq->b->hw.serial);
	jw_s(w, "FirmwareVersion", "4.5");
	jw_list(w, "SupportedControllerProtocols");
	jw_s(w, NULL, "PCIe");
	jw_end(w);
	jw_list(w, "SupportedDeviceProtocols");
	jw_s(w, NULL, "NVMe");
	jw_end(w);
	jw_list(w, "SupportedRAIDTypes");
	for (size_t i = 0; raid_types[i]; i++)
		jw_s(w, NULL, raid_types[i]);
	jw_end(w);
	view_status(w, false);
}

static void
view_volumes(struct request *rq, struct jw *w)
{
	const struct storage *s = rq->b->storage;
	struct volume v;
	long n = 0;

	view_members(w, "Volumes");
	factory(rq->b, &v);
	if (!s && v.id) {
		jw_ref(w, NULL, "%s/1", rq->path);
		n++;
	}
	for (size_t i = 0; s && i < VOLUMES_MAX; i++)
		if (s->v[i].id && !s->v[i].waits) {
			jw_ref(w, NULL, "%s/%u", rq->path, s->v[i].id);
			n++;
		}
	view_members_end(w, n);
	jw_open(w, "@Redfish.OperationApplyTimeSupport");
	jw_s(w, "@odata.type", "#Settings.v1_3_5.OperationApplyTimeSupport");
	jw_list(w, "SupportedValues");
	jw_s(w, NULL, "Immediate");
	jw_s(w, NULL, "OnReset");
	jw_end(w);
	jw_close(w);
}

static bool
exists(struct request *rq)
{
	struct volume v;

	return get(rq->b, rq->arg[0], &v);
}

static void
view_volume(struct request *rq, struct jw *w)
{
	struct volume v;
	long n = 0;

	if (!get(rq->b, rq->arg[0], &v))
		return; /* exists() was asked before */
	jw_sf(w, "Id", "%u", v.id);
	jw_s(w, "Name", v.name);
	jw_s(w, "DisplayName", v.name);
	jw_s(w, "RAIDType", raid_types[v.raid]);
	jw_i(w, "CapacityBytes", v.bytes);
	jw_i(w, "BlockSizeBytes", 512);
	jw_b(w, "Encrypted", false);
	view_status(w, false);
	jw_open(w, "Links");
	jw_list(w, "Drives");
	for (unsigned i = 1; i < 32; i++)
		if (v.drives & 1u << i) {
			jw_ref(w, NULL, CHA "/Drives/%u", rq->b->cha_id, i);
			n++;
		}
	jw_end(w);
	jw_i(w, "Drives@odata.count", n);
	jw_close(w);
	jw_open(w, "Actions");
	view_action(rq, w, "Volume.Initialize");
	jw_list(w, "InitializeType@Redfish.AllowableValues");
	jw_s(w, NULL, "Fast");
	jw_s(w, NULL, "Slow");
	jw_end(w);
	jw_close(w);
	jw_close(w);
}

void
storage_drive_volumes(struct request *rq, struct jw *w, unsigned drive)
{
	const struct storage *s = rq->b->storage;
	struct volume v;
	size_t n = s ? VOLUMES_MAX : 1;

	if (!(rq->p->services & SERVICE_VOLUMES))
		return;
	jw_list(w, "Volumes");
	for (size_t i = 0; i < n; i++) {
		if (s)
			v = s->v[i];
		else
			factory(rq->b, &v);
		if (v.id && !v.waits && (v.drives & 1u << drive))
			jw_ref(w, NULL, SYS "/Storage/1/Volumes/%u",
			    rq->b->sys_id, v.id);
	}
	jw_end(w);
}

/* ---- made --------------------------------------------------------------- */

static struct volume *
stage(struct request *rq)
{
	return rq->stage;
}

static bool
set_raid(struct request *rq, const cJSON *v)
{
	return patch_enum(rq, "RAIDType", v, raid_types, &stage(rq)->raid);
}

static bool
set_bytes(struct request *rq, const cJSON *v)
{
	return patch_int(
	    rq, "CapacityBytes", v, 1 << 20, 1LL << 52, &stage(rq)->bytes);
}

static bool
set_name(struct request *rq, const cJSON *v)
{
	return patch_str(
	    rq, v->string, v, stage(rq)->name, sizeof(stage(rq)->name));
}

/* The drive that a reference names; 0 = none of ours. */
static unsigned
drive_of(const struct request *rq, const cJSON *ref)
{
	const char *uri = json_str(ref, "@odata.id", "");
	char base[160];
	int64_t n = 0;

	(void)str_format(base, sizeof(base), CHA "/Drives/", rq->b->cha_id);
	if (!str_has_prefix(uri, base) || !str_to_i64(uri + strlen(base), &n) ||
	    n < 1 || n > rq->p->drives)
		return 0;
	return (unsigned)n;
}

static bool
set_drives(struct request *rq, const cJSON *v)
{
	const cJSON *c;

	if (!cJSON_IsArray(v) || !v->child) {
		request_say(rq, REF_PROPERTY_TYPE, "Links/Drives", "(no list)",
		    "Drives", NULL);
		return false;
	}
	cJSON_ArrayForEach (c, v) {
		unsigned n = drive_of(rq, c);

		if (!n) {
			request_say(rq, REF_PROPERTY_VALUE, "Links/Drives",
			    json_str(c, "@odata.id", "(no reference)"),
			    "Drives", NULL);
			return false;
		}
		stage(rq)->drives |= 1u << n;
	}
	return true;
}

static unsigned
count_bits(uint32_t bits)
{
	unsigned n = 0;

	for (; bits; bits &= bits - 1)
		n++;
	return n;
}

/* What is not said is as many free drives as it needs. */
static uint32_t
free_drives(const struct bmc *b, unsigned need)
{
	uint32_t taken = used(b), bits = 0;

	for (unsigned i = 1; i <= b->profile->drives; i++)
		if (!(taken & 1u << i) && count_bits(bits) < need)
			bits |= 1u << i;
	return bits;
}

static bool
fits(struct request *rq, struct volume *v)
{
	unsigned n;
	int64_t room;

	if (!v->drives)
		v->drives = free_drives(rq->b, raid_drives[v->raid]);
	n = count_bits(v->drives);
	if (n < raid_drives[v->raid] || (v->raid == 1 && n != 2) ||
	    (v->raid == 3 && n % 2))
		return request_refuse(rq, REF_PROPERTY_CONFLICT, "RAIDType",
		    "RAIDType", "Drives", NULL);
	if (v->drives & used(rq->b))
		return request_refuse(
		    rq, REF_DRIVE_IN_USE, "Links/Drives", NULL, NULL, NULL);
	room = capacity(rq->b, v->raid, n);
	if (!v->bytes)
		v->bytes = room;
	return v->bytes <= room ||
	       request_refuse(rq, REF_PROPERTY_RANGE, "CapacityBytes",
		   "(too large)", "CapacityBytes", NULL);
}

static struct volume *
free_place(struct storage *s)
{
	for (size_t i = 0; i < VOLUMES_MAX; i++)
		if (!s->v[i].id)
			return &s->v[i];
	return NULL;
}

static void
commit_create(struct request *rq)
{
	bool on_reset = str_eq(
	    json_str(rq->json, "@Redfish.OperationApplyTime", NULL), "OnReset");
	struct volume *v = stage(rq), *place;
	struct storage *s;
	struct task *t;

	if (!fits(rq, v))
		return;
	if (rq->dry) {
		request_done(rq);
		return;
	}
	s = storage_of(rq->b);
	place = free_place(s);
	if (!place) {
		request_refuse(rq, REF_CREATE_LIMIT, NULL, NULL, NULL, NULL);
		return;
	}
	*place = *v;
	place->id = ++s->last_id;
	place->b = rq->b;
	if (!place->name[0])
		(void)str_format(
		    place->name, sizeof(place->name), "Volume %u", place->id);
	if (!on_reset) {
		request_created(rq, "%s/%u", rq->path, place->id);
		return;
	}
	place->waits = true;
	t = task_new(rq->b, "Create volume");
	(void)str_copy(place->task, sizeof(place->task), t->id);
	task_reply(rq, t);
}

static const struct patch_row create_rows[] = {
	{ "RAIDType", set_raid, true },
	{ "CapacityBytes", set_bytes, false },
	{ "Name", set_name, false },
	{ "DisplayName", set_name, false },
	{ "Links/Drives", set_drives, false },
};
static const struct create_def create = { create_rows,
	sizeof(create_rows) / sizeof(create_rows[0]), commit_create };

static void
post_volume(struct request *rq)
{
	struct volume v = { 0 };

	create_run(rq, &create, &v);
}

static void
delete_volume(struct request *rq)
{
	struct volume *v;

	if (rq->dry) {
		request_done(rq);
		return;
	}
	v = find(rq->b, rq->arg[0]);
	if (v && v->init_busy) {
		request_refuse(rq, REF_BUSY, NULL, "5", NULL, NULL);
		return;
	}
	if (v) {
		wiped(rq->b, v);
		drop(v);
	}
	request_done(rq);
}

static bool
commit_patch(struct request *rq)
{
	struct volume *v = find(rq->b, rq->arg[0]);

	if (v && !rq->dry)
		memcpy(v->name, stage(rq)->name, sizeof(v->name));
	return true;
}

static const struct patch_row patch_rows[] = {
	{ "DisplayName", set_name, false },
};
static const struct patch_def patch = { patch_rows, 1, commit_patch };

static void
patch_volume(struct request *rq)
{
	struct volume v = { 0 };

	patch_run(rq, &patch, &v);
}

/* ---- Initialize --------------------------------------------------------- */

static void
initialized(void *arg)
{
	struct volume *v = arg;
	struct task *t = task_get(v->b, v->initializes);

	v->init_busy = false;
	if (t)
		task_end(v->b, t, true, "Success", "The volume is empty.");
}

static void
initialize(struct request *rq)
{
	const char *type =
	    rq->json ? json_str(rq->json, "InitializeType", "Fast") : "Fast";
	bool slow = str_eq(type, "Slow");
	struct volume *v;
	struct task *t;

	if (!slow && !str_eq(type, "Fast")) {
		request_refuse(rq, REF_PARAMETER_VALUE, "InitializeType", type,
		    "InitializeType", INITIALIZE);
		return;
	}
	v = rq->dry ? NULL : find(rq->b, rq->arg[0]);
	if (!v) {
		request_done(rq);
		return;
	}
	if (v->init_busy) {
		request_refuse(rq, REF_BUSY, NULL, "5", NULL, NULL);
		return;
	}
	v->b = rq->b;
	v->init_busy = true;
	wiped(rq->b, v);
	t = task_new(rq->b, "Initialize volume");
	(void)str_copy(v->initializes, sizeof(v->initializes), t->id);
	timer_start(bmc_loop(rq->b), &v->timer,
	    bmc_us(rq->b, slow ? SLOW_MS : FAST_MS), initialized, v);
	task_reply(rq, t);
}

const struct route storage_routes[] = {
	ROUTE_LIST(STORAGE "/Controllers", "StorageController",
	    view_controllers, NULL),
	ROUTE_READ(STORAGE "/Controllers/1", "StorageController", "v1_7_0",
	    view_controller, OP_READ_INVENTORY, NULL),
	{ .pattern = STORAGE "/Volumes",
	    .schema = "VolumeCollection",
	    .flags = ROUTE_COLLECTION,
	    .get = view_volumes,
	    .post = post_volume,
	    .op_get = OP_READ_COLLECTION,
	    .op_post = OP_VOLUME },
	{ .pattern = STORAGE "/Volumes/*",
	    .schema = "Volume",
	    .version = "v1_9_0",
	    .get = view_volume,
	    .patch = patch_volume,
	    .del = delete_volume,
	    .op_get = OP_READ_INVENTORY,
	    .op_patch = OP_VOLUME,
	    .op_delete = OP_VOLUME,
	    .exists = exists },
	ROUTE_DO(STORAGE "/Volumes/*/Actions/Volume.Initialize", initialize,
	    OP_VOLUME, exists),
	{ .pattern = NULL },
};
