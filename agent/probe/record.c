#include "agent/probe/record.h"

#include <string.h>

#include "agent/probe/record_tree.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/odata.h"
#include "common/str.h"

#define V1 "/redfish/v1"
#define PAGES_MAX 64
#define SILENCES_MAX 3 /* a BMC that stopped answering */

static void next(struct record *r);

struct record *
record_new(struct redfish *rf, const struct record_limits *l)
{
	struct record *r = xcalloc(1, sizeof(*r));

	r->rf = rf;
	r->limits = *l;
	if (r->limits.resources == 0)
		r->limits.resources = 4000;
	if (r->limits.bytes == 0)
		r->limits.bytes = (size_t)64 << 20;
	if (r->limits.log_entries == 0)
		r->limits.log_entries = 16;
	return r;
}

static void
free_item(struct record_item *it)
{
	xfree(it->path);
	xfree(it->target);
	xfree(it->text);
	xfree(it->etag);
	xfree(it->allow);
	xfree(it);
}

void
record_free(struct record *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		free_item(r->items[i]);
	xfree(r->items);
	map_free(&r->known, NULL);
	cJSON_Delete(r->skipped);
	xfree(r->page);
	xfree(r->cut);
	xfree(r);
}

size_t
record_resources(const struct record *r)
{
	return r->kept;
}

size_t
record_bytes(const struct record *r)
{
	return r->bytes;
}

const char *
record_cut(const struct record *r)
{
	return r->cut;
}

/* ---- paths ---------------------------------------------------------------------- */

static bool
part_fits(const char *s, size_t n)
{
	if (n == 0 || n > 200 || (n == 1 && s[0] == '.') ||
	    (n == 2 && s[0] == '.' && s[1] == '.'))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x21 || s[i] == 0x7f || s[i] == '\\')
			return false;
	return true;
}

bool
record_path(char out[RECORD_PATH], const char *target)
{
	size_t n = strcspn(target, "?#"), part;

	while (n > 1 && target[n - 1] == '/')
		n--;
	if (n >= RECORD_PATH || !str_has_prefix(target, V1))
		return false;
	memcpy(out, target, n);
	out[n] = '\0';
	if (out[strlen(V1)] != '\0' && out[strlen(V1)] != '/')
		return false;
	for (const char *s = out; *s; s += part) {
		s++;
		part = strcspn(s, "/");
		if (!part_fits(s, part))
			return false;
	}
	return true;
}

/* ---- what to read ----------------------------------------------------------------- */

static void
skip(struct record *r, const char *path, const char *why)
{
	cJSON *o;

	if (!r->skipped)
		r->skipped = cJSON_CreateArray();
	if (cJSON_GetArraySize(r->skipped) >= RECORD_SKIPPED_MAX)
		return;
	o = cJSON_CreateObject();
	json_set_str(o, "path", path);
	json_set_str(o, "why", why);
	(void)cJSON_AddItemToArray(r->skipped, o);
}

static void
cut(struct record *r, const char *why)
{
	if (!r->cut)
		r->cut = xstrdup(why);
}

/* What is queued is not read any more. */
static void
end(struct record *r, const char *why)
{
	cut(r, why);
	r->ended = true;
}

/* Those of other people, and the way in: nothing of a BMC's nature. */
static bool
is_private(const char *path)
{
	return strstr(path, "/SessionService/Sessions/") ||
	       strstr(path, "/v1/Sessions/");
}

static void
enqueue(void *arg, const char *link)
{
	struct record *r = arg;
	char path[RECORD_PATH];
	char *target = redfish_target(r->rf, link);
	struct record_item *it;

	if (!target || strchr(target, '?') || !record_path(path, target) ||
	    is_private(path) || map_get(&r->known, path)) {
		xfree(target);
		return;
	}
	if (r->n == r->limits.resources) {
		cut(r, "the limit of resources was reached");
		xfree(target);
		return;
	}
	it = xcalloc(1, sizeof(*it));
	it->path = xstrdup(path);
	it->target = target;
	target[strcspn(target, "#")] = '\0';
	(void)map_put(&r->known, path, it); /* was absent */
	r->items =
	    xreallocarray(r->items, r->n + 1, sizeof(struct record_item *));
	r->items[r->n++] = it;
}

/* ---- lists ------------------------------------------------------------------------ */

static int
members_max(const struct record *r, const cJSON *j)
{
	const char *type = json_str(j, "@odata.type", "");

	if (str_has_prefix(type, "#SessionCollection"))
		return 0;
	if (str_has_prefix(type, "#LogEntryCollection") ||
	    str_has_prefix(type, "#TaskCollection"))
		return (int)r->limits.log_entries;
	if (str_has_prefix(type, "#JsonSchemaFileCollection"))
		return 4;
	if (str_has_prefix(type, "#MessageRegistryFileCollection"))
		return 16;
	return 1024;
}

