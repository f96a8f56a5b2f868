/* See safety_rig.h. */
#include "tests/unit/safety_rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/core/core.h"

#define AGENT_USER "beskar7-agent"

static bool
rig_verbose(void)
{
	return getenv("VERBOSE") != NULL;
}

static void
rig_violated(
    void *arg, const char *invariant, const char *object, const char *text)
{
	struct rig *r = arg;

	r->violations++;
	(void)snprintf(r->last_violation, sizeof(r->last_violation),
	    "%s: %.200s: %.400s", invariant, object, text);
	if (!r->quiet || rig_verbose())
		(void)fprintf(stderr, "violated %8.3f %s\n",
		    (double)world_now_us(stage_world(r->s)) / 1e6,
		    r->last_violation);
}

static void
rig_line(void *arg, const char *line, size_t n)
{
	struct rig *r = arg;

	r->lines++;
	if (memmem(line, n, MARKER, strlen(MARKER)) != NULL ||
	    memmem(line, n, "b7-sim-secret", 13) != NULL)
		r->marker_hits++;
	if (r->line != NULL)
		r->line(r->watch_arg, line, n);
	if (r->inv != NULL)
		invariants_text(r->inv, "log", line, n);
	if (rig_verbose())
		(void)fprintf(stderr, "%.*s\n", (int)n, line);
}

/* ---- what the BMCs saw ------------------------------------------------------ */

static void
rig_note_power(struct rig_bmc *b, const char *type)
{
	b->resets++;
	b->forced += str_eq(type, "ForceOff");
	b->graceful += str_eq(type, "GracefulShutdown");
	b->ons += str_eq(type, "On") || str_eq(type, "ForceOn");
	b->restarts +=
	    strstr(type, "Restart") != NULL || str_eq(type, "PowerCycle");
}

static void
rig_bmc_event(void *arg, const struct bmc_event *ev)
{
	struct rig *r = arg;
	struct rig_bmc *b = &r->bmc[ev->index % RIG_BMCS];

	if (rig_verbose())
		(void)fprintf(stderr, "%8.3f %s %s %s %s %s %s %d\n",
		    (double)ev->at_us / 1e6, ev->bmc, bmc_event_name(ev->kind),
		    ev->method, ev->target, ev->text, ev->who, ev->status);
	b->requests += ev->kind == BMC_EV_REQUEST;
	b->writes += ev->kind == BMC_EV_REQUEST && !str_eq(ev->method, "GET");
	b->logins += ev->kind == BMC_EV_LOGIN_OK;
	b->login_failures += ev->kind == BMC_EV_LOGIN_FAILED;
	b->inserts += ev->kind == BMC_EV_MEDIA_INSERTED;
	b->ejects += ev->kind == BMC_EV_MEDIA_EJECTED;
	b->installs += ev->kind == BMC_EV_INSTALLED;
	b->loads +=
	    ev->kind == BMC_EV_MEDIUM_READ && str_eq(ev->text, "loader");
	b->arms += ev->kind == BMC_EV_BOOT_OVERRIDE &&
		   strstr(ev->text, "Cd") != NULL &&
		   !str_has_prefix(ev->text, "Disabled");
	if (ev->kind == BMC_EV_POWER_WRITE)
		rig_note_power(b, ev->text);
	if (r->inv != NULL)
		invariants_bmc(r->inv, ev);
}

/* ---- what was stored -------------------------------------------------------- */

static void
rig_note_record(struct rig *r, const cJSON *host)
{
	const char *text = facts_annotation(host, AX "/host-record");
	size_t n = text == NULL ? 0 : strlen(text);

	if (n > r->record_max)
		r->record_max = (unsigned)n;
}

/* Hosts in a phase, those that only wait for evidence left out. */
static unsigned
rig_count_phase(struct rig *r, const char *phase)
{
	const struct map *m = &invariants_facts(r->inv)->objects;
	unsigned n = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct fact_object *o = m->v[i].value;
		const char *why = "";

		if (o->tree == NULL || !o->record.present ||
		    !str_eq(o->record.phase, phase))
			continue;
		(void)facts_condition(o->tree, "HostProvisioned", &why);
		n += !str_eq(why, "WaitingForEvidence");
	}
	return n;
}

static void
rig_note_limits(struct rig *r)
{
	unsigned p = rig_count_phase(r, "provisioning");
	unsigned q = rig_count_phase(r, "releasing");

	if (p > r->peak_provisioning)
		r->peak_provisioning = p;
	if (q > r->peak_releasing)
		r->peak_releasing = q;
}

static void
rig_note_marker(struct rig *r, const char *resource, const cJSON *after)
{
	char *text = json_print(after);

	if (!str_eq(resource, "secrets") && text != NULL &&
	    (strstr(text, MARKER) != NULL ||
		strstr(text, "b7-sim-secret") != NULL))
		r->marker_hits++;
	xfree(text);
}

