/*
 * The agent against every kind of BMC and every kind of fault: while a machine
 * is provisioned, a fault is there for a while; after it the machine runs, is
 * released, and the host is as it was. Whatever happens, its medium was booted
 * once, no session is left over, nobody was locked out, the requests are few,
 * and while nothing went on a condition or an event named the fault. Where
 * SAFETY.md wants a person, one does as the condition says.
 *
 * All of it takes minutes: MATRIX=all. Without it every fault meets one
 * profile, and every profile some faults.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "sim/bmc/fault.h"
#include "tests/unit/matrix_words.h"
#include "tests/unit/story_rig.h"
#include "tests/unit/unit.h"

#define GROUP "infrastructure.cluster.x-k8s.io"
#define FAULT_US (8 * LOOP_MIN)
#define LOOK_US (7 * LOOP_MIN)
#define REQUESTS_MAX 1000
#define LATE_US (20 * LOOP_MIN)
#define HELP_MAX 2

/* The fault lasts 8 minutes where it says `for`. */
#define FOR "\"for\":\"8m\""
#define GETS "\"method\":\"GET\"," FOR
#define SOME(ppm) "\"probabilityPpm\":" #ppm "," FOR
#define ONE(op) "\"count\":1,\"operation\":\"" op "\""

/* redfish.md 2.2, by its numbers. Those that are knobs of profiles (15, 21,
 * 24, 31 to 35, 39, 44 to 50, 53, 54, 57 to 62, 67, 80) come with these; knobs
 * that no profile sets are rows in braces, and last for the whole run. */
