/* The inside of struct kube_server; for the files of this folder only. */
#ifndef B7_SIM_KUBE_STATE_H
#define B7_SIM_KUBE_STATE_H

#include "common/env.h"
#include "common/loop.h"
#include "sim/kube/control.h"
#include "sim/kube/faults.h"
#include "sim/kube/server.h"
#include "sim/kube/stats.h"
#include "sim/kube/store.h"

#define KS_SYSTEM_USER "system:kube-sim"

struct http_server;
struct ks_conn;

struct kube_server {
	struct env env; /* members borrowed */
	void (*on_commit)(void *arg, const struct kube_commit *c);
	void *on_commit_arg;
	struct kube_token *tokens; /* owned, strings too */
	size_t n_tokens;
	bool client_certs;
	struct tls_identity *identity; /* borrowed */
	struct ks_store store;
	struct ks_stats stats;
	struct ks_faults faults;
	struct ks_control control;
	struct http_server *http;
	struct ks_conn *conns; /* exchanges that wait or stream */
	size_t n_watches;
	int64_t bookmark_us;
	struct timer bookmark;
};

#endif
