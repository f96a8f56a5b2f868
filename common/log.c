#include "common/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/loop.h"
#include "common/str.h"

#define LINE_MAX_BYTES 4096
#define VALUE_MAX_BYTES 1024

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
	[LOG_TRACE] = "trace",
};

/* Bare where a reader and a splitter on spaces cannot misunderstand it. */
static bool
needs_quotes(const char *s)
{
	if (*s == '\0')
		return true;
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s <= ' ' || *s == '"' || *s == '=' ||
		    *s == '\\' || (unsigned char)*s >= 0x7f)
			return true;
	}
	return false;
}

static void
add_value(struct buf *b, const char *s)
{
	char text[VALUE_MAX_BYTES + 8];
	size_t n = strlen(s), cut = n > VALUE_MAX_BYTES ? VALUE_MAX_BYTES : n;

	if (!needs_quotes(s) && cut == n) {
		(void)buf_adds(b, s); /* the line's end marks an overflow */
		return;
	}
	str_escape(text, sizeof(text), s, cut);
	(void)buf_addf(b, "\"%s\"%s", text, cut < n ? "..." : "");
}

static void
add_field(struct buf *b, const struct log_field *f)
{
	(void)buf_addf(b, " %s=", f->key);
	switch (f->type) {
	case LOG_F_STR:
		add_value(b, f->v.s != NULL ? f->v.s : "");
		break;
	case LOG_F_INT:
		(void)buf_addf(b, "%" PRId64, f->v.i);
		break;
	case LOG_F_BOOL:
		(void)buf_adds(b, f->v.b ? "true" : "false");
		break;
	case LOG_F_ERR:
		add_value(b, f->v.e != NULL ? f->v.e->msg : "");
		if (f->v.e == NULL)
			break;
		(void)buf_addf(b, " kind=%s", err_kind_name(f->v.e->kind));
		if (f->v.e->code != 0)
			(void)buf_addf(b, " code=%d", f->v.e->code);
		break;
	case LOG_F_END:
		break;
	}
}

void
log_write(const struct log *l, enum log_level level, const char *msg,
    const struct log_field *fields)
{
	char time[RFC3339_CAP], text[VALUE_MAX_BYTES];
	struct buf b;

	if (l == NULL || l->sink == NULL || level > l->level)
		return;
	buf_init(&b, LINE_MAX_BYTES);
	if (l->loop != NULL) {
		rfc3339_us(time, loop_wall_us(l->loop));
		(void)buf_addf(&b, "%s ", time);
	}
	(void)buf_addf(&b, "%s ", level_names[level]);
	if (!str_empty(l->process))
		(void)buf_addf(&b, "%s ", l->process);
	str_escape(text, sizeof(text), msg, strlen(msg));
	(void)buf_adds(&b, text);
	for (; fields != NULL && fields->type != LOG_F_END; fields++) {
		size_t before = b.n;

		add_field(&b, fields);
		if (b.overflow) {
			/* Whole fields only, and a mark that some are gone. */
			b.overflow = false;
			b.max += sizeof(" ...");
			b.n = before;
			(void)buf_adds(&b, " ...");
			break;
		}
	}
	l->sink(l->arg, buf_str(&b), b.n);
	buf_free(&b);
}

bool
log_level_parse(const char *s, enum log_level *out)
{
	size_t n = sizeof(level_names) / sizeof(level_names[0]);

	for (size_t i = 0; i < n; i++) {
		if (str_eq(s, level_names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void
log_sink_stderr(void *arg, const char *line, size_t n)
{
	(void)arg;
	/* One call a line, so that processes sharing a terminal do not mix. */
	(void)fprintf(stderr, "%.*s\n", (int)n, line);
}
