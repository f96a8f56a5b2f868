/* Reads a recording: from its root along its links, and what a manifest adds. */
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/odata.h"
#include "common/str.h"
#include "sim/bmc/replay_tree.h"

#define V1 "/redfish/v1"
#define MANIFEST_BYTES (4u << 20)
#define HEADERS_BYTES (64u << 10)

struct loader {
	struct files *files;
	const char *dir;
	struct replay *r;
	bool short_form;
	char **queue; /* owned paths, in the order in which they are read */
	size_t n, at, bytes;
	struct map known; /* every path that was ever queued */
};

/* ---- paths -------------------------------------------------------------------- */

/* Parts that a folder could be left by, or that no file can be called. */
static bool
part_fits(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || n > 255 || (n == 1 && s[0] == '.') ||
	    (n == 2 && s[0] == '.' && s[1] == '.'))
		return false;
	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x21 || s[i] == 0x7f || s[i] == '\\')
			return false;
	return true;
}

bool
replay_path(char out[REPLAY_PATH], const char *link)
{
	size_t n = link ? strcspn(link, "?#") : 0, part;
	const char *s;

	while (n > 1 && link[n - 1] == '/')
		n--;
	if (n == 0 || n >= REPLAY_PATH || !str_has_prefix(link, V1))
		return false;
	memcpy(out, link, n);
	out[n] = '\0';
	if (out[strlen(V1)] != '\0' && out[strlen(V1)] != '/')
		return false;
	for (s = out; *s; s += part) {
		s++;
		part = strcspn(s, "/");
		if (!part_fits(s, part))
			return false;
	}
	return true;
}

static char *
file_of(const struct loader *l, const char *path, const char *name)
{
	return xasprintf(
	    "%s%s/%s", l->dir, l->short_form ? path + strlen(V1) : path, name);
}

/* ---- the walk ----------------------------------------------------------------- */

static void
enqueue(void *arg, const char *link)
{
	struct loader *l = arg;
	char path[REPLAY_PATH];

	if (!replay_path(path, link) || map_get(&l->known, path) ||
	    l->n == REPLAY_RESOURCES)
		return;
	(void)map_put(&l->known, path, l); /* any value but NULL */
	l->queue = xreallocarray(l->queue, l->n + 1, sizeof(*l->queue));
	l->queue[l->n++] = xstrdup(path);
}

static cJSON *
parse_file(const char *file, const struct buf *text, struct err *e)
{
	cJSON *j = json_parse(buf_str(text), text->n, e);

	if (!j) {
		(void)err_wrap(e, "%s", file);
		e->kind = ERR_SPEC;
	} else if (!cJSON_IsObject(j)) {
		cJSON_Delete(j);
		(void)err_set(e, ERR_SPEC, 0, "%s: no JSON object", file);
		return NULL;
	}
	return j;
}

/* NULL with e->kind ERR_NOTFOUND where there is no such file. */
static cJSON *
read_json(struct loader *l, const char *file, size_t max, struct err *e)
{
	cJSON *j = NULL;
	struct buf text;

	buf_init(&text, max);
	if (l->files->read(l->files->self, file, &text, e)) {
		l->bytes += text.n;
		j = parse_file(file, &text, e);
	} else if (e->kind != ERR_NOTFOUND) {
		e->kind = ERR_SPEC;
	}
	buf_free(&text);
	return j;
}

static bool
keep(struct loader *l, const char *path, cJSON *j, struct err *e)
{
	struct replay_resource *res = xcalloc(1, sizeof(*res));

	res->json = j;
	(void)map_put(&l->r->tree, path, res); /* each is queued once */
	odata_links(j, enqueue, l);
	if (l->bytes > REPLAY_TOTAL_BYTES)
		return err_set(e, ERR_SPEC, 0,
		    "%s: a recording of more than %u bytes", l->dir,
		    REPLAY_TOTAL_BYTES);
	return true;
}

static bool
read_one(struct loader *l, const char *path, struct err *e)
{
	struct err why = { .kind = ERR_NONE };
	char *file = file_of(l, path, "index.json");
	cJSON *j = read_json(l, file, REPLAY_FILE_BYTES, &why);

	xfree(file);
	if (j)
		return keep(l, path, j, e);
	/* what a recorder left out is simply not there */
	if (why.kind == ERR_NOTFOUND)
		return true;
	*e = why;
	return false;
}

