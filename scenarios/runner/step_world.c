/* Steps on what is outside of the API: BMCs, origin, API server, network. */
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "common/world.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/step.h"
#include "sim/bmc/fault.h"

/* An agent notices a dead watch by its idle time. */
#define BLIND (5 * LOOP_MIN)

static bool
bmc_call(struct play *p, const char *method, const char *path,
    const cJSON *body, struct err *e)
{
	int status = 0;
	cJSON *r = p->be->ops->bmc(p->be, method, path, body, &status);

	if (status >= 300)
		(void)err_set(e, ERR_SPEC, status, "%s %.80s: %s", method, path,
		    json_str(r, "error", ""));
	cJSON_Delete(r);
	return status < 300;
}

/* "bmc-001" or "all". */
static char *
bmc_path(const char *bmc, const char *what)
{
	return str_eq(bmc, "all") ? xasprintf("/all/%s", what)
				  : xasprintf("/bmcs/%s/%s", bmc, what);
}

static const struct shape_key bmc_keys[] = {
	{ "bmc", S_TEXT, true, "name, or all" },
	{ "do", S_TEXT, true,
	    "swap-board, restart-bmc, certificate, "
	    "end-sessions, wipe-disk, password, health, reread, ..." },
	{ "body", S_MAP, false, "see sim/bmc/README.md" },
	{ NULL, S_ANY, false, NULL },
};

static bool
bmc_check(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	static const char *const words[] = { "power-button", "swap-board",
		"password", "restart-bmc", "certificate", "end-sessions",
		"wipe-disk", "reset-counters", "health", "reread", NULL };

	return shape_word(a, "do", words, path, s, e);
}

static bool
bmc_run(struct play *p, const cJSON *a, struct err *e)
{
	char *path = bmc_path(json_str(a, "bmc", ""), json_str(a, "do", ""));
	bool ok = bmc_call(p, "POST", path, json_child(a, "body"), e);

	xfree(path);
	return ok;
}

static const struct shape_key button_keys[] = {
	{ "bmc", S_TEXT, true, "name, or all" },
	{ "hold", S_BOOL, false, "for four seconds: forces off" },
	{ NULL, S_ANY, false, NULL },
};

static bool
button_run(struct play *p, const cJSON *a, struct err *e)
{
	const char *bmc =
	    cJSON_IsString(a) ? a->valuestring : json_str(a, "bmc", "");
	char *path = bmc_path(bmc, "power-button");
	cJSON *body = cJSON_CreateObject();
	bool ok;

	json_set_bool(body, "hold", json_bool(a, "hold", false));
	ok = bmc_call(p, "POST", path, body, e);
	cJSON_Delete(body);
	xfree(path);
	return ok;
}

/* ---- faults of BMCs -------------------------------------------------------------- */

/* Over sockets time passes faster; the simulator knows real time only. */
static void
fault_scale(const struct play *p, cJSON *rule, const char *key)
{
	int64_t us = shape_time(rule, key, -1);
	char text[32];

	if (us < 0 || !p->o.sockets || p->o.time_scale <= 1)
		return;
	(void)str_format(text, sizeof(text), "%lldms",
	    (long long)(us / p->o.time_scale / LOOP_MS));
	json_set_str(rule, key, text);
}

static bool
fault_check(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	cJSON *rule;
	struct fault *f;
	struct err why = { 0 };

	if (shape_open(a))
		return true;
	rule = json_dup(a);
	json_set(rule, "bmc", NULL); /* a part of the path */
	f = fault_parse(rule, &why);
	cJSON_Delete(rule);
	if (f == NULL)
		return shape_error(s, path, e, "%s", why.msg);
	fault_free(f);
	return true;
}

static bool
fault_run(struct play *p, const cJSON *a, struct err *e)
{
	const char *bmc = json_str(a, "bmc", "all");
	cJSON *rule;
	char *path;
	bool glob = strpbrk(bmc, "*?") != NULL, ok;

	rule = json_dup(a);
	if (!glob)
		json_set(rule, "bmc", NULL);
	fault_scale(p, rule, "for");
	fault_scale(p, rule, "age");
	path = bmc_path(glob ? "all" : bmc, "faults");
	ok = bmc_call(p, "POST", path, rule, e);
	p->faults_end_us = play_now(p) + shape_time(a, "for", 0);
	cJSON_Delete(rule);
	xfree(path);
	return ok;
}

static bool
clear_faults_run(struct play *p, const cJSON *a, struct err *e)
{
	const char *bmc = cJSON_IsString(a) ? a->valuestring : "all";
	char *path = bmc_path(bmc, "faults");
	bool ok = bmc_call(p, "DELETE", path, NULL, e);

	xfree(path);
	return ok;
}

