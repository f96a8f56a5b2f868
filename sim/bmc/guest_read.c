/* A system that reads its media: what os_look() wants, drive by drive. */
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/drive.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/guest.h"
#include "sim/bmc/guest_impl.h"
#include "sim/bmc/iso.h"
#include "sim/bmc/journal.h"
#include "sim/bmc/media_trust.h"
#include "sim/bmc/medium.h"

#define RANGE_MS 60000
#define RANGE_MIN_US (2 * LOOP_S)

struct guest_reading {
	struct guest *g;
	struct os_look look;
	struct os_drive drive[OS_DRIVES];
	struct drive *io[OS_DRIVES]; /* owned */
	size_t opening;              /* drive whose size is asked for */
	char family[16];
	unsigned slot;
	bool disk;         /* the first boot of what is on the disk */
	const char *phase; /* that was told last */
	int64_t bytes;
	uint64_t passed;           /* of what is only read */
	uint64_t pass_at, pass_to; /* such a range, in pieces */
};

static void next(struct guest_reading *r);

void
guest_read_stop(struct guest *g)
{
	struct guest_reading *r = g->reading;

	if (r == NULL)
		return;
	for (size_t i = 0; i < OS_DRIVES; i++) {
		drive_free(r->io[i]);
		disc_fini(&r->drive[i].disc);
	}
	xfree(r);
	g->reading = NULL;
}

static void
tell(struct guest_reading *r, const char *phase)
{
	struct bmc *b = r->g->b;
	struct bmc_event ev = { .kind = BMC_EV_MEDIUM_READ,
		.text = phase,
		.bytes = r->bytes,
		.slot = b->profile->slots[r->slot].id };

	if (phase != NULL)
		journal_add(b->fleet->journal, b, &ev);
}

static void
fail(struct guest_reading *r, const char *why)
{
	struct guest *g = r->g;
	char text[256];

	(void)str_format(text, sizeof(text), "system: %s", why);
	guest_read_stop(g);
	machine_guest_read(g->b, text);
}

/* ---- ranges --------------------------------------------------------------------- */

/* As much of a kernel or a root file system as a boot reads at most. */
static bool
pass_on(struct guest_reading *r)
{
	const struct bmc_fleet *f = r->g->b->fleet;
	uint64_t n = r->pass_to - r->pass_at, left;
	uint64_t chunk = (uint64_t)f->read_chunk;

	left = (uint64_t)f->read_max > r->passed
		   ? (uint64_t)f->read_max - r->passed
		   : 0;
	if (n > chunk)
		n = chunk;
	if (n > left)
		n = left;
	if (n == 0)
		return false;
	drive_read(r->io[r->look.wants], r->pass_at, n);
	r->pass_at += n;
	r->passed += n;
	r->bytes += (int64_t)n;
	return true;
}

static void
got(void *arg, const void *p, const char *why)
{
	struct guest_reading *r = arg;
	struct disc *d = &r->drive[r->look.wants].disc;

	if (why != NULL) {
		fail(r, why);
		return;
	}
	if (d->want_pass) {
		if (pass_on(r))
			return;
		p = NULL;
	} else {
		r->bytes += (int64_t)d->want_n;
	}
	disc_put(d, p);
	next(r);
}

static void
want(struct guest_reading *r)
{
	const struct disc *d = &r->drive[r->look.wants].disc;

	if (!d->want_pass) {
		drive_read(r->io[r->look.wants], d->want_at, d->want_n);
		return;
	}
	r->pass_at = d->want_at;
	r->pass_to = d->want_at + d->want_n;
	if (!pass_on(r))
		got(r, NULL, NULL);
}

static void
next(struct guest_reading *r)
{
	struct os_facts *f = xcalloc(1, sizeof(*f));
	struct guest *g = r->g;
	enum os_step s = os_look(&r->look, f);
	bool disk;

	if (!r->disk && !str_eq(r->phase, r->look.phase)) {
		tell(r, r->phase);
		r->phase = r->look.phase;
	}
	if (s == OS_WANTS) {
		xfree(f);
		want(r);
		return;
	}
	if (!r->disk) {
		tell(r, r->phase);
		tell(r, "done");
	}
	disk = r->disk;
	guest_read_stop(g);
	guest_found(g, f, disk);
}

/* ---- drives ---------------------------------------------------------------------- */

static void open_next(struct guest_reading *r);

static void
done(void *arg, const void *p, const char *why)
{
	struct guest_reading *r = arg;
	size_t i = r->opening;

	if (i == OS_DRIVES) {
		got(arg, p, why);
		return;
	}
	if (why != NULL && i == r->slot && !r->disk) {
		fail(r, why);
		return;
	}
	r->drive[i].there = why == NULL; /* else it is empty to the system */
	if (why == NULL)
		disc_init(&r->drive[i].disc, (uint64_t)drive_size(r->io[i]));
	r->opening++;
	open_next(r);
}

static void
open_next(struct guest_reading *r)
{
	struct bmc *b = r->g->b;
	const struct drive_fns fn = { done, r };
	struct medium_opts o = { .env = b->fleet->env };

	while (r->opening < b->profile->n_slots && r->opening < OS_DRIVES &&
	       !(b->st.slots[r->opening].inserted &&
		   b->st.slots[r->opening].image))
		r->opening++;
	if (r->opening >= b->profile->n_slots || r->opening >= OS_DRIVES) {
		r->opening = OS_DRIVES;
		next(r);
		return;
	}
	o.url = b->st.slots[r->opening].image;
	o.timeout_us = bmc_us(b, RANGE_MS);
	if (o.timeout_us < RANGE_MIN_US)
		o.timeout_us = RANGE_MIN_US;
	media_trust_apply(b, (unsigned)r->opening, &o);
	r->io[r->opening] = drive_open(&o, &fn);
}

static struct guest_reading *
begin(struct guest *g, const char *family)
{
	struct guest_reading *r = xcalloc(1, sizeof(*r));
	const struct bmc_profile *p = g->b->profile;

	guest_read_stop(g);
	g->reading = r;
	r->g = g;
	(void)str_copy(r->family, sizeof(r->family), family);
	for (size_t i = 0; i < OS_DRIVES && i < p->n_slots; i++)
		r->drive[i].name = p->slots[i].id;
	r->look = (struct os_look){
		.family = r->family, .drive = r->drive, .n = OS_DRIVES
	};
	return r;
}

void
guest_read(struct bmc *b, unsigned slot, const struct iso_facts *f)
{
	struct guest_reading *r = begin(guest_of(b), f->family);

	r->slot = slot;
	r->look.installer = f->installer;
	r->look.uefi = b->m.uefi;
	r->look.optional = f->optional;
	r->look.boot = slot;
	r->look.esp_at = (uint64_t)f->uefi.lba * ISO_SECTOR;
	r->look.esp_size = (uint64_t)f->uefi.sectors * 512;
	open_next(r);
}

void
guest_read_disk(struct guest *g)
{
	struct guest_reading *r = begin(g, g->disk->family);

	r->disk = true;
	r->look.installer = true;
	r->look.first_boot = true;
	open_next(r);
}
