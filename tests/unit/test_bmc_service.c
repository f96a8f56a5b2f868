/* Sessions, credentials, preconditions, errors, tasks, inventory. */
#include <stdlib.h>

#include "common/json.h"
#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define SESSIONS "/redfish/v1/SessionService/Sessions"
#define ROOT "/redfish/v1/"

static void
what_is_open_needs_no_login_and_nothing_else_does_not(void)
{
	static const char *const open[] = { "/redfish", ROOT, "/redfish/v1",
		"/redfish/v1/odata", "/redfish/v1/$metadata" };
	static const char *const closed[] = { "/redfish/v1/Systems", RIG_SYS,
		"/redfish/v1/nothing", SESSIONS, "/", "/redfish/v2" };
	struct rig g;

	rig_open(&g, NULL);
	g.user = NULL;
	for (size_t i = 0; i < 5; i++)
		CHECK_ROW(rig_get(&g, open[i]) == 200, open[i]);
	for (size_t i = 0; i < 6; i++) {
		CHECK_ROW(rig_get(&g, closed[i]) == 401, closed[i]);
		CHECK_TEXT(g.r.auth, "Basic realm=\"Redfish\"");
	}
	/* not even the method is told to strangers */
	CU_ASSERT_EQUAL(
	    rig_call(&g, "DELETE", "/redfish/v1/Systems", NULL), 401);
	rig_close(&g);
}

static void
a_session_opens_works_and_closes(void)
{
	struct rig g;
	char session[256];

	rig_open(&g, NULL);
	CU_ASSERT_TRUE(rig_login(&g));
	CU_ASSERT_EQUAL(g.r.status, 201);
	CHECK_ROW(str_has_prefix(g.r.location, SESSIONS "/"), g.r.location);
	CHECK_TEXT(rig_at(&g, "@odata.id"), g.r.location);
	CHECK_TEXT(rig_at(&g, "Password"), "null");
	(void)str_copy(session, sizeof(session), g.r.location);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_EQUAL(rig_get(&g, SESSIONS), 200);
	CHECK_TEXT(rig_at(&g, "Members/0/@odata.id"), session);
	CU_ASSERT_EQUAL(rig_snap(&g).sessions, 1);
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", session, NULL), 204);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	CU_ASSERT_EQUAL(rig_snap(&g).sessions, 0);
	CU_ASSERT_EQUAL(rig_count(&g, "session-closed"), 1);
	rig_close(&g);
}

static void
an_idle_session_expires(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_TRUE(rig_login(&g));
	rig_run(&g, 1700 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200); /* used: starts again */
	rig_run(&g, 1700 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	rig_run(&g, 1801 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	CU_ASSERT_EQUAL(rig_count(&g, "expired"), 1);
	/* and the timeout can be set */
	CU_ASSERT_TRUE(rig_login(&g));
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", "/redfish/v1/SessionService",
			    "{\"SessionTimeout\": 30}"),
	    200);
	rig_run(&g, 31 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	rig_close(&g);
}

static void
sessions_have_a_limit(void)
{
	struct rig g;

	rig_profile(&g, "idrac9");
	for (int i = 0; i < 8; i++)
		CU_ASSERT_TRUE(rig_login(&g));
	CU_ASSERT_FALSE(rig_login(&g));
	CU_ASSERT_EQUAL(g.r.status, 503);
	CHECK_TEXT(rig_message(&g), "RAC0218");
	rig_close(&g);
}

static void
wrong_passwords_are_counted_and_lock_some(void)
{
	struct rig g;

	rig_profile(&g, "supermicro-x12");
	g.password = "wrong";
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems"), 401);
	g.password = "b7-sim-secret";
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems"), 401);
	CU_ASSERT_EQUAL(rig_count(&g, "login-failed locked"), 1);
	CU_ASSERT_EQUAL(rig_snap(&g).login_failures, 4);
	rig_run(&g, 31 * 1000);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems"), 200);
	rig_close(&g);
}

static void
a_password_that_must_be_changed_allows_nothing_else(void)
{
	struct rig g;

	rig_open(&g, NULL);
	(void)rig_control(
	    &g, "POST", "/bmcs/bmc-000/password", "{\"changeRequired\": true}");
	CU_ASSERT_TRUE(rig_login(&g));
	CHECK_ROW(strstr(rig_at(&g, "@Message.ExtendedInfo/0/MessageId"),
		      "PasswordChangeRequired") != NULL,
	    "login says so");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 403);
	CHECK_TEXT(rig_message(&g), "PasswordChangeRequired");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", "/redfish/v1/AccountService/Accounts/root",
		"{\"Password\": \"another-secret\"}"),
	    200);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	g.token[0] = '\0';
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	g.password = "another-secret";
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	rig_close(&g);
}

