/* A server on a socket of the file system: http_listen_opts.addr is a path. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/http_server_int.h"
#include "common/mem.h"

/* Nobody listens there any more: an agent that was killed left it. */
static bool
is_stale(const struct sockaddr_un *at)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(at->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)(const void *)at,
		    sizeof *at) != 0 &&
		errno == ECONNREFUSED;
	(void)close(fd);
	return stale;
}

/* 0 or errno. */
static int
unix_bind(int fd, const struct sockaddr_un *at)
{
	const struct sockaddr *a = (const struct sockaddr *)(const void *)at;

	if (bind(fd, a, sizeof *at) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return errno;
	if (!is_stale(at) || unlink(at->sun_path) != 0)
		return EADDRINUSE;
	return bind(fd, a, sizeof *at) == 0 ? 0 : errno;
}

int
srv_unix_open(const char *path, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd, bad;

	if (path[0] != '/' || strlen(path) >= sizeof at.sun_path) {
		(void)err_set(e, ERR_SPEC, 0,
		    "\"%s\" is no path of a socket: absolute, and shorter than "
		    "%zu bytes",
		    path, sizeof at.sun_path);
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		(void)err_set(
		    e, ERR_INTERNAL, errno, "socket: %s", strerror(errno));
		return -1;
	}
	/* Before bind, so that it is never open to others, whatever the umask:
	 * Linux gives the name the socket's own mode. */
	bad = fchmod(fd, 0600) != 0 ? errno : unix_bind(fd, &at);
	if (bad == 0 && listen(fd, 64) == 0)
		return fd;
	(void)err_set(e, ERR_SPEC, bad, "cannot listen on %s: %s", path,
	    strerror(bad != 0 ? bad : errno));
	(void)close(fd);
	return -1;
}

void
srv_unix_close(struct srv *s)
{
	/* Nobody took it over: we were behind it. */
	if (s->unix_path)
		(void)unlink(s->unix_path);
	xfree(s->unix_path);
	s->unix_path = NULL;
}
