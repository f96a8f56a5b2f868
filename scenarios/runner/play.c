/* See play.h. */
#include "scenarios/runner/play.h"

#include <stdarg.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "common/world.h"
#include "scenarios/runner/payload.h"
#include "scenarios/runner/step.h"
#include "scenarios/runner/subst.h"

#define PLAY_PASSWORD "b7-sim-secret"
/* The same as a Secret has them, and the password as Basic sends it. */
#define PLAY_MARKER_64 "IEI3LU1BUktFUi1ib290c3RyYXAtMGQ5"
#define PLAY_PASSWORD_64 "Yjctc2ltLXNlY3JldA"
#define PLAY_BASIC_64 "cm9vdDpiNy1zaW0tc2VjcmV0"
#define PLAY_VAR_DEPTH 4 /* values that name values */
#define PLAY_LARGE 500   /* objects */
#define PLAY_LULL (50 * LOOP_MS)
#define PLAY_MIN_WAIT (20 * LOOP_S) /* over sockets */

void
play_fail(
    struct play *p, const char *what, const char *object, const char *fmt, ...)
{
	struct play_failure *f = &p->failure;
	va_list ap;

	if (f->set) /* the first one is the cause */
		return;
	f->set = true;
	f->at_us = p->be == NULL ? 0 : play_now(p);
	(void)str_copy(f->what, sizeof(f->what), what);
	(void)str_copy(f->object, sizeof(f->object), object);
	(void)str_copy(f->path, sizeof(f->path), p->path);
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap); /* cut is fine */
	va_end(ap);
	p->dirty = true;
}

void
play_note(struct play *p, const char *what, const char *object, const cJSON *j)
{
	char *text, *line;

	if (p->trail == NULL)
		return;
	text = j == NULL ? xstrdup("") : json_print(j);
	line = xasprintf("%s %s%s%s %s", what, object, j == NULL ? "" : " ",
	    j == NULL || j->string == NULL ? "" : j->string, text);
	trail_note(p->trail, p->be == NULL ? 0 : play_now(p), object, line);
	xfree(line);
	xfree(text);
}

/* ---- variables ---------------------------------------------------------------- */

void
play_set_var(struct play *p, const char *name, const char *value)
{
	xfree(map_put(&p->vars, name, xstrdup(value)));
}

/* A member of an object of ours, by its name. */
static char *
play_var_object(
    struct play *p, const char *resource, const char *name, const char *member)
{
	return xstrdup(
	    json_str(facts_tree(p->f, "infrastructure.cluster.x-k8s.io",
			 resource, "default", name),
		member, NULL));
}

static char *
play_var_bmc(struct play *p, const char *bmc, const char *member)
{
	char *path = xasprintf("/bmcs/%s", bmc);
	int status;
	cJSON *j = p->be->ops->bmc(p->be, "GET", path, NULL, &status);
	char *v = xstrdup(json_str(j, member, NULL));

	cJSON_Delete(j);
	xfree(path);
	return v;
}

/* A value that names others, in its turn; NULL: one has no value. */
static char *
play_var_again(struct play *p, const char *text)
{
	cJSON *was = cJSON_CreateString(text), *v;
	struct err e;
	char *out = NULL;

	if (p->var_depth < PLAY_VAR_DEPTH) {
		p->var_depth++;
		v = subst(was, play_var, p, &e);
		p->var_depth--;
		out = v == NULL ? NULL : subst_value(v);
		cJSON_Delete(v);
	}
	cJSON_Delete(was);
	return out;
}

/* The host part of a BMC's address. */
static char *
play_var_ip(struct play *p, const char *bmc)
{
	const struct fact_bmc *b = facts_bmc(p->f, bmc);
	struct url u;
	struct err e;

	return b != NULL && url_parse(&u, b->address, &e) ? xstrdup(u.host)
							  : NULL;
}

