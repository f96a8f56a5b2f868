/* TLS against OpenSSL, both ways: what mbedTLS alone cannot tell us. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/http_rig_real.h"

extern char **environ;

struct place {
	struct http_rig rig;
	char dir[64];
	struct tls_identity *ca;
	struct tls_trust *trust;
	pid_t child;
	int status; /* of a child that ended */
};

/* ---- files and children --------------------------------------------------------- */

static void
path_in(const struct place *p, const char *name, char out[128])
{
	(void)str_format(out, 128, "%s/%s", p->dir, name);
}

static void
put_file(const struct place *p, const char *name, const char *text, size_t n)
{
	char path[128];
	FILE *f;

	path_in(p, name, path);
	f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(fwrite(text, 1, n, f), n);
	CU_ASSERT_EQUAL(fclose(f), 0);
}

static void
get_file(const struct place *p, const char *name, char *out, size_t cap)
{
	char path[128];
	FILE *f;
	size_t n = 0;

	path_in(p, name, path);
	f = fopen(path, "r");
	if (f) {
		n = fread(out, 1, cap - 1, f);
		(void)fclose(f);
	}
	out[n] = '\0';
}

/* Words of cmd apart by spaces, in the folder; in and out are files there. */
static void
spawn(struct place *p, const char *cmd)
{
	posix_spawn_file_actions_t io;
	char *words = xstrdup(cmd), *argv[40], *at = words, in[128], out[128];
	size_t n = 0;

	while (*at && n < 39) {
		argv[n++] = at;
		at += strcspn(at, " ");
		if (*at)
			*at++ = '\0';
	}
	argv[n] = NULL;
	path_in(p, "in", in);
	path_in(p, "out", out);
	(void)posix_spawn_file_actions_init(&io);
	(void)posix_spawn_file_actions_addopen(
	    &io, 0, in, O_RDONLY | O_CREAT, 0600);
	(void)posix_spawn_file_actions_addopen(
	    &io, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	(void)posix_spawn_file_actions_adddup2(&io, 1, 2);
	(void)posix_spawn_file_actions_addchdir_np(&io, p->dir);
	CU_ASSERT_EQUAL_FATAL(
	    posix_spawnp(&p->child, argv[0], &io, NULL, argv, environ), 0);
	(void)posix_spawn_file_actions_destroy(&io);
	xfree(words);
}

static bool
child_ended(void *arg)
{
	struct place *p = arg;

	if (p->child > 0 && waitpid(p->child, &p->status, WNOHANG) == p->child)
		p->child = 0;
	return p->child == 0;
}

static int
run(struct place *p, const char *cmd, char *out, size_t cap)
{
	spawn(p, cmd);
	rig_real_run(&p->rig, 20 * LOOP_S, child_ended, p);
	CU_ASSERT_EQUAL_FATAL(p->child, 0);
	get_file(p, "out", out, cap);
	return WIFEXITED(p->status) ? WEXITSTATUS(p->status) : -1;
}

static void
stop_child(struct place *p)
{
	if (p->child <= 0)
		return;
	(void)kill(p->child, SIGKILL);
	(void)waitpid(p->child, &p->status, 0);
	p->child = 0;
}

/* ---- places ----------------------------------------------------------------------- */

static struct tls_identity *
issue(struct place *p, struct tls_issue o, const char *cert, const char *key)
{
	struct err e = { .kind = ERR_NONE };
	struct tls_identity *i;
	char *cert_pem = NULL, *key_pem = NULL;

	o.not_before_s = 1000000000;
	o.not_after_s = 4000000000;
	i = tls_identity_issue(&o, entropy_system(), &cert_pem, &key_pem, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	put_file(p, cert, cert_pem, strlen(cert_pem));
	put_file(p, key, key_pem, strlen(key_pem));
	if (o.is_ca && !p->trust)
		p->trust = tls_trust_new(cert_pem, strlen(cert_pem), &e);
	xfree(cert_pem);
	xfree(key_pem);
	return i;
}

static void
place_open(struct place *p)
{
	memset(p, 0, sizeof *p);
	rig_open(&p->rig, &rig_real, 1);
	(void)str_copy(p->dir, sizeof p->dir, "/tmp/b7-openssl-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(p->dir));
	p->ca =
	    issue(p, (struct tls_issue){ .is_ca = true, .subject = "test CA" },
		"ca.pem", "ca.key");
	p->rig.id = issue(p,
	    (struct tls_issue){ .ca = p->ca,
		.subject = "server",
		.names = "bmc.lab,127.0.0.1,::1" },
	    "cert.pem", "key.pem");
	put_file(p, "in", "", 0);
}

static void
place_close(struct place *p)
{
	static const char *const names[] = { "in", "out", "ca.pem", "ca.key",
		"cert.pem", "key.pem", "mine.pem", "mine.key", "big" };
	char path[128];

	stop_child(p);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		path_in(p, names[i], path);
		(void)unlink(path);
	}
	(void)rmdir(p->dir);
	rig_close(&p->rig);
	tls_identity_free(p->ca);
	tls_trust_free(p->trust);
}

/* ---- OpenSSL asks, we answer --------------------------------------------------------- */

static const char question[] = "GET /q HTTP/1.1\r\nHost: x\r\n"
			       "Connection: close\r\n\r\n";

static int
s_client(struct place *p, const char *more, char *out, size_t cap)
{
	char cmd[512];

	put_file(p, "in", question, sizeof question - 1);
	(void)str_format(cmd, sizeof cmd,
	    "openssl s_client -connect 127.0.0.1:%u -CAfile ca.pem "
	    "-verify_return_error -ign_eof %s",
	    p->rig.port, more);
	return run(p, cmd, out, cap);
}

static void
openssl_accepts_our_certificates(void)
{
	struct place p;
	char out[8192];

	place_open(&p);
	CU_ASSERT_EQUAL(run(&p,
			    "openssl verify -x509_strict -CAfile ca.pem "
			    "-purpose sslserver -verify_ip 127.0.0.1 "
			    "-verify_hostname bmc.lab cert.pem",
			    out, sizeof out),
	    0);
	CHECK_TEXT(out, "cert.pem: OK\n");
	CU_ASSERT_NOT_EQUAL(run(&p,
				"openssl verify -CAfile ca.pem "
				"-verify_ip 127.0.0.2 cert.pem",
				out, sizeof out),
	    0);
	place_close(&p);
}

static void
openssl_clients_are_served(void)
{
	struct http_listen_opts o = { .identity = rig_identity };
	struct place p;
	char out[16384];

	place_open(&p);
	o.client_ca = p.trust;
	rig_listen(&p.rig, &o);
	CU_ASSERT_EQUAL(
	    s_client(&p, "-verify_ip 127.0.0.1", out, sizeof out), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "Verification: OK"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "HTTP/1.1 200 OK"));
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "hello"));
	CHECK_TEXT(p.rig.last_cn, "-");
	CU_ASSERT_EQUAL(p.rig.handled, 1);
	CU_ASSERT_NOT_EQUAL(
	    s_client(&p, "-verify_ip 127.0.0.2", out, sizeof out), 0);
	CU_ASSERT_EQUAL(p.rig.handled, 1);
	place_close(&p);
}

