/* Fault rules as JSON. See fault.h and README.md. */
#include <math.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/options.h"
#include "common/str.h"
#include "sim/bmc/fault.h"

static const char *const actions[FAULT_N] = { "refuse", "latency", "reset",
	"hang", "status", "expire-session", "redirect", "accepted-not-done",
	"stale-read", "lost-reply", "garbage", "html", "empty-body", "truncate",
	"bad-chunk", "huge-body", "endless-header", "deep-json", "wrong-types",
	"nulls", "duplicate-keys", "trickle", "media-never-mounts",
	"media-drops", "power-stuck", "shutdown-ignored", "once-not-consumed",
	"override-ignored" };

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
};

static bool
read_member(struct fault *f, const cJSON *v, struct err *e)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (str_eq(members[i].name, v->string))
			return members[i].read(f, v, e);
	return err_set(e, ERR_SPEC, 0, "fault: unknown member %s", v->string);
}

static bool
complete(const struct fault *f, struct err *e)
{
	if (f->action == FAULT_N)
		return err_set(e, ERR_SPEC, 0, "fault: action is missing");
	if (f->action == FAULT_LATENCY && !f->latency_us && !f->jitter_us)
		return err_set(e, ERR_SPEC, 0, "fault: latency needs latency");
	if (f->action == FAULT_STATUS && !f->status)
		return err_set(e, ERR_SPEC, 0, "fault: status needs status");
	if (f->action == FAULT_REDIRECT && !f->url)
		return err_set(e, ERR_SPEC, 0, "fault: redirect needs url");
	if (f->action == FAULT_STALE_READ && !f->age_us)
		return err_set(e, ERR_SPEC, 0, "fault: stale-read needs age");
	if ((f->action == FAULT_REFUSE ||
		f->action >= FAULT_MEDIA_NEVER_MOUNTS) &&
	    (f->method || f->path || f->op >= 0))
		return err_set(e, ERR_SPEC, 0,
		    "fault: %s meets no requests: "
		    "no method, path or operation",
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
