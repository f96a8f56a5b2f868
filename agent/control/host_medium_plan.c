/*
 * The steps that want a host's media made, named in the record and in their
 * drives: before the server is touched, before it boots, and once it is up.
 */
#include "agent/control/host_medium.h"

#include <string.h>

#include "agent/control/phoned.h"
#include "common/str.h"

/* Looks in a row that must see an empty drive before it is believed. */
#define MEDIUM_LOOKS_EMPTY 2
#define MEDIUM_PERCENT 25 /* steps that are shown: each is a write */

/* ---- made -------------------------------------------------------------------- */

static const char *
wait_on(const struct boot_media_answer *a)
{
	bool data = a->media_reason == NULL && a->data_reason != NULL;

	if (a->state == BOOT_MEDIA_REFUSED)
		return data ? "user: user data" : "user: image";
	return data ? "media: user data" : "media: image";
}

static void
say_wait(struct host_pass *p, const char *text, const char *waiting)
{
	if (p->h.record.phase == PHASE_PROVISIONING) {
		boot_say(p, "InsertingMedia", text, waiting);
		return;
	}
	report_state(&p->rep, HOST_CLAIMED);
	report_say(&p->rep, HC_AVAILABLE, SAY_FALSE, "Claimed", "claimed by %s",
	    p->m.key);
	report_say(
	    &p->rep, HC_PROVISIONED, SAY_FALSE, "NotProvisioned", "%s", text);
	report_op(&p->rep, "Provision", "PreparingMedia", "%s", text);
	report_waiting(&p->rep, "%s", waiting);
}

static void
say_reasons(
    struct host_pass *p, const struct boot_media_answer *a, const char *text)
{
	enum say say = a->state == BOOT_MEDIA_WORKING ? SAY_UNKNOWN : SAY_FALSE;
	bool neither = a->media_reason == NULL && a->data_reason == NULL;

	if (a->media_reason != NULL || neither)
		report_say(&p->rep, HC_MEDIA, say,
		    !neither                         ? a->media_reason
		    : a->state == BOOT_MEDIA_WORKING ? "NotYetRead"
						     : "OriginFailed",
		    "%s", text);
	if (a->data_reason != NULL)
		report_say(&p->rep, HC_DATA, say, a->data_reason, "%s", text);
}

static enum verdict
wait_for(struct host_pass *p, const struct boot_media_answer *a)
{
	unsigned percent = a->percent - a->percent % MEDIUM_PERCENT;
	char text[sizeof(a->message) + 80];

	if (a->message[0] != '\0')
		(void)str_copy(text, sizeof(text), a->message);
	else
		(void)str_copy(text, sizeof(text),
		    a->state == BOOT_MEDIA_WORKING
			? "the image is being read and proven"
			: "the medium cannot be made");
	if (a->state == BOOT_MEDIA_WORKING && percent > 0)
		(void)str_format(text + strlen(text),
		    sizeof(text) - strlen(text), ": %u %%", percent);
	say_reasons(p, a, text);
	say_wait(p, text, wait_on(a));
	/* Woken; the look is for what no one tells. */
	return pass_poll(p, p->c->o.poll_idle_us);
}

/* Wanted anew for each attempt, and no more once the boot is armed: then it is
 * what the record says. */
enum verdict
medium_ready(struct host_pass *p)
{
	const struct record *r = &p->h.record;
	const struct boot_media_answer *a;

	if (!medium_composed(p) || r->armed_s != 0)
		return V_NEXT;
	a = medium_look(p);
	if (a->state != BOOT_MEDIA_READY)
		return wait_for(p, a);
	medium_say_data(p);
	if (str_eq(host_condition(&p->h, "MediaReachable", NULL), "False"))
		report_say(&p->rep, HC_MEDIA, SAY_UNKNOWN, "NotYetRead", "%s",
		    "the image is proven; no BMC has it yet");
	/* What is in the drive was made of something else. */
	if (r->data[0] != '\0' && !str_eq(r->data, a->data))
		p->ctl->mem.inserted_attempt = 0;
	return V_NEXT;
}

/* Before a BMC is given it: whatever replica serves it later composes exactly
 * this. The first attempt's is written with the attempt. */
enum verdict
medium_recorded(void *arg)
{
	struct host_pass *p = arg;
	struct record r = p->h.record;

	if (!medium_composed(p) || r.armed_s != 0 ||
	    str_eq(r.data, p->media.answer.data))
		return V_NEXT;
	boot_say(p, "InsertingMedia", "noting what is to be booted", "api");
	(void)str_copy(r.data, sizeof(r.data), p->media.answer.data);
	return host_act_record(p, &r);
}

/* ---- in its drive -------------------------------------------------------------- */

/* spec.mediaTransport is the user's word on what this BMC can; the media server
 * has one address. */
enum verdict
medium_transport_fits(void *arg)
{
	struct host_pass *p = arg;
	const char *want = p->h.spec.transport;
	const char *url = medium_url(p, BOOT_MEDIUM_ISO);
	bool https = url != NULL && str_has_iprefix(url, "https:");

	if (!medium_composed(p) || p->h.record.armed_s != 0)
		return V_NEXT;
	if (url == NULL) {
		boot_say(p, "InsertingMedia",
		    "waiting for the media server to know of this claim",
		    "media: url");
		return pass_poll(p, p->c->o.poll_busy_us);
	}
	if ((!str_eq(want, "HTTP") || !https) &&
	    (!str_eq(want, "HTTPS") || https))
		return V_NEXT;
	report_say(&p->rep, HC_MEDIA, SAY_FALSE, "TransportUnavailable",
	    "spec.mediaTransport is %s, and the media server is reached by %s "
	    "(--media-url)",
	    want, https ? "HTTPS" : "HTTP");
	boot_say(p, "InsertingMedia",
	    "the media server does not speak what spec.mediaTransport asks for",
	    "user: mediaTransport");
	return pass_poll(p, p->c->o.poll_idle_us);
}

