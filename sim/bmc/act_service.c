/* Writes to services, accounts, the manager and tasks. */
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
#include "sim/bmc/task.h"

#define PASSWORD_MIN 8
#define PASSWORD_MAX 72

/* ---- the account -------------------------------------------------------- */

static bool
set_password(struct request *rq, const cJSON *v)
{
	size_t n = cJSON_IsString(v) ? strlen(v->valuestring) : 0;

	if (!cJSON_IsString(v)) {
		request_say(rq, REF_PROPERTY_TYPE, "Password", "(not shown)",
		    "Password", NULL);
		return false;
	}
	if (n < PASSWORD_MIN || n > PASSWORD_MAX) {
		request_say(rq, REF_PROPERTY_FORMAT, "Password", "(not shown)",
		    "Password", NULL);
		return false;
	}
	secret_set(rq->stage, v->valuestring, n);
	return true;
}

static bool
commit_password(struct request *rq)
{
	struct secret *s = rq->stage;

	if (rq->dry)
		return true;
	secret_set(&rq->b->password, s->p, s->n);
	rq->b->must_change = false;
	journal_note(rq->b, BMC_EV_CREDENTIALS, "changed by the account");
	return true;
}

static const struct patch_row account_rows[] = {
	{ "Password", set_password },
};
static const struct patch_def account_def = { account_rows, 1,
	commit_password };

void
act_patch_account(struct request *rq)
{
	struct secret s = { 0 };

	patch_run(rq, &account_def, &s);
	secret_free(&s);
}

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
	{ "SessionTimeout", set_timeout },
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

void
act_delete_task(struct request *rq)
{
	struct task *t = task_get(rq->b, rq->arg[0]);

	if (t && t->state == TASK_RUNNING) {
		request_refuse(rq, REF_BUSY, NULL, "5", NULL, NULL);
		return;
	}
	if (t && !rq->dry)
		task_drop(rq->b, t);
	request_done(rq);
}
