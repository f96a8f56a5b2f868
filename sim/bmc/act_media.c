/* Insert, eject, and the PATCH that does both: what may be asked. */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/media.h"
#include "sim/bmc/request.h"
#include "sim/bmc/view.h"

#define INSERT "#VirtualMedia.InsertMedia"
#define EJECT "#VirtualMedia.EjectMedia"

static const char *const parameters[] = { "Image", "Inserted", "WriteProtected",
	"UserName", "Password", "TransferProtocolType", "TransferMethod" };
#define N_PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

/* ---- the body ----------------------------------------------------------- */

static bool
is_parameter(const char *name)
{
	for (size_t i = 0; i < N_PARAMETERS; i++)
		if (str_eq(parameters[i], name))
			return true;
	return false;
}

static bool
type_fits(const cJSON *c)
{
	if (str_eq(c->string, "Inserted") ||
	    str_eq(c->string, "WriteProtected"))
		return cJSON_IsBool(c);
	return cJSON_IsString(c) || cJSON_IsNull(c);
}

static bool
member_fits(struct request *rq, const cJSON *c)
{
	if (strlist_has(&rq->p->vm_forbidden, c->string))
		return request_refuse(rq, REF_MEDIA_FIELD_FORBIDDEN, c->string,
		    c->string, INSERT, NULL);
	if (!is_parameter(c->string))
		return request_refuse(rq, REF_PARAMETER_UNKNOWN, c->string,
		    INSERT, c->string, NULL);
	return type_fits(c) || request_refuse(rq, REF_PARAMETER_TYPE, c->string,
				   "(wrong type)", c->string, INSERT);
}

static bool
members_fit(struct request *rq)
{
	const struct strlist *need = &rq->p->vm_required;
	const cJSON *c;

	cJSON_ArrayForEach (c, rq->json)
		if (!member_fits(rq, c))
			return false;
	for (size_t i = 0; i < need->n; i++)
		if (!json_child(rq->json, need->v[i]))
			return request_refuse(rq, REF_MEDIA_FIELD_MISSING,
			    need->v[i], INSERT, need->v[i], NULL);
	return true;
}

/* ---- the URL ------------------------------------------------------------ */

static bool
scheme_fits(const struct request *rq, const char *url)
{
	char scheme[16];
	const char *end = strstr(url, "://");
	size_t n = end ? (size_t)(end - url) : 0;

	/* host:/path is how NFS was written before nfs:// */
	if (!end)
		return strlist_has(&rq->p->vm_schemes, "nfs") &&
		       strstr(url, ":/");
	if (n >= sizeof(scheme))
		return false;
	memcpy(scheme, url, n);
	scheme[n] = '\0';
	return strlist_ihas(&rq->p->vm_schemes, scheme);
}

static bool
extension_fits(const struct request *rq, const char *url)
{
	char path[1024];
	size_t n = strcspn(url, "?");

	if (!rq->p->vm_extensions.n)
		return true;
	if (n >= sizeof(path))
		return false;
	memcpy(path, url, n);
	path[n] = '\0';
	for (size_t i = 0; i < rq->p->vm_extensions.n; i++)
		if (str_has_suffix(path, rq->p->vm_extensions.v[i]))
			return true;
	return false;
}

static bool
has_port(const char *url)
{
	const char *host = strstr(url, "://");
	const char *slash;

	if (!host)
		return false;
	host += 3;
	slash = host + strcspn(host, "/");
	while (slash > host && slash[-1] >= '0' && slash[-1] <= '9')
		slash--;
	return slash > host && slash[-1] == ':';
}

