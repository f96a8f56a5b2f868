/* AccountService: accounts and roles, read and written. */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/privilege.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/session.h"
#include "sim/bmc/view.h"

#define ACC V1 "/AccountService"
#define PASSWORD_MIN 8
#define PASSWORD_MAX 72
#define LOCKOUT_S_MAX 86400

/* ---- the service -------------------------------------------------------- */

static void
view_service(struct request *rq, struct jw *w)
{
	const struct bmc *b = rq->b;

	view_names(w, "AccountService", "Account Service");
	jw_b(w, "ServiceEnabled", true);
	jw_i(w, "MinPasswordLength", PASSWORD_MIN);
	jw_i(w, "MaxPasswordLength", PASSWORD_MAX);
	jw_i(w, "AccountLockoutThreshold", b->lockout_after);
	jw_i(w, "AccountLockoutDuration", b->lockout_after ? b->lockout_s : 0);
	jw_i(w, "AccountLockoutCounterResetAfter",
	    b->lockout_after ? b->lockout_s : 0);
	jw_s(w, "HTTPBasicAuth", rq->p->basic ? "Enabled" : "Disabled");
	jw_s(w, "LocalAccountAuth", "Enabled");
	jw_list(w, "SupportedAccountTypes");
	jw_s(w, NULL, "Redfish");
	jw_end(w);
	jw_ref(w, "Accounts", ACC "/Accounts");
	jw_ref(w, "Roles", ACC "/Roles");
	if (rq->p->services & SERVICE_PRIVILEGES)
		jw_ref(w, "PrivilegeMap", ACC "/PrivilegeMap");
	view_status(w, false);
}

struct lockout_stage {
	int64_t after, seconds;
};

static bool
set_threshold(struct request *rq, const cJSON *v)
{
	struct lockout_stage *s = rq->stage;

	return patch_int(rq, "AccountLockoutThreshold", v, 0, 100, &s->after);
}

static bool
set_duration(struct request *rq, const cJSON *v)
{
	struct lockout_stage *s = rq->stage;

	return patch_int(
	    rq, "AccountLockoutDuration", v, 1, LOCKOUT_S_MAX, &s->seconds);
}

static bool
commit_lockout(struct request *rq)
{
	const struct lockout_stage *s = rq->stage;

	if (rq->dry)
		return true;
	rq->b->lockout_after = s->after;
	rq->b->lockout_s = s->seconds;
	return true;
}

static const struct patch_row service_rows[] = {
	{ "AccountLockoutThreshold", set_threshold, false },
	{ "AccountLockoutDuration", set_duration, false },
};
static const struct patch_def service_def = { service_rows, 2, commit_lockout };

static void
patch_service(struct request *rq)
{
	struct lockout_stage s = { rq->b->lockout_after, rq->b->lockout_s };

	patch_run(rq, &service_def, &s);
}

/* ---- accounts ----------------------------------------------------------- */

static bool
has_slots(const struct request *rq)
{
	return rq->p->accounts == ACCOUNTS_SLOTS;
}

static void
view_accounts(struct request *rq, struct jw *w)
{
	const struct account *a;
	char id[ACCOUNT_ID];
	long n = 0;

	view_members(w, "Accounts");
	if (has_slots(rq)) {
		for (n = 0; n < rq->p->accounts_max; n++)
			jw_ref(w, NULL, ACC "/Accounts/%ld", n + 1);
	} else {
		for (a = &rq->b->root; a; a = a->next, n++) {
			account_id(rq->b, a, id);
			jw_ref(w, NULL, ACC "/Accounts/%s", id);
		}
	}
	view_members_end(w, n);
}

static struct account *
account_of(struct request *rq)
{
	return account_by_id(rq->b, rq->arg[0]);
}

/* 1-based; 0 = it is no slot. */
static unsigned
slot_of(const struct request *rq)
{
	return has_slots(rq) ? view_number(rq, 0, "", (long)rq->p->accounts_max)
			     : 0;
}

