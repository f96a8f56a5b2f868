/*
 * BIOS attributes: as they are, and as they will be after the next POST. A
 * BMC whose attributes nobody touched keeps nothing.
 */
#ifndef B7_SIM_BMC_BIOS_H
#define B7_SIM_BMC_BIOS_H

struct bmc;

/* POST takes over what waits. */
void bios_post(struct bmc *b);
void bios_free(struct bmc *b);

#endif
