/* See guest.h: what a system found, and what came of it. */
#include "sim/bmc/guest.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/guest_impl.h"
#include "sim/bmc/journal.h"

static const char *const states[] = { "None", "Missing", "Unreadable", "Found",
	"Failed", "Bootstrapped" };

struct guest *
guest_of(struct bmc *b)
{
	if (b->m.guest == NULL) {
		b->m.guest = xcalloc(1, sizeof(*b->m.guest));
		b->m.guest->b = b;
	}
	return b->m.guest;
}

void
guest_stop(struct bmc *b)
{
	struct guest *g = b->m.guest;

	if (g == NULL)
		return;
	guest_read_stop(g);
	guest_report_stop(g);
}

void
guest_reset(struct bmc *b)
{
	struct guest *g = b->m.guest;

	guest_stop(b);
	if (g == NULL)
		return;
	g->now = NULL;
	g->status = GUEST_NONE;
	g->reports = 0;
	g->reported = false;
	xfree(g->live);
	g->live = NULL;
}

void
guest_free(struct bmc *b)
{
	struct guest *g = b->m.guest;

	if (g == NULL)
		return;
	guest_reset(b);
	xfree(g->disk);
	xfree(g);
	b->m.guest = NULL;
}

/* ---- what was found ----------------------------------------------------------- */

static void
tell_found(struct guest *g)
{
	const struct os_facts *f = g->now;
	bool found = f->state == OS_DATA_FOUND;

	journal_notef(g->b, BMC_EV_USER_DATA, "%s %s: %s%s%s%s",
	    states[g->status], f->family, found ? f->source : f->why,
	    g->from_disk ? " (on the disk)" : "", found ? " sha256 " : "",
	    f->sha256);
}

/* What was read goes to the disk. */
static void
keep(struct guest *g)
{
	xfree(g->disk);
	g->disk = g->live;
	g->live = NULL;
}

static enum guest_status
status_of(const struct os_facts *f)
{
	static const enum guest_status status[] = {
		[OS_DATA_NONE] = GUEST_NONE,
		[OS_DATA_MISSING] = GUEST_MISSING,
		[OS_DATA_UNREADABLE] = GUEST_UNREADABLE,
		[OS_DATA_FOUND] = GUEST_FOUND,
		[OS_DATA_LATER] = GUEST_NONE,
	};

	return status[f->state];
}

/* What runs now, by f, boots or does not. */
static void
go_on(struct guest *g, const struct os_facts *f, bool disk)
{
	char why[DISC_WHY + 32];

	g->now = f;
	g->from_disk = disk;
	g->status = status_of(f);
	if (g->status != GUEST_NONE)
		tell_found(g);
	(void)str_format(why, sizeof(why), "user data: %s", f->why);
	machine_guest_read(g->b,
	    g->status == GUEST_MISSING || g->status == GUEST_UNREADABLE ? why
									: NULL);
}

void
guest_found(struct guest *g, struct os_facts *f, bool disk)
{
	xfree(g->live);
	g->live = f;
	if (disk) /* a first boot that found nothing is over as well */
		keep(g);
	go_on(g, f, disk);
}

bool
guest_disk(struct bmc *b)
{
	struct guest *g = b->m.guest;

	if (g == NULL || g->disk == NULL)
		return false;
	g->reported = g->disk_reported;
	if (g->disk->state == OS_DATA_LATER)
		guest_read_disk(g);
	else
		go_on(g, g->disk, true);
	return true;
}

void
guest_installed(struct bmc *b, bool family)
{
	struct guest *g = b->m.guest;

	if (g == NULL)
		return;
	xfree(g->disk);
	g->disk = NULL;
	g->disk_reported = false;
	if (family && g->live != NULL &&
	    (g->live->state == OS_DATA_FOUND ||
		g->live->state == OS_DATA_LATER))
		keep(g);
}

void
guest_up(struct bmc *b)
{
	struct guest *g = b->m.guest;
	const struct os_facts *f = g != NULL ? g->now : NULL;

	if (f == NULL || f->state != OS_DATA_FOUND)
		return;
	if (f->fails) {
		g->status = GUEST_FAILED;
		journal_note(b, BMC_EV_BOOTSTRAP_FAILED, f->why);
	} else {
		g->status = GUEST_BOOTSTRAPPED;
		journal_note(b, BMC_EV_BOOTSTRAPPED,
		    f->kubelet ? f->provider_id : "no kubelet");
	}
	if (f->report_url[0] != '\0' && !g->reported &&
	    (g->from_disk || !f->report_installed))
		guest_report(g);
}

/* ---- looking ------------------------------------------------------------------- */

cJSON *
guest_json(const struct bmc *b)
{
	static const struct os_facts none = { .state = OS_DATA_NONE };
	const struct guest *g = b->m.guest;
	const struct os_facts *f = g != NULL && g->now ? g->now : &none;
	cJSON *j = cJSON_CreateObject();

	json_set_str(j, "state", states[g != NULL ? g->status : GUEST_NONE]);
	json_set_str(j, "why", f->why);
	json_set_str(j, "family", f->family);
	json_set_str(j, "source", f->source);
	json_set_str(j, "format", f->format);
	json_set_i64(j, "bytes", (int64_t)f->bytes);
	json_set_str(j, "sha256", f->sha256);
	json_set_str(j, "instanceID", f->instance_id);
	json_set_str(j, "hostname", f->hostname);
	json_set_str(j, "nodeName", f->node_name);
	json_set_str(j, "providerID", f->provider_id);
	json_set_bool(j, "kubelet", f->kubelet);
	json_set_bool(j, "reportURL", f->report_url[0] != '\0');
	json_set_bool(j, "reported", g != NULL && g->reported);
	json_set_i64(j, "reports", g != NULL ? g->reports : 0);
	json_set_bool(j, "fromDisk", g != NULL && g->now && g->from_disk);
	return j;
}
