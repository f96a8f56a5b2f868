/* UpdateService: firmware inventory, SimpleUpdate, multipart push. */
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "common/url.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/firmware.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/task.h"
#include "sim/bmc/view.h"

#define UPD V1 "/UpdateService"
#define INVENTORY UPD "/FirmwareInventory"
#define PUSH_URI UPD "/upload"
#define SIMPLE "#UpdateService.SimpleUpdate"
/* with its frame it fits into REQUEST_BODY_MAX */
#define IMAGE_MAX (REQUEST_BODY_MAX - 8192)

/* ---- views -------------------------------------------------------------- */

static const struct {
	const char *id, *name;
} parts[FIRMWARE_N] = {
	{ "BIOS", "BIOS Firmware" },
	{ "BMC", "BMC Firmware" },
};

static void
view_service(struct request *rq, struct jw *w)
{
	view_names(w, "UpdateService", "Update Service");
	jw_b(w, "ServiceEnabled", true);
	jw_i(w, "MaxImageSizeBytes", IMAGE_MAX);
	if (rq->p->update_push)
		jw_uri(w, "MultipartHttpPushUri", PUSH_URI);
	view_status(w, false);
	jw_ref(w, "FirmwareInventory", INVENTORY);
	jw_open(w, "Actions");
	view_action(rq, w, "UpdateService.SimpleUpdate");
	jw_list(w, "TransferProtocol@Redfish.AllowableValues");
	jw_s(w, NULL, "HTTP");
	jw_s(w, NULL, "HTTPS");
	jw_end(w);
	jw_uri(w, "@Redfish.ActionInfo", UPD "/SimpleUpdateActionInfo");
	jw_close(w);
	jw_close(w);
}

static void
parameter(struct jw *w, const char *name, bool required, const char *type)
{
	jw_open(w, NULL);
	jw_s(w, "Name", name);
	jw_b(w, "Required", required);
	jw_s(w, "DataType", type);
	if (str_eq(name, "TransferProtocol")) {
		jw_list(w, "AllowableValues");
		jw_s(w, NULL, "HTTP");
		jw_s(w, NULL, "HTTPS");
		jw_end(w);
	}
	jw_close(w);
}

static void
view_info(struct request *rq, struct jw *w)
{
	(void)rq;
	view_names(w, "SimpleUpdateActionInfo", "Simple Update Action Info");
	jw_list(w, "Parameters");
	parameter(w, "ImageURI", true, "String");
	parameter(w, "Targets", false, "StringArray");
	parameter(w, "TransferProtocol", false, "String");
	parameter(w, "Username", false, "String");
	parameter(w, "Password", false, "String");
	parameter(w, "ForceUpdate", false, "Boolean");
	jw_end(w);
}

static void
view_inventory(struct request *rq, struct jw *w)
{
	(void)rq;
	view_members(w, "Firmware Inventory");
	for (int i = 0; i < FIRMWARE_N; i++)
		jw_ref(w, NULL, INVENTORY "/%s", parts[i].id);
	view_members_end(w, FIRMWARE_N);
}

static int
part_of(const char *id)
{
	for (int i = 0; i < FIRMWARE_N; i++)
		if (str_eq(parts[i].id, id))
			return i;
	return -1;
}

static bool
exists_part(struct request *rq)
{
	return part_of(rq->arg[0]) >= 0;
}

/* fwupd wants a GUID; the same for all machines of a kind. */
static void
software_id(const struct bmc_profile *p, const char *part, char out[40])
{
	uint64_t a = str_hash(part, str_hash(p->manufacturer, 1));
	uint64_t b = str_hash(part, str_hash(p->model, a));

	(void)snprintf(out, 40, "%08x-%04x-5%03x-a%03x-%012llx",
	    (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff),
	    (unsigned)(a & 0xfff), (unsigned)(b >> 52),
	    (unsigned long long)(b & 0xffffffffffffULL));
}

static void
view_part(struct request *rq, struct jw *w)
{
	enum firmware_part p = (enum firmware_part)part_of(rq->arg[0]);
	bool bios = p == FIRMWARE_BIOS;
	char id[40];

	software_id(rq->p, parts[p].id, id);
	view_names(w, parts[p].id, parts[p].name);
	jw_s(w, "Version", firmware_version(rq->b, p));
	jw_b(w, "Updateable", true);
	jw_s(w, "SoftwareId", id);
	jw_s(w, "Manufacturer", rq->p->manufacturer);
	jw_list(w, "RelatedItem");
	if (bios)
		jw_ref(w, NULL, SYS, rq->b->sys_id);
	else
		jw_ref(w, NULL, MGR, rq->b->mgr_id);
	jw_end(w);
	jw_i(w, "RelatedItem@odata.count", 1);
	jw_open(w, "Status");
	jw_s(w, "State",
	    firmware_waiting(rq->b, p) ? "StandbySpare" : "Enabled");
	jw_s(w, "Health", "OK");
	jw_close(w);
}

