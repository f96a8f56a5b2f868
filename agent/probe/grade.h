/*
 * What Beskar7 can do with a BMC, and why: from the report of a probe (its
 * capabilities, services, state, tls, error) to its "grade", "verdict",
 * "reasons" and "quirks". Pure.
 *
 *   A  provisions unattended, with evidence that the system runs
 *   B  provisions, with a limitation that the reasons name
 *   C  power can be driven, but nothing can be booted from virtual media
 *   D  can be read, and not driven
 *   F  could not be probed
 */
#ifndef B7_AGENT_PROBE_GRADE_H
#define B7_AGENT_PROBE_GRADE_H

#include <cjson/cJSON.h>

/* quirks: what the client noted ("auth:basic,etag:stale"), or "". */
void grade_quirks(cJSON *report, const char *quirks);
void grade_report(cJSON *report);

#endif