static void
openssl_clients_show_certificates_and_resume(void)
{
	struct http_listen_opts o = { .identity = rig_identity };
	struct tls_identity *mine;
	struct place p;
	char out[32768];

	place_open(&p);
	o.client_ca = p.trust;
	rig_listen(&p.rig, &o);
	mine = issue(&p,
	    (struct tls_issue){ .ca = p.ca,
		.subject = "admin",
		.organization = "ops,system:masters" },
	    "mine.pem", "mine.key");
	CU_ASSERT_EQUAL(s_client(&p,
			    "-verify_ip 127.0.0.1 -reconnect "
			    "-cert mine.pem -key mine.key",
			    out, sizeof out),
	    0);
	CHECK_TEXT(p.rig.last_cn, "admin");
	CHECK_TEXT(p.rig.last_orgs, "ops,system:masters");
	CU_ASSERT_PTR_NOT_NULL(strstr(out, "\nReused, TLSv1.2"));
	tls_identity_free(mine);
	place_close(&p);
}

static void
old_versions_are_refused_unless_allowed(void)
{
	struct http_listen_opts o = { .identity = rig_identity };
	static const char old[] = "-tls1_1 -cipher ALL:@SECLEVEL=0";
	struct place p;
	char out[16384];

	place_open(&p);
	rig_listen(&p.rig, &o);
	CU_ASSERT_NOT_EQUAL(s_client(&p, old, out, sizeof out), 0);
	CU_ASSERT_EQUAL(p.rig.handled, 0);
	http_server_free(p.rig.s);
	o.min_version = TLS_1_1;
	rig_listen(&p.rig, &o);
	CU_ASSERT_EQUAL(s_client(&p, old, out, sizeof out), 0);
	CU_ASSERT_EQUAL(p.rig.handled, 1);
	place_close(&p);
}

