/* See control_view.h. */
#include "sim/bmc/control_view.h"

#include "common/json.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/guest.h"
#include "sim/bmc/machine.h"
#include "sim/bmc/mask.h"
#include "sim/bmc/media.h"
#include "sim/bmc/reread.h"
#include "sim/bmc/session.h"

static cJSON *
slots_json(const struct bmc *b)
{
	cJSON *list = cJSON_CreateArray();
	char url[512];

	for (size_t i = 0; i < b->profile->n_slots; i++) {
		const struct slot_state *s = &b->st.slots[i];
		cJSON *j = cJSON_CreateObject();

		mask_url(url, sizeof(url), s->image ? s->image : "");
		json_set_str(j, "id", b->profile->slots[i].id);
		json_set_bool(j, "inserted", s->inserted);
		json_set_str(j, "image", url);
		json_set_bool(j, "busy", media_busy(b, (unsigned)i));
		cJSON_AddItemToArray(list, j);
	}
	return list;
}

static cJSON *
sessions_json(struct bmc *b)
{
	cJSON *list = cJSON_CreateArray();
	const struct session *s;

	session_sweep(b);
	TAILQ_FOREACH (s, &b->sessions, link) {
		cJSON *j = cJSON_CreateObject();

		json_set_str(j, "id", s->id);
		json_set_str(j, "user", s->user);
		json_set_str(j, "from", s->from);
		json_set_i64(j, "idleUs", bmc_now(b) - s->used_us);
		cJSON_AddItemToArray(list, j);
	}
	return list;
}

static cJSON *
counters_json(const struct bmc *b)
{
	cJSON *j = cJSON_CreateObject();

	json_set_i64(j, "requests", (int64_t)b->requests);
	json_set_i64(j, "writes", (int64_t)b->writes);
	json_set_i64(j, "logins", (int64_t)b->logins);
	json_set_i64(j, "loginFailures", (int64_t)b->login_failures);
	json_set_i64(j, "boots", b->m.boots);
	json_set_i64(j, "mediumBoots", b->m.medium_boots);
	return j;
}

static cJSON *
operations_json(const struct bmc *b)
{
	cJSON *j = cJSON_CreateObject();

	for (int i = 0; i < OP_N; i++)
		if (b->op_count[i])
			json_set_i64(
			    j, bmc_op_name((enum bmc_op)i), b->op_count[i]);
	return j;
}

static cJSON *
override_json(const struct boot_override *o)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "enabled", o->enabled);
	json_set_str(j, "target", o->target);
	json_set_str(j, "mode", o->mode);
	return j;
}

cJSON *
control_brief(struct bmc *b)
{
	cJSON *j = cJSON_CreateObject();
	struct bmc_snapshot s;
	char url[128];

	session_sweep(b);
	bmc_snapshot(b, &s);
	bmc_address(b, url, sizeof(url));
	json_set_str(j, "name", s.name);
	json_set_str(j, "address", url);
	json_set_str(j, "profile", s.profile);
	json_set_str(j, "power", s.power);
	json_set_str(j, "phase", machine_phase_name(b->m.phase));
	json_set_str(j, "bootProgress", s.boot_progress);
	json_set_str(j, "disk", s.disk_image);
	json_set_str(j, "os", s.os);
	json_set_bool(j, "osFromDisk", s.os_from_disk);
	json_set_bool(j, "mediaInserted", s.media_inserted);
	json_set_i64(j, "sessions", s.sessions);
	json_set_bool(j, "down", b->down);
	return j;
}

/* What a person reads at the machine who must know its key. */
static void
key_json(const struct bmc *b, cJSON *j)
{
	struct tls_facts facts;
	char hex[65];

	if (!b->identity)
		return;
	tls_identity_get_facts(b->identity, &facts);
	hex_encode(hex, facts.spki_sha256, sizeof(facts.spki_sha256));
	json_set_str(j, "certificateKey", hex);
}

cJSON *
control_whole(struct bmc *b)
{
	cJSON *j = control_brief(b);
	char mac[18];

	hardware_mac(&b->hw, 0, mac);
	json_set_str(j, "uuid", b->hw.uuid);
	json_set_str(j, "serial", b->hw.serial);
	json_set_str(j, "mac", mac);
	json_set_i64(j, "board", b->board);
	json_set(j, "override", override_json(&b->st.boot));
	if (b->st.has_pending)
		json_set(j, "pendingOverride", override_json(&b->st.pending));
	json_set(j, "media", slots_json(b));
	json_set(j, "reread", reread_json(b));
	json_set(j, "userData", guest_json(b));
	json_set(j, "openSessions", sessions_json(b->front));
	json_set(j, "counters", counters_json(b));
	json_set(j, "operations", operations_json(b));
	json_set_bool(j, "locked", account_locked(b->front, &b->front->root));
	json_set_bool(j, "passwordChangeRequired", b->front->root.must_change);
	json_set_i64(j, "certificates", b->certificates);
	key_json(b, j);
	return j;
}
