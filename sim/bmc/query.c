/* See query.h. Works on the finished JSON, so that no view knows of it. */
#include "sim/bmc/query.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"

#define EXPANDED_MAX 1000

/* ---- reading ------------------------------------------------------------ */

static bool
is_collection(const struct request *rq)
{
	return (rq->route->flags & ROUTE_COLLECTION) != 0;
}

static bool
bad_value(struct request *rq, const char *name)
{
	return request_refuse(rq, REF_QUERY_VALUE, NULL, name, NULL, NULL);
}

static bool
not_here(struct request *rq, const char *name)
{
	return request_refuse(rq, REF_QUERY_RESOURCE, NULL, name, NULL, NULL);
}

static bool
parse_only(struct request *rq, const char *value)
{
	if (value)
		return bad_value(rq, "only");
	if (!is_collection(rq))
		return not_here(rq, "only");
	rq->q.only = true;
	return true;
}

static bool
parse_levels(struct request *rq, const char *s)
{
	static const char open[] = "($levels=";
	int64_t max = rq->p->query_levels;
	char num[8];
	size_t n;

	rq->q.levels = 1;
	if (!*s)
		return true;
	if (!str_has_prefix(s, open))
		return bad_value(rq, "$expand");
	s += sizeof(open) - 1;
	n = strcspn(s, ")");
	if (n == 0 || n >= sizeof(num) || !str_eq(s + n, ")"))
		return bad_value(rq, "$expand");
	memcpy(num, s, n);
	num[n] = '\0';
	if (!str_to_i64(num, &rq->q.levels) || rq->q.levels < 1)
		return bad_value(rq, "$expand");
	if (rq->p->query_expand == EXPAND_ONE) {
		rq->q.levels = 1; /* iLO: whatever is asked */
		return true;
	}
	return rq->q.levels <= max ||
	       request_refuse(rq, REF_QUERY_RANGE, NULL, num, "$expand", NULL);
}

static bool
parse_expand(struct request *rq, const char *value)
{
	if (!value || !*value || !strchr(".~*", *value))
		return bad_value(rq, "$expand");
	if (rq->p->query_expand == EXPAND_ONE && *value != '.')
		return request_refuse(
		    rq, REF_QUERY_UNSUPPORTED, NULL, "$expand", NULL, NULL);
	rq->q.expand = *value;
	return parse_levels(rq, value + 1);
}

static bool
parse_number(
    struct request *rq, const char *name, const char *value, int64_t *out)
{
	if (!is_collection(rq))
		return not_here(rq, name);
	if (!value || !str_to_i64(value, out))
		return bad_value(rq, name);
	return *out >= 0 ||
	       request_refuse(rq, REF_QUERY_RANGE, NULL, value, name, NULL);
}

static bool
parse_select(struct request *rq, const char *value)
{
	size_t n = value ? strlen(value) : 0;

	if (!n || value[0] == ',' || value[n - 1] == ',' ||
	    strstr(value, ",,") || strpbrk(value, " ()'=*"))
		return bad_value(rq, "$select");
	xreplace(&rq->q.select, value);
	return true;
}

/* One of those that this BMC knows; false: it does not, *ok is untouched. */
static bool
parse_known(struct request *rq, const char *name, const char *value, bool *ok)
{
	const struct bmc_profile *p = rq->p;

	if (str_eq(name, "$expand") && p->query_expand != EXPAND_NONE) {
		*ok = parse_expand(rq, value);
	} else if (str_eq(name, "$select") && p->query_select) {
		*ok = parse_select(rq, value);
	} else if (str_eq(name, "$skip") && p->query_top) {
		*ok = parse_number(rq, name, value, &rq->q.skip);
	} else if (str_eq(name, "$top") && p->query_top) {
		rq->q.has_top = true;
		*ok = parse_number(rq, name, value, &rq->q.top);
	} else {
		return false;
	}
	return true;
}

/* One with a dollar sign: DSP0266 wants 501 for those that are not known. */
static bool
parse_dollar(struct request *rq, const char *name, const char *value)
{
	bool ok = true;

	if (str_eq(name, "$filter") && rq->route->op_get == OP_STREAM)
		return true; /* the stream looks at it */
	if (!(rq->route->flags & ROUTE_RAW) &&
	    parse_known(rq, name, value, &ok))
		return ok;
	return rq->p->query_unknown == UNKNOWN_IGNORE ||
	       request_refuse(
		   rq, REF_QUERY_UNSUPPORTED, NULL, name, NULL, NULL);
}

