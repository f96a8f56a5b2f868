/* beskar7-agent probe: options, the real seams, signals; see probe.h. */
#include "agent/probe/probe_main.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/probe/credentials.h"
#include "agent/probe/probe.h"
#include "agent/probe/report.h"
#include "common/http.h"
#include "common/json.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/metrics.h"
#include "common/options.h"
#include "common/str.h"

#define REPORT_MAX (4u << 20)
#define CA_MAX (1u << 20)

struct probe_args {
	bool help, insecure, keep_identity;
	const char *ca_file, *credentials, *system_id, *output, *record,
	    *log_level;
	int64_t timeout_us, max_resources, max_mib, max_log_entries;
};
#define O(f) offsetof(struct probe_args, f)
static const struct option_row rows[] = {
	{ "credentials-file", 'c', OPT_STR, "FILE", NULL, 0, 0,
	    "username and password in YAML or JSON, or the manifest of a "
	    "Secret; default: $BESKAR7_BMC_USERNAME and "
	    "$BESKAR7_BMC_PASSWORD",
	    "Login and trust", O(credentials) },
	{ "ca-file", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "certificates (PEM) of the authorities that may have signed the "
	    "BMC's; default: those of the system",
	    NULL, O(ca_file) },
	{ "insecure", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "send the password whatever certificate the BMC shows, or over "
	    "plain HTTP",
	    NULL, O(insecure) },
	{ "system-id", 0, OPT_STR, "ID", NULL, 0, 0,
	    "which system, where the BMC has several: Id, URI, UUID or serial "
	    "number",
	    "Probe", O(system_id) },
	{ "timeout", 0, OPT_DURATION, "TIME", "10m", 1000000, 86400000000LL,
	    "of the whole probe", NULL, O(timeout_us) },
	{ "output", 'o', OPT_STR, "FORMAT", "text", 0, 0, "text or json", NULL,
	    O(output) },
	{ "record", 0, OPT_STR, "DIR", NULL, 0, 0,
	    "write all that can be read there, without secrets", "Recording",
	    O(record) },
	{ "keep-identity", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "keep serial numbers, UUIDs, addresses and host names, which "
	    "otherwise get pseudonyms",
	    NULL, O(keep_identity) },
	{ "max-resources", 0, OPT_INT, "N", "4000", 1, 8000,
	    "resources in a recording", NULL, O(max_resources) },
	{ "max-size", 0, OPT_INT, "MIB", "64", 1, 100,
	    "JSON text in a recording", NULL, O(max_mib) },
	{ "max-log-entries", 0, OPT_INT, "N", "16", 1, 10000,
	    "entries of each log", NULL, O(max_log_entries) },
	{ "log-level", 0, OPT_STR, "LEVEL", "error", 0, 0,
	    "error, warn, info, debug (each request) or trace", "Other",
	    O(log_level) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "print this", NULL,
	    O(help) },
	{ 0 },
};

static const char usage[] =
    "Usage: beskar7-agent probe [OPTIONS] https://BMC\n\n"
    "Looks at one BMC and says what Beskar7 can do with it: what it has,\n"
    "which ways of doing things the agent would try and in which order,\n"
    "how fast it answers, and a grade from A to F with the reasons. It\n"
    "only reads, one request at a time, and logs out at the end.\n\n"
    "  export BESKAR7_BMC_USERNAME=admin\n"
    "  read -rs BESKAR7_BMC_PASSWORD && export BESKAR7_BMC_PASSWORD\n"
    "  beskar7-agent probe https://10.10.1.11 --ca-file ca.pem\n"
    "  beskar7-agent probe https://10.10.1.11 -c secret.yaml -o json\n\n"
    "With --record DIR it also keeps what it read, to be sent to somebody\n"
    "else or served by the simulator: secrets and user names are taken\n"
    "out, identities get pseudonyms. Look at it before you pass it on.\n\n"
    "  beskar7-agent probe https://10.10.1.11 --record rec\n"
    "  beskar7-sim bmc --replay rec\n\n";

static const char ending[] =
    "\nEvery option is also an environment variable, e.g. "
    "BESKAR7_PROBE_TIMEOUT=1m.\n\n"
    "Exit status: 0 Beskar7 can provision this server (grade A or B), 1 it\n"
    "could not be probed (F), 2 wrong options, 3 it cannot be provisioned\n"
    "(C or D), 4 probed, but the recording was not written, 130 stopped by\n"
    "SIGINT or SIGTERM.\n";

struct probe_run {
	struct probe_args o;
	struct loop *loop;
	struct probe *probe;
	bool stopping;
	int status;
};

/* ---- the answer ------------------------------------------------------------------ */

static bool
on_terminal(void)
{
	return isatty(STDOUT_FILENO) && str_empty(getenv("NO_COLOR"));
}

static void
print_report(const struct probe_args *o, const cJSON *report)
{
	struct buf text;
	char *json;

	if (str_eq(o->output, "json")) {
		json = json_print_pretty(report);
		(void)printf("%s\n", json);
		xfree(json);
		return;
	}
	buf_init(&text, REPORT_MAX);
	report_text(report, on_terminal(), &text);
	(void)fputs(buf_str(&text), stdout);
	buf_free(&text);
}

