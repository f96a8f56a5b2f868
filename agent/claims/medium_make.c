/* How a claim's media are made: medium.h. */
#include <string.h>

#include "agent/claims/medium.h"
#include "common/digest.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/str.h"

#define HASH_HEX 32

const char *
medium_pinned(const struct medium *t)
{
	const struct live_claim *c = live_get(t->m->o.live, t->host);

	return c != NULL && str_eq(c->claim, t->claim) &&
		       c->attempt == t->attempt
		   ? c->data
		   : "";
}

static void
part_free(struct medium *t, enum token_purpose which)
{
	if (t->readers[which].of != NULL)
		reader_fini(&t->readers[which]);
	memset(&t->readers[which], 0, sizeof(t->readers[which]));
	composed_free(&t->made[which]);
}

void
medium_part(struct medium *t)
{
	t->parted = t->made[TOKEN_CONFIG].size > 0;
	part_free(t, TOKEN_CONFIG);
}

void
medium_evict(struct medium *t)
{
	part_free(t, TOKEN_MEDIUM);
	part_free(t, TOKEN_CONFIG);
	t->parted = false;
	t->m->bytes -= t->bytes;
	t->bytes = 0;
	base_image_unref(t->image);
	t->image = NULL;
	if (t->state == MEDIUM_READY)
		t->state = MEDIUM_IDLE;
}

void
medium_stop(struct medium *t)
{
	wish_cancel(t->reading);
	t->reading = NULL;
	source_stop(&t->run);
	wish_free(&t->wish);
	delivery_free(&t->delivery);
	memset(&t->delivery, 0, sizeof(t->delivery));
}

static void
fail(struct medium *t, enum boot_media_state state, const char *data_reason,
    const struct err *e)
{
	medium_stop(t);
	medium_evict(t);
	t->data_reason = data_reason;
	medium_done(t, state, e);
}

/* ---- what it is --------------------------------------------------------- */

static void
hash_text(struct sha256_ctx *h, const char *s)
{
	sha256_more(h, s, strlen(s) + 1);
}

/* Over all that its bytes are made of: base, data and settings, whose it is. */
static void
name_it(struct medium *t)
{
	static const char *const words[] = { [DELIVERY_AUTO] = "none",
		[DELIVERY_EMBEDDED] = "embedded",
		[DELIVERY_CONFIG_DRIVE] = "config",
		[DELIVERY_NONE] = "none" };
	struct boot_media_answer *a = &t->answer;
	struct sha256_ctx h;
	uint8_t sum[32];
	char hex[65], attempt[16];

	(void)str_format(attempt, sizeof(attempt), "%d", t->attempt);
	delivery_hash(&t->delivery, sum);
	sha256_begin(&h);
	hash_text(&h, "beskar7 medium 1");
	sha256_more(&h, t->image->p.sha256, 32);
	sha256_more(&h, sum, 32);
	hash_text(&h, t->host);
	hash_text(&h, t->claim);
	hash_text(&h, attempt);
	sha256_end(&h, sum);
	hex_encode(hex, sum, 32);
	memset(a, 0, sizeof(*a));
	a->percent = 100;
	a->config = t->delivery.config.label != NULL;
	a->report = t->delivery.report;
	a->data_reason = t->delivery.reason;
	if (a->data_reason != NULL)
		(void)str_format(a->message, sizeof(a->message),
		    t->wish.mode == DELIVERY_NONE
			? "spec.userData.delivery is None: the "
			  "image is as it is"
			: "the Machine has no bootstrap data: the "
			  "image is as it is");
	/* Whether there was another drive is part of what must come out again. */
	(void)str_format(a->data, sizeof(a->data), "%s:%.*s%s",
	    words[t->delivery.mode], HASH_HEX, hex, t->second ? "+" : "");
	for (size_t i = 0; i < TOKEN_MEDIA; i++)
		(void)str_format(t->etag[i], sizeof(t->etag[i]), "\"%.*s-%c\"",
		    HASH_HEX, hex, i == TOKEN_MEDIUM ? 'b' : 'c');
}

