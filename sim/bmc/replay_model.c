/* What in a recording is live: the system, its manager, slots, sessions. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/replay_tree.h"

#define V1 "/redfish/v1"
#define RESET "Actions/#ComputerSystem.Reset/target"
#define MANAGER_RESET "Actions/#Manager.Reset/target"
#define INSERT "Actions/#VirtualMedia.InsertMedia/target"
#define EJECT "Actions/#VirtualMedia.EjectMedia/target"

/* The key of a link in a resource; owned; NULL = none that leads anywhere. */
static char *
link_of(const cJSON *j, const char *path)
{
	char key[REPLAY_PATH];

	return replay_path(key, json_str(j, path, NULL)) ? xstrdup(key) : NULL;
}

static struct replay_resource *
resource(struct replay *r, const char *path)
{
	return path ? map_get(&r->tree, path) : NULL;
}

static void
is_a(struct replay *r, const char *path, enum replay_kind kind, unsigned slot)
{
	struct replay_resource *res = resource(r, path);

	if (res) {
		res->kind = kind;
		res->slot = slot;
	}
}

static void
action(struct replay *r, const char *path, enum replay_kind kind, unsigned slot)
{
	struct replay_resource *res;

	if (!path || map_get(&r->actions, path))
		return;
	res = xcalloc(1, sizeof(*res));
	res->kind = kind;
	res->slot = slot;
	(void)map_put(&r->actions, path, res); /* was absent */
}

static void
action_of(struct replay *r, const cJSON *j, const char *where,
    enum replay_kind kind, unsigned slot)
{
	char *target = link_of(j, where);

	action(r, target, kind, slot);
	xfree(target);
}

/* ---- the system ----------------------------------------------------------------- */

static bool
is_host(const cJSON *system)
{
	return json_obj(system, "Boot") && json_str(system, RESET, NULL);
}

/* The first that can be booted, as a client would choose; else the first. */
static void
choose_system(struct replay *r)
{
	char *list = link_of(replay_json(r, V1), "Systems/@odata.id"), *path;
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(replay_json(r, list), "Members")) {
		path = link_of(c, "@odata.id");
		if (is_host(replay_json(r, path))) {
			xfree(r->system);
			r->system = path;
			break;
		}
		if (!r->system && replay_json(r, path))
			xreplace(&r->system, path);
		xfree(path);
	}
	xfree(list);
}

static void
take_system(struct replay *r)
{
	const cJSON *j = replay_json(r, r->system);

	is_a(r, r->system, REPLAY_SYSTEM, 0);
	action_of(r, j, RESET, REPLAY_RESET, 0);
	r->settings = link_of(j, "@Redfish.Settings/SettingsObject/@odata.id");
	if (json_obj(replay_json(r, r->settings), "Boot"))
		is_a(r, r->settings, REPLAY_SETTINGS, 0);
	else
		xreplace(&r->settings, NULL);
}

/* ---- its manager ---------------------------------------------------------------- */

static void
take_manager(struct replay *r)
{
	char *list;

	r->manager =
	    link_of(replay_json(r, r->system), "Links/ManagedBy/0/@odata.id");
	if (!replay_json(r, r->manager)) {
		list = link_of(replay_json(r, V1), "Managers/@odata.id");
		xfree(r->manager);
		r->manager =
		    link_of(replay_json(r, list), "Members/0/@odata.id");
		xfree(list);
	}
	is_a(r, r->manager, REPLAY_MANAGER, 0);
	action_of(r, replay_json(r, r->manager), MANAGER_RESET,
	    REPLAY_MANAGER_RESET, 0);
}

/* ---- slots ------------------------------------------------------------------------ */

static bool
takes_cd(const cJSON *media)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(media, "MediaTypes"))
		if (str_eq(cJSON_GetStringValue(c), "CD") ||
		    str_eq(cJSON_GetStringValue(c), "DVD"))
			return true;
	return false;
}

static int
slot_called(const struct replay *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->n_slots; i++)
		if (str_eq(r->slots[i].id, id))
			return (int)i;
	return -1;
}

/* Huawei's own action, whatever the vendor's key is called; or NULL. */
static const cJSON *
vmm_control(const cJSON *media)
{
	const cJSON *vendor, *a;

	cJSON_ArrayForEach (vendor, json_obj(media, "Oem"))
		cJSON_ArrayForEach (a, json_obj(vendor, "Actions"))
			if (str_has_suffix(
				a->string, "VirtualMedia.VmmControl"))
				return a;
	return NULL;
}

static void
new_slot(struct replay *r, const char *id, const cJSON *media)
{
	struct replay_slot *s = &r->slots[r->n_slots];
	bool insert = json_str(media, INSERT, NULL) != NULL;
	bool eject = json_str(media, EJECT, NULL) != NULL;
	const cJSON *c;

	(void)str_copy(s->id, sizeof(s->id), id); /* a cut one is one, too */
	(void)str_copy(
	    s->name, sizeof(s->name), json_str(media, "Name", "Slot"));
	cJSON_ArrayForEach (c, json_arr(media, "MediaTypes"))
		if (cJSON_IsString(c) && s->types.n < 8)
			strlist_add(&s->types, c->valuestring);
	s->insert = insert || eject              ? SLOT_ACTION
		    : vmm_control(media)         ? SLOT_OEM
		    : json_child(media, "Image") ? SLOT_PATCH
						 : SLOT_NONE;
	r->any_inserts |= insert;
	r->any_ejects |= eject;
	r->n_slots++;
}