/* ---- the origin -------------------------------------------------------------------- */

static const struct shape_key origin_keys[] = {
	{ "path", S_TEXT, true, "a glob, e.g. /installer*" },
	{ "status", S_INT, true, "HTTP status; 0 = well again" },
	{ "count", S_INT, false, "so many requests; default all" },
	{ NULL, S_ANY, false, NULL },
};

static bool
origin_run(struct play *p, const cJSON *a, struct err *e)
{
	return p->be->ops->origin_fail(p->be, json_str(a, "path", ""),
	    (int)json_i64(a, "status", 0), (unsigned)json_i64(a, "count", 0),
	    e);
}

/* ---- the API server ----------------------------------------------------------------- */

static const struct shape_key kube_keys[] = {
	{ "outage", S_ANY, false, "refuse, 503 or hang" },
	{ "for", S_TIME, false, "of the outage" },
	{ "fail", S_MAP, false,
	    "user, verb, resource, object, status, "
	    "retry_after, after_commit, hang, writes, after, count" },
	{ "clear", S_BOOL, false, "forgets what fail ordered" },
	{ "compact", S_BOOL, false, "old watches get 410" },
	{ "drop-watches", S_BOOL, false, "ends all watches" },
	{ "gone", S_BOOL, false, "with 410" },
	{ NULL, S_ANY, false, NULL },
};

static const struct shape_key fail_keys[] = {
	{ "user", S_TEXT, false, "" },
	{ "verb", S_TEXT, false, "" },
	{ "resource", S_TEXT, false, "" },
	{ "object", S_TEXT, false, "" },
	{ "status", S_INT, false, "" },
	{ "retry_after", S_INT, false, "" },
	{ "after_commit", S_BOOL, false, "" },
	{ "hang", S_BOOL, false, "" },
	{ "writes", S_BOOL, false, "" },
	{ "after", S_INT, false, "" },
	{ "count", S_INT, false, "" },
	{ NULL, S_ANY, false, NULL },
};

static bool
kube_check(const cJSON *a, const char *path, const struct shape_source *s,
    struct err *e)
{
	static const char *const modes[] = { "refuse", "503", "hang", NULL };
	const cJSON *fail = json_child(a, "fail");
	char at[420];

	(void)str_format(at, sizeof(at), "%s/fail", path);
	return shape_word(a, "outage", modes, path, s, e) &&
	       (fail == NULL || shape_check(fail_keys, fail, at, s, e));
}

static bool
kube_outage(struct play *p, const cJSON *a, struct err *e)
{
	const cJSON *mode = json_child(a, "outage");
	int64_t us = shape_time(a, "for", 0);
	cJSON *args = cJSON_CreateObject();
	bool ok;

	json_set_str(
	    args, "mode", cJSON_IsString(mode) ? mode->valuestring : "503");
	if (p->o.sockets && p->o.time_scale > 1)
		us /= p->o.time_scale;
	json_set_i64(args, "seconds", us / LOOP_S);
	ok = p->be->ops->kube_sim(p->be, "outage", args, e);
	facts_blind(p->f, play_now(p) + us + LOOP_MIN);
	cJSON_Delete(args);
	return ok;
}

static bool
kube_run(struct play *p, const cJSON *a, struct err *e)
{
	bool ok = true;

	facts_blind(p->f, play_now(p) + LOOP_MIN);
	if (json_child(a, "outage") != NULL)
		ok = kube_outage(p, a, e);
	if (ok && json_child(a, "fail") != NULL)
		ok = p->be->ops->kube_sim(
		    p->be, "fail", json_child(a, "fail"), e);
	if (ok && json_bool(a, "clear", false))
		ok = p->be->ops->kube_sim(p->be, "fail-clear", NULL, e);
	if (ok && json_bool(a, "compact", false))
		ok = p->be->ops->kube_sim(p->be, "compact", NULL, e);
	if (ok && json_bool(a, "drop-watches", false))
		ok = p->be->ops->kube_sim(p->be, "drop-watches", a, e);
	return ok;
}

/* ---- the network --------------------------------------------------------------------- */

static const struct shape_key net_keys[] = {
	{ "name", S_TEXT, true, "for heal" },
	{ "from", S_TEXT, false, "process: agent-0, core, bmc; a glob" },
	{ "to", S_TEXT, false, "process or host:port; a glob" },
	{ "partition", S_BOOL, false, "packets vanish" },
	{ "latency", S_TIME, false, "one way" },
	{ "jitter", S_TIME, false, "" },
	{ "refuse-ppm", S_INT, false, "" },
	{ "reset-ppm", S_INT, false, "" },
	{ "lose-reply-ppm", S_INT, false, "" },
	{ "truncate-ppm", S_INT, false, "" },
	{ "no-dns", S_BOOL, false, "names are not found" },
	{ NULL, S_ANY, false, NULL },
};

