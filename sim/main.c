/* beskar7-sim: one program, a subcommand for each simulator. */
#include <stdio.h>
#include <string.h>

#include "common/version.h"
#ifdef B7_HAVE_BMC
#include "sim/bmc/bmc_main.h"
#endif
#ifdef B7_HAVE_CORE
#include "sim/core/core_main.h"
#endif
#ifdef B7_HAVE_KUBE
#include "sim/kube/kube_main.h"
#endif
#ifdef B7_HAVE_ORIGIN
#include "sim/origin/origin_main.h"
#endif
#ifdef B7_HAVE_WORKLOAD
#include "sim/workload/workload_main.h"
#endif

static const struct command {
	const char *name, *help;
	int (*run)(int argc, char **argv);
} commands[] = {
#ifdef B7_HAVE_BMC
	{ "bmc", "servers with Redfish BMCs, thousands in one process",
	    bmc_main },
#endif
#ifdef B7_HAVE_KUBE
	{ "kube", "a stand-in for the Kubernetes API server", kube_main },
#endif
#ifdef B7_HAVE_CORE
	{ "core", "a stand-in for Cluster API's core controllers", core_main },
#endif
#ifdef B7_HAVE_ORIGIN
	{ "origin", "a web server of synthetic boot images", origin_main },
#endif
#ifdef B7_HAVE_WORKLOAD
	{ "workload", "workload clusters: API servers and kubelets",
	    workload_main },
#endif
	{ NULL, NULL, NULL },
};

static void
help(FILE *out)
{
	(void)fputs("Usage: beskar7-sim COMMAND [OPTIONS]\n\n"
		    "Simulators for Beskar7. They listen on loopback unless "
		    "told otherwise.\n\nCommands:\n",
	    out);
	for (const struct command *c = commands; c->name; c++)
		(void)fprintf(out, "  %-8s %s\n", c->name, c->help);
	(void)fputs("\nbeskar7-sim COMMAND --help tells more; --version "
		    "tells what this is.\n",
	    out);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "--version") == 0) {
		version_print("beskar7-sim", stdout);
		return 0;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		help(stdout);
		return 0;
	}
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c->run(argc - 1, argv + 1);
	if (*name)
		(void)fprintf(
		    stderr, "beskar7-sim: no command \"%.40s\"\n\n", name);
	help(stderr);
	return 2;
}
