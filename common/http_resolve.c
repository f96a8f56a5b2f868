/*
 * Names to addresses without blocking: evdns, with /etc/hosts and
 * /etc/resolv.conf, which are read again when they change; or servers that the
 * program names.
 */
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>

#include "common/http_curl_int.h"
#include "common/loop_event.h"
#include "common/mem.h"
#include "common/str.h"

struct resolve_job {
	struct resolver *r;
	TAILQ_ENTRY(resolve_job) in_resolver;
	struct evdns_getaddrinfo_request *req;
	struct deferred tell;
	resolve_fn *fn; /* NULL: cancelled */
	void *arg;
	bool starting;
	char addrs[256], why[128];
};

struct resolver {
	struct loop *loop; /* borrowed */
	struct evdns_base *dns;
	const char *hosts, *resolv_conf; /* borrowed */
	char servers[HTTP_DNS_SERVERS][64];
	size_t n_servers; /* 0 = those of resolv_conf */
	int64_t stamp;
	TAILQ_HEAD(, resolve_job) jobs;
};

static void
job_free(struct resolve_job *j)
{
	deferred_cancel(&j->tell);
	TAILQ_REMOVE(&j->r->jobs, j, in_resolver);
	xfree(j);
}

/* Every request is over by now: its callback was among the leftovers. */
static void
resolver_free(void *arg)
{
	struct resolver *r = arg;

	while (!TAILQ_EMPTY(&r->jobs))
		job_free(TAILQ_FIRST(&r->jobs));
	if (r->dns)
		evdns_base_free(r->dns, 1);
	xfree(r);
}

struct resolver *
resolver_of(struct loop *l)
{
	struct resolver *r = loop_event_attached(l);

	if (r)
		return r;
	r = xcalloc(1, sizeof *r);
	r->loop = l;
	r->hosts = "/etc/hosts";
	r->resolv_conf = "/etc/resolv.conf";
	TAILQ_INIT(&r->jobs);
	loop_event_attach(l, r, resolver_free);
	return r;
}

void
resolver_files(struct resolver *r, const char *hosts, const char *resolv_conf)
{
	r->hosts = hosts;
	r->resolv_conf = resolv_conf;
}

/* An address, no name: who would look that up? */
static bool
server_add(struct resolver *r, const char *text, size_t n, struct err *e)
{
	struct sockaddr_storage ss;
	int len = sizeof ss;
	char *to;

	if (r->n_servers == HTTP_DNS_SERVERS)
		return err_set(e, ERR_SPEC, 0, "more than %d DNS servers",
		    HTTP_DNS_SERVERS);
	to = r->servers[r->n_servers];
	if (!str_format(
		to, sizeof r->servers[0], "%.*s", n > 64 ? 64 : (int)n, text) ||
	    evutil_parse_sockaddr_port(to, (struct sockaddr *)&ss, &len) != 0)
		return err_set(e, ERR_SPEC, 0,
		    "\"%.*s\" is no ADDRESS[:PORT] of a DNS server",
		    n > 60 ? 60 : (int)n, text);
	r->n_servers++;
	return true;
}

bool
http_net_real_dns(struct loop *l, const char *servers, struct err *e)
{
	struct resolver *r = resolver_of(l);
	size_t n;

	r->n_servers = 0;
	for (;; servers += n + 1) {
		n = strcspn(servers, ",");
		if (!server_add(r, servers, n, e))
			return false;
		if (servers[n] == '\0')
			return true;
	}
}

static int64_t
stamp_of_files(const struct resolver *r)
{
	const char *const paths[] = { r->hosts, r->resolv_conf };
	int64_t sum = 0;
	struct stat st;

	for (size_t i = 0; i < 2; i++)
		if (stat(paths[i], &st) == 0)
			sum = sum * 31 + st.st_mtim.tv_sec * 1000000 +
			      st.st_mtim.tv_nsec / 1000 + (int64_t)st.st_ino;
	return sum;
}

/* A call that finds no address says so itself, in our log. */
static void
unlogged(int is_warning, const char *text)
{
	(void)is_warning;
	(void)text;
}