static const char *const faults[] = {
	/* HTTP and TLS: 1 to 20 */
	"\"action\":\"reset\"," SOME(300000),
	"\"action\":\"reset\"," ONE("reset"),
	"\"action\":\"lost-reply\"," ONE("reset"),
	"\"action\":\"lost-reply\"," ONE("insert"),
	"\"action\":\"lost-reply\"," ONE("patch-boot"),
	"\"action\":\"lost-reply\"," SOME(200000),
	"\"action\":\"close\"," FOR,
	"\"action\":\"truncate\"," SOME(300000),
	"\"action\":\"read-to-close\"," FOR,
	"\"action\":\"chunked\"," FOR,
	"\"action\":\"bad-chunk\"," SOME(300000),
	"\"action\":\"latency\",\"latency\":\"3s\"," FOR,
	"\"action\":\"latency\",\"latency\":\"1s\",\"jitter\":\"40s\"," SOME(
	    200000),
	"\"action\":\"trickle\",\"bytesPerSecond\":64," SOME(200000),
	"\"action\":\"hang\"," SOME(200000),
	"\"action\":\"hang\"," FOR,
	"\"action\":\"refuse\"," FOR,
	"\"action\":\"reset\",\"reused\":true," FOR,
	"\"action\":\"silent\"," FOR,
	"\"action\":\"silent\"," SOME(300000),
	"\"action\":\"tls\",\"tls\":\"stall\"," FOR,
	"\"action\":\"tls\",\"tls\":\"alert\"," FOR,
	"\"action\":\"tls\",\"tls\":\"weak-cipher\"," FOR,
	"\"action\":\"tls\",\"tls\":\"1.0\"," FOR,
	"\"action\":\"tls\",\"tls\":\"1.1\"," FOR,
	"\"action\":\"tls\",\"tls\":\"1.3\"," FOR,
	"\"action\":\"no-close-notify\"," FOR,
	"\"action\":\"certificate\",\"certificate\":\"expired\"," FOR,
	"\"action\":\"certificate\",\"certificate\":\"early\"," FOR,
	"\"action\":\"certificate\",\"certificate\":\"other-name\"," FOR,
	"\"action\":\"certificate\",\"certificate\":\"self-signed\"," FOR,
	"\"action\":\"certificate\",\"certificate\":\"sha1\"," FOR,
	"\"action\":\"certificate\",\"certificate\":\"rsa-1024\"," FOR,
	"\"action\":\"certificate\",\"certificate\":\"old\"," FOR,
	"\"action\":\"certificate\",\"certificate\":\"new\"," FOR,
	"\"action\":\"certificate\",\"certificate\":\"none\"," FOR,
	"\"action\":\"http10\"," FOR,
	"\"action\":\"redirect\",\"url\":\"https://10.9.9.9/x\"," GETS,
	"\"action\":\"redirect\",\"status\":301,\"url\":\"/redfish/v1\"," GETS,
	"\"action\":\"interim\"," FOR,
	"\"action\":\"gzip\"," GETS,
	"\"action\":\"status\",\"status\":406," GETS,
	"\"action\":\"status\",\"status\":415,\"count\":2,\"method\":\"POST\"",
	"\"action\":\"status\",\"status\":417,\"count\":2,\"method\":\"POST\"",
	"\"action\":\"html\"," SOME(300000),
	"\"action\":\"empty-body\"," SOME(300000),
	"\"action\":\"garbage\"," SOME(300000),
	"\"action\":\"trailing-garbage\"," GETS,
	"\"action\":\"cut-json\"," GETS,
	"\"action\":\"bom\"," GETS,
	"\"action\":\"nul\"," GETS,
	"\"action\":\"deep-json\"," SOME(300000),
	"\"action\":\"duplicate-keys\"," GETS,
	"\"action\":\"wrong-types\"," GETS,
	"\"action\":\"nulls\"," GETS,
	"\"action\":\"changed-case\"," GETS,
	"\"action\":\"huge-body\",\"bytes\":20000000," SOME(100000),
	"\"action\":\"endless-header\"," SOME(100000),
	/* logins and rights: 21 to 30 */
	"\"action\":\"expire-session\"," SOME(200000),
	"\"action\":\"status\",\"status\":401," GETS,
	"\"action\":\"status\",\"status\":401," SOME(200000),
	"\"action\":\"status\",\"status\":403,\"count\":3",
	"\"action\":\"status\",\"status\":503,\"messageId\":"
	"\"Base.1.8.SessionLimitExceeded\",\"operation\":\"login\"," FOR,
	"\"action\":\"header\",\"header\":\"WWW-Authenticate\"," FOR,
	"\"action\":\"header\",\"header\":\"Location\"," FOR,
	/* tags: 31 to 36 */
	"\"action\":\"header\",\"header\":\"ETag\"," FOR,
	"\"action\":\"header\",\"header\":\"ETag\",\"value\":"
	"\"\\\"old\\\"\"," FOR,
	"\"action\":\"status\",\"status\":412,\"count\":3,\"method\":\"PATCH\"",
	"\"action\":\"status\",\"status\":428,\"count\":3,\"method\":\"PATCH\"",
	"\"action\":\"race\",\"method\":\"PATCH\"," FOR,
	/* state: 37 to 46 */
	"\"action\":\"power-stuck\",\"count\":1",
	"\"action\":\"shutdown-ignored\"," FOR,
	"\"action\":\"set\",\"property\":\"PowerState\",\"value\":null,"
	"\"operation\":\"read-system\"," FOR,
	"\"action\":\"set\",\"property\":\"PowerState\",\"value\":\"Reset\","
	"\"operation\":\"read-system\"," SOME(300000),
	"\"action\":\"status\",\"status\":409,\"count\":3,"
	"\"operation\":\"reset\"",
	"\"action\":\"accepted-not-done\"," ONE("reset"),
	"\"action\":\"accepted-not-done\"," ONE("patch-boot"),
	"\"action\":\"accepted-not-done\"," ONE("insert"),
	"\"action\":\"override-ignored\",\"count\":1",
	"\"action\":\"stale-read\",\"age\":\"30s\"," FOR,
	/* media: 47 to 58 */
	"\"action\":\"media-never-mounts\",\"count\":1",
	"\"action\":\"media-drops\",\"count\":1",
	"\"action\":\"status\",\"status\":500,\"count\":3,"
	"\"operation\":\"insert\"",
	"\"action\":\"status\",\"status\":400,\"count\":1,"
	"\"operation\":\"insert\"",
	/* tasks: 59 to 65 */
	"\"action\":\"status\",\"status\":404,\"for\":\"1m\","
	"\"operation\":\"read-task\"",
	"\"action\":\"set\",\"property\":\"TaskState\",\"value\":\"New\","
	"\"status\":200,\"count\":5,\"operation\":\"read-task\"",
	"\"action\":\"task-stuck\",\"count\":1",
	"\"action\":\"task-fails\",\"count\":1",
	"\"action\":\"header\",\"header\":\"Retry-After\","
	"\"value\":\"Fri, 02 Jan 1970 00:00:00 GMT\"," FOR,
	/* the model: 66 to 70 */
	"\"action\":\"remove\",\"property\":\"Boot\"," GETS,
	"\"action\":\"remove\",\"property\":\"Actions\"," GETS,
	"\"action\":\"remove\",\"property\":\"VirtualMedia\"," GETS,
	"\"action\":\"remove\",\"property\":\"Links\"," GETS,
	"\"action\":\"set\",\"property\":\"Members\",\"value\":[]," GETS,
	"\"action\":\"set\",\"property\":\"Members/0/@odata.id\","
	"\"value\":\"/redfish/v1/Systems\"," GETS,
	"\"action\":\"set\",\"property\":\"Members@odata.nextLink\","
	"\"value\":\"/redfish/v1/Systems\","
	"\"operation\":\"read-collection\"," FOR,
	"\"action\":\"set\",\"property\":\"UUID\",\"value\":\"\"," GETS,
	"\"action\":\"many-members\",\"members\":100000,"
	"\"operation\":\"read-collection\"," FOR,
	/* the service: 71 to 77 */
	"\"action\":\"status\",\"status\":503,\"retryAfter\":20," FOR,
	"\"action\":\"status\",\"status\":503,\"retryAfter\":0," GETS,
	"\"action\":\"rate-limit\",\"perMinute\":12," FOR,
	"\"action\":\"clock-1970\"," FOR,
	"\"action\":\"status\",\"status\":500," SOME(200000),
	"\"action\":\"hang\",\"path\":\"*/Managers/*\"," FOR,
	/* events: 78 to 80 */
	"\"action\":\"event-lost\"," FOR,
	"\"action\":\"event-twice\"," FOR,
	"\"action\":\"event-late\",\"latency\":\"90s\"," FOR,
	"\"action\":\"stream-drop\",\"after\":2," FOR,
	/* knobs that no profile sets: 11, 16, 22, 31, 36, 43, 51 */
	"{http: {connections: 1}}",
	"{http: {keepAlive: false, lowerCase: true}}",
	"{http: {chunked: true, gzip: true}}",
	"{http: {identity406: always}}",
	"{session: {lifetimeSeconds: 60}}",
	"{etag: {style: long, ifMatch: required}}",
	"{etag: {restless: true, ifMatch: required}}",
	"{reset: {dynamic: true}}",
	"{media: {check: full}}",
	"{events: {defects: [batch, noId]}}",
};
#define N_FAULTS (sizeof(faults) / sizeof(faults[0]))

