/*
 * What real processes tell over HTTP, as the hooks of backend.h: watches of the
 * API server, followed again after each end, and the event stream of the BMCs.
 */
#ifndef B7_RUNNER_FOLLOW_H
#define B7_RUNNER_FOLLOW_H

#include <stdint.h>

#include "common/err.h"
#include "scenarios/runner/backend.h"

struct follow;
struct http_peer;
struct loop;

struct follow_opts {
	struct loop *loop;
	struct http_peer *kube, *bmc; /* borrowed */
	const char *authorization;    /* of kube; borrowed */
	struct backend_hooks hooks;
	int64_t epoch_us;        /* the hooks' times begin there */
	void (*told)(void *arg); /* after each hook */
	/* Before each event of a BMC; NULL = nobody is asked. */
	void (*seen)(void *arg, struct bmc_event *ev);
	void *arg;
};
struct follow *follow_new(const struct follow_opts *o);
void follow_free(struct follow *f);
bool follow_synced(const struct follow *f); /* all lists came */

#endif
