/*
 * A fleet of simulated BMCs, an image origin and a client in a virtual world.
 * Calls are synchronous for the test: they run the world until the reply came.
 */
#ifndef B7_BMC_RIG_H
#define B7_BMC_RIG_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/env.h"
#include "common/http.h"
#include "common/loop.h"
#include "common/world.h"
#include "sim/bmc/fleet.h"
#include "sim/origin/origin.h"

#define RIG_SYS "/redfish/v1/Systems/system-1"
#define RIG_CD RIG_SYS "/VirtualMedia/Cd"
#define RIG_MGR "/redfish/v1/Managers/bmc-1"
#define RIG_ORIGIN "http://10.2.0.1:8080"
#define RIG_EVENTS 4096

struct rig_reply {
	int status; /* 0 = no reply */
	enum http_err err;
	cJSON *json; /* owned by the rig; NULL = none */
	char text[65536];
	size_t text_n;
	char etag[80], location[256], token[80], allow[80], retry_after[16],
	    auth[80], link[160], type[80], server[64];
	bool done;
};

struct rig {
	struct world *w;
	struct loop *bmc_loop, *origin_loop, *client_loop;
	struct log log;
	struct env bmc_env, origin_env;
	struct bmc_fleet *fleet;
	struct origin *origin;
	struct http_peer *peer, *control;
	struct tls_trust *trust;
	const char *user, *password; /* Basic, unless token is set */
	char token[80];
	char if_match[80];
	const char *content_type; /* of bodies; NULL = JSON */
	size_t body_n; /* of a body with NULs in it; 0 = up to the first */
	struct rig_reply r;
	char *events[RIG_EVENTS]; /* "kind text" without requests */
	size_t n_events;
	unsigned requests;
	struct timer tick;
};

/* o: NULL = one generic BMC over TLS; else as given, with addresses, profiles
 * folder, control and observer filled in. */
void rig_open(struct rig *g, const struct bmc_fleet_opts *o);
void rig_profile(struct rig *g, const char *profile);
/* knobs: YAML over the generic profile. */
void rig_knobs(struct rig *g, const char *knobs);
void rig_close(struct rig *g);
void rig_run(struct rig *g, int64_t ms);
/* Runs until an event line contains the text; false after ms. */
bool rig_until(struct rig *g, const char *text, int64_t ms);
/* The reply is g->r until the next call. */
int rig_call(
    struct rig *g, const char *method, const char *path, const char *body);
int rig_get(struct rig *g, const char *path);
/* Value at a JSON path of the reply as text ("" if absent). */
const char *rig_at(struct rig *g, const char *path);
/* Last part of the first MessageId in an error reply. */
const char *rig_message(struct rig *g);
int rig_control(
    struct rig *g, const char *method, const char *path, const char *body);
bool rig_login(struct rig *g); /* keeps the token */
/* How many event lines contain the text. */
unsigned rig_count(const struct rig *g, const char *text);
/* Position of the first event line that contains the text, from on; -1. */
int rig_find(const struct rig *g, const char *text, int from);
void rig_forget(struct rig *g);
struct bmc_snapshot rig_snap(struct rig *g);
void rig_dump(const struct rig *g);

#endif