static const char *const profiles[] = { "generic", "idrac9", "idrac10", "ilo5",
	"ilo6", "supermicro-x11", "supermicro-x12", "lenovo-xcc", "lenovo-xcc2",
	"lenovo-xcc3", "ami-megarac", "openbmc", "nvidia", "irmc", "cimc",
	"ibmc", "sushy-tools" };
#define N_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

/* The worst of all runs, to be read. Where a person had to help, time and
 * requests are not the agent's. */
struct worst {
	unsigned confirmed, retried, given_back, requests;
	int64_t us;
	const char *busiest, *slowest;
};

static const char *
image_of(const char *profile)
{
	return str_eq(profile, "openbmc") || str_eq(profile, "nvidia") ||
		       str_eq(profile, "ibmc")
		   ? "https://10.0.0.3/installer.iso"
		   : "http://10.0.0.3/installer.iso";
}

/* Given back to json_drop(). */
static const cJSON *
object(struct stage *s, const char *resource, const char *name)
{
	return kube_server_see(stage_kube(s), GROUP, resource, "default", name);
}

static bool
provisioned(void *arg)
{
	const cJSON *o = object(arg, "beskar7machines", "m1");
	bool done = json_str(o, "spec/providerID", NULL) != NULL;

	json_drop(o);
	return done;
}

