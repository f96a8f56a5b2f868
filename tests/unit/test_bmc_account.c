/* Accounts, roles, privileges, lockout of one account among others. */
#include <stdlib.h>

#include "common/str.h"
#include "tests/unit/bmc_rig.h"
#include "tests/unit/unit.h"

#define ACC "/redfish/v1/AccountService"
#define ACCOUNTS ACC "/Accounts"

static void
make(struct rig *g, const char *name, const char *role)
{
	char body[256];

	(void)str_format(body, sizeof(body),
	    "{\"UserName\":\"%s\",\"Password\":\"first-secret\","
	    "\"RoleId\":\"%s\"}",
	    name, role);
	CU_ASSERT_EQUAL(rig_call(g, "POST", ACCOUNTS, body), 201);
}

static void
as(struct rig *g, const char *name, const char *password)
{
	g->token[0] = '\0';
	g->user = name;
	g->password = password;
}

static void
as_root(struct rig *g)
{
	as(g, "root", "b7-sim-secret");
}

static void
an_account_is_made_used_changed_and_deleted(void)
{
	struct rig g;

	rig_open(&g, NULL);
	make(&g, "ann", "Operator");
	CHECK_TEXT(g.r.location, ACCOUNTS "/ann");
	CHECK_TEXT(rig_at(&g, "@odata.id"), ACCOUNTS "/ann");
	CHECK_TEXT(rig_at(&g, "RoleId"), "Operator");
	CHECK_TEXT(rig_at(&g, "Password"), "null");
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "2");
	as(&g, "ann", "first-secret");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	CU_ASSERT_TRUE(rig_login(&g));
	as_root(&g);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", ACCOUNTS "/ann", "{\"Enabled\":false}"), 200);
	/* a disabled account has no session any more, and no login */
	CU_ASSERT_EQUAL(rig_count(&g, "account changed"), 1);
	as(&g, "ann", "first-secret");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	as_root(&g);
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", ACCOUNTS "/ann", NULL), 204);
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS "/ann"), 404);
	rig_close(&g);
}

static void
what_cannot_be_an_account_is_refused(void)
{
	static const struct {
		const char *body;
		const char *message;
	} rows[] = {
		{ "{\"UserName\":\"x\",\"Password\":\"long-enough\"}",
		    "PropertyMissing" },
		{ "{\"UserName\":\"x\",\"Password\":\"short\","
		  "\"RoleId\":\"ReadOnly\"}",
		    "PropertyValueFormatError" },
		{ "{\"UserName\":\"a/b\",\"Password\":\"long-enough\","
		  "\"RoleId\":\"ReadOnly\"}",
		    "PropertyValueFormatError" },
		{ "{\"UserName\":\"root\",\"Password\":\"long-enough\","
		  "\"RoleId\":\"ReadOnly\"}",
		    "ResourceAlreadyExists" },
		{ "{\"UserName\":\"x\",\"Password\":\"long-enough\","
		  "\"RoleId\":\"King\"}",
		    "PropertyValueNotInList" },
		{ "{\"UserName\":\"x\",\"Password\":\"long-enough\","
		  "\"RoleId\":\"ReadOnly\",\"Hat\":1}",
		    "PropertyUnknown" },
		{ "{\"UserName\":7,\"Password\":\"long-enough\","
		  "\"RoleId\":\"ReadOnly\"}",
		    "PropertyValueTypeError" },
	};
	struct rig g;

	rig_open(&g, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(rig_call(&g, "POST", ACCOUNTS, rows[i].body) == 400,
		    rows[i].body);
		CHECK_TEXT(rig_message(&g), rows[i].message);
	}
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "1");
	/* the first account stays what it is */
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", ACCOUNTS "/root", NULL), 403);
	CHECK_TEXT(rig_message(&g), "ResourceCannotBeDeleted");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", ACCOUNTS "/root",
			    "{\"RoleId\":\"ReadOnly\"}"),
	    400);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", ACCOUNTS "/root", "{\"Enabled\":false}"),
	    400);
	rig_close(&g);
}

