/* The client against a BMC that behaves: what is read, what is sent, how many
 * requests it takes, sessions, holds, the breaker. */
#include "agent/redfish/ring.h"
#include "tests/unit/redfish_rig.h"

#define SYS "/redfish/v1/Systems/system-1"
#define SESS "/redfish/v1/SessionService/Sessions"

struct permit {
	unsigned asked, left; /* so many more times it says yes */
};

static bool
permitted(void *arg, struct err *e)
{
	struct permit *p = arg;

	p->asked++;
	return p->left-- > 0 || err_set(e, ERR_SPEC, 0, "no lease");
}

/* Asked when a write is begun and when it leaves; reads and sessions are free. */
static void
no_write_leaves_without_permit(void)
{
	for (unsigned yes = 0; yes <= 2; yes++) {
		struct permit p = { 0, yes };
		struct redfish_opts o = { .key = "ns/host-1",
			.address = "http://10.0.0.2",
			.may_write = permitted,
			.may_write_arg = &p };
		struct err e;
		struct rig g;

		rig_open(&g, "generic");
		redfish_free(g.rf);
		o.credentials =
		    (struct redfish_credentials){ "root", &g.password, "v1" };
		g.rf = redfish_new(&g.env, &o, &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(g.rf);
		DISCOVER(&g);
		CU_ASSERT_EQUAL(g.r.err.kind, ERR_NONE);
		CU_ASSERT_EQUAL(p.asked, 0);
		RUN(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
		CU_ASSERT_EQUAL(p.asked, yes == 0 ? 1 : 2);
		CU_ASSERT_EQUAL(g.r.err.kind, yes == 2 ? ERR_NONE : ERR_SPEC);
		CU_ASSERT_FALSE(g.r.maybe_executed);
		CU_ASSERT_EQUAL(strstr(buf_str(&g.fake.log),
				    "ComputerSystem.Reset") != NULL,
		    yes == 2);
		if (yes < 2)
			CU_ASSERT_PTR_NOT_NULL(
			    strstr(g.r.err.msg, "not sent: no lease"));
		rig_close(&g);
	}
}

static void
discovery_follows_links_and_takes_seven_requests(void)
{
	struct rig g;

	rig_open(&g, "generic");
	DISCOVER(&g);
	CHECK_TEXT(buf_str(&g.fake.log), "GET /redfish/v1/\n"
					 "POST " SESS "\n"
					 "GET /redfish/v1/Systems\n"
					 "GET " SYS "\n"
					 "GET " SYS "/VirtualMedia\n"
					 "GET " SYS "/VirtualMedia/Usb\n"
					 "GET " SYS "/VirtualMedia/Cd\n");
	CU_ASSERT_EQUAL(g.r.requests, 7);
	CU_ASSERT_TRUE(redfish_discovered(g.rf));
	CU_ASSERT_EQUAL(g.fake.sessions, 1);
	rig_close(&g);
}

static void
reads_what_the_system_is_and_how_it_is(void)
{
	const struct redfish_state *st;
	struct rig g;

	rig_open(&g, "generic");
	DISCOVER(&g);
	st = redfish_state(g.rf);
	CHECK_TEXT(st->uuid, "38947555-7742-3448-3784-823347823834");
	CHECK_TEXT(st->serial, "SN0001");
	CHECK_TEXT(st->manufacturer, "Contoso");
	CHECK_TEXT(st->bios_version, "1.2.3");
	CU_ASSERT_EQUAL(st->power, RF_POWER_OFF);
	CU_ASSERT_EQUAL(st->progress, RF_PROGRESS_NONE);
	CU_ASSERT_EQUAL(st->health, RF_HEALTH_WARNING);
	CHECK_TEXT(
	    st->health_causes[0], "Warning: DIMM 3 reports correctable errors");
	CHECK_TEXT(st->health_causes[1], "MemorySummary: Warning");
	CU_ASSERT_PTR_NULL(st->health_causes[2]);
	CU_ASSERT_EQUAL(st->processors, 2);
	CU_ASSERT_EQUAL(st->cores, 32);
	CU_ASSERT_EQUAL(st->memory_mib, 196096);
	CU_ASSERT_EQUAL(st->n_slots, 2);
	CHECK_TEXT(st->slots[0].id, "Cd");
	CU_ASSERT_TRUE(st->slots[0].usable);
	CU_ASSERT_FALSE(st->slots[1].usable);
	CU_ASSERT_FALSE(st->boot.armed);
	CHECK_TEXT(st->boot.target, "None");
	CU_ASSERT_EQUAL(st->boot.mode, RF_MODE_UEFI);
	CU_ASSERT_TRUE(rig_quirks_are(&g, ""));
	rig_close(&g);
}

static void
inventory_walks_the_parts_once(void)
{
	struct rig g;

	rig_open(&g, "generic");
	READ(&g, RF_READ_SYSTEM | RF_READ_INVENTORY);
	CU_ASSERT_EQUAL(g.nics, 2);             /* a zero MAC is none */
	CHECK_TEXT(g.mac, "aa:bb:cc:00:00:02"); /* the permanent one */
	CU_ASSERT_EQUAL(g.drives, 1);           /* an empty bay is none */
	CHECK_TEXT(g.text, "x86-64|2.0.1|Contoso|1|2");
	CU_ASSERT(g.r.requests <= 22);
	rig_close(&g);
}

static void
steady_state_costs_one_conditional_get(void)
{
	struct rig g;

	rig_open(&g, "generic");
	DISCOVER(&g);
	rig_sleep(&g, LOOP_MIN);
	fake_bmc_forget_log(&g.fake);
	READ(&g, RF_READ_SYSTEM);
	CHECK_TEXT(buf_str(&g.fake.log), "GET " SYS "\n");
	CU_ASSERT_EQUAL(redfish_stats(g.rf)->not_modified, 1);
	CU_ASSERT(redfish_state(g.rf)->system_at_us > LOOP_MIN);
	json_set_str(fake_bmc_at(&g.fake, SYS), "PowerState", "On");
	READ(&g, RF_READ_SYSTEM);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_ON);
	CU_ASSERT_EQUAL(redfish_stats(g.rf)->logins, 1);
	rig_close(&g);
}

static void
an_etag_that_forgets_states_is_found_out(void)
{
	struct rig g;

	rig_open(&g, "generic");
	g.fake.etag = FAKE_ETAG_STUCK;
	DISCOVER(&g);
	json_set_str(fake_bmc_at(&g.fake, SYS), "PowerState", "On");
	READ(&g, RF_READ_SYSTEM);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_OFF); /* fooled */
	rig_sleep(&g, 6 * LOOP_MIN);
	READ(&g, RF_READ_SYSTEM);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_ON);
	CU_ASSERT_TRUE(rig_quirks_are(&g, "etag:stale"));
	json_set_str(fake_bmc_at(&g.fake, SYS), "PowerState", "Off");
	READ(&g, RF_READ_SYSTEM);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_OFF);
	rig_close(&g);
}

