#include "agent/redfish/follow.h"

#include "agent/redfish/stream.h"
#include "agent/redfish/text.h"
#include "common/json.h"

static void
begin_stream(struct redfish *rf)
{
	rf_stream_start(rf);
	rf_finish(rf);
}

static void
with_session(struct redfish *rf)
{
	if (!rf->stream->uri)
		rf_finish(rf);
	else if (rf_session_ready(rf))
		begin_stream(rf);
	else
		rf_session_begin(rf, begin_stream);
}

static void
on_service(struct redfish *rf, const struct rf_reply *r)
{
	struct rf_stream *s = rf->stream;
	bool absent =
	    r->http == HTTP_OK && (r->status == 404 || r->status == 405 ||
				      r->status == 410 || r->status == 501);

	if (!r->ok && !absent) {
		rf_fail_reply(rf, r, "read the event service");
		return;
	}
	s->asked = true;
	s->asked_us = rf_now(rf);
	xreplace(&s->uri, NULL);
	if (r->ok && json_bool(r->json, "ServiceEnabled", true))
		s->uri = rf_text_link(
		    rf->origin, json_str(r->json, "ServerSentEventUri", NULL));
	with_session(rf);
}

static void
find_stream(struct redfish *rf)
{
	struct rf_stream *s = rf->stream;

	if (s->call || redfish_streaming(rf) == RF_STREAMING_NONE)
		rf_finish(rf);
	else if (s->asked && s->uri)
		with_session(rf);
	else if (rf->service.events)
		rf_get(rf, rf->service.events, on_service);
	else {
		s->asked = true;
		s->asked_us = rf_now(rf);
		rf_finish(rf);
	}
}

void
redfish_follow(struct redfish *rf, redfish_news_fn *news, void *news_arg,
    redfish_done_fn *done, void *arg)
{
	struct rf_stream *s = rf_stream_of(rf);

	s->news = news;
	s->news_arg = news_arg;
	if (rf_begin(rf, "follow", done, arg))
		rf_ensure(rf, find_stream);
}
