/* Faults that were asked for: outages and spoiled requests. */
#ifndef B7_SIM_KUBE_FAULTS_H
#define B7_SIM_KUBE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/kube/server.h"

#define KS_MAX_FAILS 256u

struct ks_faults {
	struct kube_fail *v; /* owned, strings too; oldest first */
	size_t n;
	enum kube_outage outage;
	int64_t until_us; /* monotonic */
	uint64_t held;    /* requests that were left hanging */
};

void ks_faults_fini(struct ks_faults *f);
void ks_faults_add(struct ks_faults *f, const struct kube_fail *rule);
/* The outage that holds now. */
enum kube_outage ks_faults_outage(struct ks_faults *f, int64_t mono_us);
/* Uses up one count of the first rule that matches; false if none does. out
 * gets status, retry_after_s, after_commit and hang only. */
bool ks_faults_hit(struct ks_faults *f, const char *user, const char *verb,
    const char *resource, const char *object, struct kube_fail *out);

#endif
