/* Kairos: its cloud-config on the boot medium, or on a volume of cloud-init's. */
#include <string.h>

#include "agent/delivery/formats.h"
#include "agent/delivery/nocloud.h"
#include "agent/delivery/template.h"
#include "common/str.h"

/* A configuration of its own: Kairos merges all, and runs each stage of each. An
 * installer copies them to the system that it installs. */
static void
put_report(struct job *j)
{
	struct wiped w = { NULL, 0, 0 }, script = { NULL, 0, 0 };

	report_script(&script, &j->report);
	wiped_adds(&w, "#cloud-config\n"
		       "stages:\n"
		       "  network:\n"
		       "  - name: \"Beskar7 report\"\n");
	if (j->report.installed_only)
		wiped_adds(&w, "    if: '[ ! -e /run/cos/live_mode ]'\n");
	wiped_adds(&w, "    files:\n"
		       "    - path: /run/beskar7-report\n"
		       "      permissions: 0700\n"
		       "      content: ");
	wiped_quoted(&w, script.p);
	wiped_adds(&w, "\n"
		       "    commands:\n"
		       "    - sh /run/beskar7-report\n");
	wiped_free(&script);
	room_iso(j->out, "/beskar7_report.yaml", &w);
	j->out->report = true;
}

static bool
fill(struct job *j, const struct delivery_bytes *from, struct wiped *out)
{
	struct payload p;
	struct err why;

	payload_look(&p, from->p, from->n);
	if (p.kind == PAYLOAD_JINJA) {
		if (!template_render(out, j->in, from->p, from->n, &why)) {
			wiped_free(out);
			return job_no(j, "%s", why.msg);
		}
		return true;
	}
	if (p.kind != PAYLOAD_CLOUD_CONFIG && p.kind != PAYLOAD_KAIROS)
		return job_no(j,
		    "the data is %s, and Kairos takes a cloud-config",
		    payload_name(p.kind));
	template_fill(out, j->in, from->p, from->n);
	return true;
}

/* On a volume there is one configuration, in the form of cloud-init's seed: the
 * report has no place there, and the wrapper would have none. */
static bool
on_volume(struct job *j, struct wiped *data)
{
	struct wiped meta = { NULL, 0, 0 };

	if (j->in->wrapper.n > 0) {
		wiped_free(data);
		return job_no(j, "userData.wrapperSecretRef for Kairos needs "
				 "delivery Embedded");
	}
	nocloud_meta(&meta, j->in);
	room_config(j->out, "/meta-data", &meta);
	room_config(j->out, "/user-data", data);
	j->out->config.label = "cidata";
	return true;
}

bool
format_kairos(struct job *j)
{
	struct wiped data = { NULL, 0, 0 }, install = { NULL, 0, 0 };

	if (!fill(j, &j->in->data, &data))
		return false;
	if (j->out->mode == DELIVERY_CONFIG_DRIVE) {
		if (!on_volume(j, &data))
			return false;
	} else {
		if (j->in->wrapper.n > 0 &&
		    !fill(j, &j->in->wrapper, &install)) {
			wiped_free(&data);
			return false;
		}
		if (j->in->wrapper.n > 0)
			room_iso(j->out, "/beskar7_install.yaml", &install);
		room_iso(j->out, "/beskar7_data.yaml", &data);
	}
	/* What is read from the boot medium holds for either way. */
	if (j->reports)
		put_report(j);
	return true;
}
