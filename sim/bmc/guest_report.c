/*
 * A machine that says how its bootstrap went: the script of the data posts JSON
 * until it is answered 2xx, cloud-init's phone_home a form so many times.
 */
#include <string.h>

#include "common/buf.h"
#include "common/env.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/guest_impl.h"
#include "sim/bmc/journal.h"

#define POST_US (60 * LOOP_S)
#define FIRST_MS 2000
#define MOST_MS 60000
#define FORM_MS 3000 /* cloud-init waits so long between tries */
#define BODY_MAX 4096

static void post(void *arg);

void
guest_report_stop(struct guest *g)
{
	timer_stop(&g->again);
	http_peer_free(g->peer);
	g->peer = NULL;
}

static const char *
verdict(const struct guest *g)
{
	return g->now->fails ? "failed" : "succeeded";
}

static void
later(struct guest *g)
{
	const struct os_facts *f = g->now;
	int64_t ms = FORM_MS;

	if (f->report_tries != 0 && g->reports >= f->report_tries)
		return; /* cloud-init gives up */
	if (!f->report_form) {
		unsigned n = g->reports - 1;

		ms = n < 5 ? FIRST_MS << n : MOST_MS;
	}
	timer_start(bmc_loop(g->b), &g->again, bmc_us(g->b, ms), post, g);
}

static void
answered(void *arg, const struct http_result *r)
{
	struct guest *g = arg;
	struct bmc_event ev = { .kind = BMC_EV_REPORT_FAILED,
		.status = r->status };
	char text[64];

	if (r->err == HTTP_OK && r->status >= 200 && r->status <= 299) {
		g->reported = true;
		if (g->from_disk)
			g->disk_reported = true;
		(void)str_format(
		    text, sizeof(text), "%s %d", verdict(g), r->status);
		ev.kind = BMC_EV_REPORTED;
		ev.text = text;
		journal_add(g->b->fleet->journal, g->b, &ev);
		return;
	}
	ev.text = r->err != HTTP_OK ? http_err_name(r->err) : "refused";
	journal_add(g->b->fleet->journal, g->b, &ev);
	later(g);
}

/* A value of a form: RFC 1866, 8.2.1. */
static void
form_add(struct buf *b, const char *key, const char *v)
{
	static const char hex[] = "0123456789ABCDEF";

	(void)buf_addf(b, "%s%s=", b->n > 0 ? "&" : "", key);
	for (; *v != '\0'; v++) {
		if (str_is_alnum(*v) || strchr("-._", *v) != NULL) {
			(void)buf_addc(b, *v);
			continue;
		}
		(void)buf_addc(b, '%');
		(void)buf_addc(b, hex[(unsigned char)*v >> 4]);
		(void)buf_addc(b, hex[(unsigned char)*v & 15]);
	}
}

static void
body_of(const struct guest *g, struct buf *b)
{
	const struct os_facts *f = g->now;
	cJSON *j;
	char *text;

	if (f->report_form) {
		form_add(b, "pub_key_rsa", "N/A");
		form_add(b, "pub_key_ecdsa", "N/A");
		form_add(b, "pub_key_ed25519", "N/A");
		form_add(b, "instance_id", f->instance_id);
		form_add(b, "hostname", f->hostname);
		form_add(b, "fqdn", f->hostname);
		return;
	}
	j = cJSON_CreateObject();
	json_set_str(j, "status", verdict(g));
	json_set_str(j, "hostname", f->hostname);
	json_set_str(j, "message", f->fails ? f->why : "");
	text = json_print(j);
	(void)buf_adds(b, text);
	xfree(text);
	cJSON_Delete(j);
}

static bool
open_peer(struct guest *g, const struct url *u)
{
	char origin[300];
	struct http_peer_opts o = { .base = origin, .max_conns = 1 };
	struct err e = { 0 };

	url_origin(u, origin, sizeof(origin));
	o.tls.insecure = true; /* as the script has it: the token is enough */
	g->peer = http_peer_new(g->b->fleet->env->net, &o, &e);
	return g->peer != NULL;
}

static void
post(void *arg)
{
	struct guest *g = arg;
	const struct http_header h[] = { { "Content-Type",
	    g->now->report_form ? "application/x-www-form-urlencoded"
				: "application/json" } };
	struct http_request rq = { .method = "POST",
		.headers = h,
		.n_headers = 1,
		.done = answered,
		.arg = g,
		.limits = { .total_us = POST_US, .body_max = 65536 } };
	struct err e = { 0 };
	struct url u;
	struct buf body;

	if (!url_parse(&u, g->now->report_url, &e) ||
	    (g->peer == NULL && !open_peer(g, &u))) {
		journal_note(g->b, BMC_EV_REPORT_FAILED, e.msg);
		return;
	}
	g->reports++;
	buf_init(&body, BODY_MAX);
	body_of(g, &body);
	rq.target = u.target;
	rq.body = (struct http_bytes){ buf_str(&body), body.n };
	(void)http_start(g->peer, &rq);
	buf_free(&body);
}

void
guest_report(struct guest *g)
{
	post(g);
}
