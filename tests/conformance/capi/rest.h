/* A part of check 51 that has a file of its own. */
#ifndef B7_CONFORMANCE_REST_H
#define B7_CONFORMANCE_REST_H

#include "tests/conformance/capi/capi.h"

/* Ten vendors; machines, remediations, templates, streams, a pause, maintenance,
 * a wrong password, a dead BMC: in 24 hours nothing is written, Leases apart. */
void rest_of_a_fleet(void);

#endif
