/* Tasks: slow work that a client polls. DSP0266 12.2. */
#ifndef B7_SIM_BMC_TASK_H
#define B7_SIM_BMC_TASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct bmc;
struct request;

enum task_state {
	TASK_RUNNING,
	TASK_COMPLETED,
	TASK_EXCEPTION,
	TASK_CANCELLED
};

struct task {
	TAILQ_ENTRY(task) link; /* of the front of its machine */
	const struct bmc *of;   /* the machine; borrowed */
	char id[24];
	char name[48];
	enum task_state state;
	int64_t started_us, ended_us;
	int64_t started_wall_us, ended_wall_us;
	char message_id[96], message[256];
	unsigned percent; /* while it runs */
	/* Ends the work, which calls neither task_end() nor anything else of
	 * the task after it. NULL: it cannot be cancelled. */
	void (*cancel)(void *arg);
	void *arg;
};

struct task *task_new(struct bmc *b, const char *name);
void task_end(struct bmc *b, struct task *t, bool ok, const char *message_id,
    const char *message);
/* The same in the words of a registry: full id and up to two arguments. */
void task_end_as(struct bmc *b, struct task *t, bool ok, const char *id,
    const char *a1, const char *a2);
/* DELETE of a task or of its monitor: ends what runs. */
void task_delete(struct request *rq);
/* NULL: none, or not to be seen yet, or gone already. */
struct task *task_get(struct bmc *b, const char *id);
void task_drop(struct bmc *front, struct task *t);
void task_drop_all(struct bmc *b); /* of this machine; of a front: of all */
/* 202 with Location, Retry-After and the task as body. */
void task_reply(struct request *rq, const struct task *t);

#endif