char *
play_var(void *arg, const char *name)
{
	struct play *p = arg;
	const char *v = map_get(&p->vars, name);
	const char *dot = strchr(name, '.');

	if (v != NULL && strstr(v, "${") != NULL)
		return play_var_again(p, v);
	if (v != NULL)
		return xstrdup(v);
	if (str_eq(name, "origin"))
		return xstrdup(p->be->origin);
	if (str_eq(name, "ca"))
		return xstrdup(p->be->bmc_ca);
	if (str_eq(name, "seed"))
		return xasprintf("%llu", (unsigned long long)p->o.seed);
	if (dot == NULL)
		return NULL;
	if (str_has_prefix(name, "claim."))
		return play_var_object(
		    p, "physicalhosts", dot + 1, "spec/consumerRef/claimID");
	if (str_has_prefix(name, "host."))
		return play_var_object(
		    p, "beskar7machines", dot + 1, "status/hostRef/name");
	if (str_has_prefix(name, "uuid.") || str_has_prefix(name, "address."))
		return play_var_bmc(
		    p, dot + 1, name[0] == 'u' ? "uuid" : "address");
	if (str_has_prefix(name, "ip."))
		return play_var_ip(p, dot + 1);
	if (str_has_prefix(name, "key."))
		return play_var_bmc(p, dot + 1, "certificateKey");
	return NULL;
}

/* ---- time ---------------------------------------------------------------------- */

int64_t
play_now(const struct play *p)
{
	return p->be->ops->now_us(p->be);
}

/* Looking at a large fleet costs too much to do it after every event. */
static bool
play_woken(void *arg)
{
	const struct play *p = arg;

	return p->dirty && (p->failure.set || p->crash.heard ||
			       p->f->objects.n < PLAY_LARGE ||
			       play_now(p) - p->looked_us >= PLAY_LULL);
}

static int64_t
play_next_restart(const struct play *p)
{
	int64_t next = INT64_MAX;

	for (unsigned n = 0; n < BACKEND_AGENTS; n++) {
		if (p->restart_at[n] != FACT_NEVER && p->restart_at[n] < next)
			next = p->restart_at[n];
		if (p->thaw_at[n] != FACT_NEVER && p->thaw_at[n] < next)
			next = p->thaw_at[n];
	}
	return next;
}

static void
play_restarts(struct play *p)
{
	struct err e;

	for (unsigned n = 0; n < BACKEND_AGENTS; n++) {
		if (p->thaw_at[n] != FACT_NEVER &&
		    p->thaw_at[n] <= play_now(p) && !play_agent_thaw(p, n, &e))
			play_fail(p, "error", "", "agent-%u: %s", n, e.msg);
		if (p->restart_at[n] == FACT_NEVER ||
		    p->restart_at[n] > play_now(p))
			continue;
		p->restart_at[n] = FACT_NEVER;
		if (!play_agent_start(p, n, &e))
			play_fail(p, "error", "", "agent-%u: %s", n, e.msg);
	}
}

int64_t
play_scaled(const struct play *p, int64_t us, int64_t least)
{
	if (!p->o.sockets)
		return us;
	us /= p->o.time_scale == 0 ? 1 : p->o.time_scale;
	return us < least ? least : us;
}

/* Crashes and restarts that are due, between two events. */
static void
play_settle(struct play *p)
{
	p->be->ops->settle(p->be);
	if (p->crash.due && p->crash.heard)
		play_crash_now(p);
	play_restarts(p);
	if (p->o.view != NULL)
		p->o.view(p->o.view_arg, p);
}

/* Until there is something to look at; false: nothing is scheduled at all. */
static bool
play_go_on(struct play *p, int64_t until)
{
	int64_t next = play_next_restart(p);

	if (next > until)
		next = until;
	p->dirty = false;
	p->looked_us = play_now(p);
	p->be->ops->run(p->be, next, play_woken, p);
	return p->dirty || play_now(p) >= next;
}

static bool
play_until(struct play *p, int64_t until, bool (*done)(void *), void *arg)
{
	for (;;) {
		play_settle(p);
		if (p->failure.set)
			return false;
		if (done(arg))
			return true;
		if (play_now(p) >= until || !play_go_on(p, until))
			return false;
	}
}

