/*
 * Names over real sockets: whatever a DNS server does, the loop goes on, other
 * peers are served, and each call ends within its limit. The server is a UDP
 * socket of this test, looked at every few milliseconds from the same loop; it
 * notes the longest pause between two looks, which is what a resolver that
 * blocks would make long.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http_curl_int.h"
#include "tests/unit/http_rig_real.h"

#define LOOK (5 * LOOP_MS)
/* Far below what one try at a dead server takes (3 s), far above what a busy
 * machine makes of 5 ms. */
#define PAUSE_MAX (1500 * LOOP_MS)

enum answers {
	SILENT,
	ADDRESS,
	NOBODY, /* NXDOMAIN */
	REFUSED,
	GARBAGE
};

struct dns {
	struct http_rig rig;
	int fd;
	char dir[32], conf[64], hosts[64];
	enum answers how;
	unsigned asked, port;
	struct timer look;
	int64_t looked_us, pause_us;
};

static void
answer(struct dns *d, uint8_t *p, size_t n, const struct sockaddr_in *to)
{
	static const uint8_t tail[] = { 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0,
		4, 127, 0, 0, 1 };
	bool a = n > 16 && p[n - 3] == 1; /* type A, else AAAA */

	if (d->how == GARBAGE) {
		memset(p, 0xff, n);
	} else {
		p[2] = 0x81;
		p[3] = d->how == NOBODY    ? 0x83
		       : d->how == REFUSED ? 0x85
					   : 0x80;
		p[7] = d->how == ADDRESS && a;
	}
	if (d->how == ADDRESS && a) {
		memcpy(p + n, tail, sizeof tail);
		n += sizeof tail;
	}
	(void)sendto(d->fd, p, n, 0, (const struct sockaddr *)to, sizeof *to);
}

static void
look(void *arg)
{
	struct dns *d = arg;
	struct loop *l = d->rig.client;
	int64_t now = loop_mono_us(l);
	struct sockaddr_in from;
	socklen_t from_n = sizeof from;
	uint8_t p[600];
	ssize_t n;

	if (now - d->looked_us > d->pause_us)
		d->pause_us = now - d->looked_us;
	d->looked_us = now;
	while ((n = recvfrom(d->fd, p, 512, 0, (struct sockaddr *)&from,
		    &from_n)) > 12) {
		d->asked++;
		if (d->how != SILENT)
			answer(d, p, (size_t)n, &from);
	}
	timer_start(l, &d->look, LOOK, look, d);
}

static void
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
}

static void
dns_open(struct dns *d, enum answers how)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof a;
	char text[96];

	memset(d, 0, sizeof *d);
	rig_open(&d->rig, &rig_real, 1);
	rig_listen(&d->rig, NULL);
	d->how = how;
	d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CU_ASSERT_FATAL(bind(d->fd, (struct sockaddr *)&a, n) == 0);
	CU_ASSERT_FATAL(getsockname(d->fd, (struct sockaddr *)&a, &n) == 0);
	(void)str_copy(d->dir, sizeof d->dir, "/tmp/it_http_dns.XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(d->dir));
	(void)str_format(d->conf, sizeof d->conf, "%s/conf", d->dir);
	(void)str_format(d->hosts, sizeof d->hosts, "%s/hosts", d->dir);
	d->port = ntohs(a.sin_port);
	(void)str_format(
	    text, sizeof text, "nameserver 127.0.0.1:%u\n", d->port);
	put(d->conf, text);
	put(d->hosts, "127.0.0.1 in-hosts.test\n");
	resolver_files(resolver_of(d->rig.client), d->hosts, d->conf);
	d->looked_us = loop_mono_us(d->rig.client);
	timer_start(d->rig.client, &d->look, 0, look, d);
}

static void
dns_close(struct dns *d)
{
	CU_ASSERT(d->pause_us < PAUSE_MAX);
	timer_stop(&d->look);
	rig_close(&d->rig);
	(void)close(d->fd);
	(void)unlink(d->conf);
	(void)unlink(d->hosts);
	(void)rmdir(d->dir);
}

