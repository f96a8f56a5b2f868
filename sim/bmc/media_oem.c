/* See media_oem.h. */
#include "sim/bmc/media_oem.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/media.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define FTS "#FTSComputerSystem.VirtualMedia"
#define FTS_URI "/Actions/Oem/FTSComputerSystem.VirtualMedia"
#define MOUNT "#IsoConfig.Mount"
#define CONFIG V1 "/Managers/{M}/VM1/CfgCD"
#define TEXT 256

struct media_oem {
	bool disabled;
	/* Fujitsu: server, share, image; Supermicro: host, path */
	char server[TEXT], share[TEXT], image[TEXT];
	char type[8]; /* NFS, SMB */
	char user[64];
};

void
media_oem_free(struct bmc *b)
{
	xfree(b->media_oem);
	b->media_oem = NULL;
}

static struct media_oem
told(const struct request *rq)
{
	struct media_oem none = { .type = "NFS" };

	return rq->b->media_oem ? *rq->b->media_oem : none;
}

static void
keep(struct request *rq, const struct media_oem *m)
{
	if (!rq->b->media_oem)
		rq->b->media_oem = xmalloc(sizeof(*m));
	*rq->b->media_oem = *m;
	bmc_changed(rq->b);
}

static bool
commit(struct request *rq)
{
	if (!rq->dry)
		keep(rq, rq->stage);
	return true;
}

/* ---- Fujitsu ------------------------------------------------------------- */

static bool
is_fujitsu(struct request *rq)
{
	return rq->p->vm_oem == VM_OEM_FUJITSU;
}

static bool
exists_fujitsu(struct request *rq)
{
	return is_fujitsu(rq) && str_eq(rq->arg[0], rq->p->oem_key);
}

static void
view_fujitsu(struct request *rq, struct jw *w)
{
	const struct media_oem m = told(rq);

	jw_b(w, "RemoteMountEnabled", !m.disabled);
	jw_open(w, "CDImage");
	jw_i(w, "MaximumNumberOfDevices", 1);
	jw_s(w, "Server", m.server);
	jw_s(w, "ShareName", m.share);
	jw_s(w, "ImageName", m.image);
	jw_s(w, "ShareType", m.type);
	jw_s(w, "UserName", m.user);
	jw_null(w, "Password");
	jw_close(w);
}

void
media_oem_action(struct request *rq, struct jw *w)
{
	if (!is_fujitsu(rq))
		return;
	jw_open(w, FTS);
	jw_uri(w, "target", "%s" FTS_URI, rq->path);
	jw_list(w, "FTSVirtualMediaAction@Redfish.AllowableValues");
	jw_s(w, NULL, "ConnectCD");
	jw_s(w, NULL, "DisconnectCD");
	jw_end(w);
	jw_close(w);
}

static bool
set_enabled(struct request *rq, const cJSON *v)
{
	struct media_oem *m = rq->stage;
	bool on = !m->disabled;

	if (!patch_bool(rq, "RemoteMountEnabled", v, &on))
		return false;
	m->disabled = !on;
	return true;
}

static bool
set_server(struct request *rq, const cJSON *v)
{
	struct media_oem *m = rq->stage;

	return patch_str(rq, "CDImage/Server", v, m->server, TEXT);
}

static bool
set_share(struct request *rq, const cJSON *v)
{
	struct media_oem *m = rq->stage;

	return patch_str(rq, "CDImage/ShareName", v, m->share, TEXT);
}

static bool
set_image(struct request *rq, const cJSON *v)
{
	struct media_oem *m = rq->stage;

	return patch_str(rq, "CDImage/ImageName", v, m->image, TEXT);
}

static bool
set_user(struct request *rq, const cJSON *v)
{
	struct media_oem *m = rq->stage;

	return patch_str(rq, "CDImage/UserName", v, m->user, sizeof(m->user));
}

static bool
set_nothing(struct request *rq, const cJSON *v)
{
	char secret[64];
	bool ok = patch_str(rq, "CDImage/Password", v, secret, sizeof(secret));

	secret_wipe(secret, sizeof(secret));
	return ok;
}