bool
play_wait(struct play *p, int64_t within_us, bool (*done)(void *), void *arg)
{
	int64_t us = play_scaled(p, within_us, PLAY_MIN_WAIT);

	return play_until(p, play_now(p) + us, done, arg);
}

bool
play_wait_real(
    struct play *p, int64_t within_us, bool (*done)(void *), void *arg)
{
	return play_until(p, play_now(p) + within_us, done, arg);
}

/* Stops early only for failures and crashes. */
static bool
play_failed(void *arg)
{
	const struct play *p = arg;

	return p->failure.set;
}

void
play_pass(struct play *p, int64_t us)
{
	int64_t until = play_now(p) + play_scaled(p, us, LOOP_S / 5);

	(void)play_until(p, until, play_failed, p);
}

/* ---- agents -------------------------------------------------------------------- */

bool
play_agent_start(struct play *p, unsigned n, struct err *e)
{
	struct stage_agent_opts o = p->agent;

	o.wall_skew_us = (int64_t)n * p->agent_skew_us;
	if (n >= BACKEND_AGENTS)
		return err_set(e, ERR_SPEC, 0, "agents are numbered 0 to %d",
		    BACKEND_AGENTS - 1);
	if (!p->be->ops->agent_start(p->be, n, &o, e))
		return false;
	facts_agent_started(p->f, n);
	p->frozen[n] = false;
	if (n >= p->agents_max)
		p->agents_max = n + 1;
	return true;
}

void
play_agent_kill(struct play *p, unsigned n)
{
	if (p->be->synchronous) /* they die with it */
		play_look_at_metrics(p, n);
	p->be->ops->agent_kill(p->be, n);
	facts_agent_ended(p->f, n);
}

bool
play_agent_freeze(struct play *p, unsigned n, struct err *e)
{
	facts_blind(p->f, INT64_MAX);
	facts_cut(p->f, INT64_MAX);
	p->frozen[n] = true;
	return p->be->ops->agent_freeze(p->be, n, true, e);
}

bool
play_agent_thaw(struct play *p, unsigned n, struct err *e)
{
	p->frozen[n] = false;
	p->thaw_at[n] = FACT_NEVER;
	p->f->blind_until = play_now(p) + LOOP_MIN;
	if (p->net_rules.n == 0)
		facts_cut(p->f, play_now(p));
	return p->be->ops->agent_freeze(p->be, n, false, e);
}

static void
play_agent_options(struct play *p)
{
	const cJSON *a = json_child(p->sc->doc, "agents");

	p->agent.busy_us = shape_time(a, "busy-interval", 0);
	p->agent.idle_us = shape_time(a, "idle-interval", 0);
	p->agent.grace_us = shape_time(a, "bmc-grace", 0);
	p->agent.max_provisioning =
	    (unsigned)json_i64(a, "max-provisioning", 0);
	p->agent.max_releasing = (unsigned)json_i64(a, "max-releasing", 0);
	p->agent.event_streams = (int)json_i64(a, "event-streams", 0);
	if (json_child(a, "event-streams") && p->agent.event_streams == 0)
		p->agent.event_streams = -1;
	p->agent.leader_elect = json_bool(a, "leader-elect", false);
	p->agent.shards = (unsigned)json_i64(a, "shards", 0);
	p->agent.image_origins = json_str(a, "image-origins", NULL);
	p->agent.media = json_bool(a, "media", false);
	p->agent.watch_filter = json_str(a, "watch-filter", NULL);
	p->agent.ns = json_str(a, "namespace", NULL);
	p->agent_skew_us = shape_time(a, "clock-skew", 0);
}

static bool
play_agents(struct play *p, struct err *e)
{
	const cJSON *a = json_child(p->sc->doc, "agents");
	int64_t n = json_i64(a, "count", 1);

	for (unsigned i = 0; i < (unsigned)n; i++)
		if (!play_agent_start(p, i, e))
			return false;
	return true;
}

/* ---- life ---------------------------------------------------------------------- */