static void
accounts_have_a_limit(void)
{
	struct rig g;
	char name[16];

	rig_open(&g, NULL);
	for (int i = 0; i < 15; i++) {
		(void)str_format(name, sizeof(name), "u%d", i);
		make(&g, name, "ReadOnly");
	}
	CU_ASSERT_EQUAL(rig_call(&g, "POST", ACCOUNTS,
			    "{\"UserName\":\"more\",\"Password\":"
			    "\"long-enough\",\"RoleId\":\"ReadOnly\"}"),
	    400);
	CHECK_TEXT(rig_message(&g), "CreateLimitReachedForResource");
	rig_close(&g);
}

struct may {
	const char *method, *path, *body;
	int admin, operator, reader;
};

/* Bodies that are refused by the handler (400) show that the privilege was
 * there, and change nothing. */
static const struct may rights[] = {
	{ "GET", RIG_SYS, NULL, 200, 200, 200 },
	{ "PATCH", RIG_SYS, "{\"AssetTag\":\"t\"}", 200, 200, 403 },
	{ "POST", RIG_SYS "/Actions/ComputerSystem.Reset", "{}", 400, 400,
	    403 },
	{ "POST", RIG_CD "/Actions/VirtualMedia.InsertMedia", "{}", 400, 400,
	    403 },
	{ "POST", RIG_MGR "/Actions/Manager.Reset", "{\"ResetType\":\"no\"}",
	    400, 403, 403 },
	{ "PATCH", "/redfish/v1/SessionService", "{\"SessionTimeout\":1}", 400,
	    403, 403 },
	{ "GET", ACCOUNTS "/root", NULL, 200, 403, 403 },
	{ "PATCH", ACCOUNTS "/root", "{\"Password\":\"x\"}", 400, 403, 403 },
	{ "POST", ACCOUNTS, "{}", 400, 403, 403 },
	{ "GET", ACCOUNTS, NULL, 200, 200, 200 },
	{ "GET", ACC "/PrivilegeMap", NULL, 200, 200, 200 },
	{ "DELETE", ACCOUNTS "/root", NULL, 403, 403, 403 },
	/* what is not there is told to everybody who is logged in */
	{ "GET", "/redfish/v1/Nothing", NULL, 404, 404, 404 },
	{ "PUT", RIG_SYS, "{}", 405, 405, 405 },
};

static void
each_role_may_what_the_map_says(void)
{
	struct rig g;

	rig_open(&g, NULL);
	make(&g, "op", "Operator");
	make(&g, "ro", "ReadOnly");
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		const struct may *m = &rights[i];

		as_root(&g);
		(void)rig_call(&g, m->method, m->path, m->body);
		CHECK_ROW(g.r.status == m->admin, m->path);
		as(&g, "op", "first-secret");
		(void)rig_call(&g, m->method, m->path, m->body);
		CHECK_ROW(g.r.status == m->operator, m->path);
		if (m->operator== 403)
			CHECK_TEXT(rig_message(&g), "InsufficientPrivilege");
		as(&g, "ro", "first-secret");
		(void)rig_call(&g, m->method, m->path, m->body);
		CHECK_ROW(g.r.status == m->reader, m->path);
	}
	CU_ASSERT_EQUAL(rig_count(&g, "power-write"), 0);
	rig_close(&g);
}

static void
everybody_manages_his_own_password_and_sessions(void)
{
	struct rig g;
	char other[256];

	rig_open(&g, NULL);
	CU_ASSERT_TRUE(rig_login(&g));
	(void)str_copy(other, sizeof(other), g.r.location);
	as_root(&g);
	make(&g, "ro", "ReadOnly");
	as(&g, "ro", "first-secret");
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS "/ro"), 200);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", ACCOUNTS "/ro",
			    "{\"RoleId\":\"Administrator\"}"),
	    403);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", ACCOUNTS "/ro",
			    "{\"Password\":\"second-secret\"}"),
	    200);
	CHECK_TEXT(rig_at(&g, "RoleId"), "ReadOnly");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	as(&g, "ro", "second-secret");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	/* another's session is not his to see or to end */
	CU_ASSERT_EQUAL(rig_get(&g, other), 403);
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", other, NULL), 403);
	CU_ASSERT_TRUE(rig_login(&g));
	(void)str_copy(other, sizeof(other), g.r.location);
	CU_ASSERT_EQUAL(rig_get(&g, other), 200);
	CU_ASSERT_EQUAL(rig_call(&g, "DELETE", other, NULL), 204);
	rig_close(&g);
}