static bool
exists_account(struct request *rq)
{
	return account_of(rq) || slot_of(rq);
}

static void
view_account(struct request *rq, struct jw *w)
{
	static const struct account empty = { .role = ROLE_READ_ONLY,
		.disabled = true };
	const struct account *a = account_of(rq);

	if (!a)
		a = &empty; /* a slot that nobody uses */
	view_names(w, rq->arg[0], "User Account");
	jw_s(w, "UserName", a->name ? a->name : "");
	jw_null(w, "Password");
	jw_s(w, "RoleId", role_name(a->role));
	jw_b(w, "Enabled", !a->disabled);
	jw_b(w, "Locked", account_locked(rq->b, a));
	jw_b(w, "PasswordChangeRequired", a->must_change);
	jw_list(w, "AccountTypes");
	jw_s(w, NULL, "Redfish");
	jw_end(w);
	jw_open(w, "Links");
	jw_ref(w, "Role", ACC "/Roles/%s", role_name(a->role));
	jw_close(w);
}

struct account_stage {
	char name[ACCOUNT_NAME];
	struct secret password;
	int role;
	bool enabled, must_change, unlock;
};

static bool
name_fits(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n > 0 && s[n] == '\0';
}

/* Whoever has only ConfigureSelf may change nothing but the password. */
static bool
manages(struct request *rq, const char *path)
{
	if (rq->privileges & PRIV_USERS)
		return true;
	request_say(rq, REF_PRIVILEGE, path, NULL, NULL, NULL);
	return false;
}

static bool
set_name(struct request *rq, const cJSON *v)
{
	struct account_stage *s = rq->stage;
	char name[ACCOUNT_NAME];

	if (!manages(rq, "UserName") ||
	    !patch_str(rq, "UserName", v, name, sizeof(name)))
		return false;
	if (!name_fits(name)) {
		request_say(rq, REF_PROPERTY_FORMAT, "UserName", name,
		    "UserName", NULL);
		return false;
	}
	if (account_get(rq->b, name) && !str_eq(name, s->name)) {
		request_say(rq, REF_ALREADY_EXISTS, "UserName",
		    "ManagerAccount", "UserName", name);
		return false;
	}
	return str_copy(s->name, sizeof(s->name), name);
}

static bool
set_password(struct request *rq, const cJSON *v)
{
	struct account_stage *s = rq->stage;
	size_t n = cJSON_IsString(v) ? strlen(v->valuestring) : 0;

	if (!cJSON_IsString(v)) {
		request_say(rq, REF_PROPERTY_TYPE, "Password", "(not shown)",
		    "Password", NULL);
		return false;
	}
	if (n < PASSWORD_MIN || n > PASSWORD_MAX) {
		request_say(rq, REF_PROPERTY_FORMAT, "Password", "(not shown)",
		    "Password", NULL);
		return false;
	}
	secret_set(&s->password, v->valuestring, n);
	return true;
}

static bool
set_role(struct request *rq, const cJSON *v)
{
	static const char *const names[] = { "Administrator", "Operator",
		"ReadOnly", NULL };
	struct account_stage *s = rq->stage;

	return manages(rq, "RoleId") &&
	       patch_enum(rq, "RoleId", v, names, &s->role);
}

static bool
set_enabled(struct request *rq, const cJSON *v)
{
	struct account_stage *s = rq->stage;

	return manages(rq, "Enabled") &&
	       patch_bool(rq, "Enabled", v, &s->enabled);
}

static bool
set_must_change(struct request *rq, const cJSON *v)
{
	struct account_stage *s = rq->stage;

	return manages(rq, "PasswordChangeRequired") &&
	       patch_bool(rq, "PasswordChangeRequired", v, &s->must_change);
}

/* Only a lock can be taken away, none put on (DSP2046, ManagerAccount). */
static bool
set_locked(struct request *rq, const cJSON *v)
{
	struct account_stage *s = rq->stage;
	bool locked;

	if (!manages(rq, "Locked") || !patch_bool(rq, "Locked", v, &locked))
		return false;
	if (locked) {
		request_say(
		    rq, REF_PROPERTY_VALUE, "Locked", "true", "Locked", NULL);
		return false;
	}
	s->unlock = true;
	return true;
}