struct play_bmcs {
	cJSON *doc; /* owned; strings below are its */
	const char *profiles[32];
	struct bmc_override over[64];
};

static int64_t
play_ms(const cJSON *t, const char *key)
{
	int64_t us = shape_time(t, key, -1);

	return us < 0 ? 0 : us == 0 ? -1 : us / LOOP_MS;
}

static void
play_bmc_overrides(
    const cJSON *b, struct backend_opts *o, struct play_bmcs *keep)
{
	const cJSON *v;

	cJSON_ArrayForEach (v, json_child(b, "profiles"))
		if (o->n_profiles < 32 && cJSON_IsString(v))
			keep->profiles[o->n_profiles++] = v->valuestring;
	cJSON_ArrayForEach (v, json_child(b, "overrides")) {
		if (o->n_overrides == 64)
			break;
		keep->over[o->n_overrides++] = (struct bmc_override){
			.bmc = json_str(v, "bmc", ""),
			.profile = json_str(v, "profile", NULL),
			.username = json_str(v, "username", NULL),
			.password = json_str(v, "password", NULL),
			.serial = json_str(v, "serial", NULL),
			.uuid = json_str(v, "uuid", NULL),
			.arch = json_str(v, "arch", NULL),
			.powered_on = json_bool(v, "powered-on", false),
			.disk_image = json_str(v, "disk-image", NULL),
		};
	}
	o->profiles = keep->profiles;
	o->replay = json_str(b, "replay", NULL);
	o->overrides = keep->over;
}

static bool
play_bmc_options(struct play *p, struct backend_opts *o, struct play_bmcs *keep,
    struct err *e)
{
	const cJSON *b = json_child(p->sc->doc, "bmcs");
	const cJSON *t;

	keep->doc = b == NULL ? NULL : subst(b, play_var, p, e);
	if (b != NULL && keep->doc == NULL)
		return false;
	b = keep->doc;
	t = json_child(b, "timing");
	o->bmcs = (unsigned)json_i64(b, "count", 1);
	o->plain = json_bool(b, "plain", false);
	o->timing = (struct bmc_timing){ .power_on_ms = play_ms(t, "power-on"),
		.power_off_ms = play_ms(t, "power-off"),
		.shutdown_ms = play_ms(t, "shutdown"),
		.post_ms = play_ms(t, "post"),
		.os_boot_ms = play_ms(t, "os-boot"),
		.install_ms = play_ms(t, "install"),
		.insert_ms = play_ms(t, "insert"),
		.eject_ms = play_ms(t, "eject"),
		.bmc_restart_ms = play_ms(t, "bmc-restart"),
		.pxe_ms = play_ms(t, "pxe") };
	if (p->o.sockets && p->o.time_scale > 1)
		o->timing.time_scale =
		    p->o.time_scale >= 1000 ? 1 : 1000 / p->o.time_scale;
	play_bmc_overrides(b, o, keep);
	return true;
}

static void
play_know_bmcs(struct play *p)
{
	int status;
	cJSON *all = p->be->ops->bmc(p->be, "GET", "/bmcs", NULL, &status);
	const cJSON *b;

	cJSON_ArrayForEach (b, json_arr(all, "bmcs"))
		(void)facts_add_bmc(p->f, json_str(b, "name", ""),
		    json_str(b, "address", ""), json_str(b, "power", "Off"));
	cJSON_Delete(all);
}

static struct invariants *
play_invariants(struct play *p)
{
	struct inv_opts o = { .violated = play_on_violation,
		.arg = p,
		.synchronous = !p->o.sockets,
		.shards = (unsigned)json_i64(
		    json_child(p->sc->doc, "agents"), "shards", 0),
		.markers = p->markers };
	static const char *const ours[] = { PLAY_MARKER, PLAY_MARKER_64,
		PLAY_PASSWORD, PLAY_PASSWORD_64, PLAY_BASIC_64 };
	const cJSON *m;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		p->markers[o.n_markers++] = ours[i];
	cJSON_ArrayForEach (m, json_child(p->sc->doc, "markers"))
		if (cJSON_IsString(m) && o.n_markers < PLAY_MARKERS)
			p->markers[o.n_markers++] = m->valuestring;
	return invariants_new(&o);
}