static struct http_peer *
peer_of(struct dns *d, const char *name)
{
	struct err e = { .kind = ERR_NONE };
	char base[96];
	struct http_peer *p;

	(void)str_format(base, sizeof base, "http://%s:%u", name, d->rig.port);
	p = http_peer_new(
	    d->rig.client_net, &(struct http_peer_opts){ .base = base }, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	return p;
}

static void
begin(struct dns *d, struct ask *a, struct http_peer *p, int64_t connect_us)
{
	const struct http_request q = { .limits = {
					    .connect_us = connect_us } };

	memset(a, 0, sizeof *a);
	d->rig.p = p;
	ask_start(&d->rig, a, &q);
	d->rig.p = NULL;
}

/* ---- cases ------------------------------------------------------------------ */

static void
a_dead_server_holds_up_nobody_else(void)
{
	struct http_peer *dead, *well, *listed;
	struct ask a, b, c;
	struct dns d;

	dns_open(&d, SILENT);
	dead = peer_of(&d, "dead.test");
	well = peer_of(&d, "127.0.0.1");
	listed = peer_of(&d, "in-hosts.test");
	begin(&d, &a, dead, 4 * LOOP_S);
	begin(&d, &b, well, 4 * LOOP_S);
	begin(&d, &c, listed, 4 * LOOP_S);
	ask_wait(&d.rig, &b);
	ask_wait(&d.rig, &c);
	CHECK_END(&b, HTTP_OK, HTTP_P_BODY);
	CHECK_END(&c, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_FALSE(a.done);
	ask_wait(&d.rig, &a);
	CHECK_END(&a, HTTP_E_DEADLINE, HTTP_P_RESOLVE);
	CU_ASSERT(a.done_us - a.started_us >= 4 * LOOP_S);
	CU_ASSERT_FALSE(a.maybe_executed);
	CU_ASSERT(strstr(a.why, "dead.test") != NULL);
	CU_ASSERT(d.asked >= 2);
	http_peer_free(dead);
	http_peer_free(well);
	http_peer_free(listed);
	dns_close(&d);
}

#define SOME 8

/* Silent for so many questions that it counts as down. */
static void
a_server_that_comes_back_is_used_again(void)
{
	struct http_peer *p[SOME];
	struct ask a[SOME];
	char name[32];
	struct dns d;

	dns_open(&d, SILENT);
	for (unsigned i = 0; i < SOME; i++) {
		(void)str_format(name, sizeof name, "bmc-%u.test", i);
		p[i] = peer_of(&d, name);
		begin(&d, &a[i], p[i], 8 * LOOP_S);
	}
	for (unsigned i = 0; i < SOME; i++) {
		ask_wait(&d.rig, &a[i]);
		CU_ASSERT_EQUAL(a[i].status, 0);
		CHECK_TEXT(http_phase_name(a[i].phase), "resolve");
	}
	d.how = ADDRESS;
	for (unsigned i = 0; i < SOME; i++) {
		begin(&d, &a[i], p[i], 9 * LOOP_S);
		ask_wait(&d.rig, &a[i]);
		CHECK_END(&a[i], HTTP_OK, HTTP_P_BODY);
		http_peer_free(p[i]);
	}
	dns_close(&d);
}

static void
names_that_are_not_there_fail_with_the_name(void)
{
	static const enum answers how[] = { NOBODY, REFUSED };

	for (size_t i = 0; i < 2; i++) {
		struct http_peer *p;
		struct ask a;
		struct dns d;

		dns_open(&d, how[i]);
		p = peer_of(&d, "nobody.test");
		begin(&d, &a, p, 8 * LOOP_S);
		ask_wait(&d.rig, &a);
		CHECK_END(&a, HTTP_E_RESOLVE, HTTP_P_RESOLVE);
		CU_ASSERT(strstr(a.why, "nobody.test") != NULL);
		CU_ASSERT_FALSE(a.maybe_executed);
		http_peer_free(p);
		dns_close(&d);
	}
}

/* Servers that the program names come before those of the file. */
static void
named_servers_are_asked_instead(void)
{
	static const char *const bad[] = { "", "dns.test", "10.0.0.1,",
		"10.0.0.1:99999", "10.0.0.1;10.0.0.2",
		"1.1.1.1,::2,::3,::4,::5,::6,::7,::8,::9" };
	struct http_peer *p;
	struct err e;
	char list[64];
	struct ask a;
	struct dns d;

	dns_open(&d, ADDRESS);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		e = (struct err){ .kind = ERR_NONE };
		CU_ASSERT_FALSE(http_net_real_dns(d.rig.client, bad[i], &e));
		CU_ASSERT_EQUAL(e.kind, ERR_SPEC);
	}
	CHECK_TEXT(e.msg, "more than 8 DNS servers");
	put(d.conf, "nameserver 127.0.0.1:9\n"); /* nobody */
	(void)str_format(
	    list, sizeof list, "127.0.0.1:%u,127.0.0.1:9,[::1]:9", d.port);
	CU_ASSERT_TRUE(http_net_real_dns(d.rig.client, list, &e));
	p = peer_of(&d, "bmc.test");
	begin(&d, &a, p, 8 * LOOP_S);
	ask_wait(&d.rig, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT(d.asked > 0);
	http_peer_free(p);
	dns_close(&d);
}

static void
garbage_is_no_address(void)
{
	struct http_peer *p;
	struct ask a;
	struct dns d;

	dns_open(&d, GARBAGE);
	p = peer_of(&d, "bmc.test");
	begin(&d, &a, p, LOOP_S);
	ask_wait(&d.rig, &a);
	CU_ASSERT_TRUE(a.done);
	CU_ASSERT_EQUAL(a.status, 0);
	CHECK_TEXT(http_phase_name(a.phase), "resolve");
	http_peer_free(p);
	dns_close(&d);
}

#define MANY 64

/* A fleet whose names are all asked for at once; half of it gives up. */
static void
many_names_wait_and_are_given_up(void)
{
	static struct ask a[MANY];
	struct http_peer *p[MANY];
	unsigned ended = 0;
	char name[32];
	struct dns d;

	dns_open(&d, SILENT);
	for (unsigned i = 0; i < MANY; i++) {
		(void)str_format(name, sizeof name, "host-%u.test", i);
		p[i] = peer_of(&d, name);
		begin(&d, &a[i], p[i], 2 * LOOP_S);
	}
	rig_pass(&d.rig, 100 * LOOP_MS);
	for (unsigned i = 0; i < MANY; i += 2)
		http_cancel(a[i].call);
	for (unsigned i = 1; i < MANY; i += 2)
		ask_wait(&d.rig, &a[i]);
	for (unsigned i = 0; i < MANY; i++) {
		ended += a[i].done;
		http_peer_free(p[i]);
	}
	CU_ASSERT_EQUAL(ended, MANY / 2);
	/* and one that is freed with its question under way */
	p[0] = peer_of(&d, "last.test");
	begin(&d, &a[0], p[0], 2 * LOOP_S);
	rig_pass(&d.rig, 20 * LOOP_MS);
	http_peer_free(p[0]);
	CU_ASSERT_FALSE(a[0].done);
	dns_close(&d);
}

/* DHCP writes resolv.conf anew; nobody restarts us for that. */
static void
another_resolv_conf_is_read_when_it_changes(void)
{
	char text[160], old[96];
	struct http_peer *p;
	struct ask a;
	struct dns d;
	ssize_t n;
	int fd;

	dns_open(&d, ADDRESS);
	fd = open(d.conf, O_RDONLY | O_CLOEXEC);
	n = read(fd, old, sizeof old - 1);
	(void)close(fd);
	CU_ASSERT_FATAL(n > 0);
	old[n] = '\0';
	put(d.conf, "nameserver 127.0.0.1:1\n"); /* nobody is there */
	p = peer_of(&d, "bmc.test");
	begin(&d, &a, p, LOOP_S);
	ask_wait(&d.rig, &a);
	CU_ASSERT_TRUE(a.done && a.status == 0);
	(void)str_format(text, sizeof text, "# new\n%s", old);
	put(d.conf, text);
	begin(&d, &a, p, 4 * LOOP_S);
	ask_wait(&d.rig, &a);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	http_peer_free(p);
	dns_close(&d);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(a_dead_server_holds_up_nobody_else),
		UNIT_CASE(a_server_that_comes_back_is_used_again),
		UNIT_CASE(names_that_are_not_there_fail_with_the_name),
		UNIT_CASE(named_servers_are_asked_instead),
		UNIT_CASE(garbage_is_no_address),
		UNIT_CASE(many_names_wait_and_are_given_up),
		UNIT_CASE(another_resolv_conf_is_read_when_it_changes),
	};

	return UNIT_RUN("http_dns", cases);
}
