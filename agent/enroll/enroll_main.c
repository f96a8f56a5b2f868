/* beskar7-agent enroll: options, files, stdout; see enroll.h. */
#include "agent/enroll/enroll_main.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/enroll/enroll.h"
#include "agent/probe/credentials.h"
#include "common/files.h"
#include "common/options.h"
#include "common/str.h"

#define TABLE_MAX (64u << 20)
#define MANIFESTS_MAX (512u << 20)

struct enroll_args {
	bool help, tofu, insecure, show;
	const char *range, *ns, *prefix, *labels, *credentials, *secret,
	    *ca_secret;
};
#define O(f) offsetof(struct enroll_args, f)
static const struct option_row rows[] = {
	{ "range", 'r', OPT_STR, "RANGE", NULL, 0, 0,
	    "addresses instead of a table: 10.1.1.1-10.1.1.40, 10.1.1.1-40, "
	    "10.1.1.0/26, fd00::11-2f, fd00::/120, or several with commas",
	    "Hosts", O(range) },
	{ "namespace", 'n', OPT_STR, "NAME", NULL, 0, 0,
	    "namespace to write; default: none, kubectl's -n decides", NULL,
	    O(ns) },
	{ "name-prefix", 0, OPT_STR, "TEXT", "bmc-", 0, 0,
	    "before the address in names of hosts that have none", NULL,
	    O(prefix) },
	{ "labels", 'l', OPT_STR, "K=V,...", NULL, 0, 0,
	    "labels of all hosts; those of the table win", NULL, O(labels) },
	{ "credentials-file", 'c', OPT_STR, "FILE", NULL, 0, 0,
	    "login of the hosts that have none in the table: username and "
	    "password in YAML or JSON, or the manifest of a Secret; default: "
	    "$BESKAR7_BMC_USERNAME and $BESKAR7_BMC_PASSWORD, if set",
	    "Login", O(credentials) },
	{ "credentials-secret", 0, OPT_STR, "NAME", NULL, 0, 0,
	    "name of the Secret with that login (bmc-login); with no login "
	    "given, of one that is there already",
	    NULL, O(secret) },
	{ "show-passwords", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "print Secrets even on a terminal", NULL, O(show) },
	{ "ca-secret", 0, OPT_STR, "NAME", NULL, 0, 0,
	    "Secret whose ca.crt has signed the BMCs' certificates",
	    "Trust (default: the authorities of the system)", O(ca_secret) },
	{ "trust-on-first-use", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "trust the certificate that each BMC shows first, and no other "
	    "later",
	    NULL, O(tofu) },
	{ "insecure", 0, OPT_FLAG, NULL, NULL, 0, 0,
	    "trust any certificate: whoever sits between reads the password",
	    NULL, O(insecure) },
	{ "help", 'h', OPT_FLAG, NULL, NULL, 0, 0, "print this", "Other",
	    O(help) },
	{ 0 },
};

static const char usage[] =
    "Usage: beskar7-agent enroll [OPTIONS] TABLE.csv   (- is stdin)\n"
    "       beskar7-agent enroll [OPTIONS] --range 10.1.1.11-42\n\n"
    "Makes the manifests of many hosts at once: a PhysicalHost for each\n"
    "server, and Secrets with the logins of their BMCs. It talks to nobody;\n"
    "kubectl, or a repository, takes what it prints. All lines are checked\n"
    "first: with anything wrong in them nothing is printed.\n\n"
    "  export BESKAR7_BMC_USERNAME=admin\n"
    "  read -rs BESKAR7_BMC_PASSWORD && export BESKAR7_BMC_PASSWORD\n"
    "  beskar7-agent enroll --range 10.1.1.11-42 --trust-on-first-use |\n"
    "      kubectl apply --server-side -n metal -f -\n\n"
    "  beskar7-agent enroll rack7.csv -c login.yaml > rack7.yaml\n\n"
    "The first line of the table names its columns, in any order; only\n"
    "`address` is needed. Comma, semicolon or tab, as spreadsheets save it\n"
    "(\"CSV UTF-8\"):\n\n"
    "  address      10.1.1.11, bmc7.example.org:8443, fe80::7, https://...\n"
    "  name         of the PhysicalHost; default: made of the address\n"
    "  username, password   a Secret NAME-bmc is written for the host\n"
    "  secret       or the name of a Secret that has its login\n"
    "  ca-secret, fingerprint   trust of this host\n"
    "  system-id    which system, where the BMC has several\n"
    "  zone         failure domain (label topology.kubernetes.io/zone)\n"
    "  label:KEY    any other label, for hostSelector\n\n"
    "  name,address,username,password,zone,label:role\n"
    "  r7n1,10.1.7.11,admin,\"a \"\"quoted\"\" one\",rack7,worker\n"
    "  r7n2,10.1.7.12,admin,other,rack7,worker\n\n"
    "Passwords never stand on the command line, where every user of the\n"
    "machine can read them. A file with Secrets in it is as secret as they\n"
    "are: umask 077.\n\n";

