#include "agent/probe/probe.h"

#include <string.h>

#include "agent/probe/describe.h"
#include "agent/probe/grade.h"
#include "agent/probe/latency.h"
#include "agent/probe/scrub.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/str.h"
#include "common/version.h"

#define TIMEOUT_US (10 * LOOP_MIN)
#define STOP_US (3 * LOOP_S)

struct probe {
	const struct env *env; /* borrowed */
	struct redfish *rf;
	char *record_dir, *username; /* owned or NULL */
	struct secret password;
	struct record_limits limits;
	bool keep_identity;
	probe_done_fn *done;
	void *arg;
	cJSON *report;
	struct latency latency;
	struct buf quirks; /* of the client */
	unsigned redirects;
	struct record *record;
	struct timer timeout, stop;
	struct deferred leave;
	size_t service; /* of services[], being read */
	cJSON *root;    /* what the root says; for the services' links */
	bool discovered, leaving, stopped, timed_out, not_saved;
};

static void leave(void *arg);
static void read_service(struct probe *p);

/* ---- the end -------------------------------------------------------------------- */

static enum probe_end
end_of(const struct probe *p)
{
	const char *grade = json_str(p->report, "grade", "F");

	if (p->stopped)
		return PROBE_STOPPED;
	if (!p->discovered)
		return PROBE_FAILED;
	if (p->not_saved)
		return PROBE_NOT_RECORDED;
	return grade[0] == 'A' || grade[0] == 'B' ? PROBE_CAN_PROVISION
						  : PROBE_CANNOT_PROVISION;
}

static void
judge(struct probe *p)
{
	describe_requests(p->report, redfish_stats(p->rf), p->redirects);
	json_set(p->report, "latency", latency_report(&p->latency));
	json_set_i64(p->report, "slowestMs", latency_worst_ms(&p->latency));
	grade_quirks(p->report, buf_str(&p->quirks));
	grade_report(p->report);
}

static void
on_closed(void *arg, const struct redfish_reply *r)
{
	struct probe *p = arg;

	(void)r; /* it logged out, or the BMC is not there */
	timer_stop(&p->timeout);
	timer_stop(&p->stop);
	judge(p);
	p->done(p->arg, end_of(p), p->report);
}

/* Whatever is under way is given up; the session is not. */
static void
leave(void *arg)
{
	struct probe *p = arg;

	if (p->leaving)
		return;
	p->leaving = true;
	timer_stop(&p->timeout);
	timer_stop(&p->stop);
	deferred_cancel(&p->leave);
	if (redfish_busy(p->rf))
		redfish_cancel(p->rf);
	/* before the session goes, and what is known of it */
	redfish_quirks(p->rf, &p->quirks);
	json_set_str(p->report, "auth",
	    redfish_has_session(p->rf) ? "session"
	    : p->discovered            ? "basic"
				       : "none");
	redfish_close(p->rf, on_closed, p);
}

static void
fail(struct probe *p, const struct redfish_reply *r)
{
	if (p->leaving)
		return;
	describe_error(p->report, redfish_cause_name(r->cause), r->err.msg);
	leave(p);
}

/* ---- the recording -------------------------------------------------------------- */

static cJSON *
about(const struct probe *p)
{
	cJSON *o = cJSON_CreateObject();
	char at[RFC3339_CAP];

	rfc3339_s(at, loop_wall_us(p->env->loop));
	json_set_str(o, "recordedAt", at);
	json_set_str(o, "recordedBy", "beskar7-agent " B7_VERSION);
	json_set_str(o, "identity", p->keep_identity ? "kept" : "pseudonyms");
	json_set_bool(o, "rootNeedsLogin",
	    json_bool(p->report, "capabilities/service/rootNeedsLogin", false));
	json_set_bool(o, "sessions", redfish_has_session(p->rf));
	return o;
}

static void
save(struct probe *p)
{
	struct scrub *s =
	    scrub_new(p->keep_identity, p->username, &p->password);
	cJSON *facts = about(p), *o = json_ensure_obj(p->report, "recording");
	struct err e = { .kind = ERR_NONE };

	json_set_str(o, "folder", p->record_dir);
	json_set_i64(o, "resources", (int64_t)record_resources(p->record));
	json_set_i64(o, "bytes", (int64_t)record_bytes(p->record));
	json_set_str(o, "cut", record_cut(p->record));
	p->not_saved =
	    !record_save(p->record, s, p->env->files, p->record_dir, facts, &e);
	if (p->not_saved)
		json_set_str(o, "error", e.msg);
	cJSON_Delete(facts);
	scrub_free(s);
}

static void
on_recorded(void *arg)
{
	struct probe *p = arg;

	if (p->leaving)
		return;
	if (!p->stopped)
		save(p);
	leave(p);
}

static void
record(struct probe *p)
{
	if (!p->record_dir) {
		leave(p);
		return;
	}
	p->record = record_new(p->rf, &p->limits);
	record_start(p->record, on_recorded, p);
}

/* ---- inventory, services -------------------------------------------------------- */

static void
on_inventory(void *arg, const struct redfish_reply *r)
{
	struct probe *p = arg;

	/* half of it is better than none; a failure is no verdict */
	if (r->inventory)
		describe_inventory(p->report, r->state, r->inventory);
	record(p);
}

static const char *const services[] = { "", "EventService", "UpdateService",
	"SessionService", "AccountService", "Tasks" };
#define N_SERVICES (sizeof(services) / sizeof(services[0]))