/* ---- composing ---------------------------------------------------------- */

/* Nothing is added: the base from end to end. */
static void
as_it_is(struct composed *c, uint64_t size)
{
	c->size = size;
	c->v = xcalloc(1, sizeof(*c->v));
	c->v[0] = (struct composed_piece){ .n = size, .kind = COMPOSED_BASE };
	c->n = c->cap = 1;
}

static bool
report_url(const struct medium *t, char *out, size_t cap)
{
	struct token_of of = { t->ns, t->name, t->claim, t->attempt };
	char token[TOKEN_CAP];
	bool ok =
	    live_token_of(t->m->o.live, &of, TOKEN_REPORT, t->former, token) &&
	    token_url(out, cap, t->m->report_url, TOKEN_REPORT, token);

	secret_wipe(token, sizeof(token));
	return ok;
}

static struct delivery_bytes
bytes_of(const struct secret *s)
{
	return (struct delivery_bytes){ s->p, s->n };
}

static enum media_step
deliver(struct medium *t, struct sparse *base, struct err *e)
{
	const struct wish *w = &t->wish;
	char url[600];
	struct delivery_in in = { .mode = w->mode,
		.format = w->format,
		.secret_format = w->v[WISH_FORMAT].p,
		.data = bytes_of(&w->v[WISH_DATA]),
		.wrapper = bytes_of(&w->v[WISH_WRAPPER]),
		.network = bytes_of(&w->v[WISH_NETWORK]),
		.meta = w->meta,
		.n_meta = w->n_meta,
		.instance_id = t->claim,
		.hostname = w->hostname,
		.provider_id = w->provider_id,
		.kernel_args = w->kernel_args,
		.report_url = url,
		.report_ca = t->m->report_ca,
		.installer = w->installer,
		.second_drive = t->second,
		.cd = &t->image->p.cd,
		.base = base };
	enum media_step step;

	if (!report_url(t, url, sizeof(url))) {
		(void)err_set(e, ERR_BUSY, 0,
		    "the key of the media server is not known yet");
		return MEDIA_BAD;
	}
	if (!w->has_data)
		in.mode = DELIVERY_NONE;
	delivery_free(&t->delivery);
	memset(&t->delivery, 0, sizeof(t->delivery));
	step = delivery(&t->delivery, &in, e);
	secret_wipe(url, sizeof(url));
	if (step == MEDIA_BAD)
		t->data_reason = t->delivery.reason;
	return step;
}

static enum media_step
step(void *arg, struct sparse *base, struct err *e)
{
	struct medium *t = arg;
	struct delivery_out *d = &t->delivery;
	enum media_step is = deliver(t, base, e);

	if (is != MEDIA_DONE)
		return is;
	if (d->iso.n_files == 0 && str_empty(d->iso.args) &&
	    str_empty(d->iso.label)) {
		as_it_is(&t->made[TOKEN_MEDIUM], t->image->p.cd.size);
	} else {
		is = compose(&t->made[TOKEN_MEDIUM], &t->image->p.cd, base,
		    &d->iso, NULL, e);
		if (is == MEDIA_BAD)
			t->media_reason = "ImageRefused";
		if (is != MEDIA_DONE)
			return is;
	}
	if (d->config.label == NULL ||
	    volume_make(&t->made[TOKEN_CONFIG], &d->config, e))
		return MEDIA_DONE;
	t->data_reason =
	    e->kind == ERR_TOO_BIG ? "TooLarge" : "FormatUnsupported";
	return MEDIA_BAD;
}

static void compose_it(struct medium *t);

/* The record says what it is to be: it may have been made under the former key. */
static bool
is_other(struct medium *t)
{
	const char *pinned = medium_pinned(t);
	struct err e;

	if (pinned[0] == '\0' || str_eq(pinned, t->answer.data))
		return false;
	if (!t->former && t->m->o.live->keys.has_former) {
		t->former = true;
		medium_evict(t);
		t->image = base_image(t->user.base);
		if (t->image != NULL) {
			compose_it(t);
			return true;
		}
	}
	t->former = false;
	(void)err_set(&e, ERR_SPEC, 0,
	    "the image or the data that goes into it has changed since the "
	    "boot began: nothing is served but what was recorded");
	fail(t, BOOT_MEDIA_REFUSED, "BootstrapDataChanged", &e);
	return true;
}

