/*
 * Which agent sent a request: the kernel knows whose socket a connection's
 * other end is. A BMC shows its address; /proc the rest.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "scenarios/runner/sockets.h"

/* The columns of /proc/net/tcp: number, local, remote, ..., the tenth is the
 * inode. Addresses end in :PORT, in hex. */
#define COLUMN_INODE 9

static bool
who_column(const char *line, int column, char *out, size_t cap)
{
	for (int i = 0;; i++) {
		size_t n;

		line += strspn(line, " ");
		n = strcspn(line, " \n");
		if (n == 0)
			return false;
		if (i == column) {
			if (n >= cap)
				return false;
			memcpy(out, line, n);
			out[n] = '\0';
			return true;
		}
		line += n;
	}
}

/* "socket:[INODE]" of the socket with this local port that is connected. */
static bool
who_socket(const char *table, unsigned port, char *out, size_t cap)
{
	char line[512], local[64], state[8], inode[24], end[8];
	FILE *f = fopen(table, "r");
	bool found = false;

	(void)str_format(end, sizeof(end), ":%04X", port);
	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		found = who_column(line, 1, local, sizeof(local)) &&
			str_has_suffix(local, end) &&
			who_column(line, 3, state, sizeof(state)) &&
			!str_eq(state, "0A") && /* TCP_LISTEN */
			who_column(line, COLUMN_INODE, inode, sizeof(inode)) &&
			!str_eq(inode, "0");
	if (f != NULL)
		(void)fclose(f);
	if (found)
		(void)str_format(out, cap, "socket:[%s]", inode);
	return found;
}

static bool
who_has(const struct process *p, const char *socket)
{
	char path[64], to[64];
	struct dirent *d;
	bool found = false;
	DIR *dir;

	(void)str_format(path, sizeof(path), "/proc/%d/fd", (int)p->pid);
	dir = p->pid > 0 ? opendir(path) : NULL;
	while (dir != NULL && !found && (d = readdir(dir)) != NULL) {
		char link[340];
		ssize_t n;

		(void)str_format(link, sizeof(link), "%s/%s", path, d->d_name);
		n = readlink(link, to, sizeof(to) - 1);
		to[n > 0 ? n : 0] = '\0';
		found = str_eq(to, socket);
	}
	if (dir != NULL)
		(void)closedir(dir);
	return found;
}

int
sockets_who(const struct process *agents, unsigned n, const char *from)
{
	const char *colon = strrchr(from, ':');
	char socket[48];
	int64_t port = 0;

	if (colon == NULL || !str_to_i64(colon + 1, &port) || port < 1 ||
	    port > 65535)
		return -1;
	if (!who_socket(
		"/proc/net/tcp", (unsigned)port, socket, sizeof(socket)) &&
	    !who_socket(
		"/proc/net/tcp6", (unsigned)port, socket, sizeof(socket)))
		return -1;
	for (unsigned i = 0; i < n; i++)
		if (who_has(&agents[i], socket))
			return (int)i;
	return -1;
}