static void
plain_http_on_a_tls_port_is_sent_to_https(void)
{
	struct http_listen_opts o = { .identity = rig_identity };
	struct http_peer_opts plain = { .base = NULL };
	struct place p;
	struct ask a;
	char base[64], want[64];

	place_open(&p);
	rig_listen(&p.rig, &o);
	(void)str_format(base, sizeof base, "http://127.0.0.1:%u", p.rig.port);
	plain.base = base;
	rig_peer(&p.rig, &plain);
	memset(&a, 0, sizeof a);
	a.want_header = "Location";
	ask_start(&p.rig, &a, &(struct http_request){ .target = "/a?b" });
	ask_wait(&p.rig, &a);
	CU_ASSERT_EQUAL(a.status, 308);
	(void)str_format(
	    want, sizeof want, "https://127.0.0.1:%u/a?b", p.rig.port);
	CHECK_TEXT(a.header, want);
	CU_ASSERT_EQUAL(p.rig.handled, 0);
	place_close(&p);
}

/* ---- we ask, OpenSSL answers ----------------------------------------------------------- */

static unsigned
free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&a, n), 0);
	CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	(void)close(fd);
	return ntohs(a.sin_port);
}

static void
s_server(struct place *p, const char *more)
{
	char cmd[512];

	stop_child(p);
	p->rig.port = free_port();
	(void)str_format(cmd, sizeof cmd,
	    "openssl s_server -accept 127.0.0.1:%u -quiet %s", p->rig.port,
	    more);
	spawn(p, cmd);
}

/* Until the child listens. */
static void
ask_server(struct place *p, const struct tls_policy *t, struct ask *a,
    const struct http_request *q)
{
	struct http_peer_opts o = { .tls = *t };

	http_peer_free(p->rig.p);
	rig_peer(&p->rig, &o);
	for (int i = 0; i < 100; i++) {
		ask(&p->rig, a, q);
		if (a->err != HTTP_E_CONNECT)
			return;
		rig_pass(&p->rig, 50 * LOOP_MS);
	}
}

