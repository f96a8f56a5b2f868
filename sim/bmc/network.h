/* Network settings of one BMC; nothing is kept while they are as made. */
#ifndef B7_SIM_BMC_NETWORK_H
#define B7_SIM_BMC_NETWORK_H

struct bmc;

void network_free(struct bmc *b);

#endif
