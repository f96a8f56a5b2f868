/*
 * libyaml's events to JSON trees. Types follow go-yaml v2, through which
 * kubectl reads; where YAML 1.1 (kubectl) and 1.2 (everybody else) disagree
 * about a plain word, the text is refused instead of guessed at.
 */
#include "common/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/json_node.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/yaml_scalar.h"

#define ALIAS_NODES_MAX 10000
#define ANCHORS_MAX 1000 /* in one document */
#define NAME_SHOWN 100

/* Looks for one path while it parses, for yaml_line_of(). */
struct finder {
	size_t doc;       /* in which document */
	const char *path; /* without a leading '/' */
	int line;         /* 0 = not found yet */
};

struct composer {
	yaml_parser_t y;
	const char *name;
	struct err *e;
	struct map anchors; /* name -> cJSON borrowed from the document */
	unsigned depth;
	size_t nodes, alias_nodes;
	size_t docs; /* documents that were not empty */
	struct finder *find;
	bool words; /* see yaml_parse_words() */
};

static cJSON *compose(struct composer *c, yaml_event_t *ev, const char *path);

static void *
fail_at(
    struct composer *c, enum err_kind kind, yaml_mark_t at, const char *what)
{
	(void)err_set(c->e, kind, 0, "%.*s:%zu:%zu: %s", NAME_SHOWN, c->name,
	    at.line + 1, at.column + 1, what);
	return NULL;
}

static bool
next_event(struct composer *c, yaml_event_t *ev)
{
	yaml_mark_t at;

	if (yaml_parser_parse(&c->y, ev))
		return true;
	at = c->y.problem_mark;
	if (c->y.error == YAML_READER_ERROR) {
		/* The reader knows an offset only. */
		(void)err_set(c->e, ERR_SPEC, 0, "%.*s: byte %zu: %s",
		    NAME_SHOWN, c->name, c->y.problem_offset, c->y.problem);
	} else {
		(void)fail_at(c, ERR_SPEC, at,
		    c->y.problem != NULL ? c->y.problem : "cannot be parsed");
	}
	return false;
}

/* Every node passes here once. */
static bool
count_nodes(struct composer *c, size_t n, yaml_mark_t at)
{
	c->nodes += n;
	if (c->nodes <= JSON_MAX_NODES)
		return true;
	(void)fail_at(c, ERR_TOO_BIG, at, "too many values");
	return false;
}

static bool
enter(struct composer *c, yaml_mark_t at)
{
	if (++c->depth <= JSON_MAX_DEPTH)
		return true;
	(void)fail_at(c, ERR_TOO_BIG, at, "nested too deep");
	return false;
}

/* A finished node gets its name; what contains it has none yet, so that an
 * alias can never point at its own parents. */
static bool
set_anchor(
    struct composer *c, const yaml_char_t *anchor, cJSON *j, yaml_mark_t at)
{
	if (anchor == NULL)
		return true;
	if (c->anchors.n >= ANCHORS_MAX) {
		(void)fail_at(c, ERR_TOO_BIG, at, "too many anchors");
		return false;
	}
	(void)map_put(&c->anchors, (const char *)anchor, j);
	return true;
}

/* ---- paths --------------------------------------------------------------- */

static bool
finding(const struct composer *c)
{
	return c->find != NULL && c->find->doc == c->docs;
}

/* The path of a child: owned; NULL when nothing is looked for. */
static char *
child_path(const struct composer *c, const char *path, const char *key)
{
	struct buf b;

	if (!finding(c))
		return NULL;
	buf_init(&b, 1u << 16);
	(void)buf_adds(&b, path);
	if (*path != '\0')
		(void)buf_addc(&b, '/');
	for (; *key != '\0'; key++) {
		if (*key == '~' || *key == '/')
			(void)buf_adds(&b, *key == '~' ? "~0" : "~1");
		else
			(void)buf_addc(&b, *key);
	}
	/* A path cut by the cap equals none that is looked for. */
	return buf_take(&b, NULL);
}

static void
note_line(struct composer *c, const char *path, yaml_mark_t at)
{
	if (path != NULL && c->find->line == 0 &&
	    strcmp(path, c->find->path) == 0)
		c->find->line = (int)at.line + 1;
}

/* ---- nodes --------------------------------------------------------------- */