/* The agent follows no link to another host. */
static void
describe_stream(struct probe *p, const cJSON *events)
{
	char *target =
	    redfish_target(p->rf, json_str(events, "ServerSentEventUri", NULL));

	describe_followed(p->report, target != NULL);
	xfree(target);
}

static void
on_service(void *arg, const cJSON *json, const struct http_header *h, size_t n)
{
	struct probe *p = arg;

	(void)h;
	(void)n;
	if (p->service == 0) {
		p->root = json_dup(json);
		return;
	}
	describe_service(p->report, services[p->service], json);
	if (str_eq(services[p->service], "EventService"))
		describe_stream(p, json);
}

static void
on_service_done(void *arg, const struct redfish_reply *r)
{
	struct probe *p = arg;

	(void)r; /* one that cannot be read is one that is not there */
	p->service++;
	read_service(p);
}

static void
on_system(void *arg, const cJSON *json, const struct http_header *h, size_t n)
{
	struct probe *p = arg;
	const char *tag = http_header_get(h, n, "ETag");

	if (!tag)
		tag = json_str(json, "@odata.etag", NULL);
	describe_etag(p->report, tag);
}

static void
on_system_done(void *arg, const struct redfish_reply *r)
{
	struct probe *p = arg;

	(void)r;
	redfish_read(p->rf, RF_READ_INVENTORY, on_inventory, p);
}

static void
read_service(struct probe *p)
{
	char path[64];
	const char *link;

	for (; p->service < N_SERVICES; p->service++) {
		(void)str_format(
		    path, sizeof(path), "%s/@odata.id", services[p->service]);
		link = p->service == 0 ? redfish_root(p->rf)
				       : json_str(p->root, path, NULL);
		if (!link)
			continue;
		redfish_fetch(p->rf, link, on_service, on_service_done, p);
		return;
	}
	redfish_fetch(p->rf, json_str(p->report, "capabilities/system/uri", ""),
	    on_system, on_system_done, p);
}

/* ---- discovery ------------------------------------------------------------------ */

static void
on_discovered(void *arg, const struct redfish_reply *r)
{
	struct probe *p = arg;

	if (r->tls)
		describe_tls(p->report, r->tls);
	if (r->err.kind != ERR_NONE) {
		fail(p, r);
		return;
	}
	p->discovered = true;
	json_set(p->report, "capabilities", redfish_capabilities(p->rf));
	describe_state(p->report, r->state);
	read_service(p);
}

/* What was under way has ended: now is the time. */
static void
observe(void *arg, const struct redfish_exchange *x)
{
	struct probe *p = arg;

	latency_add(&p->latency, x);
	if (x->status > 300 && x->status < 309 && x->status != 304)
		p->redirects++;
	if ((p->stopped || p->timed_out) && !p->record)
		loop_defer(p->env->loop, &p->leave, leave, p);
}

/* The request under way has had its time. */
static void
give_up(void *arg)
{
	struct probe *p = arg;

	if (p->record && p->timed_out && !p->stopped && !p->leaving)
		save(p);
	leave(p);
}

static void
begin_to_stop(struct probe *p)
{
	if (p->record)
		record_stop(p->record);
	timer_start(p->env->loop, &p->stop, STOP_US, give_up, p);
}

static void
on_timeout(void *arg)
{
	struct probe *p = arg;

	p->timed_out = true;
	if (!p->record)
		describe_error(p->report, "timeout",
		    "the probe took longer than --timeout");
	begin_to_stop(p);
}

void
probe_stop(struct probe *p)
{
	if (p->leaving || p->stopped)
		return;
	p->stopped = true;
	describe_error(p->report, "stopped", "the probe was stopped");
	begin_to_stop(p);
}

struct probe *
probe_start(const struct env *env, const struct probe_opts *o,
    probe_done_fn *done, void *arg, struct err *e)
{
	struct probe *p = xcalloc(1, sizeof(*p));
	int64_t limit = o->timeout_us ? o->timeout_us : TIMEOUT_US;
	struct redfish_opts opts = { .key = "probe",
		.address = o->address,
		.system_id = o->system_id,
		.tls = { .policy = o->tls },
		.credentials = { o->username, o->password, "1" },
		.deadline_us = limit,
		.hold_tries = 1 };

	p->rf = redfish_new(env, &opts, e);
	if (!p->rf) {
		xfree(p);
		return NULL;
	}
	p->env = env;
	p->done = done;
	p->arg = arg;
	p->username = xstrdup(o->username);
	p->record_dir = xstrdup(o->record);
	secret_set(&p->password, o->password->p, o->password->n);
	p->limits = o->limits;
	p->keep_identity = o->keep_identity;
	p->report = cJSON_CreateObject();
	buf_init(&p->quirks, 4096);
	json_set_str(p->report, "address", o->address);
	redfish_observe(p->rf, observe, p);
	timer_start(env->loop, &p->timeout, limit, on_timeout, p);
	redfish_discover(p->rf, on_discovered, p);
	return p;
}

void
probe_free(struct probe *p)
{
	if (!p)
		return;
	timer_stop(&p->timeout);
	timer_stop(&p->stop);
	deferred_cancel(&p->leave);
	record_free(p->record);
	redfish_free(p->rf);
	latency_fini(&p->latency);
	buf_free(&p->quirks);
	cJSON_Delete(p->report);
	cJSON_Delete(p->root);
	secret_free(&p->password);
	xfree(p->username);
	xfree(p->record_dir);
	xfree(p);
}
