#include "sim/kube/kube_main.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "common/tls.h"
#include "sim/kube/kubeconfig.h"
#include "sim/kube/load.h"
#include "sim/kube/server.h"
#include "sim/process.h"

#define MAX_PATHS 32
#define TOKEN_BYTES 24
#define DAY_S 86400
#define GRACE_US (500 * LOOP_MS)

struct opts {
	const char *addr, *san, *kubeconfig, *agent_kubeconfig, *ca_out;
	const char *token, *agent_token, *log;
	int64_t port, history, bookmark;
	bool client_cert, plain, help;
};

#define AT(member) offsetof(struct opts, member)
static const struct option_row rows[] = {
	{ .name = "addr",
	    .kind = OPT_STR,
	    .value_name = "IP",
	    .dflt = "127.0.0.1",
	    .help = "address to listen on",
	    .group = "Listening",
	    .offset = AT(addr) },
	{ .name = "port",
	    .kind = OPT_INT,
	    .value_name = "N",
	    .dflt = "6443",
	    .max = 65535,
	    .help = "port to listen on; 0 takes a free one",
	    .offset = AT(port) },
	{ .name = "san",
	    .kind = OPT_STR,
	    .value_name = "NAMES",
	    .help = "more names and addresses for the certificate, separated "
		    "by commas",
	    .offset = AT(san) },
	{ .name = "plain",
	    .kind = OPT_FLAG,
	    .help = "plain HTTP; kubectl then sends no token, so none is asked "
		    "for",
	    .offset = AT(plain) },
	{ .name = "kubeconfig-out",
	    .kind = OPT_STR,
	    .value_name = "FILE",
	    .help = "writes a kubeconfig for the user admin",
	    .group = "Access",
	    .offset = AT(kubeconfig) },
	{ .name = "client-cert",
	    .kind = OPT_FLAG,
	    .help = "the kubeconfigs use a client certificate instead of the "
		    "token",
	    .offset = AT(client_cert) },
	{ .name = "agent-kubeconfig-out",
	    .kind = OPT_STR,
	    .value_name = "FILE",
	    .help = "writes a kubeconfig for the user beskar7-agent",
	    .offset = AT(agent_kubeconfig) },
	{ .name = "ca-out",
	    .kind = OPT_STR,
	    .value_name = "FILE",
	    .help = "writes the certificate of the CA",
	    .offset = AT(ca_out) },
	{ .name = "token",
	    .kind = OPT_STR,
	    .value_name = "TEXT",
	    .help = "token of the user admin; random if absent",
	    .offset = AT(token) },
	{ .name = "agent-token",
	    .kind = OPT_STR,
	    .value_name = "TEXT",
	    .help = "token of the user beskar7-agent; random if absent",
	    .offset = AT(agent_token) },
	{ .name = "history",
	    .kind = OPT_INT,
	    .value_name = "N",
	    .dflt = "4096",
	    .min = 1,
	    .max = 1000000,
	    .help = "changes that a watch can catch up with; older ones answer "
		    "410",
	    .group = "Behaviour",
	    .offset = AT(history) },
	{ .name = "bookmark",
	    .kind = OPT_DURATION,
	    .value_name = "TIME",
	    .dflt = "60s",
	    .min = 100 * LOOP_MS,
	    .max = LOOP_HOUR,
	    .help = "time between bookmarks of a watch",
	    .offset = AT(bookmark) },
	{ .name = "log",
	    .kind = OPT_STR,
	    .value_name = "LEVEL",
	    .dflt = "info",
	    .help = "error, warn, info or debug",
	    .offset = AT(log) },
	{ .name = "help",
	    .letter = 'h',
	    .kind = OPT_FLAG,
	    .help = "shows this",
	    .offset = AT(help) },
	{ .name = NULL },
};

