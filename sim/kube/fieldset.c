#include "sim/kube/fieldset.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define MAX_DEPTH 60
#define PATH_MAX_BYTES 4096u

static bool
is_dot(const cJSON *c)
{
	return c->string[0] == '.' && c->string[1] == '\0';
}

bool
ks_set_owned(const cJSON *n)
{
	return n->child == NULL || json_child(n, ".") != NULL;
}

static bool
has_children(const cJSON *n)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, n) {
		if (!is_dot(c))
			return true;
	}
	return false;
}

/* Writes down whether n itself is in the set; false if nothing is left. */
static bool
settle(cJSON *n, bool own)
{
	cJSON *dot = json_child(n, ".");

	if (!has_children(n)) {
		if (dot != NULL)
			json_set(n, ".", NULL);
		return own;
	}
	if (own && dot == NULL) {
		json_set(n, ".", cJSON_CreateObject());
		dot = json_child(n, ".");
		cJSON_DetachItemViaPointer(n, dot);
		cJSON_InsertItemInArray(n, 0, dot);
	} else if (!own && dot != NULL) {
		json_set(n, ".", NULL);
	}
	return true;
}

bool
ks_set_empty(const cJSON *set)
{
	return set == NULL || !has_children(set);
}

void
ks_set_union(cJSON *into, const cJSON *from)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, from) {
		cJSON *have;
		bool own;

		if (is_dot(c))
			continue;
		have = json_child(into, c->string);
		if (have == NULL) {
			json_set(into, c->string, json_dup(c));
			continue;
		}
		own = ks_set_owned(have) || ks_set_owned(c);
		ks_set_union(have, c);
		(void)settle(have, own);
	}
}

void
ks_set_subtract(cJSON *into, const cJSON *from)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, from) {
		cJSON *have = is_dot(c) ? NULL : json_child(into, c->string);
		bool own;

		if (have == NULL)
			continue;
		own = ks_set_owned(have) && !ks_set_owned(c);
		ks_set_subtract(have, c);
		if (!settle(have, own))
			json_set(into, c->string, NULL);
	}
}

cJSON *
ks_set_intersect(const cJSON *a, const cJSON *b)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *c;

	cJSON_ArrayForEach (c, a) {
		const cJSON *o = is_dot(c) ? NULL : json_child(b, c->string);
		cJSON *both;

		if (o == NULL)
			continue;
		both = ks_set_intersect(c, o);
		if (settle(both, ks_set_owned(c) && ks_set_owned(o)))
			json_set(out, c->string, both);
		else
			cJSON_Delete(both);
	}
	return out;
}

/* An element made by enter is a mere path until something is put below it;
 * callers always do. */
cJSON *
ks_set_enter(cJSON *set, const char *element)
{
	cJSON *n = json_child(set, element);

	if (n != NULL) {
		if (n->child == NULL)
			json_set(n, ".", cJSON_CreateObject());
		return n;
	}
	n = cJSON_CreateObject();
	json_set(set, element, n);
	return n;
}

void
ks_set_own(cJSON *set, const char *element)
{
	cJSON *n = json_child(set, element);

	if (n == NULL)
		json_set(set, element, cJSON_CreateObject());
	else
		(void)settle(n, true);
}

static bool
valid_at(const cJSON *set, int depth)
{
	const cJSON *c;

	if (!cJSON_IsObject(set) || depth > MAX_DEPTH)
		return false;
	cJSON_ArrayForEach (c, set) {
		if (is_dot(c))
			continue;
		if (strchr("fkvi", c->string[0]) == NULL ||
		    c->string[0] == '\0' || c->string[1] != ':')
			return false;
		if (!valid_at(c, depth + 1))
			return false;
	}
	return true;
}

bool
ks_set_valid(const cJSON *set)
{
	return valid_at(set, 0);
}

static void
add_keys(struct buf *path, const char *text)
{
	struct err e;
	cJSON *keys = json_parse(text, strlen(text), &e);
	const cJSON *c;

	(void)buf_addc(path, '[');
	cJSON_ArrayForEach (c, keys) {
		char *v = json_print(c);

		(void)buf_addf(path, "%s%s=%s", c == keys->child ? "" : ",",
		    c->string != NULL ? c->string : "", v);
		xfree(v);
	}
	(void)buf_addc(path, ']');
	cJSON_Delete(keys);
}

static int
by_name(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

/* The elements of a set in the order of their names; free with xfree. */
static const cJSON **
sorted(const cJSON *set, size_t *n)
{
	const cJSON **v =
	    xcalloc((size_t)cJSON_GetArraySize(set) + 1, sizeof(*v));
	const cJSON *c;

	*n = 0;
	cJSON_ArrayForEach (c, set) {
		if (!is_dot(c))
			v[(*n)++] = c;
	}
	qsort(v, *n, sizeof(*v), by_name);
	return v;
}

static void
add_element(struct buf *path, const char *element)
{
	if (element[0] == 'f')
		(void)buf_addf(path, ".%s", element + 2);
	else if (element[0] == 'k')
		add_keys(path, element + 2);
	else
		(void)buf_addf(path, "[=%s]", element + 2);
}

static void
cut(struct buf *path, size_t n)
{
	path->n = n;
	if (path->p != NULL)
		path->p[n] = '\0';
}

/* What is in the set itself first, then what is below. */
static void
each(const cJSON *set, struct buf *path, void (*fn)(void *, const char *),
    void *arg)
{
	size_t n, was = path->n;
	const cJSON **v = sorted(set, &n);

	for (size_t i = 0; i < n; i++) {
		if (!ks_set_owned(v[i]))
			continue;
		add_element(path, v[i]->string);
		fn(arg, buf_str(path));
		cut(path, was);
	}
	for (size_t i = 0; i < n; i++) {
		add_element(path, v[i]->string);
		each(v[i], path, fn, arg);
		cut(path, was);
	}
	xfree(v);
}

void
ks_set_each(
    const cJSON *set, void (*fn)(void *arg, const char *path), void *arg)
{
	struct buf path;

	buf_init(&path, PATH_MAX_BYTES);
	each(set, &path, fn, arg);
	buf_free(&path);
}