static bool
set_type(struct request *rq, const cJSON *v)
{
	static const char *const types[] = { "NFS", "SMB", NULL };
	struct media_oem *m = rq->stage;
	int which;

	if (!patch_enum(rq, "CDImage/ShareType", v, types, &which))
		return false;
	return str_copy(m->type, sizeof(m->type), types[which]);
}

static const struct patch_row fujitsu_rows[] = {
	{ "RemoteMountEnabled", set_enabled, false },
	{ "CDImage/Server", set_server, false },
	{ "CDImage/ShareName", set_share, false },
	{ "CDImage/ImageName", set_image, false },
	{ "CDImage/ShareType", set_type, false },
	{ "CDImage/UserName", set_user, false },
	{ "CDImage/Password", set_nothing, false },
};
static const struct patch_def fujitsu_def = { fujitsu_rows,
	sizeof(fujitsu_rows) / sizeof(fujitsu_rows[0]), commit };

static void
patch_fujitsu(struct request *rq)
{
	struct media_oem m = told(rq);

	patch_run(rq, &fujitsu_def, &m);
}

/* ---- connecting ---------------------------------------------------------- */

static int
cd_slot(const struct request *rq)
{
	for (size_t i = 0; i < rq->p->n_slots; i++)
		if (strlist_has(&rq->p->slots[i].types, "CD") ||
		    strlist_has(&rq->p->slots[i].types, "DVD"))
			return (int)i;
	return -1;
}

static bool
can_act(struct request *rq, const char *action)
{
	int slot = cd_slot(rq);

	if (slot < 0 || told(rq).disabled)
		return request_refuse(
		    rq, REF_MEDIA_SLOT, NULL, action, NULL, NULL);
	if (rq->p->vm_license)
		return request_refuse(
		    rq, REF_MEDIA_LICENSE, NULL, NULL, NULL, NULL);
	return !media_busy(rq->b, (unsigned)slot) ||
	       request_refuse(rq, REF_MEDIA_BUSY, NULL, "3", NULL, NULL);
}

static void
connect_url(struct request *rq, const char *url)
{
	struct media_ask a = { .slot = (unsigned)cd_slot(rq),
		.image = url,
		.write_protected = true };

	if (rq->b->st.slots[a.slot].inserted)
		request_refuse(rq, REF_MEDIA_INSERTED, NULL,
		    rq->p->slots[a.slot].id, NULL, NULL);
	else
		media_start(rq, &a);
}

static void
disconnect(struct request *rq)
{
	struct media_ask a = { .slot = (unsigned)cd_slot(rq), .eject = true };

	media_start(rq, &a);
}

static void
missing(struct request *rq, const char *what, const char *action)
{
	request_refuse(rq, REF_PARAMETER_MISSING, what, action, what, NULL);
}

static void
act_fujitsu(struct request *rq)
{
	const char *what = json_str(rq->json, "FTSVirtualMediaAction", NULL);
	const struct media_oem m = told(rq);
	char url[4 * TEXT];

	if (!what) {
		missing(rq, "FTSVirtualMediaAction", FTS);
		return;
	}
	if (!str_eq(what, "ConnectCD") && !str_eq(what, "DisconnectCD")) {
		request_refuse(rq, REF_PARAMETER_VALUE, "FTSVirtualMediaAction",
		    what, "FTSVirtualMediaAction", FTS);
		return;
	}
	if (!can_act(rq, FTS))
		return;
	(void)str_format(url, sizeof(url), "%s://%s/%s/%s",
	    str_eq(m.type, "SMB") ? "smb" : "nfs", m.server, m.share,
	    m.image); /* it has room for all of them */
	if (str_eq(what, "DisconnectCD"))
		disconnect(rq);
	else if (!m.server[0] || !m.image[0])
		missing(rq, "CDImage", FTS);
	else
		connect_url(rq, url);
}

/* ---- Supermicro ---------------------------------------------------------- */

static bool
exists_config(struct request *rq)
{
	return rq->p->vm_oem == VM_OEM_ISOCONFIG;
}

bool
media_oem_hides(const struct request *rq, unsigned slot)
{
	return rq->p->vm_oem == VM_OEM_ISOCONFIG &&
	       !rq->st->slots[slot].inserted;
}

