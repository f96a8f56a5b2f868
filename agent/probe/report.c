#include "agent/probe/report.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"

#define BOLD "\x1b[1m"
#define RED "\x1b[31m"
#define GREEN "\x1b[32m"
#define YELLOW "\x1b[33m"
#define DIM "\x1b[2m"
#define PLAIN "\x1b[0m"
#define LABEL 18

struct page {
	const cJSON *r;
	bool terminal;
	struct buf *out;
};

static void
colour(struct page *p, const char *code)
{
	if (p->terminal)
		(void)buf_adds(p->out, code);
}

/* Whatever it says, it stays text. */
static void
put(struct page *p, const char *s)
{
	for (; s && *s; s++)
		(void)buf_addc(
		    p->out, (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

static void
heading(struct page *p, const char *text)
{
	(void)buf_addc(p->out, '\n');
	colour(p, BOLD);
	put(p, text);
	colour(p, PLAIN);
	(void)buf_addc(p->out, '\n');
	if (!p->terminal)
		return;
	colour(p, DIM);
	for (int i = 0; i < 72; i++)
		(void)buf_addc(p->out, '-');
	colour(p, PLAIN);
	(void)buf_addc(p->out, '\n');
}

static void
label(struct page *p, const char *text)
{
	(void)buf_adds(p->out, "  ");
	colour(p, DIM);
	(void)buf_addf(p->out, "%-*s", LABEL, text);
	colour(p, PLAIN);
}

static void
row(struct page *p, const char *name, const char *value)
{
	if (str_empty(value))
		return;
	label(p, name);
	put(p, value);
	(void)buf_addc(p->out, '\n');
}

static const char *
at(const struct page *p, const char *path)
{
	return json_str(p->r, path, "");
}

/* ---- the top -------------------------------------------------------------------- */

static void
words(struct page *p, const char *const *paths, size_t n, const char *between)
{
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		const char *s = at(p, paths[i]);

		if (str_empty(s))
			continue;
		put(p, first ? "" : between);
		put(p, s);
		first = false;
	}
	(void)buf_addc(p->out, '\n');
}
#define WORDS(p, list, between) \
	words((p), (list), sizeof(list) / sizeof((list)[0]), (between))

static void
grade(struct page *p)
{
	const char *g = at(p, "grade");
	const char *code = strchr("AB", g[0]) ? GREEN
			   : g[0] == 'C'      ? YELLOW
					      : RED;

	label(p, "grade");
	colour(p, BOLD);
	colour(p, g[0] == 'B' ? YELLOW : code);
	put(p, g);
	colour(p, PLAIN);
	put(p, "  ");
	put(p, at(p, "verdict"));
	(void)buf_addc(p->out, '\n');
}

static void
reasons(struct page *p)
{
	static const char *const signs[][3] = { { "good", "+", GREEN },
		{ "note", ".", DIM }, { "limit", "!", YELLOW },
		{ "missing", "x", RED } };
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(p->r, "reasons")) {
		label(p, "");
		for (size_t i = 0; i < 4; i++) {
			if (!str_eq(json_str(c, "sign", ""), signs[i][0]))
				continue;
			colour(p, signs[i][2]);
			put(p, signs[i][1]);
			colour(p, PLAIN);
		}
		put(p, " ");
		put(p, json_str(c, "text", ""));
		(void)buf_addc(p->out, '\n');
	}
}

static void
head(struct page *p)
{
	static const char *const server[] = {
		"capabilities/system/manufacturer", "capabilities/system/model"
	};
	static const char *const bmc[] = { "inventory/bmcModel",
		"inventory/bmcFirmware" };

	row(p, "BMC", at(p, "address"));
	if (json_obj(p->r, "capabilities")) {
		label(p, "server");
		WORDS(p, server, " ");
		row(p, "serial number", at(p, "capabilities/system/serial"));
		row(p, "UUID", at(p, "capabilities/system/uuid"));
		label(p, "controller");
		WORDS(p, bmc, ", ");
		row(p, "Redfish", at(p, "capabilities/service/redfishVersion"));
		row(p, "power", at(p, "state/power"));
		row(p, "health", at(p, "state/health"));
	}
	if (json_obj(p->r, "error")) {
		label(p, "failed");
		colour(p, RED);
		put(p, at(p, "error/message"));
		colour(p, PLAIN);
		(void)buf_addf(p->out, " (%s)\n", at(p, "error/cause"));
	}
	grade(p);
	reasons(p);
}

/* ---- what it can --------------------------------------------------------------- */

static void
list(struct page *p, const cJSON *values)
{
	const cJSON *c;
	bool first = true;

	cJSON_ArrayForEach (c, values) {
		put(p, first ? "" : " ");
		put(p, cJSON_GetStringValue(c));
		first = false;
	}
	if (first)
		put(p, "(not said)");
}

static void
list_row(struct page *p, const char *name, const char *path)
{
	label(p, name);
	list(p, json_arr(p->r, path));
	(void)buf_addc(p->out, '\n');
}

static void
slots(struct page *p)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(p->r, "capabilities/media/slots")) {
		label(p, "media slot");
		put(p, json_str(c, "uri", ""));
		put(p, json_bool(c, "usable", false) ? ": " : ": not usable, ");
		list(p, json_arr(c, "ways"));
		put(p, "; ");
		list(p, json_arr(c, "schemes"));
		(void)buf_addc(p->out, '\n');
	}
	row(p, "media", at(p, "capabilities/media/missing"));
}