static void
play_var_put(struct play *p, const cJSON *v)
{
	char *text = subst_value(v);

	play_set_var(p, v->string, text);
	xfree(text);
}

static void
play_vars(struct play *p)
{
	const cJSON *v;

	cJSON_ArrayForEach (v, json_child(p->sc->doc, "vars"))
		play_var_put(p, v);
	cJSON_ArrayForEach (v, scenario_sockets_of(p->sc, "vars", p->o.sockets))
		play_var_put(p, v);
	for (size_t i = 0; p->o.vars != NULL && i < p->o.vars->n; i++)
		play_set_var(p, p->o.vars->v[i].key, p->o.vars->v[i].value);
}

static bool
play_open(struct play *p, struct err *e)
{
	struct play_bmcs keep;
	struct backend_hooks hooks;
	struct backend_opts o = { .seed = p->o.seed,
		.root = p->o.root,
		.bin = p->o.bin,
		.log_level = p->o.agent_debug ? LOG_DEBUG : LOG_INFO,
		.time_scale = p->o.time_scale,
		.cuts = scenario_cuts(p->sc),
		.no_crds = p->o.no_crds,
		.keep = p->o.keep,
		.bootstrap_data = p->marker,
		.bootstrap_format =
		    json_str(p->sc->doc, "bootstrap-format", NULL) };
	const cJSON *w = json_child(p->sc->doc, "workload");

	o.workload = w != NULL && !cJSON_IsFalse(w);
	o.provider_id = json_str(w, "provider-id", NULL);
	play_hooks(p, &hooks);
	if (!play_bmc_options(p, &o, &keep, e))
		return false;
	p->be = p->o.sockets ? backend_sockets_new(&o, &hooks, e)
			     : backend_virtual_new(&o, &hooks, e);
	cJSON_Delete(keep.doc);
	if (p->be == NULL)
		return false;
	play_know_bmcs(p);
	return play_fixtures(p, e) && play_agents(p, e);
}

struct play *
play_new(const struct scenario *sc, const struct play_opts *o, struct err *e)
{
	struct play *p = xcalloc(1, sizeof(*p));

	p->sc = sc;
	p->o = *o;
	p->marker = json_str(sc->doc, "bootstrap-data", PLAY_DATA);
	for (unsigned n = 0; n < BACKEND_AGENTS; n++)
		p->restart_at[n] = p->thaw_at[n] = FACT_NEVER;
	rng_seed(&p->rng, o->seed, "scenario");
	if (o->log != NULL || o->trail || o->sockets)
		p->trail = trail_new(o->log);
	p->inv = play_invariants(p);
	p->f = invariants_facts(p->inv);
	play_agent_options(p);
	play_vars(p);
	if (play_open(p, e))
		return p;
	play_free(p);
	return NULL;
}

bool
play_run(struct play *p)
{
	struct err e = { 0 };

	if (!p->failure.set &&
	    !steps_run(p, json_child(p->sc->doc, "steps"), "steps", &e) &&
	    !p->failure.set)
		play_fail(p, "expectation", "", "%s", e.msg);
	(void)str_copy(p->path, sizeof(p->path), "end");
	/* A play over sockets that tested nothing. */
	if (!p->be->synchronous && !p->o.may_miss && p->crash.armed &&
	    p->crash.at > 0)
		play_fail(p, "expectation", "",
		    "agent-%u was not killed: there was no request %lld",
		    p->crash.agent, (long long)p->crash.at);
	return !p->failure.set && play_end(p);
}

void
play_free(struct play *p)
{
	if (p == NULL)
		return;
	backend_free(p->be);
	invariants_free(p->inv);
	trail_free(p->trail);
	map_free(&p->vars, xfree);
	map_free(&p->net_rules, xfree);
	xfree(p);
}
