/*
 * The last exchanges of each BMC, to read and to export: secrets masked,
 * bodies cut, at most some a BMC and some bytes in all.
 */
#ifndef B7_SIM_BMC_TRACE_H
#define B7_SIM_BMC_TRACE_H

#include <cjson/cJSON.h>

struct bmc;
struct request;
struct trace_log;

struct trace_log *trace_log_new(void);
void trace_log_free(struct trace_log *t);
void trace_add(const struct request *rq);
cJSON *trace_json(const struct bmc *b); /* oldest first */
void trace_clear(struct bmc *b);

#endif
