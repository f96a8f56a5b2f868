/* The files of a recording, in the layout of DMTF's mockups. */
#include <string.h>

#include "agent/probe/record_tree.h"
#include "agent/probe/scrub.h"
#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

struct saver {
	struct record *r;
	struct scrub *s;
	struct files *files;
	const char *dir;
	cJSON *resources; /* of the manifest */
};

static void
learn_all(struct saver *v)
{
	for (size_t i = 0; i < v->r->n; i++) {
		const char *text = v->r->items[i]->text;
		cJSON *j = text ? json_parse(text, strlen(text), NULL) : NULL;

		scrub_learn(v->s, j);
		cJSON_Delete(j);
	}
}

static bool
write_json(struct saver *v, const char *file, const cJSON *j, struct err *e)
{
	char *text = json_print_pretty(j), *line = xasprintf("%s\n", text);
	bool ok = v->files->write(v->files->self, file, line, strlen(line), e);

	xfree(text);
	xfree(line);
	return ok;
}

static bool
write_headers(struct saver *v, const struct record_item *it, const char *path,
    struct err *e)
{
	cJSON *j = cJSON_CreateObject(), *get = json_ensure_obj(j, "GET");
	char *file = xasprintf("%s%s/headers.json", v->dir, path);
	bool ok = true;

	json_set_str(get, "ETag", it->etag);
	json_set_str(get, "Allow", it->allow);
	if (it->etag || it->allow)
		ok = write_json(v, file, j, e);
	cJSON_Delete(j);
	xfree(file);
	return ok;
}

static bool
write_item(struct saver *v, const struct record_item *it, struct err *e)
{
	cJSON *j = json_parse(it->text, strlen(it->text), e), *clean, *row;
	char *path, *file;
	bool ok;

	if (!j)
		return err_wrap(e, "%s", it->path);
	clean = scrub_resource(v->s, j);
	path = scrub_path(v->s, it->path);
	file = xasprintf("%s%s/index.json", v->dir, path);
	ok = write_json(v, file, clean, e) && write_headers(v, it, path, e);
	row = cJSON_CreateObject();
	json_set_str(row, "path", path);
	(void)cJSON_AddItemToArray(v->resources, row);
	cJSON_Delete(clean);
	cJSON_Delete(j);
	xfree(path);
	xfree(file);
	return ok;
}

/* Paths and words of a BMC in it are scrubbed as all else. */
static cJSON *
skipped(struct saver *v)
{
	cJSON *list = cJSON_CreateArray(), *o, *clean;
	const cJSON *c;
	char *path;

	cJSON_ArrayForEach (c, v->r->skipped) {
		clean = scrub_resource(v->s, c);
		path = scrub_path(v->s, json_str(c, "path", ""));
		o = cJSON_CreateObject();
		json_set_str(o, "path", path);
		json_set_str(o, "why", json_str(clean, "why", ""));
		(void)cJSON_AddItemToArray(list, o);
		cJSON_Delete(clean);
		xfree(path);
	}
	return list;
}

static bool
write_manifest(struct saver *v, const cJSON *about, struct err *e)
{
	cJSON *m = cJSON_CreateObject();
	char *file = xasprintf("%s/manifest.json", v->dir);
	const cJSON *c;
	bool ok;

	json_set_str(m, "format", "beskar7-recording");
	json_set_i64(m, "version", 1);
	cJSON_ArrayForEach (c, about)
		json_set(m, c->string, json_dup(c));
	if (v->r->cut)
		json_set_str(m, "cut", v->r->cut);
	json_set(m, "skipped", skipped(v));
	json_set(m, "resources", v->resources);
	v->resources = NULL;
	ok = write_json(v, file, m, e);
	cJSON_Delete(m);
	xfree(file);
	return ok;
}

/* Two recordings in one folder would be neither. */
static bool
is_free(const struct saver *v, struct err *e)
{
	char *file = xasprintf("%s/manifest.json", v->dir);
	int64_t us;
	bool there = v->files->stamp(v->files->self, file, &us, NULL);

	xfree(file);
	return !there || err_set(e, ERR_CONFLICT, 0,
			     "%s holds a recording already", v->dir);
}

bool
record_save(struct record *r, struct scrub *s, struct files *files,
    const char *dir, const cJSON *about, struct err *e)
{
	struct saver v = { r, s, files, dir, cJSON_CreateArray() };
	bool ok = is_free(&v, e);

	if (ok)
		learn_all(&v);
	for (size_t i = 0; ok && i < r->n; i++)
		if (r->items[i]->text)
			ok = write_item(&v, r->items[i], e);
	/* last: a folder without it was not finished */
	ok = ok && write_manifest(&v, about, e);
	cJSON_Delete(v.resources);
	return ok;
}
