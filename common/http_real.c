/* The network of a real process: both halves behind the seam. */
#include "common/mem.h"
#include "common/net_int.h"

static void
net_free(struct http_net *net)
{
	struct real_net *n = real_net_of(net);

	while (!TAILQ_EMPTY(&n->servers))
		srv_free(
		    (struct http_server *)(void *)TAILQ_FIRST(&n->servers));
	curl_side_free(n->client);
	xfree(n);
}

struct http_net *
http_net_real_new(struct loop *l, struct entropy ent, struct err *e)
{
	static const struct http_ops ops = {
		.net_free = net_free,
		.peer_new = curl_peer_new,
		.peer_set_tls = curl_peer_set_tls,
		.peer_free = curl_peer_free,
		.start = curl_start,
		.call_resume = curl_call_resume,
		.cancel = curl_cancel,
		.listen = srv_listen,
		.server_port = srv_port,
		.server_stop = srv_stop,
		.server_free = srv_free,
		.collect = exch_collect,
		.sink = exch_sink,
		.exchange_resume = exch_resume,
		.reply = exch_reply,
		.reply_stream = exch_reply_stream,
		.reply_raw = exch_reply_raw,
	};
	struct real_net *n = xcalloc(1, sizeof *n);

	n->obj.ops = &ops;
	n->loop = l;
	n->base = loop_event_base(l);
	n->ent = ent;
	TAILQ_INIT(&n->servers);
	n->client = curl_side_new(n, e);
	if (!n->client) {
		xfree(n);
		return NULL;
	}
	return (struct http_net *)(void *)n;
}
