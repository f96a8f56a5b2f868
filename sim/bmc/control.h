/* The control API over HTTP: bmc_fleet_control() and streams of events. */
#ifndef B7_SIM_BMC_CONTROL_H
#define B7_SIM_BMC_CONTROL_H

#include <stdint.h>

#include "common/err.h"

struct bmc_fleet;
struct control;

struct control *control_listen(
    struct bmc_fleet *f, const char *addr, unsigned port, struct err *e);
unsigned control_port(const struct control *c);
void control_stop(struct control *c, int64_t grace_us); /* NULL is fine */
void control_free(struct control *c);

#endif
