/* Access to trees by exact key and path; nodes, parsing, printing and patches are in
 * json_node.c, json_parse.c, json_print.c and json_patch.c. */
#include "common/json.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_node.h"
#include "common/mem.h"
#include "common/str.h"

#define EXACT_MAX 9007199254740992LL

/* ---- paths --------------------------------------------------------------- */

/* Does the path segment s[0..n) with its escapes spell key? */
static bool
segment_is(const char *s, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++, key++) {
		char c = s[i];

		if (c == '~' && i + 1 < n &&
		    (s[i + 1] == '0' || s[i + 1] == '1'))
			c = s[++i] == '0' ? '~' : '/';
		if (*key != c)
			return false; /* also when the key is shorter */
	}
	return *key == '\0';
}

/* Behind the segment that path begins with, if it spells key; NULL. */
static const char *
behind(const char *path, const char *key)
{
	const char *p = path;
	size_t n;

	/* Most differ in their first byte: no call, and no look at the rest. */
	while (*p == *key && *p != '\0' && *p != '/' && *p != '~')
		p++, key++;
	if (*key == '\0' && (*p == '\0' || *p == '/'))
		return p;
	if (*p != '~')
		return NULL;
	n = strcspn(p, "/");
	return segment_is(p, n, key) ? p + n : NULL;
}

static cJSON *
element(const cJSON *arr, const char *s, size_t n)
{
	size_t i = 0;
	cJSON *c;

	if (n == 0 || n > 6 || (n > 1 && s[0] == '0'))
		return NULL;
	for (size_t k = 0; k < n; k++) {
		if (s[k] < '0' || s[k] > '9')
			return NULL;
		i = i * 10 + (size_t)(s[k] - '0');
	}
	for (c = arr->child; c != NULL && i > 0; c = c->next)
		i--;
	return c;
}

/* What the first segment of *path names in j; *path then stands behind it. NULL
 * if there is no such thing. */
static cJSON *
step(const cJSON *j, const char **path)
{
	int type = j->type & 0xff;
	const char *end;
	size_t n;

	if (type == cJSON_Array) {
		n = strcspn(*path, "/");
		*path += n;
		return element(j, *path - n, n);
	}
	if (type != cJSON_Object)
		return NULL;
	for (cJSON *c = j->child; c != NULL; c = c->next) {
		if (c->string == NULL)
			continue;
		end = behind(*path, c->string);
		if (end != NULL) {
			*path = end;
			return c;
		}
	}
	return NULL;
}

static char *
segment_text(const char *s, size_t n)
{
	char *out = xmalloc(n + 1), *dst = out;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '~' && i + 1 < n &&
		    (s[i + 1] == '0' || s[i + 1] == '1'))
			c = s[++i] == '0' ? '~' : '/';
		*dst++ = c;
	}
	*dst = '\0';
	return out;
}

static cJSON *
walk(cJSON *j, const char *path)
{
	if (*path == '\0')
		return j;
	path += *path == '/';
	while (j != NULL) {
		j = step(j, &path);
		if (*path == '\0')
			break;
		path++; /* or nothing was found */
	}
	return j;
}

cJSON *
json_at_mut(cJSON *j, const char *path)
{
	return walk(j, path);
}

const cJSON *
json_at(const cJSON *j, const char *path)
{
	return walk((cJSON *)(uintptr_t)j, path);
}

/* ---- getters ------------------------------------------------------------- */

static enum json_got
look(const cJSON *j, const char *path, const cJSON **out)
{
	*out = json_at(j, path);
	if (*out == NULL)
		return JSON_ABSENT;
	return cJSON_IsNull(*out) ? JSON_NULL : JSON_GOT;
}

enum json_got
json_get_str(const cJSON *j, const char *path, const char **out)
{
	const cJSON *v;
	enum json_got got = look(j, path, &v);

	if (got != JSON_GOT)
		return got;
	if (!cJSON_IsString(v))
		return JSON_WRONG;
	*out = v->valuestring;
	return JSON_GOT;
}

enum json_got
json_get_bool(const cJSON *j, const char *path, bool *out)
{
	const cJSON *v;
	enum json_got got = look(j, path, &v);

	if (got != JSON_GOT)
		return got;
	if (!cJSON_IsBool(v))
		return JSON_WRONG;
	*out = cJSON_IsTrue(v);
	return JSON_GOT;
}

