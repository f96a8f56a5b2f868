/* The real half of seam.h: child processes and files. */
#ifndef B7_SIM_QEMU_SEAM_MAIN_H
#define B7_SIM_QEMU_SEAM_MAIN_H

#include "sim/qemu/seam.h"

struct loop;

/* self of the seam is the loop; borrowed. */
struct qemu_seam qemu_seam_system(struct loop *l);
struct child *child_spawn(void *self, char *const *argv, const char *log,
    const struct child_host *h, struct err *e);
bool child_send(struct child *c, const char *p, size_t n);
void child_kill(struct child *c);
void child_free(struct child *c);

#endif
