/* Writes to services, the manager and tasks. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/request.h"
#include "sim/bmc/session.h"

/* ---- services ----------------------------------------------------------- */

/* Nothing is writable: the right words for what is tried. */
static bool
commit_nothing(struct request *rq)
{
	(void)rq;
	return true;
}

static const struct patch_def nothing_def = { NULL, 0, commit_nothing };

#define TIMEOUT_MIN 30
#define TIMEOUT_MAX 86400

static bool
set_timeout(struct request *rq, const cJSON *v)
{
	int64_t *out = rq->stage;
	char text[64];

	value_text(v, text, sizeof(text));
	if (!cJSON_IsNumber(v)) {
		request_say(rq, REF_PROPERTY_TYPE, "SessionTimeout", text,
		    "SessionTimeout", NULL);
		return false;
	}
	if (v->valuedouble < TIMEOUT_MIN || v->valuedouble > TIMEOUT_MAX) {
		request_say(rq, REF_PROPERTY_VALUE, "SessionTimeout", text,
		    "SessionTimeout", NULL);
		return false;
	}
	*out = (int64_t)v->valuedouble;
	return true;
}

static bool
commit_timeout(struct request *rq)
{
	const int64_t *s = rq->stage;

	if (!rq->dry)
		rq->b->session_timeout_s = *s;
	return true;
}

static const struct patch_row session_rows[] = {
	{ "SessionTimeout", set_timeout, false },
};
static const struct patch_def session_def = { session_rows, 1, commit_timeout };

void
act_patch_session_service(struct request *rq)
{
	int64_t timeout = 0;

	patch_run(rq, &session_def, &timeout);
}

void
act_patch_manager(struct request *rq)
{
	patch_run(rq, &nothing_def, NULL);
}
