/*
 * The media server of an agent with all that it needs of the cluster. It runs
 * from the agent's start to its end, whether or not the agent leads.
 */
#ifndef B7_AGENT_CLAIMS_MEDIA_SERVER_H
#define B7_AGENT_CLAIMS_MEDIA_SERVER_H

#include "agent/kube/client.h"
#include "agent/serve/serve.h"

struct media_server;

struct media_server_opts {
	struct serve_opts serve; /* listen: NULL or "" = no media server */
	/* What BMCs and machines put in front of a token's path, without a
	 * slash at its end: "http://10.0.0.1:8090". report: NULL or "" = as
	 * media. */
	const char *media_url, *report_url;
	/* PEM file that machines are to verify the latter's server by; NULL or
	 * "" = with what they trust. */
	const char *report_ca;
	const char *image_ca; /* PEM file; NULL or "" = the system's CAs */
	const char *origins;  /* --image-origins */
	const char *folders;  /* --image-dir; NULL or "" = none */
	size_t cache;         /* bytes; 0 = 16 MiB */
	const char *ns, *watch_filter; /* as of the controllers */
	const char *key_ns;            /* of the key's Secret */
	bool (*leading)(void *arg);    /* NULL = always */
	void *arg;
};
/* All strings are copied or used at once. ERR_SPEC names the option that is
 * wrong ("--media-url"). */
struct media_server *media_server_new(
    struct kube_client *k, const struct media_server_opts *o, struct err *e);
void media_server_free(struct media_server *m);
unsigned media_server_port(const struct media_server *m);
/* What is to be given to a BMC or put into an image; owned. NULL: that claim does
 * not live (yet), or there is no key. host_key: "ns/name". */
char *media_server_url(const struct media_server *m, const char *host_key,
    const char *claim, int attempt, enum token_purpose purpose);
/* What the controllers ask; theirs to set its wake. Lives as long as m. */
struct boot_media;
struct boot_media *media_server_face(struct media_server *m);
/* What was read of one of a host's media; NULL: nothing. */
const struct seen *media_server_seen(const struct media_server *m,
    const char *host_key, enum token_purpose which);

#endif
