#include "agent/delivery/template.h"

#include <string.h>

#include "agent/delivery/nocloud.h"
#include "common/str.h"

#define EXPR_MAX 200

static bool
at_text(const char *p, size_t n, const char *text)
{
	size_t m = strlen(text);

	return n >= m && memcmp(p, text, m) == 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_name(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!str_is_alnum(p[i]) && p[i] != '_')
			return false;
	return n > 0;
}

/* ds.meta_data["NAME"]: p is behind the bracket. The name as it stands. */
static const char *
subscript(const struct delivery_in *in, const char *p, size_t n)
{
	if (n < 4 || (p[0] != '"' && p[0] != '\'') || p[n - 1] != ']' ||
	    p[n - 2] != p[0])
		return NULL;
	return nocloud_value(in, p + 1, n - 3);
}

/* What stands between the braces; NULL = not known. */
static const char *
value(const struct delivery_in *in, const char *p, size_t n)
{
	static const char *const below[] = { "ds.meta_data.", "v1.", "" };

	while (n > 0 && is_blank(*p))
		p++, n--;
	while (n > 0 && is_blank(p[n - 1]))
		n--;
	if (at_text(p, n, "ds.meta_data["))
		return subscript(in, p + 13, n - 13);
	for (size_t i = 0; i < 3; i++) {
		size_t m = strlen(below[i]);

		if (!at_text(p, n, below[i]) || !is_name(p + m, n - m))
			continue;
		/* Of all names only two are known without ds.meta_data. */
		if (i > 0 &&
		    !(n - m == 11 && at_text(p + m, 11, "instance_id")) &&
		    !(n - m == 14 && at_text(p + m, 14, "local_hostname")))
			return NULL;
		return nocloud_value(in, p + m, n - m);
	}
	return NULL;
}

/* The length of "{{ ... }}" at p with a value that is known; 0 = none. */
static size_t
expression(
    const struct delivery_in *in, const char *p, size_t n, const char **out)
{
	size_t end;

	if (!at_text(p, n, "{{"))
		return 0;
	for (end = 2; end + 1 < n && end < EXPR_MAX; end++)
		if (p[end] == '}' && p[end + 1] == '}')
			break;
	if (end + 1 >= n || end == EXPR_MAX)
		return 0;
	*out = value(in, p + 2, end - 2);
	return *out != NULL ? end + 2 : 0;
}

static size_t
line_of(const char *p, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += p[i] == '\n';
	return line;
}

bool
template_render(struct wiped *out, const struct delivery_in *in,
    const void *data, size_t n, struct err *e)
{
	const char *p = data, *text;
	size_t at = 0, done;

	while (at < n && p[at] != '\n')
		at++;
	done = at += at < n; /* its first line says that it is a template */
	while (at < n) {
		size_t len = expression(in, p + at, n - at, &text);

		if (len == 0 && (at_text(p + at, n - at, "{{") ||
				    at_text(p + at, n - at, "{%") ||
				    at_text(p + at, n - at, "{#")))
			return err_set(e, ERR_SPEC, 0,
			    "line %zu of the data is a template that needs "
			    "cloud-init: here, only {{ ds.meta_data.NAME }} of "
			    "a name that is given can be filled in",
			    line_of(p, at));
		if (len == 0) {
			at++;
			continue;
		}
		wiped_add(out, p + done, at - done);
		wiped_adds(out, text);
		done = at += len;
	}
	wiped_add(out, p + done, n - done);
	return true;
}

void
template_fill(
    struct wiped *out, const struct delivery_in *in, const void *data, size_t n)
{
	const char *p = data, *text;
	size_t at = 0, done = 0;

	while (at < n) {
		size_t len = expression(in, p + at, n - at, &text);

		if (len == 0) {
			at++;
			continue;
		}
		wiped_add(out, p + done, at - done);
		wiped_adds(out, text);
		done = at += len;
	}
	wiped_add(out, p + done, n - done);
}