static cJSON *
compose_scalar(struct composer *c, const yaml_event_t *ev)
{
	const char *why = NULL;
	struct yaml_scalar s = {
		.text = (const char *)ev->data.scalar.value,
		.n = ev->data.scalar.length,
		.plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
		.tag = (const char *)ev->data.scalar.tag,
		.words = c->words,
	};
	cJSON *j;

	if (!count_nodes(c, 1, ev->start_mark))
		return NULL;
	j = yaml_scalar_json(&s, &why);
	if (j == NULL)
		return fail_at(c, ERR_SPEC, ev->start_mark, why);
	if (!set_anchor(c, ev->data.scalar.anchor, j, ev->start_mark)) {
		cJSON_Delete(j);
		return NULL;
	}
	return j;
}

static cJSON *
compose_alias(struct composer *c, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	cJSON *target = map_get(&c->anchors, name), *copy;
	size_t n;

	if (target == NULL)
		return fail_at(c, ERR_SPEC, ev->start_mark,
		    "alias of an anchor that does not stand before it");
	n = json_count_nodes(target);
	c->alias_nodes += n;
	if (c->alias_nodes > ALIAS_NODES_MAX)
		return fail_at(c, ERR_TOO_BIG, ev->start_mark,
		    "aliases expand to too many values");
	if (c->depth + json_depth(target) > JSON_MAX_DEPTH)
		return fail_at(
		    c, ERR_TOO_BIG, ev->start_mark, "nested too deep");
	if (!count_nodes(c, n, ev->start_mark))
		return NULL;
	copy = json_dup(target);
	json_node_unname(copy);
	return copy;
}

static bool
tag_is(const yaml_char_t *tag, const char *want)
{
	return tag == NULL || str_eq((const char *)tag, want) ||
	       str_eq((const char *)tag, "!");
}

static bool
compose_items(struct composer *c, cJSON *arr, const char *path)
{
	for (size_t i = 0;; i++) {
		yaml_event_t ev;
		char index[24], *below;
		cJSON *item;

		if (!next_event(c, &ev))
			return false;
		if (ev.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&ev);
			return true;
		}
		(void)str_format(index, sizeof(index), "%zu", i);
		below = child_path(c, path, index);
		note_line(c, below, ev.start_mark);
		if (i >= JSON_MAX_MEMBERS)
			item = fail_at(
			    c, ERR_TOO_BIG, ev.start_mark, "too many members");
		else
			item = compose(c, &ev, below);
		yaml_event_delete(&ev);
		xfree(below);
		if (item == NULL)
			return false;
		(void)cJSON_AddItemToArray(arr, item); /* never fails */
	}
}

static cJSON *
compose_sequence(struct composer *c, const yaml_event_t *ev, const char *path)
{
	cJSON *arr;
	bool ok;

	if (!tag_is(ev->data.sequence_start.tag, YAML_SEQ_TAG))
		return fail_at(
		    c, ERR_SPEC, ev->start_mark, "this tag is not supported");
	if (!count_nodes(c, 1, ev->start_mark) || !enter(c, ev->start_mark))
		return NULL;
	arr = cJSON_CreateArray();
	ok = compose_items(c, arr, path) &&
	     set_anchor(c, ev->data.sequence_start.anchor, arr, ev->start_mark);
	c->depth--;
	if (!ok) {
		cJSON_Delete(arr);
		return NULL;
	}
	return arr;
}

/* Keys are text in JSON: numbers and booleans are written out, as kubectl
 * does. Owned; NULL after an error. */
static char *
key_text(struct composer *c, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;
	cJSON *j;
	char *out;

	if (ev->type != YAML_SCALAR_EVENT)
		return fail_at(
		    c, ERR_SPEC, ev->start_mark, "a key must be a plain value");
	if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    strcmp(text, "<<") == 0)
		return fail_at(c, ERR_SPEC, ev->start_mark,
		    "merge keys are not supported");
	j = compose_scalar(c, ev);
	if (j == NULL)
		return NULL;
	if (cJSON_IsNull(j))
		out = fail_at(c, ERR_SPEC, ev->start_mark, "a key is null");
	else
		out =
		    cJSON_IsString(j) ? xstrdup(j->valuestring) : json_print(j);
	if (ev->data.scalar.anchor != NULL && out != NULL) {
		/* The key does not live on as a node. */
		xfree(out);
		out = fail_at(c, ERR_SPEC, ev->start_mark,
		    "anchors of keys are not supported");
	}
	if (ev->data.scalar.anchor != NULL)
		(void)map_take(
		    &c->anchors, (const char *)ev->data.scalar.anchor);
	cJSON_Delete(j);
	return out;
}

