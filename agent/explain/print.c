/* See print.h. */
#include "agent/explain/print.h"

#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"

#define PRINT_TEXT 1600

struct printer {
	struct buf *out;
	bool terminal;
	int64_t now_us;
};

/* " text" with what a terminal would act on escaped; nothing if it is empty. */
static void
put(struct printer *p, const char *before, const char *text)
{
	char safe[PRINT_TEXT];
	size_t n = 0;

	if (str_empty(text))
		return;
	for (const char *s = text; *s != '\0' && n + 5 < sizeof(safe); s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f) {
			(void)str_format(
			    safe + n, sizeof(safe) - n, "\\x%02x", c);
			n += 4;
		} else {
			safe[n++] = *s;
		}
	}
	safe[n] = '\0';
	(void)buf_addf(p->out, "%s%s", before, safe);
}

/* "12:05:44 (41s ago)", or the whole time where a program may read it. */
static void
put_time(struct printer *p, const char *before, const char *at)
{
	int64_t us, s;
	bool past;

	if (str_empty(at))
		return;
	put(p, before, at);
	if (!p->terminal || !rfc3339_parse(at, &us))
		return;
	past = us <= p->now_us;
	s = (past ? p->now_us - us : us - p->now_us) / LOOP_S;
	(void)buf_addf(p->out, past ? " (" : " (in ");
	if (s < 120)
		(void)buf_addf(p->out, "%" PRId64 "s", s);
	else if (s < (int64_t)2 * 3600)
		(void)buf_addf(p->out, "%" PRId64 "m", s / 60);
	else
		(void)buf_addf(p->out, "%" PRId64 "h", s / 3600);
	(void)buf_adds(p->out, past ? " ago)" : ")");
}

static void
heading(struct printer *p, const char *text)
{
	if (p->terminal)
		(void)buf_addf(p->out, "\n%s\n", text);
}

static void
fact(struct printer *p, const char *name, const char *text)
{
	if (str_empty(text))
		return;
	(void)buf_addf(p->out, p->terminal ? "%-10s" : "%s", name);
	put(p, " ", text);
	(void)buf_addc(p->out, '\n');
}

static void
print_object(struct printer *p, const cJSON *a)
{
	const char *record = json_str(a, "record/phase", "");

	fact(p, "host", json_str(a, "host", ""));
	fact(p, "state", json_str(a, "state", ""));
	fact(p, "power", json_str(a, "power", ""));
	fact(p, "consumer", json_str(a, "consumer", ""));
	fact(p, "shard", json_str(a, "shard", ""));
	(void)buf_addf(p->out, p->terminal ? "%-10s" : "%s", "record");
	put(p, " ", record);
	if (json_i64(a, "record/attempt", 0) > 0)
		(void)buf_addf(p->out, ", attempt %" PRId64,
		    json_i64(a, "record/attempt", 0));
	put_time(p, ", evidence due ", json_str(a, "record/deadline", ""));
	put(p, ", last asked for power ", json_str(a, "record/lastPower", ""));
	put_time(p, " ", json_str(a, "record/lastPowerAt", ""));
	(void)buf_addc(p->out, '\n');
	(void)buf_addf(p->out, p->terminal ? "%-10s" : "%s", "bmc");
	put(p, " ", json_str(a, "address", ""));
	put(p, ", circuit ", json_str(a, "bmc/circuit", ""));
	if (json_i64(a, "bmc/failuresInARow", 0) > 0)
		(void)buf_addf(p->out, ", %" PRId64 " failures in a row",
		    json_i64(a, "bmc/failuresInARow", 0));
	if (json_i64(a, "bmc/loginsRefused", 0) > 0)
		(void)buf_addf(p->out, ", %" PRId64 " logins refused",
		    json_i64(a, "bmc/loginsRefused", 0));
	(void)buf_addc(p->out, '\n');
}

