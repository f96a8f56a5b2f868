#include "agent/probe/grade.h"

#include <stdbool.h>
#include <string.h>

#include "agent/redfish/identity.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

/* ---- reasons -------------------------------------------------------------------- */

enum weight {
	GOOD,
	NOTE,    /* worth knowing; costs no grade */
	LIMIT,   /* B at best */
	NO_BOOT, /* C at best */
	NO_POWER /* D at best */
};

struct scale {
	cJSON *report, *reasons;
	enum weight worst;
};

static void
say(struct scale *s, enum weight w, const char *text)
{
	static const char *const signs[] = { "good", "note", "limit", "missing",
		"missing" };
	cJSON *o = cJSON_CreateObject();

	json_set_str(o, "sign", signs[w]);
	json_set_str(o, "text", text);
	(void)cJSON_AddItemToArray(s->reasons, o);
	if (w > s->worst)
		s->worst = w;
}

static const char *
text_at(const struct scale *s, const char *path)
{
	return json_str(s->report, path, NULL);
}

static bool
lists(const struct scale *s, const char *path, const char *value)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(s->report, path))
		if (str_eq(cJSON_GetStringValue(c), value))
			return true;
	return false;
}

static bool
any(const struct scale *s, const char *path)
{
	const cJSON *list = json_arr(s->report, path);

	return list && list->child;
}

/* ---- power ---------------------------------------------------------------------- */

static void
judge_power(struct scale *s)
{
	const char *why = text_at(s, "capabilities/power/missing");
	bool on = any(s, "capabilities/ladders/reset/On");
	bool off = any(s, "capabilities/ladders/reset/ForceOff");

	if (why || !on || !off) {
		say(s, NO_POWER,
		    why    ? why
		    : !off ? "there is no way to force the system off"
			   : "there is no way to switch the system on");
		return;
	}
	if (any(s, "capabilities/power/offered"))
		say(s, GOOD, "power can be switched on and forced off");
	else
		say(s, NOTE,
		    "the BMC does not say which resets it has: they are "
		    "tried");
	if (!any(s, "capabilities/ladders/reset/GracefulShutdown"))
		say(s, NOTE,
		    "no graceful shutdown: a release forces the system off");
}

/* ---- boot ----------------------------------------------------------------------- */

static bool
offers(const struct scale *s, const char *list, const char *value)
{
	char path[96];

	(void)str_format(
	    path, sizeof(path), "capabilities/boot/system/%s", list);
	if (lists(s, path, value))
		return true;
	(void)str_format(
	    path, sizeof(path), "capabilities/boot/settings/%s", list);
	return lists(s, path, value);
}

static bool
says(const struct scale *s, const char *list)
{
	char path[96];

	(void)str_format(
	    path, sizeof(path), "capabilities/boot/system/%s", list);
	if (any(s, path))
		return true;
	(void)str_format(
	    path, sizeof(path), "capabilities/boot/settings/%s", list);
	return any(s, path);
}

static void
judge_once(struct scale *s)
{
	if (offers(s, "enabled", "Once") || !says(s, "enabled"))
		say(s, GOOD, "the next boot alone can be overridden (Once)");
	else if (offers(s, "enabled", "Continuous"))
		say(s, LIMIT,
		    "no boot override for one boot: Continuous is used, and "
		    "cleared when the image is first read");
	else
		say(s, NO_BOOT, "the boot override cannot be armed");
}

static void
judge_boot(struct scale *s)
{
	bool cd = offers(s, "targets", "Cd") || offers(s, "targets", "UsbCd");

	if (!json_bool(s->report, "capabilities/boot/supported", false)) {
		say(s, NO_BOOT, "the system shows no boot override");
		return;
	}
	judge_once(s);
	if (cd)
		say(s, GOOD, "it can be told to boot from the virtual CD");
	else if (offers(s, "targets", "UefiTarget") ||
		 offers(s, "targets", "UefiBootNext"))
		say(s, LIMIT,
		    "no CD among the boot targets: its entry in the boot menu "
		    "is looked for");
	else if (!says(s, "targets"))
		say(s, NOTE, "boot targets are not listed: Cd is tried");
	else
		say(s, NO_BOOT, "a virtual CD is no boot target of this BMC");
}

/* ---- media ---------------------------------------------------------------------- */

static bool
takes(const cJSON *slot, const char *scheme)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(slot, "schemes"))
		if (str_eq(cJSON_GetStringValue(c), scheme))
			return true;
	return false;
}

