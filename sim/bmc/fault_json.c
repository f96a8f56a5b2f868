/* Fault rules as JSON. See fault.h and README.md. */
#include <math.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/options.h"
#include "common/str.h"
#include "sim/bmc/fault.h"

static const char *const actions[FAULT_N] = {
	[FAULT_REFUSE] = "refuse",
	[FAULT_SILENT] = "silent",
	[FAULT_TLS] = "tls",
	[FAULT_NO_CONTINUE] = "no-continue",
	[FAULT_CERTIFICATE] = "certificate",
	[FAULT_LATENCY] = "latency",
	[FAULT_RESET] = "reset",
	[FAULT_HANG] = "hang",
	[FAULT_STATUS] = "status",
	[FAULT_EXPIRE_SESSION] = "expire-session",
	[FAULT_REDIRECT] = "redirect",
	[FAULT_RATE_LIMIT] = "rate-limit",
	[FAULT_RACE] = "race",
	[FAULT_ACCEPTED_NOT_DONE] = "accepted-not-done",
	[FAULT_STALE_READ] = "stale-read",
	[FAULT_LOST_REPLY] = "lost-reply",
	[FAULT_NO_REPLY] = "no-reply",
	[FAULT_GARBAGE] = "garbage",
	[FAULT_HTML] = "html",
	[FAULT_EMPTY_BODY] = "empty-body",
	[FAULT_TRUNCATE] = "truncate",
	[FAULT_BAD_CHUNK] = "bad-chunk",
	[FAULT_HUGE_BODY] = "huge-body",
	[FAULT_ENDLESS_HEADER] = "endless-header",
	[FAULT_DEEP_JSON] = "deep-json",
	[FAULT_WRONG_TYPES] = "wrong-types",
	[FAULT_NULLS] = "nulls",
	[FAULT_DUPLICATE_KEYS] = "duplicate-keys",
	[FAULT_TRICKLE] = "trickle",
	[FAULT_SET] = "set",
	[FAULT_REMOVE] = "remove",
	[FAULT_HEADER] = "header",
	[FAULT_CHANGED_CASE] = "changed-case",
	[FAULT_CUT_JSON] = "cut-json",
	[FAULT_BOM] = "bom",
	[FAULT_NUL] = "nul",
	[FAULT_TRAILING_GARBAGE] = "trailing-garbage",
	[FAULT_MANY_MEMBERS] = "many-members",
	[FAULT_CHUNKED] = "chunked",
	[FAULT_READ_TO_CLOSE] = "read-to-close",
	[FAULT_HTTP10] = "http10",
	[FAULT_INTERIM] = "interim",
	[FAULT_GZIP] = "gzip",
	[FAULT_CLOSE] = "close",
	[FAULT_NO_CLOSE_NOTIFY] = "no-close-notify",
	[FAULT_MEDIA_NEVER_MOUNTS] = "media-never-mounts",
	[FAULT_MEDIA_DROPS] = "media-drops",
	[FAULT_POWER_STUCK] = "power-stuck",
	[FAULT_SHUTDOWN_IGNORED] = "shutdown-ignored",
	[FAULT_ONCE_NOT_CONSUMED] = "once-not-consumed",
	[FAULT_OVERRIDE_IGNORED] = "override-ignored",
	[FAULT_TASK_STUCK] = "task-stuck",
	[FAULT_TASK_FAILS] = "task-fails",
	[FAULT_CLOCK_1970] = "clock-1970",
	[FAULT_EVENT_LOST] = "event-lost",
	[FAULT_EVENT_TWICE] = "event-twice",
	[FAULT_EVENT_LATE] = "event-late",
	[FAULT_STREAM_DROP] = "stream-drop",
};

static const char *const certificates[] = { "expired", "early", "other-name",
	"self-signed", "sha1", "rsa-1024", "old", "new", "none" };
static const char *const tls[] = { "stall", "alert", "weak-cipher", "1.0",
	"1.1", "1.2", "1.3" };

