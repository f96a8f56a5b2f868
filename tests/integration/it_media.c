/* The media server on sockets: what curl makes of it, a reader that stands still,
 * certificates that change under it. */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/serve/certs.h"
#include "common/tls.h"
#include "tests/unit/serve_rig.h"

#define CERT "/tls/tls.crt"
#define KEY "/tls/tls.key"
#define BIG (64ULL << 20)

extern char **environ;

struct place {
	struct serve_rig r;
	struct http_net *net;
	struct timer look;
	int64_t until_us;
	bool (*done)(struct place *p);
	char dir[64];
	pid_t child;
	int status;
};

/* ---- time and children -------------------------------------------------- */

static void
look(void *arg)
{
	struct place *p = arg;

	if (loop_mono_us(p->r.loop) >= p->until_us ||
	    (p->done != NULL && p->done(p)))
		loop_stop(p->r.loop);
	else
		timer_start(p->r.loop, &p->look, 500, look, p);
}

static void
pass(struct place *p, int64_t us, bool (*done)(struct place *p))
{
	p->until_us = loop_mono_us(p->r.loop) + us;
	p->done = done;
	timer_start(p->r.loop, &p->look, 0, look, p);
	loop_run(p->r.loop);
	timer_stop(&p->look);
}

static bool
child_ended(struct place *p)
{
	if (p->child > 0 && waitpid(p->child, &p->status, WNOHANG) == p->child)
		p->child = 0;
	return p->child == 0;
}

static void
path_in(const struct place *p, const char *name, char out[128])
{
	(void)str_format(out, 128, "%s/%s", p->dir, name);
}

/* The whole file; owned. */
static char *
file_of(const struct place *p, const char *name, size_t *n)
{
	struct files f = files_system();
	struct buf b;
	char path[128];

	path_in(p, name, path);
	buf_init(&b, 1u << 20);
	(void)f.read(f.self, path, &b, NULL); /* empty where there is none */
	return buf_take(&b, n);
}

struct curled {
	int exit;
	char said[64]; /* status:bytes of the body */
	char *body;    /* owned */
	size_t n;
};

