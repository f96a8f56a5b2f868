/*
 * See privilege.h. One table: requests are checked against it, and the
 * PrivilegeMap shows it.
 */
#include "sim/bmc/privilege.h"

#include <string.h>

#include "common/str.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/session.h"
#include "sim/bmc/view.h"

#define N_PRIVILEGES 5
static const char *const privilege_names[N_PRIVILEGES] = { "Login",
	"ConfigureManager", "ConfigureUsers", "ConfigureComponents",
	"ConfigureSelf" };

#define LOGIN PRIV_LOGIN
#define MGMT PRIV_MANAGER
#define COMP PRIV_COMPONENTS
#define USERS PRIV_USERS
#define SELF PRIV_SELF

/* Any one of the bits is enough. */
static const struct rights {
	const char *entity;
	unsigned char read, write;
	/* what writing needs under Managers, where that differs; 0 = same */
	unsigned char under_manager;
} table[] = {
	{ "AccountService", LOGIN, USERS, 0 },
	{ "ActionInfo", LOGIN, MGMT, 0 },
	{ "AttributeRegistry", LOGIN, MGMT, 0 },
	{ "Bios", LOGIN, COMP, 0 },
	{ "BootOption", LOGIN, COMP, 0 },
	{ "BootOptionCollection", LOGIN, COMP, 0 },
	{ "Certificate", LOGIN, MGMT, 0 },
	{ "CertificateCollection", LOGIN, MGMT, 0 },
	{ "CertificateLocations", LOGIN, MGMT, 0 },
	{ "CertificateService", LOGIN, MGMT, 0 },
	{ "Chassis", LOGIN, COMP, 0 },
	{ "ComputerSystem", LOGIN, COMP, 0 },
	{ "Drive", LOGIN, COMP, 0 },
	{ "EthernetInterface", LOGIN, COMP, MGMT },
	{ "EventDestination", LOGIN, MGMT | SELF, 0 },
	{ "EventDestinationCollection", LOGIN, MGMT | COMP, 0 },
	{ "EventService", LOGIN, MGMT, 0 },
	{ "JsonSchemaFile", LOGIN, MGMT, 0 },
	{ "LogEntry", LOGIN, COMP, MGMT },
	{ "LogService", LOGIN, COMP, MGMT },
	{ "Manager", LOGIN, MGMT, 0 },
	{ "ManagerAccount", MGMT | USERS | SELF, USERS | SELF, 0 },
	{ "ManagerAccountCollection", LOGIN, USERS, 0 },
	{ "ManagerNetworkProtocol", LOGIN, MGMT, 0 },
	{ "Memory", LOGIN, COMP, 0 },
	{ "MessageRegistryFile", LOGIN, MGMT, 0 },
	{ "Processor", LOGIN, COMP, 0 },
	{ "Role", LOGIN, MGMT, 0 },
	{ "SecureBoot", LOGIN, COMP, 0 },
	{ "SecureBootDatabase", LOGIN, COMP, 0 },
	{ "Session", MGMT | SELF, MGMT | SELF, 0 },
	{ "SessionService", LOGIN, MGMT, 0 },
	{ "SoftwareInventory", LOGIN, COMP, 0 },
	{ "Storage", LOGIN, COMP, 0 },
	{ "StorageController", LOGIN, COMP, 0 },
	{ "Task", LOGIN, MGMT | COMP, 0 },
	{ "TaskService", LOGIN, MGMT, 0 },
	{ "UpdateService", LOGIN, COMP, 0 },
	{ "VirtualMedia", LOGIN, COMP, 0 },
	{ "Volume", LOGIN, COMP, 0 },
	{ "VolumeCollection", LOGIN, COMP, 0 },
};
#define N_ROWS (sizeof(table) / sizeof(table[0]))

/* Whatever the table does not name. */
static const struct rights other = { "", LOGIN, MGMT, 0 };

unsigned
privilege_of_role(enum role r)
{
	switch (r) {
	case ROLE_ADMINISTRATOR:
		return LOGIN | MGMT | USERS | COMP | SELF;
	case ROLE_OPERATOR:
		return LOGIN | COMP | SELF;
	case ROLE_READ_ONLY:
	case ROLE_N:
		break;
	}
	return LOGIN | SELF;
}

