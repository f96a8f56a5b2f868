/*
 * Every request of every operation is spoiled in every way, one at a time: the
 * operation ends, with a cause that fits; nothing that must not happen twice
 * does; no session is left behind; the next try gets there.
 */
#include "tests/unit/redfish_rig.h"

#define URL "http://10.0.0.1:8080/n1.iso"

struct spoil {
	const char *name;
	enum fake_wire wire;
	int status;
};
static const struct spoil spoils[] = {
	{ "reset", FAKE_RESET, 0 },
	{ "lost", FAKE_LOST, 0 },
	{ "hang", FAKE_HANG, 0 },
	{ "garbage", FAKE_GARBAGE, 0 },
	{ "truncate", FAKE_TRUNCATE, 0 },
	{ "trickle", FAKE_TRICKLE, 0 },
	{ "503", FAKE_REPLY, 503 },
	{ "500", FAKE_REPLY, 500 },
	{ "404", FAKE_REPLY, 404 },
	{ "403", FAKE_REPLY, 403 },
	{ "401", FAKE_REPLY, 401 },
	{ "400", FAKE_REPLY, 400 },
	{ "409", FAKE_REPLY, 409 },
	{ "412", FAKE_REPLY, 412 },
	{ "429", FAKE_REPLY, 429 },
	{ "204", FAKE_REPLY, 204 },
	{ "304", FAKE_REPLY, 304 },
	{ "308", FAKE_REPLY, 308 },
	{ "599", FAKE_REPLY, 599 },
};

struct torture {
	const char *name;
	void (*prepare)(struct rig *g);
	void (*start)(struct rig *g);
	bool (*reached)(struct rig *g); /* at the BMC, not in our view */
	unsigned (*happened)(const struct rig *g);
	unsigned most; /* times it may have happened in one operation */
};

static void
nothing(struct rig *g)
{
	(void)g;
}
static void
start_read(struct rig *g)
{
	redfish_read(g->rf, RF_READ_BOOT | RF_READ_MEDIA | RF_READ_INVENTORY,
	    rig_done, g);
}
static bool
has_read(struct rig *g)
{
	return redfish_discovered(g->rf);
}
static unsigned
no_writes(const struct rig *g)
{
	return g->fake.patches + g->fake.resets + g->fake.inserts +
	       g->fake.ejects;
}
static void
start_on(struct rig *g)
{
	redfish_reset(g->rf, RF_RESET_ON, rig_done, g);
}
static bool
is_on(struct rig *g)
{
	return str_eq(
	    json_str(fake_bmc_at(&g->fake, "/redfish/v1/Systems/system-1"),
		"PowerState", NULL),
	    "On");
}
static unsigned
resets(const struct rig *g)
{
	return g->fake.resets;
}
static void
turn_on(struct rig *g)
{
	json_set_str(fake_bmc_at(&g->fake, "/redfish/v1/Systems/system-1"),
	    "PowerState", "On");
}
static void
start_restart(struct rig *g)
{
	redfish_reset(g->rf, RF_RESET_FORCE_RESTART, rig_done, g);
}
static void
start_boot(struct rig *g)
{
	redfish_set_boot_once_cd(g->rf, RF_MODE_UNKNOWN, rig_done, g);
}
static const cJSON *
boot_of(struct rig *g)
{
	return json_obj(
	    fake_bmc_at(&g->fake, "/redfish/v1/Systems/system-1"), "Boot");
}
static bool
is_armed(struct rig *g)
{
	return str_eq(
	    json_str(boot_of(g), "BootSourceOverrideEnabled", NULL), "Once");
}
static unsigned
patches(const struct rig *g)
{
	return g->fake.patches;
}
static void
arm(struct rig *g)
{
	cJSON *system = fake_bmc_at(&g->fake, "/redfish/v1/Systems/system-1");

	json_put(system, "Boot/BootSourceOverrideEnabled",
	    cJSON_CreateString("Once"));
	json_put(
	    system, "Boot/BootSourceOverrideTarget", cJSON_CreateString("Cd"));
}
static void
start_clear(struct rig *g)
{
	redfish_clear_boot(g->rf, rig_done, g);
}
static bool
is_clear(struct rig *g)
{
	return !is_armed(g);
}
static cJSON *
slot_of(struct rig *g)
{
	return fake_bmc_at(
	    &g->fake, "/redfish/v1/Systems/system-1/VirtualMedia/Cd");
}
static void
start_insert(struct rig *g)
{
	redfish_insert(g->rf, NULL, URL, rig_done, g);
}
static bool
is_in(struct rig *g)
{
	return json_bool(slot_of(g), "Inserted", false);
}
static unsigned
inserts(const struct rig *g)
{
	return g->fake.inserts;
}
static void
put_in(struct rig *g)
{
	json_set_bool(slot_of(g), "Inserted", true);
	json_set_str(slot_of(g), "Image", "http://other/x.iso");
	json_set_str(slot_of(g), "ConnectedVia", "URI");
}
static void
start_eject(struct rig *g)
{
	redfish_eject(g->rf, NULL, rig_done, g);
}
static bool
is_out(struct rig *g)
{
	return !is_in(g);
}
static unsigned
ejects(const struct rig *g)
{
	return g->fake.ejects;
}

