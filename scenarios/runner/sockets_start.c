/* The processes of a scenario over sockets: command lines, kubeconfigs. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/sockets.h"

#define READY_S 20
#define ARGS 64
#define NOTICED_MS 15000

/* A command line, built up. */
struct args {
	char *v[ARGS];
	size_t n;
};

static void args_add(struct args *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
args_add(struct args *a, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut would not start */
	va_end(ap);
	if (a->n < ARGS - 1)
		a->v[a->n++] = xstrdup(text);
	a->v[a->n] = NULL;
}

static void
args_fini(struct args *a)
{
	for (size_t i = 0; i < a->n; i++)
		xfree(a->v[i]);
}

char *
sockets_file(const struct sockets *s, const char *name)
{
	return xasprintf("%s/%s", s->dir, name);
}

/* Beside the runner (installed), or where the build puts it. */
static void
args_program(struct args *a, const struct sockets *s, const char *name)
{
	static const char *const dirs[] = { "", "/../../agent", "/../../sim" };
	char path[4096];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		(void)str_format(
		    path, sizeof(path), "%s%s/%s", s->o.bin, dirs[i], name);
		if (access(path, X_OK) == 0)
			break;
	}
	args_add(a, "%s", path);
}

static bool
start_process(struct sockets *s, struct process *p, const char *name,
    struct args *a, bool ready, struct err *e)
{
	char *log = xasprintf("%s/%s.log", s->dir, name);
	bool ok = process_start(p, name, a->v, log, s->o.keep, e) &&
		  (!ready || process_wait_ready(p, READY_S, e));

	xfree(log);
	args_fini(a);
	return ok;
}

static bool
start_kube(struct sockets *s, struct err *e)
{
	struct args a = { .n = 0 };

	args_program(&a, s, "beskar7-sim");
	args_add(&a, "kube");
	args_add(&a, "--port=0");
	args_add(&a, "--kubeconfig-out=%s/admin.kubeconfig", s->dir);
	args_add(&a, "--agent-kubeconfig-out=%s/agent.kubeconfig", s->dir);
	args_add(&a, "--ca-out=%s/kube-ca.pem", s->dir);
	args_add(&a, "--token=%s", s->token);
	args_add(&a, "--crds=%s/sim/core/crds", s->o.root);
	if (!s->o.no_crds)
		args_add(&a, "--crds=%s/crds", s->o.root);
	if (!start_process(s, &s->kube, "kube", &a, true, e))
		return false;
	return process_ready_word(&s->kube, "https:", s->kube_url + 6,
		   sizeof(s->kube_url) - 6) ||
	       err_set(e, ERR_INTERNAL, 0, "kube said: %.80s", s->kube.ready);
}

static void
bmc_times(const struct sockets *s, struct args *a)
{
	const struct bmc_timing *t = &s->o.timing;
	const struct {
		const char *name;
		int64_t ms;
	} times[] = { { "power-on", t->power_on_ms },
		{ "power-off", t->power_off_ms },
		{ "shutdown", t->shutdown_ms }, { "post", t->post_ms },
		{ "os-boot", t->os_boot_ms }, { "install", t->install_ms },
		{ "insert", t->insert_ms }, { "eject", t->eject_ms },
		{ "bmc-restart", t->bmc_restart_ms }, { "pxe", t->pxe_ms } };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i].ms != 0)
			args_add(a, "--%s=%lldms", times[i].name,
			    (long long)(times[i].ms < 0 ? 0 : times[i].ms));
	args_add(a, "--speed=%u", s->o.time_scale == 0 ? 1 : s->o.time_scale);
}

/* Profiles are dealt round robin, but for the overrides. */
static const char *
bmc_profile(const struct sockets *s, unsigned i)
{
	const char *p = s->o.n_profiles == 0
			    ? "generic"
			    : s->o.profiles[i % s->o.n_profiles];
	char name[32];

	(void)str_format(name, sizeof(name), "bmc-%03u", i);
	for (size_t k = 0; k < s->o.n_overrides; k++)
		if (str_eq(s->o.overrides[k].bmc, name) &&
		    s->o.overrides[k].profile != NULL)
			p = s->o.overrides[k].profile;
	return p;
}

/* A list as long as the fleet says it for each BMC. */
static void
bmc_profiles(const struct sockets *s, struct args *a)
{
	struct buf list;

	buf_init(&list, 1u << 20);
	for (unsigned i = 0; i < s->o.bmcs; i++)
		(void)buf_addf(
		    &list, "%s%s", i == 0 ? "" : ",", bmc_profile(s, i));
	args_add(a, "--profiles=%s", buf_str(&list));
	buf_reset(&list);
	for (size_t k = 0; k < s->o.n_overrides; k++)
		if (s->o.overrides[k].powered_on)
			(void)buf_addf(&list, "%s%s", list.n == 0 ? "" : ",",
			    s->o.overrides[k].bmc);
	if (list.n > 0)
		args_add(a, "--on=%s", buf_str(&list));
	buf_free(&list);
}

