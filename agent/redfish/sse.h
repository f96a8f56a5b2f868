/*
 * Framing of text/event-stream, in whatever pieces it arrives (WHATWG HTML
 * 9.2.5 and 9.2.6; DSP0266 13.5). Pure.
 *
 * Nothing of a line is stored but the value of a field that counts, so a line
 * without end costs no memory; one longer than SSE_LINE_MAX is no event stream
 * any more. An event with more data than data_max is told with what fitted and
 * cut = true: that something happened is known all the same. An event that the
 * stream's end interrupts is none.
 */
#ifndef B7_AGENT_REDFISH_SSE_H
#define B7_AGENT_REDFISH_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

#define SSE_LINE_MAX ((size_t)1024 * 1024)
#define SSE_ID_CAP 128
#define SSE_TYPE_CAP 32
#define SSE_FIELD_CAP 8

struct sse_event {
	const char *data; /* lines joined by LF; may hold NUL */
	size_t n;
	const char *type; /* "message" unless the stream says otherwise */
	bool cut;
};
/* Borrowed for the call. Must not free the parser. */
typedef void sse_event_fn(void *arg, const struct sse_event *ev);

enum sse_field {
	SSE_F_NONE, /* unknown, or a comment */
	SSE_F_DATA,
	SSE_F_ID,
	SSE_F_TYPE,
	SSE_F_RETRY
};

struct sse {
	sse_event_fn *fn;
	void *arg;
	/* What a reconnection should send as Last-Event-ID; "" = nothing. */
	char id[SSE_ID_CAP];
	int64_t retry_ms;  /* asked for by the stream; -1 = never */
	uint64_t comments; /* seen; keep-alives as a rule */
	/* private */
	struct buf data;
	char name[SSE_FIELD_CAP], type[SSE_TYPE_CAP];
	char value[SSE_ID_CAP]; /* of id, type and retry */
	size_t name_n, value_n, line_n;
	unsigned bom;       /* bytes of it seen at the start; 3 = settled */
	bool after_cr;      /* a LF belongs to the line end before it */
	bool in_value;      /* the colon was seen */
	bool value_begun;   /* and the space after it, if any */
	bool value_cut;     /* the value is longer than we keep */
	bool has_data, cut; /* of the event */
	enum sse_field field;
};

void sse_init(struct sse *s, size_t data_max, sse_event_fn *fn, void *arg);
void sse_free(struct sse *s);
/* ERR_TOO_BIG: this is no event stream; nothing may be fed any more. */
bool sse_feed(struct sse *s, const char *p, size_t n, struct err *e);

#endif
