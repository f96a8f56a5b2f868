/* See journal.h. */
#include "sim/bmc/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/env.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/event.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/jw.h"

#define LINE_MAX_BYTES 4096
#define LINE_BYTES 300 /* of most lines */

struct line {
	uint64_t seq;
	const char *bmc; /* borrowed from the BMC; "" = of none */
	struct buf text; /* with newline; its memory is used again */
};

struct journal {
	const struct env *env; /* borrowed */
	void (*on_event)(void *, const struct bmc_event *);
	void *arg;
	struct line *ring; /* owned */
	size_t cap;
	uint64_t seq;
	struct journal_waiter *waiters;
};

const char *
bmc_event_name(enum bmc_event_kind k)
{
	static const char *const names[] = { "request", "login-ok",
		"login-failed", "session-opened", "session-closed",
		"power-write", "power-button", "power-state", "reset",
		"shutdown-ignored", "boot-progress", "media-inserted",
		"media-ejected", "media-failed", "boot-override",
		"boot-consumed", "boot-started", "boot-failed", "medium-read",
		"install-started", "installed", "os-up", "user-data",
		"bootstrapped", "bootstrap-failed", "reported", "report-failed",
		"bmc-restarted", "board-swapped", "credentials", "certificate",
		"task", "fault" };

	return names[k];
}

struct journal *
journal_new(const struct env *env, unsigned kept,
    void (*on_event)(void *, const struct bmc_event *), void *arg)
{
	struct journal *j = xcalloc(1, sizeof(*j));

	j->env = env;
	j->cap = kept ? kept : 1;
	j->ring = xcalloc(j->cap, sizeof(*j->ring));
	for (size_t i = 0; i < j->cap; i++)
		buf_init(&j->ring[i].text, LINE_MAX_BYTES);
	j->on_event = on_event;
	j->arg = arg;
	return j;
}

void
journal_free(struct journal *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->cap; i++)
		buf_free(&j->ring[i].text);
	xfree(j->ring);
	xfree(j);
}

static void
member(struct jw *w, const char *key, const char *v)
{
	if (*v)
		jw_s(w, key, v);
}

static void
format(const struct bmc_event *ev, struct buf *out)
{
	struct jw w;

	jw_init(&w, out, "", NULL);
	jw_open(&w, NULL);
	jw_i(&w, "seq", (int64_t)ev->seq);
	jw_i(&w, "atUs", ev->at_us);
	jw_s(&w, "bmc", ev->bmc);
	jw_s(&w, "event", bmc_event_name(ev->kind));
	jw_i(&w, "boot", ev->boot);
	member(&w, "op", ev->op);
	member(&w, "method", ev->method);
	member(&w, "target", ev->target);
	if (ev->status)
		jw_i(&w, "status", ev->status);
	member(&w, "who", ev->who);
	member(&w, "slot", ev->slot);
	member(&w, "text", ev->text);
	member(&w, "from", ev->from);
	if (ev->bytes)
		jw_i(&w, "bytes", ev->bytes);
	jw_close(&w);
	buf_addc(out, '\n');
}

static void
keep(struct journal *j, const struct bmc_event *ev)
{
	struct line *l = &j->ring[ev->seq % j->cap];

	l->seq = ev->seq;
	l->bmc = ev->bmc;
	buf_reset(&l->text);
	(void)buf_reserve(&l->text, LINE_BYTES);
	format(ev, &l->text);
	if (!l->text.overflow)
		return;
	buf_reset(&l->text);
	buf_addf(&l->text, "{\"seq\":%llu,\"event\":\"too-long\"}\n",
	    (unsigned long long)ev->seq);
}

static void
wake(struct journal *j)
{
	struct journal_waiter *list = j->waiters;

	j->waiters = NULL;
	if (list)
		list->prev = &list;
	while (list) {
		struct journal_waiter *w = list;

		journal_unwait(w);
		w->fn(w->arg);
	}
}

void
journal_add(struct journal *j, const struct bmc *b, struct bmc_event *ev)
{
	const char **strings[] = { &ev->op, &ev->method, &ev->target, &ev->who,
		&ev->slot, &ev->text, &ev->from };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (!*strings[i])
			*strings[i] = "";
	ev->seq = ++j->seq;
	ev->at_us = loop_mono_us(j->env->loop);
	ev->bmc = b ? b->name : "";
	ev->index = b ? b->index : 0;
	ev->boot = b ? b->m.boots : 0;
	keep(j, ev);
	if (j->on_event)
		j->on_event(j->arg, ev);
	if (b)
		event_fact(&b->fleet->bmcs[b->index], ev);
	wake(j);
}

void
journal_note(const struct bmc *b, enum bmc_event_kind k, const char *text)
{
	struct bmc_event ev = { .kind = k, .text = text };

	journal_add(b->fleet->journal, b, &ev);
}

void
journal_notef(const struct bmc *b, enum bmc_event_kind k, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut is fine */
	va_end(ap);
	journal_note(b, k, text);
}

uint64_t
journal_lines(
    const struct journal *j, uint64_t since, const char *bmc, struct buf *out)
{
	uint64_t first = j->seq > j->cap ? j->seq - j->cap + 1 : 1;
	uint64_t seq = since + 1 > first ? since + 1 : first;

	for (; seq <= j->seq; seq++) {
		const struct line *l = &j->ring[seq % j->cap];

		if (!bmc || str_eq(bmc, l->bmc)) {
			if (out->n + l->text.n > out->max)
				break;
			buf_add(out, buf_str(&l->text), l->text.n);
		}
		since = seq;
	}
	return since;
}

uint64_t
journal_last(const struct journal *j)
{
	return j->seq;
}

void
journal_wait(struct journal *j, struct journal_waiter *w)
{
	if (w->prev)
		return;
	w->next = j->waiters;
	w->prev = &j->waiters;
	if (w->next)
		w->next->prev = &w->next;
	j->waiters = w;
}

void
journal_unwait(struct journal_waiter *w)
{
	if (!w->prev)
		return;
	*w->prev = w->next;
	if (w->next)
		w->next->prev = w->prev;
	w->next = NULL;
	w->prev = NULL;
}
