/*
 * POST to a collection, once for all of them (DSP0266 7.7): every member of
 * the body must be known and good, what is required must be there; then the
 * resource is made and shown.
 */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/request.h"

static const struct patch_row *
row_of(const struct create_def *d, const char *path)
{
	for (size_t i = 0; i < d->n; i++)
		if (str_eq(d->rows[i].path, path))
			return &d->rows[i];
	return NULL;
}

/* Returns how many members were good. */
static unsigned
member(struct request *rq, const struct create_def *d, const cJSON *v,
    const char *prefix)
{
	const struct patch_row *r;
	const cJSON *c;
	char path[128];
	unsigned n = 0;

	/* annotations are no properties */
	if (strchr(v->string, '@'))
		return 0;
	if (!str_format(path, sizeof(path), "%s%s%s", prefix,
		*prefix ? "/" : "", v->string))
		path[0] = '\0'; /* then it is no property that we know */
	r = row_of(d, path);
	if (r)
		return r->set(rq, v);
	if (cJSON_IsObject(v) && str_eq(path, "Links")) {
		cJSON_ArrayForEach (c, v)
			n += member(rq, d, c, path);
		return n;
	}
	request_say(
	    rq, REF_PROPERTY_UNKNOWN, NULL, *path ? path : "?", NULL, NULL);
	return 0;
}

static void
all_there(struct request *rq, const struct create_def *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->rows[i].required && !json_at(rq->json, d->rows[i].path))
			request_say(rq, REF_PROPERTY_MISSING, d->rows[i].path,
			    d->rows[i].path, NULL, NULL);
}

void
create_run(struct request *rq, const struct create_def *d, void *stage)
{
	const cJSON *v;

	if (!rq->json) {
		request_refuse(rq, REF_MALFORMED_JSON, NULL, NULL, NULL, NULL);
		return;
	}
	rq->stage = stage;
	cJSON_ArrayForEach (v, rq->json)
		(void)member(rq, d, v, "");
	all_there(rq, d);
	/* nothing is made from half of what was asked */
	rq->failed = rq->n_messages > 0;
	if (!rq->failed)
		d->commit(rq);
	rq->stage = NULL;
}
