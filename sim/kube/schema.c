/* Looking at schemas, pruning and defaulting. */
#include "sim/kube/schema.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/kube/schema_node.h"

#define UNKNOWN_MAX 100

/* ---- paths and numbers -------------------------------------------------- */

size_t
schema_path_key(struct schema_path *p, const char *key)
{
	size_t mark = p->n, room = sizeof(p->s) - 1 - mark, n = strlen(key);
	char *end = p->s + mark;

	if (mark > 0 && room > 0) {
		*end++ = '.';
		room--;
	}
	if (n > room)
		n = room;
	memcpy(end, key, n);
	end[n] = '\0';
	p->n = (size_t)(end - p->s) + n;
	return mark;
}

size_t
schema_path_index(struct schema_path *p, size_t i)
{
	size_t mark = p->n, at;
	char text[24];

	/* "[12]", from behind: lists are walked with every write. */
	at = sizeof(text) - 1;
	text[at] = '\0';
	text[--at] = ']';
	do
		text[--at] = (char)('0' + i % 10);
	while ((i /= 10) > 0);
	text[--at] = '[';
	(void)str_copy(p->s + p->n, sizeof(p->s) - p->n, text + at);
	p->n += strlen(p->s + p->n);
	return mark;
}

void
schema_path_pop(struct schema_path *p, size_t mark)
{
	p->n = mark;
	p->s[mark] = '\0';
}

double
schema_number(const cJSON *v)
{
	double d = 0;

	if (cJSON_IsRaw(v))
		return str_to_double(v->valuestring, &d) ? d : 0;
	return v->valuedouble;
}

/* ---- looking ------------------------------------------------------------ */

const cJSON *
schema_json(const struct schema *s)
{
	return s->json;
}

static int
by_name(const void *key, const void *prop)
{
	return strcmp(key, ((const struct schema_prop *)prop)->name);
}

const struct schema *
schema_prop(const struct schema *s, const char *key)
{
	const struct schema_prop *p;

	if (s->n_props == 0)
		return NULL;
	p = bsearch(key, s->props, s->n_props, sizeof(*s->props), by_name);
	return p == NULL ? NULL : p->s;
}

enum schema_type
schema_type(const struct schema *s)
{
	return s->type;
}

const struct schema *
schema_member(const struct schema *s, const char *key)
{
	const struct schema *p;

	if (s == NULL)
		return NULL;
	p = schema_prop(s, key);
	return p != NULL ? p : s->additional;
}

bool
schema_has_property(const struct schema *s, const char *key)
{
	return s != NULL && schema_prop(s, key) != NULL;
}

const struct schema *
schema_items(const struct schema *s)
{
	return s == NULL ? NULL : s->items;
}

enum schema_list
schema_list_type(const struct schema *s)
{
	return s == NULL ? SCHEMA_LIST_ATOMIC : s->list;
}

const char *const *
schema_list_keys(const struct schema *s, size_t *n)
{
	*n = s == NULL ? 0 : s->n_keys;
	return s == NULL ? NULL : s->keys;
}

bool
schema_map_atomic(const struct schema *s)
{
	return s != NULL && s->map_atomic;
}

const cJSON *
schema_default_of(const struct schema *s)
{
	return s == NULL ? NULL : s->dflt;
}

/* ---- unknown fields ----------------------------------------------------- */

void
schema_unknown_free(struct schema_unknown *u)
{
	for (size_t i = 0; i < u->n; i++)
		xfree(u->v[i]);
	xfree(u->v);
	*u = (struct schema_unknown){ 0 };
}

char *
schema_unknown_text(const struct schema_unknown *u)
{
	struct buf b;

	buf_init(&b, 256U << 10);
	(void)buf_adds(&b, "strict decoding error: ");
	for (size_t i = 0; i < u->n; i++)
		(void)buf_addf(
		    &b, "%sunknown field \"%s\"", i > 0 ? ", " : "", u->v[i]);
	return buf_take(&b, NULL);
}

static void
note_unknown(struct schema_unknown *u, const struct schema_path *at)
{
	if (u == NULL || u->n == UNKNOWN_MAX)
		return;
	u->v = xreallocarray(u->v, u->n + 1, sizeof(*u->v));
	u->v[u->n++] = xstrdup(at->s);
}

