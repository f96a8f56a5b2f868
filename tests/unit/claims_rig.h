/*
 * Agents that serve media, in a whole story: the API stand-in, one BMC, the
 * origin, and a reader that is neither. Tokens must not be seen anywhere.
 */
#ifndef B7_CLAIMS_RIG_H
#define B7_CLAIMS_RIG_H

#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/claims/key.h"
#include "agent/claims/media_server.h"
#include "agent/claims/tenants.h"
#include "agent/control/names.h"
#include "agent/control/record.h"
#include "common/buf.h"
#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "common/world.h"
#include "sim/origin/origin.h"
#include "tests/unit/story_rig.h"
#include "tests/unit/unit.h"

#define HOST_KEY "default/bmc-000"
#define IMAGE_SIZE (1u << 20)
#define IMAGE_URL "http://10.0.0.3/live.iso"
#define SECRETS "/api/v1/namespaces/default/secrets"
#define RIG_AGENTS 2
#define RIG_TOKENS 16

struct claims_rig {
	struct stage *s;
	struct buf heard;
	struct loop *reader;
	struct http_peer *agents[RIG_AGENTS], *origin;
	struct buf image; /* as the origin has it, or rig_whole() */
	/* Whose claim it is: */
	char claim[64];
	int attempt;
	/* All that were asked for: looked for in what was logged. */
	char tokens[RIG_TOKENS][TOKEN_CAP];
	size_t n_tokens;
};

/* One reply. */
struct got {
	unsigned done;
	enum http_err err;
	int status;
	char etag[80], retry[16];
	struct buf body;
	bool stall;       /* takes the first piece alone */
	const char *send; /* body of the request; NULL = none */
	struct http_call *call;
};

static inline enum http_flow
got_data(void *arg, struct http_bytes b)
{
	struct got *g = arg;

	(void)buf_add(&g->body, b.p, b.n);
	return g->stall && g->body.n > 0 ? HTTP_PAUSE : HTTP_MORE;
}

static inline void
got_header(char *out, size_t cap, const struct http_result *r, const char *name)
{
	const char *v = http_header_get(r->headers, r->n_headers, name);

	(void)str_copy(out, cap, v == NULL ? "" : v);
}

static inline void
got_done(void *arg, const struct http_result *r)
{
	struct got *g = arg;

	g->done++;
	g->err = r->err;
	g->status = r->status;
	g->call = NULL;
	got_header(g->etag, sizeof(g->etag), r, "ETag");
	got_header(g->retry, sizeof(g->retry), r, "Retry-After");
}

/* header: "Range: bytes=0-1", cut at its colon; NULL = none. */
static inline void
ask(struct http_peer *p, struct got *g, const char *method, const char *target,
    const char *header)
{
	char name[32] = "";
	struct http_header h = { name, NULL };
	struct http_sink sink = { got_data, g };
	struct http_request rq = { .method = method,
		.target = target,
		.headers = &h,
		.n_headers = header != NULL,
		.body = { g->send, g->send == NULL ? 0 : strlen(g->send) },
		.sink = &sink,
		.limits = { .idle_us = HTTP_NO_LIMIT,
		    .total_us = HTTP_NO_LIMIT,
		    .body_max = 1u << 30 },
		.done = got_done,
		.arg = g };

	buf_init(&g->body, 2u << 20);
	if (header != NULL) {
		h.value = strchr(header, ':') + 2;
		(void)str_format(name, sizeof(name), "%.*s",
		    (int)strcspn(header, ":"), header);
	}
	g->call = http_start(p, &rq);
}

static inline void
rig_pass(struct claims_rig *r, int64_t us)
{
	struct world *w = stage_world(r->s);

	(void)world_run(w, world_now_us(w) + us, NULL, NULL);
}

static inline bool
got_it(void *arg)
{
	return ((struct got *)arg)->done > 0;
}