enum json_got
json_get_i64(const cJSON *j, const char *path, int64_t *out)
{
	const cJSON *v;
	enum json_got got = look(j, path, &v);

	if (got != JSON_GOT)
		return got;
	if (cJSON_IsRaw(v))
		return str_to_i64(v->valuestring, out) ? JSON_GOT : JSON_WRONG;
	if (!cJSON_IsNumber(v) || v->valuedouble != trunc(v->valuedouble) ||
	    fabs(v->valuedouble) > (double)EXACT_MAX)
		return JSON_WRONG;
	*out = (int64_t)v->valuedouble;
	return JSON_GOT;
}

const char *
json_str(const cJSON *j, const char *path, const char *dflt)
{
	const char *s;

	return json_get_str(j, path, &s) == JSON_GOT ? s : dflt;
}

bool
json_bool(const cJSON *j, const char *path, bool dflt)
{
	bool b;

	return json_get_bool(j, path, &b) == JSON_GOT ? b : dflt;
}

int64_t
json_i64(const cJSON *j, const char *path, int64_t dflt)
{
	int64_t i;

	return json_get_i64(j, path, &i) == JSON_GOT ? i : dflt;
}

const cJSON *
json_obj(const cJSON *j, const char *path)
{
	const cJSON *v = json_at(j, path);

	return cJSON_IsObject(v) ? v : NULL;
}

const cJSON *
json_arr(const cJSON *j, const char *path)
{
	const cJSON *v = json_at(j, path);

	return cJSON_IsArray(v) ? v : NULL;
}

bool
json_is_number(const cJSON *j)
{
	/* Only json_parse and json_set_i64 make raw nodes, of numbers. */
	return cJSON_IsNumber(j) || cJSON_IsRaw(j);
}

bool
json_is_integer(const cJSON *j)
{
	if (cJSON_IsRaw(j))
		return strpbrk(j->valuestring, ".eE") == NULL;
	return cJSON_IsNumber(j) && j->valuedouble == trunc(j->valuedouble);
}

/* ---- setters ------------------------------------------------------------- */

cJSON *
json_child(const cJSON *obj, const char *key)
{
	if (!cJSON_IsObject(obj))
		return NULL;
	for (cJSON *c = obj->child; c != NULL; c = c->next) {
		if (json_node_is(c, key))
			return c;
	}
	return NULL;
}

void
json_set(cJSON *obj, const char *key, cJSON *v)
{
	cJSON *old;

	if (!cJSON_IsObject(obj)) {
		cJSON_Delete(v);
		return;
	}
	old = json_child(obj, key);
	if (v == old)
		return;
	if (v == NULL) {
		cJSON_Delete(cJSON_DetachItemViaPointer(obj, old));
		return;
	}
	if (old == NULL) {
		(void)cJSON_AddItemToObject(
		    obj, key, v); /* aborts, never fails */
		return;
	}
	json_node_name(v, key);
	(void)cJSON_ReplaceItemViaPointer(obj, old, v); /* both are there */
}

/* As json_set() does with a value of that type and text, but its name, its text
 * and itself are one piece of memory. NULL if obj is no object. */
static cJSON *
set_whole(cJSON *obj, const char *key, int type, const char *text)
{
	struct json_text name = { key, strlen(key) }, t;
	cJSON *old, *v, *last;

	if (!cJSON_IsObject(obj))
		return NULL;
	if (text != NULL)
		t = (struct json_text){ text, strlen(text) };
	old = json_child(obj, key);
	v = json_node_new(NULL, type, &name, text != NULL ? &t : NULL);
	if (old != NULL) {
		(void)cJSON_ReplaceItemViaPointer(obj, old, v);
		return v;
	}
	last = obj->child != NULL ? obj->child->prev : NULL;
	json_node_append(obj, &last, v);
	return v;
}

void
json_set_str(cJSON *obj, const char *key, const char *s)
{
	if (s == NULL)
		json_set(obj, key, NULL);
	else
		(void)set_whole(obj, key, cJSON_String, s);
}

void
json_set_bool(cJSON *obj, const char *key, bool b)
{
	(void)set_whole(obj, key, b ? cJSON_True : cJSON_False, NULL);
}