static bool
parse_one(struct request *rq, char *part)
{
	char *value = strchr(part, '=');

	if (value)
		*value++ = '\0';
	if (!url_unescape(part) || (value && !url_unescape(value)))
		return bad_value(rq, "(escape)");
	if (part[0] == '$')
		return parse_dollar(rq, part, value);
	if (str_eq(part, "only") && rq->p->query_only)
		return parse_only(rq, value);
	/* parameters without a dollar sign that are not known are ignored */
	return true;
}

bool
query_parse(struct request *rq)
{
	char *all = xstrdup(rq->query), *part = all, *next;
	bool ok = true;

	for (; part && ok; part = next) {
		next = strchr(part, '&');
		if (next)
			*next++ = '\0';
		ok = parse_one(rq, part);
	}
	xfree(all);
	if (ok && rq->q.only && (rq->q.has_top || rq->q.skip))
		ok = request_refuse(
		    rq, REF_QUERY_COMBINATION, NULL, NULL, NULL, NULL);
	rq->q.any = rq->q.only || rq->q.has_top || rq->q.skip || rq->q.expand ||
		    rq->q.select;
	return ok;
}

/* ---- doing -------------------------------------------------------------- */

struct expansion {
	struct request *rq;
	char kind;
	unsigned n;   /* resources taken in */
	size_t bytes; /* of them */
	bool too_much;
};

static cJSON *
fetch(struct expansion *x, const char *path)
{
	struct err e = { 0 };
	cJSON *j = NULL;
	struct buf b;

	if (++x->n > EXPANDED_MAX || x->bytes > REPLY_BODY_MAX / 2) {
		x->too_much = true;
		return NULL;
	}
	buf_init(&b, REPLY_BODY_MAX);
	if (request_render_at(x->rq, path, &b)) {
		x->bytes += b.n;
		j = json_parse(buf_str(&b), b.n, &e);
	}
	buf_free(&b);
	return j;
}

static const char *
reference(const cJSON *v)
{
	const cJSON *c = cJSON_IsObject(v) ? v->child : NULL;

	return c && !c->next && str_eq(c->string, "@odata.id") &&
		       cJSON_IsString(c) && !strchr(c->valuestring, '#')
		   ? c->valuestring
		   : NULL;
}

static void expand(
    struct expansion *x, cJSON *j, int64_t levels, bool in_links);

/* Takes the members of the resource into the reference itself. */
static void
take_in(struct expansion *x, cJSON *ref, int64_t levels)
{
	cJSON *j = fetch(x, reference(ref)), *c;

	if (!j)
		return; /* a link out of the service, or not for this user */
	if (levels > 1)
		expand(x, j, levels - 1, false);
	cJSON_Delete(cJSON_DetachItemViaPointer(ref, ref->child));
	while ((c = j->child)) {
		char *name = xstrdup(c->string);

		(void)cJSON_DetachItemViaPointer(j, c);
		cJSON_AddItemToObject(ref, name, c);
		xfree(name);
	}
	cJSON_Delete(j);
}

static void
expand(struct expansion *x, cJSON *j, int64_t levels, bool in_links)
{
	cJSON *c;

	cJSON_ArrayForEach (c, j) {
		bool links = in_links || str_eq(c->string, "Links");
		bool wanted = x->kind == '*' || links == (x->kind == '~');

		if (x->too_much)
			return;
		if (!reference(c))
			expand(x, c, levels, links);
		else if (wanted)
			take_in(x, c, levels);
	}
}