/* What single boards differ in otherwise. */
static void
bmc_boards(const struct sockets *s, struct args *a)
{
	cJSON *all = cJSON_CreateArray();
	char *text;

	for (size_t k = 0; k < s->o.n_overrides; k++) {
		const struct bmc_override *v = &s->o.overrides[k];
		cJSON *j = cJSON_CreateObject();

		json_set_str(j, "bmc", v->bmc);
		json_set_str(j, "uuid", v->uuid);
		json_set_str(j, "serial", v->serial);
		json_set_str(j, "arch", v->arch);
		json_set_str(j, "username", v->username);
		json_set_str(j, "password", v->password);
		json_set_str(j, "disk-image", v->disk_image);
		cJSON_AddItemToArray(all, j);
	}
	text = json_print(all);
	if (s->o.n_overrides > 0)
		args_add(a, "--boards=%s", text);
	xfree(text);
	cJSON_Delete(all);
}

static bool
start_bmc(struct sockets *s, struct err *e)
{
	struct args a = { .n = 0 };

	args_program(&a, s, "beskar7-sim");
	args_add(&a, "bmc");
	args_add(&a, "--count=%u", s->o.bmcs == 0 ? 1 : s->o.bmcs);
	/* An address a BMC, all on one free port. */
	args_add(&a, "--addr=127.%u.0.1", (unsigned)(64 + s->o.seed % 64));
	args_add(&a, "--prefix=16");
	args_add(&a, "--port=0");
	args_add(&a, "--control-port=0");
	args_add(&a, "--seed=%llu", (unsigned long long)s->o.seed);
	args_add(&a, "--profiles-dir=%s/sim/bmc/profiles", s->o.root);
	args_add(&a, "--ca-out=%s/bmc-ca.pem", s->dir);
	if (s->o.plain)
		args_add(&a, "--plain");
	if (s->o.replay != NULL)
		args_add(&a, "--replay=%s%s%s",
		    s->o.replay[0] == '/' ? "" : s->o.root,
		    s->o.replay[0] == '/' ? "" : "/", s->o.replay);
	bmc_profiles(s, &a);
	bmc_boards(s, &a);
	bmc_times(s, &a);
	if (!start_process(s, &s->bmc, "bmc", &a, true, e))
		return false;
	return process_ready_word(
		   &s->bmc, "control=", s->bmc_url, sizeof(s->bmc_url)) ||
	       err_set(e, ERR_INTERNAL, 0, "bmc said: %.80s", s->bmc.ready);
}

static bool
start_origin(struct sockets *s, struct err *e)
{
	struct args a = { .n = 0 };

	args_program(&a, s, "beskar7-sim");
	args_add(&a, "origin");
	args_add(&a, "--port=0");
	if (!start_process(s, &s->origin, "origin", &a, true, e))
		return false;
	(void)str_copy(s->b.origin, sizeof(s->b.origin), "http:");
	return process_ready_word(
	    &s->origin, "http:", s->b.origin + 5, sizeof(s->b.origin) - 5);
}

bool
sockets_start_core(struct sockets *s, struct err *e)
{
	struct args a = { .n = 0 };

	args_program(&a, s, "beskar7-sim");
	args_add(&a, "core");
	args_add(&a, "--kubeconfig=%s/admin.kubeconfig", s->dir);
	if (!s->o.workload)
		args_add(&a, "--bmc-control=%s", s->bmc_url);
	args_add(
	    &a, "--pass-interval=%s", s->o.time_scale > 5 ? "200ms" : "1s");
	if (s->o.bootstrap_data != NULL)
		args_add(&a, "--bootstrap-data=%s", s->o.bootstrap_data);
	if (s->o.bootstrap_format != NULL)
		args_add(&a, "--bootstrap-format=%s", s->o.bootstrap_format);
	return start_process(s, &s->core, "core", &a, true, e);
}

bool
sockets_start_workload(struct sockets *s, struct err *e)
{
	struct http_peer_opts o = { .base = s->workload_url, .max_conns = 4 };
	struct args a = { .n = 0 };

	if (!s->o.workload)
		return true;
	args_program(&a, s, "beskar7-sim");
	args_add(&a, "workload");
	args_add(&a, "--kubeconfig=%s/admin.kubeconfig", s->dir);
	args_add(&a, "--bmc-control=%s", s->bmc_url);
	args_add(&a, "--control-port=0");
	if (s->o.provider_id != NULL)
		args_add(&a, "--provider-id=%s", s->o.provider_id);
	if (!start_process(s, &s->workload, "workload", &a, true, e))
		return false;
	if (!process_ready_word(&s->workload, "control=", s->workload_url,
		sizeof(s->workload_url)))
		return err_set(e, ERR_INTERNAL, 0, "workload said: %.80s",
		    s->workload.ready);
	s->workload_peer = http_peer_new(s->net, &o, e);
	return s->workload_peer != NULL;
}

