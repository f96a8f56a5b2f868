/*
 * The inside of follow.h: one event stream of a client. Private to this folder.
 * The struct exists from the first follow on; its connection, peer and parser
 * only while there is a stream.
 */
#ifndef B7_AGENT_REDFISH_STREAM_H
#define B7_AGENT_REDFISH_STREAM_H

#include "agent/redfish/client.h"
#include "agent/redfish/follow.h"
#include "agent/redfish/sse.h"

#define RF_STREAM_EVENT_MAX ((size_t)16 * 1024)
#define RF_STREAM_BYTES_A_SECOND ((size_t)64 * 1024)

struct rf_stream {
	struct redfish *rf; /* borrowed */
	/* where, as far as is known */
	bool asked; /* the service told, at asked_us */
	int64_t asked_us;
	char *uri; /* owned; NULL = it offers none */
	/* who is told */
	redfish_news_fn *news;
	void *news_arg;
	unsigned untold; /* bits 1 << enum redfish_news */
	struct err why;  /* of ENDED */
	struct deferred tell;
	/* the connection; call NULL = none, then peer and trust are too */
	struct http_peer *peer;
	struct tls_trust *trust; /* keeps what the peer borrows */
	struct http_call *call;
	struct sse sse;
	enum rf_auth auth;
	int status;     /* 0 = no head came */
	bool typed;     /* as an event stream */
	char *moved_to; /* owned; a redirect's Location */
	bool open, redirected;
	int64_t since_us, heard_us;
	/* flow */
	int64_t window_us; /* when the second began that bytes are of */
	size_t bytes;
	struct timer resume, silence;
	char last_id[SSE_ID_CAP]; /* of the stream before */
};

/* Made on demand. */
struct rf_stream *rf_stream_of(struct redfish *rf);
/* Opens the connection; not while there is one. ENDED tells if it fails. */
void rf_stream_start(struct redfish *rf);
/* Ends one, if there is one; the user is told why, later. why NULL: silently. */
void rf_stream_end(struct redfish *rf, const char *why);
/* The session that it used is gone. */
void rf_stream_session_gone(struct redfish *rf);
void rf_stream_free(struct redfish *rf);

#endif