/* ---- errors ------------------------------------------------------------- */

struct bad {
	const char *method, *path, *body;
	int status;
	const char *message;
};

static void
bad_requests_get_the_registrys_words(void)
{
	static const struct bad rows[] = {
		{ "GET", "/redfish/v1/Systems/other", NULL, 404,
		    "ResourceMissingAtURI" },
		{ "POST", "/redfish/v1/Systems", "{}", 405,
		    "OperationNotAllowed" },
		{ "PUT", RIG_SYS, "{}", 405, "OperationNotAllowed" },
		{ "PATCH", RIG_SYS, "{\"Boot\":", 400, "MalformedJSON" },
		{ "PATCH", RIG_SYS, "[1]", 400, "MalformedJSON" },
		{ "PATCH", RIG_SYS, "{}", 400, "EmptyJSON" },
		{ "PATCH", RIG_SYS, "{\"Nonsense\":1}", 400,
		    "PropertyUnknown" },
		{ "PATCH", RIG_SYS, "{\"PowerState\":\"On\"}", 400,
		    "PropertyNotWritable" },
		{ "PATCH", RIG_SYS, "{\"AssetTag\":7}", 400,
		    "PropertyValueTypeError" },
		{ "PATCH", RIG_SYS,
		    "{\"Boot\":{\"BootSourceOverrideTarget\":\"Tape\"}}", 400,
		    "PropertyValueNotInList" },
		{ "PATCH", RIG_SYS, "{\"@odata.id\":\"x\"}", 400,
		    "NoOperation" },
		{ "POST", RIG_SYS "/Actions/ComputerSystem.Reset", NULL, 400,
		    "ActionParameterMissing" },
		{ "POST", RIG_SYS "/Actions/ComputerSystem.Reset",
		    "{\"ResetType\":5}", 400, "ActionParameterValueTypeError" },
		{ "POST", RIG_SYS "/Actions/ComputerSystem.Reset",
		    "{\"ResetType\":\"On\",\"X\":1}", 400,
		    "ActionParameterUnknown" },
		{ "POST", RIG_SYS "/Actions/ComputerSystem.Fly", "{}", 404,
		    "ActionNotSupported" },
		{ "POST", RIG_CD "/Actions/VirtualMedia.InsertMedia", "{}", 400,
		    "ActionParameterMissing" },
		{ "POST", RIG_CD "/Actions/VirtualMedia.InsertMedia",
		    "{\"Image\":\"ftp://x/y.iso\"}", 400,
		    "ActionParameterValueFormatError" },
		{ "GET", RIG_SYS "?$filter=x", NULL, 501, "QueryNotSupported" },
		{ "POST", SESSIONS, "{\"UserName\":\"root\"}", 400,
		    "PropertyMissing" },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bad *b = &rows[i];

		(void)rig_call(&g, b->method, b->path, b->body);
		CHECK_ROW(g.r.status == b->status, b->message);
		CHECK_TEXT(rig_message(&g), b->message);
	}
	CU_ASSERT_EQUAL(rig_count(&g, "power-write"), 0);
	rig_close(&g);
}

static void
a_patch_that_is_half_good_is_done_with_a_warning(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", RIG_SYS,
			    "{\"AssetTag\":\"rack-7\",\"Nonsense\":1}"),
	    200);
	CHECK_TEXT(rig_at(&g, "AssetTag"), "rack-7");
	CHECK_ROW(strstr(rig_at(&g, "@Message.ExtendedInfo/0/MessageId"),
		      "PropertyUnknown") != NULL,
	    "warning");
	rig_close(&g);
}