static void
on_done(void *arg, enum probe_end end, const cJSON *report)
{
	struct probe_run *r = arg;

	r->status = (int)end;
	print_report(&r->o, report);
	if (fflush(stdout) != 0)
		(void)fprintf(
		    stderr, "beskar7-agent probe: cannot write the report\n");
	loop_stop(r->loop);
}

static void
on_signal(void *arg)
{
	struct probe_run *r = arg;

	r->status = PROBE_STOPPED;
	if (r->stopping) /* asked twice: the session stays */
		loop_stop(r->loop);
	r->stopping = true;
	probe_stop(r->probe);
}

/* ---- what it needs ---------------------------------------------------------------- */

static bool
login(struct credentials *c, const struct probe_args *o, struct files *files,
    struct err *e)
{
	const char *username = getenv("BESKAR7_BMC_USERNAME");
	const char *password = getenv("BESKAR7_BMC_PASSWORD");

	if (o->credentials)
		return credentials_read(c, files, o->credentials, e);
	if (str_empty(username) || !password)
		return err_set(e, ERR_SPEC, 0,
		    "no login: set BESKAR7_BMC_USERNAME and "
		    "BESKAR7_BMC_PASSWORD, or --credentials-file");
	c->username = xstrdup(username);
	secret_set(&c->password, password, strlen(password));
	return true;
}

static bool
trust(struct tls_trust **out, const struct probe_args *o, struct files *files,
    struct err *e)
{
	struct buf pem;
	bool ok;

	if (!o->ca_file)
		return true;
	buf_init(&pem, CA_MAX);
	ok = files->read(files->self, o->ca_file, &pem, e);
	if (ok)
		*out = tls_trust_new(buf_str(&pem), pem.n, e);
	buf_free(&pem);
	return *out || err_wrap(e, "--ca-file %s", o->ca_file);
}

static bool
start(struct probe_run *r, const struct env *env, const char *address,
    const struct credentials *c, struct tls_trust *ca, struct err *e)
{
	struct probe_opts o = { .address = address,
		.system_id = r->o.system_id,
		.tls = { .trust = ca, .insecure = r->o.insecure },
		.username = c->username,
		.password = &c->password,
		.timeout_us = r->o.timeout_us,
		.record = r->o.record,
		.keep_identity = r->o.keep_identity,
		.limits = { (unsigned)r->o.max_resources,
		    (size_t)r->o.max_mib << 20,
		    (unsigned)r->o.max_log_entries } };

	r->probe = probe_start(env, &o, on_done, r, e);
	return r->probe != NULL;
}

static int
run(struct probe_run *r, const char *address, enum log_level level)
{
	struct loop *loop = loop_event_new();
	struct log log = { level, "probe", loop, log_sink_stderr, NULL };
	struct files files = files_system();
	struct env env = { "probe", loop, NULL, entropy_system(), &files, &log,
		metrics_new(), 0 };
	struct credentials c = { 0 };
	struct tls_trust *ca = NULL;
	struct err e = { .kind = ERR_NONE };

	r->loop = loop;
	r->status = PROBE_FAILED;
	env.entropy.fill(env.entropy.self, &env.seed, sizeof(env.seed));
	env.net = http_net_real_new(loop, env.entropy, &e);
	if (env.net && login(&c, &r->o, &files, &e) &&
	    trust(&ca, &r->o, &files, &e) &&
	    start(r, &env, address, &c, ca, &e)) {
		loop_on_signal(loop, SIGTERM, on_signal, r);
		loop_on_signal(loop, SIGINT, on_signal, r);
		loop_run(loop);
	} else {
		(void)fprintf(stderr, "beskar7-agent probe: %s\n", e.msg);
		r->status = e.kind == ERR_SPEC ? 2 : PROBE_FAILED;
	}
	probe_free(r->probe);
	credentials_fini(&c);
	tls_trust_free(ca);
	http_net_free(env.net);
	metrics_free(env.metrics);
	loop_free(loop);
	return r->status;
}

int
probe_main(int argc, char **argv)
{
	struct probe_run r = { .status = 0 };
	enum log_level level;
	char **rest;
	int n_rest;
	struct err e = { .kind = ERR_NONE };

	if (!options_parse(
		rows, &r.o, "BESKAR7_PROBE", argc, argv, &rest, &n_rest, &e)) {
		(void)fprintf(
		    stderr, "beskar7-agent probe: %s; try --help\n", e.msg);
		return 2;
	}
	if (r.o.help) {
		(void)fputs(usage, stdout);
		options_help(rows, stdout);
		(void)fputs(ending, stdout);
		return 0;
	}
	if (n_rest != 1 || !log_level_parse(r.o.log_level, &level) ||
	    (!str_eq(r.o.output, "text") && !str_eq(r.o.output, "json"))) {
		(void)fprintf(stderr, "beskar7-agent probe: %s; try --help\n",
		    n_rest != 1 ? "it takes the address of one BMC"
				: "--output is text or json, --log-level "
				  "error, warn, info, debug or trace");
		return 2;
	}
	if (str_has_iprefix(rest[0], "http:") && !r.o.insecure) {
		(void)fprintf(stderr,
		    "beskar7-agent probe: http sends the password in clear: "
		    "use https, or say --insecure\n");
		return 2;
	}
	return run(&r, rest[0], level);
}
