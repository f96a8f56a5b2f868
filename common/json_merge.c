/* Equality and RFC 7396. cJSON_Utils has a merge patch too, but it sorts its
 * arguments and takes any two raw numbers for equal. */
#include "common/json.h"

#include <math.h>
#include <string.h>

#include "common/json_index.h"
#include "common/json_node.h"
#include "common/mem.h"
#include "common/str.h"

/* 1e20 against 100000000000000000000 */
static bool
spells(const cJSON *number, const cJSON *raw)
{
	char text[352]; /* %.0f of the largest double has 309 digits */

	(void)str_format(text, sizeof(text), "%.0f", number->valuedouble);
	return number->valuedouble == trunc(number->valuedouble) &&
	       strcmp(text, raw->valuestring) == 0;
}

static bool
numbers_equal(const cJSON *a, const cJSON *b)
{
	if (cJSON_IsNumber(a) && cJSON_IsNumber(b))
		return a->valuedouble >= b->valuedouble &&
		       a->valuedouble <= b->valuedouble;
	if (cJSON_IsRaw(a) && cJSON_IsRaw(b))
		return strcmp(a->valuestring, b->valuestring) == 0;
	if (cJSON_IsRaw(a))
		return spells(b, a);
	return spells(a, b);
}

static bool
arrays_equal(const cJSON *a, const cJSON *b)
{
	const cJSON *x = a->child, *y = b->child;

	for (; x != NULL && y != NULL; x = x->next, y = y->next) {
		if (!json_equal(x, y))
			return false;
	}
	return x == y;
}

static bool
objects_equal(const cJSON *a, const cJSON *b)
{
	const cJSON *p = a->child, *q = b->child;
	struct json_index of_a, of_b;
	bool equal;

	/* Mostly the order is the same; no key is there twice. */
	for (; p != NULL && q != NULL && p->string != NULL &&
	       q->string != NULL && json_node_is(p, q->string);
	     p = p->next, q = q->next)
		if (!json_equal(p, q))
			return false;
	if (p == NULL && q == NULL)
		return true;

	json_index_init(&of_a, a);
	json_index_init(&of_b, b);
	equal = of_a.n == of_b.n;
	for (const cJSON *x = a->child; equal && x != NULL; x = x->next)
		equal = json_equal(x, json_index_find(&of_b, x->string));
	json_index_fini(&of_a);
	json_index_fini(&of_b);
	return equal;
}

bool
json_equal(const cJSON *a, const cJSON *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (json_is_number(a) && json_is_number(b))
		return numbers_equal(a, b);
	if ((a->type & 0xff) != (b->type & 0xff))
		return false;
	if (cJSON_IsString(a))
		return strcmp(a->valuestring, b->valuestring) == 0;
	if (cJSON_IsArray(a))
		return arrays_equal(a, b);
	if (cJSON_IsObject(a))
		return objects_equal(a, b);
	return true; /* true, false, null: the type is the value */
}

/* ---- marks --------------------------------------------------------------- */

bool
json_same(const cJSON *j)
{
	return (j->type & JSON_NODE_SAME) != 0;
}

/* Mostly the one behind the last that was found. */
static const cJSON *
member_at(const cJSON *obj, const cJSON *guess, const char *key)
{
	if (guess != NULL && key != NULL && json_node_is(guess, key))
		return guess;
	return key != NULL ? json_child(obj, key) : NULL;
}

static bool
mark_children(const cJSON *was, cJSON *now)
{
	bool object = cJSON_IsObject(now), same = true;
	const cJSON *w = was->child, *at;
	size_t more = 0;
	cJSON *c;

	for (c = now->child; c != NULL; c = c->next) {
		at = object ? member_at(was, w, c->string) : w;
		if (at == NULL) {
			same = false;
			continue;
		}
		w = at->next;
		more++;
		same = json_mark_same(at, c) && same;
	}
	/* All of now is in was; then it is as much as it has. */
	for (w = was->child; w != NULL && more > 0; w = w->next)
		more--;
	return same && w == NULL;
}

bool
json_mark_same(const cJSON *was, cJSON *now)
{
	bool same = false;

	now->type &= ~JSON_NODE_SAME;
	if (was != NULL && (was->type & 0xff) == (now->type & 0xff) &&
	    (cJSON_IsObject(now) || cJSON_IsArray(now)))
		same = mark_children(was, now);
	else if (was != NULL)
		same = json_equal(was, now);
	if (same)
		now->type |= JSON_NODE_SAME;
	return same;
}

/* ---- RFC 7396 ------------------------------------------------------------ */

static void merge_into(cJSON *t, const cJSON *p);

/* One member p of a patch; old is its like in t, or NULL. A removed one stays
 * as cJSON_Invalid until sweep(). */
static void
merge_member(cJSON *t, cJSON *old, const cJSON *p)
{
	cJSON *v;

	if (cJSON_IsObject(p) && cJSON_IsObject(old)) {
		merge_into(old, p);
		return;
	}
	if (cJSON_IsNull(p)) {
		if (old != NULL)
			old->type &= ~0xff; /* cJSON_Invalid */
		return;
	}
	v = json_merge_patch(NULL, p);
	if (old != NULL)
		json_node_assign(old, v);
	else
		(void)cJSON_AddItemToObject(t, p->string, v); /* never fails */
}

static void
sweep(cJSON *t)
{
	for (cJSON *c = t->child, *next; c != NULL; c = next) {
		next = c->next;
		if ((c->type & 0xff) == cJSON_Invalid)
			cJSON_Delete(cJSON_DetachItemViaPointer(t, c));
	}
}

static void
merge_into(cJSON *t, const cJSON *p)
{
	struct json_index of_t;

	/* Taken once: parsed patches name each member once. */
	json_index_init(&of_t, t);
	for (const cJSON *c = p->child; c != NULL; c = c->next)
		merge_member(t, json_index_find(&of_t, c->string), c);
	json_index_fini(&of_t);
	sweep(t);
}

cJSON *
json_merge_patch(const cJSON *target, const cJSON *patch)
{
	cJSON *out;

	if (!cJSON_IsObject(patch)) {
		out = json_dup(patch);
		/* The copy of a member would keep its name. */
		json_node_unname(out);
		return out;
	}
	out = cJSON_IsObject(target) ? json_dup(target) : cJSON_CreateObject();
	merge_into(out, patch);
	return out;
}

static void
diff_member(cJSON *out, const cJSON *a, const cJSON *b)
{
	cJSON *d = a == NULL ? json_dup(b) : json_merge_diff(a, b);

	if (d != NULL)
		json_set(out, b->string, d);
}

static cJSON *
diff_objects(const cJSON *a, const cJSON *b)
{
	cJSON *out = cJSON_CreateObject();
	struct json_index of_a, of_b;

	json_index_init(&of_a, a);
	json_index_init(&of_b, b);
	for (const cJSON *c = a->child; c != NULL; c = c->next) {
		if (json_index_find(&of_b, c->string) == NULL)
			(void)cJSON_AddNullToObject(out, c->string);
	}
	for (const cJSON *c = b->child; c != NULL; c = c->next)
		diff_member(out, json_index_find(&of_a, c->string), c);
	json_index_fini(&of_a);
	json_index_fini(&of_b);
	if (out->child == NULL) {
		cJSON_Delete(out);
		return NULL;
	}
	return out;
}

cJSON *
json_merge_diff(const cJSON *a, const cJSON *b)
{
	if (cJSON_IsObject(a) && cJSON_IsObject(b))
		return diff_objects(a, b);
	return json_equal(a, b) ? NULL : json_merge_patch(NULL, b);
}
