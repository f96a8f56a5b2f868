/* Helpers of the views. See view.h. */
#include "sim/bmc/view.h"

#include <string.h>

#include "common/str.h"
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
