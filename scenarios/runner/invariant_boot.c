/*
 * Boots (SAFETY.md 5, 7): the order of a boot; one boot from the medium an
 * attempt; never a second image over what may have been written.
 */
#include <string.h>

#include "common/loop.h"
#include "common/mem.h"
#include "common/str.h"
#include "scenarios/runner/invariants.h"

#define PERSON (60 * LOOP_S) /* a person may act between look and write */

static bool
boot_disturbed(const struct fact_bmc *b, int64_t now)
{
	return b->lies_until >= now ||
	       (b->person_at != FACT_NEVER && now - b->person_at < PERSON);
}

static void
boot_write(struct invariants *x, const struct inv_write *w)
{
	const struct fact_bmc *b = w->bmc;
	char name[360];

	if (w->host == NULL || boot_disturbed(b, w->at_us))
		return;
	inv_host_name(w->host, name);
	if (w->kind == WRITE_ARM && (!b->media || !str_eq(b->power, "Off")))
		inv_fail(x, "boot-order", name,
		    "override \"%s\" with the machine %s and %s medium",
		    w->text, b->power, b->media ? "a" : "no");
	if (w->kind == WRITE_INSERT && !str_eq(b->power, "Off"))
		inv_fail(x, "boot-order", name,
		    "a medium was inserted with the machine %s", b->power);
}

/* The boot loader of the medium runs now. */
static void
boot_loaded(struct invariants *x, struct fact_bmc *b)
{
	const struct fact_object *h = facts_host_of(&x->facts, b);
	const char *why = "";
	char key[128], name[360];

	if (h == NULL || b->boot_by == CAUSE_PERSON || b->boot_by == CAUSE_NONE)
		return;
	inv_host_name(h, name);
	(void)str_format(key, sizeof(key), "%s/%lld", h->record.claim,
	    (long long)h->record.attempt);
	(void)facts_condition(h->tree, "HostProvisioned", &why);
	if (str_eq(b->boot_key, key) && b->lies_until < x->facts.now_us)
		inv_fail(x, "boot-once-per-attempt", name,
		    "attempt %lld of claim %s booted the medium again",
		    (long long)h->record.attempt, h->record.claim);
	if (b->boot_by == CAUSE_AGENT &&
	    (str_eq(h->record.phase, "provisioned") ||
		(str_eq(why, "WaitingForEvidence") &&
		    str_eq(b->boot_key, key))))
		inv_fail(x, "boot-no-reimage", name,
		    "the medium was booted in phase %s, reason %s",
		    h->record.phase, why);
	xreplace(&b->boot_key, key);
}

static void
boot_event(struct invariants *x, struct fact_bmc *b, const struct bmc_event *ev)
{
	if (ev->kind == BMC_EV_MEDIUM_READ && str_eq(ev->text, "loader"))
		boot_loaded(x, b);
}

const struct inv_group inv_boot = { .write = boot_write,
	.before_bmc = boot_event };
