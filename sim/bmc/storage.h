/*
 * The RAID controller: volumes on drives. A BMC whose volumes nobody touched
 * keeps nothing; it has one volume over its first drives, with the system on
 * it.
 */
#ifndef B7_SIM_BMC_STORAGE_H
#define B7_SIM_BMC_STORAGE_H

struct bmc;
struct jw;
struct request;

/* POST makes what was asked for OnReset. */
void storage_post(struct bmc *b);
void storage_free(struct bmc *b);
/* Links.Volumes of a drive (1-based). */
void storage_drive_volumes(struct request *rq, struct jw *w, unsigned drive);

#endif
