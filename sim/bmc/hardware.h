/* The board behind a BMC: identity and parts, made from the seed. */
#ifndef B7_SIM_BMC_HARDWARE_H
#define B7_SIM_BMC_HARDWARE_H

#include <stdint.h>

#include "sim/bmc/profile.h"

struct hardware {
	char uuid[40], serial[24];
	char bmc_uuid[40], service_uuid[40];
	uint8_t mac[6]; /* of the first NIC; the others count up */
	uint8_t bmc_mac[6];
	char arch[12];
};
/* generation: 0, then one more for every swapped board. */
void hardware_make(struct hardware *h, const struct bmc_profile *p,
    uint64_t seed, const char *name, unsigned generation);
void hardware_mac(const struct hardware *h, unsigned nic, char out[18]);
void hardware_bmc_mac(const struct hardware *h, char out[18]);

#endif