static void
openssl_servers_are_judged_like_ours(void)
{
	struct tls_policy t = { .trust = NULL };
	struct place p;
	struct ask a;

	place_open(&p);
	t.trust = p.trust;
	s_server(&p, "-www -cert cert.pem -key key.pem");
	ask_server(&p, &t, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_FALSE(a.tls.resumed);
	ask(&p.rig, &a, NULL);
	CU_ASSERT_EQUAL(a.err, HTTP_OK);
	CU_ASSERT_TRUE(a.tls.resumed);
	t.server_name = "other.lab";
	ask_server(&p, &t, &a, NULL);
	CHECK_END(&a, HTTP_E_TLS_NAME, HTTP_P_TLS);
	t.server_name = "bmc.lab";
	ask_server(&p, &t, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	place_close(&p);
}

static void
versions_are_named_when_they_do_not_meet(void)
{
	struct tls_policy t = { .insecure = true };
	struct place p;
	struct ask a;

	place_open(&p);
	s_server(&p, "-www -cert cert.pem -key key.pem -tls1_3");
	ask_server(&p, &t, &a, NULL);
	CHECK_END(&a, HTTP_E_TLS_NEWER, HTTP_P_TLS);
	CU_ASSERT_PTR_NOT_NULL(strstr(a.why, "version"));
	s_server(&p, "-www -cert cert.pem -key key.pem -tls1_1 "
		     "-cipher ALL:@SECLEVEL=0");
	ask_server(&p, &t, &a, NULL);
	CHECK_END(&a, HTTP_E_TLS_VERSION, HTTP_P_TLS);
	t.min_version = TLS_1_1;
	ask_server(&p, &t, &a, NULL);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	place_close(&p);
}

static void
rsa_peers_and_full_records_work(void)
{
	struct http_request q = { .target = "/big",
		.limits = { .body_max = 1u << 20 } };
	struct tls_policy t = { .insecure = true };
	char *big = xmalloc(500000), out[512];
	struct place p;
	struct ask a;

	place_open(&p);
	memset(big, 'r', 500000);
	put_file(&p, "big", big, 500000);
	xfree(big);
	CU_ASSERT_EQUAL_FATAL(
	    run(&p,
		"openssl req -x509 -newkey rsa:2048 -nodes -keyout mine.key "
		"-out mine.pem -subj /CN=rsa -days 2",
		out, sizeof out),
	    0);
	s_server(&p, "-WWW -cert mine.pem -key mine.key");
	ask_server(&p, &t, &a, &q);
	CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
	CU_ASSERT_EQUAL(a.body_n, 500000);
	CU_ASSERT_EQUAL(
	    a.tls.problems, 1u << HTTP_E_TLS_TRUST | 1u << HTTP_E_TLS_NAME);
	CHECK_TEXT(a.tls.subject, "CN=rsa");
	/* small buffers only take more turns, and are not kept for the next */
	for (unsigned i = 0; i < 4; i++) {
		q.trickles = i % 2 == 0;
		ask(&p.rig, &a, &q);
		CHECK_END(&a, HTTP_OK, HTTP_P_BODY);
		CU_ASSERT_EQUAL(a.body_n, 500000);
	}
	place_close(&p);
}

static void
the_system_trust_is_read(void)
{
	struct err e = { .kind = ERR_NONE };
	struct tls_trust *t = tls_trust_system(&e);

	/* Debian's ca-certificates is among the packages that we need. */
	CU_ASSERT_PTR_NOT_NULL(t);
	tls_trust_free(t);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		{ "OpenSSL accepts our certificates",
		    openssl_accepts_our_certificates },
		{ "OpenSSL clients are served", openssl_clients_are_served },
		{ "OpenSSL clients show certificates and resume",
		    openssl_clients_show_certificates_and_resume },
		{ "old versions are refused unless allowed",
		    old_versions_are_refused_unless_allowed },
		{ "plain HTTP on a TLS port is sent to https",
		    plain_http_on_a_tls_port_is_sent_to_https },
		{ "OpenSSL servers are judged like ours",
		    openssl_servers_are_judged_like_ours },
		{ "versions are named when they do not meet",
		    versions_are_named_when_they_do_not_meet },
		{ "RSA peers and full records work",
		    rsa_peers_and_full_records_work },
		{ "the system trust is read", the_system_trust_is_read },
	};

	return UNIT_RUN("http openssl", cases);
}
