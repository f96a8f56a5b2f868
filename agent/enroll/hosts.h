/* The servers of one enrolment: gathered, checked together, written. */
#ifndef B7_AGENT_ENROLL_HOSTS_H
#define B7_AGENT_ENROLL_HOSTS_H

#include "agent/enroll/enroll.h"

#define HOST_LABELS 48

/* Strings are borrowed; "" = not said. */
struct enroll_host {
	unsigned line; /* of the table; 0 = of a range */
	const char *name, *address, *username, *password;
	const char *secret, *ca_secret, *fingerprint, *system_id, *zone;
	size_t n_labels;
	/* Of this host; names are in enroll_hosts.labels. */
	const char *const *label_values;
};

struct enroll_hosts {
	struct enroll_host *v; /* owned, and names and addresses made here */
	size_t n, cap;
	char **made; /* owned texts */
	size_t n_made, cap_made;
	const char *labels[HOST_LABELS]; /* borrowed: names of the columns */
	size_t n_labels;
};

void hosts_add(struct enroll_hosts *hs, const struct enroll_host *h);
/* Takes what was allocated; what hosts borrow may be kept here. */
void *hosts_keep(struct enroll_hosts *hs, void *made);
void hosts_free(struct enroll_hosts *hs);
/* Fills in names and whole URLs, and checks all: tells what is wrong. */
bool hosts_check(struct enroll_hosts *hs, const struct enroll_opts *o,
    struct enroll_result *r);
/* ERR_TOO_BIG if out is full. */
bool hosts_write(const struct enroll_hosts *hs, const struct enroll_opts *o,
    struct buf *out, struct enroll_result *r, struct err *e);

#endif
