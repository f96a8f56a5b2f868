/* The client: its lanes, credentials and counters. */
#include "agent/kube/client_impl.h"

#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

/* Slots are how many requests may be under way; the peers get the same
 * number of connections, so that nothing waits there. */
static const struct {
	unsigned slots;
	bool bucket;
	int64_t idle_close_us;
} lane_plan[KUBE_LANES] = {
	[KUBE_LANE_NORMAL] = { 8, true, 60 * LOOP_S },
	[KUBE_LANE_BULK] = { 4, true, 10 * LOOP_S },
	[KUBE_LANE_EVENT] = { 1, false, 0 },
	[KUBE_LANE_LEASE] = { 2, false, 30 * LOOP_S },
	[KUBE_LANE_WATCH] = { 64, false, 0 },
};

static bool
lanes_open(
    struct kube_client *c, const struct kube_client_opts *o, struct err *e)
{
	double qps = o->qps > 0 ? o->qps : 50;
	unsigned burst = o->burst > 0 ? o->burst : 100;
	struct tls_policy tls;

	kube_auth_policy(&c->auth, &tls);
	for (unsigned i = KUBE_LANE_NORMAL; i < KUBE_LANES; i++) {
		const struct http_peer_opts po = { .base = c->config.server,
			.tls = tls,
			.max_conns = lane_plan[i].slots,
			.idle_close_us = lane_plan[i].idle_close_us };

		limiter_init(&c->lanes[i].limit, c->env->loop,
		    lane_plan[i].bucket ? qps : 0, burst, lane_plan[i].slots);
		c->lanes[i].peer = http_peer_new(c->env->net, &po, e);
		if (c->lanes[i].peer == NULL)
			return err_wrap(
			    e, "API server of %.100s", c->config.source);
	}
	return true;
}

static void
help(struct metrics *m)
{
	if (m == NULL)
		return;
	metrics_help(m, "beskar7_kube_requests_total",
	    "Requests to the Kubernetes API by verb, resource and result.");
	metrics_help(m, "beskar7_kube_request_seconds",
	    "Duration of requests to the Kubernetes API, watches apart.");
	metrics_help(m, "beskar7_kube_throttled_total",
	    "Requests that waited for the client-side rate limit or a hold.");
	metrics_help(m, "beskar7_kube_gated_total",
	    "Writes that were not sent: no lease, or shutting down.");
}

static void
config_dup(struct kube_config *to, const struct kube_config *from)
{
	*to = (struct kube_config){ .source = xstrdup(from->source) };
	to->context = xstrdup(from->context);
	to->cluster = xstrdup(from->cluster);
	to->user = xstrdup(from->user);
	to->server = xstrdup(from->server);
	to->path_prefix =
	    xstrdup(from->path_prefix == NULL ? "" : from->path_prefix);
	to->tls_server_name = xstrdup(from->tls_server_name);
	to->insecure = from->insecure;
	to->default_ns = xstrdup(from->default_ns);
	secret_set(&to->ca_pem, from->ca_pem.p, from->ca_pem.n);
	to->ca_file = xstrdup(from->ca_file);
	secret_set(&to->cert_pem, from->cert_pem.p, from->cert_pem.n);
	secret_set(&to->key_pem, from->key_pem.p, from->key_pem.n);
	to->cert_file = xstrdup(from->cert_file);
	to->key_file = xstrdup(from->key_file);
	secret_set(&to->token, from->token.p, from->token.n);
	to->token_file = xstrdup(from->token_file);
}

static const char *
or_default(const char *s, const char *dflt)
{
	return s != NULL ? s : dflt;
}

struct kube_client *
kube_client_new(const struct env *env, const struct kube_config *config,
    const struct kube_client_opts *o, struct err *e)
{
	const struct kube_client_opts none = { 0 };
	struct kube_client *c = xcalloc(1, sizeof(*c));

	o = o != NULL ? o : &none;
	c->env = env;
	TAILQ_INIT(&c->calls);
	twice_init(&c->twice);
	config_dup(&c->config, config);
	c->user_agent = xstrdup(or_default(o->user_agent, "beskar7-agent"));
	c->field_manager =
	    xstrdup(or_default(o->field_manager, "beskar7-agent"));
	c->timeout_us = o->timeout_us > 0 ? o->timeout_us : 30 * LOOP_S;
	c->max_pages = o->max_pages > 0 ? o->max_pages : 1000;
	c->max_objects = o->max_objects > 0 ? o->max_objects : 200000;
	c->max_list_bytes =
	    o->max_list_bytes > 0 ? o->max_list_bytes : 1ull << 30;
	if (!kube_auth_init(&c->auth, env, &c->config, e) ||
	    !lanes_open(c, o, e)) {
		kube_client_free(c);
		return NULL;
	}
	help(env->metrics);
	return c;
}

void
kube_client_free(struct kube_client *c)
{
	struct kube_call *call;

	if (c == NULL)
		return;
	while ((call = TAILQ_FIRST(&c->calls)) != NULL)
		kube_call_drop(call);
	for (unsigned i = KUBE_LANE_NORMAL; i < KUBE_LANES; i++) {
		if (c->lanes[i].peer == NULL)
			continue;
		limiter_fini(&c->lanes[i].limit);
		http_peer_free(c->lanes[i].peer);
	}
	kube_auth_fini(&c->auth);
	kube_config_free(&c->config);
	xfree(c->user_agent);
	xfree(c->field_manager);
	map_free(&c->sent, xfree);
	map_free(&c->forbidden, xfree);
	twice_free(&c->twice);
	xfree(c);
}