static bool
set_types(struct request *rq, const cJSON *v)
{
	const cJSON *t = cJSON_IsArray(v) ? v->child : NULL;
	char text[64];

	if (t && !t->next && cJSON_IsString(t) &&
	    str_eq(t->valuestring, "Redfish"))
		return true;
	value_text(v, text, sizeof(text));
	request_say(
	    rq, REF_PROPERTY_VALUE, "AccountTypes", text, "AccountTypes", NULL);
	return false;
}

static void
tell(struct request *rq, const char *name, const char *what)
{
	char text[96];
	struct bmc_event ev = {
		.kind = BMC_EV_CREDENTIALS, .text = text, .who = rq->user
	};

	(void)str_format(text, sizeof(text), "%s %s", name, what);
	journal_add(rq->b->fleet->journal, rq->b, &ev);
}

static void
apply(struct request *rq, struct account *a, const struct account_stage *s)
{
	bool renamed = !str_eq(a->name, s->name);

	if (renamed || !s->enabled)
		session_close_of(rq->b, a->name, "account changed");
	if (renamed)
		xreplace(&a->name, s->name);
	if (s->password.n) {
		secret_set(&a->password, s->password.p, s->password.n);
		a->must_change = false;
	}
	if (s->must_change && !s->password.n)
		a->must_change = true;
	a->role = (enum role)s->role;
	a->disabled = !s->enabled;
	if (s->unlock) {
		a->failures = 0;
		a->locked_until_us = 0;
	}
}

/* The account that nobody can lock out keeps its role and works. */
static bool
first_stays(struct request *rq, const struct account *a)
{
	const struct account_stage *s = rq->stage;

	if (a != &rq->b->root || (s->enabled && s->role == ROLE_ADMINISTRATOR))
		return true;
	return request_refuse(rq, REF_PROPERTY_CONFLICT, "RoleId",
	    "the last Administrator", "Enabled", NULL);
}

static bool
commit_account(struct request *rq)
{
	struct account_stage *s = rq->stage;
	struct account *a = account_of(rq);

	if (a && !first_stays(rq, a))
		return false;
	if (!a && (!s->name[0] || !s->password.n))
		return request_refuse(rq, REF_PROPERTY_MISSING, "UserName",
		    s->name[0] ? "Password" : "UserName", NULL, NULL);
	if (rq->dry)
		return true;
	if (!a) {
		a = account_add(rq->b, s->name);
		a->slot = (uint8_t)slot_of(rq);
	}
	apply(rq, a, s);
	tell(rq, a->name, "changed by an account");
	return true;
}

static const struct patch_row account_rows[] = {
	{ "UserName", set_name, true },
	{ "Password", set_password, true },
	{ "RoleId", set_role, true },
	{ "Enabled", set_enabled, false },
	{ "PasswordChangeRequired", set_must_change, false },
	{ "Locked", set_locked, false },
	{ "AccountTypes", set_types, false },
};
#define N_ACCOUNT_ROWS (sizeof(account_rows) / sizeof(account_rows[0]))
static const struct patch_def account_def = { account_rows, N_ACCOUNT_ROWS,
	commit_account };

/* Dell: an empty UserName frees the slot. */
static bool
frees_slot(const struct request *rq)
{
	return slot_of(rq) && rq->json &&
	       str_eq(json_str(rq->json, "UserName", NULL), "");
}

static void
delete_account(struct request *rq)
{
	struct account *a = account_of(rq);

	if (!a || a == &rq->b->root) {
		request_refuse(rq, REF_CANNOT_DELETE, NULL, NULL, NULL, NULL);
		return;
	}
	if (!rq->dry) {
		tell(rq, a->name, "deleted");
		account_drop(rq->b, a);
	}
	request_done(rq);
}

