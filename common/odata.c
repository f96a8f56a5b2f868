/* See odata.h. */
#include "common/odata.h"

#include "common/str.h"

static bool
is_link(const cJSON *c)
{
	return c->string && cJSON_IsString(c) &&
	       (str_eq(c->string, "@odata.id") ||
		   str_eq(c->string, "@Redfish.ActionInfo"));
}

void
odata_links(
    const cJSON *j, void (*link)(void *arg, const char *target), void *arg)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, j) {
		if (is_link(c))
			link(arg, c->valuestring);
		else if (c->child)
			odata_links(c, link, arg);
	}
}
