/*
 * Recordings: the tree of a real BMC (or one of DMTF's mockups), served with a
 * live machine behind it. What was recorded is the base; power, boot, virtual
 * media, sessions, tasks, ETags and identities are overlaid from the machine
 * model, and the actions that the recording names work on it. Everything else
 * reads as it was recorded and cannot be written.
 *
 * A recording is a folder as DMTF's mockups have it: one index.json a
 * resource, below redfish/v1 or directly in the folder (the "short form"),
 * perhaps with a headers.json beside it, and perhaps with a manifest.json in
 * the folder, as `beskar7-agent probe --record` writes it. Nothing in it is
 * trusted: every size is capped, paths cannot leave the folder.
 */
#ifndef B7_SIM_BMC_REPLAY_H
#define B7_SIM_BMC_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/files.h"

struct bmc;
struct bmc_profile;
struct replay;
struct request;

#define REPLAY_RESOURCES 8192
#define REPLAY_FILE_BYTES (4u << 20)
#define REPLAY_TOTAL_BYTES (128u << 20)
#define REPLAY_PATH 512

/* Reads the whole recording. ERR_SPEC names the file and what is wrong. */
struct replay *replay_load(struct files *files, const char *dir, struct err *e);
void replay_free(struct replay *r);
size_t replay_resources(const struct replay *r);

/* Sets the knobs of p that the recording tells (what is offered, where the
 * boot override stands, slots, forms of ETags); the others, above all what is
 * refused and in which words, stay as they are. */
void replay_profile(const struct replay *r, struct bmc_profile *p);
/* The board of a fresh BMC is the recorded one if it is the fleet's first;
 * the others keep the identities that were made for them. */
void replay_board(const struct replay *r, struct bmc *b);
/* Paths of what is made while it runs (sessions, tasks by their ids) and of
 * what no recording needs: they are served as without one. */
bool replay_made(const char *path);
/* The route of any other request to a BMC that serves r; false: none. */
bool replay_route(const struct replay *r, struct request *rq);

#endif
