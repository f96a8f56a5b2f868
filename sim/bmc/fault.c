/* Which fault fires when. See fault.h. */
#include "sim/bmc/fault.h"

#include "common/http.h"
#include "common/json.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/history.h"
#include "sim/bmc/journal.h"

#define ALWAYS_PPM 1000000
/* RFC 5246 7.2 */
#define TLS_ALERT_REFUSED 40 /* handshake_failure */
#define TLS_ALERT_VERSION 70

struct fault_set *
fault_set_new(void)
{
	struct fault_set *s = xcalloc(1, sizeof(*s));

	TAILQ_INIT(&s->list);
	return s;
}

void
fault_free(struct fault *f)
{
	if (!f)
		return;
	xfree(f->id);
	xfree(f->bmc);
	xfree(f->path);
	xfree(f->method);
	xfree(f->body);
	xfree(f->url);
	xfree(f->message_id);
	xfree(f->property);
	xfree(f->header);
	xfree(f->header_value);
	cJSON_Delete(f->value);
	xfree(f);
}

static struct fault *
fault_dup(const struct fault *f)
{
	struct fault *d = xmalloc(sizeof(*d));

	*d = *f;
	d->id = xstrdup(f->id);
	d->bmc = xstrdup(f->bmc);
	d->path = xstrdup(f->path);
	d->method = xstrdup(f->method);
	d->body = xstrdup(f->body);
	d->url = xstrdup(f->url);
	d->message_id = xstrdup(f->message_id);
	d->property = xstrdup(f->property);
	d->header = xstrdup(f->header);
	d->header_value = xstrdup(f->header_value);
	d->value = f->value ? json_dup(f->value) : NULL;
	return d;
}

void
fault_set_free(struct fault_set *s)
{
	struct fault *f;

	if (!s)
		return;
	while ((f = TAILQ_FIRST(&s->list))) {
		TAILQ_REMOVE(&s->list, f, link);
		fault_free(f);
	}
	xfree(s);
}

/* Stale reads need the state as it is from now on. */
static void
arm_history(struct bmc_fleet *fl, const struct fault *f)
{
	for (unsigned i = 0; i < fl->count; i++)
		if (!f->bmc || str_glob(f->bmc, fl->bmcs[i].name))
			history_start(&fl->bmcs[i]);
}

static bool
id_taken(const struct fault_set *s, const char *id)
{
	const struct fault *f;

	TAILQ_FOREACH (f, &s->list, link)
		if (str_eq(f->id, id))
			return true;
	return false;
}

const char *
fault_add(
    struct bmc_fleet *fl, const cJSON *rule, const char *bmc, struct err *e)
{
	struct fault *f = fault_parse(rule, e);
	char *path;

	if (!f)
		return NULL;
	fl->faults->seq++;
	if (!f->id)
		f->id = xasprintf(
		    "fault-%llu", (unsigned long long)fl->faults->seq);
	if (id_taken(fl->faults, f->id)) {
		err_set(e, ERR_SPEC, 0, "fault id %s is taken", f->id);
		fault_free(f);
		return NULL;
	}
	if (bmc)
		xreplace(&f->bmc, bmc);
	f->from_us = loop_mono_us(fl->env->loop);
	if (f->until_us)
		f->until_us += f->from_us;
	path = xasprintf("faults/%s", f->id);
	rng_seed(&f->rng, fl->env->seed, path);
	xfree(path);
	TAILQ_INSERT_TAIL(&fl->faults->list, f, link);
	if (f->action == FAULT_STALE_READ)
		arm_history(fl, f);
	return f->id;
}

unsigned
fault_remove(struct bmc_fleet *fl, const char *id, const char *bmc)
{
	struct fault *f = TAILQ_FIRST(&fl->faults->list), *next;
	unsigned n = 0;

	for (; f; f = next) {
		next = TAILQ_NEXT(f, link);
		if ((id && !str_eq(id, f->id)) || (bmc && !str_eq(bmc, f->bmc)))
			continue;
		TAILQ_REMOVE(&fl->faults->list, f, link);
		fault_free(f);
		n++;
	}
	return n;
}

cJSON *
fault_list_json(const struct bmc_fleet *fl, const char *bmc)
{
	cJSON *list = cJSON_CreateArray();
	const struct fault *f;

	TAILQ_FOREACH (f, &fl->faults->list, link)
		if (!bmc || !f->bmc || str_glob(f->bmc, bmc))
			cJSON_AddItemToArray(list, fault_print(f));
	return list;
}

/* ---- matching ----------------------------------------------------------- */

static bool
alive(const struct fault *f, const struct bmc *b)
{
	if (f->until_us && bmc_now(b) >= f->until_us)
		return false;
	if (f->has_count && f->count <= 0)
		return false;
	return !f->bmc || str_glob(f->bmc, b->name);
}