static const char ending[] =
    "\nEvery option is also an environment variable, e.g. "
    "BESKAR7_ENROLL_NAMESPACE=metal.\n\n"
    "Exit status: 0 printed, 1 something is wrong in the table, or it cannot "
    "be read,\n2 wrong options.\n";

static void
tell(void *arg, const char *message)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", message);
}

static int
fail(int status, const struct err *e)
{
	(void)fprintf(stderr, "beskar7-agent enroll: %s\n", e->msg);
	return status;
}

/* No file and nothing in the environment is fine: none is needed then. */
static bool
login(struct credentials *c, const char *file, struct err *e)
{
	const char *user = getenv("BESKAR7_BMC_USERNAME");
	const char *password = getenv("BESKAR7_BMC_PASSWORD");
	struct files files = files_system();

	if (file != NULL)
		return credentials_read(c, &files, file, e);
	if (str_empty(user) || password == NULL)
		return true;
	c->username = xstrdup(user);
	secret_set(&c->password, password, strnlen(password, 4096));
	return true;
}

static bool
read_table(const char *path, struct buf *text, struct err *e)
{
	struct files files = files_system();

	/* One byte more, which becomes the NUL. */
	return files.read(files.self, str_eq(path, "-") ? "/dev/stdin" : path,
		   text, e) &&
	       (buf_reserve(text, 1) ||
		   err_set(e, ERR_TOO_BIG, 0, "%s is too large", path));
}

static bool
make(const struct enroll_args *a, const char *table,
    const struct enroll_opts *o, struct enroll_result *r, struct buf *out,
    struct err *e)
{
	struct buf text;
	bool ok;

	if (a->range != NULL)
		return enroll_range(out, a->range, o, r, e);
	buf_init(&text, TABLE_MAX);
	ok = read_table(table, &text, e) &&
	     enroll_csv(out, text.p, text.n, o, r, e);
	if (text.p != NULL)
		secret_wipe(text.p, text.n);
	buf_free(&text);
	return ok;
}

static int
print(const struct enroll_args *a, const struct enroll_result *r,
    const struct buf *out)
{
	if (r->secrets > 0 && !a->show && isatty(STDOUT_FILENO)) {
		(void)fputs("beskar7-agent enroll: there are passwords in it, "
			    "and this is a terminal: redirect it, or say "
			    "--show-passwords\n",
		    stderr);
		return 2;
	}
	if (fwrite(out->p, 1, out->n, stdout) != out->n ||
	    fflush(stdout) != 0) {
		(void)fputs(
		    "beskar7-agent enroll: stdout: not written\n", stderr);
		return 1;
	}
	(void)fprintf(stderr, "%zu hosts, %zu Secrets\n", r->hosts, r->secrets);
	return 0;
}

static int
run(const struct enroll_args *a, const char *table)
{
	struct credentials c = { 0 };
	struct enroll_opts o = { .ns = a->ns,
		.prefix = a->prefix,
		.labels = a->labels,
		.ca_secret = a->ca_secret,
		.tofu = a->tofu,
		.insecure = a->insecure };
	struct enroll_result r = { .tell = tell };
	struct err e = { .kind = ERR_NONE };
	struct buf out;
	int status;

	if (!enroll_check(&o, &e))
		return fail(2, &e);
	if (!login(&c, a->credentials, &e))
		return fail(1, &e);
	o.username = c.username;
	o.password = &c.password;
	o.secret = a->secret != NULL    ? a->secret
		   : c.username != NULL ? "bmc-login"
					: NULL;
	buf_init(&out, MANIFESTS_MAX);
	status =
	    make(a, table, &o, &r, &out, &e) ? print(a, &r, &out) : fail(1, &e);
	if (out.p != NULL)
		secret_wipe(out.p, out.n);
	buf_free(&out);
	credentials_fini(&c);
	return status;
}

int
enroll_main(int argc, char **argv)
{
	struct enroll_args a;
	struct err e = { .kind = ERR_NONE };
	char **rest;
	int n_rest;

	if (!options_parse(
		rows, &a, "BESKAR7_ENROLL", argc, argv, &rest, &n_rest, &e))
		return fail(2, &e);
	if (a.help) {
		(void)fputs(usage, stdout);
		options_help(rows, stdout);
		(void)fputs(ending, stdout);
		return 0;
	}
	if ((a.range != NULL) != (n_rest == 0) || n_rest > 1) {
		(void)fputs("beskar7-agent enroll: a table or --range; see "
			    "--help\n",
		    stderr);
		return 2;
	}
	return run(&a, n_rest == 1 ? rest[0] : NULL);
}