static void
one_account_is_locked_and_others_are_not(void)
{
	struct rig g;

	rig_open(&g, NULL);
	make(&g, "ann", "Operator");
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", ACC,
			    "{\"AccountLockoutThreshold\":2,"
			    "\"AccountLockoutDuration\":60}"),
	    200);
	CHECK_TEXT(rig_at(&g, "AccountLockoutDuration"), "60");
	as(&g, "ann", "wrong");
	for (int i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	as(&g, "ann", "first-secret");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 401);
	as_root(&g);
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS "/ann"), 200);
	CHECK_TEXT(rig_at(&g, "Locked"), "true");
	/* nobody can be locked by hand, but everybody be let in again */
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", ACCOUNTS "/ann", "{\"Locked\":true}"), 400);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", ACCOUNTS "/ann", "{\"Locked\":false}"), 200);
	as(&g, "ann", "first-secret");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	rig_close(&g);
}

static void
a_new_account_can_be_made_to_change_its_password(void)
{
	struct rig g;

	rig_open(&g, NULL);
	CU_ASSERT_EQUAL(rig_call(&g, "POST", ACCOUNTS,
			    "{\"UserName\":\"ann\",\"Password\":"
			    "\"first-secret\",\"RoleId\":\"Operator\","
			    "\"PasswordChangeRequired\":true}"),
	    201);
	as(&g, "ann", "first-secret");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 403);
	CHECK_TEXT(rig_message(&g), "PasswordChangeRequired");
	/* not even another account's page */
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS "/root"), 403);
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS "/ann"), 200);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", ACCOUNTS "/ann",
			    "{\"Password\":\"second-secret\"}"),
	    200);
	as(&g, "ann", "second-secret");
	CU_ASSERT_EQUAL(rig_get(&g, RIG_SYS), 200);
	rig_close(&g);
}

static void
a_bmc_with_slots_fills_them_by_patch(void)
{
	struct rig g;

	rig_profile(&g, "idrac9");
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS), 200);
	CHECK_TEXT(rig_at(&g, "Members@odata.count"), "16");
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS "/2"), 200);
	CHECK_TEXT(rig_at(&g, "UserName"), "root");
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS "/3"), 200);
	CHECK_TEXT(rig_at(&g, "UserName"), "");
	CHECK_TEXT(rig_at(&g, "Enabled"), "false");
	CU_ASSERT_EQUAL(rig_call(&g, "POST", ACCOUNTS,
			    "{\"UserName\":\"ann\",\"Password\":"
			    "\"first-secret\",\"RoleId\":\"Operator\"}"),
	    405);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", ACCOUNTS "/1",
			    "{\"UserName\":\"ann\",\"Password\":"
			    "\"first-secret\",\"RoleId\":\"Operator\"}"),
	    400);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", ACCOUNTS "/3", "{\"UserName\":\"ann\"}"),
	    400);
	CU_ASSERT_EQUAL(rig_call(&g, "PATCH", ACCOUNTS "/3",
			    "{\"UserName\":\"ann\",\"Password\":"
			    "\"first-secret\",\"RoleId\":\"Operator\","
			    "\"Enabled\":true}"),
	    200);
	as(&g, "ann", "first-secret");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems"), 200);
	as_root(&g);
	CU_ASSERT_EQUAL(
	    rig_call(&g, "PATCH", ACCOUNTS "/3", "{\"UserName\":\"\"}"), 204);
	as(&g, "ann", "first-secret");
	CU_ASSERT_EQUAL(rig_get(&g, "/redfish/v1/Systems"), 401);
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS "/17"), 401);
	as_root(&g);
	CU_ASSERT_EQUAL(rig_get(&g, ACCOUNTS "/17"), 404);
	rig_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(an_account_is_made_used_changed_and_deleted),
		UNIT_CASE(what_cannot_be_an_account_is_refused),
		UNIT_CASE(accounts_have_a_limit),
		UNIT_CASE(each_role_may_what_the_map_says),
		UNIT_CASE(everybody_manages_his_own_password_and_sessions),
		UNIT_CASE(one_account_is_locked_and_others_are_not),
		UNIT_CASE(a_new_account_can_be_made_to_change_its_password),
		UNIT_CASE(a_bmc_with_slots_fills_them_by_patch),
	};

	return UNIT_RUN("bmc account", cases);
}