/* curl with these words, apart by blanks, and the URL. */
static struct curled
curl(struct place *p, const char *words, const char *scheme, const char *target)
{
	char *cmd =
	    xasprintf("curl -sS --max-time 20 --noproxy * -o body -w "
		      "%%{http_code}:%%{size_download} %s%s%s://127.0.0.1:%u%s",
		words, words[0] == '\0' ? "" : " ", scheme, serve_port(p->r.s),
		target);
	posix_spawn_file_actions_t io;
	struct curled c = { 0 };
	char *argv[40], *at = cmd, out[128];
	size_t n = 0;

	for (; n < 39 && *at != '\0'; n++) {
		argv[n] = at;
		at += strcspn(at, " ");
		if (*at != '\0')
			*at++ = '\0';
	}
	argv[n] = NULL;
	path_in(p, "body", out);
	(void)unlink(out);
	path_in(p, "out", out);
	(void)posix_spawn_file_actions_init(&io);
	(void)posix_spawn_file_actions_addopen(
	    &io, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	(void)posix_spawn_file_actions_addopen(
	    &io, 2, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addchdir_np(&io, p->dir);
	CU_ASSERT_EQUAL_FATAL(
	    posix_spawnp(&p->child, argv[0], &io, NULL, argv, environ), 0);
	(void)posix_spawn_file_actions_destroy(&io);
	pass(p, 30 * LOOP_S, child_ended);
	CU_ASSERT_EQUAL_FATAL(p->child, 0);
	c.exit = WIFEXITED(p->status) ? WEXITSTATUS(p->status) : -1;
	c.body = file_of(p, "out", &c.n);
	(void)str_copy(c.said, sizeof(c.said), c.body);
	xfree(c.body);
	c.body = file_of(p, "body", &c.n);
	xfree(cmd);
	return c;
}

/* ---- places ------------------------------------------------------------- */

static void
place_open(struct place *p, struct serve_opts *o,
    void (*fill)(struct place *p, void *arg), void *arg)
{
	struct loop *l = loop_event_new();
	struct err e;

	memset(p, 0, sizeof(*p));
	(void)str_copy(p->dir, sizeof(p->dir), "/tmp/b7-media-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(p->dir));
	p->net = http_net_real_new(l, entropy_system(), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->net);
	rig_env_of(&p->r, l, p->net, entropy_system());
	if (fill != NULL)
		fill(p, arg);
	o->listen = "127.0.0.1:0";
	rig_serve(&p->r, o);
}

static void
place_close(struct place *p)
{
	static const char *const names[] = { "out", "body", "a.pem", "b.pem" };
	struct loop *l = p->r.loop;
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_in(p, names[i], path);
		(void)unlink(path);
	}
	(void)rmdir(p->dir);
	rig_end(&p->r);
	http_net_free(p->net);
	loop_free(l);
}

static bool
is_image(const struct curled *c, uint64_t at)
{
	for (size_t i = 0; i < c->n; i++)
		if ((uint8_t)c->body[i] != image_byte(at + i))
			return false;
	return true;
}

/* ---- tests -------------------------------------------------------------- */

static void
curl_reads_what_it_asks_for(void)
{
	static const struct {
		const char *words, *said;
		uint64_t at;
	} rows[] = {
		{ "", "200:300007", 0 },
		{ "-r 0-0", "206:1", 0 },
		{ "-r -5", "206:5", IMAGE_SIZE - 5 },
		{ "-r 65530-131080", "206:65551", 65530 },
		{ "-r 300000-", "206:7", 300000 },
		{ "-r 300000-999999", "206:7", 300000 },
		{ "-r 0-0,5-5", "200:300007", 0 },
		{ "-H range:bytes=7-8", "206:2", 7 },
		{ "-I", "200:0", 0 },
		{ "-I -r 0-1", "200:0", 0 },
		{ "--http1.0", "200:300007", 0 },
		{ "--http1.0 -H Host:", "200:300007", 0 },
		{ "--http1.0 -H Host: -r 9-", "206:299998", 9 },
		{ "-H Host:", "200:300007", 0 },
		{ "-H If-None-Match:\"image-1\"", "304:0", 0 },
		{ "-r 1-2 -H If-Range:\"other\"", "200:300007", 0 },
	};
	struct serve_opts o = { 0 };
	struct place p;

	place_open(&p, &o, NULL, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct curled c = curl(&p, rows[i].words, "http", p.r.medium);

		CHECK_ROW(c.exit == 0, rows[i].words);
		CHECK_TEXT(c.said, rows[i].said);
		CHECK_ROW(strstr(rows[i].words, "-I") != NULL ||
			      is_image(&c, rows[i].at),
		    rows[i].words);
		xfree(c.body);
	}
	place_close(&p);
}

static void
curl_hears_no_where_there_is_nothing(void)
{
	static const struct {
		const char *words, *target, *said;
	} rows[] = {
		{ "-r 300007-", NULL, "416:0" },
		{ "-X DELETE", NULL, "405:19" },
		{ "", "/", "404:10" },
		{ "", "/m/aaaaaaaaaaaaaaaaaaaaaaaaaa/b.iso", "404:10" },
		{ "-X DELETE", "/m/aaaaaaaaaaaaaaaaaaaaaaaaaa/b.iso",
		    "404:10" },
	};
	struct serve_opts o = { 0 };
	struct curled c;
	struct place p;

	place_open(&p, &o, NULL, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		c = curl(&p, rows[i].words, "http",
		    rows[i].target == NULL ? p.r.medium : rows[i].target);
		CHECK_TEXT(c.said, rows[i].said);
		xfree(c.body);
	}
	c = curl(&p, "-d status=succeeded&hostname=n1", "http", p.r.report);
	CHECK_TEXT(c.said, "204:0");
	CHECK_TEXT(p.r.last.hostname, "n1");
	xfree(c.body);
	place_close(&p);
}

static bool
no_streams(struct place *p)
{
	return serve_counts(p->r.s).streams == 0;
}

static bool
one_stream(struct place *p)
{
	return serve_counts(p->r.s).streams == 1;
}

static int
dial(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void
a_reader_that_stands_still_is_cut_alone(void)
{
	struct serve_opts o = { .idle_us = LOOP_S };
	char question[160], reply[4096];
	struct curled c;
	struct place p;
	uint64_t got = 0;
	ssize_t n;
	int fd;

	place_open(&p, &o, NULL, NULL);
	p.r.memory.source.size = BIG;
	(void)str_format(question, sizeof(question),
	    "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", p.r.medium);
	fd = dial(serve_port(p.r.s));
	CU_ASSERT_EQUAL(
	    send(fd, question, strlen(question), 0), (ssize_t)strlen(question));
	pass(&p, 5 * LOOP_S, one_stream);
	CU_ASSERT_EQUAL(serve_counts(p.r.s).streams, 1);
	c = curl(&p, "-r 60000000-60000009", "http", p.r.medium);
	CHECK_TEXT(c.said, "206:10");
	CU_ASSERT_TRUE(is_image(&c, 60000000));
	xfree(c.body);
	pass(&p, 15 * LOOP_S, no_streams);
	CU_ASSERT_EQUAL_FATAL(serve_counts(p.r.s).streams, 0);
	CU_ASSERT_EQUAL(serve_counts(p.r.s).buffered, 0);
	/* What it has of it ends before its end. */
	while ((n = recv(fd, reply, sizeof(reply), 0)) > 0)
		got += (uint64_t)n;
	CU_ASSERT(got < BIG);
	(void)close(fd);
	place_close(&p);
}

/* ---- certificates ------------------------------------------------------- */

struct authority {
	struct tls_identity *ca;
	char *cert, *key; /* of the server */
};

static struct tls_identity *
issue(const struct tls_identity *ca, char **cert, char **key)
{
	struct tls_issue o = { .ca = ca,
		.is_ca = ca == NULL,
		.subject = ca == NULL ? "test CA" : "media",
		.names = ca == NULL ? NULL : "127.0.0.1",
		.not_before_s = 1000000000,
		.not_after_s = 4000000000 };
	struct err e;
	struct tls_identity *i =
	    tls_identity_issue(&o, entropy_system(), cert, key, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(i);
	return i;
}

/* Its CA goes into a file for curl. */
static struct authority
authority_new(const struct place *p, const char *name)
{
	struct files f = files_system();
	struct authority a;
	char *pem = NULL, path[128];
	struct err e;

	a.ca = issue(NULL, &pem, NULL);
	path_in(p, name, path);
	CU_ASSERT_TRUE_FATAL(f.write(f.self, path, pem, strlen(pem), &e));
	xfree(pem);
	tls_identity_free(issue(a.ca, &a.cert, &a.key));
	return a;
}

static void
authority_free(struct authority *a)
{
	tls_identity_free(a->ca);
	xfree(a->cert);
	xfree(a->key);
}

static void
install(struct place *p, const char *cert, const char *key)
{
	files_memory_put(p->r.files, CERT, cert, strlen(cert));
	files_memory_put(p->r.files, KEY, key, strlen(key));
}

static void
two_authorities(struct place *p, void *arg)
{
	struct authority *a = arg;

	a[0] = authority_new(p, "a.pem");
	a[1] = authority_new(p, "b.pem");
	install(p, a[0].cert, a[0].key);
}

#define UNTRUSTED 60 /* curl's exit status */

static void
trusted_by(struct place *p, const char *name, int status)
{
	char words[64];
	struct curled c;

	(void)str_format(words, sizeof(words), "--cacert %s", name);
	c = curl(p, words, "https", p->r.medium);
	CU_ASSERT_EQUAL(c.exit, status);
	if (status == 0) {
		CHECK_TEXT(c.said, "200:300007");
		CU_ASSERT_TRUE(is_image(&c, 0));
	}
	xfree(c.body);
}

static unsigned
logged(const struct place *p, const char *text)
{
	unsigned n = 0;

	for (const char *at = buf_str(&p->r.lines);
	     (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

static void
certificates_change_without_a_restart(void)
{
	struct serve_opts o = { .cert = CERT, .key = KEY };
	struct authority a[2];
	struct place p;

	place_open(&p, &o, two_authorities, a);
	trusted_by(&p, "a.pem", 0);
	trusted_by(&p, "b.pem", UNTRUSTED);
	/* half of a pair, then rubbish: the former one stays */
	install(&p, a[1].cert, a[0].key);
	pass(&p, CERTS_LOOK_US + LOOP_S / 10, NULL);
	trusted_by(&p, "a.pem", 0);
	CU_ASSERT_EQUAL(logged(&p, "changed and cannot be used"), 1);
	pass(&p, CERTS_LOOK_US + LOOP_S / 10, NULL);
	trusted_by(&p, "a.pem", 0);
	CU_ASSERT_EQUAL(logged(&p, "changed and cannot be used"), 1);
	install(&p, a[1].cert, a[1].key);
	pass(&p, CERTS_LOOK_US + LOOP_S / 10, NULL);
	trusted_by(&p, "b.pem", 0);
	trusted_by(&p, "a.pem", UNTRUSTED);
	CU_ASSERT_EQUAL(logged(&p, "the certificate was read again"), 1);
	authority_free(&a[0]);
	authority_free(&a[1]);
	place_close(&p);
}

int
main(void)
{
	static const struct unit_case cases[] = {
		UNIT_CASE(curl_reads_what_it_asks_for),
		UNIT_CASE(curl_hears_no_where_there_is_nothing),
		UNIT_CASE(a_reader_that_stands_still_is_cut_alone),
		UNIT_CASE(certificates_change_without_a_restart),
	};

	return UNIT_RUN("media", cases);
}