const char *
fault_action_name(enum fault_action a)
{
	return actions[a];
}

static int
action_by_name(const char *s)
{
	for (int i = 0; i < FAULT_N; i++)
		if (str_eq(actions[i], s))
			return i;
	return -1;
}

/* One member of a rule into f; false with *e. */
struct member {
	const char *name;
	bool (*read)(struct fault *f, const cJSON *v, struct err *e);
};

static bool
wrong(const cJSON *v, const char *want, struct err *e)
{
	return err_set(e, ERR_SPEC, 0, "fault: %s must be %s", v->string, want);
}

static bool
text(char **to, const cJSON *v, struct err *e)
{
	if (!cJSON_IsString(v))
		return wrong(v, "a text", e);
	xreplace(to, v->valuestring);
	return true;
}

static bool
number(int64_t *to, const cJSON *v, int64_t max, struct err *e)
{
	if (!cJSON_IsNumber(v) || v->valuedouble < 0 ||
	    v->valuedouble > (double)max ||
	    v->valuedouble != floor(v->valuedouble))
		return wrong(v, "a whole number >= 0 in bounds", e);
	*to = (int64_t)v->valuedouble;
	return true;
}

static bool
duration(int64_t *to, const cJSON *v, struct err *e)
{
	long long us;

	if (!cJSON_IsString(v) || !duration_parse(v->valuestring, &us))
		return wrong(v, "a duration such as 30s", e);
	*to = us;
	return true;
}

static bool
read_id(struct fault *f, const cJSON *v, struct err *e)
{
	if (!cJSON_IsString(v) || !str_is_dns_label(v->valuestring))
		return wrong(v, "a name of letters, digits and dashes", e);
	return text(&f->id, v, e);
}

static bool
read_bmc(struct fault *f, const cJSON *v, struct err *e)
{
	return text(&f->bmc, v, e);
}

static bool
read_method(struct fault *f, const cJSON *v, struct err *e)
{
	return text(&f->method, v, e);
}

static bool
read_path(struct fault *f, const cJSON *v, struct err *e)
{
	return text(&f->path, v, e);
}

static bool
read_operation(struct fault *f, const cJSON *v, struct err *e)
{
	f->op = cJSON_IsString(v) ? bmc_op_by_name(v->valuestring) : -1;
	return f->op >= 0 || wrong(v, "an operation, see sim/bmc/README.md", e);
}

static bool
read_count(struct fault *f, const cJSON *v, struct err *e)
{
	f->has_count = true;
	return number(&f->count, v, 1 << 30, e);
}

static bool
read_ppm(struct fault *f, const cJSON *v, struct err *e)
{
	int64_t n = 0;

	if (!number(&n, v, 1000000, e))
		return false;
	f->ppm = (uint32_t)n;
	return true;
}

static bool
read_after(struct fault *f, const cJSON *v, struct err *e)
{
	return number(&f->after, v, 1 << 30, e);
}

static bool
read_for(struct fault *f, const cJSON *v, struct err *e)
{
	return duration(&f->until_us, v, e);
}

static bool
read_action(struct fault *f, const cJSON *v, struct err *e)
{
	int a = cJSON_IsString(v) ? action_by_name(v->valuestring) : -1;

	if (a < 0)
		return wrong(v, "an action, see sim/bmc/README.md", e);
	f->action = (enum fault_action)a;
	return true;
}

static bool
read_latency(struct fault *f, const cJSON *v, struct err *e)
{
	return duration(&f->latency_us, v, e);
}

static bool
read_jitter(struct fault *f, const cJSON *v, struct err *e)
{
	return duration(&f->jitter_us, v, e);
}

static bool
read_age(struct fault *f, const cJSON *v, struct err *e)
{
	return duration(&f->age_us, v, e);
}

static bool
read_status(struct fault *f, const cJSON *v, struct err *e)
{
	int64_t n = 0;

	if (!number(&n, v, 599, e) || n < 100)
		return wrong(v, "an HTTP status", e);
	f->status = (int)n;
	return true;
}

