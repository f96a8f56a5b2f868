/* A child process with two streams, on the real loop. See seam.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/qemu/seam_main.h"

#define READ_BYTES 16384
#define LAST_WORDS 512
#define REAP_US (10 * LOOP_MS)
#define REAP_TRIES 300
#define DRAIN_READS 64

struct stream {
	int fd; /* -1 = closed */
	struct loop_watch *watch;
};
struct child {
	struct loop *loop; /* borrowed */
	struct child_host host;
	pid_t pid; /* 0 = waited for */
	struct stream qmp, console;
	char *log; /* owned */
	struct timer timer;
	unsigned asked; /* whether it is gone */
};

/* ---- in the child --------------------------------------------------------- */

static void
child_exec(char *const *argv, const int fds[2], const char *log, pid_t parent)
{
	char path[] = "PATH=/usr/bin:/bin", tmp[] = "TMPDIR=/tmp";
	char *const environment[] = { path, tmp, NULL };
	int err = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int null = open("/dev/null", O_RDWR);

	(void)umask(077);
	/* It must not outlive us, however we end. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	(void)setpgid(0, 0); /* the terminal's Ctrl-C is for us */
	(void)dup2(null, 0);
	(void)dup2(err >= 0 ? err : null, 1);
	(void)dup2(err >= 0 ? err : null, 2);
	/* both are above 4: sockets were made first and moved there */
	(void)dup2(fds[0], CHILD_QMP_FD);
	(void)dup2(fds[1], CHILD_CONSOLE_FD);
	(void)close_range(CHILD_CONSOLE_FD + 1, ~0u, 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execve(argv[0], argv, environment);
	(void)dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* ---- its end -------------------------------------------------------------- */

static void
stream_close(struct stream *s)
{
	loop_watch_free(s->watch);
	s->watch = NULL;
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

/* The last line that it said, for people. */
static void
last_words(const struct child *c, char *out, size_t cap)
{
	char tail[LAST_WORDS + 1], *p;
	int fd = open(c->log, O_RDONLY | O_CLOEXEC);
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	ssize_t n = 0;

	if (size > LAST_WORDS)
		(void)lseek(fd, size - LAST_WORDS, SEEK_SET);
	else if (fd >= 0)
		(void)lseek(fd, 0, SEEK_SET);
	if (fd >= 0) {
		n = read(fd, tail, LAST_WORDS);
		(void)close(fd);
	}
	tail[n > 0 ? n : 0] = '\0';
	for (p = tail + strlen(tail); p > tail && p[-1] == '\n';)
		*--p = '\0';
	p = strrchr(tail, '\n');
	(void)str_copy(out, cap, p ? p + 1 : tail);
}

static void
child_say(const struct child *c, int status, char *how, size_t cap)
{
	char words[160];

	last_words(c, words, sizeof(words));
	if (WIFSIGNALED(status))
		(void)str_format(
		    how, cap, "signal %d: %s", WTERMSIG(status), words);
	else
		(void)str_format(
		    how, cap, "exit status %d: %s", WEXITSTATUS(status), words);
}

static void
child_wait(struct child *c)
{
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
}

/* False: it is gone. */
static bool
stream_read(const struct child *c, const struct stream *s,
    void (*got)(void *arg, const char *p, size_t n))
{
	char buf[READ_BYTES];
	ssize_t n = read(s->fd, buf, sizeof(buf));

	if (n > 0)
		got(c->host.arg, buf, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* What it said before it went. */
static void
console_drain(const struct child *c)
{
	char left[READ_BYTES];
	ssize_t n;

	for (int i = 0; i < DRAIN_READS && c->console.fd >= 0; i++) {
		n = read(c->console.fd, left, sizeof(left));
		if (n <= 0)
			break;
		c->host.console(c->host.arg, left, (size_t)n);
	}
}

/* It closed its end, so it ends, or is made to. */
static void
child_gone(void *arg)
{
	struct child *c = arg;
	char how[256] = "it would not end";
	int status = 0;
	pid_t pid;

	stream_close(&c->qmp);
	console_drain(c);
	stream_close(&c->console);
	pid = waitpid(c->pid, &status, WNOHANG);
	if (pid == 0 && c->asked++ < REAP_TRIES) {
		timer_start(c->loop, &c->timer, REAP_US, child_gone, c);
		return;
	}
	if (pid == 0) {
		child_kill(c);
		child_wait(c);
	} else {
		c->pid = 0;
		child_say(c, status, how, sizeof(how));
	}
	c->host.ended(c->host.arg, how);
}

/* ---- streams -------------------------------------------------------------- */

static void
qmp_ready(void *arg)
{
	struct child *c = arg;

	if (!stream_read(c, &c->qmp, c->host.qmp))
		child_gone(c);
}

static void
console_ready(void *arg)
{
	struct child *c = arg;

	/* QEMU closes it with QMP, or the other says so */
	if (!stream_read(c, &c->console, c->host.console))
		stream_close(&c->console);
}

bool
child_send(struct child *c, const char *p, size_t n)
{
	/* Commands are short: a socket that takes no more is not read. */
	return c->qmp.fd >= 0 &&
	       send(c->qmp.fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
}

void
child_kill(struct child *c)
{
	if (c->pid <= 0)
		return;
	/* its group as well: the streams end when nobody has them any more */
	(void)kill(-c->pid, SIGKILL);
	(void)kill(c->pid, SIGKILL);
}

/* ---- its start ------------------------------------------------------------ */

/* Ends of a pair; both above the numbers that the child gives its own. */
static bool
pair(int out[2])
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		out[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, CHILD_CONSOLE_FD + 1);
		(void)close(fds[i]);
	}
	if (out[0] >= 0 && out[1] >= 0 &&
	    fcntl(out[0], F_SETFL, O_NONBLOCK) == 0)
		return true;
	(void)close(out[0]);
	(void)close(out[1]);
	return false;
}

static struct child *
child_watch(struct loop *l, pid_t pid, const int fds[2], const char *log,
    const struct child_host *h)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->loop = l;
	c->host = *h;
	c->pid = pid;
	c->log = xstrdup(log);
	c->qmp.fd = fds[0];
	c->console.fd = fds[1];
	c->qmp.watch = loop_on_read(l, fds[0], qmp_ready, c);
	c->console.watch = loop_on_read(l, fds[1], console_ready, c);
	return c;
}

struct child *
child_spawn(void *self, char *const *argv, const char *log,
    const struct child_host *h, struct err *e)
{
	int qmp[2] = { -1, -1 }, console[2] = { -1, -1 };
	pid_t parent = getpid(), pid = -1;

	if (pair(qmp) && pair(console))
		pid = fork();
	if (pid == 0) {
		const int theirs[2] = { qmp[1], console[1] };

		child_exec(argv, theirs, log, parent);
	}
	if (pid < 0)
		(void)err_set(
		    e, ERR_INTERNAL, errno, "no process: %s", strerror(errno));
	if (qmp[1] >= 0)
		(void)close(qmp[1]);
	if (console[1] >= 0)
		(void)close(console[1]);
	if (pid > 0) {
		const int ours[2] = { qmp[0], console[0] };

		return child_watch(self, pid, ours, log, h);
	}
	if (qmp[0] >= 0)
		(void)close(qmp[0]);
	if (console[0] >= 0)
		(void)close(console[0]);
	return NULL;
}

void
child_free(struct child *c)
{
	if (!c)
		return;
	child_kill(c);
	if (c->pid > 0)
		child_wait(c);
	timer_stop(&c->timer);
	stream_close(&c->qmp);
	stream_close(&c->console);
	xfree(c->log);
	xfree(c);
}