/* One value, and with it the member; key is taken. */
static bool
compose_member(struct composer *c, cJSON *obj, char *key, yaml_mark_t key_at,
    const char *path)
{
	char *below = child_path(c, path, key);
	yaml_event_t ev;
	cJSON *v = NULL;

	note_line(c, below, key_at);
	if (next_event(c, &ev)) {
		v = compose(c, &ev, below);
		yaml_event_delete(&ev);
	}
	xfree(below);
	if (v == NULL) {
		xfree(key);
		return false;
	}
	(void)cJSON_AddItemToObject(obj, key, v); /* never fails */
	xfree(key);
	return true;
}

/* ---- mappings ------------------------------------------------------------ */

/* The keys of one mapping; looked through once, at its end, so that many keys
 * in a bad order cost no more than others. */
struct keys {
	struct key {
		const char *text; /* borrowed from the member */
		yaml_mark_t at;
	} * v; /* owned */
	size_t n, cap;
};

static void
add_key(struct keys *k, const char *text, yaml_mark_t at)
{
	if (k->n == k->cap) {
		k->cap = k->cap > 0 ? 2 * k->cap : 8;
		k->v = xreallocarray(k->v, k->cap, sizeof(*k->v));
	}
	k->v[k->n++] = (struct key){ text, at };
}

static int
by_text_and_place(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int c = strcmp(x->text, y->text);

	if (c != 0)
		return c;
	return x->at.index < y->at.index ? -1 : 1;
}

static bool
keys_differ(struct composer *c, struct keys *k)
{
	const struct key *again = NULL;

	if (k->n > 0)
		qsort(k->v, k->n, sizeof(*k->v), by_text_and_place);
	for (size_t i = 1; i < k->n; i++) {
		if (strcmp(k->v[i - 1].text, k->v[i].text) == 0 &&
		    (again == NULL || k->v[i].at.index < again->at.index))
			again = &k->v[i];
	}
	if (again == NULL)
		return true;
	(void)fail_at(
	    c, ERR_SPEC, again->at, "the key stands here a second time");
	return false;
}

/* Reads the next key; NULL in *key at the mapping's end. */
static bool
next_key(struct composer *c, char **key, yaml_mark_t *at)
{
	yaml_event_t ev;
	bool ok = true;

	*key = NULL;
	if (!next_event(c, &ev))
		return false;
	*at = ev.start_mark;
	if (ev.type != YAML_MAPPING_END_EVENT) {
		*key = key_text(c, &ev);
		ok = *key != NULL;
	}
	yaml_event_delete(&ev);
	return ok;
}

static bool
compose_members(
    struct composer *c, cJSON *obj, struct keys *keys, const char *path)
{
	for (;;) {
		yaml_mark_t at;
		char *key;

		if (!next_key(c, &key, &at))
			return false;
		if (key == NULL)
			return keys_differ(c, keys);
		if (keys->n >= JSON_MAX_MEMBERS) {
			(void)fail_at(c, ERR_TOO_BIG, at, "too many members");
			xfree(key);
			return false;
		}
		if (!compose_member(c, obj, key, at, path))
			return false;
		add_key(keys, obj->child->prev->string, at);
	}
}

static cJSON *
compose_mapping(struct composer *c, const yaml_event_t *ev, const char *path)
{
	struct keys keys = { 0 };
	cJSON *obj;
	bool ok;

	if (!tag_is(ev->data.mapping_start.tag, YAML_MAP_TAG))
		return fail_at(
		    c, ERR_SPEC, ev->start_mark, "this tag is not supported");
	if (!count_nodes(c, 1, ev->start_mark) || !enter(c, ev->start_mark))
		return NULL;
	obj = cJSON_CreateObject();
	ok = compose_members(c, obj, &keys, path) &&
	     set_anchor(c, ev->data.mapping_start.anchor, obj, ev->start_mark);
	xfree(keys.v);
	c->depth--;
	if (!ok) {
		cJSON_Delete(obj);
		return NULL;
	}
	return obj;
}