static const struct rights *
row_of(const char *entity, size_t n)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strlen(table[i].entity) == n &&
		    memcmp(table[i].entity, entity, n) == 0)
			return &table[i];
	return &other;
}

/* Of actions: the type that has them, "VirtualMedia.InsertMedia". */
static const struct rights *
rights_of(const struct route *r)
{
	const char *action;

	if (r->entity)
		return row_of(r->entity, strlen(r->entity));
	if (r->flags & ROUTE_ACTION) {
		action = strrchr(r->pattern, '/') + 1;
		return row_of(action, strcspn(action, "."));
	}
	return r->schema ? row_of(r->schema, strlen(r->schema)) : &other;
}

/* Does what the route names belong to the user? */
static bool
owns(struct request *rq)
{
	const struct rights *row = rights_of(rq->route);

	if (str_eq(row->entity, "ManagerAccount")) {
		const struct account *a = account_by_id(rq->b, rq->arg[0]);

		return a && str_eq(a->name, rq->user);
	}
	if (str_eq(row->entity, "Session")) {
		const struct session *s = session_get(rq->b, rq->arg[0]);

		return s && str_eq(s->user, rq->user);
	}
	return rq->route->owned && rq->route->owned(rq);
}

bool
privilege_check(struct request *rq)
{
	const struct rights *row = rights_of(rq->route);
	bool read = rq->verb == VERB_GET || rq->verb == VERB_HEAD ||
		    rq->verb == VERB_OPTIONS;
	unsigned need = read ? row->read : row->write;
	unsigned have = rq->privileges;

	if (rq->route->flags & ROUTE_OPEN)
		return true;
	if (!read && row->under_manager &&
	    str_has_prefix(rq->path, V1 "/Managers/"))
		need = row->under_manager;
	if ((need & PRIV_SELF) && !owns(rq))
		have &= ~(unsigned)PRIV_SELF;
	return (need & have) ||
	       request_refuse(rq, REF_PRIVILEGE, NULL, NULL, NULL, NULL);
}

/* ---- the map ------------------------------------------------------------ */

void
privilege_names_write(struct jw *w, const char *key, unsigned bits)
{
	jw_list(w, key);
	for (unsigned i = 0; i < N_PRIVILEGES; i++)
		if (bits & 1u << i)
			jw_s(w, NULL, privilege_names[i]);
	jw_end(w);
}

/* A list of alternatives. */
static void
operation(struct jw *w, const char *method, unsigned bits)
{
	jw_list(w, method);
	for (unsigned i = 0; i < N_PRIVILEGES; i++) {
		if (!(bits & 1u << i))
			continue;
		jw_open(w, NULL);
		privilege_names_write(w, "Privilege", 1u << i);
		jw_close(w);
	}
	jw_end(w);
}

static void
operations(struct jw *w, unsigned read, unsigned write)
{
	static const char *const writes[] = { "PATCH", "PUT", "DELETE",
		"POST" };

	jw_open(w, "OperationMap");
	operation(w, "GET", read);
	operation(w, "HEAD", read);
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		operation(w, writes[i], write);
	jw_close(w);
}

static void
mapping(struct jw *w, const struct rights *row)
{
	jw_open(w, NULL);
	jw_s(w, "Entity", row->entity);
	operations(w, row->read, row->write);
	if (row->under_manager) {
		jw_list(w, "SubordinateOverrides");
		jw_open(w, NULL);
		jw_list(w, "Targets");
		jw_s(w, NULL, "Manager");
		jw_end(w);
		operations(w, row->read, row->under_manager);
		jw_close(w);
		jw_end(w);
	}
	jw_close(w);
}

static void
view_map(struct request *rq, struct jw *w)
{
	(void)rq;
	view_names(w, "PrivilegeMap", "Privilege Map");
	privilege_names_write(
	    w, "PrivilegesUsed", LOGIN | MGMT | USERS | COMP | SELF);
	jw_list(w, "OEMPrivilegesUsed");
	jw_end(w);
	jw_list(w, "Mappings");
	for (size_t i = 0; i < N_ROWS; i++)
		mapping(w, &table[i]);
	jw_end(w);
}

const struct route privilege_routes[] = {
	ROUTE_READ(V1 "/AccountService/PrivilegeMap", "PrivilegeRegistry",
	    "v1_1_4", view_map, OP_READ_ACCOUNT, NULL),
	{ .pattern = NULL },
};