static const char usage[] =
    "Usage: beskar7-sim kube [options] [--crds PATH]... [MANIFEST]...\n"
    "\n"
    "A stand-in for the Kubernetes API of one machine: kubectl, the agent and\n"
    "the core stand-in work against it. It has no RBAC, no admission and no\n"
    "CEL, and forgets everything when it ends.\n"
    "\n"
    "  --crds PATH                 a folder or file of manifests, CRDs first;\n"
    "                              can be given several times\n"
    "  MANIFEST                    loaded after all CRDs\n"
    "\n";

struct paths {
	const char *v[MAX_PATHS];
	size_t n;
};

struct run {
	struct sim_process p;
	struct opts o;
	struct paths crds;
	char **manifests;
	int n_manifests;
	struct kube_server *server;
	struct tls_identity *ca, *cert;
	struct tls_trust *trust;
	char *ca_pem, *token, *agent_token;
};

/* The table takes one value a name: --crds is read before it. */
static bool
take_crds(struct paths *p, int *argc, char **argv, struct err *e)
{
	int n = 1;

	for (int i = 1; i < *argc; i++) {
		const char *value = NULL;

		if (str_has_prefix(argv[i], "--crds="))
			value = argv[i] + strlen("--crds=");
		else if (str_eq(argv[i], "--crds") && i + 1 < *argc)
			value = argv[++i];
		else if (str_eq(argv[i], "--crds"))
			return err_set(e, ERR_SPEC, 0, "--crds needs a path");
		if (value == NULL) {
			argv[n++] = argv[i];
			continue;
		}
		if (p->n == MAX_PATHS)
			return err_set(e, ERR_SPEC, 0,
			    "--crds can be given %d times at most", MAX_PATHS);
		p->v[p->n++] = value;
	}
	*argc = n;
	return true;
}

/* ---- certificates --------------------------------------------------------- */

static bool
make_certificates(struct run *r, struct err *e)
{
	int64_t now = loop_wall_us(r->p.loop) / LOOP_S;
	struct tls_issue ca = { .is_ca = true,
		.subject = "beskar7-sim kube CA",
		.not_before_s = now - DAY_S,
		.not_after_s = now + 365LL * DAY_S };
	struct tls_issue server = ca;
	char *names = xasprintf("localhost,kubernetes,kubernetes.default,"
				"kubernetes.default.svc,127.0.0.1,::1,%s%s%s",
	    r->o.addr, r->o.san != NULL ? "," : "",
	    r->o.san != NULL ? r->o.san : "");
	bool ok;

	r->ca = tls_identity_issue(&ca, r->p.env.entropy, &r->ca_pem, NULL, e);
	server.is_ca = false;
	server.ca = r->ca;
	server.subject = "kube-apiserver";
	server.names = names;
	if (r->ca != NULL) {
		r->cert = tls_identity_issue(
		    &server, r->p.env.entropy, NULL, NULL, e);
		r->trust = tls_trust_new(r->ca_pem, strlen(r->ca_pem), e);
	}
	ok = r->cert != NULL && r->trust != NULL;
	xfree(names);
	return ok;
}

static bool
write_kubeconfig(struct run *r, const char *path, const char *user,
    const char *token, struct err *e)
{
	int64_t now = loop_wall_us(r->p.loop) / LOOP_S;
	struct tls_issue client = { .ca = r->ca,
		.subject = user,
		.organization = "system:masters",
		.not_before_s = now - DAY_S,
		.not_after_s = now + 365LL * DAY_S };
	char server[100], *cert = NULL, *key = NULL, *text;
	struct kubeconfig k = { .server = server,
		.ca_pem = r->ca_pem,
		.user = user,
		.token = token,
		.use_cert = r->o.client_cert };
	bool ok = true, v6 = strchr(r->o.addr, ':') != NULL;

	if (path == NULL)
		return true;
	(void)str_format(server, sizeof(server), "%s://%s%s%s:%u",
	    r->o.plain ? "http" : "https", v6 ? "[" : "", r->o.addr,
	    v6 ? "]" : "", kube_server_port(r->server));
	if (!r->o.plain) {
		struct tls_identity *id = tls_identity_issue(
		    &client, r->p.env.entropy, &cert, &key, e);

		ok = id != NULL;
		tls_identity_free(id);
	}
	k.cert_pem = cert;
	k.key_pem = key;
	if (ok) {
		text = kubeconfig_text(&k);
		ok = sim_write_file(path, text, 0600, e);
		secret_wipe(text, strlen(text));
		xfree(text);
	}
	if (key != NULL)
		secret_wipe(key, strlen(key));
	xfree(cert);
	xfree(key);
	return ok;
}

