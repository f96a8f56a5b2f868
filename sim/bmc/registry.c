/* See registry.h. */
#include "sim/bmc/registry.h"

#include <string.h>

#include "common/str.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define NOTHING "None."

static const struct message_def resource_event[] = {
	{ "ResourceChanged", "OK", "Properties of the resource have changed.",
	    NOTHING },
	{ "ResourceCreated", "OK", "The resource was created.", NOTHING },
	{ "ResourceRemoved", "OK", "The resource was removed.", NOTHING },
	{ "ResourcePoweringOn", "OK", "The resource '%1' is powering on.",
	    NOTHING },
	{ "ResourcePoweredOn", "OK", "The resource '%1' has powered on.",
	    NOTHING },
	{ "ResourcePoweringOff", "OK", "The resource '%1' is powering off.",
	    NOTHING },
	{ "ResourcePoweredOff", "OK", "The resource '%1' has powered off.",
	    NOTHING },
	{ "ResourceStateChanged", "OK",
	    "The state of the resource '%1' has changed to %2.", NOTHING },
	{ "ResourceStatusChangedOK", "OK",
	    "The health of the resource '%1' has changed to %2.", NOTHING },
	{ "ResourceStatusChangedWarning", "Warning",
	    "The health of the resource '%1' has changed to %2.",
	    "Look at the resource." },
	{ "ResourceStatusChangedCritical", "Critical",
	    "The health of the resource '%1' has changed to %2.",
	    "Look at the resource." },
	{ "ResourceErrorsDetected", "Warning",
	    "The resource '%1' has errors of the type '%2'.",
	    "Look at the resource." },
	{ "TestMessage", "OK", "This is a test message.", NOTHING },
};

static const struct message_def task_event[] = {
	{ "TaskStarted", "OK", "The task with the Id '%1' has started.",
	    NOTHING },
	{ "TaskCompletedOK", "OK", "The task with the Id '%1' has completed.",
	    NOTHING },
	{ "TaskCompletedWarning", "Warning",
	    "The task with the Id '%1' has completed with warnings.",
	    "Look at the messages of the task." },
	{ "TaskAborted", "Critical",
	    "The task with the Id '%1' has completed with errors.",
	    "Look at the messages of the task." },
	{ "TaskCancelled", "Warning",
	    "The task with the Id '%1' was cancelled.", NOTHING },
	{ "TaskRemoved", "Warning", "The task with the Id '%1' was removed.",
	    NOTHING },
	{ "TaskProgressChanged", "OK",
	    "The task with the Id '%1' is %2 percent complete.", NOTHING },
};

static const struct message_def update[] = {
	{ "TargetDetermined", "OK",
	    "The target '%1' will be updated with the image '%2'.", NOTHING },
	{ "TransferringToComponent", "OK",
	    "The image '%1' is being transferred to '%2'.", NOTHING },
	{ "InstallingOnComponent", "OK",
	    "The image '%1' is being installed on '%2'.", NOTHING },
	{ "AwaitToActivate", "OK",
	    "The image '%1' on '%2' waits until it is activated.",
	    "Reset the component." },
	{ "UpdateSuccessful", "OK",
	    "The device '%1' was updated with the image '%2'.", NOTHING },
	{ "TransferFailed", "Critical",
	    "The image '%1' could not be transferred to '%2'.",
	    "Correct the URI, or put the image there." },
	{ "VerificationFailed", "Critical",
	    "The image '%1' at '%2' is no image for this device.",
	    "Use an image that is made for it." },
	{ "ApplyFailed", "Critical",
	    "The image '%1' could not be installed on '%2'.",
	    "Try again after a reset." },
};

static const struct message_def heartbeat[] = {
	{ "RedfishServiceFunctional", "OK", "The Redfish service works.",
	    NOTHING },
};

