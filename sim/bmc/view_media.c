/* Virtual media, under the system, the manager, or both. */
#include <string.h>

#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/media_oem.h"
#include "sim/bmc/request.h"
#include "sim/bmc/view.h"

bool
exists_media_all(struct request *rq)
{
	bool manager = str_has_prefix(rq->path, V1 "/Managers/");

	return rq->p->vm_parent == VM_BOTH ||
	       (rq->p->vm_parent == VM_MANAGER) == manager;
}

void
view_media_all(struct request *rq, struct jw *w)
{
	long n = 0;

	view_members(w, "Virtual Media");
	for (unsigned i = 0; i < rq->p->n_slots; i++)
		if (!media_oem_hides(rq, i)) {
			jw_ref(w, NULL, "%s/%s", rq->path, rq->p->slots[i].id);
			n++;
		}
	view_members_end(w, n);
	media_oem_link(rq, w);
}

int
media_slot_of(const struct request *rq)
{
	for (size_t i = 0; i < rq->p->n_slots; i++)
		if (str_eq(rq->p->slots[i].id, rq->arg[0]))
			return (int)i;
	return -1;
}

bool
exists_media(struct request *rq)
{
	int slot = media_slot_of(rq);

	return exists_media_all(rq) && slot >= 0 &&
	       !media_oem_hides(rq, (unsigned)slot);
}

static void
image(struct request *rq, struct jw *w, const struct slot_state *s)
{
	const char *name = s->image ? strrchr(s->image, '/') : NULL;
	char *base;

	if (!s->image) {
		jw_s(w, "Image", rq->p->vm_empty_string ? "" : NULL);
		jw_s(w, "ImageName", rq->p->vm_empty_string ? "" : NULL);
		return;
	}
	name = name ? name + 1 : s->image;
	base = xstrndup(name, strcspn(name, "?"));
	jw_s(w, "Image", s->image);
	jw_s(w, "ImageName", base);
	xfree(base);
}

static void
protocols(struct request *rq, struct jw *w)
{
	static const char *const map[][2] = { { "http", "HTTP" },
		{ "https", "HTTPS" }, { "nfs", "NFS" }, { "cifs", "CIFS" },
		{ "smb", "CIFS" } };

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (strlist_has(&rq->p->vm_schemes, map[i][0]))
			jw_s(w, NULL, map[i][1]);
}

bool
exists_vmm_control(struct request *rq)
{
	return exists_media(rq) && str_eq(rq->arg[1], rq->p->oem_key) &&
	       rq->p->slots[media_slot_of(rq)].insert == SLOT_OEM;
}

/* Huawei: one action of its own that connects and disconnects. */
static void
vmm_control(struct request *rq, struct jw *w)
{
	jw_open(w, "Oem");
	jw_open(w, rq->p->oem_key);
	jw_open(w, "Actions");
	jw_open(w, "#VirtualMedia.VmmControl");
	jw_uri(w, "target", "%s/Oem/%s/Actions/VirtualMedia.VmmControl",
	    rq->path, rq->p->oem_key);
	jw_close(w);
	jw_close(w);
	jw_close(w);
	jw_close(w);
}

bool
exists_hpe_media(struct request *rq)
{
	return rq->p->vm_oem_actions && exists_media(rq) &&
	       str_eq(rq->arg[1], rq->p->oem_key);
}

static void
hpe_action(struct request *rq, struct jw *w, const char *name)
{
	char title[64];

	(void)str_format(title, sizeof(title), "#%s", name);
	jw_open(w, title);
	jw_uri(w, "target", "%s/Actions/Oem/%s/%s", rq->path, rq->p->oem_key,
	    name);
	jw_close(w);
}

static void
hpe_actions(struct request *rq, struct jw *w)
{
	jw_open(w, "Oem");
	jw_open(w, rq->p->oem_key);
	jw_open(w, "Actions");
	hpe_action(rq, w, VIEW_HPE_INSERT);
	hpe_action(rq, w, VIEW_HPE_EJECT);
	jw_close(w);
	jw_close(w);
	jw_close(w);
}

static void
actions(struct request *rq, struct jw *w, const struct slot_state *s)
{
	int slot = media_slot_of(rq);
	int how = rq->p->slots[slot].insert;
	bool late = rq->p->vm_late_actions;

	if (how == SLOT_OEM)
		vmm_control(rq, w);
	else if (rq->p->vm_oem_actions)
		hpe_actions(rq, w);
	if (how == SLOT_NONE || how == SLOT_PATCH || how == SLOT_OEM)
		return;
	jw_open(w, "Actions");
	if (!late || !s->inserted) {
		view_action(rq, w, "VirtualMedia.InsertMedia");
		jw_list(w, "TransferProtocolType@Redfish.AllowableValues");
		protocols(rq, w);
		jw_end(w);
		jw_uri(w, "@Redfish.ActionInfo", "%s/InsertMediaActionInfo",
		    rq->path);
		jw_close(w);
	}
	if (!late || s->inserted) {
		view_action(rq, w, "VirtualMedia.EjectMedia");
		jw_close(w);
	}
	jw_close(w);
}

void
view_media(struct request *rq, struct jw *w)
{
	int slot = media_slot_of(rq);
	const struct slot_state *s = &rq->st->slots[slot];
	const struct profile_slot *p = &rq->p->slots[slot];

	view_names(w, p->id, p->name);
	jw_strings(w, "MediaTypes", &p->types);
	image(rq, w, s);
	jw_s(w, "ConnectedVia", s->connected ? "URI" : "NotConnected");
	jw_b(w, "Inserted", s->inserted);
	jw_b(w, "WriteProtected", s->write_protected || !s->inserted);
	jw_s(w, "UserName", s->user);
	jw_null(w, "Password");
	jw_s(w, "TransferProtocolType", s->protocol);
	jw_s(w, "TransferMethod", s->method);
	jw_b(w, "VerifyCertificate",
	    rq->p->vm_verify == VERIFY_ALWAYS || s->verify_certificate);
	if (rq->p->vm_verify != VERIFY_NEVER)
		jw_ref(w, "Certificates", "%s/Certificates", rq->path);
	view_status(w, false);
	actions(rq, w, s);
}

static void
parameter(struct request *rq, struct jw *w, const char *name, const char *type)
{
	bool required =
	    str_eq(name, "Image") || strlist_has(&rq->p->vm_required, name);

	if (strlist_has(&rq->p->vm_forbidden, name))
		return;
	jw_open(w, NULL);
	jw_s(w, "Name", name);
	jw_b(w, "Required", required);
	jw_s(w, "DataType", type);
	if (str_eq(name, "TransferProtocolType")) {
		jw_list(w, "AllowableValues");
		protocols(rq, w);
		jw_end(w);
	}
	jw_close(w);
}

void
view_insert_info(struct request *rq, struct jw *w)
{
	view_names(w, "InsertMediaActionInfo", "Insert Media Action Info");
	jw_list(w, "Parameters");
	parameter(rq, w, "Image", "String");
	parameter(rq, w, "Inserted", "Boolean");
	parameter(rq, w, "WriteProtected", "Boolean");
	parameter(rq, w, "UserName", "String");
	parameter(rq, w, "Password", "String");
	parameter(rq, w, "TransferProtocolType", "String");
	parameter(rq, w, "TransferMethod", "String");
	jw_end(w);
}
