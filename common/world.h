/*
 * A virtual world: simulated processes with one clock, one order of events and
 * an in-process network, all decided by a seed. Linked by the scenario runner
 * and by tests only.
 */
#ifndef B7_WORLD_H
#define B7_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http.h"
#include "common/random.h"

struct loop;
struct http_net;
struct world;

#define WORLD_EPOCH_S 1767225600LL /* 2026-01-01T00:00:00Z at virtual 0 */

struct world *world_new(uint64_t seed);
void world_free(struct world *w); /* frees loops and nets that are left */
int64_t world_now_us(const struct world *w);
/* A process: its loop and its place in the network. ip: what its clients'
 * connections come from and a default for its servers, e.g. "127.1.0.1". */
struct loop *world_spawn(
    struct world *w, const char *name, const char *ip, int64_t wall_skew_us);
/* Somebody sets the process's clock: so far from the world's it is from now on. */
void world_wall(struct loop *l, int64_t skew_us);
struct http_net *world_net(struct loop *l);
struct entropy world_entropy(struct loop *l);
/* SIGSTOP: nothing runs, sockets stay; on thaw late timers fire in order. */
void world_freeze(struct loop *l, bool on);
/* SIGKILL: timers, deferred calls, calls and servers of the process are dead
 * at once with no callback; peers see a reset. The process's own memory is
 * then freed by its owner (the *_free functions tolerate a dead loop), and
 * world_reap frees the loop and net. */
void world_kill(struct loop *l);
void world_reap(struct loop *l);
/* Runs until the time is reached or done says so (asked after each turn);
 * true if done did. Ends early, false, when nothing is scheduled at all. */
bool world_run(
    struct world *w, int64_t until_us, bool (*done)(void *), void *arg);

/* ---- the network between processes --------------------------------------
 * Rules match by process name (from) and by destination "host:port" or process
 * name (to), both globs; NULL = any. The newest matching rule decides; from is
 * the process that connects, but a partition cuts links either way. No latency
 * and no jitter: the default, 200 to 250 us. What a partition holds back is
 * sent again when it ends, as TCP would. */
struct net_rule {
	const char *from, *to;
	int64_t latency_us, jitter_us; /* one way */
	uint32_t refuse_ppm;           /* connection refused */
	uint32_t reset_ppm;            /* reset somewhere in the exchange */
	uint32_t lose_reply_ppm; /* request arrives, reply is lost, reset */
	uint32_t truncate_ppm;   /* body cut, then EOF */
	bool partition;          /* packets vanish: timeouts decide */
	bool no_dns;             /* names do not resolve */
};
int world_net_add(struct world *w, const struct net_rule *r); /* id > 0 */
void world_net_remove(struct world *w, int id);
/* host names of the virtual network; IP literals need none. */
void world_dns(struct world *w, const char *name, const char *ip);

/* What a process's network has done: its calls, and its servers' side. */
struct world_net_stats {
	uint64_t connects;   /* TCP connections that its calls opened */
	uint64_t handshakes; /* of these, full TLS handshakes completed */
	uint64_t resumed;    /* of these, resumed ones */
	uint64_t requests;   /* sent by its calls */
	uint64_t reused;     /* of these, on a kept connection */
	uint64_t resent;     /* of these, after a kept one proved dead */
	uint64_t accepted;   /* connections that its servers admitted */
	uint64_t handled;    /* requests that its servers were given */
	unsigned open;       /* halves of connections that it holds now */
};
struct world_net_stats world_net_stats(const struct loop *l);
/* One call's end, cancelled ones too; strings are borrowed for the call. */
struct net_event {
	int64_t started_us, at_us;
	const char *from;   /* process */
	const char *to;     /* process, or "" where nobody listened */
	const char *origin; /* "host:port" of the peer */
	const char *method, *target;
	int status; /* 0 = no head came */
	enum http_err err;
	bool cancelled;
};
void world_net_watch(struct world *w,
    void (*fn)(void *arg, const struct net_event *ev), void *arg);
/* Asked when the head of a request reaches its server, before the handler:
 * false = it vanishes with its connection, as if its sender had died before. Of
 * ev only the times, from, to, origin, method and target are set. fn may kill
 * the sender. */
void world_net_gate(struct world *w,
    bool (*fn)(void *arg, const struct net_event *ev), void *arg);

#endif