static bool
make_base(struct resolver *r)
{
	int64_t stamp = stamp_of_files(r);

	if (r->dns && (stamp == r->stamp || !TAILQ_EMPTY(&r->jobs)))
		return true;
	if (r->dns)
		evdns_base_free(r->dns, 0);
	r->stamp = stamp;
	evdns_set_log_fn(unlogged); /* one for all, whoever sets it */
	r->dns = evdns_base_new(
	    loop_event_base(r->loop), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!r->dns)
		return false;
	/* An empty root has neither; /etc/hosts alone is enough. */
	(void)evdns_base_resolv_conf_parse(r->dns,
	    DNS_OPTIONS_ALL & ~DNS_OPTION_HOSTSFILE &
		~(r->n_servers > 0 ? DNS_OPTION_NAMESERVERS : 0),
	    r->resolv_conf);
	for (size_t i = 0; i < r->n_servers; i++)
		(void)evdns_base_nameserver_ip_add(r->dns, r->servers[i]);
	(void)evdns_base_load_hosts(r->dns, r->hosts);
	(void)evdns_base_set_option(r->dns, "timeout:", "3");
	(void)evdns_base_set_option(r->dns, "attempts:", "2");
	return true;
}

static void
tell(void *arg)
{
	struct resolve_job *j = arg;
	resolve_fn *fn = j->fn;
	void *fn_arg = j->arg;
	char addrs[sizeof j->addrs], why[sizeof j->why];

	(void)str_copy(addrs, sizeof addrs, j->addrs);
	(void)str_copy(why, sizeof why, j->why);
	job_free(j);
	fn(fn_arg, addrs[0] ? addrs : NULL, why);
}

static void
add_address(struct resolve_job *j, const struct sockaddr *sa)
{
	char text[64] = "";
	size_t n = 0;

	if (sa->sa_family == AF_INET)
		(void)evutil_inet_ntop(AF_INET,
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr,
		    text, sizeof text);
	else if (sa->sa_family == AF_INET6)
		(void)evutil_inet_ntop(AF_INET6,
		    &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
		    text, sizeof text);
	while (j->addrs[n])
		n++;
	if (text[0] && n + sizeof text + 2 < sizeof j->addrs)
		(void)str_format(j->addrs + n, sizeof j->addrs - n, "%s%s%s%s",
		    n > 0 ? "," : "", sa->sa_family == AF_INET6 ? "[" : "",
		    text, sa->sa_family == AF_INET6 ? "]" : "");
}

static void
answered(int result, struct evutil_addrinfo *list, void *arg)
{
	struct resolve_job *j = arg;
	const struct evutil_addrinfo *a;

	j->req = NULL;
	if (!j->starting)
		loop_event_enter(j->r->loop);
	if (!j->fn) { /* cancelled, or the resolver goes away */
		if (list)
			evutil_freeaddrinfo(list);
		if (!j->starting)
			job_free(j);
		return;
	}
	for (a = list; a; a = a->ai_next)
		add_address(j, a->ai_addr);
	if (list)
		evutil_freeaddrinfo(list);
	if (!j->addrs[0])
		(void)str_format(j->why, sizeof j->why, "%s",
		    result == 0 ? "no address" : evutil_gai_strerror(result));
	loop_defer(j->r->loop, &j->tell, tell, j);
}

struct resolve_job *
resolve_start(struct resolver *r, const char *host, resolve_fn *fn, void *arg)
{
	const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	struct resolve_job *j = xcalloc(1, sizeof *j);
	bool ready = make_base(r);

	j->r = r;
	j->fn = fn;
	j->arg = arg;
	TAILQ_INSERT_TAIL(&r->jobs, j, in_resolver);
	if (!ready) {
		(void)str_format(j->why, sizeof j->why, "no resolver");
		loop_defer(r->loop, &j->tell, tell, j);
		return j;
	}
	j->starting = true;
	j->req = evdns_getaddrinfo(r->dns, host, NULL, &hints, answered, j);
	j->starting = false;
	return j;
}

void
resolve_cancel(struct resolve_job *j)
{
	if (!j)
		return;
	j->fn = NULL;
	if (j->req)
		evdns_getaddrinfo_cancel(j->req); /* ends in answered */
	else
		job_free(j);
}
