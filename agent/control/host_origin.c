/*
 * One request in flight per BMC also where several hosts name the same one:
 * systems behind one controller, or a mistake that the identity check is about
 * to find. A pass holds its BMC's origin from its first request to its end.
 */
#include "agent/control/host_pass.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"

void
host_origin_set(struct host_ctl *ctl, const char *address)
{
	struct controllers *c = ctl->c;
	char origin[URL_MAX] = "";
	struct url u;

	host_origin_give(ctl);
	if (ctl->origin != NULL)
		links_remove(&c->by_origin, ctl->origin, ctl->key);
	if (address != NULL && url_parse(&u, address, NULL))
		url_origin(&u, origin, sizeof(origin));
	xreplace(&ctl->origin, origin[0] == '\0' ? NULL : origin);
	if (ctl->origin != NULL)
		links_add(&c->by_origin, ctl->origin, ctl->key);
}

bool
host_origin_take(struct host_ctl *ctl)
{
	struct controllers *c = ctl->c;
	void *holder;

	if (ctl->origin == NULL)
		return true;
	holder = map_get(&c->origins, ctl->origin);
	if (holder == NULL)
		(void)map_put(&c->origins, ctl->origin, ctl); /* was free */
	ctl->wants_origin = holder != NULL && holder != ctl;
	return !ctl->wants_origin;
}

/* Only who waits, and one at a time. */
static bool
host_origin_wake(void *arg, const char *key)
{
	struct controllers *c = arg;
	struct host_ctl *next = map_get(&c->host_ctls, key);

	if (next == NULL || !next->wants_origin)
		return true;
	next->wants_origin = false;
	workq_add(c->host_q, key);
	return false;
}

void
host_origin_give(struct host_ctl *ctl)
{
	struct controllers *c = ctl->c;

	if (ctl->origin == NULL || map_get(&c->origins, ctl->origin) != ctl)
		return;
	(void)map_take(&c->origins, ctl->origin); /* it was ours */
	links_each(&c->by_origin, ctl->origin, host_origin_wake, c);
}
