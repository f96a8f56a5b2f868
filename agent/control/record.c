/* See record.h. The codec of the host record. */
#include "agent/control/record.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define OPEN_S 3600 /* a power action is over by then */

static const char *const phase_names[] = {
	[PHASE_IDLE] = "idle",
	[PHASE_PROVISIONING] = "provisioning",
	[PHASE_PROVISIONED] = "provisioned",
	[PHASE_RELEASING] = "releasing",
	[PHASE_ERROR] = "error",
};

const char *
phase_name(enum phase p)
{
	return phase_names[p];
}

static bool
phase_parse(const char *s, enum phase *out)
{
	for (size_t i = 0; i < sizeof(phase_names) / sizeof(*phase_names); i++)
		if (str_eq(s, phase_names[i])) {
			*out = (enum phase)i;
			return true;
		}
	return false;
}

/* One row a member, so that reading and writing cannot drift apart. */
struct record_text {
	const char *key;
	size_t offset, cap;
};
struct record_time {
	const char *key;
	size_t offset;
};
#define TEXT(k, f) \
	{ \
		k, offsetof(struct record, f), sizeof(((struct record *)0)->f) \
	}
static const struct record_text texts[] = {
	TEXT("uuid", id.uuid),
	TEXT("serial", id.serial),
	TEXT("pin", pin),
	TEXT("claim", claim_id),
	TEXT("mark", mark),
	TEXT("power", power),
	TEXT("reboot", reboot),
	TEXT("data", data),
	TEXT("refused", refused),
	TEXT("heal", heal),
	TEXT("healDo", heal_do),
	TEXT("healAt", heal_at),
};
static const struct record_time times[] = {
	{ "armedAt", offsetof(struct record, armed_s) },
	{ "onAt", offsetof(struct record, on_s) },
	{ "installedAt", offsetof(struct record, installed_s) },
	{ "ejectedAt", offsetof(struct record, ejected_s) },
	{ "dataGoneAt", offsetof(struct record, data_gone_s) },
	{ "on2At", offsetof(struct record, on2_s) },
	{ "deadline", offsetof(struct record, deadline_s) },
	{ "powerAt", offsetof(struct record, power_s) },
	{ "refusedAt", offsetof(struct record, refused_s) },
	{ "rebootBy", offsetof(struct record, reboot_by_s) },
	{ "healSince", offsetof(struct record, heal_s) },
	{ "fencedAt", offsetof(struct record, fenced_s) },
};
#define N_TEXTS (sizeof(texts) / sizeof(*texts))
#define N_TIMES (sizeof(times) / sizeof(*times))

static bool
record_parse_texts(struct record *r, const cJSON *j, struct err *e)
{
	for (size_t i = 0; i < N_TEXTS; i++) {
		char *dst = (char *)r + texts[i].offset;
		const char *s = NULL;

		switch (json_get_str(j, texts[i].key, &s)) {
		case JSON_ABSENT:
			continue;
		case JSON_GOT:
			if (str_copy(dst, texts[i].cap, s))
				continue;
			return err_set(e, ERR_SPEC, 0, "record: %s is too long",
			    texts[i].key);
		case JSON_NULL:
		case JSON_WRONG:
			break;
		}
		return err_set(
		    e, ERR_SPEC, 0, "record: %s is not a string", texts[i].key);
	}
	return true;
}

static bool
record_parse_times(struct record *r, const cJSON *j, struct err *e)
{
	for (size_t i = 0; i < N_TIMES; i++) {
		int64_t v = 0;
		enum json_got got = json_get_i64(j, times[i].key, &v);

		if (got == JSON_ABSENT)
			continue;
		if (got != JSON_GOT || v < 0)
			return err_set(e, ERR_SPEC, 0,
			    "record: %s is not a time", times[i].key);
		memcpy((char *)r + times[i].offset, &v, sizeof(v));
	}
	return true;
}

static bool
record_parse_macs(struct record *r, const cJSON *j, struct err *e)
{
	const cJSON *macs = json_child(j, "macs");
	const cJSON *m;

	if (macs == NULL)
		return true;
	if (!cJSON_IsArray(macs))
		return err_set(e, ERR_SPEC, 0, "record: macs is not a list");
	cJSON_ArrayForEach (m, macs) {
		if (r->id.n_macs == RECORD_MACS || !cJSON_IsString(m) ||
		    !str_copy(r->id.macs[r->id.n_macs], 18, m->valuestring))
			return err_set(e, ERR_SPEC, 0, "record: bad macs");
		r->id.n_macs++;
	}
	return true;
}

