/*
 * Which parts of a machine are not well. Nothing is kept while all are. Parts
 * are named as the Id of their resource: System, CPU1, DIMM2, Drive1, NIC1,
 * PSU1, Fan3, Chassis, BMC.
 */
#ifndef B7_SIM_BMC_HEALTH_H
#define B7_SIM_BMC_HEALTH_H

#include "common/err.h"

struct bmc;
struct jw;
struct request;

enum health_level {
	HEALTH_OK,
	HEALTH_WARNING,
	HEALTH_CRITICAL
};

/* level: "OK", "Warning", "Critical". text: why, for Status.Conditions; NULL =
 * the BMC does not say. ERR_SPEC for unknown words and one part too many. */
bool health_set(struct bmc *b, const char *part, const char *level,
    const char *text, struct err *e);
void health_free(struct bmc *b);
/* The worst of the parts whose names begin with prefix ("" = all). */
enum health_level health_worst(const struct bmc *b, const char *prefix);

/* The Status of a part; rollup: with the worst of what is below it. */
void view_health(
    struct request *rq, struct jw *w, const char *part, const char *rollup);
void view_health_n(
    struct request *rq, struct jw *w, const char *part, unsigned n);

#endif
