/* beskar7-agent explain: options, the socket, stdout. */
#include "agent/explain/explain_main.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/explain/print.h"
#include "agent/explain/remote.h"
#include "common/buf.h"
#include "common/http.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/options.h"
#include "common/str.h"

#define ANSWER_MAX (4u << 20)
#define PATIENCE_S 10

struct explain_args {
	bool help;
	const char *socket, *ns, *output;
	const char *server, *kubeconfig, *context, *token_file, *ca_file;
};
#define O(f) offsetof(struct explain_args, f)
static const struct option_row rows[] = {
	{ "namespace", 'n', OPT_STR, "NAME", NULL, 0, 0,
	    "the host's namespace; default: any, if one host alone has that "
	    "name",
	    "Host", O(ns) },
	{ "output", 'o', OPT_STR, "FORMAT", "text", 0, 0,
	    "text or json; text in a pipe is a line for each fact", "Output",
	    O(output) },
	{ "socket", 0, OPT_STR, "PATH", EXPLAIN_SOCKET, 0, 0,
	    "the agent's --explain-socket", "Agent", O(socket) },
	{ "server", 0, OPT_STR, "URL", NULL, 0, 0,
	    "in place of the socket: the agent's --explain-address, "
	    "https://HOST:PORT, or http://127.0.0.1:PORT of a port-forward",
	    NULL, O(server) },
	{ "kubeconfig", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "whose user's token is shown to it; default: $KUBECONFIG, then "
	    "~/.kube/config",
	    NULL, O(kubeconfig) },
	{ "context", 0, OPT_STR, "NAME", NULL, 0, 0,
	    "context of the kubeconfig", NULL, O(context) },
	{ "token-file", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "a token in place of the kubeconfig's: kubectl create token NAME",
	    NULL, O(token_file) },
	{ "ca-file", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "CA of the agent's certificate (PEM); default: the system's", NULL,
	    O(ca_file) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "print this", "Other",
	    O(help) },
	{ 0 },
};

static const char usage[] =
    "Usage: beskar7-agent explain [OPTIONS] [NAMESPACE/]HOST\n\n"
    "Asks the running agent why a PhysicalHost is as it is: its state, what\n"
    "is being waited for, the step that comes next and when, what was decided\n"
    "last and why, and the last requests to its BMC with their answers. No\n"
    "passwords and no payloads are in it.\n\n"
    "  beskar7-agent explain metal/r7n1\n"
    "  beskar7-agent explain r7n1 | grep ^decision\n"
    "  beskar7-agent explain r7n1 -o json | jq .next\n"
    "  kubectl -n beskar7-system exec POD -- /beskar7-agent explain r7n1\n"
    "  kubectl -n beskar7-system port-forward POD 8080 &\n"
    "  beskar7-agent explain --server http://127.0.0.1:8080 metal/r7n1\n\n"
    "With --server the agent asks the API server whose the token is and\n"
    "whether he may get physicalhosts in that namespace.\n"
    "Of several agents ask the one that holds the Lease: the others do\n"
    "nothing, and say so. What was decided before its start is not known.\n"
    "A step is named after the truth that it wants; poll: not so yet, looked\n"
    "at again later; fail: tried again later; stop: nothing left to do.\n\n";

static const char ending[] =
    "\nEvery option is also an environment variable, e.g. "
    "BESKAR7_EXPLAIN_SOCKET=PATH.\n\n"
    "Exit status: 0 printed, 1 no such host, or the agent does not answer, "
    "2 wrong options.\n";

static int
fail(int status, const char *why)
{
	(void)fprintf(stderr, "beskar7-agent explain: %s\n", why);
	return status;
}

/* -1 with e, which says what to do. */
static int
reach(const char *path, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	const char *hint = "";
	int fd, why;

	if (!str_copy(at.sun_path, sizeof(at.sun_path), path)) {
		(void)err_set(
		    e, ERR_SPEC, 0, "%s: too long for a socket", path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0) {
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		return fd;
	}
	why = errno;
	if (why == ENOENT || why == ECONNREFUSED)
		hint = ": does the agent run here? Its log says where it "
		       "explains; name that with --socket";
	else if (why == EACCES || why == EPERM)
		hint = ": only the agent's own account and root may ask";
	(void)err_set(
	    e, ERR_NET, why, "%.100s: %s%s", path, strerror(why), hint);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool
say(int fd, const char *text, struct err *e)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = send(fd, text, left, MSG_NOSIGNAL);

		if (n <= 0)
			return err_set(e, ERR_NET, errno,
			    "the agent hung up: %s", strerror(errno));
		text += n;
		left -= (size_t)n;
	}
	return true;
}

static bool
hear(int fd, struct buf *in, struct err *e)
{
	char piece[4096];
	ssize_t n;

	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		if (!buf_add(in, piece, (size_t)n))
			return err_set(
			    e, ERR_TOO_BIG, 0, "the answer has no end");
	if (n < 0 && errno == EAGAIN)
		return err_set(e, ERR_TIMEOUT, 0,
		    "the agent did not answer within %d s", PATIENCE_S);
	if (n < 0)
		return err_set(e, ERR_NET, errno, "the agent hung up: %s",
		    strerror(errno));
	return true;
}

