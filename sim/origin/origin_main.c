/* See origin_main.h. */
#include "sim/origin/origin_main.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>

#include "common/env.h"
#include "common/http.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/options.h"
#include "sim/origin/origin.h"

#define YEARS_10_S (10LL * 365 * 86400)

struct origin_options {
	bool help, tls;
	const char *addr, *ca_out;
	int64_t port;
};
#define O(f) offsetof(struct origin_options, f)
static const struct option_row rows[] = {
	{ "addr", 'a', OPT_STR, "IP", "127.0.0.1", 0, 0, "listens there",
	    "Options", O(addr) },
	{ "port", 0, OPT_INT, "N", "8080", 0, 65535, "0 = any", NULL, O(port) },
	{ "tls", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "HTTPS with a certificate of its own", NULL, O(tls) },
	{ "ca-out", 0, OPT_STR, "FILE", NULL, 0, 0,
	    "writes that certificate (PEM) there", NULL, O(ca_out) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "prints this", NULL,
	    O(help) },
	{ 0 },
};

static const char usage[] =
    "Usage: beskar7-sim origin [OPTIONS]\n\n"
    "Serves synthetic boot images, made on the fly from their names:\n\n"
    "  /live.iso              boots and runs from the medium\n"
    "  /installer.iso         installs to the disk, then powers off\n"
    "  /installer-reboot.iso  installs to the disk, then reboots\n"
    "  /not-an-iso.iso /no-boot.iso /no-range.iso /truncated.iso /slow.iso\n"
    "  ?size=N ?id=TEXT ?rate=N (of slow.iso, bytes a second)\n\n"
    "GET /-/stats counts reads; POST /-/fault {\"path\": GLOB, \"status\": N,"
    "\n\"count\": N} makes paths fail; POST /-/reset sets the counts to 0.\n\n";

static void
quit(void *arg)
{
	loop_stop(arg);
}

static bool
certificate(const struct origin_options *o, struct loop *l,
    struct tls_identity **out, struct err *e)
{
	struct tls_issue i = {
		.is_ca = true, .subject = "Beskar7 origin", .names = o->addr
	};
	int64_t now = loop_wall_us(l) / LOOP_S;
	char *pem = NULL;
	FILE *f;
	bool ok;

	i.not_before_s = now - 86400;
	i.not_after_s = now + YEARS_10_S;
	*out = tls_identity_issue(&i, entropy_system(), &pem, NULL, e);
	ok = *out != NULL;
	if (ok && o->ca_out) {
		f = fopen(o->ca_out, "w");
		ok = f && fputs(pem, f) >= 0;
		if ((f && fclose(f) != 0) || !ok)
			ok = err_set(
			    e, ERR_SPEC, 0, "cannot write %s", o->ca_out);
	}
	xfree(pem);
	return ok;
}

static int
run(const struct origin_options *o)
{
	struct loop *loop = loop_event_new();
	struct log log = { LOG_INFO, "origin", loop, log_sink_stderr, NULL };
	struct files files = files_system();
	struct env env = { .name = "origin",
		.loop = loop,
		.entropy = entropy_system(),
		.files = &files,
		.log = &log };
	struct origin_opts oo = { .addr = o->addr, .port = (unsigned)o->port };
	struct origin *origin = NULL;
	struct err e = { 0 };
	int status = 1;

	env.net = http_net_real_new(loop, env.entropy, &e);
	if (env.net && (!o->tls || certificate(o, loop, &oo.identity, &e)))
		origin = origin_new(&env, &oo, &e);
	if (origin) {
		(void)printf("ready %s://%s:%u\n", o->tls ? "https" : "http",
		    o->addr, origin_port(origin));
		(void)fflush(stdout);
		loop_on_signal(loop, SIGTERM, quit, loop);
		loop_on_signal(loop, SIGINT, quit, loop);
		loop_run(loop);
		status = 0;
	} else {
		(void)fprintf(stderr, "beskar7-sim origin: %s\n", e.msg);
	}
	origin_free(origin);
	tls_identity_free(oo.identity);
	http_net_free(env.net);
	loop_free(loop);
	return status;
}

int
origin_main(int argc, char **argv)
{
	struct origin_options o = { 0 };
	struct err e = { 0 };

	if (!options_parse(
		rows, &o, "BESKAR7_ORIGIN", argc, argv, NULL, NULL, &e)) {
		(void)fprintf(stderr, "beskar7-sim origin: %s\n", e.msg);
		return 2;
	}
	if (o.help) {
		(void)fputs(usage, stdout);
		options_help(rows, stdout);
		return 0;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	return run(&o);
}