static bool
url_fits(struct request *rq, const char *url)
{
	bool ok;

	if (!scheme_fits(rq, url))
		return request_refuse(
		    rq, REF_MEDIA_SCHEME, "Image", url, "Image", INSERT);
	ok = (int64_t)strlen(url) <= rq->p->vm_max_length &&
	     !strchr(url, '\\') && extension_fits(rq, url) &&
	     (rq->p->vm_query_ok || !strpbrk(url, "?=&")) &&
	     (rq->p->vm_port_ok || !has_port(url));
	return ok ||
	       request_refuse(rq, REF_MEDIA_URL, "Image", url, "Image", INSERT);
}

/* ---- the slot ----------------------------------------------------------- */

static bool
not_busy(struct request *rq, unsigned slot)
{
	const struct bmc *b = rq->b;
	int64_t busy = bmc_us(b, rq->p->vm_eject_busy_ms);

	if (media_busy(b, slot) ||
	    (busy && b->eject_at_us && bmc_now(b) - b->eject_at_us < busy)) {
		request_header(rq, "Retry-After", "3");
		return request_refuse(
		    rq, REF_MEDIA_BUSY, NULL, "3", NULL, NULL);
	}
	return true;
}

static bool
slot_takes(struct request *rq, unsigned slot, bool patch)
{
	int how = rq->p->slots[slot].insert;
	bool fits =
	    patch ? how == SLOT_PATCH : how == SLOT_ACTION || how == SLOT_OEM;

	if (how != SLOT_BOTH && !fits)
		return request_refuse(rq, REF_MEDIA_SLOT, NULL,
		    patch ? "PATCH" : INSERT, NULL, NULL);
	if (rq->p->vm_license)
		return request_refuse(
		    rq, REF_MEDIA_LICENSE, NULL, NULL, NULL, NULL);
	return not_busy(rq, slot);
}

/* By the actions of the standard. */
static bool
slot_acts(struct request *rq, unsigned slot)
{
	if (rq->p->slots[slot].insert == SLOT_OEM)
		return request_refuse(
		    rq, REF_ACTION_UNKNOWN, NULL, INSERT, NULL, NULL);
	return slot_takes(rq, slot, false);
}

static bool
room_in(struct request *rq, unsigned slot)
{
	if (!rq->b->st.slots[slot].inserted ||
	    rq->p->vm_already == ALREADY_REPLACE)
		return true;
	return request_refuse(
	    rq, REF_MEDIA_INSERTED, NULL, rq->p->slots[slot].id, NULL, NULL);
}

static void
insert(struct request *rq, unsigned slot, const char *image)
{
	struct media_ask a = { .slot = slot, .image = image };

	if (str_empty(image)) {
		request_refuse(
		    rq, REF_PARAMETER_MISSING, "Image", INSERT, "Image", NULL);
		return;
	}
	if (!url_fits(rq, image) || !room_in(rq, slot))
		return;
	a.user = json_str(rq->json, "UserName", NULL);
	a.protocol = json_str(rq->json, "TransferProtocolType", NULL);
	a.method = json_str(rq->json, "TransferMethod", NULL);
	a.write_protected = json_bool(rq->json, "WriteProtected", true);
	media_start(rq, &a);
}

void
act_insert(struct request *rq)
{
	unsigned slot = (unsigned)media_slot_of(rq);

	if (!slot_acts(rq, slot))
		return;
	if (!rq->json) {
		request_refuse(
		    rq, REF_PARAMETER_MISSING, "Image", INSERT, "Image", NULL);
		return;
	}
	if (members_fit(rq))
		insert(rq, slot, json_str(rq->json, "Image", NULL));
}

static void
eject(struct request *rq, unsigned slot)
{
	struct media_ask a = { .slot = slot, .eject = true };

	if (!rq->b->st.slots[slot].inserted && rq->p->vm_eject_empty_no) {
		request_refuse(rq, REF_MEDIA_EMPTY, NULL, rq->p->slots[slot].id,
		    NULL, NULL);
		return;
	}
	media_start(rq, &a);
}

