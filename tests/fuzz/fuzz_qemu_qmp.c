/* What QEMU says: QMP, and its guest on the console; in pieces of any size. */
#include <stddef.h>
#include <stdint.h>

#include "sim/qemu/console.h"
#include "sim/qemu/qmp.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct seen {
	unsigned sent, answers, broken;
};

static bool
sent(void *arg, const char *p, size_t n)
{
	struct seen *s = arg;

	MUST(n > 0 && p[n - 1] == '\n');
	s->sent++;
	return true;
}

static void
event(void *arg, const char *name, const cJSON *data)
{
	struct seen *s = arg;

	(void)data;
	MUST(name && !s->broken);
}

static void
broken(void *arg, const char *why)
{
	struct seen *s = arg;

	MUST(why && !s->broken);
	s->broken++;
}

static void
done(void *arg, const cJSON *value, const char *why)
{
	struct seen *s = arg;

	MUST(!value != !why && !s->broken);
	s->answers++;
	MUST(s->answers <= s->sent);
}

static void
qmp(const char *p, size_t n, size_t piece)
{
	struct seen s = { 0 };
	const struct qmp_host h = { sent, event, broken, &s };
	struct qmp q;

	qmp_init(&q, &h);
	qmp_ask(&q, "query-kvm", NULL, done, &s);
	qmp_ask(&q, "cont", NULL, done, &s);
	for (size_t at = 0; at < n; at += piece)
		qmp_input(&q, p + at, n - at < piece ? n - at : piece);
	MUST(s.sent <= 3);
	qmp_fini(&q);
}

static void
console(const char *p, size_t n)
{
	struct board_start start = { .order = { 3, BOARD_DISK }, .n = 2 };
	struct console c;

	console_start(&c, &start);
	while (n > 0) {
		struct console_said s = console_read(&c, &p, &n);

		MUST(s.what >= BOARD_DISK && s.what < BOARD_DRIVES);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;

	qmp(p, n, n ? n : 1);
	qmp(p, n, 3);
	console(p, n);
	return 0;
}
