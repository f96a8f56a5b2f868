/* HTTP calls of the runner to real processes, one at a time. */
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/sockets.h"

struct waiting {
	struct sockets *s;
	bool done;
	int status;
	char *text; /* owned */
	size_t n;
};

static void
waiting_done(void *arg, const struct http_result *r)
{
	struct waiting *w = arg;

	w->done = true;
	w->status = r->err == HTTP_OK ? r->status : 0;
	w->text =
	    xstrndup(r->body.n == 0 ? "" : (const char *)r->body.p, r->body.n);
	w->n = r->body.n;
	loop_stop(w->s->loop);
}

static void
waiting_run(
    struct waiting *w, struct http_peer *peer, const struct http_request *r)
{
	struct http_request q = *r;

	q.limits.body_max = 64u << 20;
	q.done = waiting_done;
	q.arg = w;
	(void)http_start(peer, &q);
	while (!w->done)
		loop_run(w->s->loop);
}

cJSON *
sockets_call(struct sockets *s, struct http_peer *peer,
    const struct http_request *r, int *status)
{
	struct waiting w = { .s = s };
	struct err e;
	cJSON *j;

	waiting_run(&w, peer, r);
	*status = w.status;
	j = w.n == 0 ? NULL : json_parse(w.text, w.n, &e);
	xfree(w.text);
	return j != NULL ? j : cJSON_CreateObject();
}

cJSON *
sockets_plain(struct sockets *s, struct http_peer *peer, const char *method,
    const char *path, const cJSON *body, int *status)
{
	struct http_header h = { "Content-Type", "application/json" };
	char *text = body == NULL ? NULL : json_print(body);
	struct http_request r = { .method = method,
		.target = path,
		.headers = &h,
		.n_headers = 1,
		.body = { text, text == NULL ? 0 : strlen(text) } };
	cJSON *j = sockets_call(s, peer, &r, status);

	xfree(text);
	return j;
}

char *
sockets_text(struct sockets *s, const char *base, const char *target)
{
	struct http_peer_opts o = { .base = base };
	struct http_request r = { .method = "GET", .target = target };
	struct waiting w = { .s = s };
	struct err e;
	struct http_peer *peer = http_peer_new(s->net, &o, &e);

	if (peer == NULL)
		return NULL;
	waiting_run(&w, peer, &r);
	http_peer_free(peer);
	if (w.status == 200)
		return w.text;
	xfree(w.text);
	return NULL;
}