static void
rig_tell_commit(const struct inv_commit *c)
{
	cJSON *d = c->before == NULL || c->after == NULL
		       ? NULL
		       : json_merge_diff(c->before, c->after);
	char *t = d == NULL ? NULL : json_print(d);

	(void)fprintf(stderr, "%8.3f commit %s %s %s %s %s\n",
	    (double)c->at_us / 1e6, c->user, c->verb, c->resource, c->name,
	    getenv("DIFF") == NULL || t == NULL ? "" : t);
	xfree(t);
	cJSON_Delete(d);
}

static void
rig_commit(void *arg, const struct kube_commit *kc)
{
	struct rig *r = arg;
	struct inv_commit c = inv_commit_of(
	    kc, r->s == NULL ? 0 : world_now_us(stage_world(r->s)));

	if (rig_verbose())
		rig_tell_commit(&c);
	if (r->inv == NULL)
		return;
	if (str_eq(c.user, AGENT_USER)) {
		bool event = str_eq(c.resource, "events");

		r->events += event;
		r->commits += !event && !str_eq(c.resource, "leases");
	}
	rig_note_marker(r, c.resource, c.after);
	invariants_commit(r->inv, &c);
	if (str_eq(c.resource, HOST) && c.after != NULL) {
		rig_note_record(r, c.after);
		rig_note_limits(r);
	}
	if (r->watch != NULL)
		r->watch(r->watch_arg, &c);
}

static void
rig_problem(void *arg, const char *text)
{
	struct rig *r = arg;

	r->problems++;
	(void)fprintf(stderr, "contract: %s\n", text);
}

/* ---- the agent's requests ---------------------------------------------------- */

/* Power, media, boot, and every patch of a host or machine; Events, Leases and
 * sessions change nothing that this is about. */
static bool
rig_mutating(const struct rig *r, const struct net_event *ev)
{
	bool kube = str_eq(ev->origin, "10.0.0.1:6443");

	if (str_eq(ev->method, "GET") || str_eq(ev->method, "HEAD") ||
	    kube != r->kill_kube)
		return false;
	if (kube)
		return strstr(ev->target, "/events") == NULL &&
		       strstr(ev->target, "/leases") == NULL;
	return strstr(ev->target, "/Sessions") == NULL;
}

static bool
rig_gate(void *arg, const struct net_event *ev)
{
	struct rig *r = arg;

	if (r->kill_at == 0 || r->killed || !str_eq(ev->from, "agent-0") ||
	    !rig_mutating(r, ev) || ++r->mutations != r->kill_at)
		return true;
	r->killed = true;
	stage_agent_down(r->s, 0);
	facts_agent_ended(invariants_facts(r->inv), 0);
	return !r->kill_before;
}

/* ---- life -------------------------------------------------------------------- */

static void
rig_facts(struct rig *r)
{
	struct facts *f = invariants_facts(r->inv);

	for (unsigned i = 0; i < r->bmcs; i++) {
		struct bmc *b = bmc_fleet_at(stage_fleet(r->s), i);
		struct bmc_snapshot snap;
		char address[128];

		bmc_address(b, address, sizeof(address));
		bmc_snapshot(b, &snap);
		(void)facts_add_bmc(f, snap.name, address, snap.power);
	}
}

struct rig *
rig_new(const struct rig_opts *o)
{
	struct rig *r = xcalloc(1, sizeof(*r));
	const char *profile = o->profile == NULL ? "generic" : o->profile;
	struct stage_opts so = { .seed = 1,
		.log_level = LOG_DEBUG,
		.log_line = rig_line,
		.on_bmc = rig_bmc_event,
		.on_commit = rig_commit,
		.on_problem = rig_problem,
		.arg = r,
		.bmcs = o->bmcs,
		.profiles = o->profiles != NULL ? o->profiles : &profile,
		.n_profiles = o->profiles != NULL ? o->n_profiles : 1,
		.knobs = o->knobs,
		.overrides = o->overrides,
		.n_overrides = o->n_overrides,
		.timing = o->timing,
		.tls = true,
		.workload = o->workload,
		.bootstrap_data = "#cloud-config\n# " MARKER "\n" };
	struct inv_opts io = {
		.violated = rig_violated, .arg = r, .synchronous = true
	};
	struct err e = { 0 };

	r->o = *o;
	r->bmcs = o->bmcs;
	r->s = stage_new(&so, &e);
	if (r->s == NULL)
		(void)fprintf(stderr, "%s\n", e.msg);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->s);
	r->inv = invariants_new(&io);
	rig_facts(r);
	world_net_gate(stage_world(r->s), rig_gate, r);
	rig_hosts(r);
	if (!o->no_agent) {
		rig_agent(r);
		for (unsigned i = 0; i < o->bmcs && o->n_overrides == 0; i++) {
			char name[16];

			(void)snprintf(name, sizeof(name), "bmc-%03u", i);
			CU_ASSERT_TRUE_FATAL(rig_wait(r, HOST, name,
			    "status/state", "Available", 5 * LOOP_MIN));
		}
	}
	rig_cluster(r);
	return r;
}

