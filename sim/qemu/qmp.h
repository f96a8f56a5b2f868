/*
 * The machine protocol of QEMU, without its socket: bytes come in, commands go
 * out, one after the other. Whatever comes is a foreign process's: messages are
 * capped, and what is no message ends the conversation.
 */
#ifndef B7_SIM_QEMU_QMP_H
#define B7_SIM_QEMU_QMP_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/buf.h"

#define QMP_MESSAGE (256u << 10) /* bytes of one message */
#define QMP_WAITING 64           /* commands */

/* why: NULL = it was done, and value is what came back; else its reason, of
 * QEMU's words, for people. */
typedef void qmp_done(void *arg, const cJSON *value, const char *why);

struct qmp_host {
	bool (*send)(void *arg, const char *p, size_t n);
	void (*event)(void *arg, const char *name, const cJSON *data);
	void (*broken)(void *arg, const char *why); /* once; nothing follows */
	void *arg;
};
struct qmp_command;
TAILQ_HEAD(qmp_commands, qmp_command);
struct qmp {
	struct qmp_host host;
	struct buf in;
	struct qmp_commands queue; /* the first is sent, if sent is set */
	unsigned waiting;
	int64_t id;
	bool greeted, sent, broken;
};

void qmp_init(struct qmp *q, const struct qmp_host *h);
void qmp_fini(struct qmp *q); /* silently; not from a callback */
void qmp_input(struct qmp *q, const char *p, size_t n);
/* Takes ownership of args, which may be NULL, as done may be. What is asked
 * before the greeting waits for it. */
void qmp_ask(
    struct qmp *q, const char *command, cJSON *args, qmp_done *done, void *arg);

#endif
