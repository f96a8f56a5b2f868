/* beskar7-agent deliver: what a host would get, by hand; see delivery.h. */
#include "agent/delivery/deliver_main.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "agent/delivery/delivery.h"
#include "agent/media/base_file.h"
#include "common/mem.h"
#include "common/options.h"
#include "common/str.h"

struct deliver_args {
	bool help, installer, second_drive;
	const char *out, *config, *delivery, *format, *secret_format;
	const char *wrapper, *network, *kargs, *claim, *hostname, *provider_id;
	const char *report_url;
};
#define O(f) offsetof(struct deliver_args, f)
static const struct option_row rows[] = {
	{ "output", 'o', OPT_STR, "FILE", NULL, 0, 0,
	    "where to write the boot image; there must be none",
	    "What to write. Default: only say how the data would get there",
	    O(out) },
	{ "config", 'c', OPT_STR, "FILE", NULL, 0, 0,
	    "where to write the image for the second drive, if there is one",
	    NULL, O(config) },
	{ "installer", 'i', OPT_FLAG, NULL, NULL, 0, 0,
	    "the image installs (image.kind Installer)", "What it is for",
	    O(installer) },
	{ "second-drive", '2', OPT_FLAG, NULL, NULL, 0, 0,
	    "the BMC has a second drive for virtual media", NULL,
	    O(second_drive) },
	{ "delivery", 'd', OPT_STR, "WORD", NULL, 0, 0,
	    "as userData.delivery: Auto, Embedded, ConfigDrive, None", NULL,
	    O(delivery) },
	{ "format", 'f', OPT_STR, "WORD", NULL, 0, 0,
	    "as userData.format: Auto, CloudInit, Autoinstall, Ignition, "
	    "Combustion, Talos, Kairos",
	    NULL, O(format) },
	{ "secret-format", 0, OPT_STR, "WORD", NULL, 0, 0,
	    "the bootstrap Secret's key `format`", NULL, O(secret_format) },
	{ "wrapper", 'w', OPT_STR, "FILE", NULL, 0, 0,
	    "what userData.wrapperSecretRef would name", NULL, O(wrapper) },
	{ "network", 'n', OPT_STR, "FILE", NULL, 0, 0,
	    "what networkDataSecretRef would name", NULL, O(network) },
	{ "karg", 'k', OPT_STR, "ARGS", NULL, 0, 0, "as userData.kernelArgs",
	    NULL, O(kargs) },
	{ "claim", 0, OPT_STR, "ID", "example-claim", 0, 0,
	    "instance-id of the machine", "Who it is", O(claim) },
	{ "hostname", 0, OPT_STR, "NAME", "example", 0, 0, "its name", NULL,
	    O(hostname) },
	{ "provider-id", 0, OPT_STR, "ID", "b7://default/example", 0, 0,
	    "as Cluster API knows it", NULL, O(provider_id) },
	{ "report-url", 0, OPT_STR, "URL", NULL, 0, 0,
	    "where it is to say that it is up", NULL, O(report_url) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "print this", "Other",
	    O(help) },
	{ 0 },
};

static const char usage[] =
    "Usage: beskar7-agent deliver [OPTIONS] BASE.iso DATA [KEY=VALUE]...\n\n"
    "Makes what a host with that boot image would get of the bootstrap data "
    "in the\nfile DATA, and says by which way. It talks to nobody. KEY=VALUE "
    "is of\nuserData.metaData.\n\n"
    "  beskar7-agent deliver ubuntu-24.04-live-server-amd64.iso user-data -i\n"
    "  beskar7-agent deliver talos.iso worker.yaml -2 -o boot.iso -c "
    "config.iso\n\n";

static const char ending[] =
    "\nWhat is written holds the data, which are secret.\n\n"
    "Exit status: 0 done, 1 refused or not written, 2 wrong options.\n";

struct job {
	const struct deliver_args *a;
	struct base_file base;
	struct delivery_in in;
	struct delivery_out out;
	struct composed iso, config;
	struct buf data, wrapper, network;
};

static int
fail(int status, const struct err *e)
{
	(void)fprintf(stderr, "beskar7-agent deliver: %s\n", e->msg);
	return status;
}

static enum media_step
decide(void *arg, struct sparse *s, struct err *e)
{
	struct job *j = arg;

	(void)s;
	delivery_free(&j->out);
	return delivery(&j->out, &j->in, e);
}

static enum media_step
make(void *arg, struct sparse *s, struct err *e)
{
	struct job *j = arg;

	return compose(&j->iso, &j->base.cd, s, &j->out.iso, NULL, e);
}

static bool
read_file(const char *path, struct buf *into, struct delivery_bytes *out,
    struct err *e)
{
	struct files files = files_system();

	buf_init(into, 2 * DELIVERY_PAYLOAD);
	if (str_empty(path))
		return true;
	if (!files.read(files.self, path, into, e))
		return err_wrap(e, "%s", path);
	*out = (struct delivery_bytes){ into->p, into->n };
	return true;
}