static void
if_match_guards_writes(void)
{
	struct rig g;

	rig_open(&g, NULL);
	(void)rig_get(&g, RIG_SYS);
	CU_ASSERT_TRUE(g.r.etag[0] == '"');
	(void)str_copy(g.if_match, sizeof(g.if_match), g.r.etag);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", RIG_SYS, "{\"AssetTag\":\"one\"}"), 200);
	/* the tag is old now */
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", RIG_SYS, "{\"AssetTag\":\"two\"}"), 412);
	CHECK_TEXT(rig_message(&g), "PreconditionFailed");
	(void)str_copy(g.if_match, sizeof(g.if_match), "*");
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", RIG_SYS, "{\"AssetTag\":\"two\"}"), 200);
	rig_close(&g);
}

static void
a_clock_does_not_change_an_etag(void)
{
	struct rig g;
	char tag[80];

	rig_open(&g, NULL);
	(void)rig_get(&g, RIG_MGR);
	(void)str_copy(tag, sizeof(tag), g.r.etag);
	rig_run(&g, 5000);
	(void)rig_get(&g, RIG_MGR);
	CHECK_TEXT(g.r.etag, tag);
	rig_close(&g);
}

static void
the_tag_in_a_body_is_that_of_its_header(void)
{
	static const char *const uris[] = { RIG_SYS, RIG_MGR,
		"/redfish/v1/Systems" };
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		(void)rig_get(&g, uris[i]);
		CHECK_TEXT(rig_at(&g, "@odata.etag"), g.r.etag);
	}
	rig_close(&g);
}

static void
head_is_a_get_without_a_body(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_call(&g, "HEAD", RIG_SYS, NULL), 200);
	CU_ASSERT_EQUAL(g.r.text_n, 0);
	CU_ASSERT_TRUE(g.r.etag[0] == '"');
	CHECK_TEXT(g.r.allow, "GET, HEAD, PATCH");
	CHECK_ROW(
	    strstr(g.r.link, "ComputerSystem.v1_22_0.json") != NULL, g.r.link);
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS "/"), 200);
	rig_close(&g);
}

static void
slow_actions_are_tasks_where_the_vendor_says_so(void)
{
	static const char insert[] = "/redfish/v1/Managers/1/VirtualMedia/"
				     "VirtualMedia1/Actions/"
				     "VirtualMedia.InsertMedia";
	struct rig g;
	char monitor[256];

	rig_profile(&g, "supermicro-x12");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", insert,
			    "{\"Image\":\"" RIG_ORIGIN "/live.iso\"}"),
	    202);
	CHECK_TEXT(rig_at(&g, "TaskState"), "Running");
	(void)str_copy(monitor, sizeof(monitor), g.r.location);
	CU_ASSERT_EQUAL(rig_get(&g, monitor), 202);
	rig_run(&g, 2000);
	CU_ASSERT_EQUAL(rig_get(&g, monitor), 200);
	CHECK_TEXT(rig_at(&g, "TaskState"), "Completed");
	CU_ASSERT_TRUE(rig_snap(&g).media_inserted);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/TaskService/Tasks/1"), 200);
	CHECK_TEXT(rig_at(&g, "TaskState"), "Completed");
	/* one that fails says why */
	CU_ASSERT_EQUAL(
	    rig_call(&g, "POST",
		"/redfish/v1/Managers/1/VirtualMedia/VirtualMedia2/Actions/"
		"VirtualMedia.InsertMedia",
		"{\"Image\":\"" RIG_ORIGIN "/missing.iso\"}"),
	    202);
	rig_run(&g, 2000);
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/TaskService/Tasks/2"), 200);
	CHECK_TEXT(rig_at(&g, "TaskState"), "Exception");
	CHECK_ROW(
	    strstr(rig_at(&g, "Messages/0/Message"), "404") != NULL, "message");
	CU_ASSERT_EQUAL(
	    rig_get(&g, "/redfish/v1/TaskService/TaskMonitors/2"), 400);
	rig_close(&g);
}

/* ---- a crawl ------------------------------------------------------------ */

#define CRAWL_MAX 300
struct crawl {
	char *seen[CRAWL_MAX];
	char *types[CRAWL_MAX]; /* each @odata.type that was met */
	size_t n, n_types;
};

static void
note(char **list, size_t *n, const char *text)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(list[i], text))
			return;
	if (*n < CRAWL_MAX)
		list[(*n)++] = strdup(text);
}