/* The vendor's own: what a machine does that no standard message tells. */
static const struct message_def sim_event[] = {
	{ "BootProgress", "OK", "The system has reached the boot state %1.",
	    NOTHING },
	{ "BootStarted", "OK", "The system boots from %1.", NOTHING },
	{ "BootFailed", "Warning", "The system could not boot: %1.",
	    "Look at the boot devices." },
	{ "OverrideUsed", "OK", "The boot override '%1' was used.", NOTHING },
	{ "OverrideChanged", "OK", "The boot override is now '%1'.", NOTHING },
	{ "PowerButton", "OK", "The power button was pressed (%1).", NOTHING },
	{ "SystemReset", "OK", "The system was reset: %1.", NOTHING },
	{ "ResetRequested", "OK", "A reset of the type %1 was requested.",
	    NOTHING },
	{ "ShutdownIgnored", "Warning",
	    "Nobody heard the request to shut down (%1).",
	    "Use a forced type." },
	{ "MediaInserted", "OK", "A medium was inserted into %1.", NOTHING },
	{ "MediaEjected", "OK", "The medium in %1 was ejected.", NOTHING },
	{ "MediaFailed", "Warning", "A medium could not be mounted: %1.",
	    "Correct the URL, or put the image there." },
	{ "ManagerStarted", "OK", "The manager has started.", NOTHING },
	{ "BoardReplaced", "Warning", "The system board was replaced.",
	    NOTHING },
	{ "LoginFailed", "Warning", "A login as '%1' has failed.",
	    "Look at who tries to log in." },
	{ "CredentialsChanged", "OK", "An account has changed: %1.", NOTHING },
	{ "CertificateChanged", "OK", "The certificate was replaced.",
	    NOTHING },
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

const struct registry *
registry_at(size_t i)
{
	static const struct registry all[] = {
		{ "Base", "", "Base Message Registry", "DMTF", message_base,
		    0 },
		{ "ResourceEvent", "1.3", "Resource Event Message Registry",
		    "DMTF", resource_event, N(resource_event) },
		{ "TaskEvent", "1.0", "Task Event Message Registry", "DMTF",
		    task_event, N(task_event) },
		{ "Update", "1.0", "Update Message Registry", "DMTF", update,
		    N(update) },
		{ "HeartbeatEvent", "1.0", "Heartbeat Event Message Registry",
		    "DMTF", heartbeat, N(heartbeat) },
		{ "SimEvent", "1.0", "Machine Event Message Registry",
		    "Contoso", sim_event, N(sim_event) },
	};

	return i < N(all) ? &all[i] : NULL;
}

static size_t
count_of(const struct registry *r)
{
	return r->defs == message_base ? message_count() : r->n;
}

const struct registry *
registry_by_prefix(const char *s, size_t n)
{
	const struct registry *r;

	for (size_t i = 0; (r = registry_at(i)); i++)
		if (strlen(r->prefix) == n && memcmp(r->prefix, s, n) == 0)
			return r;
	return NULL;
}

unsigned
registry_args(const struct message_def *d)
{
	unsigned n = 0;

	for (const char *s = d->text; *s; s++)
		if (s[0] == '%' && s[1] >= '1' && s[1] <= '9' &&
		    (unsigned)(s[1] - '0') > n)
			n = (unsigned)(s[1] - '0');
	return n;
}

/* A message by its full id, of any registry but Base. */
const struct message_def *
message_find(const char *id)
{
	const char *dot = strchr(id, '.'), *last = strrchr(id, '.');
	const struct registry *r =
	    dot ? registry_by_prefix(id, (size_t)(dot - id)) : registry_at(0);

	for (size_t i = 0; r && i < count_of(r); i++)
		if (str_eq(r->defs[i].id, last ? last + 1 : id))
			return &r->defs[i];
	return NULL;
}

/* ---- served ------------------------------------------------------------- */

/* "ResourceEvent.1.3"; Base as the profile writes it. */
static void
full_name(const struct request *rq, const struct registry *r, char out[64])
{
	if (r->defs == message_base)
		(void)str_copy(out, 64, rq->p->registry); /* short */
	else
		(void)str_format(out, 64, "%s.%s", r->prefix, r->version);
}

static bool
by_bios(const struct request *rq)
{
	return rq->p->services & SERVICE_BIOS;
}

static void
view_registries(struct request *rq, struct jw *w)
{
	const struct registry *r;
	long n = 0;

	view_members(w, "Registries");
	for (; (r = registry_at((size_t)n)); n++)
		jw_ref(w, NULL, V1 "/Registries/%s", r->prefix);
	if (by_bios(rq)) {
		jw_ref(w, NULL, V1 "/Registries/" BIOS_REGISTRY);
		n++;
	}
	view_members_end(w, n);
}

static void
file(struct request *rq, struct jw *w, const char *registry, const char *id,
    const char *name, bool published)
{
	view_names(w, id, name);
	jw_s(w, "Registry", registry);
	jw_list(w, "Languages");
	jw_s(w, NULL, "en");
	jw_end(w);
	jw_list(w, "Location");
	jw_open(w, NULL);
	jw_s(w, "Language", "en");
	if (published)
		jw_sf(w, "PublicationUri",
		    "https://redfish.dmtf.org/registries/%s.json", registry);
	jw_sf(w, "Uri", V1 "/registries/%s.json", registry);
	jw_close(w);
	jw_end(w);
	(void)rq;
}

static bool
exists_file(struct request *rq)
{
	return registry_by_prefix(rq->arg[0], strlen(rq->arg[0])) ||
	       (by_bios(rq) && str_eq(rq->arg[0], BIOS_REGISTRY));
}

static void
view_file(struct request *rq, struct jw *w)
{
	const struct registry *r =
	    registry_by_prefix(rq->arg[0], strlen(rq->arg[0]));
	char full[64];

	if (!r) {
		file(rq, w, BIOS_REGISTRY, BIOS_REGISTRY,
		    "BIOS Attribute Registry", false);
		return;
	}
	full_name(rq, r, full);
	file(rq, w, full, r->prefix, r->name, str_eq(r->owner, "DMTF"));
}

static const struct registry *
of_file(const struct request *rq)
{
	char full[64], name[80];
	const struct registry *r;

	for (size_t i = 0; (r = registry_at(i)); i++) {
		full_name(rq, r, full);
		(void)str_format(name, sizeof(name), "%s.json", full);
		if (str_eq(name, rq->arg[0]))
			return r;
	}
	return NULL;
}

static bool
exists_registry(struct request *rq)
{
	return of_file(rq) != NULL;
}

static void
view_message(struct jw *w, const struct message_def *d)
{
	unsigned n = registry_args(d);

	jw_open(w, d->id);
	jw_s(w, "Description", d->text);
	jw_s(w, "Message", d->text);
	/* Severity is deprecated since MessageRegistry 1.4 */
	jw_s(w, "MessageSeverity", d->severity);
	jw_i(w, "NumberOfArgs", n);
	if (n) {
		jw_list(w, "ParamTypes");
		for (unsigned i = 0; i < n; i++)
			jw_s(w, NULL, "string");
		jw_end(w);
	}
	jw_s(w, "Resolution", d->resolution);
	jw_close(w);
}

/* What follows the prefix, "1.18" or "v1_10_0", as "1.18.0" and "1.10.0". */
static void
write_version(struct jw *w, const char *full)
{
	const char *s = strchr(full, '.');
	unsigned dots = 0;
	char v[32];
	size_t n = 0;

	for (s = s ? s + 1 : "1.0"; *s && n + 1 < sizeof(v); s++) {
		if (*s == 'v')
			continue;
		v[n] = *s == '_' ? '.' : *s;
		dots += v[n++] == '.';
	}
	v[n] = '\0';
	jw_sf(w, "RegistryVersion", "%s%s", v, dots < 2 ? ".0" : "");
}

static void
view_registry(struct request *rq, struct jw *w)
{
	const struct registry *r = of_file(rq);
	char full[64];

	if (!r)
		return; /* exists_registry() was asked before */
	full_name(rq, r, full);
	jw_open(w, NULL);
	jw_s(w, "@odata.type", "#MessageRegistry.v1_6_2.MessageRegistry");
	jw_s(w, "Id", full);
	jw_s(w, "Name", r->name);
	jw_s(w, "Language", "en");
	jw_s(w, "RegistryPrefix", r->prefix);
	write_version(w, full);
	jw_s(w, "OwningEntity", r->owner);
	jw_open(w, "Messages");
	for (size_t i = 0; i < count_of(r); i++)
		view_message(w, &r->defs[i]);
	jw_close(w);
	jw_close(w);
}

const struct route registry_routes[] = {
	ROUTE_LIST(
	    V1 "/Registries", "MessageRegistryFile", view_registries, NULL),
	ROUTE_READ(V1 "/Registries/*", "MessageRegistryFile", "v1_1_3",
	    view_file, OP_READ_SERVICE, exists_file),
	{ .pattern = V1 "/registries/*",
	    .flags = ROUTE_RAW,
	    .get = view_registry,
	    .op_get = OP_READ_SERVICE,
	    .exists = exists_registry },
	{ .pattern = NULL },
};
