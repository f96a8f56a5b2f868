/*
 * The URIs of the service: one row each, with the schema, the view, and what
 * can be written. Parts of a pattern: "S", "M", "C" in braces are the ids of
 * system, manager and chassis, "{X}" that of the second system, "{set}" the settings object, "*" anything.
 */
#ifndef B7_SIM_BMC_ROUTE_H
#define B7_SIM_BMC_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/bmc/op.h"

struct bmc_profile;
struct jw;
struct request;

typedef void view_fn(struct request *rq, struct jw *w);
typedef void act_fn(struct request *rq);

enum route_flag {
	ROUTE_OPEN = 1,       /* GET without credentials */
	ROUTE_OPEN_POST = 2,  /* the login */
	ROUTE_COLLECTION = 4, /* unversioned type */
	ROUTE_RAW = 8,        /* writes its whole body itself */
	ROUTE_BODY = 32,      /* reads its body itself, whatever its type */
	ROUTE_ACTION = 16,    /* POST only; unknown body members are refused */
	ROUTE_WHOLE = 128     /* as RAW, but with an ETag: recordings */
};

struct route {
	const char *pattern;
	const char *schema;  /* "ComputerSystem" */
	const char *entity;  /* whose privileges count; NULL = the schema's */
	const char *version; /* "v1_22_0"; NULL for collections */
	unsigned flags;      /* enum route_flag */
	view_fn *get;
	act_fn *post, *patch, *del;
	enum bmc_op op_get, op_post, op_patch, op_delete;
	/* Is the resource there (arg names one that exists)? NULL = always. */
	bool (*exists)(struct request *rq);
	/* Does it belong to rq->user? For ConfigureSelf. NULL = no. */
	bool (*owned)(struct request *rq);
};

/* Fills rq->route and rq->arg; false: no such URI. */
bool route_find(struct request *rq);
/* All routes of a profile in order, i = 0, 1, ...; NULL after the last. */
const struct route *route_at(const struct bmc_profile *p, size_t i);

/* ---- rows of tables ----------------------------------------------------- */

/* The whole URI of the event stream, as the profile says it. */
#define ROUTE_SSE "{sse}"

/* Each ends with pattern NULL. */
extern const struct route account_routes[], privilege_routes[],
    registry_routes[], schema_routes[], event_routes[], log_routes[],
    update_routes[], bios_routes[], secure_boot_routes[], storage_routes[],
    sensor_routes[], adapter_routes[], certificate_routes[], network_routes[],
    part_routes[], media_trust_routes[], media_oem_routes[], reset_oem_routes[],
    legacy_routes[];

#define ROUTE_READ(path, type, ver, view, op, there) \
	{ \
		.pattern = path, .schema = type, .version = ver, .get = view, \
		.op_get = op, .exists = there \
	}
#define ROUTE_LIST(path, type, view, there) \
	{ \
		.pattern = path, .schema = type "Collection", \
		.flags = ROUTE_COLLECTION, .get = view, \
		.op_get = OP_READ_COLLECTION, .exists = there \
	}
#define ROUTE_DO(path, act, op, there) \
	{ \
		.pattern = path, .flags = ROUTE_ACTION, .post = act, \
		.op_post = op, .exists = there \
	}

#endif