/* A BMC that shows two drives and takes one medium: once that is known, the
 * data goes another way, or the user is told that there is none. */
static enum verdict
config_refused(struct host_pass *p)
{
	static const enum redfish_cause no[] = { RF_CAUSE_REFUSED,
		RF_CAUSE_UNSUPPORTED, RF_CAUSE_OCCUPIED, RF_CAUSE_SILENT,
		RF_CAUSE_LICENCE };
	bool refused = false;

	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		refused |= p->cause == no[i];
	if (!refused)
		return V_FAIL;
	p->ctl->mem.one_drive = true;
	host_event(p, true, "SecondDriveRefused",
	    "the configuration medium: %s", p->err.msg);
	return pass_poll(p, p->c->o.poll_busy_us);
}

enum verdict
medium_config_inserted(void *arg)
{
	struct host_pass *p = arg;
	bool armed = p->h.record.armed_s != 0;
	const char *url;
	enum verdict v;

	if (!medium_has_config(p) || !medium_composed(p))
		return V_NEXT;
	if (medium_in(p, BOOT_MEDIUM_CONFIG, armed)) {
		p->ctl->mem.config_empty = 0;
		return V_NEXT;
	}
	url = medium_url(p, BOOT_MEDIUM_CONFIG);
	boot_say(p, "InsertingMedia", "inserting the configuration medium",
	    "media: insert");
	if (url == NULL)
		return pass_poll(p, p->c->o.poll_busy_us);
	if (!armed) {
		v = host_act_config(p, url);
		return v == V_FAIL ? config_refused(p) : v;
	}
	if (++p->ctl->mem.config_empty < MEDIUM_LOOKS_EMPTY)
		return pass_poll(p, p->c->o.poll_busy_us);
	return host_attempt_failed(
	    p, "the configuration medium is gone from its drive");
}

/* ---- not needed any more ---------------------------------------------------------- */

/* That it is up may be known before it has taken its data. A report and a node
 * come after that; else it has the time that was given to the boot. */
static bool
config_taken(const struct host_pass *p)
{
	const struct record *r = &p->h.record;
	struct phoned w;

	/* What was installed may take its data at its own first boot. */
	int64_t since = r->installed_s == 0 ? r->on_s : r->on2_s;

	return r->data_gone_s != 0 ||
	       phoned_of(&w, p->h.asks.report, r->claim_id, r->attempt) ||
	       controllers_node_since(p->c, p->m.key) >= r->on_s ||
	       (since != 0 && pass_wall_s(p) >= since + p->m.timeout_s);
}

/* So long the URL of the second medium may be unknown to an agent that has just
 * come: without it the drive cannot be told from others. */
#define CONFIG_UNKNOWN_US LOOP_MIN

bool
medium_config_stays(struct host_pass *p, const struct redfish_slot **slot)
{
	*slot = NULL;
	if (!medium_composed(p) || !medium_has_config(p) || config_taken(p))
		return true;
	*slot = medium_config_slot(p);
	if (p->ctl->mem.ended_us == 0)
		p->ctl->mem.ended_us = pass_now_us(p);
	return medium_url(p, BOOT_MEDIUM_CONFIG) != NULL ||
	       pass_now_us(p) - p->ctl->mem.ended_us >= CONFIG_UNKNOWN_US;
}

static enum verdict
config_ejected(struct host_pass *p)
{
	enum verdict v = host_act_read(p, RF_READ_SYSTEM | RF_READ_MEDIA);
	const struct redfish_slot *s;

	if (v != V_NEXT)
		return v;
	s = medium_config_slot(p);
	if (s == NULL)
		return V_NEXT;
	v = host_act_eject(p, s->uri);
	if (v != V_FAIL || p->cause != RF_CAUSE_REFUSED)
		return v;
	/* Its token is dead, and the release ejects it. */
	host_event(p, true, "ConfigMediumStays", "%s", p->err.msg);
	return V_NEXT;
}

enum verdict
medium_config_gone(struct host_pass *p)
{
	struct record r = p->h.record;
	bool has = medium_composed(p) && medium_has_config(p);
	/* The token of an installer's ISO is dead: by that of the data alone
	 * its drive is told, so that it goes before that dies, too. */
	bool told = has && medium_url(p, BOOT_MEDIUM_ISO) == NULL;
	enum verdict v = V_NEXT;

	if (has && !config_taken(p))
		return V_NEXT;
	/* Only by its URL is it told from what the user may have inserted. */
	if (told && medium_url(p, BOOT_MEDIUM_CONFIG) == NULL)
		return V_NEXT;
	if (told)
		v = config_ejected(p);
	if (v != V_NEXT)
		return v;
	if (has && r.data_gone_s == 0) {
		/* With this its token dies, whoever serves it. */
		r.data_gone_s = pass_wall_s(p);
		return host_act_record(p, &r);
	}
	if (has && !told)
		v = config_ejected(p);
	p->ctl->mem.up_ejected = v == V_NEXT;
	return v;
}
