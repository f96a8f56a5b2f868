#include <string.h>

#include "agent/redfish/client.h"
#include "common/json.h"
#include "common/str.h"

static void send_form(struct redfish *rf);

void
rf_write_fini(struct rf_write *w)
{
	xfree(w->target);
	xfree(w->resource);
	cJSON_Delete(w->body);
	memset(w, 0, sizeof(*w));
}

static void
learn_form(struct redfish *rf, const struct rf_write *w)
{
	if (str_eq(w->method, "POST"))
		rf->learned.post_if_match = w->form != RF_ETAG_NONE;
	else if (w->etag[0] || w->form == RF_ETAG_ANY)
		rf->learned.etag = w->form;
}

/* A form that would send something else than those tried before. */
static bool
form_differs(const struct rf_write *w, enum rf_etag_form f)
{
	if (w->tried & (1U << f))
		return false;
	if (f == RF_ETAG_AS_IS)
		return w->etag[0] != '\0';
	if (f == RF_ETAG_STRONG)
		return str_has_prefix(w->etag, "W/");
	return true;
}

static bool
next_form(struct rf_write *w)
{
	unsigned f;

	for (f = 0; f < RF_ETAG_FORMS; f++)
		if (form_differs(w, (enum rf_etag_form)f)) {
			w->form = (enum rf_etag_form)f;
			return true;
		}
	return false;
}

static void
deliver(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_write *w = &rf->op->write;

	if (r->ok && (w->tried & (w->tried - 1)))
		learn_form(rf, w);
	rf->last_write_us = rf_now(rf);
	w->cont(rf, r);
}

static void
on_refetched(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_write *w = &rf->op->write;
	char etag[RF_ETAG_CAP];

	if (!r->ok) {
		w->cont(rf, r);
		return;
	}
	rf_etag_of(etag, r->etag, r->json);
	if (etag[0] && !str_eq(etag, w->etag)) {
		/* It changed under us: the same form deserves another go. */
		(void)str_copy(w->etag, sizeof(w->etag), etag);
		w->tried &= ~(1U << RF_ETAG_AS_IS | 1U << RF_ETAG_STRONG);
		if (w->form != RF_ETAG_STRONG)
			w->form = RF_ETAG_AS_IS;
		send_form(rf);
		return;
	}
	if (next_form(w))
		send_form(rf);
	else
		(void)rf_fail(rf, RF_CAUSE_CONFLICT, ERR_CONFLICT,
		    "%s %.80s: refused with every form of If-Match", w->method,
		    w->target);
}

/*
 * Rule 23: as it is, read again, without W/, none, "*". Never with an action
 * unless the BMC says 412 or 428 to one without (iBMC does).
 */
static void
on_written(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_write *w = &rf->op->write;

	if (r->status != 412 && r->status != 428) {
		deliver(rf, r);
		return;
	}
	if (!w->refetched) {
		w->refetched = true;
		rf_get(rf, w->resource, on_refetched);
		return;
	}
	if (next_form(w))
		send_form(rf);
	else
		deliver(rf, r);
}

static void
send_form(struct redfish *rf)
{
	struct rf_write *w = &rf->op->write;
	char value[RF_ETAG_CAP];

	w->tried |= 1U << w->form;
	rf->last_write_us = rf_now(rf);
	rf_send(rf,
	    &(struct rf_request){ .method = w->method,
		.target = w->target,
		.body = w->body,
		.if_match = rf_etag_form(w->form, w->etag, value),
		.exact = true },
	    on_written);
}

void
rf_patch(struct redfish *rf, const char *target, const char *etag, cJSON *body,
    rf_cont_fn *cont)
{
	struct rf_write *w = &rf->op->write;
	char *to = xstrdup(target);

	rf_write_fini(w);
	w->method = "PATCH";
	w->target = to;
	w->resource = xstrdup(to);
	w->body = body;
	w->form = rf->learned.etag;
	w->cont = cont;
	(void)str_copy(w->etag, sizeof(w->etag), etag ? etag : "");
	send_form(rf);
}

static void
on_etag_for_post(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_write *w = &rf->op->write;

	if (!r->ok) {
		w->cont(rf, r);
		return;
	}
	rf_etag_of(w->etag, r->etag, r->json);
	w->refetched = true;
	w->form = RF_ETAG_AS_IS;
	send_form(rf);
}

void
rf_post(struct redfish *rf, const char *target, const char *resource,
    cJSON *body, rf_cont_fn *cont)
{
	struct rf_write *w = &rf->op->write;
	char *to = xstrdup(target), *of = xstrdup(resource);

	rf_write_fini(w);
	w->method = "POST";
	w->target = to;
	w->resource = of;
	w->body = body;
	w->form = RF_ETAG_NONE;
	w->cont = cont;
	if (rf->learned.post_if_match)
		rf_get(rf, of, on_etag_for_post);
	else
		send_form(rf);
}
