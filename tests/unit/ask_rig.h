/* `kubectl port-forward` and `beskar7-agent explain --server`, in a stage: one
 * question to the diagnostics of an agent, from its own loopback. */
#ifndef B7_TESTS_ASK_RIG_H
#define B7_TESTS_ASK_RIG_H

#include "common/http.h"
#include "common/loop.h"
#include "common/world.h"
#include "scenarios/runner/stage.h"
#include "tests/unit/unit.h"

#define ASK_RIG_DIAGNOSTICS "127.0.0.1:8080" /* of stage_agent_opts */

static inline void
ask_rig_done(void *arg, const struct http_result *r)
{
	*(int *)arg = r->status;
}

/* The status of the answer. Takes a second of virtual time. */
static inline int
ask_rig_explain(struct stage *s, const char *path)
{
	struct world *w = stage_world(s);
	struct loop *l = world_spawn(w, "kubectl", "127.0.0.1", 0);
	struct http_peer_opts po = { .base = "http://" ASK_RIG_DIAGNOSTICS };
	const struct http_header h = { "Authorization", "Bearer " STAGE_TOKEN };
	int status = 0;
	struct http_request rq = { .method = "GET",
		.target = path,
		.headers = &h,
		.n_headers = 1,
		.done = ask_rig_done,
		.arg = &status };
	struct http_peer *p = http_peer_new(world_net(l), &po, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	(void)http_start(p, &rq);
	(void)world_run(w, world_now_us(w) + LOOP_S, NULL, NULL);
	http_peer_free(p);
	world_kill(l);
	world_reap(l);
	return status;
}

#endif
