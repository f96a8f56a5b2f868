/* What the control API shows of one machine: its face, and what is behind it. */
#ifndef B7_SIM_BMC_CONTROL_VIEW_H
#define B7_SIM_BMC_CONTROL_VIEW_H

#include <cjson/cJSON.h>

struct bmc;

cJSON *control_brief(struct bmc *b); /* owned, as the next */
cJSON *control_whole(struct bmc *b);

#endif
