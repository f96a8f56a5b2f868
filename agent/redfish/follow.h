/*
 * Following a BMC's events by its stream (DSP0266 13.5, ServerSentEventUri).
 *
 * An event is a hint that a look may be worth while, never a fact (rule 32):
 * whoever follows is told that something happened, not what. A stream is a
 * connection of its own beside the one request in flight; it uses the session
 * of the client and ends with it. Nobody but the user opens it again.
 *
 * What one costs is bounded: 64 KiB a second are read of it, 16 KiB of an event
 * kept, while it is being read.
 */
#ifndef B7_AGENT_REDFISH_FOLLOW_H
#define B7_AGENT_REDFISH_FOLLOW_H

#include "agent/redfish/redfish.h"

enum redfish_news {
	RF_NEWS_OPEN, /* the BMC streams from now on */
	/* At least one event that may concern the machine; the next read of
	 * the system is a full one, whatever its ETag says. */
	RF_NEWS_HINT,
	RF_NEWS_SILENT, /* nothing was heard for RF_STREAM_VOUCHES_US */
	RF_NEWS_ENDED   /* for whatever reason; see why */
};
/* From the loop, with nothing of the client under way in the caller's stack;
 * why only of ENDED, else NULL. Not called any more after redfish_unfollow. */
typedef void redfish_news_fn(
    void *arg, enum redfish_news news, const struct err *why);

/* So long a stream that says nothing (not even a comment) vouches for silence
 * being news: BMCs that keep it alive do so every 15 to 60 s. */
#define RF_STREAM_VOUCHES_US (90 * 1000000LL)

/*
 * An operation. Reads where the stream is (one GET, once), then starts it and
 * is done: OPEN or ENDED follow. Success without a stream starting means that
 * the BMC offers none: see redfish_streaming. No-op while one is there.
 */
void redfish_follow(struct redfish *rf, redfish_news_fn *news, void *news_arg,
    redfish_done_fn *done, void *arg);
/* Closes it, silently and at once: the BMC's subscription ends with the socket.
 * May be called at any time, an operation in flight or not. */
void redfish_unfollow(struct redfish *rf);

enum redfish_streaming {
	RF_STREAMING_UNKNOWN, /* nobody asked yet, or not to be told */
	RF_STREAMING_NONE,    /* the BMC offers none; asked again in 6 h */
	RF_STREAMING_CLOSED,
	RF_STREAMING_OPENING,
	RF_STREAMING_OPEN
};
enum redfish_streaming redfish_streaming(const struct redfish *rf);
/* It is open, and was heard of late: silence means that nothing happened. */
bool redfish_stream_vouches(const struct redfish *rf);

#endif
