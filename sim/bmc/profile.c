/* Reads profiles. See profile.h. */
#include "sim/bmc/profile.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml.h"

#define EXTENDS_MAX 4

struct reader {
	struct bmc_profile *p;
	const char *file, *text;
	size_t n;
	struct err *e;
};

static void *
field(struct bmc_profile *p, const struct knob *k)
{
	return (char *)p + k->offset;
}

static int
enum_of(const struct knob *k, const char *s)
{
	for (int i = 0; k->names[i]; i++)
		if (str_eq(k->names[i], s))
			return i;
	return -1;
}

/* No bit for a name that is not known. */
static unsigned
flag_of(const struct knob *k, const char *s)
{
	int i = enum_of(k, s);

	return i < 0 ? 0 : 1u << i;
}

static void
set_default(struct bmc_profile *p, const struct knob *k)
{
	struct strlist words = { 0 };
	int64_t n = 0;

	switch (k->kind) {
	case KNOB_STR:
		*(char **)field(p, k) = xstrdup(k->dflt);
		break;
	case KNOB_BOOL:
		*(bool *)field(p, k) = str_eq(k->dflt, "true");
		break;
	case KNOB_INT:
		(void)str_to_i64(k->dflt, &n); /* of our own table */
		*(int64_t *)field(p, k) = n;
		break;
	case KNOB_ENUM:
		*(int *)field(p, k) = enum_of(k, k->dflt);
		break;
	case KNOB_LIST:
		strlist_set(field(p, k), k->dflt);
		break;
	case KNOB_FLAGS:
		strlist_set(&words, k->dflt);
		for (size_t i = 0; i < words.n; i++)
			*(unsigned *)field(p, k) |= flag_of(k, words.v[i]);
		strlist_free(&words);
		break;
	}
}

static void
slot_set(struct profile_slot *s, const char *id, const char *types)
{
	s->id = xstrdup(id);
	s->name = xasprintf("Virtual %s", id);
	strlist_set(&s->types, types);
	s->insert = SLOT_ACTION;
}

struct bmc_profile *
profile_new(void)
{
	struct bmc_profile *p = xcalloc(1, sizeof(*p));

	p->name = xstrdup("generic");
	for (size_t i = 0; i < knob_count; i++)
		set_default(p, &knob_table[i]);
	slot_set(&p->slots[0], "Cd", "CD DVD");
	slot_set(&p->slots[1], "Usb", "USBStick");
	p->n_slots = 2;
	p->oem = xcalloc(1, sizeof(*p->oem));
	return p;
}

static void
slots_free(struct bmc_profile *p)
{
	for (size_t i = 0; i < p->n_slots; i++) {
		xfree(p->slots[i].id);
		xfree(p->slots[i].name);
		strlist_free(&p->slots[i].types);
	}
	memset(p->slots, 0, sizeof(p->slots));
	p->n_slots = 0;
}

static void
words_free(struct profile_words *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		xfree(w[i].id);
		xfree(w[i].text);
	}
}

void
profile_free(struct bmc_profile *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < knob_count; i++) {
		if (knob_table[i].kind == KNOB_STR)
			xfree(*(char **)field(p, &knob_table[i]));
		else if (knob_table[i].kind == KNOB_LIST)
			strlist_free(field(p, &knob_table[i]));
	}
	slots_free(p);
	map_free(p->oem, xfree);
	xfree(p->oem);
	words_free(p->words, REF_N);
	words_free(p->notices, NOTICE_N);
	xfree(p->name);
	xfree(p);
}

/* ---- one file ----------------------------------------------------------- */

static bool bad(struct reader *r, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static bool
bad(struct reader *r, const char *path, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap); /* cut is fine */
	va_end(ap);
	return err_set(r->e, ERR_SPEC, 0, "%s:%d: %s %s", r->file,
	    yaml_line_of(r->text, r->n, 0, path), path, why);
}

static bool
read_list(struct reader *r, const char *path, const cJSON *v, struct strlist *l)
{
	const cJSON *s;

	if (!cJSON_IsArray(v))
		return bad(r, path, "must be a list");
	strlist_free(l);
	cJSON_ArrayForEach (s, v) {
		if (!cJSON_IsString(s))
			return bad(r, path, "must be a list of texts");
		strlist_add(l, s->valuestring);
	}
	return true;
}

static bool
read_int(struct reader *r, const struct knob *k, const cJSON *v)
{
	double d = cJSON_IsNumber(v) ? v->valuedouble : -1e18;

	if (d < (double)k->min || d > (double)k->max || d != (double)(int64_t)d)
		return bad(r, k->path, "must be a number from %lld to %lld",
		    (long long)k->min, (long long)k->max);
	*(int64_t *)field(r->p, k) = (int64_t)d;
	return true;
}

