/* See run.h: all files, all seeds, in several processes; JUnit. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/run.h"
#include "scenarios/runner/subst.h"

#define RESULT_MAX (1u << 20)

/* One file with one seed; over sockets one value of its matrix. */
struct unit {
	const struct scenario *sc;
	uint64_t seed;
	char *set; /* "k=3,when=after", owned; NULL = the whole matrix */
	bool done;
	struct run_result r;
};

struct batch {
	const struct run_opts *o;
	struct scenario *files;
	size_t n_files;
	struct unit *units;
	size_t n_units, cap_units, printed;
	atomic_size_t *next; /* shared by the workers: who is free takes it */
	unsigned passed, failed, plays;
	bool terminal;
	bool stop;
};

/* ---- telling ----------------------------------------------------------------- */

static void
batch_line(struct batch *b, const struct unit *u)
{
	const char *word = u->r.ok ? "ok  " : "FAIL";

	if (u->r.ok && b->o->runs > 1 && !b->o->verbose)
		return;
	(void)printf("%s%s %s%s%s", b->terminal ? "\r\033[K" : "", word,
	    u->sc->file, u->set == NULL ? "" : " ",
	    u->set == NULL ? "" : u->set);
	if (b->o->runs > 1 || !u->r.ok)
		(void)printf(" seed %llu", (unsigned long long)u->seed);
	(void)printf("  %u run%s, %.1f s, virtual %.0f s\n", u->r.plays,
	    u->r.plays == 1 ? "" : "s", u->r.wall_s, u->r.virtual_s);
	if (u->r.report != NULL)
		(void)printf("%s", u->r.report);
}

/* Of one file, all seeds: when its last seed is done. */
static void
batch_file_line(struct batch *b, size_t last)
{
	const struct unit *u = &b->units[last];
	unsigned all = 0, ok = 0, plays = 0;
	double wall = 0;

	if (b->o->runs <= 1 || b->o->verbose ||
	    (last + 1 < b->n_units && b->units[last + 1].sc == u->sc))
		return;
	for (size_t i = 0; i <= last; i++) {
		if (b->units[i].sc != u->sc)
			continue;
		all++;
		ok += b->units[i].r.ok;
		plays += b->units[i].r.plays;
		wall += b->units[i].r.wall_s;
	}
	(void)printf("%s%s %s  %u of %u %s, %u runs, %.1f s\n",
	    b->terminal ? "\r\033[K" : "", ok == all ? "ok  " : "....",
	    u->sc->file, ok, all, u->set == NULL ? "seeds" : "values", plays,
	    wall);
}

static void
batch_tell(struct batch *b)
{
	while (b->printed < b->n_units && b->units[b->printed].done) {
		struct unit *u = &b->units[b->printed];

		b->plays += u->r.plays;
		b->passed += u->r.ok;
		b->failed += !u->r.ok;
		batch_line(b, u);
		batch_file_line(b, b->printed);
		b->printed++;
		if (!u->r.ok && !b->o->keep_going)
			b->stop = true;
	}
	if (b->terminal && b->printed < b->n_units)
		(void)printf("\r\033[K%zu of %zu: %s", b->printed, b->n_units,
		    b->units[b->printed].sc->file);
	(void)fflush(stdout);
}

static void
junit_text(FILE *f, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '<')
			(void)fputs("&lt;", f);
		else if (c == '&')
			(void)fputs("&amp;", f);
		else if (c == '"')
			(void)fputs("&quot;", f);
		else if (c >= 0x20 || c == '\n' || c == '\t')
			(void)fputc(c, f);
	}
}

static bool
batch_junit(const struct batch *b, const char *path)
{
	FILE *f = fopen(path, "w");

	if (f == NULL) {
		(void)fprintf(
		    stderr, "cannot write %s: %s\n", path, strerror(errno));
		return false;
	}
	(void)fprintf(f,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuite name=\"beskar7-scenario\" tests=\"%zu\" "
	    "failures=\"%u\" skipped=\"0\">\n",
	    b->printed, b->failed);
	for (size_t i = 0; i < b->printed; i++) {
		const struct unit *u = &b->units[i];

		(void)fprintf(f, "  <testcase classname=\"");
		junit_text(f, u->sc->file);
		(void)fprintf(f, "\" name=\"");
		junit_text(f, u->sc->name);
		if (u->set != NULL)
			(void)fprintf(f, ", ");
		junit_text(f, u->set == NULL ? "" : u->set);
		(void)fprintf(f, " (seed %llu)\" time=\"%.3f\">",
		    (unsigned long long)u->seed, u->r.wall_s);
		if (!u->r.ok) {
			(void)fprintf(f, "<failure message=\"%s\">", u->r.what);
			junit_text(f, u->r.report == NULL ? "" : u->r.report);
			(void)fprintf(f, "</failure>");
		}
		(void)fprintf(f, "</testcase>\n");
	}
	(void)fprintf(f, "</testsuite>\n");
	return fclose(f) == 0;
}