static void
list(const char *what, const struct compose_file *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)printf("%s: %s, %zu bytes\n", what, v[i].path, v[i].n);
}

static void
tell(const struct delivery_out *out)
{
	(void)printf("image: %s\n", out->family);
	(void)printf("delivery: %s\n", delivery_mode_name(out->mode));
	if (out->mode != DELIVERY_NONE)
		(void)printf("format: %s\n", delivery_format_name(out->format));
	list("boot image", out->iso.files, out->iso.n_files);
	if (out->iso.label != NULL)
		(void)printf("boot image: label %s\n", out->iso.label);
	if (out->iso.args != NULL)
		(void)printf(
		    "boot image: kernel arguments %s\n", out->iso.args);
	if (out->config.label != NULL)
		(void)printf("second drive: label %s\n", out->config.label);
	list("second drive", out->config.files, out->config.n_files);
	(void)printf("the machine %s\n",
	    out->report ? "reports when it is up" : "does not report");
}

static bool
write_all(struct job *j, struct err *e)
{
	const struct deliver_args *a = j->a;

	if (!base_file_run(&j->base, make, j, e))
		return false;
	if (!str_empty(a->out) &&
	    !base_file_write(&j->base, &j->iso, a->out, e))
		return false;
	if (j->out.config.label == NULL)
		return true;
	return volume_make(&j->config, &j->out.config, e) &&
	       (str_empty(a->config) ||
		   base_file_write(NULL, &j->config, a->config, e));
}

static bool
words(struct job *j, struct err *e)
{
	const struct deliver_args *a = j->a;

	if (!delivery_mode_parse(a->delivery, &j->in.mode))
		return err_set(
		    e, ERR_SPEC, 0, "--delivery: no such way: %s", a->delivery);
	if (!delivery_format_parse(a->format, &j->in.format))
		return err_set(
		    e, ERR_SPEC, 0, "--format: no such format: %s", a->format);
	j->in.secret_format = a->secret_format;
	j->in.instance_id = a->claim;
	j->in.hostname = a->hostname;
	j->in.provider_id = a->provider_id;
	j->in.kernel_args = a->kargs;
	j->in.report_url = a->report_url;
	j->in.installer = a->installer;
	j->in.second_drive = a->second_drive;
	return true;
}

static bool
pairs(struct job *j, struct delivery_pair *v, char **argv, size_t n,
    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		char *eq = strchr(argv[i], '=');

		if (eq == NULL || eq == argv[i])
			return err_set(
			    e, ERR_SPEC, 0, "%s: not KEY=VALUE", argv[i]);
		*eq = '\0';
		v[i] = (struct delivery_pair){ argv[i], eq + 1 };
	}
	j->in.meta = v;
	j->in.n_meta = n;
	return true;
}

static void
wipe(struct buf *b)
{
	if (b->p != NULL)
		secret_wipe(b->p, b->cap);
	buf_free(b);
}

static int
deliver(struct job *j, char **argv, struct err *e)
{
	const struct deliver_args *a = j->a;

	if (!read_file(argv[1], &j->data, &j->in.data, e) ||
	    !read_file(a->wrapper, &j->wrapper, &j->in.wrapper, e) ||
	    !read_file(a->network, &j->network, &j->in.network, e) ||
	    !base_file_open(&j->base, argv[0], e))
		return fail(1, e);
	j->in.cd = &j->base.cd;
	j->in.base = &j->base.sparse;
	if (!base_file_run(&j->base, decide, j, e)) {
		if (j->out.reason != NULL)
			(void)err_wrap(e, "%s", j->out.reason);
		return fail(1, e);
	}
	tell(&j->out);
	return write_all(j, e) ? 0 : fail(1, e);
}

int
deliver_main(int argc, char **argv)
{
	struct deliver_args a;
	struct job j = { .a = &a };
	struct err e = { .kind = ERR_NONE };
	struct delivery_pair *meta;
	char **rest;
	int n, status;

	if (!options_parse(
		rows, &a, "BESKAR7_DELIVER", argc, argv, &rest, &n, &e))
		return fail(2, &e);
	if (a.help || n < 2) {
		(void)fputs(usage, a.help ? stdout : stderr);
		options_help(rows, a.help ? stdout : stderr);
		(void)fputs(ending, a.help ? stdout : stderr);
		return a.help ? 0 : 2;
	}
	meta = xcalloc((size_t)n, sizeof(*meta));
	if (words(&j, &e) && pairs(&j, meta, rest + 2, (size_t)n - 2, &e))
		status = deliver(&j, rest, &e);
	else
		status = fail(2, &e);
	delivery_free(&j.out);
	composed_free(&j.iso);
	composed_free(&j.config);
	base_file_close(&j.base);
	wipe(&j.data);
	wipe(&j.wrapper);
	wipe(&j.network);
	xfree(meta);
	return status;
}