static bool
meets(const struct fault *f, const struct fault_query *q)
{
	if (f->op >= 0 && (enum bmc_op)f->op != q->op)
		return false;
	if (f->reused && !q->reused)
		return false;
	if (f->method && !str_glob(f->method, q->method))
		return false;
	return !f->path || str_glob(f->path, q->path);
}

/* So many exchanges a minute are let through; the rest hear how long. */
static bool
within_rate(struct fault *f, const struct bmc *b)
{
	int64_t now = bmc_now(b);

	if (now - f->window_us >= LOOP_MIN || !f->window_us) {
		f->window_us = now;
		f->used = 0;
	}
	f->retry_after_s = (f->window_us + LOOP_MIN - now) / LOOP_S + 1;
	return f->used++ < f->per_minute;
}

/* It matched: does it fire this time? */
static bool
fires(struct fault *f, const struct bmc *b)
{
	if (f->after > 0) {
		f->after--;
		return false;
	}
	if (f->ppm < ALWAYS_PPM && !rng_chance_ppm(&f->rng, f->ppm))
		return false;
	if (f->action == FAULT_RATE_LIMIT && within_rate(f, b))
		return false;
	if (f->has_count)
		f->count--;
	f->fired++;
	journal_notef(
	    b, BMC_EV_FAULT, "%s %s", f->id, fault_action_name(f->action));
	return true;
}

static bool
on_exchange(enum fault_action a)
{
	return a > FAULT_CERTIFICATE && a < FAULT_MEDIA_NEVER_MOUNTS;
}

void
fault_on_request(
    struct bmc *b, const struct fault_query *q, struct fault_hits *out)
{
	struct fault *f;

	out->latency_us = 0;
	out->f = NULL;
	TAILQ_FOREACH (f, &b->fleet->faults->list, link) {
		if (!on_exchange(f->action) || !alive(f, b) || !meets(f, q))
			continue;
		if (f->action != FAULT_LATENCY && out->f)
			continue;
		if (!fires(f, b))
			continue;
		if (f->action == FAULT_LATENCY) {
			out->latency_us += f->latency_us;
			out->latency_us += (int64_t)rng_below(
			    &f->rng, (uint64_t)f->jitter_us + 1);
		} else {
			out->f = fault_dup(f);
		}
	}
}

static struct fault *
first(struct bmc *b, enum fault_action a)
{
	struct fault *f;

	TAILQ_FOREACH (f, &b->fleet->faults->list, link)
		if (f->action == a && alive(f, b) && fires(f, b))
			return f;
	return NULL;
}

static bool
any(struct bmc *b, enum fault_action a)
{
	return first(b, a) != NULL;
}

bool
fault_on_connect(struct bmc *b)
{
	return any(b, FAULT_REFUSE);
}

struct fault *
fault_on_handshake(struct bmc *b)
{
	return first(b, FAULT_CERTIFICATE);
}

/* mbedTLS knows no 1.3: who offers nothing else refuses the older ones. */
static void
set_versions(struct http_manner *m, int min, int max)
{
	if (min > TLS_1_2)
		m->alert = TLS_ALERT_VERSION;
	m->max = (enum tls_version)max;
	m->min = (enum tls_version)(min < max ? min : max);
}

static void
tls_manner(struct http_manner *m, enum fault_tls how)
{
	int only = TLS_1_0 + (int)how - FTLS_1_0;

	if (how == FTLS_STALL)
		m->mute = HTTP_STALLS;
	else if (how == FTLS_ALERT)
		m->alert = TLS_ALERT_REFUSED;
	else if (how == FTLS_WEAK_CIPHER)
		m->weak_cipher = true;
	else
		set_versions(m, only, only);
}

void
fault_on_accepted(struct bmc *b, struct http_manner *m)
{
	const struct bmc_profile *p = b->profile;
	const struct fault *f = first(b, FAULT_TLS);

	set_versions(m, TLS_1_0 + p->tls_min, TLS_1_0 + p->tls_max);
	if (f)
		tls_manner(m, (enum fault_tls)f->tls);
	if (any(b, FAULT_SILENT))
		m->mute = HTTP_SILENT;
	m->no_continue = any(b, FAULT_NO_CONTINUE);
}

int64_t
fault_late_us(struct bmc *b)
{
	const struct fault *f = first(b, FAULT_EVENT_LATE);

	return f ? f->latency_us : 0;
}

bool
fault_on_machine(struct bmc *b, enum fault_action a)
{
	return any(b, a);
}

bool
fault_armed(const struct bmc *b, enum fault_action a)
{
	const struct fault *f;

	TAILQ_FOREACH (f, &b->fleet->faults->list, link)
		if (f->action == a && alive(f, b))
			return true;
	return false;
}