static void
print_next(struct printer *p, const cJSON *a)
{
	const cJSON *op = json_obj(a, "operation");

	if (op != NULL) {
		(void)buf_addf(p->out, p->terminal ? "%-10s" : "%s", "doing");
		put(p, " ", json_str(op, "kind", ""));
		put(p, " ", json_str(op, "reason", ""));
		put(p, ": ", json_str(op, "message", ""));
		put(p, "; waits for ", json_str(op, "waitingOn", ""));
		put_time(p, "; until ", json_str(op, "deadline", ""));
		(void)buf_addc(p->out, '\n');
	}
	(void)buf_addf(p->out, p->terminal ? "%-10s" : "%s",
	    json_bool(a, "next/underWay", false) ? "now" : "next");
	put_time(p, " ", json_str(a, "next/at", ""));
	put(p, " ", json_str(a, "next/what", ""));
	put(p, "; so far it came to: ", json_str(a, "next/step", ""));
	(void)buf_addc(p->out, '\n');
}

/* Whether a condition is as people wish it: most are good when True. */
static bool
cond_wished(const cJSON *c)
{
	static const char *const bad_when_true[] = { "Paused", "Maintenance",
		"Deleting", NULL };
	const char *wished = "True";

	for (size_t i = 0; bad_when_true[i] != NULL; i++)
		if (str_eq(json_str(c, "type", ""), bad_when_true[i]))
			wished = "False";
	return str_eq(json_str(c, "status", ""), wished);
}

static void
print_conditions(struct printer *p, const cJSON *a)
{
	const cJSON *c;
	bool any = false;

	cJSON_ArrayForEach (c, json_arr(a, "conditions")) {
		if (p->terminal && cond_wished(c))
			continue;
		if (!any)
			heading(p, "What is not as wished:");
		any = true;
		(void)buf_adds(p->out, p->terminal ? "  " : "condition ");
		put(p, "", json_str(c, "type", ""));
		put(p, " ", json_str(c, "status", ""));
		put(p, " ", json_str(c, "reason", ""));
		put(p, ": ", json_str(c, "message", ""));
		(void)buf_addc(p->out, '\n');
	}
}

static void
print_decisions(struct printer *p, const cJSON *a)
{
	const cJSON *d;
	bool any = false;

	cJSON_ArrayForEach (d, json_arr(a, "decisions")) {
		const char *asked = json_str(d, "asked", "");

		if (!any)
			heading(p, "Decisions, the oldest first:");
		any = true;
		(void)buf_adds(p->out, p->terminal ? "  " : "decision ");
		put_time(p, "", json_str(d, "at", ""));
		put(p, " ", json_str(d, "step", ""));
		put(p, ": ", asked);
		put(p, str_empty(asked) ? ": " : " ",
		    json_str(d, "verdict", ""));
		put(p, ", ", json_str(d, "why", ""));
		if (json_i64(d, "times", 1) > 1) {
			(void)buf_addf(p->out, " (%" PRId64 " times since ",
			    json_i64(d, "times", 1));
			put(p, "", json_str(d, "since", ""));
			(void)buf_addc(p->out, ')');
		}
		(void)buf_addc(p->out, '\n');
	}
}

static void
print_requests(struct printer *p, const cJSON *a)
{
	const cJSON *r;
	bool any = false;

	cJSON_ArrayForEach (r, json_arr(a, "requests")) {
		int64_t status = json_i64(r, "status", 0);

		if (!any)
			heading(p, "Requests to the BMC, the oldest first:");
		any = true;
		(void)buf_adds(p->out, p->terminal ? "  " : "request ");
		put_time(p, "", json_str(r, "at", ""));
		put(p, " ", json_str(r, "method", ""));
		put(p, " ", json_str(r, "target", ""));
		if (status != 0)
			(void)buf_addf(p->out, " -> %" PRId64, status);
		else
			(void)buf_adds(p->out, " -> no answer");
		put(p, " ", json_str(r, "what", ""));
		(void)buf_addf(
		    p->out, ", %" PRId64 " ms\n", json_i64(r, "ms", 0));
	}
}

void
explain_print(const cJSON *answer, bool terminal, struct buf *out)
{
	struct printer p = { .out = out, .terminal = terminal };

	if (!rfc3339_parse(json_str(answer, "now", ""), &p.now_us))
		p.terminal = false; /* no clock to compare with */
	print_object(&p, answer);
	print_next(&p, answer);
	print_conditions(&p, answer);
	print_decisions(&p, answer);
	print_requests(&p, answer);
}