/* What it waits for, when it waits for a person. */
enum wait {
	WAITS_NOT,
	WAITS_CONFIRM, /* there is no evidence */
	WAITS_RETRY    /* a budget is spent */
};

static enum wait
waits(struct stage *s)
{
	const cJSON *o = object(s, "physicalhosts", "bmc-000");
	enum wait w = WAITS_NOT;
	const cJSON *c;

	if (str_eq(json_str(o, "status/state", ""), "Error"))
		w = WAITS_RETRY;
	cJSON_ArrayForEach (c, json_arr(o, "status/conditions"))
		if (str_eq(json_str(c, "reason", ""), "WaitingForEvidence") &&
		    str_eq(json_str(c, "status", ""), "False"))
			w = WAITS_CONFIRM;
	json_drop(o);
	return w;
}

static bool
ended(void *arg)
{
	return provisioned(arg) || waits(arg) != WAITS_NOT;
}

static bool
released(void *arg)
{
	const cJSON *m = object(arg, "beskar7machines", "m1");
	const cJSON *h = object(arg, "physicalhosts", "bmc-000");
	bool done =
	    !m && str_eq(json_str(h, "status/state", NULL), "Available");

	json_drop(m);
	json_drop(h);
	return done;
}

/* A run that did not come to its end, with what the host says. */
static void
show(struct stage *s, const char *row)
{
	const cJSON *o = object(s, "physicalhosts", "bmc-000");
	char *text = json_print_pretty(json_obj(o, "status"));

	(void)fprintf(stderr, "%s\n%s\n", row, text);
	xfree(text);
	json_drop(o);
	CHECK_ROW(false, row);
}

static bool
inject(struct stage *s, const char *rule)
{
	struct err e = { 0 };
	char text[512];
	cJSON *j;
	bool ok;

	(void)str_format(text, sizeof(text), "{%s}", rule);
	j = json_parse(text, strlen(text), &e);
	ok = j && fault_add(stage_fleet(s), j, NULL, &e);
	if (!ok)
		(void)fprintf(stderr, "%s: %s\n", text, e.msg);
	cJSON_Delete(j);
	return ok;
}

static void
note(struct worst *w, const char *row, unsigned requests, int64_t us)
{
	if (requests > w->requests) {
		w->requests = requests;
		w->busiest = row;
	}
	if (us > w->us) {
		w->us = us;
		w->slowest = row;
	}
}

static struct bmc_snapshot
snapshot(struct stage *s)
{
	struct bmc_snapshot snap;

	bmc_snapshot(bmc_fleet_at(stage_fleet(s), 0), &snap);
	return snap;
}

static const char *
profile_of(struct stage *s)
{
	return snapshot(s).profile;
}

/* ---- the person --------------------------------------------------------- */

static void
annotate(struct stage *s, const char *key, const char *value)
{
	char *body = xasprintf("{\"metadata\":{\"annotations\":{\"" GROUP
			       "/%s\":\"%s\"}}}",
	    key, value);
	int status = 0;

	cJSON_Delete(kube_server_do(stage_kube(s), "PATCH",
	    "/apis/" GROUP "/v1beta2/namespaces/default/physicalhosts/bmc-000",
	    "application/merge-patch+json", body, &status));
	CU_ASSERT_EQUAL(status, 200);
	xfree(body);
}