static void
a_whole_boot_and_release_in_counted_requests(void)
{
	struct rig g;
	const struct redfish_state *st;

	rig_open(&g, "generic");
	DISCOVER(&g);
	st = redfish_state(g.rf);
	fake_bmc_forget_log(&g.fake);
	OK(&g, redfish_insert(
		   g.rf, NULL, "http://10.0.0.1:8080/a.iso", rig_done, &g));
	CU_ASSERT_TRUE(st->slots[0].inserted);
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UNKNOWN, rig_done, &g));
	CU_ASSERT_TRUE(st->boot.armed && st->boot.cd);
	CU_ASSERT_EQUAL(st->boot.enabled, RF_OVERRIDE_ONCE);
	OK(&g, redfish_reset(g.rf, RF_RESET_ON, rig_done, &g));
	CU_ASSERT_EQUAL(st->power, RF_POWER_ON);
	CHECK_TEXT(buf_str(&g.fake.log),
	    "POST " SYS "/VirtualMedia/Cd/Actions/VirtualMedia.InsertMedia\n"
	    "GET " SYS "/VirtualMedia/Cd\n"
	    "PATCH " SYS "\n"
	    "GET " SYS "\n"
	    "POST " SYS "/Actions/ComputerSystem.Reset\n"
	    "GET " SYS "\n");
	CHECK_TEXT(buf_str(&g.fake.bodies),
	    "{\"Image\":\"http://10.0.0.1:8080/a.iso\"}\n"
	    "{\"Boot\":{\"BootSourceOverrideTarget\":\"Cd\","
	    "\"BootSourceOverrideEnabled\":\"Once\","
	    "\"BootSourceOverrideMode\":\"UEFI\"}}\n"
	    "{\"ResetType\":\"On\"}\n");
	fake_bmc_forget_log(&g.fake);
	rig_sleep(&g, LOOP_MIN);
	OK(&g, redfish_reset(g.rf, RF_RESET_FORCE_OFF, rig_done, &g));
	OK(&g, redfish_eject(g.rf, NULL, rig_done, &g));
	OK(&g, redfish_clear_boot(g.rf, rig_done, &g));
	CU_ASSERT_FALSE(st->slots[0].inserted);
	CU_ASSERT_FALSE(st->boot.armed);
	CHECK_TEXT(buf_str(&g.fake.log),
	    "GET " SYS "\n"
	    "POST " SYS "/Actions/ComputerSystem.Reset\n"
	    "GET " SYS "\n"
	    "GET " SYS "/VirtualMedia/Cd\n"
	    "POST " SYS "/VirtualMedia/Cd/Actions/VirtualMedia.EjectMedia\n"
	    "GET " SYS "/VirtualMedia/Cd\n"
	    "PATCH " SYS "\n"
	    "GET " SYS "\n");
	CU_ASSERT_EQUAL(g.fake.resets, 2);
	CU_ASSERT_EQUAL(redfish_stats(g.rf)->logins, 1);
	rig_close(&g);
}

