/* See bios.h; and the Bios resources with their attribute registry. */
#include "sim/bmc/bios.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define BIOS V1 "/Systems/{S}/Bios"
#define NOTE_MAX 32
#define PASSWORD_MAX 32

enum kind {
	KIND_ENUM,
	KIND_INT,
	KIND_BOOL,
	KIND_TEXT
};

/* What there is to set. */
static const struct attribute {
	const char *name, *shown;
	enum kind kind;
	const char *const *values; /* of enums */
	int64_t min, max, dflt;    /* of enums: the position */
} attributes[] = {
#define VALUES(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}
	{ "BootMode", "Boot Mode", KIND_ENUM, VALUES("Uefi", "LegacyBios"), 0,
	    0, 0 },
	{ "PxeDev1EnDis", "PXE Device 1", KIND_ENUM,
	    VALUES("Enabled", "Disabled"), 0, 0, 0 },
	{ "ProcVirtualization", "Virtualization", KIND_ENUM,
	    VALUES("Enabled", "Disabled"), 0, 0, 0 },
	{ "SriovGlobalEnable", "SR-IOV", KIND_ENUM,
	    VALUES("Enabled", "Disabled"), 0, 0, 1 },
	{ "NumLock", "Keyboard NumLock", KIND_ENUM, VALUES("On", "Off"), 0, 0,
	    0 },
	{ "WatchdogMinutes", "Watchdog", KIND_INT, NULL, 0, 60, 0 },
	{ "QuietBoot", "Quiet Boot", KIND_BOOL, NULL, 0, 0, 1 },
	{ "AdminNote", "Note of the Administrator", KIND_TEXT, NULL, 0,
	    NOTE_MAX, 0 },
};
#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

struct setting {
	int64_t n;
	char text[NOTE_MAX + 1];
};
struct bios {
	struct setting now[N_ATTRIBUTES], next[N_ATTRIBUTES];
	unsigned waits; /* bits: which of next count */
	bool no_time;   /* they came without an apply time: never applied */
	struct secret password;
};

static void
to_defaults(struct setting *v)
{
	for (size_t i = 0; i < N_ATTRIBUTES; i++) {
		v[i].n = attributes[i].dflt;
		(void)str_copy(v[i].text, sizeof(v[i].text), "none");
	}
}

static struct bios *
bios_of(struct bmc *b)
{
	if (b->bios)
		return b->bios;
	b->bios = xcalloc(1, sizeof(*b->bios));
	to_defaults(b->bios->now);
	return b->bios;
}

void
bios_free(struct bmc *b)
{
	if (b->bios)
		secret_free(&b->bios->password);
	xfree(b->bios);
	b->bios = NULL;
}

void
bios_post(struct bmc *b)
{
	struct bios *s = b->bios;

	if (!s || !s->waits || s->no_time)
		return;
	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		if (s->waits & 1u << i)
			s->now[i] = s->next[i];
	s->waits = 0;
}

/* ---- views -------------------------------------------------------------- */

static void
value(struct jw *w, const char *key, const struct attribute *a,
    const struct setting *v)
{
	switch (a->kind) {
	case KIND_ENUM:
		jw_s(w, key, a->values[v->n]);
		break;
	case KIND_INT:
		jw_i(w, key, v->n);
		break;
	case KIND_BOOL:
		jw_b(w, key, v->n != 0);
		break;
	case KIND_TEXT:
		jw_s(w, key, v->text);
		break;
	}
}

static void
view_settings_link(struct request *rq, struct jw *w)
{
	jw_open(w, "@Redfish.Settings");
	jw_s(w, "@odata.type", "#Settings.v1_3_5.Settings");
	jw_ref(w, "SettingsObject", "%s/Settings", rq->path);
	jw_list(w, "SupportedApplyTimes");
	jw_s(w, NULL, "OnReset");
	jw_end(w);
	jw_list(w, "Messages");
	jw_end(w);
	jw_time(w, "Time", rq->st->reset_wall_us);
	jw_close(w);
}

static void
view_bios(struct request *rq, struct jw *w)
{
	const struct bios *s = rq->b->bios;
	struct setting fresh[N_ATTRIBUTES];

	to_defaults(fresh);
	view_names(w, "Bios", "BIOS");
	jw_s(w, "AttributeRegistry", BIOS_REGISTRY);
	jw_open(w, "Attributes");
	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		value(w, attributes[i].name, &attributes[i],
		    s ? &s->now[i] : &fresh[i]);
	jw_close(w);
	view_settings_link(rq, w);
	jw_open(w, "Actions");
	view_action(rq, w, "Bios.ResetBios");
	jw_close(w);
	view_action(rq, w, "Bios.ChangePassword");
	jw_close(w);
	jw_close(w);
}

