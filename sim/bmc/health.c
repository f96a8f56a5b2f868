/* See health.h. */
#include "sim/bmc/health.h"

#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"

#define AILING_MAX 8

struct ailing {
	char part[24];
	char text[96];   /* "" = none */
	int64_t wall_us; /* since when */
	enum health_level level;
};

struct health {
	struct ailing v[AILING_MAX];
	size_t n;
};

static const char *const level_names[] = {
	[HEALTH_OK] = "OK",
	[HEALTH_WARNING] = "Warning",
	[HEALTH_CRITICAL] = "Critical",
};

static struct ailing *
find(const struct bmc *b, const char *part)
{
	for (size_t i = 0; b->health && i < b->health->n; i++)
		if (str_eq(b->health->v[i].part, part))
			return &b->health->v[i];
	return NULL;
}

static void
heal(struct bmc *b, const char *part)
{
	struct ailing *a = find(b, part);

	if (!a)
		return;
	*a = b->health->v[--b->health->n];
	if (b->health->n == 0)
		health_free(b);
}

bool
health_set(struct bmc *b, const char *part, const char *level, const char *text,
    struct err *e)
{
	enum health_level l = HEALTH_OK;
	struct ailing *a;

	if (str_empty(part) || strlen(part) >= sizeof(a->part))
		return err_set(e, ERR_SPEC, 0, "part is needed, e.g. DIMM2");
	while (l < HEALTH_CRITICAL && !str_eq(level_names[l], level))
		l++;
	if (!str_eq(level_names[l], level))
		return err_set(
		    e, ERR_SPEC, 0, "health must be OK, Warning or Critical");
	if (l == HEALTH_OK) {
		heal(b, part);
		bmc_changed(b);
		return true;
	}
	if (!b->health)
		b->health = xcalloc(1, sizeof(*b->health));
	a = find(b, part);
	if (!a && b->health->n == AILING_MAX)
		return err_set(
		    e, ERR_SPEC, 0, "at most %d parts are unwell", AILING_MAX);
	if (!a)
		a = &b->health->v[b->health->n++];
	(void)str_copy(a->part, sizeof(a->part), part); /* fits */
	(void)str_copy(a->text, sizeof(a->text), text ? text : "");
	a->level = l;
	a->wall_us = bmc_wall(b);
	bmc_changed(b);
	return true;
}

void
health_free(struct bmc *b)
{
	xfree(b->health);
	b->health = NULL;
}

enum health_level
health_worst(const struct bmc *b, const char *prefix)
{
	enum health_level worst = HEALTH_OK;

	for (size_t i = 0; b->health && i < b->health->n; i++) {
		const struct ailing *a = &b->health->v[i];

		if (a->level > worst && str_has_prefix(a->part, prefix))
			worst = a->level;
	}
	return worst;
}

static void
condition(struct jw *w, const struct ailing *a)
{
	jw_list(w, "Conditions");
	jw_open(w, NULL);
	jw_s(w, "MessageId",
	    a->level == HEALTH_WARNING
		? "ResourceEvent.1.3.ResourceStatusChangedWarning"
		: "ResourceEvent.1.3.ResourceStatusChangedCritical");
	jw_s(w, "Message", a->text);
	jw_s(w, "Severity", level_names[a->level]);
	jw_time(w, "Timestamp", a->wall_us);
	jw_close(w);
	jw_end(w);
}

void
view_health(
    struct request *rq, struct jw *w, const char *part, const char *rollup)
{
	const struct ailing *a = find(rq->b, part);

	jw_open(w, "Status");
	jw_s(w, "State", "Enabled");
	jw_s(w, "Health", level_names[a ? a->level : HEALTH_OK]);
	if (rollup)
		jw_s(w, "HealthRollup",
		    level_names[health_worst(rq->b, rollup)]);
	if (a && a->text[0])
		condition(w, a);
	jw_close(w);
}

void
view_health_n(struct request *rq, struct jw *w, const char *part, unsigned n)
{
	char name[24];

	(void)str_format(name, sizeof(name), "%s%u", part, n); /* our names */
	view_health(rq, w, name, NULL);
}