/* What is left out is not listed either, so that the tree has no dead ends. */
static void
cut_members(struct record *r, cJSON *j, const char *path)
{
	cJSON *list = json_at_mut(j, "Members");
	int n = cJSON_GetArraySize(list), max = members_max(r, j);
	char why[64];

	if (!cJSON_IsArray(list))
		return;
	if (n > max) {
		(void)str_format(
		    why, sizeof(why), "%d of %d members kept", max, n);
		skip(r, path, why);
	}
	for (; n > max; n--) /* the first one's prev is the last one */
		cJSON_Delete(
		    cJSON_DetachItemViaPointer(list, list->child->prev));
	json_set_i64(j, "Members@odata.count", n);
}

/* Remembers the next page of a list that has room for it. */
static void
take_next_page(struct record *r, cJSON *j)
{
	const char *next = json_str(j, "Members@odata.nextLink", NULL);

	xreplace(&r->page, NULL);
	if (next && r->pages < PAGES_MAX &&
	    cJSON_GetArraySize(json_arr(j, "Members")) < members_max(r, j))
		r->page = redfish_target(r->rf, next);
	json_set(j, "Members@odata.nextLink", NULL);
}

/* ---- reading ---------------------------------------------------------------------- */

static void
keep(struct record *r, struct record_item *it, cJSON *j)
{
	cut_members(r, j, it->path);
	r->bytes -= it->text ? strlen(it->text) : 0;
	xfree(it->text);
	it->text = json_print(j);
	r->bytes += strlen(it->text);
	odata_links(j, enqueue, r);
	if (r->bytes > r->limits.bytes)
		end(r, "the limit of bytes was reached");
}

static void
on_resource(void *arg, const cJSON *json, const struct http_header *h, size_t n)
{
	struct record *r = arg;
	struct record_item *it = r->items[r->at];
	cJSON *j = json_dup(json);

	it->etag = xstrdup(http_header_get(h, n, "ETag"));
	it->allow = xstrdup(http_header_get(h, n, "Allow"));
	r->pages = 0;
	r->kept++;
	take_next_page(r, j);
	keep(r, it, j);
	cJSON_Delete(j);
}

/* More of the list that was read last. */
static void
on_page(void *arg, const cJSON *json, const struct http_header *h, size_t n)
{
	struct record *r = arg;
	struct record_item *it = r->items[r->at];
	cJSON *j = json_parse(it->text, strlen(it->text), NULL), *list;
	const cJSON *c;

	(void)h;
	(void)n;
	list = json_at_mut(j, "Members");
	cJSON_ArrayForEach (c, json_arr(json, "Members"))
		if (cJSON_IsArray(list) &&
		    cJSON_GetArraySize(list) <= members_max(r, j))
			(void)cJSON_AddItemToArray(list, json_dup(c));
	if (j && json_child(json, "Members@odata.nextLink"))
		json_set_str(j, "Members@odata.nextLink",
		    json_str(json, "Members@odata.nextLink", ""));
	if (j) {
		r->pages++;
		take_next_page(r, j);
		keep(r, it, j);
	}
	cJSON_Delete(j);
}

static bool
silent(const struct redfish_reply *reply)
{
	return reply->cause == RF_CAUSE_UNREACHABLE ||
	       reply->cause == RF_CAUSE_TIMEOUT ||
	       reply->cause == RF_CAUSE_TLS ||
	       reply->cause == RF_CAUSE_CIRCUIT ||
	       reply->cause == RF_CAUSE_CERTIFICATE_CHANGED;
}

/* A bad login ends it at once: no account shall be locked for a recording. */
static void
note_failure(struct record *r, const struct redfish_reply *reply)
{
	char why[160];

	(void)str_format(why, sizeof(why), "%s: %.120s",
	    redfish_cause_name(reply->cause), reply->err.msg);
	skip(r, r->items[r->at]->path, why);
	if (reply->cause == RF_CAUSE_AUTH && reply->http_status == 401)
		end(r, "the BMC no longer takes the login");
	if (!silent(reply))
		r->silences = 0;
	else if (++r->silences == SILENCES_MAX)
		end(r, "the BMC no longer answers");
}

static void
on_done(void *arg, const struct redfish_reply *reply)
{
	struct record *r = arg;

	if (reply->err.kind == ERR_NONE) {
		r->silences = 0;
	} else {
		note_failure(r, reply);
		xreplace(&r->page, NULL);
	}
	if (!r->page)
		r->at++;
	next(r);
}

static void
next(struct record *r)
{
	if (r->ended || r->at == r->n) {
		r->done(r->arg);
		return;
	}
	if (r->page)
		redfish_fetch(r->rf, r->page, on_page, on_done, r);
	else
		redfish_fetch(
		    r->rf, r->items[r->at]->target, on_resource, on_done, r);
}

void
record_start(struct record *r, void (*done)(void *arg), void *arg)
{
	r->done = done;
	r->arg = arg;
	enqueue(r, redfish_root(r->rf));
	if (r->n == 0)
		end(r, "a service below a prefix cannot be recorded");
	next(r);
}

void
record_stop(struct record *r)
{
	end(r, "it was stopped");
}