/* ---- life ----------------------------------------------------------------- */

static char *
token_or_random(const char *given, struct entropy ent)
{
	char text[2 * TOKEN_BYTES + 1];

	if (given != NULL)
		return xstrdup(given);
	entropy_hex(ent, text, TOKEN_BYTES);
	return xstrdup(text);
}

static bool
start_server(struct run *r, struct err *e)
{
	struct kube_token tokens[] = { { r->token, "admin" },
		{ r->agent_token, "beskar7-agent" } };
	struct kube_server_opts so = { .addr = r->o.addr,
		.port = (unsigned)r->o.port,
		.identity = r->cert,
		.client_ca = r->trust,
		.tokens = tokens,
		.n_tokens = r->o.plain ? 0 : 2,
		.crd_paths = r->crds.v,
		.n_crd_paths = r->crds.n,
		.history = (size_t)r->o.history,
		.bookmark_us = r->o.bookmark };

	r->server = kube_server_new(&r->p.env, &so, e);
	if (r->server == NULL)
		return false;
	for (int i = 0; i < r->n_manifests; i++)
		if (!ks_load_path(r->server, r->manifests[i], e))
			return false;
	return true;
}

static bool
start(void *arg, struct err *e)
{
	struct run *r = arg;

	r->token = token_or_random(r->o.token, r->p.env.entropy);
	r->agent_token = token_or_random(r->o.agent_token, r->p.env.entropy);
	if (!r->o.plain && !make_certificates(r, e))
		return false;
	if (!start_server(r, e))
		return false;
	if (r->o.ca_out != NULL && r->ca_pem != NULL &&
	    !sim_write_file(r->o.ca_out, r->ca_pem, 0644, e))
		return false;
	return write_kubeconfig(r, r->o.kubeconfig, "admin", r->token, e) &&
	       write_kubeconfig(r, r->o.agent_kubeconfig, "beskar7-agent",
		   r->agent_token, e);
}

static void
ready(void *arg)
{
	const struct run *r = arg;

	(void)printf("ready %s://%s:%u%s%s\n", r->o.plain ? "http" : "https",
	    r->o.addr, kube_server_port(r->server),
	    r->o.kubeconfig != NULL ? " kubeconfig=" : "",
	    r->o.kubeconfig != NULL ? r->o.kubeconfig : "");
}

static void
stop(void *arg, int64_t grace_us)
{
	struct run *r = arg;

	kube_server_stop(r->server, grace_us);
}

static void
fini(void *arg)
{
	struct run *r = arg;

	kube_server_free(r->server);
	tls_identity_free(r->cert);
	tls_identity_free(r->ca);
	tls_trust_free(r->trust);
	xfree(r->ca_pem);
	xfree(r->token);
	xfree(r->agent_token);
}

int
kube_main(int argc, char **argv)
{
	static const struct sim_command command = { "kube", "BESKAR7_KUBE",
		usage, rows };
	struct sim_args args = { .argv = argv, .takes_rest = true };
	struct run r = { 0 };
	struct err e;
	int status;

	if (!take_crds(&r.crds, &argc, argv, &e))
		return sim_refuse(&command, &e);
	args.argc = argc;
	if (!sim_options(&command, &r.o, &r.o.help, &args, &status))
		return status;
	r.manifests = args.rest;
	r.n_manifests = args.n_rest;
	r.p = (struct sim_process){ .name = "kube",
		.log_level = r.o.log,
		.start = start,
		.ready = ready,
		.stop = stop,
		.grace_us = GRACE_US,
		.fini = fini,
		.arg = &r };
	return sim_process_run(&r.p);
}
