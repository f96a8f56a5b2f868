/* Talos on its `metal` platform: a volume of its own. */
#include "agent/delivery/formats.h"
#include "agent/delivery/template.h"

/* No part of Talos runs anything for a user: nothing can report. Its machine
 * configuration knows no templates, so names of ds.meta_data are filled in. */
bool
format_talos(struct job *j)
{
	const struct delivery_in *in = j->in;
	struct wiped w = { NULL, 0, 0 };

	if (j->payload->kind != PAYLOAD_TALOS)
		return job_no(j,
		    "the data is %s, and Talos takes its machine "
		    "configuration alone",
		    payload_name(j->payload->kind));
	template_fill(&w, in, in->data.p, in->data.n);
	room_put(j->out, "", "/config.yaml", &w);
	if (j->out->mode == DELIVERY_CONFIG_DRIVE)
		j->out->config.label = "metal-iso";
	else
		j->out->iso.label = "metal-iso";
	if (!job_has_arg(j, "talos.config"))
		room_args(j->out, "talos.config=metal-iso");
	return true;
}
