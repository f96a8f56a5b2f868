/* Conditions: set, order, summary. */
#include "agent/kube/condition.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

#define US_PER_S 1000000LL

const char *
cond_status_name(enum cond_status s)
{
	switch (s) {
	case COND_TRUE:
		return "True";
	case COND_FALSE:
		return "False";
	case COND_UNKNOWN:
	case COND_ABSENT:
		break;
	}
	return "Unknown";
}

static const cJSON *
list_of(const cJSON *status)
{
	const cJSON *l =
	    status == NULL ? NULL : json_child(status, "conditions");

	return cJSON_IsArray(l) ? l : NULL;
}

const cJSON *
cond_find(const cJSON *status, const char *type)
{
	const cJSON *l = list_of(status), *it;

	cJSON_ArrayForEach (it, l) {
		const cJSON *t = json_child(it, "type");

		if (cJSON_IsString(t) && str_eq(t->valuestring, type))
			return it;
	}
	return NULL;
}

enum cond_status
cond_get(const cJSON *status, const char *type)
{
	const cJSON *c = cond_find(status, type);
	const char *s;

	if (c == NULL)
		return COND_ABSENT;
	s = json_str(c, "status", "");
	if (str_eq(s, "True"))
		return COND_TRUE;
	return str_eq(s, "False") ? COND_FALSE : COND_UNKNOWN;
}

const char *
cond_reason(const cJSON *status, const char *type)
{
	const cJSON *c = cond_find(status, type);

	return c == NULL ? "" : json_str(c, "reason", "");
}

const char *
cond_message(const cJSON *status, const char *type)
{
	const cJSON *c = cond_find(status, type);

	return c == NULL ? "" : json_str(c, "message", "");
}

/* ---- bounds --------------------------------------------------------------- */

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_word(char c)
{
	return is_alpha(c) || (c >= '0' && c <= '9') || c == '_';
}

/* What core accepts: ^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$, at most 256. */
static void
reason_fit(const char *in, char out[COND_REASON_MAX + 1])
{
	size_t n = 0;

	for (; in != NULL && *in != '\0' && n < COND_REASON_MAX; in++) {
		if (n == 0 ? is_alpha(*in)
			   : is_word(*in) || *in == ',' || *in == ':')
			out[n++] = *in;
	}
	while (n > 0 && !is_word(out[n - 1]))
		n--;
	out[n] = '\0';
	if (n == 0)
		(void)str_copy(out, COND_REASON_MAX + 1, "InternalError");
}

/* Bounds count characters in the schema; bytes are never fewer. */
static char *
message_fit(const char *in)
{
	size_t n = in == NULL ? 0 : strlen(in);

	if (n > COND_MESSAGE_MAX) {
		n = COND_MESSAGE_MAX - 3;
		while (n > 0 && ((unsigned char)in[n] & 0xc0) == 0x80)
			n--;
		return xasprintf("%.*s...", (int)n, in);
	}
	return xstrndup(in == NULL ? "" : in, n);
}

/* ---- set ------------------------------------------------------------------ */

/* Available, Ready first; Deleting, Paused last; others by name. */
static int
rank(const char *type)
{
	static const struct {
		const char *type;
		int rank;
	} fixed[] = { { "Available", 0 }, { "Ready", 1 }, { "Deleting", 3 },
		{ "Paused", 4 } };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (str_eq(type, fixed[i].type))
			return fixed[i].rank;
	}
	return 2;
}

static bool
comes_before(const char *a, const char *b)
{
	int ra = rank(a), rb = rank(b);

	return ra != rb ? ra < rb : strcmp(a, b) < 0;
}

/* Debian's cJSON refuses to insert anywhere but in front: what comes later is
 * taken off and put back. */
static void
insert_sorted(cJSON *list, cJSON *c)
{
	const char *type = json_str(c, "type", "");
	cJSON *later[COND_MAX], *it;
	size_t n = 0;

	cJSON_ArrayForEach (it, list) {
		if (comes_before(type, json_str(it, "type", "")))
			break;
	}
	while (it != NULL && n < COND_MAX) {
		cJSON *next = it->next;

		later[n++] = cJSON_DetachItemViaPointer(list, it);
		it = next;
	}
	cJSON_AddItemToArray(list, c);
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list, later[i]);
}

static cJSON *
list_ensure(cJSON *status)
{
	cJSON *l = json_child(status, "conditions");

	if (cJSON_IsArray(l))
		return l;
	l = cJSON_CreateArray();
	json_set(status, "conditions", l);
	return l;
}

static cJSON *
take(cJSON *status, const char *type)
{
	cJSON *list = json_child(status, "conditions");
	cJSON *it;

	if (!cJSON_IsArray(list))
		return NULL;
	cJSON_ArrayForEach (it, list) {
		if (cJSON_IsObject(it) &&
		    str_eq(json_str(it, "type", ""), type))
			return cJSON_DetachItemViaPointer(list, it);
	}
	return NULL;
}

bool
cond_remove(cJSON *status, const char *type)
{
	cJSON *c = take(status, type);
	const cJSON *l;

	if (c == NULL)
		return false;
	cJSON_Delete(c);
	l = list_of(status);
	if (l != NULL && cJSON_GetArraySize(l) == 0)
		json_set(status, "conditions", NULL);
	return true;
}

