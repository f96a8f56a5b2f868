/*
 * Logs of one BMC: the last things that it has to tell, as entries of its two
 * log services. Nothing is kept before something happened.
 */
#ifndef B7_SIM_BMC_LOG_H
#define B7_SIM_BMC_LOG_H

struct bmc;
struct notice;

/* Keeps a notice, if its kind is logged; the oldest goes when it is full. */
void log_add(struct bmc *b, const struct notice *n);
void log_free(struct bmc *b);

#endif