/* Holds the button until the machine is off, whatever hung. */
static void
hold_the_button(struct stage *s)
{
	cJSON *body = cJSON_CreateObject();
	int status = 0;

	json_set_bool(body, "hold", true);
	cJSON_Delete(bmc_fleet_control(stage_fleet(s), "POST",
	    "/bmcs/bmc-000/power-button", body, &status));
	CU_ASSERT(status < 300);
	cJSON_Delete(body);
}

/* Looks at the console, and does as the condition says; false: what ought to
 * run does not, so the server is to be given back. */
static bool
help(struct stage *s, struct worst *w)
{
	const cJSON *o = object(s, "physicalhosts", "bmc-000");
	bool helped = true;

	if (getenv("MATRIX_VERBOSE"))
		(void)fprintf(stderr, "medium boots %u, power %s, os \"%s\"\n",
		    snapshot(s).medium_boots, snapshot(s).power,
		    snapshot(s).os);
	if (waits(s) == WAITS_RETRY) {
		w->retried++;
		hold_the_button(s);
		annotate(s, "retry", "1");
	} else if (snapshot(s).medium_boots == 1 && snapshot(s).os[0] != '\0') {
		w->confirmed++;
		annotate(s, "confirm-provisioned",
		    json_str(o, "spec/consumerRef/claimID", ""));
	} else {
		w->given_back++;
		helped = false;
	}
	json_drop(o);
	return helped;
}

/* ---- a run --------------------------------------------------------------- */

static bool
named(struct stage *s, const char *rule)
{
	char *told = matrix_told(s);
	bool names = matrix_names(told, rule);

	if (getenv("MATRIX_VERBOSE"))
		(void)fprintf(stderr, "%s", told);
	xfree(told);
	return names;
}

/* It lasts, and is there all the while: then an operator reads of it while
 * nothing goes on; else at the end at the latest. */
static bool
lasts(const char *rule)
{
	return strstr(rule, FOR) && !strstr(rule, "probabilityPpm");
}

/* A machine that hung, one whose BMC tells what was half a minute ago, one that
 * lost its medium and whose BMC never says how far a boot came. */
static bool
is_past_help(const char *profile, const char *rule)
{
	return strstr(rule, "power-stuck") || strstr(rule, "stale-read") ||
	       (str_eq(profile, "ibmc") && strstr(rule, "media-drops"));
}

/* Until it runs, with a person's help where the condition asks for it; false:
 * it does not, and is not to. */
static bool
runs_in_the_end(struct stage *s, const char *row, const char *rule, bool *told,
    unsigned *helped, struct worst *w)
{
	struct world *world = stage_world(s);

	while (
	    world_run(world, world_now_us(world) + 4 * LOOP_HOUR, ended, s) &&
	    !provisioned(s) && (*helped)++ < HELP_MAX) {
		*told = *told || named(s, rule);
		if (!help(s, w)) {
			CHECK_ROW(
			    *told && is_past_help(profile_of(s), rule), row);
			return false;
		}
		/* it is heard of */
		(void)world_run(
		    world, world_now_us(world) + LOOP_MIN, NULL, NULL);
	}
	if (!provisioned(s))
		show(s, row);
	return provisioned(s);
}

