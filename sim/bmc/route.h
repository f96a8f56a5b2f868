/*
 * The URIs of the service: one row each, with the schema, the view, and what
 * can be written. Parts of a pattern: "S", "M", "C" in braces are the ids of
 * system, manager and chassis, "{set}" the settings object, "*" anything.
 */
#ifndef B7_SIM_BMC_ROUTE_H
#define B7_SIM_BMC_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/bmc/op.h"

struct jw;
struct request;

typedef void view_fn(struct request *rq, struct jw *w);
typedef void act_fn(struct request *rq);

enum route_flag {
	ROUTE_OPEN = 1,       /* GET without credentials */
	ROUTE_OPEN_POST = 2,  /* the login */
	ROUTE_COLLECTION = 4, /* unversioned type */
	ROUTE_RAW = 8,        /* writes its whole body itself */
	ROUTE_ACTION = 16     /* POST only; unknown body members are refused */
};

struct route {
	const char *pattern;
	const char *schema;  /* "ComputerSystem" */
	const char *version; /* "v1_22_0"; NULL for collections */
	unsigned flags;      /* enum route_flag */
	view_fn *get;
	act_fn *post, *patch, *del;
	enum bmc_op op_get, op_post, op_patch, op_delete;
	/* Is the resource there (arg names one that exists)? NULL = always. */
	bool (*exists)(struct request *rq);
};

/* Fills rq->route and rq->arg; false: no such URI. */
bool route_find(struct request *rq);
/* The routes in order; ends with pattern NULL. */
const struct route *route_table(void);

#endif
