/*
 * What libevent's own HTTP server does with the smallest reply there is: the
 * measure of beskar7-sim in bmc.sh. One argument: the port, on 127.0.0.1.
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdint.h>
#include <stdio.h>

#include "common/str.h"

static void
hello(struct evhttp_request *rq, void *arg)
{
	struct evbuffer *out = evbuffer_new();

	(void)arg;
	(void)evbuffer_add(out, "hello\n", 6);
	evhttp_send_reply(rq, 200, "OK", out);
	evbuffer_free(out);
}

int
main(int argc, char **argv)
{
	uint64_t port = UINT64_MAX;
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);

	if (argc != 2 || !str_to_u64(argv[1], &port) || port > UINT16_MAX) {
		(void)fprintf(stderr, "usage: bench_hello PORT\n");
		return 2;
	}
	evhttp_set_gencb(http, hello, NULL);
	if (evhttp_bind_socket(http, "127.0.0.1", (uint16_t)port) != 0) {
		(void)fprintf(stderr, "cannot listen on %s\n", argv[1]);
		return 1;
	}
	(void)printf("ready\n");
	(void)fflush(stdout);
	return event_base_dispatch(base) == 0 ? 0 : 1;
}
