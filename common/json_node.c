#include "common/json_node.h"

#include <assert.h>
#include <stdint.h>

#include "common/json.h"

/* Before main, since whatever frees a node must know how it was made. */
__attribute__((constructor)) static void
set_hooks(void)
{
	cJSON_Hooks hooks = { .malloc_fn = json_room_alone,
		.free_fn = json_room_free };

	cJSON_InitHooks(&hooks);
}

static char *
put(char *at, const struct json_text *t)
{
	memcpy(at, t->p, t->n);
	at[t->n] = '\0';
	return at + t->n + 1;
}

cJSON *
json_node_new(struct json_room *room, int type, const struct json_text *key,
    const struct json_text *text)
{
	size_t n = sizeof(cJSON);
	cJSON *j;
	char *at;

	if (key != NULL)
		n += key->n + 1;
	if (text != NULL)
		n += text->n + 1;
	j = json_room_take(room, n);
	memset(j, 0, sizeof(*j));
	j->type = type;
	at = (char *)(j + 1);
	if (key != NULL) {
		j->type |= cJSON_StringIsConst;
		j->string = at;
		at = put(at, key);
	}
	if (text != NULL) {
		j->type |= cJSON_IsReference;
		j->valuestring = at;
		(void)put(at, text);
	}
	return j;
}

void
json_node_unname(cJSON *j)
{
	if (j == NULL)
		return;
	if ((j->type & cJSON_StringIsConst) == 0)
		json_room_free(j->string);
	j->type &= ~cJSON_StringIsConst;
	j->string = NULL;
}

void
json_node_name(cJSON *j, const char *key)
{
	char *name = json_room_text(key); /* key may be its own */

	json_node_unname(j);
	j->string = name;
}

static void
drop_text(cJSON *j)
{
	if ((j->type & cJSON_IsReference) == 0)
		json_room_free(j->valuestring);
	j->type &= ~cJSON_IsReference;
	j->valuestring = NULL;
}

void
json_retext(cJSON *j, const char *s)
{
	char *text;

	if (!cJSON_IsString(j))
		return;
	text = json_room_text(s); /* s may be its own */
	drop_text(j);
	j->valuestring = text;
}

/* The text of v, which then has none. */
static char *
take_text(cJSON *v)
{
	char *text = v->valuestring;

	if ((v->type & cJSON_IsReference) != 0 && text != NULL)
		text = json_room_text(text);
	v->type &= ~cJSON_IsReference;
	v->valuestring = NULL;
	return text;
}

void
json_node_assign(cJSON *node, cJSON *v)
{
	cJSON_Delete(node->child);
	drop_text(node);
	node->child = v->child;
	v->child = NULL;
	node->valuestring = take_text(v);
	node->type =
	    (v->type & ~JSON_NODE_FLAGS) | (node->type & cJSON_StringIsConst);
	node->valueint = v->valueint;
	node->valuedouble = v->valuedouble;
	cJSON_Delete(v);
}

/* ---- holders and copies -------------------------------------------------- */

static bool
is_container(const cJSON *j)
{
	return (j->type & (cJSON_Object | cJSON_Array)) != 0;
}

const cJSON *
json_hold(const cJSON *j)
{
	if (j == NULL)
		return NULL;
	assert(is_container(j));
	((cJSON *)(uintptr_t)j)->valueint++;
	return j;
}

void
json_drop(const cJSON *j)
{
	cJSON *mine = (cJSON *)(uintptr_t)j;

	if (j != NULL && is_container(j) && j->valueint > 0)
		mine->valueint--;
	else
		cJSON_Delete(mine);
}

cJSON *
json_own(cJSON *j)
{
	cJSON *mine;

	if (j == NULL || !is_container(j) || j->valueint == 0)
		return j;
	mine = json_dup(j);
	json_drop(j);
	return mine;
}

/* The texts of a node; the name of one that has both in its own piece ends where
 * the value begins. */
static void
texts_of(const cJSON *j, struct json_text *key, struct json_text *text)
{
	*key = (struct json_text){ j->string, 0 };
	*text = (struct json_text){ j->valuestring, 0 };
	if (text->p != NULL)
		text->n = strlen(text->p);
	if (key->p == NULL)
		return;
	if (text->p != NULL && key->p == (const char *)(j + 1) &&
	    (j->type & JSON_NODE_OWN) == JSON_NODE_OWN)
		key->n = (size_t)(text->p - key->p) - 1;
	else
		key->n = strlen(key->p);
}

/* Bytes of a tree in one room. */
static size_t
tree_need(const cJSON *j)
{
	struct json_text key, text;
	size_t n = sizeof(cJSON), all;

	texts_of(j, &key, &text);
	if (key.p != NULL)
		n += key.n + 1;
	if (text.p != NULL)
		n += text.n + 1;
	all = json_room_need(n);
	for (const cJSON *c = j->child; c != NULL; c = c->next)
		all += tree_need(c);
	return all;
}

static cJSON *
copy(struct json_room *room, const cJSON *j)
{
	struct json_text key, text;
	cJSON *out, *last = NULL;

	texts_of(j, &key, &text);
	out = json_node_new(room, j->type & ~JSON_NODE_FLAGS,
	    key.p != NULL ? &key : NULL, text.p != NULL ? &text : NULL);
	if (!is_container(j))
		out->valueint = j->valueint;
	out->valuedouble = j->valuedouble;
	for (const cJSON *c = j->child; c != NULL; c = c->next)
		json_node_append(out, &last, copy(room, c));
	return out;
}

cJSON *
json_dup(const cJSON *j)
{
	struct json_room room = { 0 };
	cJSON *out;

	if (j == NULL)
		return NULL;
	if (j->child == NULL)
		return copy(NULL, j);
	/* A tree that was made at once: about as much as that took. */
	room.next = json_room_behind(j);
	if (room.next == 0)
		room.next = tree_need(j);
	out = copy(&room, j);
	json_room_close(&room);
	return out;
}