/* ---- SimpleUpdate ------------------------------------------------------- */

static bool
type_fits(const cJSON *c)
{
	if (str_eq(c->string, "Targets"))
		return cJSON_IsArray(c);
	if (str_eq(c->string, "ForceUpdate"))
		return cJSON_IsBool(c);
	return cJSON_IsString(c);
}

static bool
simple_fits(struct request *rq)
{
	static const char *const known[] = { "ImageURI", "Targets",
		"TransferProtocol", "Username", "Password", "ForceUpdate",
		"LocalImage", "Stage" };
	const cJSON *c;

	cJSON_ArrayForEach (c, rq->json) {
		size_t i = 0;

		if (strchr(c->string, '@'))
			continue;
		while (i < 6 && !str_eq(known[i], c->string))
			i++;
		if (i == 6)
			return request_refuse(rq, REF_PARAMETER_UNKNOWN,
			    c->string, SIMPLE, c->string, NULL);
		if (!type_fits(c))
			return request_refuse(rq, REF_PARAMETER_TYPE, c->string,
			    "(wrong type)", c->string, SIMPLE);
	}
	return true;
}

/* Which part the first target names; *target NULL = none is named. */
static bool
target_of(struct request *rq, const cJSON *list, const char **target)
{
	const char *uri = list && list->child && cJSON_IsString(list->child)
			      ? list->child->valuestring
			      : NULL;
	const char *slash = uri ? strrchr(uri, '/') : NULL;
	int part = slash ? part_of(slash + 1) : -1;
	char sys[160], mgr[160];

	*target = NULL;
	if (!uri)
		return true;
	(void)str_format(sys, sizeof(sys), SYS, rq->b->sys_id);
	(void)str_format(mgr, sizeof(mgr), MGR, rq->b->mgr_id);
	if (str_eq(uri, sys))
		part = FIRMWARE_BIOS;
	if (str_eq(uri, mgr))
		part = FIRMWARE_BMC;
	if (part < 0)
		return request_refuse(
		    rq, REF_PARAMETER_VALUE, "Targets", uri, "Targets", SIMPLE);
	*target = parts[part].id;
	return true;
}

static bool
protocol_fits(struct request *rq, const char *url)
{
	const char *p = json_str(rq->json, "TransferProtocol", NULL);
	struct err e = { 0 };
	struct url u;

	if (p && !str_eq(p, "HTTP") && !str_eq(p, "HTTPS"))
		return request_refuse(rq, REF_PARAMETER_VALUE,
		    "TransferProtocol", p, "TransferProtocol", SIMPLE);
	return url_parse(&u, url, &e) ||
	       request_refuse(rq, REF_PARAMETER_FORMAT, "ImageURI", url,
		   "ImageURI", SIMPLE);
}

static void
begin(struct request *rq, const struct update_ask *a)
{
	struct task *t;

	if (rq->dry) {
		request_done(rq);
		return;
	}
	t = update_start(rq, a);
	if (t)
		task_reply(rq, t);
}

static void
simple_update(struct request *rq)
{
	struct update_ask a = { 0 };
	char *whole = NULL;
	const char *url;

	if (!simple_fits(rq))
		return;
	url = rq->json ? json_str(rq->json, "ImageURI", NULL) : NULL;
	if (!url) {
		request_refuse(rq, REF_PARAMETER_MISSING, "ImageURI", SIMPLE,
		    "ImageURI", NULL);
		return;
	}
	/* "10.0.0.1/x.bin" with a protocol of its own (DSP2046) */
	if (!strstr(url, "://")) {
		bool tls =
		    str_eq(json_str(rq->json, "TransferProtocol", ""), "HTTPS");

		whole = xasprintf("%s://%s", tls ? "https" : "http", url);
	}
	a.url = a.name = whole ? whole : url;
	if (protocol_fits(rq, a.url) &&
	    target_of(rq, json_arr(rq->json, "Targets"), &a.target))
		begin(rq, &a);
	xfree(whole);
}

/* ---- multipart/form-data (RFC 7578, DSP0266 12.6.2) --------------------- */

struct part {
	char name[64], file[160];
	const char *p;
	size_t n;
};

