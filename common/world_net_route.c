#include <errno.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/world_net.h"

/* A link that no rule speaks of, or whose rule names no latency. */
#define LATENCY_US 200
#define JITTER_US 50

static const struct net_rule no_rule = { .from = NULL };

/* ---- listeners ------------------------------------------------------------ */

static void
mask_ip(uint8_t out[16], const uint8_t ip[16], unsigned bits)
{
	unsigned i;

	for (i = 0; i < 16; i++) {
		unsigned keep = bits > 8 * i ? bits - 8 * i : 0;

		if (keep >= 8)
			out[i] = ip[i];
		else
			out[i] = (uint8_t)(ip[i] & (0xff00u >> keep));
	}
}

static int
port_cmp(const struct vnet_port *a, const struct vnet_port *b)
{
	int c;

	if (a->bits != b->bits)
		return a->bits > b->bits ? -1 : 1;
	c = memcmp(a->ip, b->ip, sizeof(a->ip));
	if (c != 0)
		return c;
	return a->first < b->first ? -1 : a->first > b->first;
}

/* Index of the first entry that sorts after k. */
static size_t
port_upper(const struct fabric *f, const struct vnet_port *k)
{
	size_t lo = 0, hi = f->n_ports;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (port_cmp(&f->ports[mid], k) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool
same_block(const struct vnet_port *a, const struct vnet_port *b)
{
	return a->bits == b->bits && memcmp(a->ip, b->ip, 16) == 0;
}

static bool
port_free(const struct fabric *f, const struct vnet_port *k, size_t at)
{
	const struct vnet_port *before = at > 0 ? &f->ports[at - 1] : NULL;
	const struct vnet_port *behind = at < f->n_ports ? &f->ports[at] : NULL;

	if (before && same_block(before, k) &&
	    before->first + before->n > k->first)
		return false;
	return !behind || !same_block(behind, k) ||
	       k->first + k->n <= behind->first;
}

bool
fabric_listen(struct fabric *f, const struct vnet_port *p, struct err *e)
{
	struct vnet_port k = *p;
	size_t at;

	mask_ip(k.ip, p->ip, p->bits);
	at = port_upper(f, &k);
	if (!port_free(f, &k, at))
		return err_set(e, ERR_SPEC, EADDRINUSE,
		    "cannot listen on port %u: it is in use", k.first);
	if (f->n_ports == f->cap_ports) {
		f->cap_ports = f->cap_ports ? 2 * f->cap_ports : 16;
		f->ports =
		    xreallocarray(f->ports, f->cap_ports, sizeof(f->ports[0]));
	}
	memmove(&f->ports[at + 1], &f->ports[at],
	    (f->n_ports - at) * sizeof(f->ports[0]));
	f->ports[at] = k;
	f->n_ports++;
	f->masks[k.bits]++;
	f->listen_gen++;
	return true;
}

void
fabric_unlisten(struct fabric *f, const struct vnet_server *s)
{
	size_t i;

	for (i = 0; i < f->n_ports && f->ports[i].server != s; i++)
		;
	if (i == f->n_ports)
		return;
	f->masks[f->ports[i].bits]--;
	f->n_ports--;
	memmove(&f->ports[i], &f->ports[i + 1],
	    (f->n_ports - i) * sizeof(f->ports[0]));
	f->listen_gen++;
}

struct vnet_server *
fabric_find(const struct fabric *f, const struct http_addr *a)
{
	struct vnet_port k = { .first = a->port };
	int bits;

	/* The most special listener first, as the longest prefix. */
	for (bits = 128; bits >= 0; bits--) {
		const struct vnet_port *p;
		size_t at;

		if (f->masks[bits] == 0)
			continue;
		k.bits = (unsigned)bits;
		mask_ip(k.ip, a->ip, k.bits);
		at = port_upper(f, &k);
		p = at > 0 ? &f->ports[at - 1] : NULL;
		if (p && same_block(p, &k) && a->port < p->first + p->n)
			return p->server;
	}
	return NULL;
}

/* ---- rules ---------------------------------------------------------------- */

static bool
glob(const char *pattern, const char *s)
{
	return !pattern || (s && str_glob(pattern, s));
}

static bool
rule_matches(const struct net_rule *r, const struct vnet_route *route)
{
	if (glob(r->from, route->from) &&
	    (glob(r->to, route->hostport) || glob(r->to, route->to_text) ||
		glob(r->to, route->server_name)))
		return true;
	/* A partition has no direction: connections the other way too. */
	return r->partition && glob(r->from, route->server_name) &&
	       glob(r->to, route->from);
}

const struct net_rule *
vnet_route_rule(struct vnet_route *r)
{
	struct fabric *f = r->fabric;
	struct vnet_rule *rule;

	if (r->rules_gen == f->rules_gen && r->listen_gen == f->listen_gen)
		return r->rule;
	(void)vnet_route_server(r);
	r->rules_gen = f->rules_gen;
	r->rule = &no_rule;
	LIST_FOREACH (rule, &f->rules, link) {
		if (rule_matches(&rule->r, r)) {
			r->rule = &rule->r;
			break;
		}
	}
	return r->rule;
}

int
world_net_add(struct world *w, const struct net_rule *r)
{
	struct fabric *f = w->fabric;
	struct vnet_rule *rule = xcalloc(1, sizeof(*rule));

	rule->r = *r;
	rule->r.from = xstrdup(r->from);
	rule->r.to = xstrdup(r->to);
	rule->id = ++f->last_rule;
	LIST_INSERT_HEAD(&f->rules, rule, link);
	f->rules_gen++;
	vnet_unstall(f);
	return rule->id;
}

void
vnet_rule_free(struct vnet_rule *rule)
{
	char *from, *to;

	memcpy(&from, &rule->r.from, sizeof(from));
	memcpy(&to, &rule->r.to, sizeof(to));
	LIST_REMOVE(rule, link);
	xfree(from);
	xfree(to);
	xfree(rule);
}

void
world_net_remove(struct world *w, int id)
{
	struct fabric *f = w->fabric;
	struct vnet_rule *rule;

	LIST_FOREACH (rule, &f->rules, link) {
		if (rule->id == id)
			break;
	}
	if (!rule)
		return;
	vnet_rule_free(rule);
	f->rules_gen++;
	vnet_unstall(f);
}

/* ---- names ---------------------------------------------------------------- */

void
world_dns(struct world *w, const char *name, const char *ip)
{
	struct fabric *f = w->fabric;

	xfree(map_put(&f->names, name, xstrdup(ip)));
}

static void
route_address(struct vnet_route *r, const struct http_addr *a)
{
	if (r->resolved && memcmp(r->to.ip, a->ip, sizeof(a->ip)) == 0)
		return;
	r->resolved = true;
	r->to = *a;
	http_addr_text(&r->to, r->to_text);
	r->rules_gen = 0;
	r->listen_gen = 0;
}

bool
vnet_route_resolve(struct vnet_route *r)
{
	struct http_addr a;
	const char *ip;

	if (http_addr_ip_parse(&a, r->host, r->port)) {
		route_address(r, &a);
		return true;
	}
	ip = map_get(&r->fabric->names, r->host);
	if (!ip || vnet_route_rule(r)->no_dns ||
	    !http_addr_ip_parse(&a, ip, r->port))
		return false;
	route_address(r, &a);
	return true;
}

/* ---- routes --------------------------------------------------------------- */

struct vnet_route *
vnet_route_new(struct vnet *from, const char *host, uint16_t port)
{
	struct vnet_route *r = xcalloc(1, sizeof(*r));
	struct fabric *f = from->fabric;
	char *path;

	r->refs = 1;
	r->fabric = f;
	r->from = xstrdup(from->proc->name);
	r->host = xstrdup(host);
	r->port = port;
	r->hostport = strchr(host, ':') ? xasprintf("[%s]:%u", host, port)
					: xasprintf("%s:%u", host, port);
	path = xasprintf("net/%s/%s/%llu", r->from, r->hostport,
	    (unsigned long long)++f->serial);
	rng_seed(&r->rng, f->world->seed, path);
	xfree(path);
	(void)vnet_route_resolve(r);
	return r;
}

struct vnet_route *
vnet_route_ref(struct vnet_route *r)
{
	r->refs++;
	return r;
}

void
vnet_route_unref(struct vnet_route *r)
{
	if (!r || --r->refs > 0)
		return;
	xfree(r->from);
	xfree(r->host);
	xfree(r->hostport);
	xfree(r->server_name);
	xfree(r);
}

struct vnet_server *
vnet_route_server(struct vnet_route *r)
{
	struct fabric *f = r->fabric;

	if (r->listen_gen == f->listen_gen)
		return r->server;
	r->listen_gen = f->listen_gen;
	r->server = r->resolved ? fabric_find(f, &r->to) : NULL;
	if (r->server && !str_eq(r->server_name, r->server->net->proc->name)) {
		xreplace(&r->server_name, r->server->net->proc->name);
		r->rules_gen = 0;
	}
	return r->server;
}

int64_t
vnet_route_delay(struct vnet_route *r)
{
	const struct net_rule *rule = vnet_route_rule(r);
	int64_t latency = rule->latency_us, jitter = rule->jitter_us;

	if (latency <= 0 && jitter <= 0) {
		latency = LATENCY_US;
		jitter = JITTER_US;
	}
	if (jitter > 0)
		latency += (int64_t)rng_below(&r->rng, (uint64_t)jitter + 1);
	return latency;
}
