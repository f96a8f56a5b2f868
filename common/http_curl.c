/* Peers: turns, handshakes, sockets and timers of their multi handles. */
#include <event2/event.h>
#include <string.h>

#include "common/http_curl_int.h"
#include "common/loop_event.h"
#include "common/mem.h"
#include "common/url.h"

/* ---- what all peers share ------------------------------------------------------ */

static void
open_gate(void *arg)
{
	struct curl_side *s = arg;
	struct ccall *c;

	while (s->handshakes < CURL_HANDSHAKES && (c = TAILQ_FIRST(&s->gate)))
		ccall_gate_open(c);
}

struct curl_side *
curl_side_new(struct real_net *n, struct err *e)
{
	struct curl_side *s;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		(void)err_set(e, ERR_INTERNAL, 0, "curl does not start");
		return NULL;
	}
	s = xcalloc(1, sizeof *s);
	s->net = n;
	TAILQ_INIT(&s->gate);
	TAILQ_INIT(&s->peers);
	return s;
}

void
curl_side_free(struct curl_side *s)
{
	while (!TAILQ_EMPTY(&s->peers))
		curl_peer_free(
		    (struct http_peer *)(void *)TAILQ_FIRST(&s->peers));
	while (s->n_pool > 0)
		curl_easy_cleanup(s->pool[--s->n_pool]);
	deferred_cancel(&s->open_gate);
	tls_trust_free(s->system);
	xfree(s);
	curl_global_cleanup();
}

CURL *
curl_side_easy(struct curl_side *s)
{
	return s->n_pool > 0 ? s->pool[--s->n_pool] : curl_easy_init();
}

void
curl_side_easy_back(struct curl_side *s, CURL *easy)
{
	if (s->n_pool == CURL_POOL) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	s->pool[s->n_pool++] = easy;
}

void
curl_side_slot_free(struct curl_side *s)
{
	s->handshakes--;
	if (!TAILQ_EMPTY(&s->gate))
		loop_defer(s->net->loop, &s->open_gate, open_gate, s);
}

struct tls_trust *
curl_side_system_trust(struct curl_side *s, struct err *e)
{
	if (!s->system)
		s->system = tls_trust_system(e);
	return s->system;
}

/* ---- curl's sockets and timer ------------------------------------------------------ */

static void
take_messages(struct cpeer *p)
{
	CURLMsg *m;
	int left;

	while (p->multi && (m = curl_multi_info_read(p->multi, &left))) {
		struct ccall *c = NULL;
		CURLcode code;

		if (m->msg != CURLMSG_DONE)
			continue;
		code = m->data.result;
		(void)curl_easy_getinfo(
		    m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		if (c)
			ccall_curl_done(c, code);
	}
}

static void
drive(struct cpeer *p, curl_socket_t fd, int mask)
{
	int running;

	cpeer_enter(p);
	(void)curl_multi_socket_action(p->multi, fd, mask, &running);
	take_messages(p);
	cpeer_leave(p);
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct csock *s = arg;
	int mask = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		   (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	loop_event_enter(s->peer->side->net->loop);
	drive(s->peer, (curl_socket_t)fd, mask);
}

static void
on_curl_timer(void *arg)
{
	drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int
timer_wanted(CURLM *m, long ms, void *arg)
{
	struct cpeer *p = arg;

	(void)m;
	if (ms < 0)
		timer_stop(&p->curl_t);
	else
		timer_start(p->side->net->loop, &p->curl_t, ms * LOOP_MS,
		    on_curl_timer, p);
	return 0;
}

static void
sock_free(struct csock *s)
{
	TAILQ_REMOVE(&s->peer->socks, s, in_peer);
	event_free(s->ev);
	xfree(s);
}

static int
socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *sock)
{
	struct cpeer *p = arg;
	struct csock *s = sock;
	short events = EV_PERSIST;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s)
			sock_free(s);
		return 0;
	}
	if (!s) {
		s = xcalloc(1, sizeof *s);
		s->peer = p;
		s->fd = fd;
		TAILQ_INSERT_TAIL(&p->socks, s, in_peer);
		(void)curl_multi_assign(p->multi, fd, s);
	} else {
		event_free(s->ev);
	}
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	s->ev = event_new(p->side->net->base, fd, events, on_socket, s);
	(void)event_add(s->ev, NULL);
	return 0;
}

