/* Many BMCs over sockets: by address, by port, in one service; sessions of TLS
 * that are resumed; a reply that is one piece on the wire. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/env.h"
#include "common/files.h"
#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/metrics.h"
#include "common/str.h"
#include "sim/bmc/fleet.h"
#include "tests/unit/unit.h"

#define SYSTEMS "/redfish/v1/Systems"
#define SYSTEM SYSTEMS "/system-1"
/* root:b7-sim-secret */
#define BASIC "Basic cm9vdDpiNy1zaW0tc2VjcmV0"

struct lab {
	struct loop *loop;
	struct http_net *net; /* of the BMCs */
	struct http_net *ours;
	struct log log;
	struct files files;
	struct env env;
	struct bmc_fleet *fleet;
	struct tls_trust *ca;
	struct http_peer *peer;
	/* the last answer */
	enum http_err err;
	int status;
	bool resumed;
	cJSON *json; /* owned */
};

static void
no_line(void *arg, const char *line, size_t n)
{
	(void)arg;
	(void)line;
	(void)n;
}

static bool
lab_try(struct lab *g, struct bmc_fleet_opts o)
{
	struct err e = { .kind = ERR_NONE };
	const char *pem;

	o.profiles_dir = "sim/bmc/profiles";
	g->fleet = bmc_fleet_new(&g->env, &o, &e);
	if (!g->fleet)
		return false;
	pem = bmc_fleet_ca_pem(g->fleet);
	if (pem)
		g->ca = tls_trust_new(pem, strlen(pem), &e);
	return true;
}

static void
lab_open(struct lab *g)
{
	struct err e = { .kind = ERR_NONE };

	memset(g, 0, sizeof(*g));
	g->loop = loop_event_new();
	g->net = http_net_real_new(g->loop, entropy_system(), &e);
	g->ours = http_net_real_new(g->loop, entropy_system(), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->net);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->ours);
	g->files = files_system();
	g->log = (struct log){ LOG_ERROR, "", g->loop, no_line, NULL };
	g->env = (struct env){ .name = "lab",
		.loop = g->loop,
		.net = g->net,
		.entropy = entropy_system(),
		.files = &g->files,
		.log = &g->log,
		.metrics = metrics_new(),
		.seed = 7 };
}

static void
lab_close(struct lab *g)
{
	http_peer_free(g->peer);
	cJSON_Delete(g->json);
	bmc_fleet_free(g->fleet);
	tls_trust_free(g->ca);
	http_net_free(g->ours);
	http_net_free(g->net);
	metrics_free(g->env.metrics);
	loop_free(g->loop);
}

/* ---- asking --------------------------------------------------------------------- */

static void
on_done(void *arg, const struct http_result *r)
{
	struct lab *g = arg;
	struct err e = { .kind = ERR_NONE };

	g->err = r->err;
	g->status = r->status;
	g->resumed = r->tls && r->tls->resumed;
	cJSON_Delete(g->json);
	g->json = r->body.n ? json_parse(r->body.p, r->body.n, &e) : NULL;
	loop_stop(g->loop);
}

/* Of the next calls; without a port: that of the fleet. */
static void
turn_to(struct lab *g, const char *base)
{
	struct http_peer_opts o = { .base = base, .tls.trust = g->ca };
	struct err e = { .kind = ERR_NONE };

	http_peer_free(g->peer);
	g->peer = http_peer_new(g->ours, &o, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->peer);
}

static const char *
get(struct lab *g, const char *path, const char *member)
{
	struct http_header h = { "Authorization", BASIC };
	struct http_request r = { .method = "GET",
		.target = path,
		.headers = &h,
		.n_headers = 1,
		.done = on_done,
		.arg = g };

	(void)http_start(g->peer, &r);
	loop_run(g->loop);
	return g->json ? json_str(g->json, member, "(none)") : "(nothing)";
}

static void
turn_to_bmc(struct lab *g, unsigned i)
{
	char base[64];

	bmc_address(bmc_fleet_at(g->fleet, i), base, sizeof(base));
	turn_to(g, base);
}

static void
all_are_themselves(struct lab *g)
{
	for (unsigned i = 0; i < bmc_fleet_count(g->fleet); i++) {
		turn_to_bmc(g, i);
		CHECK_TEXT(get(g, SYSTEM, "HostName"),
		    bmc_name(bmc_fleet_at(g->fleet, i)));
	}
}

/* ---- cases ---------------------------------------------------------------------- */

static void
one_listener_serves_a_block_of_addresses(void)
{
	struct bmc_fleet_opts o = {
		.count = 300, .addr = "127.9.0.1", .prefix = 16
	};
	char base[64];
	struct lab g;

	lab_open(&g);
	CU_ASSERT_TRUE_FATAL(lab_try(&g, o));
	all_are_themselves(&g);
	bmc_address(bmc_fleet_at(g.fleet, 299), base, sizeof(base));
	CHECK_ROW(str_has_prefix(base, "http://127.9.1.44:"), base);
	/* next to the last, and outside of the block */
	(void)str_format(base, sizeof(base), "http://127.9.1.45:%u",
	    bmc_fleet_port(g.fleet));
	turn_to(&g, base);
	(void)get(&g, SYSTEM, "HostName");
	CU_ASSERT_EQUAL(g.err, HTTP_E_RESET);
	(void)str_format(base, sizeof(base), "http://127.10.0.1:%u",
	    bmc_fleet_port(g.fleet));
	turn_to(&g, base);
	(void)get(&g, SYSTEM, "HostName");
	CU_ASSERT_EQUAL(g.err, HTTP_E_RESET);
	lab_close(&g);
}