void
act_eject(struct request *rq)
{
	unsigned slot = (unsigned)media_slot_of(rq);
	const cJSON *extra = rq->json ? rq->json->child : NULL;

	if (!slot_acts(rq, slot))
		return;
	if (rq->p->vm_eject_body && !rq->json) {
		request_refuse(
		    rq, REF_MEDIA_EJECT_BODY, NULL, NULL, NULL, NULL);
		return;
	}
	if (extra) {
		request_refuse(rq, REF_PARAMETER_UNKNOWN, extra->string, EJECT,
		    extra->string, NULL);
		return;
	}
	eject(rq, slot);
}

/* ---- VmmControl (Huawei) ------------------------------------------------- */

#define VMM "#VirtualMedia.VmmControl"

static bool
vmm_members_fit(struct request *rq)
{
	const cJSON *c;

	cJSON_ArrayForEach (c, rq->json) {
		if (!str_eq(c->string, "VmmControlType") &&
		    !str_eq(c->string, "Image"))
			return request_refuse(rq, REF_PARAMETER_UNKNOWN,
			    c->string, VMM, c->string, NULL);
		if (!cJSON_IsString(c))
			return request_refuse(rq, REF_PARAMETER_TYPE, c->string,
			    "(wrong type)", c->string, VMM);
	}
	return true;
}

void
act_vmm_control(struct request *rq)
{
	const char *type = json_str(rq->json, "VmmControlType", NULL);
	unsigned slot = (unsigned)media_slot_of(rq);

	if (!slot_takes(rq, slot, false) || !vmm_members_fit(rq))
		return;
	if (str_eq(type, "Connect"))
		insert(rq, slot, json_str(rq->json, "Image", NULL));
	else if (str_eq(type, "Disconnect"))
		eject(rq, slot);
	else if (!type)
		request_refuse(rq, REF_PARAMETER_MISSING, "VmmControlType", VMM,
		    "VmmControlType", NULL);
	else
		request_refuse(rq, REF_PARAMETER_VALUE, "VmmControlType", type,
		    "VmmControlType", VMM);
}

/* ---- PATCH (Lenovo; VerifyCertificate elsewhere) ------------------------ */

static bool
set_verify(struct request *rq, const cJSON *v)
{
	if (rq->p->vm_verify != VERIFY_ALWAYS)
		return patch_bool(rq, "VerifyCertificate", v, rq->stage);
	request_say(rq, REF_PROPERTY_READ_ONLY, "VerifyCertificate",
	    "VerifyCertificate", NULL, NULL);
	return false;
}

static bool
commit_verify(struct request *rq)
{
	bool *verify = rq->stage;

	if (!rq->dry) {
		rq->b->st.slots[media_slot_of(rq)].verify_certificate = *verify;
		bmc_changed(rq->b);
	}
	return true;
}

static const struct patch_row verify_rows[] = {
	{ "VerifyCertificate", set_verify, false },
};
static const struct patch_def verify_def = { verify_rows, 1, commit_verify };

void
act_patch_media(struct request *rq)
{
	unsigned slot = (unsigned)media_slot_of(rq);
	bool gone =
	    rq->json && (cJSON_IsFalse(json_child(rq->json, "Inserted")) ||
			    cJSON_IsNull(json_child(rq->json, "Image")));
	bool media = gone || (rq->json && json_child(rq->json, "Image"));
	bool verify;

	if (!media) {
		patch_run(rq, &verify_def, &verify);
		return;
	}
	if (!slot_takes(rq, slot, true) || !members_fit(rq))
		return;
	/* SD530: an insert that does not say Inserted does nothing */
	if (!gone && rq->p->vm_inserted_must &&
	    !cJSON_IsTrue(json_child(rq->json, "Inserted"))) {
		request_refuse(rq, REF_MEDIA_FIELD_MISSING, "Inserted", "PATCH",
		    "Inserted", NULL);
		return;
	}
	if (gone)
		eject(rq, slot);
	else
		insert(rq, slot, json_str(rq->json, "Image", NULL));
}
