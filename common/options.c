#include "common/options.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

#define NAME_MAX_BYTES 64

struct reading {
	const struct option_row *rows;
	char *opts; /* the caller's struct */
	struct err *e;
	bool ended;   /* by "--" */
	bool no_rest; /* no positional arguments */
	int n_rest;
};

bool
duration_parse(const char *s, long long *us)
{
	static const struct {
		const char *unit;
		long long us;
	} units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 },
		{ "m", 60000000 }, { "h", 3600000000LL } };
	long long total = 0;

	if (str_empty(s))
		return false;
	if (strcmp(s, "0") == 0)
		s = "0s";
	while (*s != '\0') {
		size_t digits = strspn(s, "0123456789"), u = 0;
		size_t letters = strspn(s + digits, "hmsu");
		char text[20];
		int64_t n;

		if (digits == 0 || digits >= sizeof(text))
			return false;
		memcpy(text, s, digits);
		text[digits] = '\0';
		s += digits;
		while (u < 5 && (strlen(units[u].unit) != letters ||
				    strncmp(s, units[u].unit, letters) != 0))
			u++;
		if (u == 5 || !str_to_i64(text, &n) ||
		    n > (LLONG_MAX - total) / units[u].us)
			return false;
		total += n * units[u].us;
		s += letters;
	}
	*us = total;
	return true;
}

/* ---- values -------------------------------------------------------------- */

static bool
flag_value(const char *text, bool *out)
{
	static const char *const words[][2] = { { "false", "true" },
		{ "0", "1" }, { "no", "yes" }, { "off", "on" } };

	for (size_t i = 0; i < 4; i++) {
		for (int b = 0; b < 2; b++) {
			if (str_ieq(text, words[i][b])) {
				*out = b != 0;
				return true;
			}
		}
	}
	return false;
}

static bool
in_range(const struct option_row *row, long long n)
{
	return (row->min == 0 && row->max == 0) ||
	       (n >= row->min && n <= row->max);
}

static void
duration_text(long long us, char out[32])
{
	if (us % 1000000 == 0)
		(void)str_format(out, 32, "%llds", us / 1000000);
	else
		(void)str_format(out, 32, "%lldms", us / 1000);
}

static bool
out_of_range(struct reading *r, const struct option_row *row, const char *what)
{
	char min[32], max[32];

	if (row->kind == OPT_DURATION) {
		duration_text(row->min, min);
		duration_text(row->max, max);
	} else {
		(void)str_format(min, sizeof(min), "%lld", row->min);
		(void)str_format(max, sizeof(max), "%lld", row->max);
	}
	return err_set(
	    r->e, ERR_SPEC, 0, "%s must be between %s and %s", what, min, max);
}

/* what: how the user gave it, e.g. "--port" or "BESKAR7_PORT". */
static bool
store(struct reading *r, const struct option_row *row, const char *text,
    const char *what)
{
	void *at = r->opts + row->offset;
	long long us;
	int64_t n = 0;
	bool b = false;

	switch (row->kind) {
	case OPT_STR:
		memcpy(at, &text, sizeof(text));
		return true;
	case OPT_FLAG:
		if (!flag_value(text, &b))
			return err_set(r->e, ERR_SPEC, 0,
			    "%s takes true or false, not \"%.60s\"", what,
			    text);
		memcpy(at, &b, sizeof(b));
		return true;
	case OPT_INT:
		if (!str_to_i64(text, &n))
			return err_set(r->e, ERR_SPEC, 0,
			    "%s takes a number, not \"%.60s\"", what, text);
		break;
	case OPT_DURATION:
		if (!duration_parse(text, &us))
			return err_set(r->e, ERR_SPEC, 0,
			    "%s takes a duration such as 500ms, 30s, 10m or "
			    "2h, not \"%.60s\"",
			    what, text);
		n = us;
		break;
	}
	if (!in_range(row, n))
		return out_of_range(r, row, what);
	memcpy(at, &n, sizeof(n));
	return true;
}