static void
judge_media(struct scale *s)
{
	const char *why = text_at(s, "capabilities/media/missing");
	const cJSON *slot, *usable = NULL;

	cJSON_ArrayForEach (
	    slot, json_arr(s->report, "capabilities/media/slots"))
		if (!usable && json_bool(slot, "usable", false))
			usable = slot;
	if (!usable) {
		say(s, NO_BOOT,
		    why ? why : "no virtual media slot can be used");
		return;
	}
	say(s, GOOD, "an image can be inserted as a virtual CD");
	if (cJSON_GetArraySize(json_arr(usable, "schemes")) == 0)
		say(s, NOTE, "which URLs the slot takes is not said");
	else if (!takes(usable, "http") && !takes(usable, "https"))
		say(s, NO_BOOT, "the slot takes no HTTP image");
	else if (!takes(usable, "http"))
		say(s, LIMIT,
		    "images must be served over HTTPS, with a certificate "
		    "that the BMC trusts or does not check");
	else if (!takes(usable, "https"))
		say(s, NOTE, "images must be served over plain HTTP");
}

/* ---- the rest ------------------------------------------------------------------- */

static void
judge_evidence(struct scale *s)
{
	if (json_bool(s->report, "capabilities/system/bootProgress", false))
		say(s, GOOD, "BootProgress tells when the system runs");
	else
		say(s, LIMIT,
		    "no BootProgress: nothing proves that the system runs, so "
		    "each provision waits for the annotation "
		    "confirm-provisioned");
}

static void
judge_identity(struct scale *s)
{
	bool uuid =
	    !redfish_uuid_placeholder(text_at(s, "capabilities/system/uuid"));
	bool serial = !redfish_serial_placeholder(
	    text_at(s, "capabilities/system/serial"));

	if (uuid || serial)
		say(s, GOOD, "the server can be told from others");
	else
		say(s, LIMIT,
		    "UUID and serial number are placeholders: only its MAC "
		    "addresses tell this server from others");
}

static void
judge_way_in(struct scale *s)
{
	int64_t after =
	    json_i64(s->report, "services/accounts/lockoutAfter", 0);

	if (str_eq(text_at(s, "auth"), "basic"))
		say(s, NOTE,
		    "sessions cannot be had: each request carries the "
		    "password");
	if (!json_bool(s->report, "tls/trusted", true))
		say(s, LIMIT,
		    "its certificate is not trusted: set "
		    "spec.redfishConnection.caBundleSecretRef, or trust it on "
		    "first use");
	if (after > 0 && after <= 3)
		say(s, NOTE,
		    "accounts are locked after three bad logins or fewer: use "
		    "one of Beskar7's own");
}

static void
judge_events(struct scale *s)
{
	const char *sse = text_at(s, "services/events/sse");

	if (!json_bool(s->report, "services/events/enabled", false))
		say(s, NOTE, "no events: its state is polled");
	else if (json_bool(s->report, "services/events/followed", false))
		say(s, GOOD,
		    "it has an event stream, which is followed: a change "
		    "shows within a second");
	else if (sse)
		say(s, NOTE,
		    "its event stream is at another host and is not "
		    "followed: its state is polled");
	else
		say(s, NOTE,
		    "it has no event stream, only pushes to subscribers, and "
		    "Beskar7 is none: its state is polled");
	if (json_i64(s->report, "slowestMs", 0) > 10000)
		say(s, LIMIT, "it is slow: a request took more than 10 s");
}

static const struct {
	const char *letter, *verdict;
} grades[] = {
	[GOOD] = { "A", "Beskar7 provisions this server unattended." },
	[NOTE] = { "A", "Beskar7 provisions this server unattended." },
	[LIMIT] = { "B", "Beskar7 provisions this server, within limits." },
	[NO_BOOT] = { "C",
	    "Beskar7 can read and switch this server, not provision it." },
	[NO_POWER] = { "D", "Beskar7 can read this server, and no more." },
};

void
grade_report(cJSON *report)
{
	struct scale s = { report, cJSON_CreateArray(), GOOD };
	bool probed = json_obj(report, "capabilities") != NULL;

	if (probed) {
		judge_power(&s);
		judge_boot(&s);
		judge_media(&s);
		judge_evidence(&s);
		judge_identity(&s);
		judge_way_in(&s);
		judge_events(&s);
	}
	json_set_str(report, "grade", probed ? grades[s.worst].letter : "F");
	json_set_str(report, "verdict",
	    probed ? grades[s.worst].verdict : "This BMC could not be probed.");
	json_set(report, "reasons", s.reasons);
}

/* ---- quirks --------------------------------------------------------------------- */

static void
quirk(cJSON *list, const char *id, const char *text)
{
	cJSON *o = cJSON_CreateObject();

	json_set_str(o, "id", id);
	json_set_str(o, "text", text);
	(void)cJSON_AddItemToArray(list, o);
}

