/* See trail.h. */
#include "scenarios/runner/trail.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/map.h"
#include "common/mem.h"
#include "common/str.h"

#define LINE_MAX_BYTES 4000
#define TRAIL_WIDTH 400 /* of what is kept */

struct ring {
	char *line[TRAIL_KEPT]; /* owned */
	uint64_t seq[TRAIL_KEPT];
	size_t next;
};

struct trail {
	FILE *log;
	struct map rings; /* name of an object or BMC -> struct ring */
	struct ring all;
	uint64_t seq;
};

struct trail *
trail_new(FILE *log)
{
	struct trail *t = xcalloc(1, sizeof(*t));

	t->log = log;
	return t;
}

static void
ring_fini(struct ring *r)
{
	for (size_t i = 0; i < TRAIL_KEPT; i++)
		xfree(r->line[i]);
}

static void
ring_free(void *r)
{
	ring_fini(r);
	xfree(r);
}

void
trail_free(struct trail *t)
{
	if (t == NULL)
		return;
	ring_fini(&t->all);
	map_free(&t->rings, ring_free);
	xfree(t);
}

static void
ring_add(struct ring *r, uint64_t seq, const char *line)
{
	xfree(r->line[r->next]);
	r->line[r->next] = xstrndup(line, strnlen(line, TRAIL_WIDTH));
	r->seq[r->next] = seq;
	r->next = (r->next + 1) % TRAIL_KEPT;
}

static void
trail_add(struct trail *t, const char *about, const char *line)
{
	struct ring *r;

	if (t->log != NULL)
		(void)fprintf(t->log, "%s\n", line);
	if (about == NULL)
		return;
	t->seq++;
	ring_add(&t->all, t->seq, line);
	if (about[0] == '\0')
		return;
	r = map_get(&t->rings, about);
	if (r == NULL) {
		r = xcalloc(1, sizeof(*r));
		(void)map_put(&t->rings, about, r); /* new */
	}
	ring_add(r, t->seq, line);
}

/* What changed, without what changes always, and without Secrets' data. */
static char *
trail_diff(const struct inv_commit *c)
{
	cJSON *diff = c->before == NULL ? json_dup(c->after)
					: json_merge_diff(c->before, c->after);
	char *text;

	if (diff != NULL && str_eq(c->resource, "secrets")) {
		json_set(diff, "data", NULL);
		json_set(diff, "stringData", NULL);
	}
	if (diff != NULL) {
		json_put(diff, "metadata/managedFields", NULL);
		json_put(diff, "metadata/resourceVersion", NULL);
		json_put(diff, "metadata/generation", NULL);
	}
	text = diff == NULL ? xstrdup("{}") : json_print(diff);
	cJSON_Delete(diff);
	return text;
}

void
trail_commit(struct trail *t, const struct inv_commit *c)
{
	char *diff = c->after == NULL ? xstrdup("gone") : trail_diff(c);
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	if (!buf_addf(&b, "%12.6f commit %s %s %s/%s/%s ",
		(double)c->at_us / 1e6, c->user, c->verb, c->resource, c->ns,
		c->name) ||
	    !buf_add(&b, diff, strnlen(diff, LINE_MAX_BYTES - 600)))
		(void)buf_adds(&b, "...");
	trail_add(t, c->name, buf_str(&b));
	buf_free(&b);
	xfree(diff);
}

void
trail_bmc(struct trail *t, const struct bmc_event *ev)
{
	bool read = str_eq(ev->method, "GET") && ev->status < 400;
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	(void)buf_addf(&b, "%12.6f bmc %s %s", (double)ev->at_us / 1e6, ev->bmc,
	    bmc_event_name(ev->kind));
	if (ev->method[0] != '\0')
		(void)buf_addf(&b, " %s %s %d %lldB by %s", ev->method,
		    ev->target, ev->status, (long long)ev->bytes, ev->who);
	else if (ev->who[0] != '\0')
		(void)buf_addf(&b, " by %s", ev->who);
	if (ev->slot[0] != '\0')
		(void)buf_addf(&b, " slot %s", ev->slot);
	if (ev->text[0] != '\0')
		(void)buf_addf(&b, " %s", ev->text);
	if (ev->bytes > 0 && ev->method[0] == '\0')
		(void)buf_addf(&b, " %lld bytes", (long long)ev->bytes);
	/* Reads that succeed would crowd out all else. */
	trail_add(t, read ? NULL : ev->bmc, buf_str(&b));
	buf_free(&b);
}

void
trail_line(struct trail *t, const char *line, size_t n)
{
	char *copy = xstrndup(line, n);
	const char *host = strstr(copy, "host=");
	char name[128] = "";
	const char *end;

	/* "host=default/bmc-000 ..." */
	if (host != NULL && (host = strchr(host, '/')) != NULL) {
		end = host + 1 + strcspn(host + 1, " \"");
		(void)str_copy(name, sizeof(name), host + 1);
		if ((size_t)(end - host - 1) < sizeof(name))
			name[end - host - 1] = '\0';
	}
	trail_add(t, name, copy);
	xfree(copy);
}

void
trail_note(struct trail *t, int64_t at_us, const char *about, const char *text)
{
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	(void)buf_addf(&b, "%12.6f ", (double)at_us / 1e6);
	(void)buf_add(&b, text, strnlen(text, LINE_MAX_BYTES - 100));
	trail_add(t, about, buf_str(&b));
	buf_free(&b);
}

static void
ring_print(const struct ring *r, FILE *out)
{
	for (size_t i = 0; i < TRAIL_KEPT; i++) {
		const char *line = r->line[(r->next + i) % TRAIL_KEPT];

		if (line != NULL)
			(void)fprintf(out, "    %s\n", line);
	}
}

void
trail_print(const struct trail *t, const char *object, FILE *out)
{
	const char *slash = strrchr(object, '/');
	const char *name = slash == NULL ? object : slash + 1;
	const struct ring *r = map_get(&t->rings, name);

	if (r != NULL && name[0] != '\0') {
		(void)fprintf(out, "  the last events of %s:\n", name);
		ring_print(r, out);
	}
	if (t->rings.n == 1 && r != NULL)
		return;
	(void)fprintf(out, "  the last events of all:\n");
	ring_print(&t->all, out);
}