struct prune {
	struct schema_path at;
	struct schema_unknown *unknown;
};

static void prune_value(struct prune *p, const struct schema *s, cJSON *v);

static bool
is_head(const char *key)
{
	return str_eq(key, "apiVersion") || str_eq(key, "kind") ||
	       str_eq(key, "metadata");
}

static void
prune_object(struct prune *p, const struct schema *s, cJSON *v)
{
	cJSON *i = v->child, *next;
	bool head = s->root || s->embedded;

	for (; i != NULL; i = next) {
		const struct schema *sub;
		size_t mark;

		next = i->next;
		if (json_same(i))
			continue;
		sub = schema_member(s, i->string);
		mark = schema_path_key(&p->at, i->string);
		if (head && is_head(i->string)) {
			/* ObjectMeta has rules of its own. */
		} else if (sub != NULL) {
			prune_value(p, sub, i);
		} else if (!s->preserve && !s->any_member) {
			note_unknown(p->unknown, &p->at);
			cJSON_Delete(cJSON_DetachItemViaPointer(v, i));
		}
		schema_path_pop(&p->at, mark);
	}
}

static void
prune_value(struct prune *p, const struct schema *s, cJSON *v)
{
	size_t n = 0;
	cJSON *i;

	if (json_same(v))
		return;
	if (cJSON_IsObject(v)) {
		/* Another type than the schema's is for validation to say. */
		if (s->type == SCHEMA_OBJECT || s->type == SCHEMA_ANY)
			prune_object(p, s, v);
		return;
	}
	if (!cJSON_IsArray(v) || s->items == NULL)
		return;
	cJSON_ArrayForEach (i, v) {
		size_t mark = schema_path_index(&p->at, n++);

		prune_value(p, s->items, i);
		schema_path_pop(&p->at, mark);
	}
}

void
schema_prune(const struct schema *s, cJSON *obj, struct schema_unknown *unknown)
{
	struct prune p = { .unknown = unknown };

	prune_value(&p, s, obj);
}

/* ---- defaults ----------------------------------------------------------- */

static void
drop_nulls(const struct schema *s, cJSON *v)
{
	cJSON *i = v->child, *next;

	for (; i != NULL; i = next) {
		const struct schema *sub;

		next = i->next;
		if (!cJSON_IsNull(i))
			continue;
		sub = schema_member(s, i->string);
		if (sub != NULL && !sub->nullable && sub->typed)
			cJSON_Delete(cJSON_DetachItemViaPointer(v, i));
	}
}

/* A null where null is not allowed is as good as nothing. */
static void
add_defaults(const struct schema *s, cJSON *obj)
{
	for (size_t k = 0; k < s->n_props; k++) {
		const struct schema_prop *p = &s->props[k];
		const cJSON *v;

		if (p->s->dflt == NULL)
			continue;
		v = json_child(obj, p->name);
		if (v == NULL || (cJSON_IsNull(v) && !p->s->nullable))
			json_set(obj, p->name, json_dup(p->s->dflt));
	}
}

static void fill(const struct schema *s, cJSON *obj, bool nulls_too);

static void
fill_members(const struct schema *s, cJSON *obj, bool nulls_too)
{
	cJSON *i;

	cJSON_ArrayForEach (i, obj) {
		const struct schema *sub;

		if (i->child == NULL && !cJSON_IsObject(i))
			continue; /* nothing to fill */
		sub = schema_member(s, i->string);
		if (sub != NULL && !(s->root && is_head(i->string)))
			fill(sub, i, nulls_too);
	}
}

static void
fill(const struct schema *s, cJSON *obj, bool nulls_too)
{
	cJSON *i;

	if (json_same(obj))
		return;
	if (cJSON_IsArray(obj) && s->items != NULL) {
		cJSON_ArrayForEach (i, obj)
			fill(s->items, i, nulls_too);
		return;
	}
	if (!cJSON_IsObject(obj))
		return;
	if (nulls_too)
		drop_nulls(s, obj);
	add_defaults(s, obj);
	fill_members(s, obj, nulls_too);
}

void
schema_default(const struct schema *s, cJSON *obj)
{
	fill(s, obj, true);
}

void
schema_default_applied(const struct schema *s, cJSON *obj)
{
	fill(s, obj, false);
}