static inline struct got
fetch(struct claims_rig *r, struct http_peer *p, const char *method,
    const char *target, const char *header)
{
	struct world *w = stage_world(r->s);
	struct got g = { 0 };

	ask(p, &g, method, target, header);
	(void)world_run(w, world_now_us(w) + 2 * LOOP_MIN, got_it, &g);
	CU_ASSERT_EQUAL_FATAL(g.done, 1);
	return g;
}

/* The status alone. */
static inline int
status_of(struct claims_rig *r, unsigned n, const char *method,
    const char *target, const char *header)
{
	struct got g = fetch(r, r->agents[n], method, target, header);

	buf_free(&g.body);
	return g.status;
}

static inline int
read_some(struct claims_rig *r, unsigned n, const char *target)
{
	return status_of(r, n, "GET", target, "Range: bytes=0-2047");
}

/* All of a medium, as the agent serves it now: what others must be equal to. */
static inline void
rig_whole(struct claims_rig *r, unsigned n, const char *target)
{
	struct got g = fetch(r, r->agents[n], "GET", target, NULL);

	CU_ASSERT_EQUAL_FATAL(g.status, 200);
	CU_ASSERT_FATAL(g.body.n > IMAGE_SIZE);
	buf_free(&r->image);
	r->image = g.body;
}