static const struct torture ops[] = {
	{ "read", nothing, start_read, has_read, no_writes, 0 },
	{ "on", nothing, start_on, is_on, resets, 1 },
	{ "restart", turn_on, start_restart, is_on, resets, 1 },
	{ "boot", nothing, start_boot, is_armed, patches, 2 },
	{ "clear", arm, start_clear, is_clear, patches, 2 },
	{ "insert", nothing, start_insert, is_in, inserts, 1 },
	{ "eject", put_in, start_eject, is_out, ejects, 1 },
};

/* One run; false when request k was never made. */
static bool
torture(const struct torture *t, const struct spoil *s, unsigned k)
{
	struct rig g;
	char row[64];
	bool reached_k;

	(void)str_format(row, sizeof(row), "%s/%s/%u", t->name, s->name, k);
	rig_open(&g, "generic");
	t->prepare(&g);
	g.fake.spoil_at = k;
	g.fake.spoil = s->wire;
	g.fake.spoil_status = s->status;
	RUN(&g, t->start(&g));
	reached_k = g.fake.requests >= k;
	g.fake.spoil_at = 0;
	CHECK_ROW(g.r.requests <= 96, row);
	CHECK_ROW(world_now_us(g.w) < 8 * LOOP_MIN, row);
	CHECK_ROW(t->happened(&g) <= t->most, row);
	/* success is never claimed for what is not so; of a reset it only
	 * means "accepted", and the state beside it tells */
	CHECK_ROW(g.r.cause != RF_CAUSE_NONE || t->reached(&g) ||
		      (t->happened == resets &&
			  redfish_state(g.rf)->power == RF_POWER_OFF),
	    row);
	CHECK_ROW(g.r.cause == RF_CAUSE_NONE || g.r.err.msg[0] != '\0', row);
	CHECK_ROW(g.r.cause != RF_CAUSE_INTERNAL, row);
	/* a write whose fate is unknown is not called undone */
	CHECK_ROW(g.r.cause == RF_CAUSE_NONE || g.r.maybe_executed ||
		      t->happened(&g) == 0,
	    row);
	if (g.r.cause == RF_CAUSE_AUTH) /* 401 once: the hold is on */
		rig_sleep(&g, 11 * LOOP_MIN);
	OK(&g, redfish_read(g.rf, RF_READ_BOOT | RF_READ_MEDIA, rig_done, &g));
	if (!t->reached(&g)) {
		OK(&g, t->start(&g));
		CHECK_ROW(t->reached(&g), row);
	}
	CHECK_ROW(t->happened(&g) <= t->most + 1, row);
	OK(&g, redfish_close(g.rf, rig_done, &g));
	/* a session whose answer was lost is beyond anyone's reach */
	CHECK_ROW(g.fake.sessions == 0 || k == 2, row);
	CHECK_ROW(g.fake.sessions <= 1, row);
	CHECK_ROW(g.fake.login_failures == 0, row);
	rig_close(&g);
	return reached_k;
}

static void
torture_all(const struct torture *t)
{
	size_t s;
	unsigned k, most = 0;

	for (s = 0; s < sizeof(spoils) / sizeof(spoils[0]); s++) {
		for (k = 1; torture(t, &spoils[s], k); k++)
			;
		if (k > most)
			most = k;
	}
	CU_ASSERT(most > 5); /* it did spoil something */
}

#define TORTURE(i, f) \
	static void f(void) \
	{ \
		torture_all(&ops[i]); \
	}
TORTURE(0, reading_survives_any_spoilt_request)
TORTURE(1, power_on_survives_any_spoilt_request)
TORTURE(2, a_restart_happens_at_most_once)
TORTURE(3, arming_survives_any_spoilt_request)
TORTURE(4, clearing_survives_any_spoilt_request)
TORTURE(5, inserting_survives_any_spoilt_request)
TORTURE(6, ejecting_survives_any_spoilt_request)

/* ---- refusals by chance ------------------------------------------------------------ */

/* Three in ten requests are refused in words of the registry, or done and then
 * answered 500: whatever the order, the rules hold. */
