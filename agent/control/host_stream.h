/*
 * Which hosts' BMCs are followed by an event stream, and what an event does: it
 * wakes the host for an ordinary pass, nothing else (rule 32 of the Redfish
 * client: events are hints).
 *
 * There are at most opts.event_streams. They go to hosts that are claimed, being
 * provisioned or released, then to unclaimed ones, then to the others, each in
 * the order of their names; who is first served keeps its stream until the next
 * settling, at most five seconds later. Paused hosts have none.
 */
#ifndef B7_CONTROL_HOST_STREAM_H
#define B7_CONTROL_HOST_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/control/pace.h"
#include "agent/redfish/redfish.h"
#include "common/retry.h"

struct controllers;
struct host_ctl;

enum stream_rank {
	STREAM_UNFIT, /* paused, not reached yet, going away */
	STREAM_BUSY,
	STREAM_IDLE,
	STREAM_OTHER,
	STREAM_RANKS
};

struct host_stream { /* of a host_ctl */
	enum stream_rank rank;
	bool granted, keep;
	bool wrote;  /* the pass under way, or the last one, did */
	bool hinted; /* an event came that no pass has looked after yet */
	int64_t next_us, opened_us;
	int64_t echo_us; /* until then events tell of our own writes */
	struct backoff backoff;
	struct pace pace;
	enum redfish_power power; /* as last seen, and since when */
	int64_t moved_us;         /* 0 = it never changed before our eyes */
};

void host_stream_init(struct host_ctl *ctl);
/* This host has no stream from now on, and wants none. */
void host_stream_drop(struct host_ctl *ctl);
/* A pass begins, or has settled. */
void host_stream_look(struct host_ctl *ctl);
void host_stream_settled(struct host_ctl *ctl, bool fit);
/* A write to the BMC goes out: it will tell us of that. Some show the state of
 * before for seconds: to look sooner than usual would be to write again. */
void host_stream_wrote(struct host_ctl *ctl);
/* The pass failed and is to be repeated so much later: what it wrote makes
 * the BMC tell of that failure, and to look for it at once would be to write
 * the same again, for ever. */
void host_stream_held(struct host_ctl *ctl, int64_t delay_us);
/* The follow operation of a pass failed. */
void host_stream_failed(struct host_ctl *ctl);
unsigned host_streams_open(const struct controllers *c);
void host_streams_close(struct controllers *c); /* all: we are stopping */

#endif