static bool
start_peers(struct sockets *s, struct err *e)
{
	struct files f = files_system();
	struct http_peer_opts o = { .base = s->kube_url, .max_conns = 64 };
	char *path = sockets_file(s, "kube-ca.pem");
	struct buf pem;
	bool ok;

	buf_init(&pem, 65536);
	ok = f.read(f.self, path, &pem, e);
	if (ok)
		s->kube_ca = tls_trust_new(buf_str(&pem), pem.n, e);
	o.tls.trust = s->kube_ca;
	if (s->kube_ca != NULL)
		s->kube_peer = http_peer_new(s->net, &o, e);
	o = (struct http_peer_opts){ .base = s->bmc_url, .max_conns = 4 };
	if (s->kube_peer != NULL)
		s->bmc_peer = http_peer_new(s->net, &o, e);
	o.base = s->b.origin;
	if (s->bmc_peer != NULL)
		s->origin_peer = http_peer_new(s->net, &o, e);
	buf_free(&pem);
	xfree(path);
	return s->origin_peer != NULL;
}

static bool
start_bmc_ca(struct sockets *s, struct err *e)
{
	struct files f = files_system();
	char *path = sockets_file(s, "bmc-ca.pem");
	struct buf pem;
	bool ok;

	buf_init(&pem, 65536);
	ok = s->o.plain || f.read(f.self, path, &pem, e);
	if (ok && !s->o.plain)
		s->b.bmc_ca = xstrdup(buf_str(&pem));
	buf_free(&pem);
	xfree(path);
	return ok;
}

bool
sockets_start(struct sockets *s, struct err *e)
{
	(void)str_copy(s->kube_url, sizeof(s->kube_url), "https:");
	return start_kube(s, e) && start_bmc(s, e) && start_origin(s, e) &&
	       start_bmc_ca(s, e) && start_peers(s, e);
}

/* ---- agents ----------------------------------------------------------------------- */

/* A port that is free now. */
static unsigned
start_free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned port = 0;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		port = ntohs(a.sin_port);
	if (fd >= 0)
		(void)close(fd);
	return port;
}

static int64_t
start_scaled_ms(
    const struct sockets *s, int64_t us, int64_t dflt, int64_t least)
{
	int64_t scale = s->o.time_scale == 0 ? 1 : s->o.time_scale;
	int64_t ms = (us == 0 ? dflt : us) / scale / LOOP_MS;

	return ms < least ? least : ms;
}

/* To notice a silence takes the agent's own retries, in real time: about 12 s
 * that a short grace must leave room for. */
static int64_t
start_grace_ms(const struct sockets *s, int64_t us)
{
	int64_t ms = start_scaled_ms(s, us, 10 * LOOP_MIN, 1000);

	if (s->o.time_scale <= 1)
		return ms;
	return ms > 1000 + NOTICED_MS ? ms - NOTICED_MS : 1000;
}

/* Its own way to the API server, which can be cut. */
static bool
start_relay(struct sockets *s, unsigned n, struct err *e)
{
	struct process *p = &s->relays[n];
	const char *colon = strrchr(s->kube_url, ':');
	struct args a = { .n = 0 };
	char name[16];

	if (process_running(p))
		return true;
	(void)str_format(name, sizeof(name), "relay-%u", n);
	args_program(&a, s, "beskar7-scenario");
	args_add(&a, "relay");
	args_add(&a, "%s", colon == NULL ? "" : colon + 1);
	return start_process(s, p, "relay", &a, true, e);
}

/* The agents' kubeconfig, by way of the relay; owned. */
static char *
start_relayed(struct sockets *s, unsigned n, struct err *e)
{
	struct files f = files_system();
	char *from = sockets_file(s, "agent.kubeconfig"), *path = NULL;
	char port[16] = "", name[32];
	const char *at = NULL;
	struct buf was, is;

	buf_init(&was, 1u << 20);
	buf_init(&is, 1u << 20);
	(void)str_format(name, sizeof(name), "agent-%u.kubeconfig", n);
	if (process_ready_word(&s->relays[n], "port:", port, sizeof(port)) &&
	    f.read(f.self, from, &was, e))
		at = strstr(buf_str(&was), s->kube_url);
	if (at == NULL) {
		(void)err_set(e, ERR_INTERNAL, 0, "no relay for agent %u", n);
	} else {
		(void)buf_add(&is, was.p, (size_t)(at - buf_str(&was)));
		(void)buf_addf(&is, "https://127.0.0.1:%s", port);
		(void)buf_adds(&is, at + strlen(s->kube_url));
		path = sockets_file(s, name);
		if (!f.write(f.self, path, is.p, is.n, e)) {
			xfree(path);
			path = NULL;
		}
	}
	buf_free(&was);
	buf_free(&is);
	xfree(from);
	return path;
}

