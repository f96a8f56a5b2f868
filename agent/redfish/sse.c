#include "agent/redfish/sse.h"

#include <string.h>

#include "common/str.h"

static const unsigned char bom[] = { 0xef, 0xbb, 0xbf };

void
sse_init(struct sse *s, size_t data_max, sse_event_fn *fn, void *arg)
{
	memset(s, 0, sizeof(*s));
	s->fn = fn;
	s->arg = arg;
	s->retry_ms = -1;
	buf_init(&s->data, data_max);
}

void
sse_free(struct sse *s)
{
	buf_free(&s->data);
}

/* ---- fields ----------------------------------------------------------------- */

static enum sse_field
field_named(const struct sse *s)
{
	static const struct {
		const char *name;
		enum sse_field field;
	} rows[] = { { "data", SSE_F_DATA }, { "id", SSE_F_ID },
		{ "event", SSE_F_TYPE }, { "retry", SSE_F_RETRY } };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (s->name_n == strlen(rows[i].name) &&
		    memcmp(s->name, rows[i].name, s->name_n) == 0)
			return rows[i].field;
	return SSE_F_NONE;
}

/* The name is complete: a line of data goes on from the one before. */
static void
begin_value(struct sse *s)
{
	s->in_value = true;
	s->field = field_named(s);
	if (s->field != SSE_F_DATA)
		return;
	if (s->has_data && !buf_addc(&s->data, '\n'))
		s->cut = true;
	s->has_data = true;
}

static void
add_data(struct sse *s, const char *p, size_t n)
{
	size_t room = s->data.max - s->data.n;

	if (n > room) {
		s->cut = true;
		n = room;
	}
	(void)buf_add(&s->data, p, n); /* it fits */
}

static void
add_value(struct sse *s, const char *p, size_t n)
{
	size_t room = sizeof(s->value) - 1 - s->value_n;

	if (n > room || memchr(p, '\0', n)) {
		s->value_cut = true; /* of no use then */
		return;
	}
	memcpy(s->value + s->value_n, p, n);
	s->value_n += n;
	s->value[s->value_n] = '\0';
}

static void
take_name(struct sse *s, const char *p, size_t n)
{
	size_t room = sizeof(s->name) - s->name_n;

	if (n > room) /* longer than any that counts: no such field */
		n = room;
	memcpy(s->name + s->name_n, p, n);
	s->name_n += n;
}

static void
take_value(struct sse *s, const char *p, size_t n)
{
	if (!s->value_begun && n > 0) {
		s->value_begun = true;
		if (*p == ' ') {
			p++;
			n--;
		}
	}
	if (n == 0)
		return;
	if (s->field == SSE_F_DATA)
		add_data(s, p, n);
	else if (s->field != SSE_F_NONE)
		add_value(s, p, n);
}

/* ---- lines ------------------------------------------------------------------ */

static void
part_of_line(struct sse *s, const char *p, size_t n)
{
	const char *colon;
	size_t k;

	s->line_n += n;
	if (!s->in_value) {
		colon = memchr(p, ':', n);
		k = colon ? (size_t)(colon - p) : n;
		take_name(s, p, k);
		if (!colon)
			return;
		begin_value(s);
		p += k + 1;
		n -= k + 1;
	}
	take_value(s, p, n);
}

static void
dispatch(struct sse *s)
{
	struct sse_event ev = { .data = buf_str(&s->data),
		.n = s->data.n,
		.type = s->type[0] ? s->type : "message",
		.cut = s->cut };

	if (s->has_data)
		s->fn(s->arg, &ev);
	/* Thousands of streams are silent most of the time. */
	buf_free(&s->data);
	s->type[0] = '\0';
	s->has_data = s->cut = false;
}

static void
apply(struct sse *s)
{
	uint64_t ms;

	if (s->value_cut)
		return;
	if (s->field == SSE_F_ID)
		(void)str_copy(s->id, sizeof(s->id), s->value);
	else if (s->field == SSE_F_TYPE)
		(void)str_copy(s->type, sizeof(s->type), s->value);
	else if (s->field == SSE_F_RETRY && str_to_u64(s->value, &ms) &&
		 ms <= INT32_MAX)
		s->retry_ms = (int64_t)ms;
}

static void
end_of_line(struct sse *s)
{
	bool empty = s->line_n == 0;

	if (!empty && !s->in_value)
		begin_value(s);
	if (empty)
		dispatch(s);
	else if (s->name_n == 0)
		s->comments++;
	else
		apply(s);
	s->name_n = s->value_n = s->line_n = 0;
	s->value[0] = '\0';
	s->in_value = s->value_begun = s->value_cut = false;
	s->field = SSE_F_NONE;
}

/* How much of p is a byte order mark; only at the very start. What turns out to
 * be none belongs to the first line. */
static size_t
skip_bom(struct sse *s, const char *p, size_t n)
{
	size_t used = 0;

	while (s->bom < sizeof(bom) && used < n) {
		if ((unsigned char)p[used] != bom[s->bom]) {
			part_of_line(s, (const char *)bom, s->bom);
			s->bom = sizeof(bom);
			break;
		}
		s->bom++;
		used++;
	}
	return used;
}

/* Length of the run up to the next CR or LF. */
static size_t
run_of_line(const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n), *cr;

	if (lf)
		n = (size_t)(lf - p);
	cr = memchr(p, '\r', n);
	return cr ? (size_t)(cr - p) : n;
}

bool
sse_feed(struct sse *s, const char *p, size_t n, struct err *e)
{
	size_t k = skip_bom(s, p, n);

	p += k;
	n -= k;
	while (n > 0) {
		if (s->after_cr && *p == '\n') {
			s->after_cr = false;
			p++;
			n--;
			continue;
		}
		s->after_cr = false;
		k = run_of_line(p, n);
		part_of_line(s, p, k);
		if (s->line_n > SSE_LINE_MAX)
			return err_set(e, ERR_TOO_BIG, 0,
			    "an event stream with a line of more than %zu "
			    "bytes",
			    SSE_LINE_MAX);
		if (k == n)
			return true;
		s->after_cr = p[k] == '\r';
		end_of_line(s);
		p += k + 1;
		n -= k + 1;
	}
	return true;
}