static void
composed(struct medium *t)
{
	for (size_t i = 0; i < TOKEN_MEDIA; i++) {
		if (t->made[i].size == 0)
			continue;
		reader_init(&t->readers[i], &t->made[i], t->image->source);
		t->bytes += composed_memory(&t->made[i]);
	}
	t->m->bytes += t->bytes;
	name_it(t);
	if (is_other(t))
		return;
	medium_stop(t); /* the Secrets go */
	t->state = MEDIUM_READY;
	medium_done(t, BOOT_MEDIA_READY, NULL);
}

/* Reasons that the user has to do something about. */
static enum boot_media_state
state_of(const struct medium *t, const struct err *e)
{
	if (t->data_reason != NULL &&
	    str_eq(t->data_reason, "WaitingForBootstrapData"))
		return BOOT_MEDIA_RETRY;
	return t->data_reason != NULL || t->media_reason != NULL ||
		       e->kind == ERR_SPEC || e->kind == ERR_TOO_BIG
		   ? BOOT_MEDIA_REFUSED
		   : BOOT_MEDIA_RETRY;
}

static void
run_turn(void *arg)
{
	struct medium *t = arg;
	struct err e = t->failed;

	if (e.kind == ERR_NONE) {
		composed(t);
		return;
	}
	/* What the base cannot be read for is its own matter. */
	if (t->data_reason == NULL && t->media_reason == NULL)
		t->media_reason = e.kind == ERR_SPEC || e.kind == ERR_TOO_BIG
				      ? "ImageRefused"
				  : e.kind == ERR_BUSY ? NULL
						       : "OriginFailed";
	fail(t,
	    e.kind == ERR_SPEC || e.kind == ERR_TOO_BIG ? state_of(t, &e)
							: BOOT_MEDIA_RETRY,
	    t->data_reason, &e);
}

static void
ran(void *arg, const struct err *e)
{
	struct medium *t = arg;

	t->failed.kind = ERR_NONE;
	if (e != NULL)
		t->failed = *e;
	loop_defer(t->m->env->loop, &t->turn, run_turn, t);
}

static void
compose_it(struct medium *t)
{
	t->state = MEDIUM_COMPOSING;
	t->media_reason = t->data_reason = NULL;
	source_run(&t->run, t->image->source, &t->image->p.base, step, ran, t);
}

/* ---- asking ------------------------------------------------------------- */

static void
wished(void *arg, struct wish *w, const char *reason, const struct err *e)
{
	struct medium *t = arg;
	struct base_status s;
	struct err why = { .kind = ERR_NONE };

	t->reading = NULL;
	t->media_reason = NULL;
	if (e != NULL) {
		fail(t, BOOT_MEDIA_RETRY, reason, e);
		return;
	}
	if (!base_want(t->m->o.bases, &t->user, w->image, w->checksum, &why)) {
		t->media_reason = "TooManyImages";
		fail(t, BOOT_MEDIA_RETRY, NULL, &why);
		return;
	}
	base_status(t->user.base, &s);
	t->image = s.state == BASE_READY ? base_image(t->user.base) : NULL;
	if (t->image == NULL) { /* the Secrets are read again by then */
		t->state = MEDIUM_BASE;
		medium_waits(t);
		return;
	}
	t->wish = *w;
	memset(w, 0, sizeof(*w));
	compose_it(t);
}

void
medium_make(struct medium *t)
{
	struct wish_of of = { t->ns, t->name, t->claim };
	const char *pinned = medium_pinned(t);
	size_t n = strlen(pinned);

	timer_stop(&t->again);
	medium_evict(t);
	t->former = false;
	if (n > 0)
		t->second = pinned[n - 1] == '+';
	t->state = MEDIUM_READING;
	t->reading = wish_read(t->m->kube, &of, wished, t);
}
