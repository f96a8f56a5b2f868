/* Helpers of the views. See view.h. */
#include "sim/bmc/view.h"

#include <string.h>

#include "common/str.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"

void
view_names(struct jw *w, const char *id, const char *name)
{
	jw_s(w, "Id", id);
	jw_s(w, "Name", name);
}

void
view_status(struct jw *w, bool rollup)
{
	jw_open(w, "Status");
	jw_s(w, "State", "Enabled");
	jw_s(w, "Health", "OK");
	if (rollup)
		jw_s(w, "HealthRollup", "OK");
	jw_close(w);
}

void
view_members(struct jw *w, const char *name)
{
	jw_s(w, "Name", name);
	jw_list(w, "Members");
}

void
view_members_end(struct jw *w, long count)
{
	jw_end(w);
	jw_i(w, "Members@odata.count", count);
}

static void
machine_ref(struct jw *w, const struct bmc *b, enum machine_id what)
{
	switch (what) {
	case SYSTEM_ID:
		jw_ref(w, NULL, SYS, b->sys_id);
		break;
	case MANAGER_ID:
		jw_ref(w, NULL, MGR, b->mgr_id);
		break;
	case CHASSIS_ID:
		jw_ref(w, NULL, CHA, b->cha_id);
		break;
	}
}

void
view_machines_end(
    struct request *rq, struct jw *w, enum machine_id what, long others)
{
	const struct bmc_fleet *f = rq->b->fleet;

	if (!f->one_service)
		machine_ref(w, rq->b, what);
	for (unsigned i = 0; f->one_service && i < f->count; i++)
		machine_ref(w, &f->bmcs[i], what);
	view_members_end(w, others + (f->one_service ? f->count : 1));
}

void
view_action(struct request *rq, struct jw *w, const char *action)
{
	char key[64];

	(void)str_format(key, sizeof(key), "#%s", action); /* our own names */
	jw_open(w, key);
	jw_uri(w, "target", "%s/Actions/%s", rq->path, action);
}

unsigned
view_number(const struct request *rq, unsigned i, const char *prefix, long max)
{
	const char *s = rq->arg[i];
	int64_t n = 0;

	if (!str_has_prefix(s, prefix))
		return 0;
	s += strlen(prefix);
	if (*s == '0' || !str_to_i64(s, &n) || n < 1 || n > max)
		return 0;
	return (unsigned)n;
}