/* The same id below the system and its manager is the same slot. */
static void
take_slot(struct replay *r, const char *path)
{
	const cJSON *media = replay_json(r, path);
	char id[sizeof(r->slots[0].id)];
	int slot;

	(void)str_copy(id, sizeof(id), strrchr(path, '/') + 1);
	slot = slot_called(r, id);
	if (slot < 0) {
		if (r->n_slots == PROFILE_SLOTS)
			return;
		slot = (int)r->n_slots;
		new_slot(r, id, media);
	}
	is_a(r, path, REPLAY_MEDIA, (unsigned)slot);
	action_of(r, media, INSERT, REPLAY_INSERT, (unsigned)slot);
	action_of(r, media, EJECT, REPLAY_EJECT, (unsigned)slot);
	action_of(r, vmm_control(media), "target", REPLAY_VMM_CONTROL,
	    (unsigned)slot);
}

static void
take_slots(struct replay *r, const char *parent, bool cd)
{
	char *list = link_of(replay_json(r, parent), "VirtualMedia/@odata.id");
	char *path;
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(replay_json(r, list), "Members")) {
		path = link_of(c, "@odata.id");
		if (replay_json(r, path) &&
		    takes_cd(replay_json(r, path)) == cd)
			take_slot(r, path);
		xfree(path);
	}
	xfree(list);
}

/*
 * Some show InsertMedia only while empty and EjectMedia only while full
 * (Supermicro): the other one stands beside it.
 */
static void
find_hidden_actions(struct replay *r)
{
	struct map shown = r->actions;
	size_t i, n = shown.n;
	struct {
		char *path;
		enum replay_kind kind;
		unsigned slot;
	} *found = xcalloc(n + 1, sizeof(*found));
	size_t n_found = 0;

	for (i = 0; i < n; i++) {
		const struct replay_resource *a = shown.v[i].value;
		const char *key = shown.v[i].key, *dot = strrchr(key, '.');
		bool insert = a->kind == REPLAY_INSERT;

		if ((!insert && a->kind != REPLAY_EJECT) || !dot)
			continue;
		found[n_found].path = xasprintf("%.*s.%s", (int)(dot - key),
		    key, insert ? "EjectMedia" : "InsertMedia");
		found[n_found].kind = insert ? REPLAY_EJECT : REPLAY_INSERT;
		found[n_found++].slot = a->slot;
	}
	for (i = 0; i < n_found; i++) {
		action(r, found[i].path, found[i].kind, found[i].slot);
		xfree(found[i].path);
	}
	xfree(found);
}

/* ---- sessions, tasks, NICs -------------------------------------------------------- */

static void
take_sessions(struct replay *r)
{
	const cJSON *root = replay_json(r, V1);
	char *service = link_of(root, "SessionService/@odata.id");
	struct replay_resource *res;

	r->sessions = link_of(root, "Links/Sessions/@odata.id");
	if (!r->sessions)
		r->sessions =
		    link_of(replay_json(r, service), "Sessions/@odata.id");
	xfree(service);
	if (!r->sessions)
		return;
	if (!resource(r, r->sessions)) {
		/* it may be posted to even if it could not be read */
		res = xcalloc(1, sizeof(*res));
		res->json = cJSON_CreateObject();
		json_set_str(res->json, "@odata.id", r->sessions);
		json_set_str(res->json, "@odata.type",
		    "#SessionCollection.SessionCollection");
		json_set_str(res->json, "Name", "Sessions");
		(void)map_put(&r->tree, r->sessions, res); /* was absent */
	}
	is_a(r, r->sessions, REPLAY_SESSIONS, 0);
}

static void
take_tasks(struct replay *r)
{
	char *service = link_of(replay_json(r, V1), "Tasks/@odata.id");
	char *tasks = link_of(replay_json(r, service), "Tasks/@odata.id");

	is_a(r, tasks, REPLAY_TASKS, 0);
	xfree(service);
	xfree(tasks);
}

static void
take_nics(struct replay *r)
{
	struct replay_resource *res;
	size_t i;

	for (i = 0; i < r->tree.n; i++) {
		res = r->tree.v[i].value;
		if (res->kind == REPLAY_STATIC &&
		    str_has_prefix(json_str(res->json, "@odata.type", ""),
			"#EthernetInterface."))
			res->kind = REPLAY_NIC;
	}
}

bool
replay_understand(struct replay *r, struct err *e)
{
	choose_system(r);
	if (!r->system)
		return err_set(e, ERR_SPEC, 0,
		    "the recording holds no system: its root's Systems leads "
		    "to none");
	is_a(r, V1, REPLAY_ROOT, 0);
	take_system(r);
	take_manager(r);
	/* what takes a CD first: a machine has four slots at most */
	take_slots(r, r->system, true);
	take_slots(r, r->manager, true);
	take_slots(r, r->system, false);
	take_slots(r, r->manager, false);
	find_hidden_actions(r);
	take_sessions(r);
	take_tasks(r);
	take_nics(r);
	return true;
}
