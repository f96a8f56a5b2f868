/* See subst.h. */
#include "scenarios/runner/subst.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define SUBST_MAX 65536

/* The brace that closes the one that text begins with; NULL: there is none. */
static const char *
subst_end(const char *text)
{
	int depth = 0;

	for (; *text != '\0'; text++) {
		depth += text[0] == '$' && text[1] == '{';
		if (*text == '}' && --depth == 0)
			return text;
	}
	return NULL;
}

static bool subst_one(
    const char **at, struct buf *out, subst_fn *fn, void *arg, struct err *e);

/* A name may be made of others: ${url.${x}}. */
static bool
subst_name(char *name, size_t cap, subst_fn *fn, void *arg, struct err *e)
{
	const char *inner = strstr(name, "${"), *rest = inner;
	struct buf out;
	bool ok = true;

	if (inner == NULL)
		return true;
	buf_init(&out, SUBST_MAX);
	(void)buf_add(&out, name, (size_t)(inner - name));
	ok = subst_one(&rest, &out, fn, arg, e) && buf_adds(&out, rest);
	if (ok && !str_copy(name, cap, buf_str(&out)))
		ok = err_set(e, ERR_SPEC, 0, "%.40s: too long", buf_str(&out));
	buf_free(&out);
	return ok && subst_name(name, cap, fn, arg, e);
}

static bool
subst_one(
    const char **at, struct buf *out, subst_fn *fn, void *arg, struct err *e)
{
	const char *end = subst_end(*at);
	char name[128], *value;

	if (end == NULL || end - *at - 2 >= (long)sizeof(name))
		return err_set(e, ERR_SPEC, 0, "%.40s: no closing }", *at);
	(void)str_copy(name, (size_t)(end - *at - 2) + 1, *at + 2);
	if (!subst_name(name, sizeof(name), fn, arg, e))
		return false;
	value = fn(arg, name);
	if (value == NULL)
		return err_set(e, ERR_SPEC, 0, "${%s} has no value", name);
	(void)buf_adds(out, value);
	xfree(value);
	*at = end + 1;
	return true;
}

static cJSON *
subst_typed(const char *text)
{
	int64_t n;

	if (str_to_i64(text, &n))
		return cJSON_CreateNumber((double)n);
	if (str_eq(text, "true") || str_eq(text, "false"))
		return cJSON_CreateBool(str_eq(text, "true"));
	return cJSON_CreateString(text);
}

static cJSON *
subst_text(const char *s, subst_fn *fn, void *arg, struct err *e)
{
	const char *end = str_has_prefix(s, "${") ? subst_end(s) : NULL;
	bool whole = end != NULL && end[1] == '\0';
	struct buf out;
	cJSON *v = NULL;
	bool ok = true;

	buf_init(&out, SUBST_MAX);
	while (ok && *s != '\0') {
		if (s[0] == '$' && s[1] == '{')
			ok = subst_one(&s, &out, fn, arg, e);
		else
			(void)buf_addc(&out, *s++);
	}
	if (ok)
		v = whole ? subst_typed(buf_str(&out))
			  : cJSON_CreateString(buf_str(&out));
	buf_free(&out);
	return v;
}

static bool
subst_into(cJSON *j, subst_fn *fn, void *arg, struct err *e)
{
	cJSON *c, *next, *v;
	int i = 0;

	for (c = j->child; c != NULL; c = next, i++) {
		next = c->next;
		if (!cJSON_IsString(c)) {
			if (!subst_into(c, fn, arg, e))
				return false;
			continue;
		}
		if (strstr(c->valuestring, "${") == NULL)
			continue;
		v = subst_text(c->valuestring, fn, arg, e);
		if (v == NULL)
			return false;
		if (cJSON_IsArray(j))
			(void)cJSON_ReplaceItemInArray(j, i, v);
		else
			json_set(j, c->string, v);
	}
	return true;
}

cJSON *
subst(const cJSON *j, subst_fn *fn, void *arg, struct err *e)
{
	cJSON *copy;

	if (cJSON_IsString(j))
		return subst_text(j->valuestring, fn, arg, e);
	copy = json_dup(j);
	if (subst_into(copy, fn, arg, e))
		return copy;
	cJSON_Delete(copy);
	return NULL;
}

char *
subst_value(const cJSON *value)
{
	const char *text = json_str(value, "", NULL);

	return text != NULL ? xstrdup(text) : json_print(value);
}
