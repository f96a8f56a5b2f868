/* See network.h; and ManagerNetworkProtocol. */
#include "sim/bmc/network.h"

#include <string.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"
#include "sim/bmc/action.h"
#include "sim/bmc/bmc.h"
#include "sim/bmc/fleet_internal.h"
#include "sim/bmc/jw.h"
#include "sim/bmc/request.h"
#include "sim/bmc/route.h"
#include "sim/bmc/view.h"

#define NETWORK V1 "/Managers/{M}/NetworkProtocol"
#define SERVERS 4
#define SERVER_NAME 64
#define FACTORY_SERVER "ntp.example.com"

struct network {
	char ntp[SERVERS][SERVER_NAME];
	unsigned n;
	bool ntp_off, ipmi_off, ssh_off;
};

void
network_free(struct bmc *b)
{
	xfree(b->network);
	b->network = NULL;
}

static void
copy(const struct bmc *b, struct network *out)
{
	if (b->network) {
		*out = *b->network;
		return;
	}
	memset(out, 0, sizeof(*out));
	(void)str_copy(out->ntp[0], SERVER_NAME, FACTORY_SERVER);
	out->n = 1;
}

static void
protocol(struct jw *w, const char *name, bool on, int port)
{
	jw_open(w, name);
	jw_b(w, "ProtocolEnabled", on);
	jw_i(w, "Port", port);
}

static void
view_network(struct request *rq, struct jw *w)
{
	struct network n;

	copy(rq->b, &n);
	view_names(w, "NetworkProtocol", "Manager Network Protocol");
	jw_s(w, "HostName", rq->b->name);
	jw_sf(w, "FQDN", "%s.example.com", rq->b->name);
	view_status(w, false);
	protocol(w, "HTTPS", rq->b->fleet->tls, rq->b->addr.port);
	if (rq->p->services & SERVICE_CERTIFICATES)
		jw_ref(w, "Certificates", "%s/HTTPS/Certificates", rq->path);
	jw_close(w);
	protocol(w, "SSH", !n.ssh_off, 22);
	jw_close(w);
	protocol(w, "IPMI", !n.ipmi_off, 623);
	jw_close(w);
	protocol(w, "HTTP", false, 80);
	jw_close(w);
	protocol(w, "SSDP", false, 1900);
	jw_close(w);
	protocol(w, "NTP", !n.ntp_off, 123);
	jw_list(w, "NTPServers");
	for (unsigned i = 0; i < n.n; i++)
		jw_s(w, NULL, n.ntp[i]);
	jw_end(w);
	jw_close(w);
}

/* ---- PATCH -------------------------------------------------------------- */

static bool
bad_server(struct request *rq, enum refusal r, const char *text)
{
	request_say(rq, r, "NTP/NTPServers", text, "NTPServers", NULL);
	return false;
}

/* One element: a text, {} for what is there at its place; NULL = removed. */
static bool
element(
    const struct network *old, unsigned at, const cJSON *c, const char **out)
{
	bool empty = cJSON_IsObject(c) && !c->child;

	*out = NULL;
	if (cJSON_IsString(c))
		*out = c->valuestring;
	else if (empty && at < old->n)
		*out = old->ntp[at];
	return cJSON_IsString(c) || cJSON_IsNull(c) || empty;
}

/* DSP0266 7.11.2: null removes an element, {} leaves it as it is, those after
 * the last of the list are cut off. */
static bool
set_servers(struct request *rq, const cJSON *v)
{
	struct network *n = rq->stage, old = *n;
	unsigned at = 0;
	const char *s;
	const cJSON *c;

	if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) > SERVERS)
		return bad_server(rq, REF_PROPERTY_TYPE, "(no short list)");
	n->n = 0;
	cJSON_ArrayForEach (c, v) {
		if (!element(&old, at++, c, &s) ||
		    (s && !str_copy(n->ntp[n->n], SERVER_NAME, s))) {
			*n = old;
			return bad_server(
			    rq, REF_PROPERTY_TYPE, "(not a name)");
		}
		n->n += s != NULL;
	}
	return true;
}

static bool
set_switch(struct request *rq, const char *path, const cJSON *v, bool *off)
{
	bool on;

	if (!patch_bool(rq, path, v, &on))
		return false;
	*off = !on;
	return true;
}

static bool
set_ntp(struct request *rq, const cJSON *v)
{
	struct network *n = rq->stage;

	return set_switch(rq, "NTP/ProtocolEnabled", v, &n->ntp_off);
}

static bool
set_ipmi(struct request *rq, const cJSON *v)
{
	struct network *n = rq->stage;

	return set_switch(rq, "IPMI/ProtocolEnabled", v, &n->ipmi_off);
}

static bool
set_ssh(struct request *rq, const cJSON *v)
{
	struct network *n = rq->stage;

	return set_switch(rq, "SSH/ProtocolEnabled", v, &n->ssh_off);
}

static bool
commit(struct request *rq)
{
	const struct network *n = rq->stage;

	if (rq->dry)
		return true;
	if (!rq->b->network)
		rq->b->network = xcalloc(1, sizeof(*n));
	*rq->b->network = *n;
	return true;
}

static const struct patch_row rows[] = {
	{ "NTP/NTPServers", set_servers, false },
	{ "NTP/ProtocolEnabled", set_ntp, false },
	{ "IPMI/ProtocolEnabled", set_ipmi, false },
	{ "SSH/ProtocolEnabled", set_ssh, false },
};
static const struct patch_def def = { rows, sizeof(rows) / sizeof(rows[0]),
	commit };

static void
patch_network(struct request *rq)
{
	struct network n;

	copy(rq->b, &n);
	patch_run(rq, &def, &n);
}

const struct route network_routes[] = {
	{ .pattern = NETWORK,
	    .schema = "ManagerNetworkProtocol",
	    .version = "v1_10_0",
	    .get = view_network,
	    .patch = patch_network,
	    .op_get = OP_READ_MANAGER,
	    .op_patch = OP_PATCH_MANAGER },
	{ .pattern = NULL },
};
