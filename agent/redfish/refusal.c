#include "agent/redfish/refusal.h"

#include "common/str.h"

void
rf_refusal_keep(struct rf_refusal *f, const struct rf_reply *r)
{
	const struct rf_message *m = rf_ext_first(&r->ext);

	if (f->any && (f->cause == RF_CAUSE_LICENCE ||
			  f->cause == RF_CAUSE_PASSWORD_CHANGE))
		return;
	if (f->any && (rf_ext_has(&r->ext, RF_NO_ACTION) ||
			  rf_reply_cause(r) == RF_CAUSE_UNSUPPORTED))
		return;
	f->any = true;
	f->err = r->err;
	f->cause = rf_reply_cause(r);
	f->status = r->status;
	f->retry_after_us = r->retry_after_us;
	(void)str_copy(f->message_id, sizeof(f->message_id), m ? m->id : "");
}

void
rf_refusal_fail(
    struct redfish *rf, const struct rf_refusal *f, const char *what)
{
	struct redfish_reply *res = &rf->op->result;

	res->http_status = f->status;
	res->retry_after_us = f->retry_after_us;
	(void)str_copy(res->message_id, sizeof(res->message_id), f->message_id);
	res->cause = f->cause;
	res->err = f->err;
	if (what != NULL)
		(void)err_wrap(&res->err, "%s", what);
	rf_finish(rf);
}

bool
rf_refusal_passes(const struct rf_reply *r)
{
	if (r->http != HTTP_OK || r->ok)
		return false;
	return rf_ext_has(&r->ext, RF_NO_BUSY) || r->status == 503 ||
	       r->status == 429;
}

int64_t
rf_refusal_wait_us(const struct rf_reply *r, unsigned waits)
{
	int64_t us = r->retry_after_us;

	if (us == 0)
		us = waits < 3 ? (5 * LOOP_S) << waits : 30 * LOOP_S;
	return us > 60 * LOOP_S ? 60 * LOOP_S : us;
}
