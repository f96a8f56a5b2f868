#include "agent/delivery/ignition_config.h"

#include <string.h>

#include "agent/delivery/template.h"
#include "agent/delivery/tree.h"
#include "common/str.h"

/* ---- specification 2 to 3 ------------------------------------------------ */

/* Lists that have another form in 3, where anybody uses them. */
static const char *const unlike[] = { "storage/disks", "storage/raid",
	"storage/filesystems", "networkd/units", "ignition/config/append",
	"ignition/config/replace" };

static bool
nothing_unlike(struct job *j, const cJSON *doc)
{
	for (size_t i = 0; i < sizeof(unlike) / sizeof(*unlike); i++) {
		const cJSON *v = json_at(doc, unlike[i]);

		if (v != NULL && v->child != NULL)
			return job_no(j,
			    "the data is Ignition of specification 2, whose %s "
			    "has no like in 3, which this image takes",
			    unlike[i]);
	}
	return true;
}

/* What a file holds, or has added to it. */
static void
contents_of(cJSON *f)
{
	cJSON *contents = json_child(f, "contents"), *more;
	bool append = json_bool(f, "append", false);

	if (contents != NULL && str_empty(json_str(contents, "source", "")))
		json_set_str(contents, "source", "data:,");
	json_set(f, "append", NULL);
	if (append && contents != NULL) {
		more = cJSON_CreateArray();
		(void)cJSON_AddItemToArray(more, json_dup(contents));
		tree_set(f, "contents", NULL);
		json_set(f, "append", more);
	} else if (json_child(f, "overwrite") == NULL) {
		json_set_bool(f, "overwrite", true);
	}
}

/* Files, folders and links are of the root file system, the only one in 3. */
static bool
nodes(struct job *j, cJSON *doc, const char *list, bool files)
{
	cJSON *f;

	cJSON_ArrayForEach (f, json_at_mut(doc, list)) {
		if (!str_eq(json_str(f, "filesystem", "root"), "root"))
			return job_no(j,
			    "the data is Ignition of specification 2 with %s "
			    "in another file system than root, which 3 does "
			    "not have",
			    list);
		json_set(f, "filesystem", NULL);
		if (files)
			contents_of(f);
	}
	return true;
}

static void
units(cJSON *doc)
{
	cJSON *u;

	cJSON_ArrayForEach (u, json_at_mut(doc, "systemd/units")) {
		bool on = json_bool(u, "enable", false);

		json_set(u, "enable", NULL);
		if (on && json_child(u, "enabled") == NULL)
			json_set_bool(u, "enabled", true);
	}
}

static bool
upgrade(struct job *j, cJSON *doc)
{
	const cJSON *u;

	if (!nothing_unlike(j, doc))
		return false;
	cJSON_ArrayForEach (u, json_arr(doc, "passwd/users"))
		if (json_child(u, "create") != NULL)
			return job_no(j,
			    "the data is Ignition of specification 2 with "
			    "users "
			    "that have `create`, which 3 does not have");
	if (!nodes(j, doc, "storage/files", true) ||
	    !nodes(j, doc, "storage/directories", false) ||
	    !nodes(j, doc, "storage/links", false))
		return false;
	units(doc);
	json_put(doc, "networkd", NULL);
	json_put(doc, "storage/disks", NULL);
	json_put(doc, "storage/raid", NULL);
	json_put(doc, "storage/filesystems", NULL);
	json_put(doc, "ignition/config", NULL);
	json_put(doc, "ignition/version", cJSON_CreateString("3.0.0"));
	return true;
}

/* ---- names --------------------------------------------------------------- */

static unsigned
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c != '\0' ? strchr(digits, c) : NULL;
	return at != NULL ? (unsigned)(at - digits) : 16;
}

static void
percent_decode(const char *s, struct wiped *out)
{
	for (; *s != '\0'; s++) {
		char c = *s;

		if (c == '%' && digit(s[1]) < 16 && digit(s[2]) < 16) {
			c = (char)(digit(s[1]) << 4 | digit(s[2]));
			s += 2;
		}
		wiped_add(out, &c, 1);
	}
}

/* What a data URL (RFC 2397) holds; false: it is none. */
static bool
data_of(const char *url, struct wiped *out)
{
	const char *comma = strchr(url, ',');
	size_t n, len = 0;
	char *room;

	if (!str_has_prefix(url, "data:") || comma == NULL)
		return false;
	if (comma - url < 7 || memcmp(comma - 7, ";base64", 7) != 0) {
		percent_decode(comma + 1, out);
		return true;
	}
	n = strlen(comma + 1);
	room = xmalloc(n + 1);
	if (b64_decode(comma + 1, n, room, n, &len))
		wiped_add(out, room, len);
	secret_wipe(room, n + 1);
	xfree(room);
	return len > 0;
}

static void
fill_one(const struct delivery_in *in, cJSON *contents)
{
	const char *url = json_str(contents, "source", "");
	struct wiped was = { NULL, 0, 0 }, is = { NULL, 0, 0 };
	struct wiped made = { NULL, 0, 0 };

	/* what is compressed, or checked by a hash, stays */
	if (str_empty(json_str(contents, "compression", "")) &&
	    str_empty(json_str(contents, "verification/hash", "")) &&
	    data_of(url, &was) && was.n > 0) {
		template_fill(&is, in, was.p, was.n);
		if (is.n != was.n || memcmp(is.p, was.p, is.n) != 0) {
			wiped_adds(&made, "data:;base64,");
			wiped_base64(&made, is.p, is.n, 0);
			tree_set(
			    contents, "source", cJSON_CreateString(made.p));
		}
	}
	wiped_free(&was);
	wiped_free(&is);
	wiped_free(&made);
}

static void
fill(const struct delivery_in *in, cJSON *doc)
{
	cJSON *f, *a;

	cJSON_ArrayForEach (f, json_at_mut(doc, "storage/files")) {
		cJSON *contents = json_child(f, "contents");

		if (cJSON_IsObject(contents))
			fill_one(in, contents);
		cJSON_ArrayForEach (a, json_child(f, "append"))
			fill_one(in, a);
	}
}

/* ---- both ---------------------------------------------------------------- */

static bool
names_stand_in(const struct delivery_bytes *d)
{
	return d->n > 0 && memmem(d->p, d->n, "meta_data", 9) != NULL;
}

bool
ignition_config(struct job *j, struct wiped *out)
{
	const struct delivery_bytes *d = &j->in->data;
	bool ok = true;
	struct err why;
	cJSON *doc;

	if (j->payload->spec == 3 && !names_stand_in(d)) {
		wiped_add(out, d->p, d->n);
		return true;
	}
	doc = json_parse(d->p, d->n, &why);
	if (doc == NULL)
		return job_no(j, "the data: %s", why.msg);
	if (j->payload->spec == 2)
		ok = upgrade(j, doc);
	if (ok) {
		fill(j->in, doc);
		tree_print(out, doc);
	}
	tree_drop(doc);
	return ok;
}