static bool
set_defaults(struct reading *r)
{
	static const char *const nothing = NULL;

	for (const struct option_row *row = r->rows; row->name != NULL; row++) {
		char *at = r->opts + row->offset;
		int64_t zero = 0;
		bool off = false;

		if (row->dflt != NULL) {
			/* A default need not be in range: "0 = off". */
			struct option_row any = *row;

			any.min = any.max = 0;
			if (!store(r, &any, row->dflt, row->name))
				return false;
		} else if (row->kind == OPT_FLAG) {
			memcpy(at, &off, sizeof(off));
		} else if (row->kind == OPT_STR) {
			memcpy(at, &nothing, sizeof(nothing));
		} else {
			memcpy(at, &zero, sizeof(zero));
		}
	}
	return true;
}

static bool
read_environment(struct reading *r, const char *prefix)
{
	for (const struct option_row *row = r->rows; row->name != NULL; row++) {
		char name[2 * NAME_MAX_BYTES];
		const char *text;

		if (!str_format(name, sizeof(name), "%s_%s", prefix, row->name))
			continue;
		for (char *c = name; *c != '\0'; c++) {
			if (*c == '-')
				*c = '_';
			else if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		}
		text = getenv(name);
		if (text != NULL && !store(r, row, text, name))
			return false;
	}
	return true;
}

/* ---- arguments ----------------------------------------------------------- */

/* Edits (insert, remove, replace a character) between two short words. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1], n = strlen(b);

	if (n > NAME_MAX_BYTES)
		return n;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; *a != '\0'; a++, i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = corner + (*a != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

static bool
unknown(struct reading *r, const char *name)
{
	const struct option_row *near = NULL;
	size_t best = 3;

	for (const struct option_row *row = r->rows; row->name != NULL; row++) {
		size_t d = distance(name, row->name);

		if (d < best) {
			best = d;
			near = row;
		}
	}
	if (near != NULL)
		return err_set(r->e, ERR_SPEC, 0,
		    "unknown option --%.60s; did you mean --%s?", name,
		    near->name);
	return err_set(r->e, ERR_SPEC, 0,
	    "unknown option --%.60s; --help lists them", name);
}

/* Takes the option at argv[i] and its value; the number of arguments used, 0
 * on error. */
static int
take(struct reading *r, const struct option_row *row, const char *what,
    const char *value, const char *next)
{
	int used = 1;

	if (value == NULL && row->kind == OPT_FLAG)
		value = "true";
	if (value == NULL) {
		if (next == NULL) {
			(void)err_set(
			    r->e, ERR_SPEC, 0, "%s needs a value", what);
			return 0;
		}
		value = next;
		used = 2;
	}
	return store(r, row, value, what) ? used : 0;
}

static int
take_long(struct reading *r, const char *arg, const char *next)
{
	const struct option_row *row = r->rows;
	char name[NAME_MAX_BYTES], what[NAME_MAX_BYTES + 2];
	size_t n = strcspn(arg + 2, "=");

	if (n >= sizeof(name))
		n = sizeof(name) - 1; /* longer than any: unknown */
	memcpy(name, arg + 2, n);
	name[n] = '\0';
	while (row->name != NULL && strcmp(row->name, name) != 0)
		row++;
	if (row->name == NULL) {
		(void)unknown(r, name);
		return 0;
	}
	(void)str_format(what, sizeof(what), "--%s", name);
	return take(r, row, what, arg[2 + n] == '=' ? arg + 3 + n : NULL, next);
}

static int
take_short(struct reading *r, const char *arg, const char *next)
{
	const struct option_row *row = r->rows;
	char what[3] = { '-', arg[1], '\0' };

	while (row->name != NULL && row->letter != arg[1])
		row++;
	if (row->name == NULL || arg[2] != '\0') {
		(void)err_set(r->e, ERR_SPEC, 0,
		    "unknown option %.60s; --help lists them", arg);
		return 0;
	}
	return take(r, row, what, NULL, next);
}

