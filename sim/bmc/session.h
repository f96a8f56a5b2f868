/* Sessions, Basic authentication, lockout. DSP0266 13.3. */
#ifndef B7_SIM_BMC_SESSION_H
#define B7_SIM_BMC_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "sim/bmc/bmc.h"

struct account;
struct request;

struct session {
	TAILQ_ENTRY(session) link;
	char id[24];
	char token[40]; /* hex */
	char user[64];
	char from[64];
	int64_t made_us, used_us, created_wall_us;
};

/* Ends those that were idle too long. */
void session_sweep(struct bmc *b);
struct session *session_get(struct bmc *b, const char *id);
void session_close(struct bmc *b, struct session *s, const char *why);
void session_close_all(struct bmc *b, const char *why);
void session_close_of(struct bmc *b, const char *user, const char *why);

/* Who asks? Fills rq->user; false after a refusal. */
bool auth_request(struct request *rq);
/* Whose credentials are these? Counts, locks, tells; NULL = nobody's. how:
 * "session", "basic". */
const struct account *auth_check(struct bmc *b, const char *user,
    const char *password, const char *how, const char *from);
/* POST to the session collection. */
void session_login(struct request *rq);
void session_logout(struct request *rq);

#endif