CURLM *
cpeer_multi(struct cpeer *p)
{
	if (p->multi)
		return p->multi;
	p->multi = curl_multi_init();
	if (!p->multi)
		return NULL;
	(void)curl_multi_setopt(
	    p->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
	(void)curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	(void)curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
	(void)curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	/* Else curl keeps 4 x active and reconnects in rounds. */
	(void)curl_multi_setopt(
	    p->multi, CURLMOPT_MAXCONNECTS, (long)p->max_conns);
	return p->multi;
}

static void
drop_multi(struct cpeer *p)
{
	timer_stop(&p->idle_t);
	p->kept = false;
	p->stale = false;
	if (!p->multi)
		return;
	(void)curl_multi_cleanup(p->multi);
	p->multi = NULL;
	timer_stop(&p->curl_t);
	while (!TAILQ_EMPTY(&p->socks))
		sock_free(TAILQ_FIRST(&p->socks));
}

/* ---- life ------------------------------------------------------------------------ */

static void
destroy(struct cpeer *p)
{
	drop_multi(p);
	deferred_cancel(&p->pump);
	cpeer_forget_session(p);
	TAILQ_REMOVE(&p->side->peers, p, in_side);
	xfree(p->server_name);
	xfree(p->host);
	xfree(p->base);
	xfree(p->where);
	xfree(p->addrs);
	xfree(p);
}

static void
idle_over(void *arg)
{
	drop_multi(arg);
}

static void
sweep(struct cpeer *p)
{
	struct ccall *c;

	while ((c = TAILQ_FIRST(&p->zombies)))
		ccall_drop(c);
}

void
cpeer_enter(struct cpeer *p)
{
	p->busy++;
}

void
cpeer_leave(struct cpeer *p)
{
	if (p->busy > 1) {
		p->busy--;
		return;
	}
	sweep(p);
	p->busy--;
	if (p->dead) {
		destroy(p);
		return;
	}
	if (p->n_running > 0 || !TAILQ_EMPTY(&p->waiting) || !p->multi)
		return;
	if (p->idle_close_us == 0 || p->stale)
		drop_multi(p);
	else if (p->idle_close_us > 0 && !timer_armed(&p->idle_t))
		timer_start(p->side->net->loop, &p->idle_t, p->idle_close_us,
		    idle_over, p);
}

static void
pump(void *arg)
{
	struct cpeer *p = arg;
	struct ccall *c;

	cpeer_enter(p);
	while (!p->dead && p->n_running < p->max_conns &&
	       (c = TAILQ_FIRST(&p->waiting))) {
		TAILQ_REMOVE(&p->waiting, c, in_peer);
		TAILQ_INSERT_TAIL(&p->running, c, in_peer);
		p->n_running++;
		timer_stop(&p->idle_t);
		ccall_begin(c);
	}
	cpeer_leave(p);
}

void
cpeer_pump(struct cpeer *p)
{
	if (!p->dead && !TAILQ_EMPTY(&p->waiting))
		loop_defer(p->side->net->loop, &p->pump, pump, p);
}

/* Takes it over in any case: without the system's trust nothing is trusted. */
static bool
take_policy(struct cpeer *p, const struct tls_policy *t, struct err *e)
{
	bool system = !t->trust && !t->insecure && !t->pinned;

	p->tls = *t;
	xreplace(&p->server_name, t->server_name);
	p->tls.server_name = p->server_name;
	if (t->identity && tls_identity_is_virtual(t->identity))
		return err_set(e, ERR_INTERNAL, 0,
		    "a virtual identity cannot be shown on a real network");
	return !p->https || !system ||
	       curl_side_system_trust(p->side, e) != NULL;
}

struct http_peer *
curl_peer_new(
    struct http_net *net, const struct http_peer_opts *o, struct err *e)
{
	struct curl_side *s = real_net_of(net)->client;
	struct cpeer *p;
	struct url url;
	char base[URL_MAX];

	if (!url_parse(&url, o->base, e))
		return NULL;
	if (strcmp(url.target, "/") != 0) {
		(void)err_set(e, ERR_SPEC, 0,
		    "'%s' is no origin: it has a path", o->base);
		return NULL;
	}
	p = xcalloc(1, sizeof *p);
	p->side = s;
	p->https = url.https;
	if (!take_policy(p, &o->tls, e)) {
		xfree(p->server_name);
		xfree(p);
		return NULL;
	}
	p->obj = s->net->obj;
	url_origin(&url, base, sizeof base);
	p->base = xstrdup(base);
	p->host = xstrdup(url.host);
	p->port = url.port;
	p->where =
	    xasprintf(url.host_is_v6 ? "[%s]:%u" : "%s:%u", url.host, url.port);
	p->max_conns = o->max_conns ? o->max_conns : 1;
	p->idle_close_us = o->idle_close_us;
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->running);
	TAILQ_INIT(&p->zombies);
	TAILQ_INIT(&p->socks);
	TAILQ_INSERT_TAIL(&s->peers, p, in_side);
	return (struct http_peer *)(void *)p;
}

void
curl_peer_set_tls(struct http_peer *peer, const struct tls_policy *t)
{
	struct cpeer *p = cpeer_of(peer);
	struct ccall *c;

	(void)take_policy(p, t, NULL); /* the handshake will complain */
	cpeer_forget_session(p);
	xreplace(&p->addrs, NULL);
	if (p->n_running == 0 && p->busy == 0) {
		drop_multi(p);
		return;
	}
	p->stale = p->multi != NULL;
	TAILQ_FOREACH (c, &p->running, in_peer)
		if (c->easy)
			(void)curl_easy_setopt(
			    c->easy, CURLOPT_FORBID_REUSE, 1L);
}

void
curl_peer_free(struct http_peer *peer)
{
	struct cpeer *p = cpeer_of(peer);
	struct ccall *c, *next;

	if (p->dead)
		return;
	cpeer_enter(p);
	p->dead = true;
	while ((c = TAILQ_FIRST(&p->waiting)))
		ccall_drop(c);
	for (c = TAILQ_FIRST(&p->running); c; c = next) {
		next = TAILQ_NEXT(c, in_peer);
		curl_cancel((struct http_call *)(void *)c);
	}
	cpeer_leave(p);
}