static void
yes(struct page *p, const char *path, const char *text, bool *first)
{
	if (!json_bool(p->r, path, false))
		return;
	put(p, *first ? "" : ", ");
	put(p, text);
	*first = false;
}

static void
stream(struct page *p)
{
	const char *uri = at(p, "services/events/sse");

	if (!*uri)
		return;
	label(p, "event stream");
	put(p, uri);
	put(p, json_bool(p->r, "services/events/followed", false)
		   ? ", followed"
		   : ", not followed");
	(void)buf_addc(p->out, '\n');
	list_row(p, "  filters", "services/events/sseFilters");
}

static void
services(struct page *p)
{
	bool first = true;

	label(p, "events");
	yes(p, "services/events/enabled", "enabled", &first);
	yes(p, "services/events/subscriptions", "subscriptions", &first);
	(void)buf_adds(p->out, first ? "none\n" : "\n");
	stream(p);
	first = true;
	label(p, "update");
	yes(p, "services/update/simpleUpdate", "SimpleUpdate", &first);
	yes(p, "services/update/multipartPush", "multipart push", &first);
	yes(p, "services/update/push", "push", &first);
	(void)buf_adds(p->out, first ? "none\n" : "\n");
	label(p, "login");
	put(p, at(p, "auth"));
	if (json_i64(p->r, "services/sessions/timeoutSeconds", 0) > 0)
		(void)buf_addf(p->out, ", sessions end after %d s",
		    (int)json_i64(p->r, "services/sessions/timeoutSeconds", 0));
	(void)buf_addc(p->out, '\n');
}

static void
capabilities(struct page *p)
{
	heading(p, "What it has");
	row(p, "system", at(p, "capabilities/system/uri"));
	row(p, "manager", at(p, "capabilities/system/manager"));
	list_row(p, "resets", "capabilities/power/offered");
	list_row(p, "boot override", "capabilities/boot/system/enabled");
	list_row(p, "boot targets", "capabilities/boot/system/targets");
	row(p, "boot mode", at(p, "capabilities/boot/mode"));
	if (*at(p, "capabilities/boot/settingsUri")) {
		row(p, "boot settings", at(p, "capabilities/boot/settingsUri"));
		list_row(p, "  override", "capabilities/boot/settings/enabled");
		list_row(p, "  targets", "capabilities/boot/settings/targets");
	}
	slots(p);
	services(p);
}

/* ---- how it would be used ------------------------------------------------------- */