static void
view_pending(struct request *rq, struct jw *w)
{
	const struct bios *s = rq->b->bios;

	view_names(w, "Settings", "BIOS Pending Settings");
	jw_s(w, "AttributeRegistry", BIOS_REGISTRY);
	jw_open(w, "Attributes");
	for (size_t i = 0; s && i < N_ATTRIBUTES; i++)
		if (s->waits & 1u << i)
			value(
			    w, attributes[i].name, &attributes[i], &s->next[i]);
	jw_close(w);
}

static const char *
kind_name(enum kind k)
{
	static const char *const names[] = { "Enumeration", "Integer",
		"Boolean", "String" };

	return names[k];
}

static void
view_attribute(struct jw *w, const struct attribute *a)
{
	struct setting dflt = { .n = a->dflt, .text = "none" };

	jw_open(w, NULL);
	jw_s(w, "AttributeName", a->name);
	jw_s(w, "DisplayName", a->shown);
	jw_s(w, "HelpText", a->shown);
	jw_s(w, "Type", kind_name(a->kind));
	jw_b(w, "ReadOnly", false);
	jw_b(w, "ResetRequired", true);
	value(w, "DefaultValue", a, &dflt);
	if (a->kind == KIND_ENUM) {
		jw_list(w, "Value");
		for (size_t i = 0; a->values[i]; i++) {
			jw_open(w, NULL);
			jw_s(w, "ValueName", a->values[i]);
			jw_s(w, "ValueDisplayName", a->values[i]);
			jw_close(w);
		}
		jw_end(w);
	} else if (a->kind == KIND_INT) {
		jw_i(w, "LowerBound", a->min);
		jw_i(w, "UpperBound", a->max);
		jw_i(w, "ScalarIncrement", 1);
	} else if (a->kind == KIND_TEXT) {
		jw_i(w, "MinLength", a->min);
		jw_i(w, "MaxLength", a->max);
	}
	jw_close(w);
}

static void
view_registry(struct request *rq, struct jw *w)
{
	(void)rq;
	jw_open(w, NULL);
	jw_s(w, "@odata.type", "#AttributeRegistry.v1_3_6.AttributeRegistry");
	jw_s(w, "Id", BIOS_REGISTRY);
	jw_s(w, "Name", "BIOS Attribute Registry");
	jw_s(w, "Language", "en");
	jw_s(w, "RegistryVersion", "1.0.0");
	jw_s(w, "OwningEntity", "Contoso");
	jw_open(w, "RegistryEntries");
	jw_list(w, "Attributes");
	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		view_attribute(w, &attributes[i]);
	jw_end(w);
	jw_close(w);
	jw_close(w);
}

/* ---- writes ------------------------------------------------------------- */

struct stage {
	struct setting v[N_ATTRIBUTES];
	unsigned given;
};

static bool
take(struct request *rq, const struct attribute *a, const char *path,
    const cJSON *v, struct setting *out)
{
	bool on;
	int i;

	switch (a->kind) {
	case KIND_ENUM:
		if (!patch_enum(rq, path, v, a->values, &i))
			return false;
		out->n = i;
		return true;
	case KIND_INT:
		return patch_int(rq, path, v, a->min, a->max, &out->n);
	case KIND_BOOL:
		if (!patch_bool(rq, path, v, &on))
			return false;
		out->n = on;
		return true;
	case KIND_TEXT:
		return patch_str(rq, path, v, out->text, sizeof(out->text));
	}
	return false;
}

/* One function for all: the member's name says which it is. */
static bool
set_attribute(struct request *rq, const cJSON *v)
{
	struct stage *s = rq->stage;
	char path[64];
	size_t i = 0;

	while (i < N_ATTRIBUTES && !str_eq(attributes[i].name, v->string))
		i++;
	(void)str_format(path, sizeof(path), "Attributes/%s", v->string);
	if (i == N_ATTRIBUTES || !take(rq, &attributes[i], path, v, &s->v[i])) {
		/* half of the settings would be a surprise */
		rq->failed = true;
		return false;
	}
	s->given |= 1u << i;
	return true;
}