static void
page(struct request *rq, cJSON *j)
{
	cJSON *list = json_child(j, "Members");
	int64_t n = cJSON_GetArraySize(list), own = rq->p->page;
	int64_t top = rq->q.has_top ? rq->q.top : n;
	long long after;
	char next[512];

	if (own && top > own)
		top = own;
	for (int64_t i = 0; i < rq->q.skip && list->child; i++)
		cJSON_DeleteItemFromArray(list, 0);
	while (cJSON_GetArraySize(list) > top)
		cJSON_DeleteItemFromArray(list, (int)top);
	after = rq->q.skip + top;
	if (after >= n || top == 0)
		return;
	if (rq->q.has_top)
		(void)str_format(next, sizeof(next), "%s?$skip=%lld&$top=%lld",
		    rq->path, after, (long long)top);
	else
		(void)str_format(
		    next, sizeof(next), "%s?$skip=%lld", rq->path, after);
	json_set_str(j, "Members@odata.nextLink", next);
}

/* Is "Name" one of "Name,Boot/Target"? *rest: what is chosen below it, NULL
 * = all of it. */
static bool
selected(const char *select, const char *name, char *rest, size_t cap)
{
	const char *s = select;
	size_t len = strlen(name);
	bool found = false;

	rest[0] = '\0';
	for (; *s; s += strcspn(s, ","), s += *s == ',') {
		size_t n = strcspn(s, ",");

		if (strncmp(s, name, len) != 0 ||
		    (n > len && s[len] != '/' && s[len] != '@') || n < len)
			continue;
		found = true;
		if (n == len || s[len] == '@') {
			rest[0] = '\0';
			return true;
		}
		(void)str_format(rest + strlen(rest), cap - strlen(rest),
		    "%s%.*s", *rest ? "," : "", (int)(n - len - 1),
		    s + len + 1);
	}
	return found;
}

static void choose(cJSON *j, const char *select, bool members_too);

/* The same choice for each member of a collection that was taken in. */
static void
choose_in_members(cJSON *list, const char *select)
{
	cJSON *m;

	cJSON_ArrayForEach (m, list)
		if (!reference(m))
			choose(m, select, false);
}

static void
choose_one(cJSON *j, cJSON *c, const char *select)
{
	size_t n = strcspn(c->string, "@");
	char name[128], rest[512];

	/* an annotation goes with its property, @odata.id stays */
	if (n == 0)
		return;
	(void)str_format(name, sizeof(name), "%.*s", (int)n, c->string);
	if (!selected(select, name, rest, sizeof(rest)))
		cJSON_Delete(cJSON_DetachItemViaPointer(j, c));
	else if (rest[0] && cJSON_IsObject(c))
		choose(c, rest, false);
}

static void
choose(cJSON *j, const char *select, bool members_too)
{
	cJSON *c = j->child, *next;

	for (; c; c = next) {
		next = c->next;
		if (!members_too || !str_has_prefix(c->string, "Members"))
			choose_one(j, c, select);
		else if (str_eq(c->string, "Members"))
			choose_in_members(c, select);
	}
}

static cJSON *
the_only(struct request *rq, cJSON *j)
{
	struct expansion x = { .rq = rq };
	const cJSON *list = json_child(j, "Members");
	const char *path = cJSON_GetArraySize(list) == 1
			       ? json_str(list->child, "@odata.id", NULL)
			       : NULL;
	cJSON *one = path ? fetch(&x, path) : NULL;

	if (!one)
		return j; /* not exactly one: the collection */
	cJSON_Delete(j);
	return one;
}

static void
put(struct request *rq, const cJSON *j)
{
	char *text = json_print(j);

	buf_reset(&rq->out);
	buf_adds(&rq->out, text);
	xfree(text);
}

void
query_apply(struct request *rq)
{
	struct expansion x = { .rq = rq, .kind = rq->q.expand };
	bool paged =
	    is_collection(rq) && (rq->q.has_top || rq->q.skip || rq->p->page);
	struct err e = { 0 };
	cJSON *j;

	if (!rq->q.any && !paged)
		return;
	j = json_parse(buf_str(&rq->out), rq->out.n, &e);
	if (!j)
		return; /* too large: the reply says so */
	if (paged && json_arr(j, "Members"))
		page(rq, j);
	if (rq->q.only)
		j = the_only(rq, j);
	if (rq->q.expand)
		expand(&x, j, rq->q.levels, false);
	if (rq->q.select)
		choose(j, rq->q.select, is_collection(rq));
	if (x.too_much)
		(void)request_refuse(
		    rq, REF_QUERY_TOO_LARGE, NULL, NULL, NULL, NULL);
	else
		put(rq, j);
	cJSON_Delete(j);
}
