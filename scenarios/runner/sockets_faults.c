/*
 * What virtual time does to the network, over sockets by rules of the
 * simulators: a request that hangs until its sender is killed, a bad network
 * between agents and BMCs, names. See README.md, "Over sockets".
 */
#include <signal.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/world.h"
#include "scenarios/runner/sockets.h"

#define RULE_PARTS 8 /* of one rule of the network */

static struct sockets *
sockets_of(struct backend *b)
{
	return (struct sockets *)b;
}

static bool
fault_post(struct sockets *s, cJSON *rule, struct err *e)
{
	int status = 0;
	cJSON *r =
	    sockets_plain(s, s->bmc_peer, "POST", "/all/faults", rule, &status);

	if (status >= 300 || status == 0)
		(void)err_set(e, ERR_SPEC, status, "/all/faults: %s",
		    json_str(r, "error", "no reply"));
	cJSON_Delete(r);
	cJSON_Delete(rule);
	return status < 300 && status != 0;
}

/* ---- a request that hangs --------------------------------------------------------- */

static bool
hold_bmc(struct sockets *s, int64_t at, bool after, struct err *e)
{
	cJSON *rule = cJSON_CreateObject();
	char id[24];

	(void)str_format(id, sizeof(id), "hold-%u", s->holds);
	json_set_str(rule, "id", id);
	json_set_str(rule, "method", "P*"); /* POST, PATCH, PUT */
	json_set_str(rule, "action", after ? "no-reply" : "hang");
	json_set_i64(rule, "after", at - 1);
	json_set_i64(rule, "count", 1);
	s->hold_bmc = fault_post(s, rule, e);
	return s->hold_bmc;
}

static bool
hold_api(struct backend *b, int64_t at, bool after, struct err *e)
{
	struct sockets *s = sockets_of(b);
	cJSON *rule = cJSON_CreateObject();
	cJSON *stats = b->ops->kube_stats(b);

	s->hold_was = json_i64(stats, "held", 0);
	cJSON_Delete(stats);
	json_set_str(rule, "user", "beskar7-agent");
	json_set_bool(rule, "writes", true);
	json_set_bool(rule, "hang", true);
	json_set_bool(rule, "after_commit", after);
	json_set_i64(rule, "after", at - 1);
	json_set_i64(rule, "count", 1);
	s->hold_api = b->ops->kube_sim(b, "fail", rule, e);
	cJSON_Delete(rule);
	return s->hold_api;
}

bool
sockets_hold(struct backend *b, bool bmc, int64_t at, bool after, struct err *e)
{
	struct sockets *s = sockets_of(b);

	s->holds++;
	return bmc ? hold_bmc(s, at, after, e) : hold_api(b, at, after, e);
}

static void
hold_looked(void *arg, const struct http_result *r)
{
	struct sockets *s = arg;
	struct err e;
	cJSON *j =
	    r->status == 200 ? json_parse(r->body.p, r->body.n, &e) : NULL;

	s->hold_call = NULL;
	if (s->hold_api && json_i64(j, "held", 0) > s->hold_was) {
		s->hold_api = false;
		s->h.held(s->h.arg);
	}
	cJSON_Delete(j);
}

/* The API stand-in tells nobody by itself: it is asked, one call at a time. */
void
sockets_hold_look(struct sockets *s)
{
	struct http_header h = { "Authorization", s->authorization };
	struct http_request q = { .method = "GET",
		.target = "/_sim/stats",
		.headers = &h,
		.n_headers = 1,
		.done = hold_looked,
		.arg = s };

	if (s->hold_api && s->hold_call == NULL)
		s->hold_call = http_start(s->kube_peer, &q);
}

/* Who sent it matters where several agents run. */
static void
on_bmc_from(struct sockets *s, struct bmc_event *ev)
{
	unsigned running = 0;
	int who;

	for (unsigned n = 0; n < BACKEND_AGENTS; n++)
		running += s->agents[n].pid > 0;
	if (running < 2 || ev->from[0] == '\0')
		return;
	who = sockets_who(s->agents, BACKEND_AGENTS, ev->from);
	if (who < 0)
		return;
	(void)str_format(s->from, sizeof(s->from), "agent-%d", who);
	ev->from = s->from;
}

void
sockets_on_bmc(void *arg, struct bmc_event *ev)
{
	struct sockets *s = arg;
	char id[24];

	on_bmc_from(s, ev);
	(void)str_format(id, sizeof(id), "hold-%u ", s->holds);
	if (s->hold_bmc && ev->kind == BMC_EV_FAULT &&
	    str_has_prefix(ev->text, id)) {
		s->hold_bmc = false;
		s->h.held(s->h.arg);
	}
}

/* ---- the network ------------------------------------------------------------------- */