static bool
read_enum(struct reader *r, const struct knob *k, const cJSON *v)
{
	char num[16] = "";
	const char *s = cJSON_IsString(v) ? v->valuestring : num;
	int i;

	/* `204` is a number in YAML, `null` a null, `on` a string */
	if (cJSON_IsNumber(v))
		(void)str_format(num, sizeof(num), "%d", v->valueint);
	else if (cJSON_IsNull(v))
		s = "null";
	i = enum_of(k, s);
	if (i < 0) {
		char all[128] = "";

		for (i = 0; k->names[i]; i++)
			(void)str_format(all + strlen(all),
			    sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			    k->names[i]);
		return bad(r, k->path, "must be one of %s", all);
	}
	*(int *)field(r->p, k) = i;
	return true;
}

static bool
read_flags(struct reader *r, const struct knob *k, const cJSON *v)
{
	const cJSON *s;
	unsigned bits = 0;

	if (!cJSON_IsArray(v))
		return bad(r, k->path, "must be a list");
	cJSON_ArrayForEach (s, v) {
		int i = cJSON_IsString(s) ? enum_of(k, s->valuestring) : -1;

		if (i < 0)
			return bad(r, k->path, "has a name that is not known");
		bits |= 1u << i;
	}
	*(unsigned *)field(r->p, k) = bits;
	return true;
}

static bool
read_knob(struct reader *r, const struct knob *k, const cJSON *v)
{
	switch (k->kind) {
	case KNOB_STR:
		if (cJSON_IsNull(v))
			xreplace(field(r->p, k), "null");
		else if (cJSON_IsString(v))
			xreplace(field(r->p, k), v->valuestring);
		else
			return bad(r, k->path, "must be a text (quote it)");
		return true;
	case KNOB_BOOL:
		if (!cJSON_IsBool(v))
			return bad(r, k->path, "must be true or false");
		*(bool *)field(r->p, k) = cJSON_IsTrue(v);
		return true;
	case KNOB_INT:
		return read_int(r, k, v);
	case KNOB_ENUM:
		return read_enum(r, k, v);
	case KNOB_LIST:
		return read_list(r, k->path, v, field(r->p, k));
	case KNOB_FLAGS:
		return read_flags(r, k, v);
	}
	return false;
}

static bool
read_slot(struct reader *r, const cJSON *s, const char *path)
{
	static const char *const inserts[] = { "action", "patch", "both",
		"none", "refuse", "oem", NULL };
	struct profile_slot *slot = &r->p->slots[r->p->n_slots];
	const char *how = json_str(s, "insert", "action");
	const cJSON *c;

	if (!cJSON_IsObject(s) || str_empty(json_str(s, "id", NULL)))
		return bad(r, path, "must have an id");
	if (r->p->n_slots == PROFILE_SLOTS)
		return bad(r, path, "is one too many: at most %d slots",
		    PROFILE_SLOTS);
	cJSON_ArrayForEach (c, s)
		if (!str_eq(c->string, "id") && !str_eq(c->string, "name") &&
		    !str_eq(c->string, "types") && !str_eq(c->string, "insert"))
			return bad(r, path, "has an unknown key %s", c->string);
	r->p->n_slots++;
	slot->id = xstrdup(json_str(s, "id", ""));
	slot->name = xstrdup(json_str(s, "name", slot->id));
	if (!json_arr(s, "types"))
		return bad(r, path, "must have types");
	if (!read_list(r, path, json_arr(s, "types"), &slot->types))
		return false;
	for (slot->insert = 0; inserts[slot->insert]; slot->insert++)
		if (str_eq(inserts[slot->insert], how))
			return true;
	return bad(r, path,
	    "insert must be action, patch, both, none, "
	    "refuse or oem");
}

static bool
read_slots(struct reader *r, const cJSON *v)
{
	const cJSON *s;
	size_t i = 0;

	if (!cJSON_IsArray(v))
		return bad(r, "media/slots", "must be a list");
	slots_free(r->p);
	cJSON_ArrayForEach (s, v) {
		char path[64];

		(void)str_format(path, sizeof(path), "media/slots/%zu", i++);
		if (!read_slot(r, s, path))
			return false;
	}
	return true;
}

static bool
read_word(
    struct reader *r, const cJSON *c, const char *path, struct profile_words *w)
{
	int64_t status = json_i64(c, "status", 0);

	if (!w)
		return bad(r, path, "is not the name of a %s",
		    str_has_prefix(path, "words/") ? "refusal" : "notice");
	if (!cJSON_IsObject(c) || (status && (status < 200 || status > 599)))
		return bad(r, path, "needs {status, id, text}");
	w->status = (int)status;
	xreplace(&w->id, json_str(c, "id", NULL));
	xreplace(&w->text, json_str(c, "text", NULL));
	return true;
}

/* "words" of refusals, or "notices" of events. */
static bool
read_words(struct reader *r, const char *key, const cJSON *v,
    int (*by_name)(const char *), struct profile_words *words)
{
	const cJSON *c;

	if (!cJSON_IsObject(v))
		return bad(r, key, "must be an object");
	cJSON_ArrayForEach (c, v) {
		char path[128];
		int i = by_name(c->string);

		(void)str_format(path, sizeof(path), "%s/%s", key, c->string);
		if (!read_word(r, c, path, i < 0 ? NULL : &words[i]))
			return false;
	}
	return true;
}

