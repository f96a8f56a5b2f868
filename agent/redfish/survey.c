#include "agent/redfish/survey.h"

#include <string.h>

#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/str.h"

#define QUEUE_MAX 160
#define WHOLE_MAX 256 /* of one list, embedded */

struct item {
	rf_part_fn *take;
	char *target; /* owned */
	bool list;
	uint8_t levels;
	uint8_t most;
};

struct rf_survey {
	rf_step_fn *more, *then;
	struct item queue[QUEUE_MAX];
	size_t n, at;
	unsigned until; /* op.result.requests */
	bool expanded;  /* the request under way */
	bool truncated, optional;
};

static void next(struct redfish *rf);

void
rf_survey_free(struct rf_survey *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		xfree(s->queue[i].target);
	xfree(s);
}

bool
rf_survey_truncated(const struct redfish *rf)
{
	return rf->op->survey->truncated;
}

static void
push(struct redfish *rf, const struct item *add, const char *ref)
{
	struct rf_survey *s = rf->op->survey;
	char *target = rf_text_link(rf->origin, ref);
	size_t i;

	if (!target)
		return;
	for (i = 0; i < s->n; i++)
		if (s->queue[i].take == add->take &&
		    str_eq(s->queue[i].target, target)) {
			xfree(target);
			return;
		}
	if (s->n == QUEUE_MAX) {
		s->truncated = true;
		xfree(target);
		return;
	}
	s->queue[s->n] = *add;
	s->queue[s->n++].target = target;
}

void
rf_survey_add(struct redfish *rf, rf_part_fn *take, const char *ref)
{
	push(rf, &(struct item){ .take = take }, ref);
}

void
rf_survey_list(struct redfish *rf, rf_part_fn *take, const char *ref,
    unsigned most, unsigned levels)
{
	push(rf,
	    &(struct item){ .take = take,
		.list = true,
		.levels = (uint8_t)levels,
		.most = (uint8_t)most },
	    ref);
}

/* AMI drops required properties of what it expands: that is not all of it. */
static bool
is_whole(const cJSON *j)
{
	return json_child(j, "Id") && json_child(j, "Name");
}

void
rf_survey_each(
    struct redfish *rf, rf_part_fn *take, const cJSON *list, unsigned most)
{
	struct rf_survey *s = rf->op->survey;
	const cJSON *j;
	unsigned whole = 0, links = 0;

	cJSON_ArrayForEach (j, list) {
		if (is_whole(j) ? whole++ == WHOLE_MAX : links++ == most) {
			s->truncated = true;
			return;
		}
		if (is_whole(j))
			take(rf, j);
		else
			rf_survey_add(rf, take, json_str(j, "@odata.id", NULL));
	}
}

/* ---- $expand ---------------------------------------------------------------- */

static unsigned
levels_of(const struct redfish *rf, const struct item *i)
{
	unsigned can = rf->learned.no_expand ? 0 : rf->service.expand;

	if (!i->list || strchr(i->target, '?'))
		return 0; /* a nextLink says itself what it wants */
	return can < i->levels ? can : i->levels;
}

/* Refused, too large, or not all that there is: the plain way from now on. */
static bool
expand_failed(struct redfish *rf, const struct rf_reply *r)
{
	const cJSON *members = json_arr(r->json, "Members");
	int64_t count = json_i64(r->json, "Members@odata.count", 0);

	if (!rf->op->survey->expanded)
		return false;
	if (r->http != HTTP_OK && r->http != HTTP_E_TOO_BIG)
		return false;
	if (r->ok && members &&
	    (json_child(r->json, "Members@odata.nextLink") ||
		count <= cJSON_GetArraySize(members)))
		return false;
	rf->learned.no_expand = true;
	return true;
}

/* ---- the walk --------------------------------------------------------------- */

static void
take_list(struct redfish *rf, const struct item *i, const cJSON *j)
{
	struct item rest = *i;

	rf_survey_each(rf, i->take, json_arr(j, "Members"), i->most);
	push(rf, &rest, json_str(j, "Members@odata.nextLink", NULL));
}

static void
on_part(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_survey *s = rf->op->survey;
	struct item i = s->queue[s->at];

	if (expand_failed(rf, r)) {
		next(rf);
		return;
	}
	if (r->http != HTTP_OK && r->http != HTTP_E_TOO_BIG) {
		if (s->optional)
			s->then(rf);
		else
			rf_fail_reply(rf, r, "read the inventory");
		return;
	}
	s->truncated |= r->http != HTTP_OK;
	s->at++;
	if (r->ok && i.list)
		take_list(rf, &i, r->json);
	else if (r->ok)
		i.take(rf, r->json);
	next(rf);
}

static void
ask(struct redfish *rf, const struct item *i)
{
	unsigned levels = levels_of(rf, i);
	char *target;

	rf->op->survey->expanded = levels > 0;
	if (levels == 0) {
		rf_get(rf, i->target, on_part);
		return;
	}
	/* iLO knows no $levels; one is what it means without. */
	target = levels == 1
		     ? xasprintf("%s?$expand=.", i->target)
		     : xasprintf("%s?$expand=.($levels=%u)", i->target, levels);
	rf_send(rf,
	    &(struct rf_request){
		.method = "GET", .target = target, .exact = true },
	    on_part);
	xfree(target);
}

static void
next(struct redfish *rf)
{
	struct rf_survey *s = rf->op->survey;

	if (s->at == s->n)
		s->more(rf);
	/* Half an inventory is worth more than none. */
	if (s->at < s->n && rf->op->result.requests + 1 >= s->until) {
		s->truncated = true;
		s->at = s->n;
	}
	if (s->at == s->n)
		s->then(rf);
	else
		ask(rf, &s->queue[s->at]);
}

void
rf_survey_begin(
    struct redfish *rf, unsigned budget, rf_step_fn *more, rf_step_fn *then)
{
	struct rf_op *op = rf->op;
	unsigned until = op->result.requests + budget;

	rf_survey_free(op->survey);
	op->survey = xcalloc(1, sizeof(*op->survey));
	op->survey->more = more;
	op->survey->then = then;
	op->survey->until = until < rf->max_requests ? until : rf->max_requests;
}

void
rf_survey_optional(struct redfish *rf)
{
	rf->op->survey->optional = true;
}

void
rf_survey_run(struct redfish *rf)
{
	next(rf);
}
