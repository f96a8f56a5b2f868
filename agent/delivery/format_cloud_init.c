/* cloud-init on a live or ready-made system: NoCloud. */
#include <string.h>

#include "agent/delivery/formats.h"
#include "agent/delivery/nocloud.h"
#include "agent/media/karg.h"
#include "common/str.h"

/* cloud-init before 24.3 does not read network-config beside a seed that an
 * argument names; all know this argument. */
static void
network_arg(struct job *j)
{
	const struct delivery_bytes *net = &j->in->network;
	struct wiped w = { NULL, 0, 0 };

	wiped_adds(&w, "network-config=");
	wiped_base64(&w, net->p, net->n, 0);
	if (strlen(j->out->iso.args) + 1 + w.n < KARG_MAX)
		room_args(j->out, w.p);
	wiped_free(&w);
}

/* How the running system finds what is put into the boot ISO. */
static void
point_at(struct job *j)
{
	char arg[128];

	if (job_has_arg(j, "ds"))
		return;
	(void)str_format(arg, sizeof(arg), "ds=nocloud;s=file://%s/nocloud/",
	    j->family->medium);
	room_args(j->out, arg);
	if (j->in->network.n > 0)
		network_arg(j);
}

void
format_seed(struct job *j, struct wiped *user_data)
{
	struct wiped meta = { NULL, 0, 0 }, net = { NULL, 0, 0 };
	/* A medium that nobody knows the place of is found by its label. */
	bool labelled = j->out->mode == DELIVERY_CONFIG_DRIVE ||
			(j->family->medium == NULL && !job_has_arg(j, "ds"));
	const char *dir = labelled ? "" : "/nocloud";

	nocloud_meta(&meta, j->in);
	room_put(j->out, dir, "/meta-data", &meta);
	room_put(j->out, dir, "/user-data", user_data);
	if (j->in->network.n > 0) {
		wiped_add(&net, j->in->network.p, j->in->network.n);
		room_put(j->out, dir, "/network-config", &net);
	}
	if (j->out->mode == DELIVERY_CONFIG_DRIVE)
		j->out->config.label = "cidata";
	else if (labelled)
		j->out->iso.label = "cidata";
	else
		point_at(j);
}

bool
format_cloud_init(struct job *j)
{
	const struct payload *p = j->payload;
	struct wiped data = { NULL, 0, 0 };

	if (p->type == NULL && p->kind != PAYLOAD_MIME)
		return job_no(j,
		    "the data is %s: cloud-init would take no notice of it",
		    payload_name(p->kind));
	j->out->report = j->reports;
	nocloud_user_data(&data, p, j->in, job_report(j));
	format_seed(j, &data);
	return true;
}