/* The value of name="..." in a header line. */
static void
quoted(const char *line, size_t n, const char *key, char *out, size_t cap)
{
	const char *at = memmem(line, n, key, strlen(key)), *end;

	out[0] = '\0';
	if (!at)
		return;
	at += strlen(key);
	end = memchr(at, '"', (size_t)(line + n - at));
	if (end && (size_t)(end - at) < cap) {
		memcpy(out, at, (size_t)(end - at));
		out[end - at] = '\0';
	}
}

/* Next part after *at; false at the end, or when it is no multipart. */
static bool
next_part(const char **at, const char *end, const char *mark, struct part *out)
{
	size_t m = strlen(mark);
	const char *head, *body, *stop;

	head = memmem(*at, (size_t)(end - *at), mark, m);
	if (!head || end - head < (ptrdiff_t)m + 4 ||
	    memcmp(head + m, "\r\n", 2) != 0)
		return false;
	head += m + 2;
	body = memmem(head, (size_t)(end - head), "\r\n\r\n", 4);
	if (!body)
		return false;
	quoted(head, (size_t)(body - head), " name=\"", out->name,
	    sizeof(out->name));
	quoted(head, (size_t)(body - head), "filename=\"", out->file,
	    sizeof(out->file));
	body += 4;
	stop = memmem(body, (size_t)(end - body), mark, m);
	if (!stop || stop - body < 2)
		return false;
	out->p = body;
	out->n = (size_t)(stop - 2 - body); /* a line end goes before it */
	*at = stop;
	return true;
}

static bool
mark_of(struct request *rq, char *mark, size_t cap)
{
	const char *type = rq->in[IN_CONTENT_TYPE];
	const char *b = type ? strstr(type, "boundary=") : NULL;
	size_t n;

	if (!b || !str_has_iprefix(type, "multipart/form-data"))
		return request_refuse(
		    rq, REF_MEDIA_TYPE, NULL, NULL, NULL, NULL);
	b += strlen("boundary=");
	b += *b == '"';
	n = strcspn(b, "\"; ");
	if (n == 0 || n > 70 || !str_format(mark, cap, "--%.*s", (int)n, b))
		return request_refuse(
		    rq, REF_MEDIA_TYPE, NULL, NULL, NULL, NULL);
	return true;
}

static bool
parameters_fit(struct request *rq, const struct part *p, const char **target)
{
	struct err e = { 0 };

	/* kept for as long as the request: the target is borrowed from it */
	cJSON_Delete(rq->json);
	rq->json = json_parse(p->p, p->n, &e);
	if (!cJSON_IsObject(rq->json))
		return request_refuse(
		    rq, REF_MALFORMED_JSON, NULL, NULL, NULL, NULL);
	return target_of(rq, json_arr(rq->json, "Targets"), target);
}

static void
push(struct request *rq)
{
	const char *at = rq->body, *end = rq->body + rq->body_n;
	struct update_ask a = { 0 };
	struct part p, image = { 0 };
	char mark[80];

	if (!mark_of(rq, mark, sizeof(mark)))
		return;
	while (next_part(&at, end, mark, &p)) {
		if (str_eq(p.name, "UpdateFile"))
			image = p;
		else if (str_eq(p.name, "UpdateParameters") &&
			 !parameters_fit(rq, &p, &a.target))
			return;
	}
	if (!image.p || !rq->json) {
		request_refuse(rq, REF_PROPERTY_MISSING, NULL,
		    image.p ? "UpdateParameters" : "UpdateFile", NULL, NULL);
		return;
	}
	a.name = image.file[0] ? image.file : "image";
	a.bytes = image.p;
	a.n = image.n;
	begin(rq, &a);
}

static bool
has_push(struct request *rq)
{
	return rq->p->update_push;
}

const struct route update_routes[] = {
	ROUTE_READ(UPD, "UpdateService", "v1_14_0", view_service,
	    OP_READ_SERVICE, NULL),
	ROUTE_READ(UPD "/SimpleUpdateActionInfo", "ActionInfo", "v1_4_0",
	    view_info, OP_READ_ACTION_INFO, NULL),
	ROUTE_DO(UPD "/Actions/UpdateService.SimpleUpdate", simple_update,
	    OP_UPDATE, NULL),
	{ .pattern = PUSH_URI,
	    .entity = "UpdateService",
	    .flags = ROUTE_BODY,
	    .post = push,
	    .op_post = OP_UPDATE,
	    .exists = has_push },
	ROUTE_LIST(INVENTORY, "SoftwareInventory", view_inventory, NULL),
	ROUTE_READ(INVENTORY "/*", "SoftwareInventory", "v1_10_0", view_part,
	    OP_READ_INVENTORY, exists_part),
	{ .pattern = NULL },
};
