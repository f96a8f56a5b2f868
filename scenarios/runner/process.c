/* See process.h. */
#include "scenarios/runner/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/str.h"

/* In the child: never returns. */
static void
process_exec(char *const *argv, int out, const char *log, bool keep)
{
	int err = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int null = open("/dev/null", O_RDONLY);

	if (!keep)
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)setpgid(0, 0); /* the terminal's Ctrl-C is for the runner */
	if (null >= 0)
		(void)dup2(null, 0);
	(void)dup2(out, 1);
	if (err >= 0)
		(void)dup2(err, 2);
	for (int fd = 3; fd < 256; fd++)
		(void)close(fd);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execv(argv[0], argv);
	(void)dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

bool
process_start(struct process *p, const char *name, char *const *argv,
    const char *log, bool keep, struct err *e)
{
	int fds[2];

	if (pipe(fds) != 0)
		return err_set(
		    e, ERR_INTERNAL, errno, "pipe: %s", strerror(errno));
	xreplace(&p->log, log);
	p->name = name;
	p->ready[0] = '\0';
	p->pid = fork();
	if (p->pid == 0) {
		(void)close(fds[0]);
		process_exec(argv, fds[1], log, keep);
	}
	(void)close(fds[1]);
	if (p->pid < 0) {
		(void)close(fds[0]);
		p->pid = 0;
		return err_set(
		    e, ERR_INTERNAL, errno, "fork: %s", strerror(errno));
	}
	p->out = fds[0];
	return true;
}

/* The last line that it said, for people. */
static void
process_last_words(const struct process *p, char *out, size_t cap)
{
	FILE *f = fopen(p->log, "r");
	char line[400] = "";

	out[0] = '\0';
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		(void)str_copy(out, cap, line);
	if (f != NULL)
		(void)fclose(f);
	out[strcspn(out, "\n")] = '\0';
}

bool
process_wait_ready(struct process *p, int seconds, struct err *e)
{
	struct pollfd fd = { p->out, POLLIN, 0 };
	char words[160];
	size_t n = 0;

	while (n < sizeof(p->ready) - 1 && poll(&fd, 1, seconds * 1000) > 0 &&
	       read(p->out, p->ready + n, 1) == 1) {
		if (p->ready[n] == '\n') {
			p->ready[n] = '\0';
			return true;
		}
		n++;
	}
	p->ready[n] = '\0';
	process_last_words(p, words, sizeof(words));
	return err_set(e, ERR_INTERNAL, 0, "%s did not start: %s", p->name,
	    words[0] == '\0' ? "it said nothing" : words);
}

bool
process_running(struct process *p)
{
	int status;

	if (p->pid == 0)
		return false;
	if (waitpid(p->pid, &status, WNOHANG) == 0)
		return true;
	if (p->out >= 0)
		(void)close(p->out);
	p->out = -1;
	p->pid = 0;
	return false;
}

void
process_signal(struct process *p, int sig)
{
	if (p->pid > 0)
		(void)kill(p->pid, sig);
}

void
process_end(struct process *p, int seconds)
{
	process_signal(p, SIGCONT);
	process_signal(p, SIGTERM);
	for (int i = 0; i < seconds * 50 && process_running(p); i++)
		(void)poll(NULL, 0, 20);
	if (!process_running(p))
		return;
	process_signal(p, SIGKILL);
	while (process_running(p))
		(void)poll(NULL, 0, 5);
}

void
process_fini(struct process *p)
{
	if (p->pid != 0)
		process_end(p, 3);
	xfree(p->log);
	memset(p, 0, sizeof(*p));
}

bool
process_ready_word(
    const struct process *p, const char *prefix, char *out, size_t cap)
{
	const char *s = p->ready;

	while (*s != '\0') {
		size_t n = strcspn(s, " ");

		if (str_has_prefix(s, prefix)) {
			size_t skip = strlen(prefix);
			char *word = xstrndup(s + skip, n - skip);
			bool fits = str_copy(out, cap, word);

			xfree(word);
			return fits;
		}
		s += n + (s[n] == ' ');
	}
	return false;
}
