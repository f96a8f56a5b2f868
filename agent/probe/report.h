/* A probe's report for people. Pure. */
#ifndef B7_AGENT_PROBE_REPORT_H
#define B7_AGENT_PROBE_REPORT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/buf.h"

/* terminal: colours and rules; else plain lines for pipes. Nothing that a BMC
 * said reaches the terminal as a control character. */
void report_text(const cJSON *report, bool terminal, struct buf *out);

#endif