static bool
read_oem(struct reader *r, const cJSON *v)
{
	const cJSON *c;

	if (!cJSON_IsObject(v))
		return bad(r, "oem", "must be an object by type names");
	cJSON_ArrayForEach (c, v)
		xfree(map_put(r->p->oem, c->string, json_print(c)));
	return true;
}

static bool read_level(struct reader *r, const cJSON *o, const char *prefix);

static bool
read_member(struct reader *r, const cJSON *c, const char *path)
{
	const struct knob *k = knob_find(path);

	if (k)
		return read_knob(r, k, c);
	if (str_eq(path, "name") || str_eq(path, "extends"))
		return cJSON_IsString(c) || bad(r, path, "must be a text");
	if (str_eq(path, "media/slots"))
		return read_slots(r, c);
	if (str_eq(path, "words"))
		return read_words(r, path, c, refusal_by_name, r->p->words);
	if (str_eq(path, "notices"))
		return read_words(r, path, c, notice_by_name, r->p->notices);
	if (str_eq(path, "oem"))
		return read_oem(r, c);
	if (!knob_is_section(path))
		return bad(r, path, "is not a knob");
	if (!cJSON_IsObject(c))
		return bad(r, path, "must be an object");
	return read_level(r, c, path);
}

static bool
read_level(struct reader *r, const cJSON *o, const char *prefix)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, o) {
		char path[128];

		if (!str_format(path, sizeof(path), "%s%s%s", prefix,
			*prefix ? "/" : "", c->string))
			return bad(r, prefix, "has a key that is too long");
		if (!read_member(r, c, path))
			return false;
	}
	return true;
}

/* The profile can be served at all. */
static bool
check(struct reader *r)
{
	const struct bmc_profile *p = r->p;

	if (str_empty(p->system_id) || strchr(p->system_id, '/') ||
	    str_empty(p->manager_id) || strchr(p->manager_id, '/') ||
	    str_empty(p->chassis_id) || strchr(p->chassis_id, '/'))
		return bad(r, "ids", "must be single parts of a path");
	if (p->n_slots == 0)
		return bad(r, "media/slots", "must not be empty");
	if (!strlist_has(&p->reset_types, "On") &&
	    !strlist_has(&p->reset_types, "PushPowerButton"))
		return bad(r, "reset/types", "cannot power on");
	return true;
}

bool
profile_apply(struct bmc_profile *p, const char *text, size_t n,
    const char *file, struct err *e)
{
	struct reader r = { p, file, text, n, e };
	cJSON *j = yaml_parse(text, n, file, e);
	bool ok;

	if (!j)
		return false;
	if (!cJSON_IsObject(j))
		ok = bad(&r, "", "a profile must be an object");
	else
		ok = read_level(&r, j, "") && check(&r);
	if (ok)
		xreplace(&p->name, json_str(j, "name", p->name));
	cJSON_Delete(j);
	return ok;
}

/* ---- a folder of files -------------------------------------------------- */

static bool
load_into(struct bmc_profile *p, struct files *files, const char *dir,
    const char *name, unsigned depth, struct err *e)
{
	struct buf b;
	cJSON *j = NULL;
	char *path = xasprintf("%s/%s.yaml", dir, name);
	const char *base;
	bool ok = false;

	buf_init(&b, PROFILE_BYTES);
	if (strchr(name, '/') || depth > EXTENDS_MAX) {
		err_set(e, ERR_SPEC, 0,
		    "%s: a profile cannot be named or "
		    "extended so",
		    name);
		goto out;
	}
	if (!files->read(files->self, path, &b, e)) {
		err_wrap(e, "profile %s (%s)", name, path);
		goto out;
	}
	j = yaml_parse(buf_str(&b), b.n, path, e);
	if (!j)
		goto out;
	base = json_str(j, "extends", NULL);
	if (base && !load_into(p, files, dir, base, depth + 1, e))
		goto out;
	xreplace(&p->name, name);
	ok = profile_apply(p, buf_str(&b), b.n, path, e);
out:
	cJSON_Delete(j);
	buf_free(&b);
	xfree(path);
	return ok;
}

struct bmc_profile *
profile_load(
    struct files *files, const char *dir, const char *name, struct err *e)
{
	struct bmc_profile *p = profile_new();

	/* without a folder there is still the generic one */
	if (!dir && str_eq(name, "generic"))
		return p;
	if (!dir) {
		err_set(e, ERR_SPEC, 0,
		    "profile %s: no folder of profiles "
		    "was given",
		    name);
		profile_free(p);
		return NULL;
	}
	if (load_into(p, files, dir, name, 0, e))
		return p;
	profile_free(p);
	return NULL;
}