void
rig_free(struct rig *r)
{
	if (!r->quiet) {
		CU_ASSERT_EQUAL(r->violations, 0);
		CU_ASSERT_EQUAL(r->problems, 0);
		CU_ASSERT_EQUAL(r->marker_hits, 0);
	}
	CU_ASSERT_TRUE(r->record_max <= 1024);
	stage_free(r->s);
	invariants_free(r->inv);
	xfree(r);
}

void
rig_agent(struct rig *r)
{
	struct err e = { 0 };

	CU_ASSERT_TRUE_FATAL(stage_agent_start(r->s, 0, &r->o.agent, &e));
	facts_agent_started(invariants_facts(r->inv), 0);
	r->killed = false;
}

void
rig_kill(struct rig *r)
{
	stage_agent_kill(r->s, 0);
	facts_agent_ended(invariants_facts(r->inv), 0);
}

static bool
rig_never(void *arg)
{
	(void)arg;
	return false;
}

void
rig_run(struct rig *r, int64_t us)
{
	(void)world_run(stage_world(r->s), world_now_us(stage_world(r->s)) + us,
	    rig_never, r);
}

/* ---- machines ------------------------------------------------------------------ */

static void
rig_control(struct rig *r, const char *method, const char *host,
    const char *what, const char *body)
{
	cJSON *j = body == NULL ? NULL : json_parse(body, strlen(body), NULL);
	char path[256];
	int status;

	(void)snprintf(path, sizeof(path), "/bmcs/%s/%s", host, what);
	cJSON_Delete(
	    bmc_fleet_control(stage_fleet(r->s), method, path, j, &status));
	cJSON_Delete(j);
	if (status / 100 != 2)
		(void)fprintf(stderr, "%s %s: %d\n", method, path, status);
	CU_ASSERT_EQUAL(status / 100, 2);
}

void
rig_bmc_do(struct rig *r, const char *host, const char *what, const char *body)
{
	rig_control(r, "POST", host, what, body);
}

void
rig_heal(struct rig *r, const char *host)
{
	rig_control(r, "DELETE", host, "faults", NULL);
}

struct bmc_snapshot
rig_snap(struct rig *r, const char *host)
{
	struct bmc_snapshot snap;

	bmc_snapshot(bmc_fleet_get(stage_fleet(r->s), host), &snap);
	return snap;
}

bool
rig_available(struct rig *r, const char *host)
{
	return rig_wait(
	    r, HOST, host, "status/state", "Available", 15 * LOOP_MIN);
}

void
rig_clean(struct rig *r, const char *host)
{
	struct bmc_snapshot s;

	CU_ASSERT_TRUE(rig_available(r, host));
	CU_ASSERT_TRUE(rig_is(r, HOST, host, "?HostAvailable", "True"));
	CU_ASSERT_TRUE(rig_is(r, HOST, host, "spec/consumerRef/name", NULL));
	s = rig_snap(r, host);
	CU_ASSERT_STRING_EQUAL(s.power, "Off");
	CU_ASSERT_FALSE(s.media_inserted);
	CU_ASSERT_STRING_EQUAL(s.override_enabled, "Disabled");
}

bool
rig_provisioned(struct rig *r, const char *machine, int64_t within_us)
{
	return rig_wait(r, B7M, machine, "?HostProvisioned", "True", within_us);
}

bool
rig_released(struct rig *r, const char *machine, int64_t within_us)
{
	return rig_wait(r, MACHINES, machine, NULL, NULL, within_us) &&
	       rig_wait(r, B7M, machine, NULL, NULL, LOOP_MIN);
}

unsigned
rig_event_count(struct rig *r, const char *reason)
{
	cJSON *all = kube_server_list(stage_kube(r->s), "", "events", NULL);
	const cJSON *ev;
	unsigned n = 0;

	cJSON_ArrayForEach (ev, all)
		n += str_eq(json_str(ev, "reason", NULL), reason);
	cJSON_Delete(all);
	return n;
}

int
rig_cases(const char *suite, const struct unit_case *cases, size_t n)
{
	const char *word = getenv("CASE");
	struct unit_case some[64];
	size_t k = 0;

	for (size_t i = 0; i < n && k < 64; i++)
		if (word == NULL || strstr(cases[i].name, word) != NULL)
			some[k++] = cases[i];
	return unit_run(suite, some, k);
}