static void
patch_account(struct request *rq)
{
	const struct account *a = account_of(rq);
	struct account_stage s = { .role = ROLE_READ_ONLY };

	if (frees_slot(rq)) {
		delete_account(rq);
		return;
	}
	if (!a && slot_of(rq) == 1) {
		request_refuse(
		    rq, REF_PROPERTY_READ_ONLY, NULL, "UserName", NULL, NULL);
		return;
	}
	if (a) {
		(void)str_copy(s.name, sizeof(s.name), a->name);
		s.role = (int)a->role;
		s.enabled = !a->disabled;
	}
	patch_run(rq, &account_def, &s);
	secret_free(&s.password);
}

static void
commit_create(struct request *rq)
{
	const struct account_stage *s = rq->stage;
	struct account *a;

	if (account_count(rq->b) >= (unsigned)rq->p->accounts_max) {
		request_refuse(rq, REF_CREATE_LIMIT, NULL, NULL, NULL, NULL);
		return;
	}
	if (rq->dry) {
		request_done(rq);
		return;
	}
	a = account_add(rq->b, s->name);
	apply(rq, a, s);
	/* a new password is not yet the user's own */
	a->must_change = s->must_change;
	tell(rq, a->name, "created");
	request_created(rq, ACC "/Accounts/%s", a->name);
}

static const struct create_def create = { account_rows, N_ACCOUNT_ROWS,
	commit_create };

static void
post_account(struct request *rq)
{
	struct account_stage s = { .enabled = true };

	if (has_slots(rq)) {
		request_header(rq, "Allow", "GET, HEAD");
		request_refuse(rq, REF_METHOD, NULL, NULL, NULL, NULL);
		return;
	}
	create_run(rq, &create, &s);
	secret_free(&s.password);
}

/* ---- roles -------------------------------------------------------------- */

static void
view_roles(struct request *rq, struct jw *w)
{
	(void)rq;
	view_members(w, "Roles");
	for (int i = 0; i < ROLE_N; i++)
		jw_ref(w, NULL, ACC "/Roles/%s", role_name((enum role)i));
	view_members_end(w, ROLE_N);
}

static bool
exists_role(struct request *rq)
{
	return role_by_name(rq->arg[0]) >= 0;
}

static void
view_role(struct request *rq, struct jw *w)
{
	enum role r = (enum role)role_by_name(rq->arg[0]);

	view_names(w, role_name(r), role_name(r));
	jw_s(w, "RoleId", role_name(r));
	jw_b(w, "IsPredefined", true);
	privilege_names_write(w, "AssignedPrivileges", privilege_of_role(r));
	jw_list(w, "OemPrivileges");
	jw_end(w);
}

/* ---- routes ------------------------------------------------------------- */

const struct route account_routes[] = {
	{ .pattern = ACC,
	    .schema = "AccountService",
	    .version = "v1_15_0",
	    .get = view_service,
	    .patch = patch_service,
	    .op_get = OP_READ_SERVICE,
	    .op_patch = OP_PATCH_SERVICE },
	{ .pattern = ACC "/Accounts",
	    .schema = "ManagerAccountCollection",
	    .flags = ROUTE_COLLECTION,
	    .get = view_accounts,
	    .post = post_account,
	    .op_get = OP_READ_COLLECTION,
	    .op_post = OP_CREATE_ACCOUNT },
	{ .pattern = ACC "/Accounts/*",
	    .schema = "ManagerAccount",
	    .version = "v1_12_0",
	    .get = view_account,
	    .patch = patch_account,
	    .del = delete_account,
	    .op_get = OP_READ_ACCOUNT,
	    .op_patch = OP_PATCH_ACCOUNT,
	    .op_delete = OP_DELETE_ACCOUNT,
	    .exists = exists_account },
	ROUTE_LIST(ACC "/Roles", "Role", view_roles, NULL),
	ROUTE_READ(ACC "/Roles/*", "Role", "v1_3_1", view_role, OP_READ_ACCOUNT,
	    exists_role),
	{ .pattern = NULL },
};
