/*
 * Recordings: the input is a folder, as files after lines "== NAME". Whatever
 * is in it, it is loaded or refused with words; one that is loaded answers
 * every URI that it has, off and on, with a medium asked for and without.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/env.h"
#include "common/files.h"
#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "sim/bmc/fleet.h"
#include "sim/bmc/profile.h"
#include "sim/bmc/replay.h"
#include "sim/bmc/replay_tree.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MARK "== "
#define ASKED 24 /* URIs of one input */

struct bench {
	struct world *w;
	struct files *files;
	struct log log;
	struct env bmc, client;
	struct bmc_fleet *fleet;
	struct http_peer *peer;
	bool done;
	int status;
};

/* ---- the folder ----------------------------------------------------------------- */

static void
put(struct files *f, const char *name, size_t name_n, const char *p, size_t n)
{
	char *path = xasprintf("rec/%.*s", (int)name_n, name);

	files_memory_put(f, path, p, n);
	xfree(path);
}

static void
unpack(struct files *f, const char *text, size_t n)
{
	const char *end = text + n, *at = text, *line, *next, *stop;

	while (at < end && (at = memmem(at, (size_t)(end - at), MARK, 3))) {
		at += 3;
		line = memchr(at, '\n', (size_t)(end - at));
		if (!line)
			return;
		next = memmem(line, (size_t)(end - line), "\n" MARK, 4);
		stop = next ? next : end;
		line++;
		put(f, at, (size_t)(line - at - 1), line,
		    stop > line ? (size_t)(stop - line) : 0);
		at = next ? next + 1 : end;
	}
}

/* ---- asking --------------------------------------------------------------------- */

static void
on_result(void *arg, const struct http_result *r)
{
	struct bench *b = arg;

	b->status = r->err == HTTP_OK ? r->status : 0;
	b->done = true;
}

static bool
is_done(void *arg)
{
	return ((struct bench *)arg)->done;
}

static int
ask(struct bench *b, const char *method, const char *target, const char *body)
{
	/* root:b7-sim-secret */
	struct http_header h[] = {
		{ "Authorization", "Basic cm9vdDpiNy1zaW0tc2VjcmV0" },
		{ "Content-Type", "application/json" },
	};
	struct http_request q = { .method = method,
		.target = target,
		.headers = h,
		.n_headers = 2,
		.body = { body, body ? strlen(body) : 0 },
		.done = on_result,
		.arg = b };

	b->done = false;
	(void)http_start(b->peer, &q);
	MUST(world_run(b->w, world_now_us(b->w) + LOOP_HOUR, is_done, b));
	return b->status;
}

static bool
can_be_asked(const char *path)
{
	for (; *path; path++)
		if (*path == '"' || (unsigned char)*path > 0x7e)
			return false;
	return true;
}

static void
ask_all(struct bench *b, const struct replay *r)
{
	const char *path;

	for (size_t i = 0; i < r->tree.n && i < ASKED; i++) {
		path = r->tree.v[i].key;
		if (!can_be_asked(path))
			continue;
		MUST(ask(b, "GET", path, NULL) < 600);
		MUST(b->status == 200);
		MUST(ask(b, "PATCH", path, "{\"Image\":\"x\",\"Boot\":{}}") >=
		     200);
	}
	for (size_t i = 0; i < r->actions.n && i < ASKED; i++) {
		path = r->actions.v[i].key;
		if (!can_be_asked(path))
			continue;
		MUST(ask(b, "POST", path, "{\"ResetType\":\"On\"}") >= 200);
		MUST(ask(b, "POST", path,
			 "{\"Image\":\"http://10.9.9.9/x.iso\"}") >= 200);
	}
}

static void
drop_line(void *arg, const char *line, size_t n)
{
	(void)arg;
	(void)line;
	(void)n;
}

static struct env
make_env(struct bench *b, const char *name, const char *addr)
{
	struct loop *l = world_spawn(b->w, name, addr, 0);

	return (struct env){ .name = name,
		.loop = l,
		.net = world_net(l),
		.entropy = world_entropy(l),
		.files = b->files,
		.log = &b->log,
		.metrics = metrics_new(),
		.seed = 1 };
}

static void
serve(struct files *f, const struct replay *r)
{
	struct bench b = { .files = f,
		.log = { .level = LOG_ERROR, .sink = drop_line } };
	const char *profile = "generic";
	struct bmc_fleet_opts o = { .profiles = &profile,
		.n_profiles = 1,
		.profiles_dir = "profiles",
		.replay = "rec",
		.addr = "10.1.0.1",
		.port = 80 };
	struct err e = { .kind = ERR_NONE };

	b.w = world_new(1);
	b.bmc = make_env(&b, "bmc", "10.1.0.1");
	b.client = make_env(&b, "client", "10.3.0.1");
	b.fleet = bmc_fleet_new(&b.bmc, &o, &e);
	MUST(b.fleet != NULL);
	b.peer = http_peer_new(b.client.net,
	    &(struct http_peer_opts){ .base = "http://10.1.0.1:80" }, &e);
	MUST(b.peer != NULL);
	ask_all(&b, r);
	ask_all(&b, r);
	http_peer_free(b.peer);
	bmc_fleet_free(b.fleet);
	metrics_free(b.bmc.metrics);
	metrics_free(b.client.metrics);
	world_free(b.w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char generic[] = "name: generic\n";
	struct files *f = files_memory_new();
	struct bmc_profile *p = profile_new();
	struct err e = { .kind = ERR_NONE };
	struct replay *r;

	files_memory_put(
	    f, "profiles/generic.yaml", generic, sizeof(generic) - 1);
	unpack(f, (const char *)data, n);
	r = replay_load(f, "rec", &e);
	if (!r) {
		MUST(e.kind == ERR_SPEC && e.msg[0]);
	} else {
		replay_profile(r, p);
		MUST(p->n_slots <= PROFILE_SLOTS && p->system_id);
		serve(f, r);
	}
	profile_free(p);
	replay_free(r);
	files_memory_free(f);
	return 0;
}