static bool
start_kubeconfig(struct sockets *s, unsigned n, struct args *a, struct err *e)
{
	char *path;

	if (!s->o.cuts) {
		args_add(a, "--kubeconfig=%s/agent.kubeconfig", s->dir);
		return true;
	}
	path = start_relay(s, n, e) ? start_relayed(s, n, e) : NULL;
	if (path != NULL)
		args_add(a, "--kubeconfig=%s", path);
	xfree(path);
	return path != NULL;
}

/* The same port in each of its lives: BMCs go on reading there. */
static void
start_media(struct sockets *s, unsigned n, struct args *a)
{
	if (s->media_ports[n] == 0)
		s->media_ports[n] = start_free_port();
	args_add(a, "--media-listen=127.0.0.1:%u", s->media_ports[n]);
	args_add(a, "--media-url=http://127.0.0.1:%u", s->media_ports[n]);
}

bool
sockets_start_agent(struct sockets *s, unsigned n,
    const struct stage_agent_opts *o, struct err *e)
{
	struct args a = { .n = 0 };
	char name[16];

	s->agent_ports[n] = start_free_port();
	(void)str_format(name, sizeof(name), "agent-%u", n);
	args_program(&a, s, "beskar7-agent");
	if (!start_kubeconfig(s, n, &a, e)) {
		args_fini(&a);
		return false;
	}
	args_add(&a, "--qps=1000");
	args_add(&a, "--event-streams=%d",
	    o->event_streams == 0  ? 256
	    : o->event_streams < 0 ? 0
				   : o->event_streams);
	args_add(&a, "--busy-interval=%lldms",
	    (long long)start_scaled_ms(s, o->busy_us, 5 * LOOP_S, 200));
	args_add(&a, "--poll-interval=%lldms",
	    (long long)start_scaled_ms(s, o->idle_us, LOOP_MIN, 2000));
	args_add(&a, "--bmc-grace=%lldms",
	    (long long)start_grace_ms(s, o->grace_us));
	args_add(&a, "--retry-max=%lldms",
	    (long long)start_scaled_ms(s, 0, 5 * LOOP_MIN, 10000));
	if (o->max_provisioning > 0)
		args_add(&a, "--max-provisioning=%u", o->max_provisioning);
	if (o->max_releasing > 0)
		args_add(&a, "--max-releasing=%u", o->max_releasing);
	if (o->leader_elect)
		args_add(&a, "--leader-elect");
	if (o->shards > 0)
		args_add(&a, "--shards=%u", o->shards);
	args_add(&a, "--bmc-write-timeout=%lldms",
	    (long long)start_scaled_ms(s, 0, 3 * LOOP_MIN, 9000));
	args_add(&a, "--lease-namespace=default");
	args_add(&a, "--lease-identity=%s", name);
	args_add(&a, "--dns-servers=127.0.0.1:%u", sockets_dns_port(s->dns, n));
	if (o->watch_filter != NULL)
		args_add(&a, "--watch-filter=%s", o->watch_filter);
	if (o->image_origins != NULL)
		args_add(&a, "--image-origins=%s", o->image_origins);
	if (o->ns != NULL)
		args_add(&a, "--namespace=%s", o->ns);
	if (o->media)
		start_media(s, n, &a);
	args_add(&a, "--diagnostics-address=127.0.0.1:%u", s->agent_ports[n]);
	if (s->o.log_level >= LOG_DEBUG)
		args_add(&a, "--log-level=debug");
	return start_process(s, &s->agents[n], name, &a, false, e);
}

static void
read_log(struct sockets *s, struct process *p)
{
	FILE *f = p->log == NULL ? NULL : fopen(p->log, "r");
	char line[8192];

	if (f == NULL)
		return;
	(void)fseek(f, p->log_read, SEEK_SET);
	while (fgets(line, sizeof(line), f) != NULL) {
		size_t n = strlen(line);

		if (line[n - 1] != '\n')
			break; /* not complete yet */
		p->log_read += (long)n;
		s->h.log(s->h.arg, line, n - 1);
	}
	(void)fclose(f);
}

void
sockets_read_logs(struct sockets *s)
{
	for (unsigned n = 0; n < BACKEND_AGENTS; n++)
		read_log(s, &s->agents[n]);
	read_log(s, &s->core);
}
