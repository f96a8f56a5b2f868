/* The script by which a machine says that it is up, and how its bootstrap went
 * (agent/serve/serve.h: POST /r/TOKEN). One file, for /bin/sh of any system. */
#ifndef B7_AGENT_DELIVERY_REPORT_H
#define B7_AGENT_DELIVERY_REPORT_H

#include "agent/delivery/room.h"

struct report {
	const char *url;
	const char *ca;      /* PEM that its server is verified by; NULL = the
			      * system's own */
	bool installed_only; /* a live system says nothing */
	bool sentinel;       /* the data says where it notes its success */
};
/* false: no URL that a shell takes as it is. */
bool report_url_ok(const char *url);
bool report_ca_ok(const char *pem); /* and no certificates */
void report_script(struct wiped *out, const struct report *r);
/* A systemd unit that runs it from `path` with each boot until it is answered. */
void report_unit(struct wiped *out, const char *path);

#endif