static cJSON *
compose(struct composer *c, yaml_event_t *ev, const char *path)
{
	if (path == NULL)
		path = "";
	switch ((int)ev->type) {
	case YAML_SCALAR_EVENT:
		return compose_scalar(c, ev);
	case YAML_ALIAS_EVENT:
		return compose_alias(c, ev);
	case YAML_SEQUENCE_START_EVENT:
		return compose_sequence(c, ev, path);
	case YAML_MAPPING_START_EVENT:
		return compose_mapping(c, ev, path);
	default:
		return fail_at(
		    c, ERR_SPEC, ev->start_mark, "a value is expected here");
	}
}

/* ---- documents ----------------------------------------------------------- */

/* The root and the end of a document whose start was read. */
static bool
compose_document(struct composer *c, cJSON *docs)
{
	yaml_event_t ev;
	cJSON *root;

	if (!next_event(c, &ev))
		return false;
	if (finding(c))
		note_line(c, "", ev.start_mark);
	root = compose(c, &ev, "");
	yaml_event_delete(&ev);
	map_free(&c->anchors, NULL); /* names end with their document */
	if (root == NULL)
		return false;
	if (cJSON_IsNull(root)) {
		cJSON_Delete(root);
		if (finding(c))
			c->find->line = 0; /* it did not count */
	} else {
		c->docs++;
		(void)cJSON_AddItemToArray(docs, root); /* never fails */
	}
	if (!next_event(c, &ev))
		return false;
	yaml_event_delete(&ev); /* can only be the document's end */
	return true;
}

static bool
compose_stream(struct composer *c, cJSON *docs)
{
	for (;;) {
		yaml_event_t ev;
		yaml_event_type_t type;

		if (!next_event(c, &ev))
			return false;
		type = ev.type;
		yaml_event_delete(&ev);
		if (type == YAML_STREAM_END_EVENT)
			return true;
		if (type == YAML_DOCUMENT_START_EVENT &&
		    !compose_document(c, docs))
			return false;
	}
}

/* What of c is to be given: name, e, find, words. */
static cJSON *
parse_by(struct composer c, const char *text, size_t n)
{
	const char *name = c.name;
	struct err *e = c.e;
	cJSON *docs;
	bool ok;

	if (n > YAML_MAX_BYTES) {
		(void)err_set(e, ERR_TOO_BIG, 0, "%.*s: larger than %u bytes",
		    NAME_SHOWN, name, YAML_MAX_BYTES);
		return NULL;
	}
	if (!yaml_parser_initialize(&c.y)) {
		(void)err_set(e, ERR_INTERNAL, 0, "%.*s: no YAML parser",
		    NAME_SHOWN, name);
		return NULL;
	}
	yaml_parser_set_encoding(&c.y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&c.y, (const unsigned char *)text, n);
	docs = cJSON_CreateArray();
	ok = compose_stream(&c, docs);
	yaml_parser_delete(&c.y);
	map_free(&c.anchors, NULL);
	if (!ok) {
		cJSON_Delete(docs);
		return NULL;
	}
	return docs;
}

static cJSON *
parse(const char *text, size_t n, const char *name, struct finder *find,
    struct err *e)
{
	return parse_by(
	    (struct composer){ .name = name, .e = e, .find = find }, text, n);
}

/* The only document of docs, which it takes; NULL is fine. */
static cJSON *
only(cJSON *docs, const char *name, struct err *e)
{
	cJSON *one = NULL;

	if (docs == NULL)
		return NULL;
	if (docs->child == NULL || docs->child->next != NULL)
		(void)err_set(e, ERR_SPEC, 0,
		    "%.*s: one document is expected, not %d", NAME_SHOWN, name,
		    cJSON_GetArraySize(docs));
	else
		one = cJSON_DetachItemViaPointer(docs, docs->child);
	cJSON_Delete(docs);
	return one;
}

cJSON *
yaml_parse_all(const char *text, size_t n, const char *name, struct err *e)
{
	return parse(text, n, name, NULL, e);
}

cJSON *
yaml_parse(const char *text, size_t n, const char *name, struct err *e)
{
	return only(parse(text, n, name, NULL, e), name, e);
}

cJSON *
yaml_parse_words(const char *text, size_t n, const char *name, struct err *e)
{
	struct composer c = { .name = name, .e = e, .words = true };

	return only(parse_by(c, text, n), name, e);
}

int
yaml_line_of(const char *text, size_t n, size_t doc, const char *path)
{
	struct finder find = { .doc = doc, .path = path + (*path == '/') };

	/* What was found before an error still holds. */
	cJSON_Delete(parse(text, n, "", &find, NULL));
	return find.line;
}
