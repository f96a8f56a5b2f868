/* Prints cJSON trees. cJSON's own printer writes 1e+15 for a large integer,
 * asks the locale for its decimal point and passes bad UTF-8 on. */
#include "common/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/json_node.h"
#include "common/str.h"

#define EXACT_MAX 9007199254740992.0

static void print_value(struct buf *b, const cJSON *j, int indent);

/* Nothing here looks at what the buffer's adds return: it has no cap, since
 * everything in memory has been through one. */
static void
print_odd_string(struct buf *b, const char *s, size_t n)
{
	size_t from = 0, i = 0, len;

	(void)buf_addc(b, '"');
	for (; (i += json_plain(s + i, n - i)) < n; i += len) {
		const char *with = NULL;
		char text[8];

		len = str_utf8_len(s + i, n - i);
		if (len == 0) {
			len = 1;
			with = "\xef\xbf\xbd"; /* U+FFFD */
		} else if (s[i] == '"') {
			with = "\\\"";
		} else if (s[i] == '\\') {
			with = "\\\\";
		} else if (s[i] == '\n') {
			with = "\\n";
		} else if ((unsigned char)s[i] < 0x20) {
			(void)str_format(
			    text, sizeof(text), "\\u%04x", (unsigned)s[i]);
			with = text;
		}
		if (with == NULL)
			continue;
		(void)buf_add(b, s + from, i - from);
		(void)buf_adds(b, with);
		from = i + len;
	}
	(void)buf_add(b, s + from, n - from);
	(void)buf_addc(b, '"');
}

/* Most strings stand for themselves. */
static void
print_string(struct buf *b, const char *s)
{
	size_t n = strlen(s);
	char *at;

	if (json_plain(s, n) < n) {
		print_odd_string(b, s, n);
		return;
	}
	at = buf_extend(b, n + 2);
	if (at == NULL)
		return;
	at[0] = '"';
	memcpy(at + 1, s, n);
	at[n + 1] = '"';
}

static void
print_number(struct buf *b, double d)
{
	char text[32];
	double back;

	if (!isfinite(d)) {
		(void)buf_adds(b, "null");
		return;
	}
	if (d == trunc(d) && fabs(d) <= EXACT_MAX) {
		(void)buf_addi(b, (int64_t)d);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		(void)str_format(text, sizeof(text), "%.*g", digits, d);
		if (str_to_double(text, &back) && back == d)
			break;
	}
	(void)buf_adds(b, text);
}

static void
new_line(struct buf *b, int indent)
{
	static const char spaces[] = "                                ";

	if (indent < 0)
		return;
	(void)buf_addc(b, '\n');
	for (int left = 2 * indent; left > 0; left -= 32)
		(void)buf_add(b, spaces, left < 32 ? (size_t)left : 32);
}

static void
print_children(struct buf *b, const cJSON *j, int indent)
{
	bool object = cJSON_IsObject(j);
	int inner = indent < 0 ? indent : indent + 1;

	(void)buf_addc(b, object ? '{' : '[');
	for (const cJSON *c = j->child; c != NULL; c = c->next) {
		new_line(b, inner);
		if (object) {
			print_string(b, c->string != NULL ? c->string : "");
			(void)buf_addc(b, ':');
			if (indent >= 0)
				(void)buf_addc(b, ' ');
		}
		print_value(b, c, inner);
		if (c->next != NULL)
			(void)buf_addc(b, ',');
	}
	if (j->child != NULL)
		new_line(b, indent);
	(void)buf_addc(b, object ? '}' : ']');
}

static void
print_value(struct buf *b, const cJSON *j, int indent)
{
	switch (j->type & 0xff) {
	case cJSON_True:
		(void)buf_adds(b, "true");
		break;
	case cJSON_False:
		(void)buf_adds(b, "false");
		break;
	case cJSON_Number:
		print_number(b, j->valuedouble);
		break;
	case cJSON_Raw:
		(void)buf_adds(b, j->valuestring);
		break;
	case cJSON_String:
		print_string(b, j->valuestring);
		break;
	case cJSON_Array:
	case cJSON_Object:
		print_children(b, j, indent);
		break;
	default:
		(void)buf_adds(b, "null");
	}
}

static char *
print(const cJSON *j, int indent)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	if (j == NULL)
		(void)buf_adds(&b, "null");
	else
		print_value(&b, j, indent);
	return buf_take(&b, NULL);
}

char *
json_print(const cJSON *j)
{
	return print(j, -1);
}

char *
json_print_pretty(const cJSON *j)
{
	return print(j, 0);
}
