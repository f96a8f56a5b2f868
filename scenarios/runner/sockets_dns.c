/*
 * Names of BMCs over sockets: a DNS server on loopback for each agent, so that
 * the names can be taken from one of them. They know what `name` steps said.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/sockets.h"

/* Seconds; a moved name must be seen to have moved. */
#define DNS_TTL 1
/* RFC 1035 4.1.1: NXDOMAIN */
#define DNS_NOBODY 3
#define DNS_A 1
#define DNS_HEAD 12
#define DNS_NAME 256
#define DNS_PACKET 512

struct dns_server {
	int fd;
	unsigned port;
	bool open, silent;
};

struct sockets_dns {
	struct map names; /* lower case -> address, owned texts */
	struct dns_server servers[BACKEND_AGENTS];
};

struct sockets_dns *
sockets_dns_new(void)
{
	return xcalloc(1, sizeof(struct sockets_dns));
}

void
sockets_dns_free(struct sockets_dns *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < BACKEND_AGENTS; i++)
		if (d->servers[i].open)
			(void)close(d->servers[i].fd);
	map_free(&d->names, xfree);
	xfree(d);
}

/* Case does not matter, and resolvers mix it on purpose. */
static char
dns_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The name of the one question at p, as a lower-case key; 0: it is none, else
 * where its type begins. Compressed names do not occur in questions. */
static size_t
dns_question(const uint8_t *p, size_t n, char out[DNS_NAME])
{
	size_t at = DNS_HEAD, k = 0;

	if (n < DNS_HEAD || p[2] >> 3 != 0 || p[4] != 0 || p[5] != 1)
		return 0; /* a reply, another opcode, not one question */
	while (at < n && p[at] != 0) {
		size_t label = p[at++];

		if (label > 63 || label > n - at || k + label + 2 > DNS_NAME)
			return 0;
		if (k > 0)
			out[k++] = '.';
		for (; label > 0; label--, at++)
			out[k++] = dns_lower((char)p[at]);
	}
	out[k] = '\0';
	return at + 5 <= n ? at + 1 : 0; /* its end, type and class */
}

/* Turns the question into its reply; the length. */
static size_t
dns_reply(const struct sockets_dns *d, uint8_t *p, size_t n)
{
	static const uint8_t head[] = { 0xc0, DNS_HEAD, 0, DNS_A, 0, 1, 0, 0, 0,
		DNS_TTL, 0, 4 };
	char name[DNS_NAME];
	size_t type = dns_question(p, n, name);
	const char *ip = type == 0 ? NULL : map_get(&d->names, name);

	if (type == 0)
		return 0;
	n = type + 4; /* without what EDNS says behind it */
	p[2] = 0x84;  /* a reply, by authority */
	p[3] = ip == NULL ? DNS_NOBODY : 0;
	memset(p + 6, 0, 6);
	if (ip == NULL || p[type] != 0 || p[type + 1] != DNS_A)
		return n; /* known, but not by this type */
	p[7] = 1;
	memcpy(p + n, head, sizeof(head));
	n += sizeof(head);
	return inet_pton(AF_INET, ip, p + n) == 1 ? n + 4 : 0;
}

static void
dns_look(const struct sockets_dns *d, const struct dns_server *s)
{
	uint8_t p[DNS_PACKET + 32]; /* room for the answer */
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(s->fd, p, DNS_PACKET, 0, (struct sockaddr *)&from,
		    &len)) > 0) {
		size_t out = s->silent ? 0 : dns_reply(d, p, (size_t)n);

		if (out > 0) /* lost ones are asked again */
			(void)sendto(
			    s->fd, p, out, 0, (struct sockaddr *)&from, len);
		len = sizeof(from);
	}
}

void
sockets_dns_look(const struct sockets_dns *d)
{
	for (size_t i = 0; i < BACKEND_AGENTS; i++)
		if (d->servers[i].open)
			dns_look(d, &d->servers[i]);
}

unsigned
sockets_dns_port(struct sockets_dns *d, unsigned agent)
{
	struct dns_server *s = &d->servers[agent];
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd;

	if (s->open)
		return s->port;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return 0;
	if (bind(fd, (struct sockaddr *)&a, n) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) != 0) {
		(void)close(fd);
		return 0;
	}
	s->fd = fd;
	s->port = ntohs(a.sin_port);
	s->open = true;
	return s->port;
}

void
sockets_dns_set(struct sockets_dns *d, const char *name, const char *ip)
{
	char *key = xstrdup(name);

	for (char *c = key; *c != '\0'; c++)
		*c = dns_lower(*c);
	xfree(map_put(&d->names, key, xstrdup(ip)));
	xfree(key);
}

void
sockets_dns_silent(struct sockets_dns *d, unsigned agent, bool on)
{
	d->servers[agent].silent = on;
}
