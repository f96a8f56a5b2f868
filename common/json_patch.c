/*
 * RFC 6902 on a copy. cJSON_Utils applies patches in place, stops half-way,
 * does not say which operation failed, lets `copy` double the tree without
 * bound and takes any two raw numbers for equal.
 */
#include "common/json.h"

#include <assert.h>
#include <string.h>

#include "common/json_node.h"
#include "common/mem.h"
#include "common/str.h"

#define OPS_MAX 10000 /* as the API server */

struct patcher {
	cJSON *root; /* owned */
	size_t nodes;
	struct err *e;
};

/* Where a pointer leads: parent and last segment; parent NULL: the root. */
struct place {
	cJSON *parent; /* borrowed from the tree */
	char *key;     /* owned, unescaped */
	cJSON *item;   /* what is there now, or NULL */
	unsigned depth;
};

/* The next segment, without escapes; owned. NULL on a bad escape. */
static char *
next_segment(const char **path)
{
	size_t n = strcspn(*path, "/");
	char *out = xmalloc(n + 1), *dst = out;

	for (size_t i = 0; i < n; i++) {
		char c = (*path)[i];

		if (c == '~') {
			c = (*path)[++i]; /* the NUL at worst */
			if (c != '0' && c != '1') {
				xfree(out);
				return NULL;
			}
			c = c == '0' ? '~' : '/';
		}
		*dst++ = c;
	}
	*dst = '\0';
	*path += n;
	return out;
}

/* RFC 6901 section 4: no leading zeros. "-" gives `size`. */
static bool
array_index(const char *key, size_t size, size_t *out)
{
	uint64_t i;

	assert(key != NULL);
	if (strcmp(key, "-") == 0) {
		*out = size;
		return true;
	}
	if ((key[0] == '0' && key[1] != '\0') || !str_to_u64(key, &i) ||
	    i > size)
		return false;
	*out = (size_t)i;
	return true;
}

static size_t
size_of(const cJSON *j)
{
	size_t n = 0;

	for (const cJSON *c = j->child; c != NULL; c = c->next)
		n++;
	return n;
}

static cJSON *
child_at(cJSON *j, const char *key)
{
	cJSON *c;
	size_t i;

	if (cJSON_IsObject(j))
		return json_child(j, key);
	if (!cJSON_IsArray(j) || !array_index(key, size_of(j), &i))
		return NULL;
	for (c = j->child; c != NULL && i > 0; c = c->next)
		i--;
	return c;
}

static bool
find(struct patcher *p, const char *path, struct place *out)
{
	*out = (struct place){ .item = p->root };
	if (*path == '\0')
		return true;
	if (*path != '/')
		return err_set(p->e, ERR_SPEC, 0, "path must start with '/'");
	while (*path == '/') {
		path++;
		xfree(out->key);
		out->key = next_segment(&path);
		if (out->key == NULL)
			return err_set(p->e, ERR_SPEC, 0, "bad '~' escape");
		out->parent = out->item;
		if (!cJSON_IsObject(out->parent) && !cJSON_IsArray(out->parent))
			return err_set(p->e, ERR_SPEC, 0,
			    "nothing there to hold \"%.60s\"", out->key);
		out->item = child_at(out->parent, out->key);
		out->depth++;
	}
	return true;
}

static bool
find_existing(struct patcher *p, const char *path, struct place *out)
{
	if (!find(p, path, out))
		return false;
	if (out->item == NULL)
		return err_set(p->e, ERR_SPEC, 0, "no such value");
	return true;
}

/* Drops the name that a value had where it came from. */
static cJSON *
nameless(cJSON *v)
{
	json_node_unname(v);
	return v;
}

static bool
fits(struct patcher *p, const struct place *at, const cJSON *v)
{
	p->nodes += json_count_nodes(v);
	if (p->nodes > JSON_MAX_NODES)
		return err_set(p->e, ERR_TOO_BIG, 0, "result too large");
	if (at->depth + json_depth(v) > JSON_MAX_DEPTH)
		return err_set(p->e, ERR_TOO_BIG, 0, "result nested too deep");
	if (at->parent != NULL && size_of(at->parent) >= JSON_MAX_MEMBERS)
		return err_set(p->e, ERR_TOO_BIG, 0, "too many members");
	return true;
}

/* Takes v in any case. */
static bool
add_at(struct patcher *p, const char *path, cJSON *v)
{
	struct place at;
	size_t i = 0;
	bool ok = find(p, path, &at) && fits(p, &at, v);

	if (ok && cJSON_IsArray(at.parent) &&
	    !array_index(at.key, size_of(at.parent), &i))
		ok = err_set(p->e, ERR_SPEC, 0, "no such index");
	if (!ok) {
		cJSON_Delete(v);
	} else if (at.parent == NULL) {
		cJSON_Delete(p->root);
		p->root = v;
	} else if (cJSON_IsArray(at.parent)) {
		json_insert(at.parent, i, v);
	} else {
		json_set(at.parent, at.key, v);
	}
	xfree(at.key);
	return ok;
}

static cJSON *
detach(struct patcher *p, const char *path)
{
	struct place at;
	cJSON *out = NULL;

	if (!find_existing(p, path, &at))
		;
	else if (at.parent == NULL)
		(void)err_set(p->e, ERR_SPEC, 0, "the whole cannot be removed");
	else
		out = nameless(cJSON_DetachItemViaPointer(at.parent, at.item));
	if (out != NULL)
		p->nodes -= json_count_nodes(out);
	xfree(at.key);
	return out;
}

