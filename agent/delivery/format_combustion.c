/* Combustion: SUSE MicroOS, SL Micro. A script, and files beside it. */
#include <string.h>

#include "agent/delivery/formats.h"
#include "agent/delivery/nocloud.h"
#include "agent/delivery/template.h"

#define DIR "/combustion"

/* The lines by which a script asks for a network or for an earlier run hold for
 * the script that Combustion starts: ours repeats them. */
static void
repeat_flags(struct wiped *out, const char *p, size_t n)
{
	static const char flag[] = "# combustion:";

	for (size_t i = 0; i < n;) {
		const char *end = memchr(p + i, '\n', n - i);
		size_t len = end != NULL ? (size_t)(end - p) - i : n - i;

		if (len > sizeof(flag) &&
		    memcmp(p + i, flag, sizeof(flag) - 1) == 0) {
			wiped_add(out, p + i, len);
			wiped_adds(out, "\n");
		}
		i += len + 1;
	}
}

/* Runs the user's script as Combustion would have; what it leaves is the system
 * that boots next, with the report in it. */
static void
runner(struct wiped *out, const struct wiped *user)
{
	wiped_adds(out, "#!/bin/sh\n");
	repeat_flags(out, user->p, user->n);
	wiped_adds(out,
	    "cd \"${0%/*}\" || exit 1\n"
	    "chmod 0700 ./main || exit 1\n"
	    "if [ \"${1-}\" = --prepare ]; then\n"
	    "\tif grep -qE '^# combustion:(.*)\\<prepare\\>' ./main; then\n"
	    "\t\texec ./main --prepare\n"
	    "\tfi\n"
	    "\texit 0\n"
	    "fi\n"
	    "./main \"$@\" || exit\n"
	    "mkdir -p -m 0700 /etc/beskar7 || exit 1\n"
	    "cp report.sh /etc/beskar7/report && "
	    "chmod 0700 /etc/beskar7/report || exit 1\n"
	    "cp report.service /etc/systemd/system/beskar7-report.service || "
	    "exit 1\n"
	    "wants=/etc/systemd/system/multi-user.target.wants\n"
	    "mkdir -p \"$wants\" && ln -sf ../beskar7-report.service "
	    "\"$wants/\" || exit 1\n"
	    "exit 0\n");
}

static void
put(struct job *j, const char *name, struct wiped *w)
{
	room_put(j->out, "", name, w);
}

static void
put_report(struct job *j, struct wiped *user)
{
	struct wiped run = { NULL, 0, 0 }, script = { NULL, 0, 0 },
		     unit = { NULL, 0, 0 };

	runner(&run, user);
	report_script(&script, &j->report);
	report_unit(&unit, "/etc/beskar7/report");
	put(j, DIR "/script", &run);
	put(j, DIR "/main", user);
	put(j, DIR "/report.sh", &script);
	put(j, DIR "/report.service", &unit);
	j->out->report = true;
}

static bool
is_script(const struct delivery_bytes *from)
{
	return from->n > 2 && memcmp(from->p, "#!", 2) == 0;
}

bool
format_combustion(struct job *j)
{
	const struct delivery_in *in = j->in;
	const struct delivery_bytes *from =
	    in->wrapper.n > 0 ? &in->wrapper : &in->data;
	struct wiped user = { NULL, 0, 0 }, data = { NULL, 0, 0 },
		     meta = { NULL, 0, 0 }, net = { NULL, 0, 0 };

	if (!is_script(from))
		return job_no(j,
		    in->wrapper.n > 0
			? "userData.wrapperSecretRef must be a script (#!) "
			  "for Combustion"
			: "the data is no script (#!): Combustion needs one in "
			  "userData.wrapperSecretRef, beside which the data is "
			  "put as bootstrap-data");
	template_fill(&user, in, from->p, from->n);
	if (in->wrapper.n > 0) {
		wiped_add(&data, in->data.p, in->data.n);
		put(j, DIR "/bootstrap-data", &data);
	}
	nocloud_meta(&meta, in);
	put(j, DIR "/meta-data", &meta);
	if (in->network.n > 0) {
		wiped_add(&net, in->network.p, in->network.n);
		put(j, DIR "/network-config", &net);
	}
	if (j->reports)
		put_report(j, &user);
	else
		put(j, DIR "/script", &user);
	if (j->out->mode == DELIVERY_CONFIG_DRIVE)
		j->out->config.label = "combustion";
	else if (j->family->id != FAMILY_SELF_INSTALL)
		j->out->iso.label = "combustion";
	return true;
}