static bool
refuses_by_chance(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	static const int statuses[] = { 400, 400, 403, 404, 405, 409, 412, 415,
		428, 429, 500, 501, 503 };
	static const char *const ids[] = { "PropertyMissing",
		"PropertyNotWritable", "PropertyUnknown",
		"PropertyValueNotInList", "ActionParameterMissing",
		"ActionParameterNotSupported", "ServiceTemporarilyUnavailable",
		"ResourceInUse", "GeneralError", "InternalError",
		"OperationSupportedInFutureStateURI" };
	static const char *const args[] = { "BootSourceOverrideMode",
		"BootSourceOverrideEnabled", "BootSourceOverrideTarget", "Boot",
		"TransferProtocolType", "Inserted", "UserName", "Image",
		"ResetType" };
	struct rng *r = b->arg;
	uint64_t status, id, arg;

	(void)body;
	if (rng_below(r, 10) < 7)
		return false;
	if (!str_eq(method, "GET") && strstr(path, "/Actions/") &&
	    rng_below(r, 4) == 0) {
		a->after = true;
		return fake_refuse(a, 500, "InternalError", NULL, NULL);
	}
	status = rng_below(r, sizeof(statuses) / sizeof(statuses[0]));
	id = rng_below(r, sizeof(ids) / sizeof(ids[0]));
	arg = rng_below(r, sizeof(args) / sizeof(args[0]));
	return fake_refuse(a, statuses[status], ids[id], args[arg], NULL);
}

static unsigned
refused_by_chance(const struct torture *t, unsigned seed)
{
	struct rig g;
	struct rng r;
	char row[64];
	unsigned left = 0;

	(void)str_format(row, sizeof(row), "%s/seed %u", t->name, seed);
	rng_seed(&r, seed, t->name);
	rig_open(&g, "generic");
	t->prepare(&g);
	g.fake.arg = &r;
	g.fake.hook = refuses_by_chance;
	RUN(&g, t->start(&g));
	CHECK_ROW(g.r.requests <= 96, row);
	CHECK_ROW(t->happened != resets || g.fake.resets <= 1, row);
	CHECK_ROW(g.r.cause != RF_CAUSE_NONE || t->reached(&g), row);
	/* the BMC may have refused to let go of one */
	CHECK_ROW(g.fake.sessions <= 2, row);
	CHECK_ROW(g.fake.login_failures == 0, row);
	g.fake.hook = NULL;
	rig_sleep(&g, 15 * LOOP_MIN); /* a hold, a Basic spell */
	if (!t->reached(&g)) {
		OK(&g, t->start(&g));
		CHECK_ROW(t->reached(&g), row);
	}
	OK(&g, redfish_close(g.rf, rig_done, &g));
	/* of two that it would not let go only one is remembered */
	left += g.fake.sessions;
	CHECK_ROW(g.fake.sessions <= 1, row);
	rig_close(&g);
	return left;
}

static void
refusals_in_any_order_break_no_rule(void)
{
	unsigned seed, left = 0;
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		for (seed = 1; seed <= 150; seed++)
			left += refused_by_chance(&ops[i], seed);
	CU_ASSERT(left <= 5); /* of 1050 runs */
}

/* ---- hostile answers ------------------------------------------------------------- */

static bool
hostile_system(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)method;
	(void)body;
	if (!str_has_suffix(path, "/system-1"))
		return false;
	a->status = 200;
	(void)str_copy(a->body, sizeof(a->body), b->arg);
	return true;
}

static void
wrong_types_and_nulls_are_unknown_not_fatal(void)
{
	static const char *const bodies[] = {
		"{\"@odata.id\":7,\"PowerState\":1,\"UUID\":[],\"Boot\":\"x\","
		"\"Actions\":{\"#ComputerSystem.Reset\":[]},\"Status\":3}",
		"{\"PowerState\":null,\"Boot\":null,\"Links\":null,"
		"\"Actions\":null,\"Status\":null,\"BootProgress\":null}",
		"{\"Boot\":{\"BootSourceOverrideTarget\":{},"
		"\"BootSourceOverrideEnabled\":9},\"PowerState\":\"Reset\","
		"\"ProcessorSummary\":{\"Count\":\"2\"},\"MemorySummary\":"
		"{\"TotalSystemMemoryGiB\":-1e300}}",
		"{}",
	};
	struct rig g;
	size_t i;

	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		char copy[512];

		rig_open(&g, "generic");
		redfish_free(g.rf);
		g.rf = rig_client(&g, "http://10.0.0.2", "system-1");
		(void)str_copy(copy, sizeof(copy), bodies[i]);
		g.fake.arg = copy;
		g.fake.hook = hostile_system;
		RUN(&g, redfish_discover(g.rf, rig_done, &g));
		CHECK_ROW(
		    redfish_state(g.rf)->power == RF_POWER_UNKNOWN, bodies[i]);
		CHECK_ROW(!redfish_state(g.rf)->boot.armed, bodies[i]);
		CHECK_ROW(redfish_state(g.rf)->memory_mib == 0, bodies[i]);
		RUN(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
		CHECK_ROW(g.r.cause != RF_CAUSE_NONE, bodies[i]);
		CHECK_ROW(g.fake.resets == 0, bodies[i]);
		rig_close(&g);
	}
}

