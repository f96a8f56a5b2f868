/*
 * Command lines from a table: name, kind, default and help stand in one row,
 * and --help is printed from it. Accepts --name=value, --name value, -n value
 * and --flag. Every option can be given as an environment variable
 * PREFIX_NAME, with dashes as underscores; the command line wins.
 */
#ifndef B7_OPTIONS_H
#define B7_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/err.h"

enum option_kind {
	OPT_FLAG,
	OPT_STR,
	OPT_INT,
	OPT_DURATION
};

struct option_row {
	const char *name;
	char letter; /* 0 = none */
	enum option_kind kind;
	const char *value_name; /* e.g. "FILE" */
	const char *dflt;       /* text; NULL = unset */
	long long min, max;     /* OPT_INT and OPT_DURATION (microseconds);
				 * both 0: any */
	const char *help;
	const char *group; /* heading in --help; NULL = as the row before */
	size_t offset;     /* into the options struct: bool, const char *,
	                    * int64_t, int64_t microseconds */
};

/* Fills opts (defaults first). Strings point into argv, the environment or the
 * rows. Positional arguments are returned through rest/n_rest: they
 * are moved to argv + 1; NULL rest refuses them. "--" ends the
 * options. A flag takes =true or =false too. env_prefix NULL: no environment.
 * Rows end with name NULL. ERR_SPEC names the argument. Durations: 500ms, 30s,
 * 10m, 2h, also 1h30m. */
bool options_parse(const struct option_row *rows, void *opts,
    const char *env_prefix, int argc, char **argv, char ***rest, int *n_rest,
    struct err *e);
void options_help(const struct option_row *rows, FILE *out);
bool duration_parse(const char *s, long long *us);

#endif
