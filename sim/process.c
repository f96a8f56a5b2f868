/* See process.h. */
#include "sim/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/http.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"

int
sim_refuse(const struct sim_command *c, const struct err *e)
{
	(void)fprintf(stderr, "beskar7-sim %s: %s\n", c->name, e->msg);
	return 2;
}

bool
sim_options(const struct sim_command *c, void *opts, const bool *help,
    struct sim_args *args, int *status)
{
	struct err e = { 0 };

	if (!options_parse(c->rows, opts, c->env_prefix, args->argc, args->argv,
		args->takes_rest ? &args->rest : NULL,
		args->takes_rest ? &args->n_rest : NULL, &e)) {
		*status = sim_refuse(c, &e);
		return false;
	}
	if (!*help)
		return true;
	(void)fputs(c->usage, stdout);
	options_help(c->rows, stdout);
	*status = 0;
	return false;
}

/* ---- signals -------------------------------------------------------------- */

static void
process_end(void *arg)
{
	struct sim_process *p = arg;

	loop_stop(p->loop);
}

static void
process_signal(void *arg)
{
	struct sim_process *p = arg;

	if (p->stopping || p->stop == NULL) {
		loop_stop(p->loop);
		return;
	}
	p->stopping = true;
	LOGI(&p->log, "stopping", F_INT("grace_ms", p->grace_us / LOOP_MS));
	p->stop(p->arg, p->grace_us / 2);
	timer_start(p->loop, &p->grace, p->grace_us, process_end, p);
}

/* ---- life ----------------------------------------------------------------- */

static void
process_open(struct sim_process *p, enum log_level level)
{
	p->loop = loop_event_new();
	p->log = (struct log){ .level = level,
		.process = p->name,
		.loop = p->loop,
		.sink = log_sink_stderr };
	p->files = files_system();
	p->env = (struct env){ .name = p->name,
		.loop = p->loop,
		.entropy = entropy_system(),
		.files = &p->files,
		.log = &p->log,
		.metrics = metrics_new(),
		.seed = p->seed };
}

int
sim_process_run(struct sim_process *p)
{
	enum log_level level = LOG_INFO;
	struct err e = { 0 };
	int status = 1;

	if (p->log_level != NULL && !log_level_parse(p->log_level, &level)) {
		(void)fprintf(stderr,
		    "beskar7-sim %s: \"%.40s\" is no log level; try --help\n",
		    p->name, p->log_level);
		return 2;
	}
	process_open(p, level);
	p->env.net = http_net_real_new(p->loop, p->env.entropy, &e);
	if (p->env.net != NULL && p->start(p->arg, &e)) {
		loop_on_signal(p->loop, SIGTERM, process_signal, p);
		loop_on_signal(p->loop, SIGINT, process_signal, p);
		p->ready(p->arg);
		(void)fflush(stdout);
		loop_run(p->loop);
		status = 0;
	} else {
		(void)fprintf(stderr, "beskar7-sim %s: %s\n", p->name, e.msg);
	}
	timer_stop(&p->grace);
	p->fini(p->arg);
	http_net_free(p->env.net);
	metrics_free(p->env.metrics);
	loop_free(p->loop);
	return status;
}

bool
sim_write_file(const char *path, const char *text, unsigned mode, struct err *e)
{
	char *tmp = xasprintf("%s.tmp", path);
	size_t n = strlen(text);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	bool ok = fd >= 0 && write(fd, text, n) == (ssize_t)n;

	if (fd >= 0 && close(fd) != 0)
		ok = false;
	ok = ok && rename(tmp, path) == 0;
	if (!ok)
		(void)err_set(e, ERR_INTERNAL, errno, "cannot write %s: %s",
		    path, strerror(errno));
	xfree(tmp);
	return ok;
}