static void
ladder(struct page *p, const char *name, const cJSON *rungs)
{
	const cJSON *c;
	int n = 0;

	if (!rungs || !rungs->child)
		row(p, name, "(no way)");
	cJSON_ArrayForEach (c, rungs) {
		label(p, n == 0 ? name : "");
		(void)buf_addf(p->out, "%d. ", ++n);
		put(p, cJSON_GetStringValue(c));
		(void)buf_addc(p->out, '\n');
	}
}

static void
ladders(struct page *p)
{
	static const char *const names[] = { "session", "insert", "boot",
		"clear", "eject" };
	const cJSON *all = json_obj(p->r, "capabilities/ladders"), *c;

	heading(p, "What would be tried, in this order");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ladder(p, names[i], json_arr(all, names[i]));
	cJSON_ArrayForEach (c, json_obj(all, "reset"))
		ladder(p, c->string, c);
}

static void
quirks(struct page *p)
{
	const cJSON *found = json_arr(p->r, "quirks"), *c;

	heading(p, "Quirks");
	if (!found || !found->child)
		row(p, "none",
		    "it does what the standard says, as far as "
		    "reading shows");
	cJSON_ArrayForEach (c, found) {
		label(p, json_str(c, "id", ""));
		put(p, " ");
		put(p, json_str(c, "text", ""));
		(void)buf_addc(p->out, '\n');
	}
}

static double
number(const cJSON *o, const char *key)
{
	const cJSON *c = json_child(o, key);

	return cJSON_IsNumber(c) ? c->valuedouble : 0;
}

static void
latency(struct page *p)
{
	const cJSON *c;

	heading(p, "Requests, in milliseconds");
	(void)buf_addf(p->out, "  %-32s %6s %9s %9s %9s\n", "kind", "count",
	    "min", "median", "max");
	cJSON_ArrayForEach (c, json_obj(p->r, "latency")) {
		put(p, "  ");
		put(p, c->string);
		for (size_t n = strlen(c->string); n < 32; n++)
			put(p, " ");
		(void)buf_addf(p->out, " %6.0f %9.1f %9.1f %9.1f\n",
		    number(c, "count"), number(c, "minMs"),
		    number(c, "medianMs"), number(c, "maxMs"));
	}
	(void)buf_addf(p->out,
	    "  %.0f in all: %.0f logins, %.0f logouts, %.0f repeated, %.0f "
	    "redirected\n",
	    number(json_obj(p->r, "requests"), "total"),
	    number(json_obj(p->r, "requests"), "logins"),
	    number(json_obj(p->r, "requests"), "logouts"),
	    number(json_obj(p->r, "requests"), "retries"),
	    number(json_obj(p->r, "requests"), "redirects"));
}

static void
recording(struct page *p)
{
	const cJSON *o = json_obj(p->r, "recording");

	if (!o)
		return;
	heading(p, "Recording");
	row(p, "folder", json_str(o, "folder", ""));
	label(p, "resources");
	(void)buf_addf(p->out, "%.0f, %.0f bytes\n", number(o, "resources"),
	    number(o, "bytes"));
	row(p, "cut short", json_str(o, "cut", ""));
	row(p, "not written", json_str(o, "error", ""));
}

static void
certificate(struct page *p)
{
	if (!json_obj(p->r, "tls"))
		return;
	heading(p, "Certificate");
	row(p, "subject", at(p, "tls/subject"));
	row(p, "key SHA-256", at(p, "tls/keySha256"));
	row(p, "valid until", at(p, "tls/notAfter"));
	label(p, "trusted");
	if (json_bool(p->r, "tls/trusted", false))
		put(p, "yes");
	else
		list(p, json_arr(p->r, "tls/problems"));
	(void)buf_addc(p->out, '\n');
}

void
report_text(const cJSON *report, bool terminal, struct buf *out)
{
	struct page p = { report, terminal, out };

	head(&p);
	certificate(&p);
	if (json_obj(report, "capabilities")) {
		capabilities(&p);
		ladders(&p);
		quirks(&p);
	}
	latency(&p);
	recording(&p);
}
