/* Query parameters of reads: only, $expand, $select, $top, $skip (DSP0266
 * 7.3). What is not announced is refused, as a profile says. */
#ifndef B7_SIM_BMC_QUERY_H
#define B7_SIM_BMC_QUERY_H

#include <stdbool.h>
#include <stdint.h>

struct request;

#define QUERY_LEVELS_MAX 6

struct query {
	bool any, only, has_top;
	char expand; /* 0, '.', '~', '*' */
	int64_t levels, top, skip;
	char *select; /* owned; by commas; NULL = all */
};

/* Reads them into rq->q; false after a refusal. */
bool query_parse(struct request *rq);
/* Makes of the rendered resource in rq->out what was asked. */
void query_apply(struct request *rq);

#endif
