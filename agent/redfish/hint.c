#include "agent/redfish/hint.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"

/* The services that the schema names; their ids are fixed by DSP0266. */
static bool
origin_elsewhere(const char *origin)
{
	static const char *const segments[] = { "/SessionService",
		"/AccountService", "/TaskService", "/EventService",
		"/TelemetryService" };
	size_t i;

	for (i = 0; i < sizeof(segments) / sizeof(segments[0]); i++)
		if (strstr(origin, segments[i]))
			return true;
	return false;
}

static bool
event_concerns(const cJSON *event)
{
	const char *id = json_str(event, "MessageId", "");
	/* Before 1.1 of the schema it was the path itself. */
	const char *origin = json_str(event, "OriginOfCondition", NULL);

	if (!origin)
		origin = json_str(event, "OriginOfCondition/@odata.id", "");
	if (str_has_prefix(id, "HeartbeatEvent."))
		return false;
	return !origin_elsewhere(origin);
}

static bool
payload_concerns(const cJSON *payload)
{
	const cJSON *events = json_arr(payload, "Events"), *event;

	if (strstr(json_str(payload, "@odata.type", ""), "MetricReport"))
		return false;
	if (!events || !events->child)
		return true;
	cJSON_ArrayForEach (event, events)
		if (event_concerns(event))
			return true;
	return false;
}

bool
rf_hint_concerns(const char *text, size_t n)
{
	cJSON *payload = json_parse(text, n, NULL);
	bool yes = !payload || payload_concerns(payload);

	cJSON_Delete(payload);
	return yes;
}