static void
what_is_so_already_is_not_written(void)
{
	const char *url = "http://10.0.0.1/a.iso";
	struct rig g;

	rig_open(&g, "generic");
	OK(&g, redfish_reset(g.rf, RF_RESET_FORCE_OFF, rig_done, &g));
	CU_ASSERT_TRUE(g.r.already);
	OK(&g, redfish_eject(g.rf, NULL, rig_done, &g));
	CU_ASSERT_TRUE(g.r.already);
	OK(&g, redfish_clear_boot(g.rf, rig_done, &g));
	CU_ASSERT_TRUE(g.r.already);
	OK(&g, redfish_insert(g.rf, NULL, url, rig_done, &g));
	CU_ASSERT_FALSE(g.r.already);
	OK(&g, redfish_insert(g.rf, NULL, url, rig_done, &g));
	CU_ASSERT_TRUE(g.r.already);
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UEFI, rig_done, &g));
	OK(&g, redfish_set_boot_once_cd(g.rf, RF_MODE_UEFI, rig_done, &g));
	CU_ASSERT_TRUE(g.r.already);
	CU_ASSERT_EQUAL(g.fake.inserts, 1);
	CU_ASSERT_EQUAL(g.fake.patches, 1);
	CU_ASSERT_EQUAL(g.fake.resets, 0);
	rig_close(&g);
}

static void
media_of_others_are_not_touched_by_insert(void)
{
	struct rig g;
	cJSON *slot;

	rig_open(&g, "generic");
	slot = fake_bmc_at(&g.fake, SYS "/VirtualMedia/Cd");
	json_set_str(slot, "Image", "http://other/x.iso?token=abc");
	json_set_bool(slot, "Inserted", true);
	json_set_str(slot, "ConnectedVia", "URI");
	FAILS(&g, RF_CAUSE_OCCUPIED,
	    redfish_insert(g.rf, NULL, "http://10.0.0.1/a.iso", rig_done, &g));
	CU_ASSERT_EQUAL(g.fake.inserts + g.fake.ejects, 0);
	CU_ASSERT_PTR_NULL(strstr(g.r.err.msg, "token"));
	rig_close(&g);
}

/* ---- which system ------------------------------------------------------------------ */