/* Takes one argument, or two; positional ones are moved to the front. The
 * number of arguments used, 0 on error. */
static int
take_any(struct reading *r, char **argv, int i, const char *next)
{
	if (r->ended || argv[i][0] != '-' || argv[i][1] == '\0') {
		if (r->no_rest) {
			(void)err_set(r->e, ERR_SPEC, 0,
			    "unexpected argument \"%.60s\"", argv[i]);
			return 0;
		}
		argv[1 + r->n_rest++] = argv[i];
		return 1;
	}
	if (strcmp(argv[i], "--") == 0) {
		r->ended = true;
		return 1;
	}
	if (argv[i][1] == '-')
		return take_long(r, argv[i], next);
	return take_short(r, argv[i], next);
}

/* Eight parameters: main()'s and ours. */
bool /* NOLINTNEXTLINE(readability-function-size) */
options_parse(const struct option_row *rows, void *opts, const char *env_prefix,
    int argc, char **argv, char ***rest, int *n_rest, struct err *e)
{
	struct reading r = {
		.rows = rows, .opts = opts, .e = e, .no_rest = rest == NULL
	};

	if (!set_defaults(&r))
		return false;
	if (env_prefix != NULL && !read_environment(&r, env_prefix))
		return false;
	for (int i = 1; i < argc;) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		int used = take_any(&r, argv, i, next);

		if (used == 0)
			return false;
		i += used;
	}
	if (rest != NULL) {
		*rest = argv + 1;
		*n_rest = r.n_rest;
	}
	return true;
}

/* ---- help ---------------------------------------------------------------- */

#define HELP_COLUMN 30
#define HELP_WIDTH 80

/* Wraps text between HELP_COLUMN and HELP_WIDTH; `at` is where the line
 * stands. */
static void
wrap(FILE *out, const char *text, size_t at)
{
	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (at > HELP_COLUMN && at + 1 + n > HELP_WIDTH) {
			(void)fprintf(out, "\n");
			at = 0;
		}
		if (at < HELP_COLUMN) {
			(void)fprintf(out, "%*s", (int)(HELP_COLUMN - at), "");
			at = HELP_COLUMN;
		} else if (at > HELP_COLUMN) {
			(void)fprintf(out, " ");
			at++;
		}
		(void)fprintf(out, "%.*s", (int)n, text);
		at += n;
		text += n;
		text += strspn(text, " ");
	}
	(void)fprintf(out, "\n");
}

static void
help_row(const struct option_row *row, FILE *out)
{
	char left[2 * NAME_MAX_BYTES], letter[8] = "    ", help[1024];
	const char *value = row->value_name != NULL ? row->value_name : "VALUE";

	if (row->letter != 0)
		(void)str_format(letter, sizeof(letter), "-%c, ", row->letter);
	if (row->kind == OPT_FLAG)
		(void)str_format(
		    left, sizeof(left), "  %s--%s", letter, row->name);
	else
		(void)str_format(left, sizeof(left), "  %s--%s %s", letter,
		    row->name, value);
	if (row->dflt != NULL && row->kind != OPT_FLAG)
		(void)str_format(
		    help, sizeof(help), "%s [%s]", row->help, row->dflt);
	else
		(void)str_format(help, sizeof(help), "%s", row->help);
	(void)fprintf(out, "%s", left);
	if (strlen(left) >= HELP_COLUMN) {
		(void)fprintf(out, "\n");
		left[0] = '\0';
	}
	wrap(out, help, strlen(left));
}

void
options_help(const struct option_row *rows, FILE *out)
{
	const char *group = NULL;

	for (; rows->name != NULL; rows++) {
		if (rows->group != NULL && !str_eq(rows->group, group)) {
			(void)fprintf(out, "%s%s:\n", group != NULL ? "\n" : "",
			    rows->group);
			group = rows->group;
		}
		help_row(rows, out);
	}
}
