/* See qemu_rig.h. */
#include "tests/unit/qemu_rig.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define ANSWER_US (5 * LOOP_MS)

static void
append(char *to, size_t cap, const char *s)
{
	size_t n = strlen(to);

	(void)str_copy(to + n, cap - n, s);
	n = strlen(to);
	(void)str_copy(to + n, cap - n, " ");
}

static void
speak(void *arg)
{
	struct child *c = arg;
	size_t n;
	char *text = buf_take(&c->out, &n);

	if (c->dead) {
		c->host.ended(c->host.arg, "signal 6: abort");
	} else {
		c->host.qmp(c->host.arg, text, n);
		if (c->quits) {
			c->dead = true;
			timer_start(
			    c->rig->g.bmc_loop, &c->timer, ANSWER_US, speak, c);
		}
	}
	xfree(text);
}

static void
soon(struct child *c)
{
	timer_start(c->rig->g.bmc_loop, &c->timer, ANSWER_US, speak, c);
}

static struct child *
rig_spawn(void *self, char *const *argv, const char *log,
    const struct child_host *h, struct err *e)
{
	struct qemu_rig *r = self;
	struct child *c;

	(void)log;
	if (r->cannot) {
		(void)err_set(e, ERR_INTERNAL, 11, "no process: none left");
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	if (r->child)
		abort(); /* two processes have one disk */
	r->argv[0] = r->commands[0] = '\0';
	for (size_t i = 0; argv[i]; i++)
		append(r->argv, sizeof(r->argv), argv[i]);
	r->spawned++;
	r->child = c;
	c->rig = r;
	c->host = *h;
	buf_init(&c->out, 65536);
	c->dead = r->no_kvm && strstr(r->argv, "-accel kvm");
	buf_adds(&c->out, "{\"QMP\": {\"version\": {}}}\r\n");
	soon(c);
	return c;
}

static bool
rig_send(struct child *c, const char *p, size_t n)
{
	struct qemu_rig *r = c->rig;
	struct err e = { 0 };
	cJSON *j = json_parse(p, n, &e);
	const char *name = json_str(j, "execute", "?");
	long long id = (long long)json_i64(j, "id", 0);

	append(r->commands, sizeof(r->commands), name);
	(void)str_format(r->last, sizeof(r->last), "%.*s", (int)n, p);
	if (r->refuse && str_eq(name, r->refuse))
		buf_addf(&c->out,
		    "{\"id\": %lld, \"error\": {\"class\": \"GenericError\", "
		    "\"desc\": \"it is refused\"}}\r\n",
		    id);
	else
		buf_addf(&c->out, "{\"return\": {}, \"id\": %lld}\r\n", id);
	c->quits = c->quits || str_eq(name, "quit");
	cJSON_Delete(j);
	if (!r->deaf)
		soon(c);
	return true;
}

static void
rig_kill(struct child *c)
{
	c->rig->killed++;
	c->dead = true;
	soon(c);
}

static void
rig_free(struct child *c)
{
	timer_stop(&c->timer);
	buf_free(&c->out);
	c->rig->child = NULL;
	xfree(c);
}

static bool
rig_prepare(void *self, const struct vm_paths *p, int64_t disk,
    const char *vars_from, struct err *e)
{
	struct qemu_rig *r = self;

	(void)p;
	(void)disk;
	(void)e;
	r->prepared++;
	r->vars_from = vars_from;
	return true;
}

static void
rig_keep(void *self, const struct vm_paths *p, const char *text, size_t n)
{
	struct qemu_rig *r = self;
	size_t at = strlen(r->kept);

	CU_ASSERT_STRING_EQUAL(p->console, "/state,1/bmc-000/console.log");
	(void)str_format(
	    r->kept + at, sizeof(r->kept) - at, "%.*s", (int)n, text);
}

static void
rig_wipe(void *self, const struct vm_paths *p)
{
	struct qemu_rig *r = self;

	(void)p;
	r->wiped++;
}

void
qemu_rig_open(struct qemu_rig *r, enum qemu_accel accel)
{
	struct bmc_fleet_opts fo = { 0 };
	struct qemu_opts o = { .dir = "/state,1",
		.binary = "/bin/qemu",
		.uefi_code = "/code.fd",
		.uefi_vars = "/vars.fd",
		.accel = accel,
		.memory_mib = 512,
		.cpus = 2,
		.disk_bytes = 1 << 30 };

	memset(r, 0, sizeof(*r));
	r->seam = (struct qemu_seam){ .spawn = rig_spawn,
		.send = rig_send,
		.kill = rig_kill,
		.free = rig_free,
		.prepare = rig_prepare,
		.keep = rig_keep,
		.wipe = rig_wipe,
		.self = r };
	r->q = qemu_new(&r->g.bmc_env, &r->seam, &o);
	fo.board = qemu_maker(r->q);
	rig_open(&r->g, &fo);
}

void
qemu_rig_close(struct qemu_rig *r)
{
	rig_close(&r->g);
	qemu_free(r->q);
}

void
qemu_rig_qmp(struct qemu_rig *r, const char *text)
{
	r->child->host.qmp(r->child->host.arg, text, strlen(text));
}

void
qemu_rig_event(struct qemu_rig *r, const char *reason)
{
	char line[256];

	(void)str_format(line, sizeof(line),
	    "{\"event\": \"SHUTDOWN\", \"timestamp\": {}, \"data\": "
	    "{\"guest\": true, \"reason\": \"%s\"}}\r\n",
	    reason);
	qemu_rig_qmp(r, line);
}

void
qemu_rig_console(struct qemu_rig *r, const char *text)
{
	r->child->host.console(r->child->host.arg, text, strlen(text));
}

void
qemu_rig_dies(struct qemu_rig *r)
{
	r->child->dead = true;
	soon(r->child);
}