/* ---- processes ------------------------------------------------------------------ */

struct worker {
	pid_t pid;
	int fd; /* of its results; -1 = ended */
	struct buf in;
};

static void
worker_write(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno != EINTR)
			_exit(3);
		if (w > 0) {
			p += w;
			n -= (size_t)w;
		}
	}
}

static void
unit_run(const struct batch *b, struct unit *u)
{
	struct run_opts o = *b->o;

	if (u->set != NULL)
		o.set = u->set;
	run_file(u->sc, u->seed, &o, &u->r);
}

/* One unit after the other that no other worker took; a JSON line each. */
static void
worker_main(struct batch *b, int fd)
{
	size_t i;

	while ((i = atomic_fetch_add(b->next, 1)) < b->n_units) {
		struct unit *u = &b->units[i];
		cJSON *j = cJSON_CreateObject();
		char *text;

		unit_run(b, u);
		json_set_i64(j, "unit", (int64_t)i);
		json_set_bool(j, "ok", u->r.ok);
		json_set_i64(j, "plays", u->r.plays);
		json_set_i64(j, "wall", (int64_t)(u->r.wall_s * 1e6));
		json_set_i64(j, "virtual", (int64_t)(u->r.virtual_s * 1e6));
		json_set_str(j, "what", u->r.what);
		json_set_str(j, "report", u->r.report);
		text = json_print(j);
		worker_write(fd, text, strlen(text));
		worker_write(fd, "\n", 1);
		xfree(text);
		cJSON_Delete(j);
		run_result_fini(&u->r);
	}
	_exit(0);
}

/* The units of one that cannot be started are lost; see batch_lost(). */
static void
worker_start(struct batch *b, struct worker *w)
{
	int fds[2];

	buf_init(&w->in, RESULT_MAX);
	w->fd = -1;
	if (pipe(fds) != 0)
		return;
	(void)fflush(NULL);
	w->pid = fork();
	if (w->pid == 0) {
		(void)close(fds[0]);
		worker_main(b, fds[1]);
	}
	(void)close(fds[1]);
	if (w->pid > 0)
		w->fd = fds[0];
	else
		(void)close(fds[0]);
}

static void
worker_line(struct batch *b, const char *line, size_t n)
{
	struct err e;
	cJSON *j = json_parse(line, n, &e);
	int64_t i = json_i64(j, "unit", -1);
	struct unit *u;

	if (i >= 0 && (size_t)i < b->n_units) {
		u = &b->units[i];
		u->done = true;
		u->r = (struct run_result){ .ok = json_bool(j, "ok", false),
			.plays = (unsigned)json_i64(j, "plays", 0),
			.wall_s = (double)json_i64(j, "wall", 0) / 1e6,
			.virtual_s = (double)json_i64(j, "virtual", 0) / 1e6,
			.report = xstrdup(json_str(j, "report", NULL)) };
		(void)str_copy(
		    u->r.what, sizeof(u->r.what), json_str(j, "what", ""));
	}
	cJSON_Delete(j);
}

static void
worker_read(struct batch *b, struct worker *w)
{
	char chunk[65536], *nl;
	ssize_t n = read(w->fd, chunk, sizeof(chunk));

	if (n <= 0) {
		(void)close(w->fd);
		w->fd = -1;
		return;
	}
	(void)buf_add(&w->in, chunk, (size_t)n);
	while (w->in.n > 0 && (nl = memchr(w->in.p, '\n', w->in.n)) != NULL) {
		size_t len = (size_t)(nl - w->in.p);

		worker_line(b, w->in.p, len);
		buf_consume(&w->in, len + 1);
	}
	batch_tell(b);
}

/* What a worker that died did not tell is a failure. */
static void
batch_lost(struct batch *b)
{
	for (size_t i = 0; i < b->n_units; i++) {
		struct unit *u = &b->units[i];

		if (u->done || b->stop)
			continue;
		u->done = true;
		u->r.ok = false;
		(void)str_copy(u->r.what, sizeof(u->r.what), "died");
		u->r.report =
		    xasprintf("%s: seed %llu: the run's process ended\n",
			u->sc->file, (unsigned long long)u->seed);
	}
	batch_tell(b);
}

/* Until a worker says something; false: all have ended, or one is enough. */
static bool
workers_wait(const struct batch *b, struct worker *w, struct pollfd *fds)
{
	unsigned open = 0;

	for (unsigned i = 0; i < b->o->jobs; i++) {
		fds[i] = (struct pollfd){ w[i].fd, POLLIN, 0 };
		open += w[i].fd >= 0;
	}
	if (open == 0 || b->stop)
		return false;
	while (poll(fds, b->o->jobs, -1) < 0)
		if (errno != EINTR)
			return false;
	return true;
}

static void
worker_end(struct worker *w)
{
	if (w->fd >= 0) {
		(void)close(w->fd);
		(void)kill(w->pid, SIGTERM);
	}
	if (w->pid > 0)
		(void)waitpid(w->pid, NULL, 0);
	buf_free(&w->in);
}