static void
time_text(char out[RFC3339_CAP], const cJSON *old, const char *new_status,
    int64_t wall_us)
{
	const char *t =
	    old == NULL ? "" : json_str(old, "lastTransitionTime", "");
	int64_t parsed;

	if (old != NULL && str_eq(json_str(old, "status", ""), new_status) &&
	    rfc3339_parse(t, &parsed) && str_copy(out, RFC3339_CAP, t))
		return;
	rfc3339_s(out, wall_us - wall_us % US_PER_S);
}

static bool
member_is(const cJSON *c, const char *key, const char *text)
{
	const cJSON *v = json_child(c, key);

	return cJSON_IsString(v) && str_eq(v->valuestring, text);
}

/* What stands there is what would be set, to the letter: almost always. */
static bool
stands(const cJSON *old, const char *status, const char *reason,
    const char *message, int64_t generation)
{
	const char *when = json_str(old, "lastTransitionTime", "");
	int64_t n = 0, parsed;

	if (generation > 0 &&
	    (json_get_i64(old, "observedGeneration", &n) != JSON_GOT ||
		n != generation))
		return false;
	return member_is(old, "status", status) &&
	       member_is(old, "reason", reason) &&
	       member_is(old, "message", message) &&
	       rfc3339_parse(when, &parsed) && strlen(when) < RFC3339_CAP &&
	       cJSON_GetArraySize(old) == (generation > 0 ? 6 : 5);
}

bool
cond_set(cJSON *status, const struct cond *c, const struct cond_stamp *at)
{
	const cJSON *old = cond_find(status, c->type);
	const char *st = cond_status_name(c->status);
	char reason[COND_REASON_MAX + 1], when[RFC3339_CAP];
	char *message;
	cJSON *n;

	if (c->status == COND_ABSENT)
		return cond_remove(status, c->type);
	reason_fit(c->reason, reason);
	message = message_fit(c->message);
	if (old != NULL && stands(old, st, reason, message, at->generation)) {
		xfree(message);
		return false;
	}
	time_text(when, old, st, at->wall_us);
	n = cJSON_CreateObject();
	json_set_str(n, "type", c->type);
	json_set_str(n, "status", st);
	if (at->generation > 0)
		json_set_i64(n, "observedGeneration", at->generation);
	json_set_str(n, "lastTransitionTime", when);
	json_set_str(n, "reason", reason);
	json_set_str(n, "message", message);
	xfree(message);
	if (old != NULL && json_equal(old, n)) {
		cJSON_Delete(n);
		return false;
	}
	cJSON_Delete(take(status, c->type));
	if (cJSON_GetArraySize(list_ensure(status)) >= COND_MAX) {
		/* The schema would refuse the whole status. */
		cJSON_Delete(n);
		return false;
	}
	insert_sorted(list_ensure(status), n);
	return true;
}

/* ---- summary -------------------------------------------------------------- */

struct tally {
	struct buf issues, unknowns;
	bool issue, unknown;
	const cJSON *deleting; /* Deleting=True overrides all */
};

static void
line_add(struct buf *b, const char *type, const char *text)
{
	/* A message that does not fit is cut by cond_set. */
	(void)buf_addf(b, "%s* %s: ", b->n > 0 ? "\n" : "", type);
	(void)buf_adds(b, text);
}

static void
tally_one(struct tally *t, const cJSON *status, const struct cond_input *in)
{
	enum cond_status s = cond_get(status, in->type);
	const char *text = cond_message(status, in->type);

	if (text[0] == '\0')
		text = cond_reason(status, in->type);
	if (s == COND_ABSENT && !in->negative) {
		char m[400];

		(void)str_format(
		    m, sizeof(m), "Condition %s not yet reported", in->type);
		t->unknown = true;
		line_add(&t->unknowns, in->type, m);
	} else if (s == (in->negative ? COND_TRUE : COND_FALSE)) {
		t->issue = true;
		line_add(&t->issues, in->type, text);
		if (in->negative && str_eq(in->type, "Deleting"))
			t->deleting = cond_find(status, in->type);
	} else if (s == COND_UNKNOWN) {
		t->unknown = true;
		line_add(&t->unknowns, in->type, text);
	}
}

bool
cond_summarize(cJSON *status, const char *type, const struct cond_input *in,
    size_t n, const struct cond_stamp *at)
{
	struct tally t = { .deleting = NULL };
	struct cond c = { type, COND_TRUE, "Ready", "" };
	char *whole = NULL;
	bool changed;

	buf_init(&t.issues, (size_t)4 * COND_MESSAGE_MAX);
	buf_init(&t.unknowns, (size_t)4 * COND_MESSAGE_MAX);
	for (size_t i = 0; i < n; i++)
		tally_one(&t, status, &in[i]);
	if (t.deleting != NULL) {
		c.status = COND_FALSE;
		c.reason = "Deleting";
		c.message = json_str(t.deleting, "message", "");
	} else if (t.issue || t.unknown) {
		whole = xasprintf("%s%s%s", buf_str(&t.issues),
		    t.issue && t.unknown ? "\n" : "", buf_str(&t.unknowns));
		c.status = t.issue ? COND_FALSE : COND_UNKNOWN;
		c.reason = t.issue ? "NotReady" : "ReadyUnknown";
		c.message = whole;
	}
	/* c.message may be borrowed from the tree; cond_set copies it first. */
	changed = cond_set(status, &c, at);
	xfree(whole);
	buf_free(&t.issues);
	buf_free(&t.unknowns);
	return changed;
}