void
kube_client_set_gate(struct kube_client *c, kube_gate_fn *may_write, void *arg)
{
	c->may_write = may_write;
	c->may_write_arg = arg;
}

const struct env *
kube_client_env(const struct kube_client *c)
{
	return c->env;
}

const char *
kube_client_default_ns(const struct kube_client *c)
{
	return or_default(c->config.default_ns, "default");
}

const char *
kube_client_server(const struct kube_client *c)
{
	return c->config.server;
}

bool
kube_client_refresh(struct kube_client *c, bool force)
{
	struct tls_policy tls;
	bool tls_changed;
	bool changed = kube_auth_refresh(&c->auth, force, &tls_changed);

	if (tls_changed) {
		kube_auth_policy(&c->auth, &tls);
		for (unsigned i = KUBE_LANE_NORMAL; i < KUBE_LANES; i++)
			http_peer_set_tls(c->lanes[i].peer, &tls);
	}
	return changed;
}

/* ---- counters ------------------------------------------------------------- */

#define WHAT_CAP 160

/* "patch hosts/status"; from const tables, so the label set is bounded. */
static void
what_of(const struct kube_request *rq, char out[WHAT_CAP], const char *fmt_sep)
{
	(void)str_format(out, WHAT_CAP, "%s%s%s%s%s", kube_verb_name(rq->verb),
	    fmt_sep, rq->res->plural, rq->subresource != NULL ? "/" : "",
	    rq->subresource != NULL ? rq->subresource : "");
}

void
kube_client_count_sent(struct kube_client *c, const struct kube_request *rq)
{
	char what[WHAT_CAP];
	uint64_t *n;

	what_of(rq, what, " ");
	n = map_get(&c->sent, what);
	if (n == NULL) {
		n = xcalloc(1, sizeof(*n));
		(void)map_put(&c->sent, what, n);
	}
	(*n)++;
	c->counts.sent[rq->verb]++;
	if (rq->lane != KUBE_LANE_LEASE &&
	    (rq->verb == KUBE_CREATE || rq->verb == KUBE_PATCH ||
		rq->verb == KUBE_DELETE))
		c->writes++;
}

#define FORBIDDEN_TOLD (10 * LOOP_MIN)

/* What the role lacks is told though nobody else may have a place to say it:
 * each thing once in ten minutes. */
static void
tell_forbidden(struct kube_client *c, const struct kube_request *rq,
    const struct kube_reply *r)
{
	int64_t now = loop_mono_us(c->env->loop);
	char what[WHAT_CAP];
	int64_t *told;

	what_of(rq, what, " ");
	told = map_get(&c->forbidden, what);
	if (told != NULL && now - *told < FORBIDDEN_TOLD)
		return;
	if (told == NULL) {
		told = xcalloc(1, sizeof(*told));
		(void)map_put(&c->forbidden, what, told);
	}
	*told = now;
	LOGW(c->env->log, "the API server forbids this", F_STR("what", what),
	    F_ERR(&r->err));
}

void
kube_client_count(struct kube_client *c, const struct kube_request *rq,
    const struct kube_reply *r, int status, int64_t took_us)
{
	struct metrics *m = c->env->metrics;
	char what[WHAT_CAP], labels[WHAT_CAP + 64], code[16];

	if (r->err.kind != ERR_NONE)
		c->counts.failed++;
	if (r->err.kind == ERR_CONFLICT)
		c->counts.conflicts++;
	if (status == 403)
		tell_forbidden(c, rq, r);
	if (m == NULL)
		return;
	if (status > 0)
		(void)str_format(code, sizeof(code), "%d", status);
	else
		(void)str_copy(code, sizeof(code), err_kind_name(r->err.kind));
	what_of(rq, what, "\",resource=\"");
	(void)str_format(
	    labels, sizeof(labels), "verb=\"%s\",code=\"%s\"", what, code);
	metrics_add(m, "beskar7_kube_requests_total", labels, 1);
	if (rq->verb == KUBE_WATCH)
		return;
	(void)str_format(
	    labels, sizeof(labels), "verb=\"%s\"", kube_verb_name(rq->verb));
	metrics_observe_us(m, "beskar7_kube_request_seconds", labels, took_us);
}

struct kube_counts
kube_client_counts(const struct kube_client *c)
{
	struct kube_counts n = c->counts;

	n.queued = 0;
	n.in_flight = 0;
	for (unsigned i = KUBE_LANE_NORMAL; i < KUBE_LANES; i++) {
		n.queued += c->lanes[i].limit.queued;
		n.in_flight += c->lanes[i].limit.taken;
	}
	return n;
}

uint64_t
kube_client_sent(const struct kube_client *c, const char *what)
{
	const uint64_t *n = map_get(&c->sent, what);

	return n == NULL ? 0 : *n;
}

uint64_t
kube_client_writes(const struct kube_client *c)
{
	return c->writes;
}
