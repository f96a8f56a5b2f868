/* See qmp.h. */
#include "sim/qemu/qmp.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

struct qmp_command {
	TAILQ_ENTRY(qmp_command) link;
	int64_t id;
	char *text; /* owned; a line of JSON */
	qmp_done *done;
	void *arg;
};

static void
command_free(struct qmp *q, struct qmp_command *c)
{
	TAILQ_REMOVE(&q->queue, c, link);
	q->waiting--;
	/* URLs of media are in there */
	secret_wipe(c->text, strlen(c->text));
	xfree(c->text);
	xfree(c);
}

static void
broken(struct qmp *q, const char *why)
{
	if (q->broken)
		return;
	q->broken = true;
	buf_reset(&q->in);
	q->host.broken(q->host.arg, why);
}

static void
send_next(struct qmp *q)
{
	struct qmp_command *c = TAILQ_FIRST(&q->queue);

	if (q->broken || !q->greeted || q->sent || !c)
		return;
	q->sent = true;
	if (!q->host.send(q->host.arg, c->text, strlen(c->text)))
		broken(q, "cannot write to QMP");
}

static struct qmp_command *
command_new(
    struct qmp *q, const char *name, cJSON *args, qmp_done *done, void *arg)
{
	struct qmp_command *c = xcalloc(1, sizeof(*c));
	cJSON *j = cJSON_CreateObject();
	char *text;

	c->id = ++q->id;
	c->done = done;
	c->arg = arg;
	json_set_str(j, "execute", name);
	if (args)
		json_set(j, "arguments", args);
	json_set_i64(j, "id", c->id);
	text = json_print(j);
	c->text = xasprintf("%s\n", text);
	secret_wipe(text, strlen(text));
	xfree(text);
	cJSON_Delete(j);
	q->waiting++;
	return c;
}

void
qmp_ask(
    struct qmp *q, const char *command, cJSON *args, qmp_done *done, void *arg)
{
	struct qmp_command *c;

	if (q->broken) {
		cJSON_Delete(args);
		return;
	}
	if (q->waiting == QMP_WAITING) {
		cJSON_Delete(args);
		broken(q, "too many commands wait");
		return;
	}
	c = command_new(q, command, args, done, arg);
	TAILQ_INSERT_TAIL(&q->queue, c, link);
	send_next(q);
}

/* ---- what comes ----------------------------------------------------------- */

static void
greeting(struct qmp *q)
{
	struct qmp_command *c;

	if (q->greeted) {
		broken(q, "a second greeting");
		return;
	}
	c = command_new(q, "qmp_capabilities", NULL, NULL, NULL);
	TAILQ_INSERT_HEAD(&q->queue, c, link);
	q->greeted = true;
	send_next(q);
}

static void
answer(struct qmp *q, const cJSON *j)
{
	struct qmp_command *c = TAILQ_FIRST(&q->queue);
	const cJSON *value = json_child(j, "return");
	qmp_done *done;
	void *arg;

	if (!q->sent || !c || json_i64(j, "id", -1) != c->id) {
		broken(q, "an answer that nobody asked for");
		return;
	}
	done = c->done;
	arg = c->arg;
	q->sent = false;
	command_free(q, c);
	if (done)
		done(arg, value,
		    value ? NULL : json_str(j, "error/desc", "no reason"));
	send_next(q);
}

static void
message(struct qmp *q, const char *p, size_t n)
{
	struct err e = { 0 };
	cJSON *j = json_parse(p, n, &e);
	const char *event;

	if (json_child(j, "QMP"))
		greeting(q);
	else if ((event = json_str(j, "event", NULL)))
		q->host.event(q->host.arg, event, json_obj(j, "data"));
	else if (json_child(j, "return") || json_child(j, "error"))
		answer(q, j);
	else
		broken(q, "no QMP message");
	cJSON_Delete(j);
}

void
qmp_input(struct qmp *q, const char *p, size_t n)
{
	while (n > 0 && !q->broken) {
		const char *end = memchr(p, '\n', n);
		size_t len = end ? (size_t)(end - p) : n;

		if (!buf_add(&q->in, p, len)) {
			broken(q, "a message that is too long");
			return;
		}
		p += len;
		n -= len;
		if (!end)
			return;
		p++;
		n--;
		if (q->in.n > 1) { /* more than a CR */
			size_t size;
			char *line = buf_take(&q->in, &size);

			message(q, line, size);
			xfree(line);
		} else {
			buf_reset(&q->in);
		}
	}
}

void
qmp_init(struct qmp *q, const struct qmp_host *h)
{
	memset(q, 0, sizeof(*q));
	q->host = *h;
	buf_init(&q->in, QMP_MESSAGE);
	TAILQ_INIT(&q->queue);
}

void
qmp_fini(struct qmp *q)
{
	while (TAILQ_FIRST(&q->queue))
		command_free(q, TAILQ_FIRST(&q->queue));
	buf_free(&q->in);
	q->broken = true;
}