static bool
sends_elsewhere(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)method;
	(void)body;
	if (!str_has_suffix(path, b->arg))
		return false;
	a->status = 307;
	(void)str_copy(a->header[0], sizeof(a->header[0]),
	    "Location: http://10.6.6.6/redfish/v1/");
	return true;
}

static void
a_redirect_to_another_host_is_refused(void)
{
	static const char *const at[] = { "/redfish/v1/", "/Sessions",
		"/system-1" };
	struct rig g;
	size_t i;

	for (i = 0; i < 3; i++) {
		char copy[32];

		rig_open(&g, "generic");
		(void)str_copy(copy, sizeof(copy), at[i]);
		g.fake.arg = copy;
		g.fake.hook = sends_elsewhere;
		FAILS(&g, RF_CAUSE_PROTOCOL,
		    redfish_discover(g.rf, rig_done, &g));
		CHECK_ROW(strstr(g.r.err.msg, "another host") != NULL, at[i]);
		rig_close(&g);
	}
}

static bool
turns_in_circles(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)method;
	(void)body;
	if (!str_has_suffix(path, "/Systems"))
		return false;
	a->status = 308;
	(void)str_copy(a->header[0], sizeof(a->header[0]),
	    "Location: /redfish/v1/Systems");
	return true;
}

static void
redirects_in_a_circle_end_after_five(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = turns_in_circles;
	FAILS(&g, RF_CAUSE_PROTOCOL, redfish_discover(g.rf, rig_done, &g));
	CU_ASSERT(g.r.requests <= 8);
	rig_close(&g);
}

/* A million members, links in a cycle, foreign and null members. */
static void
collections_are_capped(void)
{
	struct rig g;
	cJSON *list, *ref;
	int i;

	rig_open(&g, "generic");
	list = json_child(
	    fake_bmc_at(&g.fake, "/redfish/v1/Systems/system-1/VirtualMedia"),
	    "Members");
	cJSON_AddItemToArray(list, cJSON_CreateNull());
	for (i = 0; i < 40; i++) {
		ref = cJSON_CreateObject();
		json_set_str(ref, "@odata.id",
		    i % 2 ? "http://10.6.6.6/x" : "//10.6.6.6/x");
		cJSON_AddItemToArray(list, ref);
	}
	json_set_str(
	    fake_bmc_at(&g.fake, "/redfish/v1/Systems/system-1/VirtualMedia"),
	    "Members@odata.nextLink",
	    "/redfish/v1/Systems/system-1/VirtualMedia");
	DISCOVER(&g);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->n_slots, 2);
	CU_ASSERT(g.r.requests < 20);
	rig_close(&g);
}

static bool
big_body(struct fake_bmc *b, const char *method, const char *path,
    const cJSON *body, struct fake_answer *a)
{
	(void)b;
	(void)method;
	(void)path;
	(void)body;
	a->status = 200;
	memset(a->body, '[', sizeof(a->body) - 1);
	a->body[sizeof(a->body) - 1] = '\0';
	return true;
}

static void
deep_json_is_refused_in_words(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.hook = big_body;
	RUN(&g, redfish_identify(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(g.r.cause, RF_CAUSE_PROTOCOL);
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.err.msg, "GET /redfish/v1/"));
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(reading_survives_any_spoilt_request),
	UNIT_CASE(power_on_survives_any_spoilt_request),
	UNIT_CASE(a_restart_happens_at_most_once),
	UNIT_CASE(arming_survives_any_spoilt_request),
	UNIT_CASE(clearing_survives_any_spoilt_request),
	UNIT_CASE(inserting_survives_any_spoilt_request),
	UNIT_CASE(ejecting_survives_any_spoilt_request),
	UNIT_CASE(refusals_in_any_order_break_no_rule),
	UNIT_CASE(wrong_types_and_nulls_are_unknown_not_fatal),
	UNIT_CASE(a_redirect_to_another_host_is_refused),
	UNIT_CASE(redirects_in_a_circle_end_after_five),
	UNIT_CASE(collections_are_capped),
	UNIT_CASE(deep_json_is_refused_in_words),
};

int
main(void)
{
	return UNIT_RUN("redfish_torture", cases);
}