static inline struct http_peer *
peer_of(struct claims_rig *r, const char *base)
{
	struct http_peer_opts o = { .base = base, .max_conns = 64 };
	struct err e;
	struct http_peer *p = http_peer_new(world_net(r->reader), &o, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	return p;
}

static inline void
rig_agent(struct claims_rig *r, unsigned n)
{
	struct stage_agent_opts ao = {
		.busy_us = 5 * LOOP_S, .leader_elect = true, .media = true
	};
	struct err e = { .kind = ERR_NONE };
	bool ok = stage_agent_start(r->s, n, &ao, &e);

	if (!ok)
		(void)fprintf(stderr, "agent: %s\n", e.msg);
	CU_ASSERT_FATAL(ok);
}

static inline void
rig_open(struct claims_rig *r)
{
	struct got g;

	*r = (struct claims_rig){ .attempt = 0 };
	buf_init(&r->heard, 16u << 20);
	r->s = story_new_heard("generic", 1, &r->heard);
	r->reader = world_spawn(stage_world(r->s), "reader", "10.0.5.1", 0);
	r->agents[0] = peer_of(r, "http://10.0.1.1:8090");
	r->agents[1] = peer_of(r, "http://10.0.1.2:8090");
	r->origin = peer_of(r, "http://10.0.0.3:80");
	g = fetch(r, r->origin, "GET", "/live.iso", NULL);
	CU_ASSERT_EQUAL_FATAL(g.body.n, IMAGE_SIZE);
	r->image = g.body;
}

static inline void
rig_available(struct claims_rig *r)
{
	story_wait(r->s, "physicalhosts", "bmc-000", "status/state",
	    "Available", 5 * LOOP_MIN);
}

/* Whose record it is now; false: nobody's. */
static inline bool
rig_record(struct claims_rig *r, struct record *out)
{
	cJSON *o = kube_server_get(
	    stage_kube(r->s), AX, "physicalhosts", "default", "bmc-000");
	const cJSON *ann = json_obj(o, "metadata/annotations");
	const char *text = cJSON_GetStringValue(json_child(ann, ANN_RECORD));
	bool ok = text != NULL && record_parse(out, text, NULL);

	cJSON_Delete(o);
	return ok && out->claim_id[0] != '\0';
}

/* Once the host is in the state, its claim is noted. */
static inline void
rig_booted(struct claims_rig *r, const char *state)
{
	struct record rec;

	story_wait(r->s, "physicalhosts", "bmc-000", "status/state", state,
	    30 * LOOP_MIN);
	rig_pass(r, 10 * LOOP_S);
	CU_ASSERT_TRUE_FATAL(rig_record(r, &rec));
	(void)str_copy(r->claim, sizeof(r->claim), rec.claim_id);
	r->attempt = rec.attempt;
}

static inline void
rig_start(struct claims_rig *r, const char *image, const char *kind,
    const char *state)
{
	rig_available(r);
	story_machine(r->s, image, kind);
	rig_booted(r, state);
}

static inline void
rig_boot(struct claims_rig *r)
{
	rig_start(r, IMAGE_URL, "Live", "Provisioned");
}

static inline void
rig_token(struct claims_rig *r, const char *token)
{
	for (size_t i = 0; i < r->n_tokens; i++)
		if (str_eq(r->tokens[i], token))
			return;
	CU_ASSERT_FATAL(r->n_tokens < RIG_TOKENS);
	(void)str_copy(r->tokens[r->n_tokens++], TOKEN_CAP, token);
}

/* The target of a token that the agent hands out; "" = it has none. */
static inline void
rig_target(struct claims_rig *r, unsigned n, enum token_purpose p, char out[64])
{
	const struct media_server *m = agent_media(stage_agent(r->s, n));
	char *url = media_server_url(m, HOST_KEY, r->claim, r->attempt, p);
	enum token_purpose is = TOKEN_PURPOSES;
	char token[TOKEN_CAP];

	out[0] = '\0';
	if (url == NULL)
		return;
	CU_ASSERT_TRUE(str_has_prefix(url, STAGE_MEDIA "/"));
	(void)str_copy(out, 64, url + strlen(STAGE_MEDIA));
	CU_ASSERT_TRUE(token_path(out, &is, token));
	CU_ASSERT_EQUAL(is, p);
	rig_token(r, token);
	xfree(url);
}

/* The same by the key in the Secret (or by its former one): what another
 * program would make of it. */
static inline void
rig_made(
    struct claims_rig *r, const char *field, enum token_purpose p, char out[64])
{
	struct token_of of = { "default", "bmc-000", r->claim, r->attempt };
	uint8_t key[TOKEN_KEY] = { 0 };
	char token[TOKEN_CAP], *path = xasprintf("data/%s", field);
	cJSON *o = kube_server_get(
	    stage_kube(r->s), "", "secrets", "default", CLAIMS_KEY_SECRET);
	const char *text = json_str(o, path, "");
	size_t n = 0;

	CU_ASSERT_TRUE(b64_decode(text, strlen(text), key, sizeof(key), &n));
	CU_ASSERT_EQUAL(n, TOKEN_KEY);
	token_make(key, p, &of, token);
	rig_token(r, token);
	CU_ASSERT_TRUE(token_url(out, 64, "", p, token));
	cJSON_Delete(o);
	xfree(path);
}

static inline unsigned
heard(const struct claims_rig *r, const char *text)
{
	unsigned n = 0;

	for (const char *at = buf_str(&r->heard);
	     (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

static inline void
rig_unheard(struct claims_rig *r)
{
	struct buf b;

	buf_init(&b, 4u << 20);
	for (unsigned n = 0; n < RIG_AGENTS; n++)
		if (stage_agent_metrics(r->s, n) != NULL)
			metrics_print(stage_agent_metrics(r->s, n), &b);
	for (size_t i = 0; i < r->n_tokens; i++) {
		CU_ASSERT_PTR_NULL(strstr(buf_str(&r->heard), r->tokens[i]));
		CU_ASSERT_PTR_NULL(strstr(buf_str(&b), r->tokens[i]));
	}
	buf_free(&b);
}

static inline void
rig_close(struct claims_rig *r)
{
	rig_unheard(r);
	for (unsigned n = 0; n < RIG_AGENTS; n++)
		http_peer_free(r->agents[n]);
	http_peer_free(r->origin);
	buf_free(&r->image);
	stage_free(r->s);
	buf_free(&r->heard);
}

static inline void
delete_key(struct claims_rig *r)
{
	int status;

	cJSON_Delete(kube_server_do(stage_kube(r->s), "DELETE",
	    SECRETS "/" CLAIMS_KEY_SECRET, NULL, NULL, &status));
	CU_ASSERT_EQUAL(status, 200);
}

#endif