static void
the_system_is_chosen_by_name_or_must_be_the_only_host(void)
{
	struct rig g;
	cJSON *other, *list;

	rig_open(&g, "generic");
	other = json_dup(fake_bmc_at(&g.fake, SYS));
	json_set_str(other, "@odata.id", "/redfish/v1/Systems/system-2");
	json_set_str(other, "Id", "system-2");
	json_set_str(other, "SerialNumber", "SN0002");
	json_set_str(other, "UUID", "11223344-5566-7788-99aa-bbccddeeff00");
	json_set(g.fake.tree, "/redfish/v1/Systems/system-2", other);
	list =
	    json_child(fake_bmc_at(&g.fake, "/redfish/v1/Systems"), "Members");
	other = cJSON_CreateObject();
	json_set_str(other, "@odata.id", "/redfish/v1/Systems/system-2");
	cJSON_AddItemToArray(list, other);
	FAILS(&g, RF_CAUSE_SPEC, redfish_discover(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(g.r.err.kind, ERR_SPEC);
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.err.msg, "system-1, system-2"));
	redfish_free(g.rf);
	g.rf = rig_client(&g, "http://10.0.0.2", "SN0002");
	DISCOVER(&g);
	CHECK_TEXT(redfish_state(g.rf)->serial, "SN0002");
	redfish_free(g.rf);
	g.rf = rig_client(&g, "http://10.0.0.2",
	    "44332211-6655-8877-99AA-BBCCDDEEFF00"); /* other byte order */
	DISCOVER(&g);
	CHECK_TEXT(redfish_state(g.rf)->serial, "SN0002");
	redfish_free(g.rf);
	g.rf =
	    rig_client(&g, "http://10.0.0.2/redfish/v1/Systems/system-1", NULL);
	DISCOVER(&g);
	CHECK_TEXT(redfish_state(g.rf)->serial, "SN0001");
	redfish_free(g.rf);
	g.rf = rig_client(&g, "http://10.0.0.2", "nobody");
	FAILS(&g, RF_CAUSE_SPEC, redfish_discover(g.rf, rig_done, &g));
	CU_ASSERT_PTR_NOT_NULL(strstr(g.r.err.msg, "nobody"));
	rig_close(&g);
}

static void
links_that_are_gone_are_discovered_anew(void)
{
	struct rig g;
	cJSON *system, *list;

	rig_open(&g, "generic");
	DISCOVER(&g);
	system = json_dup(fake_bmc_at(&g.fake, SYS));
	json_set_str(system, "@odata.id", "/redfish/v1/Systems/new");
	json_set_str(system, "PowerState", "On");
	json_set(g.fake.tree, "/redfish/v1/Systems/new", system);
	json_set(g.fake.tree, SYS, NULL);
	list =
	    json_child(fake_bmc_at(&g.fake, "/redfish/v1/Systems"), "Members");
	json_set_str(cJSON_GetArrayItem(list, 0), "@odata.id",
	    "/redfish/v1/Systems/new");
	READ(&g, RF_READ_SYSTEM);
	CU_ASSERT_EQUAL(redfish_state(g.rf)->power, RF_POWER_ON);
	rig_close(&g);
}

/* ---- breaker, cancel ------------------------------------------------------------------ */

