/*
 * Virtual media as vendors had it before the standard's actions (knob
 * media/oem): a resource is told where the image is, then an action connects
 * it. They put it into the first slot that takes CDs.
 *
 *	fujitsu    System/Oem/{key}/VirtualMedia: CDImage of a share
 *	isoconfig  Manager/VM1/CfgCD: Host and Path (Supermicro)
 */
#ifndef B7_SIM_BMC_MEDIA_OEM_H
#define B7_SIM_BMC_MEDIA_OEM_H

#include <stdbool.h>

struct bmc;
struct jw;
struct request;

void media_oem_free(struct bmc *b);
/* Its member of "Actions.Oem" of the system. */
void media_oem_action(struct request *rq, struct jw *w);
/* Supermicro: a slot exists while something is in it. */
bool media_oem_hides(const struct request *rq, unsigned slot);
/* The collection of slots says where its configuration is. */
void media_oem_link(struct request *rq, struct jw *w);

#endif
