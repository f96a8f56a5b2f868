/* See matrix_words.h. */
#include "tests/unit/matrix_words.h"

#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define GROUP "infrastructure.cluster.x-k8s.io"

/* The first row whose action (and more) is part of the rule. Words are apart
 * by '|'; letter case does not matter. */
static const struct {
	const char *rule, *words;
} rows[] = {
	{ "\"status\":503", "HTTP 503" },
	{ "\"status\":401", "HTTP 401" },
	{ "\"status\":403", "HTTP 403" },
	{ "\"status\":404", "HTTP 404|task" },
	{ "\"status\":406", "HTTP 406" },
	{ "\"status\":409", "HTTP 409" },
	{ "\"status\":412", "HTTP 412|If-Match" },
	{ "\"status\":415", "HTTP 415" },
	{ "\"status\":417", "HTTP 417" },
	{ "\"status\":428", "HTTP 428|If-Match" },
	{ "\"status\":400", "HTTP 400" },
	{ "\"status\":500", "HTTP 500" },
	{ "\"action\":\"rate-limit\"", "HTTP 429" },
	{ "\"action\":\"expire-session\"", "HTTP 401" },
	{ "\"action\":\"certificate\"", "no TLS with|certificate" },
	{ "\"action\":\"silent\"", "no answer in time" },
	{ "\"tls\":\"stall\"", "no answer in time" },
	{ "\"tls\":\"1.3", "perhaps only 1.3" },
	{ "\"tls\":\"1.", "no TLS version in common" },
	{ "\"action\":\"tls\"", "no TLS with" },
	{ "\"action\":\"redirect\"", "redirect" },
	{ "\"action\":\"reset\"", "connection reset|closed the connection" },
	{ "\"action\":\"lost-reply\"",
	    "connection reset|closed the connection|no answer" },
	{ "\"action\":\"refuse\"", "connection refused|connection reset" },
	{ "\"action\":\"hang\"", "no answer in time" },
	{ "\"action\":\"latency\"", "no answer in time|took longer" },
	{ "\"action\":\"trickle\"", "no answer in time|took longer" },
	{ "\"action\":\"bad-chunk\"", "does not speak HTTP" },
	{ "\"action\":\"truncate\"", "closed the connection|JSON" },
	{ "\"action\":\"close\"", "closed the connection" },
	{ "\"action\":\"huge-body\"", "too large|larger than|more than" },
	{ "\"action\":\"endless-header\"", "header" },
	{ "\"action\":\"gzip\"", "JSON" },
	{ "\"action\":\"html\"", "JSON" },
	{ "\"action\":\"empty-body\"", "JSON|empty body" },
	{ "\"action\":\"garbage\"", "JSON" },
	{ "\"action\":\"trailing-garbage\"", "JSON: text behind" },
	{ "\"action\":\"cut-json\"", "JSON" },
	{ "\"action\":\"deep-json\"", "JSON" },
	{ "\"action\":\"wrong-types\"", "PowerState|no system|shows no UUID" },
	{ "\"action\":\"nulls\"", "PowerState|no system|shows no UUID" },
	{ "\"action\":\"changed-case\"", "PowerState|no system|shows no UUID" },
	{ "\"property\":\"PowerState\"", "PowerState" },
	{ "\"action\":\"power-stuck\"", "PowerState|did not switch on" },
	{ "\"action\":\"stale-read\"", "waiting for the installed OS" },
	{ "\"action\":\"media-drops\"", "boot loader|no proof" },
	{ "\"action\":\"media-never-mounts\"", "the image|virtual media" },
	{ "\"property\":\"Boot\"", "boot override|no system with Boot" },
	{ "\"property\":\"Actions\"", "Reset action|with Boot and Reset" },
	{ "\"property\":\"VirtualMedia\"", "virtual media" },
	{ "\"property\":\"UUID\"", "UUID" },
	{ "\"property\":\"Members", "no system" },
	{ "\"action\":\"task-", "task" },
	{ NULL, NULL },
};

/* ---- what is told ----------------------------------------------------------- */

static void
add_conditions(struct buf *out, const cJSON *o)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, json_arr(o, "status/conditions")) {
		const char *text = json_str(c, "message", "");

		if (str_eq(json_str(c, "status", ""), "True") ||
		    str_eq(json_str(c, "type", ""), "HostAvailable") ||
		    text[0] == '\0')
			continue;
		(void)buf_addf(out, "%s %s: %s\n", json_str(c, "type", ""),
		    json_str(c, "reason", ""), text);
	}
}

static void
add_events(struct buf *out, struct stage *s)
{
	cJSON *all = kube_server_list(stage_kube(s), "", "events", NULL);
	const cJSON *e;

	cJSON_ArrayForEach (e, all)
		if (str_eq(json_str(e, "type", ""), "Warning"))
			(void)buf_addf(out, "event %s: %s\n",
			    json_str(e, "reason", ""),
			    json_str(e, "message", json_str(e, "note", "")));
	cJSON_Delete(all);
}

char *
matrix_told(struct stage *s)
{
	static const char *const resources[][2] = {
		{ "physicalhosts", "bmc-000" }, { "beskar7machines", "m1" }
	};
	struct buf out;
	char *text;

	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < 2; i++) {
		cJSON *o = kube_server_get(stage_kube(s), GROUP,
		    resources[i][0], "default", resources[i][1]);

		add_conditions(&out, o);
		cJSON_Delete(o);
	}
	add_events(&out, s);
	text = xstrdup(buf_str(&out));
	buf_free(&out);
	return text;
}

/* ---- words ------------------------------------------------------------------- */

static bool
contains(const char *text, const char *word, size_t n)
{
	for (; *text != '\0'; text++)
		if (strncasecmp(text, word, n) == 0)
			return true;
	return false;
}

bool
matrix_names(const char *told, const char *rule)
{
	const char *w = NULL;
	size_t n;

	for (size_t i = 0; w == NULL && rows[i].rule != NULL; i++)
		if (strstr(rule, rows[i].rule) != NULL)
			w = rows[i].words;
	for (; w != NULL && *w != '\0'; w += n + (w[n] == '|')) {
		n = strcspn(w, "|");
		if (contains(told, w, n))
			return true;
	}
	return false;
}
