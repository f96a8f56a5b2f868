/* The fleet as the files of this folder see it. */
#ifndef B7_SIM_BMC_FLEET_INTERNAL_H
#define B7_SIM_BMC_FLEET_INTERNAL_H

#include <sys/queue.h>

#include "common/env.h"
#include "common/map.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fleet.h"

struct control;
struct fault_set;
struct journal;
struct board_maker;
struct machine_ops;
struct replay;
struct request;
struct trace_log;

struct flood;
LIST_HEAD(request_list, request);
LIST_HEAD(flood_list, flood);
struct chunks;
LIST_HEAD(chunks_list, chunks);

struct bmc_fleet {
	const struct env *env;             /* borrowed */
	const struct machine_ops *machine; /* what the machines are */
	const struct board_maker *board;   /* NULL = virtual */
	struct bmc_timing timing;          /* defaults filled in */
	bool tls, virtual_tls, one_service;
	unsigned prefix, count, port;
	struct http_addr first; /* of the block or the only address */
	int64_t read_chunk, read_max;
	unsigned trace_kept;
	struct map ids;            /* part of a URI -> machine, one service */
	struct map profiles;       /* name -> struct bmc_profile (owned) */
	struct replay *replay;     /* owned; NULL = no recording is served */
	struct bmc *bmcs;          /* owned array */
	struct tls_identity *ca;   /* owned reference; NULL without TLS */
	char *ca_pem;              /* owned; of the own CA */
	struct tls_identity **old; /* owned; replaced leaves */
	size_t n_old;
	struct http_server *server;
	struct journal *journal;
	struct fault_set *faults;
	struct trace_log *traces;
	struct control *control;      /* NULL = no listener */
	struct request_list requests; /* in flight */
	struct flood_list floods;
	struct chunks_list chunks;
};

void send_drop_all(struct bmc_fleet *f); /* the fleet ends */
/* The BMC at a local address; NULL = none. */
struct bmc *bmc_fleet_by_addr(
    struct bmc_fleet *f, const struct http_addr *local);

/* With one service: ids of machine b in URIs, as it has them now. */
void fleet_ids_learn(struct bmc *b);
void fleet_ids_forget(const struct bmc *b);
/* The machine that a path of this service is about; front itself if none. */
struct bmc *fleet_machine_of(struct bmc *front, const char *path);

/* fleet_tls.c */
bool fleet_own_ca(struct bmc_fleet *f, struct err *e);
/* What the BMC at a local address shows: http_listen_opts.identity. */
struct tls_identity *fleet_identity(void *arg, const struct http_addr *local);
/* Issues another leaf; live connections keep the old one. */
/* Another key. Valid from and to, in seconds from now; both 0 = from
 * yesterday for ten years. */
void bmc_fleet_new_certificate(struct bmc *b, int64_t from_s, int64_t to_s);
/* The same with one that somebody gave; takes ownership. */
void bmc_fleet_set_certificate(struct bmc *b, struct tls_identity *id);
/* What it shows at connections; borrowed; NULL without TLS. */
struct tls_identity *bmc_fleet_certificate(struct bmc *b);

#endif
