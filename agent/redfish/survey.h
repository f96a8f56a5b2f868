/*
 * A walk over resources of one operation: a bounded queue of links, each with
 * who takes what is found there. A resource that cannot be read, or that is too
 * large, is left out; a
 * BMC that does not answer ends the operation. Nothing is asked for twice, so
 * links in a cycle end.
 *
 * Collections are read with $expand where the service says that it has it and
 * as long as that works: members that come along in full cost no request.
 * Source: DSP0266 7.3 (query parameters).
 */
#ifndef B7_AGENT_REDFISH_SURVEY_H
#define B7_AGENT_REDFISH_SURVEY_H

#include <cjson/cJSON.h>

#include "agent/redfish/client.h"

typedef void rf_part_fn(struct redfish *rf, const cJSON *j);

/* Starts with an empty queue. more is called each time it ran empty and may add
 * to it; when it adds nothing, then is. At most budget requests, and no more
 * than the operation has left. */
void rf_survey_begin(
    struct redfish *rf, unsigned budget, rf_step_fn *more, rf_step_fn *then);
/* One that may end early: a resource that hangs or resets ends the walk with
 * what was found, not the operation. */
void rf_survey_optional(struct redfish *rf);
void rf_survey_run(struct redfish *rf);

/* The resource behind ref; NULL adds nothing. */
void rf_survey_add(struct redfish *rf, rf_part_fn *take, const char *ref);
/* The members of the collection behind ref: at most `most` requests for them.
 * levels 2: with what hangs on the members, where the BMC can. */
void rf_survey_list(struct redfish *rf, rf_part_fn *take, const char *ref,
    unsigned most, unsigned levels);
/* The same of an array of links, or of whole resources. */
void rf_survey_each(
    struct redfish *rf, rf_part_fn *take, const cJSON *list, unsigned most);
/* A cap was hit since the beginning. */
bool rf_survey_truncated(const struct redfish *rf);

#endif
