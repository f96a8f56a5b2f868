/* Secure boot: switched on and off for the next POST; its key databases. */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define SECURE V1 "/Systems/{S}/SecureBoot"
#define DATABASES SECURE "/SecureBootDatabases"
#define RESET_KEYS "#SecureBoot.ResetKeys"

static const char *const reset_types[] = { "ResetAllKeysToDefault",
	"DeleteAllKeys", "DeletePK", NULL };
static const char *const databases[] = { "PK", "KEK", "db", "dbx" };
#define N_DATABASES (sizeof(databases) / sizeof(databases[0]))

static bool
has_keys(struct request *rq)
{
	return (rq->p->services & SERVICE_KEYS) != 0;
}

static void
view_secure_boot(struct request *rq, struct jw *w)
{
	const struct bmc_state *st = rq->st;

	view_names(w, "SecureBoot", "UEFI Secure Boot");
	jw_b(w, "SecureBootEnable", st->secure_boot);
	jw_s(w, "SecureBootCurrentBoot",
	    st->secure_boot_now ? "Enabled" : "Disabled");
	jw_s(w, "SecureBootMode", st->no_keys ? "SetupMode" : "UserMode");
	if (!has_keys(rq))
		return;
	jw_ref(w, "SecureBootDatabases", "%s/SecureBootDatabases", rq->path);
	jw_open(w, "Actions");
	view_action(rq, w, "SecureBoot.ResetKeys");
	jw_list(w, "ResetKeysType@Redfish.AllowableValues");
	for (size_t i = 0; reset_types[i]; i++)
		jw_s(w, NULL, reset_types[i]);
	jw_end(w);
	jw_close(w);
	jw_close(w);
}

static bool
set_enable(struct request *rq, const cJSON *v)
{
	return patch_bool(rq, "SecureBootEnable", v, rq->stage);
}

static bool
commit(struct request *rq)
{
	const bool *on = rq->stage;

	if (*on && rq->b->st.no_keys)
		return request_refuse(rq, REF_PROPERTY_CONFLICT,
		    "SecureBootEnable", "SecureBootEnable", "SecureBootMode",
		    NULL);
	if (rq->dry)
		return true;
	rq->b->st.secure_boot = *on;
	bmc_changed(rq->b);
	return true;
}

static const struct patch_row rows[] = {
	{ "SecureBootEnable", set_enable, false },
};
static const struct patch_def def = { rows, 1, commit };

static void
patch_secure_boot(struct request *rq)
{
	bool on = rq->b->st.secure_boot;

	patch_run(rq, &def, &on);
}

static void
reset_keys(struct request *rq)
{
	const char *type =
	    rq->json ? json_str(rq->json, "ResetKeysType", NULL) : NULL;
	const cJSON *c;
	size_t i = 0;

	cJSON_ArrayForEach (c, rq->json)
		if (!str_eq(c->string, "ResetKeysType")) {
			request_refuse(rq, REF_PARAMETER_UNKNOWN, c->string,
			    RESET_KEYS, c->string, NULL);
			return;
		}
	if (!type) {
		request_refuse(rq, REF_PARAMETER_MISSING, "ResetKeysType",
		    RESET_KEYS, "ResetKeysType", NULL);
		return;
	}
	while (reset_types[i] && !str_eq(reset_types[i], type))
		i++;
	if (!reset_types[i]) {
		request_refuse(rq, REF_PARAMETER_VALUE, "ResetKeysType", type,
		    "ResetKeysType", RESET_KEYS);
		return;
	}
	request_done(rq);
	if (rq->dry)
		return;
	/* without a platform key there is nothing to check against */
	rq->b->st.no_keys = i != 0;
	if (rq->b->st.no_keys)
		rq->b->st.secure_boot = false;
	bmc_changed(rq->b);
}

/* ---- databases ---------------------------------------------------------- */

static void
view_databases(struct request *rq, struct jw *w)
{
	view_members(w, "Secure Boot Databases");
	for (size_t i = 0; i < N_DATABASES; i++)
		jw_ref(w, NULL, "%s/%s", rq->path, databases[i]);
	view_members_end(w, (long)N_DATABASES);
}

static bool
exists_database(struct request *rq)
{
	if (!has_keys(rq))
		return false;
	for (size_t i = 0; i < N_DATABASES; i++)
		if (str_eq(databases[i], rq->arg[0]))
			return true;
	return false;
}

static void
view_database(struct request *rq, struct jw *w)
{
	jw_s(w, "Id", rq->arg[0]);
	jw_sf(w, "Name", "Secure Boot Database %s", rq->arg[0]);
	jw_s(w, "DatabaseId", rq->arg[0]);
	jw_ref(w, "Certificates", "%s/Certificates", rq->path);
}

static void
view_certificates(struct request *rq, struct jw *w)
{
	char name[64];

	(void)str_format(name, sizeof(name), "%s Certificates", rq->arg[0]);
	view_members(w, name);
	view_members_end(w, 0);
}

const struct route secure_boot_routes[] = {
	{ .pattern = SECURE,
	    .schema = "SecureBoot",
	    .version = "v1_1_0",
	    .get = view_secure_boot,
	    .patch = patch_secure_boot,
	    .op_get = OP_READ_INVENTORY,
	    .op_patch = OP_PATCH_BIOS },
	ROUTE_DO(SECURE "/Actions/SecureBoot.ResetKeys", reset_keys,
	    OP_PATCH_BIOS, has_keys),
	ROUTE_LIST(DATABASES, "SecureBootDatabase", view_databases, has_keys),
	ROUTE_READ(DATABASES "/*", "SecureBootDatabase", "v1_0_1",
	    view_database, OP_READ_INVENTORY, exists_database),
	ROUTE_LIST(DATABASES "/*/Certificates", "Certificate",
	    view_certificates, exists_database),
	{ .pattern = NULL },
};