static bool
walk(struct loader *l, struct err *e)
{
	for (; l->at < l->n; l->at++)
		if (!read_one(l, l->queue[l->at], e))
			return false;
	if (l->n == REPLAY_RESOURCES)
		return err_set(e, ERR_SPEC, 0,
		    "%s: a recording of %d resources or more", l->dir,
		    REPLAY_RESOURCES);
	return true;
}

/* ---- around the tree ---------------------------------------------------------- */

static bool
take_manifest(struct loader *l, const char *file, const cJSON *m, struct err *e)
{
	const cJSON *c;
	char path[REPLAY_PATH];

	if (!str_eq(json_str(m, "format", NULL), "beskar7-recording") ||
	    json_i64(m, "version", 0) != 1)
		return err_set(e, ERR_SPEC, 0,
		    "%s: not a beskar7-recording of version 1", file);
	l->r->root_needs_login = json_bool(m, "rootNeedsLogin", false);
	cJSON_ArrayForEach (c, json_arr(m, "resources")) {
		if (!replay_path(path, json_str(c, "path", NULL)))
			return err_set(e, ERR_SPEC, 0,
			    "%s: \"%.80s\" is no path of a resource", file,
			    json_str(c, "path", ""));
		enqueue(l, path);
	}
	return true;
}

static bool
read_manifest(struct loader *l, struct err *e)
{
	struct err why = { .kind = ERR_NONE };
	char *file = xasprintf("%s/manifest.json", l->dir);
	cJSON *m = read_json(l, file, MANIFEST_BYTES, &why);
	bool ok = m ? take_manifest(l, file, m, e) : why.kind == ERR_NOTFOUND;

	if (!ok && !m)
		*e = why;
	cJSON_Delete(m);
	xfree(file);
	return ok;
}

/* DMTF's form: {"GET": {"ETag": ...}}. Only that of the system counts, and
 * one that cannot be read is as good as none. */
static void
read_headers(struct loader *l)
{
	struct err why = { .kind = ERR_NONE };
	char *file = file_of(l, l->r->system, "headers.json");
	cJSON *h = read_json(l, file, HEADERS_BYTES, &why);
	const cJSON *c;

	l->r->has_headers = json_obj(h, "GET") != NULL;
	cJSON_ArrayForEach (c, json_obj(h, "GET"))
		if (str_ieq(c->string, "ETag") && cJSON_IsString(c))
			(void)str_copy(
			    l->r->etag, sizeof(l->r->etag), c->valuestring);
	cJSON_Delete(h);
	xfree(file);
}

/* Is the root where the long form has it, or the short one? */
static bool
read_root(struct loader *l, struct err *e)
{
	enqueue(l, V1);
	if (!read_one(l, V1, e))
		return false;
	if (!replay_json(l->r, V1)) {
		l->short_form = true;
		if (!read_one(l, V1, e))
			return false;
	}
	l->at = 1;
	return replay_json(l->r, V1) ||
	       err_set(e, ERR_SPEC, 0,
		   "%s is no recording: neither redfish/v1/index.json nor "
		   "index.json is there",
		   l->dir);
}

static void
free_resource(void *p)
{
	struct replay_resource *res = p;

	cJSON_Delete(res->json);
	xfree(res);
}

void
replay_free(struct replay *r)
{
	size_t i;

	if (!r)
		return;
	map_free(&r->tree, free_resource);
	map_free(&r->actions, free_resource);
	for (i = 0; i < r->n_slots; i++) {
		strlist_free(&r->slots[i].types);
		xfree(r->slots[i].insert_at);
		xfree(r->slots[i].eject_at);
	}
	xfree(r->system);
	xfree(r->settings);
	xfree(r->manager);
	xfree(r->sessions);
	xfree(r);
}

struct replay *
replay_load(struct files *files, const char *dir, struct err *e)
{
	struct replay *r = xcalloc(1, sizeof(*r));
	struct loader l = { .files = files, .dir = dir, .r = r };
	bool ok = read_root(&l, e) && read_manifest(&l, e) && walk(&l, e);
	size_t i;

	if (ok)
		ok = replay_understand(r, e) || err_wrap(e, "%s", dir);
	if (ok)
		read_headers(&l);
	for (i = 0; i < l.n; i++)
		xfree(l.queue[i]);
	xfree(l.queue);
	map_free(&l.known, NULL);
	if (ok)
		return r;
	replay_free(r);
	return NULL;
}

const cJSON *
replay_json(const struct replay *r, const char *path)
{
	const struct replay_resource *res =
	    path ? map_get(&r->tree, path) : NULL;

	return res ? res->json : NULL;
}

size_t
replay_resources(const struct replay *r)
{
	return r->tree.n;
}