static bool
record_decode(struct record *r, const cJSON *j, struct err *e)
{
	int64_t attempt = json_i64(j, "attempt", 0);

	if (!cJSON_IsObject(j) || json_i64(j, "v", 0) != 1)
		return err_set(e, ERR_SPEC, 0, "record: not of version 1");
	if (!phase_parse(json_str(j, "phase", "idle"), &r->phase))
		return err_set(e, ERR_SPEC, 0, "record: unknown phase");
	if (attempt < 0 || attempt > 1000)
		return err_set(e, ERR_SPEC, 0, "record: bad attempt");
	r->attempt = (int)attempt;
	r->failed = json_bool(j, "failed", false);
	r->boot_in_settings = json_bool(j, "bootInSettings", false);
	return record_parse_texts(r, j, e) && record_parse_times(r, j, e) &&
	       record_parse_macs(r, j, e);
}

bool
record_parse(struct record *r, const char *text, struct err *e)
{
	size_t n = strlen(text);
	cJSON *j;
	bool ok;

	memset(r, 0, sizeof(*r));
	if (n > RECORD_MAX)
		return err_set(e, ERR_SPEC, 0, "record: %zu bytes, at most %d",
		    n, RECORD_MAX);
	j = json_parse(text, n, e);
	if (j == NULL) {
		if (e != NULL)
			e->kind = ERR_SPEC;
		return err_wrap(e, "record");
	}
	ok = record_decode(r, j, e);
	cJSON_Delete(j);
	if (!ok)
		memset(r, 0, sizeof(*r));
	return ok;
}

char *
record_print(const struct record *r)
{
	cJSON *j = cJSON_CreateObject();
	char *text;

	json_set_i64(j, "v", 1);
	json_set_str(j, "phase", phase_name(r->phase));
	if (r->attempt != 0)
		json_set_i64(j, "attempt", r->attempt);
	if (r->failed)
		json_set_bool(j, "failed", true);
	if (r->boot_in_settings)
		json_set_bool(j, "bootInSettings", true);
	for (size_t i = 0; i < N_TEXTS; i++) {
		const char *s = (const char *)r + texts[i].offset;

		if (*s != '\0')
			json_set_str(j, texts[i].key, s);
	}
	for (size_t i = 0; i < N_TIMES; i++) {
		int64_t v;

		memcpy(&v, (const char *)r + times[i].offset, sizeof(v));
		if (v != 0)
			json_set_i64(j, times[i].key, v);
	}
	if (r->id.n_macs > 0) {
		cJSON *macs = cJSON_CreateArray();

		for (size_t i = 0; i < r->id.n_macs; i++)
			cJSON_AddItemToArray(
			    macs, cJSON_CreateString(r->id.macs[i]));
		json_set(j, "macs", macs);
	}
	text = json_print(j);
	cJSON_Delete(j);
	return text;
}

void
record_clear_attempt(struct record *r)
{
	r->armed_s = r->on_s = r->installed_s = r->ejected_s = 0;
	r->data_gone_s = r->on2_s = r->deadline_s = 0;
	r->mark[0] = r->data[0] = '\0';
	record_clear_heal(r);
}

void
record_clear_heal(struct record *r)
{
	r->heal[0] = r->heal_do[0] = r->heal_at[0] = '\0';
	r->heal_s = r->fenced_s = 0;
}

void
record_clear_reboot(struct record *r)
{
	r->reboot[0] = '\0';
	r->reboot_by_s = 0;
}

bool
record_healing(const struct record *r)
{
	return str_eq(r->heal_at, HEAL_AT_GRACEFUL) ||
	       str_eq(r->heal_at, HEAL_AT_OFF) ||
	       str_eq(r->heal_at, HEAL_AT_ON);
}

void
record_clear_claim(struct record *r)
{
	record_clear_attempt(r);
	record_clear_reboot(r);
	r->claim_id[0] = r->power[0] = '\0';
	r->power_s = 0;
	r->attempt = 0;
	r->failed = false;
	r->phase = PHASE_IDLE;
}

bool
record_open(const struct record *r, int64_t wall_s)
{
	int64_t ago = wall_s - r->power_s;

	return r->phase == PHASE_PROVISIONING || r->phase == PHASE_RELEASING ||
	       record_healing(r) ||
	       (r->power_s != 0 && ago < OPEN_S && ago > -OPEN_S);
}

bool
record_equal(const struct record *a, const struct record *b)
{
	char *x = record_print(a), *y = record_print(b);
	bool same = str_eq(x, y);

	xfree(x);
	xfree(y);
	return same;
}

bool
identity_empty(const struct identity *a)
{
	return a->uuid[0] == '\0' && a->serial[0] == '\0' && a->n_macs == 0;
}

static bool
identity_share_mac(const struct identity *a, const struct identity *b)
{
	for (size_t i = 0; i < a->n_macs; i++)
		for (size_t k = 0; k < b->n_macs; k++)
			if (str_ieq(a->macs[i], b->macs[k]))
				return true;
	return false;
}

bool
identity_same(const struct identity *a, const struct identity *b)
{
	if (a->uuid[0] != '\0' && b->uuid[0] != '\0')
		return str_ieq(a->uuid, b->uuid);
	if (a->serial[0] != '\0' && b->serial[0] != '\0')
		return str_eq(a->serial, b->serial);
	return identity_share_mac(a, b);
}
