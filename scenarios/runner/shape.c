/* See shape.h. */
#include "scenarios/runner/shape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/options.h"
#include "common/str.h"
#include "common/yaml.h"
#include "scenarios/runner/backend.h"
#include "scenarios/runner/kinds.h"

bool
shape_error(const struct shape_source *s, const char *path, struct err *e,
    const char *fmt, ...)
{
	char msg[200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap); /* cut is fine */
	va_end(ap);
	return err_set(e, ERR_SPEC, 0, "%s:%d: %s", s->file,
	    yaml_line_of(s->text, s->n, 0, path), msg);
}

static const char *
shape_kind_name(enum shape_kind k)
{
	static const char *const names[] = { "anything", "a text", "a number",
		"true or false", "a time such as 30s", "a mapping", "a list",
		"an object: kind/name", "an agent's number, 0 to 7",
		"nothing, true or now" };

	return names[k];
}

static bool
shape_is_open(const char *text)
{
	return text != NULL && strstr(text, "${") != NULL;
}

bool
shape_open(const cJSON *value)
{
	const cJSON *c;

	if (shape_is_open(json_str(value, "", NULL)))
		return true;
	cJSON_ArrayForEach (c, value)
		if (shape_open(c))
			return true;
	return false;
}

static bool
shape_fits(enum shape_kind k, const cJSON *v)
{
	const char *text = json_str(v, "", NULL);
	struct object_ref ref;
	struct err e;
	long long us;

	if (shape_is_open(text))
		return k != S_MAP && k != S_LIST;
	switch (k) {
	case S_ANY:
		return true;
	case S_TEXT:
		return cJSON_IsString(v);
	case S_INT:
		return json_is_integer(v);
	case S_BOOL:
		return cJSON_IsBool(v);
	case S_TIME:
		return text != NULL && duration_parse(text, &us);
	case S_MAP:
		return cJSON_IsObject(v);
	case S_LIST:
		return cJSON_IsArray(v);
	case S_REF:
		return text != NULL && object_ref_parse(&ref, text, &e);
	case S_AGENT:
		return json_is_integer(v) && json_i64(v, "", -1) >= 0 &&
		       json_i64(v, "", -1) < BACKEND_AGENTS;
	case S_NOW:
		return cJSON_IsNull(v) || cJSON_IsTrue(v) ||
		       str_eq(text, "now");
	}
	return false;
}

bool
shape_value(enum shape_kind kind, const char *name, const cJSON *value,
    const char *path, const struct shape_source *s, struct err *e)
{
	const char *text = json_str(value, "", NULL);
	struct object_ref ref;
	struct err why;

	if (shape_fits(kind, value))
		return true;
	if (kind == S_REF && text != NULL &&
	    !object_ref_parse(&ref, text, &why))
		return shape_error(s, path, e, "%s", why.msg);
	return shape_error(
	    s, path, e, "%s must be %s", name, shape_kind_name(kind));
}

bool
shape_word(const cJSON *map, const char *key, const char *const *words,
    const char *path, const struct shape_source *s, struct err *e)
{
	const char *text = json_str(map, key, NULL);
	struct buf known;
	char at[400];
	bool ok;

	if (text == NULL || shape_is_open(text))
		return true;
	buf_init(&known, 4096);
	for (; *words != NULL && !str_eq(*words, text); words++)
		(void)buf_addf(
		    &known, "%s%s", known.n == 0 ? "" : ", ", *words);
	(void)str_format(at, sizeof(at), "%s/%s", path, key);
	ok = *words != NULL ||
	     shape_error(s, at, e, "%s: \"%.40s\" is none of %s", key, text,
		 buf_str(&known));
	buf_free(&known);
	return ok;
}

static void
shape_known(const struct shape_key *keys, struct buf *out)
{
	for (; keys->name != NULL; keys++)
		(void)buf_addf(
		    out, "%s%s", out->n == 0 ? "" : ", ", keys->name);
}

static bool
shape_member(const struct shape_key *keys, const cJSON *v, const char *path,
    const struct shape_source *s, struct err *e)
{
	const struct shape_key *k = keys;
	char at[400];
	struct buf known;
	bool ok;

	(void)str_format(at, sizeof(at), "%s%s%s", path,
	    path[0] == '\0' ? "" : "/", v->string);
	while (k->name != NULL && !str_eq(k->name, v->string))
		k++;
	if (k->name != NULL)
		return shape_value(k->kind, k->name, v, at, s, e);
	buf_init(&known, 4096);
	shape_known(keys, &known);
	ok = shape_error(s, at, e, "unknown key \"%.40s\"; known: %s",
	    v->string, buf_str(&known));
	buf_free(&known);
	return ok;
}

bool
shape_check(const struct shape_key *keys, const cJSON *map, const char *path,
    const struct shape_source *s, struct err *e)
{
	const cJSON *v;

	if (!cJSON_IsObject(map))
		return shape_error(s, path, e, "a mapping is expected here");
	cJSON_ArrayForEach (v, map)
		if (!shape_member(keys, v, path, s, e))
			return false;
	for (; keys->name != NULL; keys++)
		if (keys->needed && json_child(map, keys->name) == NULL)
			return shape_error(
			    s, path, e, "%s is missing here", keys->name);
	return true;
}

int64_t
shape_time(const cJSON *map, const char *key, int64_t dflt)
{
	const char *text = json_str(map, key, NULL);
	long long us;

	return text != NULL && duration_parse(text, &us) ? us : dflt;
}