/* ---- operations ---------------------------------------------------------- */

struct op {
	const char *name, *path, *from;
	const cJSON *value;
};

static cJSON *
copy(const cJSON *v)
{
	return nameless(json_dup(v));
}

static bool
do_add(struct patcher *p, const struct op *op)
{
	return add_at(p, op->path, copy(op->value));
}

static bool
do_remove(struct patcher *p, const struct op *op)
{
	cJSON *gone = detach(p, op->path);

	cJSON_Delete(gone);
	return gone != NULL;
}

static bool
do_replace(struct patcher *p, const struct op *op)
{
	struct place at;
	bool ok = find_existing(p, op->path, &at);
	cJSON *v = NULL;

	if (ok) {
		v = copy(op->value);
		p->nodes += json_count_nodes(v);
		p->nodes -= json_count_nodes(at.item);
		ok = at.depth + json_depth(v) <= JSON_MAX_DEPTH ||
		     err_set(p->e, ERR_TOO_BIG, 0, "result nested too deep");
	}
	if (!ok) {
		cJSON_Delete(v);
	} else if (at.parent == NULL) {
		cJSON_Delete(p->root);
		p->root = v;
	} else {
		if (cJSON_IsObject(at.parent))
			json_node_name(v, at.key);
		(void)cJSON_ReplaceItemViaPointer(at.parent, at.item, v);
	}
	xfree(at.key);
	return ok;
}

static bool
do_move(struct patcher *p, const struct op *op)
{
	size_t n = strlen(op->from);
	struct place at;
	bool ok;
	cJSON *v;

	if (strcmp(op->from, op->path) == 0) {
		ok = find_existing(p, op->from, &at);
		xfree(at.key);
		return ok;
	}
	if (strncmp(op->from, op->path, n) == 0 && op->path[n] == '/')
		return err_set(p->e, ERR_SPEC, 0, "moved into itself");
	v = detach(p, op->from);
	return v != NULL && add_at(p, op->path, v);
}

static bool
do_copy(struct patcher *p, const struct op *op)
{
	struct place at;
	bool ok = find_existing(p, op->from, &at);

	xfree(at.key);
	if (!ok)
		return false;
	if (p->nodes + json_count_nodes(at.item) > JSON_MAX_NODES)
		return err_set(p->e, ERR_TOO_BIG, 0, "result too large");
	return add_at(p, op->path, copy(at.item));
}

static bool
do_test(struct patcher *p, const struct op *op)
{
	struct place at;
	bool ok = find(p, op->path, &at);

	if (ok && (at.item == NULL || !json_equal(at.item, op->value)))
		ok = err_set(p->e, ERR_CONFLICT, 0, "the value is another");
	xfree(at.key);
	return ok;
}

static const struct op_row {
	const char *name;
	bool value, from;
	bool (*run)(struct patcher *p, const struct op *op);
} op_rows[] = {
	{ "add", true, false, do_add },
	{ "remove", false, false, do_remove },
	{ "replace", true, false, do_replace },
	{ "move", false, true, do_move },
	{ "copy", false, true, do_copy },
	{ "test", true, false, do_test },
};

static const struct op_row *
row_of(const char *name)
{
	size_t n = sizeof(op_rows) / sizeof(op_rows[0]);

	for (size_t i = 0; i < n; i++) {
		if (str_eq(op_rows[i].name, name))
			return &op_rows[i];
	}
	return NULL;
}

static bool
apply(struct patcher *p, const cJSON *j)
{
	struct op op = { .name = json_str(j, "op", NULL),
		.path = json_str(j, "path", NULL),
		.from = json_str(j, "from", NULL),
		.value = json_child(j, "value") };
	const struct op_row *row = row_of(op.name);

	if (row == NULL)
		return err_set(p->e, ERR_SPEC, 0, "unknown op \"%.40s\"",
		    op.name != NULL ? op.name : "");
	if (op.path == NULL)
		return err_set(p->e, ERR_SPEC, 0, "no path");
	if (row->value && op.value == NULL)
		return err_set(p->e, ERR_SPEC, 0, "no value");
	if (row->from && op.from == NULL)
		return err_set(p->e, ERR_SPEC, 0, "no from");
	if (!row->run(p, &op))
		return err_wrap(p->e, "%s %.100s", op.name, op.path);
	return true;
}

cJSON *
json_patch(const cJSON *target, const cJSON *ops, struct err *e)
{
	struct patcher p = { .e = e };
	size_t n = 0;

	if (!cJSON_IsArray(ops)) {
		(void)err_set(e, ERR_SPEC, 0, "a JSON Patch is an array");
		return NULL;
	}
	p.root = copy(target);
	p.nodes = json_count_nodes(p.root);
	for (const cJSON *op = ops->child; op != NULL; op = op->next, n++) {
		bool ok = n < OPS_MAX ||
			  err_set(e, ERR_TOO_BIG, 0, "too many operations");

		if (ok && apply(&p, op))
			continue;
		(void)err_wrap(e, "operation %zu", n); /* false anyhow */
		cJSON_Delete(p.root);
		return NULL;
	}
	return p.root;
}