static void
batch_parallel(struct batch *b)
{
	struct worker *w = xcalloc(b->o->jobs, sizeof(*w));
	struct pollfd *fds = xcalloc(b->o->jobs, sizeof(*fds));

	atomic_init(b->next, 0);
	for (unsigned i = 0; i < b->o->jobs; i++)
		worker_start(b, &w[i]);
	while (workers_wait(b, w, fds))
		for (unsigned i = 0; i < b->o->jobs; i++)
			if (fds[i].revents != 0 && w[i].fd >= 0)
				worker_read(b, &w[i]);
	for (unsigned i = 0; i < b->o->jobs; i++)
		worker_end(&w[i]);
	batch_lost(b);
	xfree(fds);
	xfree(w);
}

static void
batch_serial(struct batch *b)
{
	for (size_t i = 0; i < b->n_units && !b->stop; i++) {
		unit_run(b, &b->units[i]);
		b->units[i].done = true;
		batch_tell(b);
	}
}

static void
batch_add(struct batch *b, const struct scenario *sc, uint64_t seed, char *set)
{
	if (b->n_units == b->cap_units) {
		b->cap_units = b->cap_units == 0 ? 64 : 2 * b->cap_units;
		b->units = xrealloc(b->units, b->cap_units * sizeof(*b->units));
	}
	b->units[b->n_units++] =
	    (struct unit){ .sc = sc, .seed = seed, .set = set };
}

/* A unit for each combination of the lists among v and those after it. */
static void
batch_add_values(struct batch *b, const struct scenario *sc, uint64_t seed,
    const struct scenario_var *v, size_t n, const char *set)
{
	const cJSON *item;

	if (n == 0) {
		batch_add(b, sc, seed, *set == '\0' ? NULL : xstrdup(set));
		return;
	}
	if (v->list == NULL) {
		batch_add_values(b, sc, seed, v + 1, n - 1, set);
		return;
	}
	cJSON_ArrayForEach (item, v->list) {
		char *value = subst_value(item);
		char *more = xasprintf(
		    "%s%s%s=%s", set, *set == '\0' ? "" : ",", v->name, value);

		batch_add_values(b, sc, seed, v + 1, n - 1, more);
		xfree(value);
		xfree(more);
	}
}

/* Over sockets a play waits for real time: then the values of a matrix play
 * beside each other. A range may end by what happens: one after the other in a
 * unit. */
static void
batch_add_file(struct batch *b, const struct scenario *sc, uint64_t seed)
{
	struct scenario_var vars[SCENARIO_VARS];
	size_t n = scenario_matrix(sc, b->o->sockets, vars);

	if (b->o->sockets && b->o->jobs > 1 && b->o->set == NULL)
		batch_add_values(b, sc, seed, vars, n, "");
	else
		batch_add(b, sc, seed, NULL);
}

/* All files, or none if one is wrong; each error is told. */
static bool
batch_load(struct batch *b, char **files, int n)
{
	struct files fs = files_system();
	bool ok = true;
	struct err e;

	b->files = xcalloc((size_t)n + 1, sizeof(*b->files));
	for (int i = 0; i < n; i++) {
		if (scenario_load(&b->files[b->n_files], &fs, files[i], &e)) {
			b->n_files++;
			continue;
		}
		(void)fprintf(stderr, "%s\n", e.msg);
		ok = false;
	}
	for (size_t i = 0; ok && i < b->n_files; i++)
		for (unsigned r = 0; r < b->o->runs; r++)
			batch_add_file(b, &b->files[i], b->o->seed + r);
	return ok;
}

static void
batch_fini(struct batch *b)
{
	for (size_t i = 0; i < b->n_units; i++) {
		run_result_fini(&b->units[i].r);
		xfree(b->units[i].set);
	}
	for (size_t i = 0; i < b->n_files; i++)
		scenario_free(&b->files[i]);
	xfree(b->units);
	xfree(b->files);
}

static void
batch_run(struct batch *b)
{
	size_t size = sizeof(*b->next);

	b->next = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->o->jobs > 1 && b->n_units > 1 && b->next != MAP_FAILED)
		batch_parallel(b);
	else
		batch_serial(b);
	if (b->next != MAP_FAILED)
		(void)munmap(b->next, size);
	(void)printf("%s%u passed, %u failed; %u runs\n",
	    b->terminal ? "\r\033[K" : "", b->passed, b->failed, b->plays);
}

int
run_all(char **files, int n, const struct run_opts *o)
{
	struct batch b = { .o = o, .terminal = isatty(1) != 0 };
	int status = 2;

	if (batch_load(&b, files, n)) {
		batch_run(&b);
		status = b.failed > 0 ? 1 : 0;
	}
	if (o->junit != NULL && !batch_junit(&b, o->junit))
		status = 2;
	batch_fini(&b);
	return status;
}