void
media_oem_link(struct request *rq, struct jw *w)
{
	if (rq->p->vm_oem != VM_OEM_ISOCONFIG)
		return;
	jw_open(w, "Oem");
	jw_open(w, *rq->p->oem_key ? rq->p->oem_key : "Oem");
	jw_ref(w, "VirtualMediaConfig", MGR "/VM1/CfgCD", rq->b->mgr_id);
	jw_close(w);
	jw_close(w);
}

static void
view_config(struct request *rq, struct jw *w)
{
	const struct media_oem m = told(rq);

	view_names(w, "CfgCD", "ISO image configuration");
	jw_s(w, "Host", m.server);
	jw_s(w, "Path", m.image);
	jw_s(w, "Username", m.user);
	jw_null(w, "Password");
	jw_open(w, "Actions");
	view_action(rq, w, "IsoConfig.Mount");
	jw_close(w);
	view_action(rq, w, "IsoConfig.UnMount");
	jw_close(w);
	jw_close(w);
}

static bool
set_host(struct request *rq, const cJSON *v)
{
	struct media_oem *m = rq->stage;

	return patch_str(rq, "Host", v, m->server, TEXT);
}

static bool
set_path(struct request *rq, const cJSON *v)
{
	struct media_oem *m = rq->stage;

	return patch_str(rq, "Path", v, m->image, TEXT);
}

static const struct patch_row config_rows[] = {
	{ "Host", set_host, false },
	{ "Path", set_path, false },
	{ "Username", set_user, false },
	{ "Password", set_nothing, false },
};
static const struct patch_def config_def = { config_rows,
	sizeof(config_rows) / sizeof(config_rows[0]), commit };

static void
patch_config(struct request *rq)
{
	struct media_oem m = told(rq);

	patch_run(rq, &config_def, &m);
}

/* A host without a scheme is a Windows share: \share\image.iso. */
static void
config_url(const struct media_oem *m, char *out, size_t cap)
{
	const char *path = m->image;
	char *p;

	path += strspn(path, "\\/");
	(void)str_format(out, cap, "%s%s/%s",
	    strstr(m->server, "://") ? "" : "smb://", m->server, path);
	for (p = out; *p; p++)
		if (*p == '\\')
			*p = '/';
}

static void
act_mount(struct request *rq)
{
	const struct media_oem m = told(rq);
	char url[4 * TEXT];

	if (!can_act(rq, MOUNT))
		return;
	config_url(&m, url, sizeof(url));
	if (!m.server[0])
		missing(rq, "Host", MOUNT);
	else if (!m.image[0])
		missing(rq, "Path", MOUNT);
	else
		connect_url(rq, url);
}

static void
act_unmount(struct request *rq)
{
	if (can_act(rq, "#IsoConfig.UnMount"))
		disconnect(rq);
}

const struct route media_oem_routes[] = {
	{ .pattern = V1 "/Systems/{S}/Oem/*/VirtualMedia",
	    .schema = "FTSVirtualMedia",
	    .entity = "VirtualMedia",
	    .version = "v1_0_0",
	    .get = view_fujitsu,
	    .patch = patch_fujitsu,
	    .op_get = OP_READ_MEDIA,
	    .op_patch = OP_PATCH_MEDIA,
	    .exists = exists_fujitsu },
	ROUTE_DO(V1 "/Systems/{S}" FTS_URI, act_fujitsu, OP_INSERT, is_fujitsu),
	{ .pattern = CONFIG,
	    .schema = "IsoConfig",
	    .entity = "VirtualMedia",
	    .version = "v1_0_0",
	    .get = view_config,
	    .patch = patch_config,
	    .op_get = OP_READ_MEDIA,
	    .op_patch = OP_PATCH_MEDIA,
	    .exists = exists_config },
	ROUTE_DO(CONFIG "/Actions/IsoConfig.Mount", act_mount, OP_INSERT,
	    exists_config),
	ROUTE_DO(CONFIG "/Actions/IsoConfig.UnMount", act_unmount, OP_EJECT,
	    exists_config),
	{ .pattern = NULL },
};