static void
collect(struct crawl *c, const cJSON *j)
{
	const cJSON *v;

	cJSON_ArrayForEach (v, j) {
		const char *key = cJSON_IsString(v) ? v->string : NULL;

		/* what is inside of a resource is not asked for by itself */
		if (key && str_eq(key, "@odata.id") &&
		    !strchr(v->valuestring, '#'))
			note(c->seen, &c->n, v->valuestring);
		if (key && str_eq(key, "@odata.type"))
			note(c->types, &c->n_types, v->valuestring);
		collect(c, v);
	}
}

/* "#Chassis.v1_25_0.Chassis" is known by "Chassis.v1_25_0", and a type
 * without a version, "#ChassisCollection.ChassisCollection", by its name. */
static void
metadata_names_types(struct rig *g, const struct crawl *c)
{
	char name[160];

	CU_ASSERT_EQUAL(rig_get(g, ROOT "$metadata"), 200);
	for (size_t i = 0; i < c->n_types; i++) {
		const char *end = strrchr(c->types[i], '.');

		(void)str_format(name, sizeof(name),
		    "<edmx:Include Namespace=\"%.*s\"/>",
		    (int)(end ? end - c->types[i] - 1 : 0), c->types[i] + 1);
		CHECK_ROW(strstr(g->r.text, name) != NULL, name);
	}
}

static void
crawl_profile(const char *profile)
{
	struct crawl c = { .n = 1 };
	struct rig g;

	rig_profile(&g, profile);
	/* sushy-tools has no sessions: Basic */
	CHECK_ROW(rig_login(&g) == !str_eq(profile, "sushy-tools"), profile);
	c.seen[0] = strdup(ROOT);
	for (size_t i = 0; i < c.n; i++) {
		char row[300];

		(void)str_format(row, sizeof(row), "%s %s", profile, c.seen[i]);
		CHECK_ROW(rig_get(&g, c.seen[i]) == 200, row);
		CHECK_ROW(str_eq(rig_at(&g, "@odata.id"), c.seen[i]), row);
		CHECK_ROW(*rig_at(&g, "@odata.type") == '#', row);
		CHECK_ROW(*rig_at(&g, "Name") != '\0', row);
		collect(&c, g.r.json);
	}
	CHECK_ROW(c.n > 30 && c.n < CRAWL_MAX, profile);
	metadata_names_types(&g, &c);
	for (size_t i = 0; i < c.n; i++)
		free(c.seen[i]);
	for (size_t i = 0; i < c.n_types; i++)
		free(c.types[i]);
	rig_close(&g);
}

static void
every_link_that_is_shown_resolves(void)
{
	static const char *const profiles[] = { "generic", "idrac9", "idrac10",
		"ilo5", "supermicro-x12", "lenovo-xcc2", "ami-megarac",
		"openbmc", "irmc", "sushy-tools", "ilo6", "supermicro-x11",
		"lenovo-xcc", "lenovo-xcc3", "nvidia", "cimc", "ibmc" };

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		crawl_profile(profiles[i]);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "what is open needs no login, and nothing else does not",
		    what_is_open_needs_no_login_and_nothing_else_does_not },
		{ "a session opens, works and closes",
		    a_session_opens_works_and_closes },
		{ "an idle session expires", an_idle_session_expires },
		{ "sessions have a limit", sessions_have_a_limit },
		{ "wrong passwords are counted and lock some",
		    wrong_passwords_are_counted_and_lock_some },
		{ "a password that must be changed allows nothing else",
		    a_password_that_must_be_changed_allows_nothing_else },
		{ "bad requests get the registry's words",
		    bad_requests_get_the_registrys_words },
		{ "a patch that is half good is done with a warning",
		    a_patch_that_is_half_good_is_done_with_a_warning },
		{ "If-Match guards writes", if_match_guards_writes },
		{ "the tag in a body is that of its header",
		    the_tag_in_a_body_is_that_of_its_header },
		{ "a clock does not change an ETag",
		    a_clock_does_not_change_an_etag },
		{ "HEAD is a GET without a body",
		    head_is_a_get_without_a_body },
		{ "slow actions are tasks where the vendor says so",
		    slow_actions_are_tasks_where_the_vendor_says_so },
		{ "every link that is shown resolves",
		    every_link_that_is_shown_resolves },
	};

	return UNIT_RUN("bmc service", cases);
}