/* From the machine's creation until it runs; the fault is there already. */
static bool
provision(struct stage *s, const char *row, const char *rule, struct worst *w)
{
	struct world *world = stage_world(s);
	int64_t t0 = world_now_us(world);
	uint64_t r0 = snapshot(s).requests;
	bool late, told = false;
	unsigned helped = 0;

	story_machine(s, image_of(profile_of(s)), "Installer");
	late = !world_run(world, t0 + LOOK_US, provisioned, s);
	/* Of ibmc, which shows no BootProgress, each boot waits for a person. */
	if (str_eq(profile_of(s), "ibmc") && snapshot(s).medium_boots == 1)
		late = false;
	if (late)
		told = named(s, rule);
	CHECK_ROW(!late || told || !lasts(rule), row);
	if (!runs_in_the_end(s, row, rule, &told, &helped, w))
		return false;
	if (world_now_us(world) - t0 < LATE_US && !strstr(rule, FOR))
		late = false; /* it was over, and nobody had to know */
	CHECK_ROW(!late || told || named(s, rule), row);
	if (helped == 0)
		note(w, row, (unsigned)(snapshot(s).requests - r0),
		    world_now_us(world) - t0);
	CHECK_ROW(snapshot(s).medium_boots == 1, row);
	CHECK_ROW(helped > 0 || snapshot(s).requests - r0 < REQUESTS_MAX, row);
	return true;
}

static void
release(struct stage *s, const char *row)
{
	struct world *world = stage_world(s);

	story_delete_machine(s);
	if (!world_run(
		world, world_now_us(world) + 5 * LOOP_HOUR, released, s)) {
		show(s, row);
		return;
	}
	CHECK_ROW(str_eq(snapshot(s).power, "Off"), row);
	CHECK_ROW(!snapshot(s).media_inserted, row);
	CHECK_ROW(snapshot(s).medium_boots <= 1, row);
	CHECK_ROW(snapshot(s).login_failures == 0, row);
	/* what a lost reply left behind expires within half an hour */
	(void)world_run(world, world_now_us(world) + 35 * LOOP_MIN, NULL, NULL);
	CHECK_ROW(snapshot(s).sessions <= 1, row);
}

static unsigned
run(const char *profile, size_t fault, struct worst *w)
{
	struct stage_agent_opts ao = { .busy_us = 5 * LOOP_S };
	bool knobs = faults[fault][0] == '{';
	struct stage *s =
	    story_new_knobs(profile, knobs ? faults[fault] : NULL, 1);
	static char row[N_FAULTS][200];

	(void)str_format(
	    row[fault], sizeof(row[fault]), "%s: %s", profile, faults[fault]);
	if (getenv("MATRIX_VERBOSE"))
		(void)fprintf(stderr, "%s\n", row[fault]);
	CU_ASSERT_FATAL(stage_serve_https(s, NULL));
	CU_ASSERT_FATAL(stage_agent_start(s, 0, &ao, NULL));
	story_wait(s, "physicalhosts", "bmc-000", "status/state", "Available",
	    5 * LOOP_MIN);
	if (!knobs && !inject(s, faults[fault]))
		CHECK_ROW(false, row[fault]);
	else {
		(void)provision(s, row[fault], faults[fault], w);
		release(s, row[fault]);
	}
	stage_free(s);
	return 1;
}

static void
every_profile_outlives_every_fault(void)
{
	const char *all = getenv("MATRIX"), *only = getenv("MATRIX_FAULT");
	struct worst w = { .busiest = "", .slowest = "" };
	unsigned runs = 0;

	for (size_t f = 0; f < N_FAULTS; f += unit_stride())
		for (size_t p = 0; p < N_PROFILES; p++) {
			bool mine = str_eq(all, "all") ||
				    str_eq(all, profiles[p]) ||
				    (!all && (f * 5) % N_PROFILES == p);

			if (mine && (!only || strstr(faults[f], only)))
				runs += run(profiles[p], f, &w);
		}
	(void)printf(
	    "%u runs, %u failures; helped by a person: %u confirmed, "
	    "%u retried, %u given back; most requests %u (%s); longest "
	    "%lld s (%s)\n",
	    runs, CU_get_number_of_failures(), w.confirmed, w.retried,
	    w.given_back, w.requests, w.busiest, (long long)(w.us / LOOP_S),
	    w.slowest);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(every_profile_outlives_every_fault),
	};

	return UNIT_RUN("matrix", cases);
}