static bool
commit_settings(struct request *rq)
{
	const struct stage *s = rq->stage;
	struct bios *o = rq->b->bios;

	if (rq->failed)
		return false;
	/* Dell: a job waits, and only one can */
	if (o && o->waits && rq->p->bios_one_pending)
		return request_refuse(
		    rq, REF_BIOS_PENDING, NULL, "Bios", NULL, NULL);
	if (rq->dry)
		return true;
	o = bios_of(rq->b);
	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		if (s->given & 1u << i)
			o->next[i] = s->v[i];
	o->waits |= s->given;
	o->no_time = rq->p->bios_needs_time &&
		     !json_obj(rq->json, "@Redfish.SettingsApplyTime");
	return true;
}

#define ROW(name) \
	{ \
		"Attributes/" name, set_attribute, false \
	}
static const struct patch_row rows[N_ATTRIBUTES] = {
	ROW("BootMode"),
	ROW("PxeDev1EnDis"),
	ROW("ProcVirtualization"),
	ROW("SriovGlobalEnable"),
	ROW("NumLock"),
	ROW("WatchdogMinutes"),
	ROW("QuietBoot"),
	ROW("AdminNote"),
};
static const struct patch_def settings_def = { rows, N_ATTRIBUTES,
	commit_settings };

static void
patch_settings(struct request *rq)
{
	struct stage s = { .given = 0 };

	patch_run(rq, &settings_def, &s);
}

static void
reset_bios(struct request *rq)
{
	struct bios *s;

	if (rq->json && rq->json->child) {
		request_refuse(rq, REF_PARAMETER_UNKNOWN, NULL,
		    "#Bios.ResetBios", rq->json->child->string, NULL);
		return;
	}
	if (!rq->dry) {
		s = bios_of(rq->b);
		to_defaults(s->next);
		s->waits = (1u << N_ATTRIBUTES) - 1;
		s->no_time = false;
	}
	request_done(rq);
}

static bool
password_fits(struct request *rq)
{
	static const char *const need[] = { "PasswordName", "OldPassword",
		"NewPassword" };
	static const char action[] = "#Bios.ChangePassword";
	const char *s;

	for (size_t i = 0; i < 3; i++) {
		enum json_got got = json_get_str(rq->json, need[i], &s);

		if (got == JSON_ABSENT)
			return request_refuse(rq, REF_PARAMETER_MISSING,
			    need[i], action, need[i], NULL);
		if (got != JSON_GOT || strlen(s) > PASSWORD_MAX)
			return request_refuse(rq, REF_PARAMETER_TYPE, need[i],
			    "(not shown)", need[i], action);
	}
	s = json_str(rq->json, "PasswordName", "");
	if (!str_eq(s, "AdministratorPassword"))
		return request_refuse(rq, REF_PARAMETER_VALUE, "PasswordName",
		    s, "PasswordName", action);
	return true;
}

static void
change_password(struct request *rq)
{
	const struct bios *o = rq->b->bios;
	const char *known = o && o->password.n ? o->password.p : "";
	const char *next;

	if (!rq->json) {
		request_refuse(rq, REF_PARAMETER_MISSING, NULL,
		    "#Bios.ChangePassword", "PasswordName", NULL);
		return;
	}
	if (!password_fits(rq))
		return;
	if (!str_eq(known, json_str(rq->json, "OldPassword", ""))) {
		request_refuse(rq, REF_PARAMETER_VALUE, "OldPassword",
		    "(not shown)", "OldPassword", "#Bios.ChangePassword");
		return;
	}
	next = json_str(rq->json, "NewPassword", "");
	if (!rq->dry)
		secret_set(&bios_of(rq->b)->password, next, strlen(next));
	request_done(rq);
}

const struct route bios_routes[] = {
	ROUTE_READ(BIOS, "Bios", "v1_2_0", view_bios, OP_READ_SETTINGS, NULL),
	{ .pattern = BIOS "/Settings",
	    .schema = "Bios",
	    .version = "v1_2_0",
	    .get = view_pending,
	    .patch = patch_settings,
	    .op_get = OP_READ_SETTINGS,
	    .op_patch = OP_PATCH_BIOS },
	ROUTE_DO(
	    BIOS "/Actions/Bios.ResetBios", reset_bios, OP_RESET_BIOS, NULL),
	ROUTE_DO(BIOS "/Actions/Bios.ChangePassword", change_password,
	    OP_PATCH_BIOS, NULL),
	{ .pattern = V1 "/registries/" BIOS_REGISTRY ".json",
	    .flags = ROUTE_RAW,
	    .get = view_registry,
	    .op_get = OP_READ_SERVICE },
	{ .pattern = NULL },
};