static bool
net_run(struct play *p, const cJSON *a, struct err *e)
{
	struct net_rule r = { .from = json_str(a, "from", NULL),
		.to = json_str(a, "to", NULL),
		.partition = json_bool(a, "partition", false),
		.no_dns = json_bool(a, "no-dns", false),
		.latency_us = shape_time(a, "latency", 0),
		.jitter_us = shape_time(a, "jitter", 0),
		.refuse_ppm = (uint32_t)json_i64(a, "refuse-ppm", 0),
		.reset_ppm = (uint32_t)json_i64(a, "reset-ppm", 0),
		.lose_reply_ppm = (uint32_t)json_i64(a, "lose-reply-ppm", 0),
		.truncate_ppm = (uint32_t)json_i64(a, "truncate-ppm", 0) };
	int id = p->be->ops->net_add(p->be, &r, e);

	if (id == 0)
		return false;
	xfree(map_put(
	    &p->net_rules, json_str(a, "name", ""), xasprintf("%d", id)));
	facts_blind(p->f, INT64_MAX);
	facts_cut(p->f, INT64_MAX);
	return true;
}

static const struct shape_key name_keys[] = {
	{ "name", S_TEXT, true, "host name, or an IPv6 spelling in brackets" },
	{ "bmc", S_TEXT, true, "whose address it is from now on" },
	{ NULL, S_ANY, false, NULL },
};

/* An address that was leased to one BMC and is another one's now is the same
 * step again. */
static bool
name_run(struct play *p, const cJSON *a, struct err *e)
{
	const char *name = json_str(a, "name", "");
	struct fact_bmc *b = facts_bmc(p->f, json_str(a, "bmc", ""));
	struct url u;
	char *address, *var, port[16] = "";

	if (b == NULL)
		return err_set(e, ERR_SPEC, 0, "there is no BMC %s",
		    json_str(a, "bmc", ""));
	if (!url_parse(&u, b->address, e) ||
	    !p->be->ops->dns(p->be, name, u.host, e))
		return false;
	if (u.port != (u.https ? 443 : 80))
		(void)str_format(port, sizeof(port), ":%u", (unsigned)u.port);
	address =
	    xasprintf("%s://%s%s", u.https ? "https" : "http", name, port);
	facts_alias(p->f, address, b);
	var = xasprintf("url.%s", name);
	play_set_var(p, var, address);
	xfree(var);
	xfree(address);
	return true;
}

static bool
heal_run(struct play *p, const cJSON *a, struct err *e)
{
	const char *name = cJSON_IsString(a) ? a->valuestring : "all";
	bool found = str_eq(name, "all");

	for (size_t i = p->net_rules.n; i > 0; i--) {
		const char *key = p->net_rules.v[i - 1].key;
		int64_t id = 0;
		char *text;

		if (!str_eq(name, "all") && !str_eq(name, key))
			continue;
		found = true;
		text = map_take(&p->net_rules, key);
		(void)str_to_i64(text, &id);
		p->be->ops->net_remove(p->be, (int)id);
		xfree(text);
	}
	if (p->net_rules.n == 0) {
		p->f->blind_until = play_now(p) + BLIND;
		facts_cut(p->f, play_now(p));
	}
	return found || err_set(e, ERR_SPEC, 0, "no rule is named %s", name);
}

static bool
restart_core_run(struct play *p, const cJSON *a, struct err *e)
{
	(void)a;
	return p->be->ops->core_restart(p->be, e);
}

const struct step_row steps_world[] = {
	{ "bmc", bmc_keys, S_MAP, bmc_check, bmc_run,
	    "what a person does to a BMC or its machine" },
	{ "power-button", button_keys, S_TEXT, NULL, button_run,
	    "presses the power button of a machine" },
	{ "fault", NULL, S_MAP, fault_check, fault_run,
	    "a fault rule of the simulated BMCs" },
	{ "clear-faults", NULL, S_TEXT, NULL, clear_faults_run,
	    "of one BMC or all" },
	{ "origin", origin_keys, S_MAP, NULL, origin_run,
	    "makes the image origin fail" },
	{ "kube", kube_keys, S_MAP, kube_check, kube_run,
	    "faults of the API server" },
	{ "net", net_keys, S_MAP, NULL, net_run, "a rule of the network" },
	{ "name", name_keys, S_MAP, NULL, name_run, "another name of a BMC" },
	{ "heal", NULL, S_TEXT, NULL, heal_run, "removes a rule, or all" },
	{ "restart-core", NULL, S_NOW, NULL, restart_core_run,
	    "kills and starts the core stand-in" },
	{ 0 },
};