static cJSON *
net_part(const char *action, uint32_t ppm)
{
	cJSON *rule = cJSON_CreateObject();

	json_set_str(rule, "action", action);
	if (ppm > 0)
		json_set_i64(rule, "probabilityPpm", ppm);
	return rule;
}

/* What the BMCs do instead; those that do not apply are left out. */
static size_t
net_parts(const struct net_rule *r, cJSON *out[RULE_PARTS])
{
	const struct {
		const char *action;
		uint32_t ppm;
	} chances[] = { { "refuse", r->refuse_ppm }, { "reset", r->reset_ppm },
		{ "lost-reply", r->lose_reply_ppm },
		{ "truncate", r->truncate_ppm } };
	char text[32];
	size_t n = 0;

	if (r->latency_us > 0 || r->jitter_us > 0) {
		out[n] = net_part("latency", 0);
		(void)str_format(text, sizeof(text), "%lldms",
		    (long long)(r->latency_us / LOOP_MS));
		json_set_str(out[n], "latency", text);
		(void)str_format(text, sizeof(text), "%lldms",
		    (long long)(r->jitter_us / LOOP_MS));
		json_set_str(out[n++], "jitter", text);
	}
	if (r->partition) { /* connections that are there, and new ones */
		out[n++] = net_part("hang", 0);
		out[n++] = net_part("silent", 0);
	}
	for (size_t i = 0; i < sizeof(chances) / sizeof(chances[0]); i++)
		if (chances[i].ppm > 0)
			out[n++] = net_part(chances[i].action, chances[i].ppm);
	return n;
}

static void
net_no_dns(struct sockets *s, const struct net_rule *r, unsigned id)
{
	char name[16];

	for (unsigned n = 0; n < BACKEND_AGENTS; n++) {
		(void)str_format(name, sizeof(name), "agent-%u", n);
		if (r->from != NULL && !str_glob(r->from, name))
			continue;
		s->silent_by[n] = id;
		sockets_dns_silent(s->dns, n, true);
	}
}

/* Only the whole way, and only that of agents to the API server. */
static bool
net_cut(struct sockets *s, const struct net_rule *r, unsigned id)
{
	char name[16];

	if (!r->partition || !str_eq(r->to, "kube") || !s->o.cuts)
		return false;
	for (unsigned n = 0; n < BACKEND_AGENTS; n++) {
		(void)str_format(name, sizeof(name), "agent-%u", n);
		if (s->relays[n].pid == 0 ||
		    (r->from != NULL && !str_glob(r->from, name)))
			continue;
		s->cut_by[n] = id;
		process_signal(&s->relays[n], SIGSTOP);
	}
	return true;
}

int
sockets_net_add(struct backend *b, const struct net_rule *r, struct err *e)
{
	struct sockets *s = sockets_of(b);
	cJSON *parts[RULE_PARTS];
	size_t n;
	char id[40];
	bool ok;

	if (net_cut(s, r, s->rules + 1))
		return (int)++s->rules;
	n = net_parts(r, parts);
	ok = n == 0 || (str_eq(r->to, "bmc") && r->from != NULL &&
			   str_glob(r->from, "agent-0"));

	if (!ok)
		(void)err_set(e, ERR_SPEC, 0,
		    "over sockets a rule is from agents to bmc, a partition "
		    "from agents to kube, or no-dns");
	s->rules++;
	if (ok && r->no_dns)
		net_no_dns(s, r, s->rules);
	for (size_t i = 0; i < n; i++) {
		(void)str_format(id, sizeof(id), "net-%u-%zu", s->rules, i);
		json_set_str(parts[i], "id", id);
		if (ok)
			ok = fault_post(s, parts[i], e);
		else
			cJSON_Delete(parts[i]);
	}
	return ok ? (int)s->rules : 0;
}

void
sockets_net_remove(struct backend *b, int id)
{
	struct sockets *s = sockets_of(b);
	char path[64];
	int status;

	for (unsigned n = 0; n < BACKEND_AGENTS; n++) {
		if (s->cut_by[n] == (unsigned)id) {
			s->cut_by[n] = 0;
			process_signal(&s->relays[n], SIGCONT);
		}
		if (s->silent_by[n] != (unsigned)id)
			continue;
		s->silent_by[n] = 0;
		sockets_dns_silent(s->dns, n, false);
	}
	for (unsigned i = 0; i < RULE_PARTS; i++) {
		/* 404: there are fewer, or a step removed all faults */
		(void)str_format(
		    path, sizeof(path), "/all/faults/net-%d-%u", id, i);
		cJSON_Delete(sockets_plain(
		    s, s->bmc_peer, "DELETE", path, NULL, &status));
	}
}

bool
sockets_dns_name(
    struct backend *b, const char *name, const char *ip, struct err *e)
{
	(void)e;
	if (name[0] != '[') /* else another spelling of the address itself */
		sockets_dns_set(sockets_of(b)->dns, name, ip);
	return true;
}