static void
set_number(cJSON *obj, const char *key, double d)
{
	cJSON *v = set_whole(obj, key, cJSON_Number, NULL);

	if (v != NULL)
		(void)cJSON_SetNumberHelper(v, d); /* valueint, too */
}

void
json_set_i64(cJSON *obj, const char *key, int64_t n)
{
	char text[24];

	if (n <= EXACT_MAX && n >= -EXACT_MAX) {
		set_number(obj, key, (double)n);
		return;
	}
	(void)str_format(text, sizeof(text), "%lld", (long long)n);
	(void)set_whole(obj, key, cJSON_Raw, text);
}

static bool
is_container(const cJSON *j)
{
	return cJSON_IsObject(j) || cJSON_IsArray(j);
}

/* The container in s[0..n), where the path s has its first segment, of the
 * container j, made an object if it is none. */
static cJSON *
ensure_step(cJSON *j, const char *s, size_t n)
{
	const char *at = s;
	cJSON *c = step(j, &at), *made;
	char *key;

	if (is_container(c))
		return c;
	made = cJSON_CreateObject();
	if (cJSON_IsArray(j)) {
		if (c == NULL)
			(void)cJSON_AddItemToArray(j, made); /* never fails */
		else
			(void)cJSON_ReplaceItemViaPointer(j, c, made);
		return made;
	}
	key = segment_text(s, n);
	json_set(j, key, made);
	xfree(key);
	return made;
}

static cJSON *
ensure(cJSON *root, const char *path)
{
	if (*path == '\0')
		return root;
	path += *path == '/';
	for (;;) {
		size_t n = strcspn(path, "/");

		root = ensure_step(root, path, n);
		if (path[n] == '\0')
			return root;
		path += n + 1;
	}
}

cJSON *
json_ensure_obj(cJSON *root, const char *path)
{
	cJSON *j = ensure(root, path);

	if (cJSON_IsObject(j))
		return j;
	json_put(root, path, cJSON_CreateObject());
	return json_at_mut(root, path);
}

static void
put_element(cJSON *arr, const char *index, cJSON *v)
{
	cJSON *old = element(arr, index, strlen(index));

	if (v == NULL && old != NULL)
		cJSON_Delete(cJSON_DetachItemViaPointer(arr, old));
	else if (v != NULL && old != NULL)
		(void)cJSON_ReplaceItemViaPointer(arr, old, v);
	else if (v != NULL)
		(void)cJSON_AddItemToArray(arr, v); /* never fails */
}

void
json_put(cJSON *root, const char *path, cJSON *v)
{
	const char *slash, *last;
	char *parent, *key;
	cJSON *at;

	path += *path == '/';
	slash = strrchr(path, '/');
	last = slash != NULL ? slash + 1 : path;
	parent = xstrndup(path, slash != NULL ? (size_t)(slash - path) : 0);
	key = segment_text(last, strlen(last));
	at = v != NULL ? ensure(root, parent) : json_at_mut(root, parent);
	if (cJSON_IsArray(at))
		put_element(at, last, v);
	else
		json_set(at, key, v);
	xfree(parent);
	xfree(key);
}

void
json_insert(cJSON *arr, size_t index, cJSON *v)
{
	cJSON *before;

	if (!cJSON_IsArray(arr)) {
		cJSON_Delete(v);
		return;
	}
	for (before = arr->child; before != NULL && index > 0; index--)
		before = before->next;
	if (before == NULL) {
		(void)cJSON_AddItemToArray(arr, v); /* never fails */
		return;
	}
	v->next = before;
	v->prev = before->prev; /* of the first: the tail */
	if (before == arr->child)
		arr->child = v;
	else
		before->prev->next = v;
	before->prev = v;
}

unsigned
json_depth(const cJSON *j)
{
	unsigned deepest = 0;

	if (!is_container(j))
		return 0;
	for (const cJSON *c = j->child; c != NULL; c = c->next) {
		unsigned d = json_depth(c);

		if (d > deepest)
			deepest = d;
	}
	return deepest + 1;
}

size_t
json_count_nodes(const cJSON *j)
{
	size_t n = 1;

	if (j == NULL)
		return 0;
	for (const cJSON *c = j->child; c != NULL; c = c->next)
		n += json_count_nodes(c);
	return n;
}
