/*
 * clusterctl move within one API server (capi-contract): the Cluster is paused,
 * each object is deleted with the annotation delete-for-move and without its
 * finalizers, and made again with a new UID, without status, owners mended.
 */
#ifndef B7_RUNNER_MOVE_H
#define B7_RUNNER_MOVE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct play;

struct move_opts {
	const char *cluster, *ns;
	bool hosts_first; /* hosts move before their machines */
	int64_t pause_us; /* between deleting and making */
};
bool move_cluster(struct play *p, const struct move_opts *o, struct err *e);

#endif
