/* The Redfish service of all BMCs of a fleet: what the listener calls. */
#ifndef B7_SIM_BMC_SERVICE_H
#define B7_SIM_BMC_SERVICE_H

#include <stdbool.h>

struct bmc_fleet;
struct http_exchange;
struct request;

void service_handle(void *fleet, struct http_exchange *x);
/* The listener is about to end: no reply goes out any more. */
void service_forget_clients(struct bmc_fleet *f);
/* Drops all requests that wait (the fleet ends). */
void service_drop_all(struct bmc_fleet *f);
void request_free(struct request *rq);

#endif