/* The kernel gives one free port; those behind it are free most of the time. */
static unsigned
likely_port(unsigned i)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&a, n), 0);
	CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	(void)close(fd);
	return 10000 + (ntohs(a.sin_port) + i * 97) % 20000;
}

static void
a_range_of_ports_serves_a_bmc_each(void)
{
	struct bmc_fleet_opts o = { .count = 20 };
	struct lab g;

	lab_open(&g);
	for (unsigned i = 0; i < 50 && !g.fleet; i++) {
		o.port = likely_port(i);
		(void)lab_try(&g, o);
	}
	CU_ASSERT_PTR_NOT_NULL_FATAL(g.fleet);
	all_are_themselves(&g);
	lab_close(&g);
}

static void
one_service_serves_many_systems(void)
{
	struct bmc_fleet_opts o = {
		.count = 50, .one_service = true, .tls = true
	};
	char path[64], id[32];
	struct lab g;

	lab_open(&g);
	CU_ASSERT_TRUE_FATAL(lab_try(&g, o));
	turn_to_bmc(&g, 0);
	(void)get(&g, SYSTEMS, "Name");
	CU_ASSERT_EQUAL(json_i64(g.json, "Members@odata.count", 0), 50);
	for (unsigned i = 0; i < 50; i += 7) {
		(void)str_format(id, sizeof(id), "bmc-%03u", i);
		(void)str_format(path, sizeof(path), SYSTEMS "/%s", id);
		CHECK_TEXT(get(&g, path, "HostName"), id);
	}
	lab_close(&g);
}

static int
change_certificate(struct lab *g)
{
	int status = 0;

	cJSON_Delete(bmc_fleet_control(
	    g->fleet, "POST", "/bmcs/bmc-001/certificate", NULL, &status));
	return status;
}

static void
tls_sessions_resume_until_the_key_changes(void)
{
	struct bmc_fleet_opts o = {
		.count = 2, .addr = "127.9.0.1", .prefix = 24, .tls = true
	};
	struct lab g;

	lab_open(&g);
	CU_ASSERT_TRUE_FATAL(lab_try(&g, o));
	turn_to_bmc(&g, 1);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_TEXT(get(&g, SYSTEM, "HostName"), "bmc-001");
		CU_ASSERT_EQUAL(g.resumed, i > 0);
	}
	CU_ASSERT_EQUAL(change_certificate(&g), 200);
	CHECK_TEXT(get(&g, SYSTEM, "HostName"), "bmc-001");
	CU_ASSERT_FALSE(g.resumed);
	CHECK_TEXT(get(&g, SYSTEM, "HostName"), "bmc-001");
	CU_ASSERT_TRUE(g.resumed);
	lab_close(&g);
}

/* ---- the wire ------------------------------------------------------------------- */

static void
stop(void *arg)
{
	loop_stop(arg);
}

static void
pass(struct lab *g)
{
	struct timer t = { .fn = NULL };

	timer_start(g->loop, &t, LOOP_MS, stop, g->loop);
	loop_run(g->loop);
}

/* Bytes of one reply to a GET, read until its length is there. */
static size_t
converse(struct lab *g, int fd)
{
	static const char ask[] = "GET " SYSTEM " HTTP/1.1\r\nHost: x\r\n"
				  "Authorization: " BASIC "\r\n\r\n";
	char text[16384];
	size_t n = 0;

	CU_ASSERT_EQUAL(send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL),
	    (ssize_t)sizeof(ask) - 1);
	for (int i = 0; i < 5000; i++) {
		ssize_t got = recv(fd, text + n, sizeof(text) - n, 0);

		if (got == 0 || (got < 0 && errno != EAGAIN))
			return 0;
		n += got > 0 ? (size_t)got : 0;
		if (n > 4 && memcmp(text + n - 2, "\"}", 2) == 0)
			return n;
		pass(g);
	}
	return 0;
}

static unsigned
segments(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	CU_ASSERT_EQUAL(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
	return info.tcpi_data_segs_in;
}

static void
a_reply_is_one_piece_on_the_wire(void)
{
	struct bmc_fleet_opts o = { .addr = "127.9.0.1", .prefix = 24 };
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct lab g;
	int fd;

	lab_open(&g);
	CU_ASSERT_TRUE_FATAL(lab_try(&g, o));
	(void)inet_pton(AF_INET, "127.9.0.1", &a.sin_addr);
	a.sin_port = htons((uint16_t)bmc_fleet_port(g.fleet));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	for (unsigned i = 1; i <= 10; i++) {
		CU_ASSERT_TRUE_FATAL(converse(&g, fd) > 2000);
		CU_ASSERT_EQUAL(segments(fd), i);
	}
	(void)close(fd);
	lab_close(&g);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "one listener serves a block of addresses",
		    one_listener_serves_a_block_of_addresses },
		{ "a range of ports serves a BMC each",
		    a_range_of_ports_serves_a_bmc_each },
		{ "one service serves many systems",
		    one_service_serves_many_systems },
		{ "TLS sessions resume until the key changes",
		    tls_sessions_resume_until_the_key_changes },
		{ "a reply is one piece on the wire",
		    a_reply_is_one_piece_on_the_wire },
	};

	return UNIT_RUN("bmc scale", cases);
}
