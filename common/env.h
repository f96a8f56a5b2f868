/*
 * What a process has: the seams and its name. Everything above them gets this
 * struct and nothing else, so that it runs unchanged as a process over TLS or
 * inside a virtual world.
 */
#ifndef B7_ENV_H
#define B7_ENV_H

#include <stdint.h>

#include "common/files.h"
#include "common/log.h"
#include "common/random.h"

struct loop;
struct http_net;
struct metrics;

struct env {
	const char *name;  /* "agent-0"; borrowed */
	struct loop *loop; /* borrowed, as all below */
	struct http_net *net;
	struct entropy entropy;
	struct files *files;
	struct log *log;
	struct metrics *metrics;
	uint64_t seed; /* root of all rng_seed() paths of this process */
};

#endif
