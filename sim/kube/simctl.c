/* The control side under /_sim/: counters, faults, compaction. */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "sim/kube/serve.h"
#include "sim/kube/watch.h"

static void
done(struct ks_reply *rp)
{
	cJSON *j = cJSON_CreateObject();

	json_set_bool(j, "ok", true);
	ks_reply_json(rp, 200, j);
}

static bool
outage(struct kube_server *s, const cJSON *body, struct ks_status *st)
{
	const char *mode = json_str(body, "mode", "503");
	int64_t seconds = json_i64(body, "seconds", 0);
	enum kube_outage o;

	if (str_eq(mode, "refuse"))
		o = KUBE_REFUSE;
	else if (str_eq(mode, "503"))
		o = KUBE_503;
	else if (str_eq(mode, "hang"))
		o = KUBE_HANG;
	else
		return ks_bad_request(
		    st, "mode: \"%.40s\" is none of refuse, 503, hang", mode);
	if (seconds < 0 || seconds > 30LL * 86400)
		return ks_bad_request(st, "seconds: out of range");
	kube_server_outage(s, seconds == 0 ? KUBE_UP : o, seconds * LOOP_S);
	return true;
}

static bool
fail(struct kube_server *s, const cJSON *body, struct ks_status *st)
{
	static const char *const known[] = { "user", "verb", "resource",
		"object", "status", "count", "retry_after", "after_commit",
		"hang", "writes", "after" };
	int64_t status = json_i64(body, "status", 500);
	int64_t count = json_i64(body, "count", 1);
	int64_t after = json_i64(body, "after", 0);
	const cJSON *c;

	cJSON_ArrayForEach (c, body) {
		bool ok = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			ok = ok || str_eq(known[i], c->string);
		if (!ok)
			return ks_bad_request(
			    st, "unknown member \"%.40s\"", c->string);
	}
	if (status < 400 || status > 599)
		return ks_bad_request(st, "status: must be 400 to 599");
	if (count < 1 || count > 1000000)
		return ks_bad_request(st, "count: must be 1 to 1000000");
	if (after < 0 || after > 1000000)
		return ks_bad_request(st, "after: must be 0 to 1000000");
	kube_server_fail(
	    s, &(struct kube_fail){ .user = json_str(body, "user", NULL),
		   .verb = json_str(body, "verb", NULL),
		   .resource = json_str(body, "resource", NULL),
		   .object = json_str(body, "object", NULL),
		   .status = (int)status,
		   .retry_after_s = json_i64(body, "retry_after", 0),
		   .after_commit = json_bool(body, "after_commit", false),
		   .hang = json_bool(body, "hang", false),
		   .writes = json_bool(body, "writes", false),
		   .after = (unsigned)after,
		   .count = (unsigned)count });
	return true;
}

static bool
compact(struct kube_server *s, const cJSON *body, struct ks_status *st)
{
	(void)body;
	(void)st;
	kube_server_compact(s);
	return true;
}

static bool
drop_watches(struct kube_server *s, const cJSON *body, struct ks_status *st)
{
	(void)st;
	kube_server_drop_watches(s, json_bool(body, "gone", false));
	return true;
}

static bool
reset_stats(struct kube_server *s, const cJSON *body, struct ks_status *st)
{
	(void)body;
	(void)st;
	kube_server_stats_reset(s);
	return true;
}

static bool
forget_fails(struct kube_server *s, const cJSON *body, struct ks_status *st)
{
	(void)body;
	(void)st;
	kube_server_fail_clear(s);
	return true;
}

static const struct {
	const char *method, *path;
	bool (*run)(
	    struct kube_server *s, const cJSON *body, struct ks_status *st);
} actions[] = {
	{ "POST", "/_sim/compact", compact },
	{ "POST", "/_sim/outage", outage },
	{ "POST", "/_sim/fail", fail },
	{ "DELETE", "/_sim/fail", forget_fails },
	{ "POST", "/_sim/drop-watches", drop_watches },
	{ "POST", "/_sim/stats", reset_stats },
};

static bool
act(struct kube_server *s, const struct ks_input *in, struct ks_status *st)
{
	size_t n = strcspn(in->target, "?");
	struct err e = { 0 };
	cJSON *body;
	bool ok;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (!str_eq(actions[i].method, in->method) ||
		    strlen(actions[i].path) != n ||
		    memcmp(actions[i].path, in->target, n) != 0)
			continue;
		body = in->body.n == 0 ? cJSON_CreateObject()
				       : json_parse(in->body.p, in->body.n, &e);
		if (!cJSON_IsObject(body)) {
			cJSON_Delete(body);
			return ks_bad_request(
			    st, "the body must be a JSON object: %s", e.msg);
		}
		ok = actions[i].run(s, body, st);
		cJSON_Delete(body);
		return ok;
	}
	return ks_status_set(st, 404, "NotFound",
	    "no such control: GET /_sim/stats, POST /_sim/stats, "
	    "POST /_sim/compact, POST /_sim/outage, POST and DELETE "
	    "/_sim/fail, "
	    "POST /_sim/drop-watches");
}

void
ks_sim(struct kube_server *s, const struct ks_input *in, struct ks_reply *rp)
{
	struct ks_status st = { 0 };

	if (str_eq(in->method, "GET") && str_eq(in->target, "/_sim/stats"))
		ks_reply_json(rp, 200, kube_server_stats(s));
	else if (act(s, in, &st))
		done(rp);
	else
		ks_reply_status(rp, &st);
	ks_status_fini(&st);
}