static const char *
words_for(const char *id)
{
	static const char *const known[][2] = {
		{ "root:login", "even the service root asks for a login" },
		{ "auth:basic", "sessions are refused, Basic is taken" },
		{ "encoding:any", "refuses Accept-Encoding: identity" },
		{ "etag:stale", "the ETag stays while the resource changes" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(known[i][0], id))
			return known[i][1];
	return "seen by the client";
}

static void
from_client(cJSON *list, const char *quirks)
{
	char id[64];
	size_t n;

	for (; *quirks; quirks += n + (quirks[n] == ',')) {
		n = strcspn(quirks, ",");
		(void)str_format(
		    id, sizeof(id), "%.*s", (int)(n < 63 ? n : 63), quirks);
		quirk(list, id, words_for(id));
	}
}

static void
boot_quirks(const cJSON *caps, cJSON *list)
{
	const cJSON *sys = json_obj(caps, "boot/system");
	const cJSON *set = json_obj(caps, "boot/settings");
	const char *first = json_str(caps, "ladders/boot/0", "");

	if (str_has_prefix(first, "settings:"))
		quirk(list, "boot:settings",
		    "the override is written to the settings object");
	else if (json_bool(set, "hasTarget", false))
		quirk(list, "boot:two-places",
		    "both the system and its settings object have an "
		    "override");
	if (sys && !json_bool(sys, "hasMode", false) &&
	    !json_bool(set, "hasMode", false))
		quirk(list, "boot:no-mode",
		    "BootSourceOverrideMode is not "
		    "shown, and not sent");
	if (strstr(first, "Continuous"))
		quirk(list, "boot:continuous", "Once is not offered");
	if (strstr(first, "UsbCd"))
		quirk(list, "boot:UsbCd", "the virtual CD is called UsbCd");
}

static void
power_quirks(const cJSON *caps, cJSON *list)
{
	const cJSON *offered = json_arr(caps, "power/offered");

	if (json_str(caps, "power/actionInfo", NULL))
		quirk(list, "reset:action-info",
		    "what Reset takes is in an ActionInfo");
	if (offered && !offered->child)
		quirk(list, "reset:unsaid", "what Reset takes is not said");
}

static void
media_quirks(const cJSON *caps, cJSON *list)
{
	const char *first = json_str(caps, "ladders/insert/0", "");
	const cJSON *slots = json_arr(caps, "media/slots"), *c;
	unsigned idle = 0;

	cJSON_ArrayForEach (c, slots)
		idle +=
		    json_bool(c, "cd", false) && !json_bool(c, "usable", false);
	if (!json_str(caps, "media/systemCollection", NULL) && slots &&
	    slots->child)
		quirk(list, "media:manager",
		    "virtual media are below the manager only");
	if (str_has_prefix(first, "insert:patch"))
		quirk(list, "insert:patch",
		    "media are inserted by PATCH, there is no action");
	if (str_has_prefix(first, "insert:oem"))
		quirk(
		    list, "insert:oem", "media are inserted by an OEM action");
	if (idle > 0)
		quirk(list, "media:internal-slots",
		    "some CD slots are for the BMC's own use");
}

static void
system_quirks(const cJSON *caps, cJSON *list)
{
	if (!json_str(caps, "service/vendor", NULL))
		quirk(list, "root:no-vendor", "the root names no vendor");
	if (redfish_uuid_placeholder(json_str(caps, "system/uuid", NULL)))
		quirk(list, "system:uuid", "the UUID is a placeholder");
	if (redfish_serial_placeholder(json_str(caps, "system/serial", NULL)))
		quirk(list, "system:serial",
		    "the serial number is a placeholder");
	if (!json_bool(caps, "system/bootProgress", false))
		quirk(list, "system:no-boot-progress",
		    "BootProgress is not shown");
}

static void
wire_quirks(const cJSON *report, cJSON *list)
{
	const char *tag = json_str(report, "services/etag", NULL);

	if (json_i64(report, "requests/redirects", 0) > 0)
		quirk(list, "uri:redirects", "links are redirected (308)");
	if (json_i64(report, "requests/retries", 0) > 0)
		quirk(list, "wire:retries", "requests had to be repeated");
	if (json_bool(report, "services/noEtag", false))
		quirk(list, "etag:absent", "the system has no ETag");
	if (tag && str_has_prefix(tag, "W/"))
		quirk(list, "etag:weak", "ETags are weak");
	else if (tag && tag[0] != '"')
		quirk(list, "etag:unquoted", "ETags have no quotes");
	if (!json_bool(report, "tls/trusted", true))
		quirk(list, "tls:untrusted",
		    "no authority that was given signed its certificate");
}

void
grade_quirks(cJSON *report, const char *quirks)
{
	const cJSON *caps = json_obj(report, "capabilities");
	cJSON *list = cJSON_CreateArray();

	from_client(list, quirks);
	if (caps) {
		system_quirks(caps, list);
		power_quirks(caps, list);
		boot_quirks(caps, list);
		media_quirks(caps, list);
		wire_quirks(report, list);
	}
	json_set(report, "quirks", list);
}
