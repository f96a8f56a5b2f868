/* See origin_main.h. */
#include "sim/origin/origin_main.h"

#include <stddef.h>
#include <stdio.h>

#include "common/mem.h"
#include "common/tls.h"
#include "sim/origin/origin.h"
#include "sim/process.h"

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
    "  ?size=N ?id=TEXT ?rate=N (of slow.iso, bytes a second)\n"
    "  ?family=NAME as that family of operating systems has it: cloud-init, "
    "ubuntu,\n"
    "      coreos, microos, talos, kairos; &wants=nothing: boots without user "
    "data\n\n"
    "GET /-/stats counts reads; POST /-/fault {\"path\": GLOB, \"status\": N,"
    "\n\"count\": N} makes paths fail; POST /-/reset sets the counts to 0.\n\n";

struct run {
	struct sim_process p;
	struct origin_options o;
	struct origin *origin;
	struct tls_identity *identity;
};

static bool
certificate(struct run *r, struct err *e)
{
	int64_t now = loop_wall_us(r->p.loop) / LOOP_S;
	struct tls_issue i = { .is_ca = true,
		.subject = "Beskar7 origin",
		.names = r->o.addr,
		.not_before_s = now - 86400,
		.not_after_s = now + YEARS_10_S };
	char *pem = NULL;
	bool ok;

	r->identity = tls_identity_issue(&i, r->p.env.entropy, &pem, NULL, e);
	ok = r->identity != NULL &&
	     (r->o.ca_out == NULL || sim_write_file(r->o.ca_out, pem, 0644, e));
	xfree(pem);
	return ok;
}

static bool
start(void *arg, struct err *e)
{
	struct run *r = arg;
	struct origin_opts oo = { .addr = r->o.addr,
		.port = (unsigned)r->o.port };

	if (r->o.tls && !certificate(r, e))
		return false;
	oo.identity = r->identity;
	r->origin = origin_new(&r->p.env, &oo, e);
	return r->origin != NULL;
}

static void
ready(void *arg)
{
	const struct run *r = arg;

	(void)printf("ready %s://%s:%u\n", r->o.tls ? "https" : "http",
	    r->o.addr, origin_port(r->origin));
}

static void
fini(void *arg)
{
	struct run *r = arg;

	origin_free(r->origin);
	tls_identity_free(r->identity);
}

int
origin_main(int argc, char **argv)
{
	static const struct sim_command command = { "origin", "BESKAR7_ORIGIN",
		usage, rows };
	struct sim_args args = { .argc = argc, .argv = argv };
	struct run r = { 0 };
	int status;

	if (!sim_options(&command, &r.o, &r.o.help, &args, &status))
		return status;
	r.p = (struct sim_process){ .name = "origin",
		.start = start,
		.ready = ready,
		.fini = fini,
		.arg = &r };
	return sim_process_run(&r.p);
}
