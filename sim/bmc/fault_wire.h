/* What faults do to exchanges. The rules are fault.c's. */
#ifndef B7_SIM_BMC_FAULT_WIRE_H
#define B7_SIM_BMC_FAULT_WIRE_H

#include <stdbool.h>
#include <stddef.h>

struct bmc_fleet;
struct http_exchange;
struct http_header;
struct request;

/* Before the request is looked at; true: it ends here, rq is gone. */
bool fault_wire_before(struct request *rq);
/* In place of the reply; false: the reply goes out as it is. */
bool fault_wire_reply(struct request *rq, struct http_exchange *x,
    const struct http_header *h, size_t n);
/* Of those, bodies (then sent as usual), and framings (sent by it). */
bool fault_spoil_body(struct request *rq);
bool fault_frame_reply(struct request *rq, struct http_exchange *x,
    const struct http_header *h, size_t n);
/* Resets the connection; rq is gone. */
void fault_wire_reset(struct request *rq);

/* Forgets floods that are still under way (the fleet ends). */
void fault_wire_drop_all(struct bmc_fleet *f);

#endif
