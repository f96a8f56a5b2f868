/*
 * The little of an API client that the core stand-in needs: requests with a
 * JSON body, and watches as lines. Its own on purpose: the stand-in must not
 * share the agent's errors.
 */
#ifndef B7_SIM_CORE_CLIENT_H
#define B7_SIM_CORE_CLIENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "sim/core/core.h"

struct core_client;
struct core_call;

struct core_client *core_client_new(const struct env *env, const char *server,
    const struct core_opts *o, struct err *e);
void core_client_free(struct core_client *c); /* cancels all, silently */

/* status 0 = no answer; body NULL if it was not JSON; borrowed. */
typedef void core_done_fn(void *arg, int status, const cJSON *body);
struct core_done {
	core_done_fn *fn;
	void *arg;
};
/* type NULL = application/json. done runs once unless the client is freed. */
void core_request(struct core_client *c, const char *method, const char *target,
    const char *type, const cJSON *body, struct core_done done);

struct core_stream;
struct core_stream_fns {
	void (*line)(void *arg, const cJSON *line);
	void (*ended)(void *arg, int status); /* once; the stream is gone */
	void *arg;
};
struct core_stream *core_stream_open(
    struct core_client *c, const char *target, const struct core_stream_fns *f);
void core_stream_close(struct core_stream *s); /* silent */

#endif
