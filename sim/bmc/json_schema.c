/* JsonSchemas: a file for each type that this BMC shows, at the DMTF. */
#include "common/str.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

/* The i-th route whose type was not shown by one before; NULL = no more. */
static const struct route *
nth(const struct bmc_profile *p, size_t *i)
{
	const struct route *r, *o;

	for (; (r = route_at(p, *i)); (*i)++) {
		size_t j = 0;

		if (!r->version)
			continue;
		while (
		    (o = route_at(p, j)) != r && !str_eq(o->schema, r->schema))
			j++;
		if (o == r)
			return r;
	}
	return NULL;
}

static const struct route *
by_type(const struct bmc_profile *p, const char *type)
{
	const struct route *r;

	for (size_t i = 0; (r = route_at(p, i)); i++)
		if (r->version && str_eq(r->schema, type))
			return r;
	return NULL;
}

static void
view_all(struct request *rq, struct jw *w)
{
	const struct route *r;
	long n = 0;

	view_members(w, "JSON Schema Files");
	for (size_t i = 0; (r = nth(rq->p, &i)); i++, n++)
		jw_ref(w, NULL, V1 "/JsonSchemas/%s", r->schema);
	view_members_end(w, n);
}

static bool
exists(struct request *rq)
{
	return by_type(rq->p, rq->arg[0]) != NULL;
}

static void
view_one(struct request *rq, struct jw *w)
{
	const struct route *r = by_type(rq->p, rq->arg[0]);

	if (!r)
		return; /* exists() was asked before */
	jw_s(w, "Id", r->schema);
	jw_sf(w, "Name", "%s Schema File", r->schema);
	jw_sf(w, "Schema", "#%s.%s.%s", r->schema, r->version, r->schema);
	jw_list(w, "Languages");
	jw_s(w, NULL, "en");
	jw_end(w);
	jw_list(w, "Location");
	jw_open(w, NULL);
	jw_s(w, "Language", "en");
	jw_sf(w, "PublicationUri",
	    "http://redfish.dmtf.org/schemas/v1/%s.%s.json", r->schema,
	    r->version);
	jw_close(w);
	jw_end(w);
}

const struct route schema_routes[] = {
	ROUTE_LIST(V1 "/JsonSchemas", "JsonSchemaFile", view_all, NULL),
	ROUTE_READ(V1 "/JsonSchemas/*", "JsonSchemaFile", "v1_1_4", view_one,
	    OP_READ_SERVICE, exists),
	{ .pattern = NULL },
};