/* "HTTP/1.1 200 OK" ... an empty line, the tree. */
static cJSON *
understand(const struct buf *in, struct err *e)
{
	const char *text = buf_str(in);
	const char *body = strstr(text, "\r\n\r\n");
	const char *why;
	cJSON *tree;

	if (!str_has_prefix(text, "HTTP/1.1 ") || body == NULL) {
		(void)err_set(e, ERR_PROTO, 0, "no agent answers there");
		return NULL;
	}
	body += 4;
	tree = json_parse(body, in->n - (size_t)(body - text), e);
	if (tree == NULL || str_has_prefix(text, "HTTP/1.1 200 "))
		return tree;
	why = json_str(tree, "error", "the agent gives no reason");
	(void)err_set(e, ERR_REFUSED, 0, "%s", why);
	cJSON_Delete(tree);
	return NULL;
}

static cJSON *
ask(const char *path, const char *name, struct err *e)
{
	char *request = xasprintf("GET /v1/hosts/%s HTTP/1.1\r\nHost: agent\r\n"
				  "Connection: close\r\n\r\n",
	    name);
	cJSON *tree = NULL;
	struct buf in;
	int fd = reach(path, e);

	buf_init(&in, ANSWER_MAX);
	if (fd >= 0 && say(fd, request, e) && hear(fd, &in, e))
		tree = understand(&in, e);
	if (fd >= 0)
		(void)close(fd);
	buf_free(&in);
	xfree(request);
	return tree;
}

/* By the network: with a loop and a net of its own. */
static cJSON *
ask_server(const struct explain_args *a, const char *name, struct err *e)
{
	struct loop *loop = loop_event_new();
	struct log log = { LOG_ERROR, "explain", loop, log_sink_stderr, NULL };
	struct files files = files_system();
	struct env env = { "explain", loop, NULL, entropy_system(), &files,
		&log, metrics_new(), 0 };
	struct remote_opts o = { a->server, name, a->token_file, a->kubeconfig,
		a->context, a->ca_file };
	const char *home = getenv("HOME"), *from = getenv("KUBECONFIG");
	char *dflt = xasprintf("%s/.kube/config", home == NULL ? "" : home);
	cJSON *tree = NULL;

	if (o.kubeconfig == NULL)
		o.kubeconfig = str_empty(from) ? dflt : from;
	env.net = http_net_real_new(loop, env.entropy, e);
	if (env.net != NULL)
		tree = remote_ask(&env, &o, e);
	http_net_free(env.net);
	metrics_free(env.metrics);
	loop_free(loop);
	xfree(dflt);
	return tree;
}

static int
show(const cJSON *tree, bool json)
{
	struct buf out;
	int status = 0;

	buf_init(&out, 2 * ANSWER_MAX);
	if (json) {
		char *text = json_print_pretty(tree);

		(void)buf_addf(&out, "%s\n", text);
		xfree(text);
	} else {
		explain_print(tree, isatty(STDOUT_FILENO), &out);
	}
	if (out.overflow || fwrite(out.p, 1, out.n, stdout) != out.n ||
	    fflush(stdout) != 0)
		status = fail(1, "stdout: not written");
	buf_free(&out);
	return status;
}

/* What the agent would take for part of its path is refused here. */
static bool
is_name(const char *s)
{
	const char *slash = strchr(s, '/');

	if (slash == NULL)
		return str_is_dns_subdomain(s);
	return slash > s && strchr("-.", s[0]) == NULL &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
		   (size_t)(slash - s) &&
	       str_is_dns_subdomain(slash + 1);
}

int
explain_main(int argc, char **argv)
{
	struct explain_args a;
	struct err e = { .kind = ERR_NONE };
	char **rest, *name;
	cJSON *tree;
	int n_rest, status;
	bool json;

	if (!options_parse(
		rows, &a, "BESKAR7_EXPLAIN", argc, argv, &rest, &n_rest, &e))
		return fail(2, e.msg);
	if (a.help) {
		(void)fputs(usage, stdout);
		options_help(rows, stdout);
		(void)fputs(ending, stdout);
		return 0;
	}
	json = str_eq(a.output, "json");
	if (!json && !str_eq(a.output, "text"))
		return fail(2, "--output is text or json");
	if (n_rest != 1)
		return fail(2, "name one host; see --help");
	name =
	    a.ns == NULL ? xstrdup(rest[0]) : xasprintf("%s/%s", a.ns, rest[0]);
	if (!is_name(name)) {
		xfree(name);
		return fail(2, "that is no [NAMESPACE/]HOST; see --help");
	}
	if (a.server != NULL && strchr(name, '/') == NULL) {
		xfree(name);
		return fail(2, "--server takes the namespace, too: "
			       "NAMESPACE/HOST, or -n");
	}
	tree = a.server != NULL ? ask_server(&a, name, &e)
				: ask(a.socket, name, &e);
	xfree(name);
	if (tree == NULL)
		return fail(1, e.msg);
	status = show(tree, json);
	cJSON_Delete(tree);
	return status;
}