static void
a_silent_bmc_opens_the_circuit_and_costs_nothing_more(void)
{
	struct net_rule dead = { .to = "bmc", .refuse_ppm = 1000000 };
	struct redfish_circuit_info c;
	struct rig g;
	int i, id;

	rig_open(&g, "generic");
	id = world_net_add(g.w, &dead);
	for (i = 0; i < 3; i++)
		FAILS(&g, RF_CAUSE_UNREACHABLE,
		    redfish_identify(g.rf, rig_done, &g));
	c = redfish_circuit(g.rf);
	CU_ASSERT_EQUAL(c.state, RF_CIRCUIT_OPEN);
	CU_ASSERT(c.next_try_us > loop_mono_us(g.agent));
	FAILS(&g, RF_CAUSE_CIRCUIT, redfish_identify(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(g.r.requests, 0);
	CU_ASSERT(g.r.retry_after_us > 0);
	rig_sleep(&g, 15 * LOOP_S);
	FAILS(&g, RF_CAUSE_UNREACHABLE,
	    redfish_identify(g.rf, rig_done, &g)); /* the probe */
	CU_ASSERT_EQUAL(redfish_circuit(g.rf).state, RF_CIRCUIT_OPEN);
	world_net_remove(g.w, id);
	rig_sleep(&g, LOOP_MIN);
	OK(&g, redfish_identify(g.rf, rig_done, &g));
	CU_ASSERT_EQUAL(redfish_circuit(g.rf).state, RF_CIRCUIT_CLOSED);
	rig_close(&g);
}

static void
cancel_and_free_are_silent_at_any_request(void)
{
	struct rig g;
	unsigned k;

	for (k = 1; k < 12; k++) {
		rig_open(&g, "generic");
		g.fake.spoil_at = k;
		g.fake.spoil = FAKE_HANG;
		g.done = false;
		redfish_read(g.rf, RF_READ_INVENTORY, rig_done, &g);
		rig_sleep(&g, 5 * LOOP_S);
		CU_ASSERT_FALSE(g.done);
		redfish_cancel(g.rf);
		CU_ASSERT_FALSE(redfish_busy(g.rf));
		rig_sleep(&g, LOOP_MIN);
		CU_ASSERT_FALSE(g.done);
		READ(&g, RF_READ_SYSTEM);
		redfish_read(g.rf, RF_READ_MEDIA, rig_done, &g);
		rig_close(&g); /* frees while busy */
	}
}

static void
in_done(void *arg, const struct redfish_reply *r)
{
	struct rig *g = arg;

	(void)r;
	redfish_free(g->rf);
	g->rf = NULL;
	g->done = true;
}

static void
the_client_may_be_freed_by_the_callback(void)
{
	struct rig g;

	rig_open(&g, "generic");
	RUN(&g, redfish_read(g.rf, RF_READ_INVENTORY, in_done, &g));
	CU_ASSERT_PTR_NULL(g.rf);
	rig_close(&g);
}

static void
exchanges_are_kept_without_secrets(void)
{
	struct rig g;
	struct buf b;
	unsigned lines = 0;
	size_t i;

	rig_open(&g, "generic");
	READ(&g, RF_READ_INVENTORY);
	OK(&g, redfish_insert(
		   g.rf, NULL, "http://10.0.0.1/tok3n/a.iso", rig_done, &g));
	buf_init(&b, 65536);
	redfish_dump(g.rf, &b);
	for (i = 0; i < b.n; i++)
		lines += b.p[i] == '\n';
	CU_ASSERT_EQUAL(lines, RF_RING_MAX);
	CU_ASSERT_PTR_NOT_NULL(strstr(buf_str(&b), "InsertMedia 204"));
	CU_ASSERT_PTR_NULL(strstr(buf_str(&b), "tok3n"));
	CU_ASSERT_PTR_NULL(strstr(buf_str(&g.lines), "tok3n"));
	buf_free(&b);
	rig_close(&g);
}

static const struct unit_case cases[] = {
	UNIT_CASE(no_write_leaves_without_permit),
	UNIT_CASE(discovery_follows_links_and_takes_seven_requests),
	UNIT_CASE(reads_what_the_system_is_and_how_it_is),
	UNIT_CASE(inventory_walks_the_parts_once),
	UNIT_CASE(steady_state_costs_one_conditional_get),
	UNIT_CASE(an_etag_that_forgets_states_is_found_out),
	UNIT_CASE(a_whole_boot_and_release_in_counted_requests),
	UNIT_CASE(what_is_so_already_is_not_written),
	UNIT_CASE(media_of_others_are_not_touched_by_insert),
	UNIT_CASE(the_system_is_chosen_by_name_or_must_be_the_only_host),
	UNIT_CASE(links_that_are_gone_are_discovered_anew),
	UNIT_CASE(a_silent_bmc_opens_the_circuit_and_costs_nothing_more),
	UNIT_CASE(cancel_and_free_are_silent_at_any_request),
	UNIT_CASE(the_client_may_be_freed_by_the_callback),
	UNIT_CASE(exchanges_are_kept_without_secrets),
};

int
main(void)
{
	return UNIT_RUN("redfish_client", cases);
}
