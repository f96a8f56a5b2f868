#include "agent/delivery/payload.h"

#include <string.h>

#include "agent/delivery/tree.h"
#include "common/str.h"

#define LINE_MAX_BYTES 900 /* RFC 5322 allows 998 */
#define LOOK 4096          /* how far cloud-init looks for a header of MIME */

struct mark {
	const char *text;
	enum payload_kind kind;
	const char *type;
};

/* As cloud-init tells parts: after white space, without regard to case; longer
 * ones first where one begins another. */
static const struct mark marks[] = {
	{ "#cloud-config-archive", PAYLOAD_OTHER, "text/cloud-config-archive" },
	{ "#cloud-config-jsonp", PAYLOAD_OTHER, "text/cloud-config-jsonp" },
	{ "#cloud-config", PAYLOAD_CLOUD_CONFIG, "text/cloud-config" },
	{ "## template: jinja", PAYLOAD_JINJA, "text/jinja2" },
	{ "#cloud-boothook", PAYLOAD_OTHER, "text/cloud-boothook" },
	{ "#part-handler", PAYLOAD_OTHER, "text/part-handler" },
	{ "#include-once", PAYLOAD_OTHER, "text/x-include-once-url" },
	{ "#include", PAYLOAD_OTHER, "text/x-include-url" },
	{ "#!", PAYLOAD_SCRIPT, "text/x-shellscript" },
	{ "#kairos-config", PAYLOAD_KAIROS, NULL },
	{ "#node-config", PAYLOAD_KAIROS, NULL },
	{ "{", PAYLOAD_IGNITION, NULL },
	{ "version: v1alpha1", PAYLOAD_TALOS, NULL },
	{ "apiVersion: v1alpha1", PAYLOAD_TALOS, NULL },
	{ "machine:", PAYLOAD_TALOS, NULL },
};

static bool
same_fold(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char x = a[i], y = b[i];

		x = (char)(x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x);
		y = (char)(y >= 'A' && y <= 'Z' ? y - 'A' + 'a' : y);
		if (x != y)
			return false;
	}
	return true;
}

static bool
holds(const char *p, size_t n, const char *text, bool fold)
{
	size_t m = strlen(text);

	for (size_t i = 0; i + m <= n; i++)
		if (fold ? same_fold(p + i, text, m)
			 : memcmp(p + i, text, m) == 0)
			return true;
	return false;
}

/* A header field at the very start: a MIME message has nothing before it. */
static bool
begins_with_header(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && i < 64 && (str_is_alnum(p[i]) || p[i] == '-'))
		i++;
	return i > 0 && i < n && p[i] == ':';
}

static bool
is_plain(const char *p, size_t n)
{
	size_t line = 0;

	for (size_t i = 0; i < n; i++) {
		line = p[i] == '\n' ? 0 : line + 1;
		if (line > LINE_MAX_BYTES || ((p[i] < ' ' || p[i] > '~') &&
						 p[i] != '\n' && p[i] != '\t'))
			return false;
	}
	return true;
}

/* Comments and blank lines of YAML do not count for Talos. */
static size_t
skip_comments(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		if (p[i] == '#') {
			while (i < n && p[i] != '\n')
				i++;
		} else if (n - i >= 4 && memcmp(p + i, "---\n", 4) == 0) {
			i += 4;
		} else if (strchr(" \t\r\n", p[i]) != NULL && p[i] != '\0') {
			i++;
		} else {
			break;
		}
	}
	return i;
}

static const struct mark *
find(const char *p, size_t n)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		size_t m = strlen(marks[i].text);

		if (m <= n && same_fold(p, marks[i].text, m))
			return &marks[i];
	}
	return NULL;
}

/* The specification's major version; 0: this is no Ignition configuration. */
static unsigned
ignition_spec(const char *p, size_t n)
{
	struct err e;
	cJSON *j = json_parse(p, n, &e);
	const char *version = json_str(j, "ignition/version", "");
	unsigned spec = str_has_prefix(version, "3.")   ? 3
			: str_has_prefix(version, "2.") ? 2
							: 0;

	tree_drop(j);
	return spec;
}

void
payload_look(struct payload *out, const void *data, size_t n)
{
	const char *p = data;
	const struct mark *m;
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	out->plain = is_plain(p, n);
	out->sentinel = holds(p, n, "bootstrap-success.complete", false);
	if (n >= 2 && memcmp(p, "\x1f\x8b", 2) == 0) {
		out->kind = PAYLOAD_GZIP;
		out->type = "application/gzip";
		return;
	}
	if (begins_with_header(p, n) &&
	    holds(p, n < LOOK ? n : LOOK, "mime-version:", true)) {
		out->kind = PAYLOAD_MIME;
		return;
	}
	while (at < n && strchr(" \t\r\n\v\f", p[at]) != NULL && p[at] != '\0')
		at++;
	m = find(p + at, n - at);
	if (m == NULL) {
		at += skip_comments(p + at, n - at);
		m = find(p + at, n - at);
		if (m != NULL && m->kind != PAYLOAD_TALOS)
			m = NULL;
	}
	if (m == NULL)
		return;
	out->kind = m->kind;
	out->type = m->type;
	if (m->kind == PAYLOAD_IGNITION)
		out->spec = ignition_spec(p, n);
	if (m->kind == PAYLOAD_IGNITION && out->spec == 0)
		out->kind = PAYLOAD_UNKNOWN;
}

const char *
payload_name(enum payload_kind k)
{
	static const char *const names[] = {
		[PAYLOAD_UNKNOWN] = "nothing that is known",
		[PAYLOAD_CLOUD_CONFIG] = "a cloud-config",
		[PAYLOAD_JINJA] = "a template of cloud-init",
		[PAYLOAD_SCRIPT] = "a script",
		[PAYLOAD_OTHER] = "data for cloud-init",
		[PAYLOAD_MIME] = "a MIME message",
		[PAYLOAD_GZIP] = "compressed by gzip",
		[PAYLOAD_IGNITION] = "an Ignition configuration",
		[PAYLOAD_TALOS] = "a Talos machine configuration",
		[PAYLOAD_KAIROS] = "a Kairos configuration",
	};

	return names[k];
}

bool
payload_format(const char *word, enum delivery_format *out)
{
	static const struct {
		const char *word;
		enum delivery_format format;
	} words[] = {
		{ "cloud-config", DELIVERY_CLOUD_INIT },
		{ "cloud-init", DELIVERY_CLOUD_INIT },
		{ "autoinstall", DELIVERY_AUTOINSTALL },
		{ "ignition", DELIVERY_IGNITION },
		{ "combustion", DELIVERY_COMBUSTION },
		{ "talos", DELIVERY_TALOS },
		{ "kairos", DELIVERY_KAIROS },
	};

	*out = DELIVERY_FORMAT_AUTO;
	if (str_empty(word))
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_ieq(words[i].word, word)) {
			*out = words[i].format;
			return true;
		}
	return false;
}