static bool
read_body(struct fault *f, const cJSON *v, struct err *e)
{
	if (!cJSON_IsObject(v) && !cJSON_IsArray(v))
		return text(&f->body, v, e);
	xfree(f->body);
	f->body = json_print(v);
	return true;
}

static bool
read_message(struct fault *f, const cJSON *v, struct err *e)
{
	return text(&f->message_id, v, e);
}

static bool
read_retry(struct fault *f, const cJSON *v, struct err *e)
{
	return number(&f->retry_after_s, v, 86400, e);
}

static bool
read_bytes(struct fault *f, const cJSON *v, struct err *e)
{
	return number(&f->bytes, v, 1 << 30, e);
}

static bool
read_rate(struct fault *f, const cJSON *v, struct err *e)
{
	return number(&f->rate, v, 1 << 30, e);
}

static bool
read_url(struct fault *f, const cJSON *v, struct err *e)
{
	return text(&f->url, v, e);
}

static bool
read_property(struct fault *f, const cJSON *v, struct err *e)
{
	return text(&f->property, v, e);
}

static bool
read_value(struct fault *f, const cJSON *v, struct err *e)
{
	(void)e; /* anything will do */
	cJSON_Delete(f->value);
	f->value = json_dup(v);
	return true;
}

static bool
read_header(struct fault *f, const cJSON *v, struct err *e)
{
	if (!cJSON_IsString(v) || !*v->valuestring ||
	    strpbrk(v->valuestring, ": \r\n"))
		return wrong(v, "the name of a header", e);
	return text(&f->header, v, e);
}

static bool
read_members(struct fault *f, const cJSON *v, struct err *e)
{
	return number(&f->members, v, 2000000, e);
}

static bool
read_per_minute(struct fault *f, const cJSON *v, struct err *e)
{
	return number(&f->per_minute, v, 1 << 20, e);
}

static bool
read_certificate(struct fault *f, const cJSON *v, struct err *e)
{
	for (int i = 0; cJSON_IsString(v) && i <= CERT_NONE; i++)
		if (str_eq(certificates[i], v->valuestring)) {
			f->certificate = i;
			return true;
		}
	return wrong(v,
	    "expired, early, other-name, self-signed, sha1, rsa-1024, old, "
	    "new or none",
	    e);
}

static bool
read_tls(struct fault *f, const cJSON *v, struct err *e)
{
	for (int i = 0; cJSON_IsString(v) && i <= FTLS_1_3; i++)
		if (str_eq(tls[i], v->valuestring)) {
			f->tls = i;
			return true;
		}
	return wrong(v, "stall, alert, weak-cipher, 1.0, 1.1, 1.2 or 1.3", e);
}

static bool
read_reused(struct fault *f, const cJSON *v, struct err *e)
{
	f->reused = cJSON_IsTrue(v);
	return cJSON_IsBool(v) || wrong(v, "true or false", e);
}

static const struct member members[] = {
	{ "id", read_id },
	{ "bmc", read_bmc },
	{ "method", read_method },
	{ "path", read_path },
	{ "operation", read_operation },
	{ "count", read_count },
	{ "probabilityPpm", read_ppm },
	{ "after", read_after },
	{ "for", read_for },
	{ "action", read_action },
	{ "latency", read_latency },
	{ "jitter", read_jitter },
	{ "age", read_age },
	{ "status", read_status },
	{ "body", read_body },
	{ "messageId", read_message },
	{ "retryAfter", read_retry },
	{ "bytes", read_bytes },
	{ "bytesPerSecond", read_rate },
	{ "url", read_url },
	{ "property", read_property },
	{ "value", read_value },
	{ "header", read_header },
	{ "members", read_members },
	{ "perMinute", read_per_minute },
	{ "certificate", read_certificate },
	{ "tls", read_tls },
	{ "reused", read_reused },
};

