/*
 * Links in the body of a Redfish resource (DSP0266 9.5, 7.14): what a copy of
 * a service follows, whoever makes it and whoever reads it.
 */
#ifndef B7_ODATA_H
#define B7_ODATA_H

#include <cjson/cJSON.h>

/*
 * Each "@odata.id" and "@Redfish.ActionInfo" at any depth, in the order of the
 * body, as written there: fragments and doubles too. The depth is bounded by
 * the parser that made j.
 */
void odata_links(
    const cJSON *j, void (*link)(void *arg, const char *target), void *arg);

#endif
