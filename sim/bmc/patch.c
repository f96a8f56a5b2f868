/*
 * PATCH, once for all resources (DSP0266 7.11): what is known is staged, what
 * is not becomes a message; if anything was staged it is done and the others
 * are warnings, else the request fails.
 */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/request.h"

#define NEST_MAX 4

struct walk {
	struct request *rq;
	const struct patch_def *d;
	unsigned staged, odata, seen, refused;
	cJSON *shown; /* owned; the resource as it reads, once needed */
};

void
value_text(const cJSON *v, char *out, size_t cap)
{
	char *text;

	if (cJSON_IsString(v)) {
		(void)str_copy(out, cap, v->valuestring); /* cut is fine */
		return;
	}
	text = json_print(v);
	(void)str_copy(out, cap, text);
	xfree(text);
}

static bool
wrong_type(struct request *rq, const char *path, const cJSON *v)
{
	const char *name = strrchr(path, '/');
	char text[64];

	value_text(v, text, sizeof(text));
	request_say(
	    rq, REF_PROPERTY_TYPE, path, text, name ? name + 1 : path, NULL);
	return false;
}

bool
patch_str(
    struct request *rq, const char *path, const cJSON *v, char *out, size_t cap)
{
	const char *name = strrchr(path, '/');

	if (cJSON_IsNull(v)) {
		out[0] = '\0';
		return true;
	}
	if (!cJSON_IsString(v))
		return wrong_type(rq, path, v);
	if (str_copy(out, cap, v->valuestring))
		return true;
	request_say(rq, REF_PROPERTY_FORMAT, path, "(too long)",
	    name ? name + 1 : path, NULL);
	return false;
}

bool
patch_bool(struct request *rq, const char *path, const cJSON *v, bool *out)
{
	if (!cJSON_IsBool(v))
		return wrong_type(rq, path, v);
	*out = cJSON_IsTrue(v);
	return true;
}

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool
patch_int(struct request *rq, const char *path, const cJSON *v, int64_t lo,
    int64_t hi, int64_t *out)
{
	char text[64];

	if (!json_is_integer(v))
		return wrong_type(rq, path, v);
	if (v->valuedouble >= (double)lo && v->valuedouble <= (double)hi) {
		*out = (int64_t)v->valuedouble;
		return true;
	}
	value_text(v, text, sizeof(text));
	request_say(rq, REF_PROPERTY_RANGE, path, text, last_part(path), NULL);
	return false;
}

bool
patch_enum(struct request *rq, const char *path, const cJSON *v,
    const char *const *names, int *out)
{
	if (!cJSON_IsString(v))
		return wrong_type(rq, path, v);
	for (int i = 0; names[i]; i++) {
		if (!str_eq(names[i], v->valuestring))
			continue;
		*out = i;
		return true;
	}
	request_say(rq, REF_PROPERTY_VALUE, path, v->valuestring,
	    last_part(path), NULL);
	return false;
}

static const struct patch_row *
row_of(const struct walk *wk, const char *path)
{
	for (size_t i = 0; i < wk->d->n; i++)
		if (str_eq(wk->d->rows[i].path, path))
			return &wk->d->rows[i];
	return NULL;
}

static bool
row_below(const struct walk *wk, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < wk->d->n; i++)
		if (strncmp(wk->d->rows[i].path, path, n) == 0 &&
		    wk->d->rows[i].path[n] == '/')
			return true;
	return false;
}

/* Not writable: read-only if the resource shows it, else unknown. */
static void
not_writable(struct walk *wk, const char *path, const char *name)
{
	struct request *rq = wk->rq;
	struct err e = { 0 };

	if (!wk->shown) {
		struct buf b;

		buf_init(&b, REPLY_BODY_MAX);
		request_render(rq, &b);
		wk->shown = json_parse(buf_str(&b), b.n, &e);
		buf_free(&b);
	}
	if (json_at(wk->shown, path)) {
		request_say(rq, REF_PROPERTY_READ_ONLY, path, name, NULL, NULL);
	} else if (rq->p->boot_unknown == UNKNOWN_IGNORE) {
		wk->odata++; /* as if it had not been there */
		return;
	} else {
		request_say(rq, REF_PROPERTY_UNKNOWN, path, name, NULL, NULL);
	}
	wk->refused++;
}

static void walk(
    struct walk *wk, const cJSON *o, const char *prefix, unsigned depth);

static void
member(struct walk *wk, const cJSON *v, const char *path, unsigned depth)
{
	const struct patch_row *r = row_of(wk, path);

	if (r)
		wk->staged += r->set(wk->rq, v);
	else if (cJSON_IsObject(v) && row_below(wk, path) && depth < NEST_MAX)
		walk(wk, v, path, depth + 1);
	else
		not_writable(wk, path, v->string);
}

static void
walk(struct walk *wk, const cJSON *o, const char *prefix, unsigned depth)
{
	const cJSON *v;
	char path[256];

	cJSON_ArrayForEach (v, o) {
		wk->seen++;
		/* annotations are no properties (DSP0266 7.11) */
		if (strchr(v->string, '@'))
			wk->odata++;
		else if (str_format(path, sizeof(path), "%s%s%s", prefix,
			     *prefix ? "/" : "", v->string))
			member(wk, v, path, depth);
		else
			request_say(wk->rq, REF_PROPERTY_UNKNOWN, NULL,
			    "(too long)", NULL, NULL);
	}
}

static void
answer(struct request *rq)
{
	/* nothing staged may show in it: a dry run reads as before */
	if (rq->p->patch_reply == PATCH_204 || rq->p->success_error_body) {
		request_done(rq);
		return;
	}
	buf_reset(&rq->out);
	rq->status = 200;
	request_render(rq, &rq->out);
}

void
patch_run(struct request *rq, const struct patch_def *d, void *stage)
{
	struct walk wk = { .rq = rq, .d = d };

	if (!rq->json) {
		request_refuse(rq, REF_MALFORMED_JSON, NULL, NULL, NULL, NULL);
		return;
	}
	rq->stage = stage;
	walk(&wk, rq->json, "", 0);
	cJSON_Delete(wk.shown);
	if (wk.seen == 0) {
		request_refuse(rq, REF_EMPTY_JSON, NULL, NULL, NULL, NULL);
	} else if ((wk.staged == 0 && rq->n_messages) ||
		   /* bmcweb: all or nothing */
		   (wk.refused && rq->p->boot_unknown == UNKNOWN_STRICT)) {
		rq->failed = true;
	} else if (wk.staged == 0) {
		request_refuse(rq, REF_NO_OPERATION, NULL, NULL, NULL, NULL);
	} else if (d->commit(rq)) {
		rq->failed = false;
		answer(rq);
	}
	rq->stage = NULL;
}