static bool
read_member(struct fault *f, const cJSON *v, struct err *e)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (str_eq(members[i].name, v->string))
			return members[i].read(f, v, e);
	return err_set(e, ERR_SPEC, 0, "fault: unknown member %s", v->string);
}

/* A header's value is a text, or null: it is missing then. */
static bool
header_fits(struct fault *f, struct err *e)
{
	const cJSON *v = f->value;

	if (!f->header)
		return err_set(e, ERR_SPEC, 0, "fault: header needs header");
	if (!v || cJSON_IsNull(v))
		return true;
	if (!cJSON_IsString(v) || strpbrk(v->valuestring, "\r\n"))
		return err_set(e, ERR_SPEC, 0,
		    "fault: value of a header must be a text or null");
	xreplace(&f->header_value, v->valuestring);
	return true;
}

/* What an action cannot do without. */
static bool
complete(struct fault *f, struct err *e)
{
	const struct {
		enum fault_action action;
		bool there;
		const char *name;
	} needs[] = {
		{ FAULT_LATENCY, f->latency_us || f->jitter_us, "latency" },
		{ FAULT_STATUS, f->status != 0, "status" },
		{ FAULT_REDIRECT, f->url != NULL, "url" },
		{ FAULT_STALE_READ, f->age_us != 0, "age" },
		{ FAULT_SET, f->property && f->value, "property and value" },
		{ FAULT_REMOVE, f->property != NULL, "property" },
		{ FAULT_RATE_LIMIT, f->per_minute != 0, "perMinute" },
		{ FAULT_CERTIFICATE, f->certificate >= 0, "certificate" },
		{ FAULT_TLS, f->tls >= 0, "tls" },
		{ FAULT_EVENT_LATE, f->latency_us != 0, "latency" },
	};

	if (f->action == FAULT_N)
		return err_set(e, ERR_SPEC, 0, "fault: action is missing");
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (f->action == needs[i].action && !needs[i].there)
			return err_set(e, ERR_SPEC, 0, "fault: %s needs %s",
			    actions[f->action], needs[i].name);
	if (f->action == FAULT_HEADER && !header_fits(f, e))
		return false;
	if ((f->action <= FAULT_CERTIFICATE ||
		f->action >= FAULT_MEDIA_NEVER_MOUNTS) &&
	    (f->method || f->path || f->op >= 0 || f->reused))
		return err_set(e, ERR_SPEC, 0,
		    "fault: %s meets no requests: "
		    "no method, path, operation or reused",
		    actions[f->action]);
	return true;
}

struct fault *
fault_parse(const cJSON *rule, struct err *e)
{
	struct fault *f = xcalloc(1, sizeof(*f));
	const cJSON *v;
	bool ok = cJSON_IsObject(rule);

	f->op = -1;
	f->ppm = 1000000;
	f->action = FAULT_N;
	f->certificate = f->tls = -1;
	f->retry_after_s = -1;
	if (!ok)
		err_set(e, ERR_SPEC, 0, "fault: must be an object");
	cJSON_ArrayForEach (v, rule)
		ok = ok && read_member(f, v, e);
	if (ok && complete(f, e))
		return f;
	fault_free(f);
	return NULL;
}

cJSON *
fault_print(const struct fault *f)
{
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "id", f->id);
	json_set_str(j, "action", actions[f->action]);
	if (f->bmc)
		json_set_str(j, "bmc", f->bmc);
	if (f->method)
		json_set_str(j, "method", f->method);
	if (f->path)
		json_set_str(j, "path", f->path);
	if (f->op >= 0)
		json_set_str(j, "operation", bmc_op_name((enum bmc_op)f->op));
	if (f->has_count)
		json_set_i64(j, "countLeft", f->count);
	if (f->after)
		json_set_i64(j, "afterLeft", f->after);
	if (f->ppm != 1000000)
		json_set_i64(j, "probabilityPpm", f->ppm);
	json_set_i64(j, "fired", (int64_t)f->fired);
	return j;
}
