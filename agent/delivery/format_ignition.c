/* Ignition: the embed area of CoreOS's live image, or a volume for MicroOS. */
#include <string.h>

#include "agent/delivery/formats.h"
#include "agent/delivery/ignition_config.h"
#include "agent/delivery/nocloud.h"
#include "common/json.h"
#include "common/str.h"

#define AREA_DEFAULT "images/ignition.img"
#define INFO "/coreos/igninfo.json"
#define INFO_MAX 65536u

/* ---- configurations ------------------------------------------------------ */

static void
add_file(struct wiped *out, const char *path, unsigned mode, struct wiped *w)
{
	char number[16];

	(void)str_format(number, sizeof(number), "%u", mode);
	if (out->p[out->n - 1] != '[')
		wiped_adds(out, ",");
	wiped_adds(out, "{\"path\":\"");
	wiped_adds(out, path);
	wiped_adds(out, "\",\"overwrite\":true,\"mode\":");
	wiped_adds(out, number);
	wiped_adds(out, ",\"contents\":{\"source\":\"data:;base64,");
	wiped_base64(out, w->p, w->n, 0);
	wiped_adds(out, "\"}}");
	wiped_free(w);
}

static void
begin(struct wiped *out, const struct delivery_bytes *merge)
{
	/* The oldest version of specification 3: each configuration that is
	 * merged is read by its own. */
	wiped_adds(out, "{\"ignition\":{\"version\":\"3.0.0\"");
	if (merge->n > 0) {
		wiped_adds(out, ",\"config\":{\"merge\":[{\"source\":"
				"\"data:;base64,");
		wiped_base64(out, merge->p, merge->n, 0);
		wiped_adds(out, "\"}]}");
	}
	wiped_adds(out, "},\"storage\":{\"files\":[");
}

static void
env_line(struct wiped *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	wiped_adds(out, name);
	wiped_adds(out, "=");
	wiped_quoted(out, value);
	wiped_adds(out, "\n");
}

/* What templates of cloud-init would be filled with, for EnvironmentFile= and
 * shells. Values are quoted as JSON: names of machines have nothing in them that
 * a shell would take otherwise. */
static void
add_identity(struct wiped *out, const struct delivery_in *in)
{
	const char *host = nocloud_value(in, "local_hostname", 14);
	struct wiped env = { NULL, 0, 0 }, name = { NULL, 0, 0 };

	env_line(&env, "BESKAR7_INSTANCE_ID", in->instance_id);
	env_line(&env, "BESKAR7_HOSTNAME", host);
	env_line(&env, "BESKAR7_PROVIDER_ID", in->provider_id);
	add_file(out, "/etc/beskar7/metadata", 0600, &env);
	if (host != NULL) {
		wiped_adds(&name, host);
		wiped_adds(&name, "\n");
		add_file(out, "/etc/hostname", 0644, &name);
	}
}

static void
add_report(struct wiped *out, const struct job *j)
{
	struct wiped script = { NULL, 0, 0 }, unit = { NULL, 0, 0 };

	if (j->reports) {
		report_script(&script, &j->report);
		add_file(out, "/etc/beskar7/report", 0700, &script);
	}
	wiped_adds(out, "]}");
	if (j->reports) {
		report_unit(&unit, "/etc/beskar7/report");
		wiped_adds(out, ",\"systemd\":{\"units\":[{\"name\":"
				"\"beskar7-report.service\",\"enabled\":true,"
				"\"contents\":");
		wiped_quoted(out, unit.p);
		wiped_adds(out, "}]}");
		wiped_free(&unit);
	}
	wiped_adds(out, "}");
}

/* The user's configuration, with whose machine it is and the report; what the
 * user's own says of the same files wins. */
static void
of_machine(struct wiped *out, const struct job *j, const struct wiped *user)
{
	begin(out, &(struct delivery_bytes){ user->p, user->n });
	add_identity(out, j->in);
	add_report(out, j);
}

/* Of the live system that installs: coreos-installer takes the machine's
 * configuration from a file, and the user's wrapper says the rest. */
static void
of_installer(struct wiped *out, const struct job *j, struct wiped *machine)
{
	struct wiped how = { NULL, 0, 0 };

	wiped_adds(&how, "ignition-file: /etc/beskar7/machine.ign\n");
	begin(out, &j->in->wrapper);
	add_file(out, "/etc/beskar7/machine.ign", 0600, machine);
	add_file(out, "/etc/coreos/installer.d/9000-beskar7.yaml", 0600, &how);
	wiped_adds(out, "]}}");
}

/* ---- the embed area ------------------------------------------------------ */

static void
cpio_header(struct wiped *out, const char *name, unsigned mode, size_t n)
{
	char text[111];

	/* newc: magic, inode, mode, owner, group, links, time, size, four
	 * numbers of devices, length of the name with its NUL, check. */
	(void)str_format(text, sizeof(text),
	    "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
	    mode != 0 ? 1 : 0, mode, 0, 0, 1, 0, n, 0, 0, 0, 0,
	    strlen(name) + 1, 0);
	wiped_adds(out, text);
	wiped_add(out, name, strlen(name) + 1);
}

static void
cpio_pad(struct wiped *out)
{
	while (out->n % 4 != 0)
		wiped_add(out, "", 1);
}

static void
cpio(struct wiped *out, struct wiped *config)
{
	cpio_header(out, "config.ign", 0100600, config->n);
	cpio_pad(out);
	wiped_add(out, config->p, config->n);
	cpio_pad(out);
	cpio_header(out, "TRAILER!!!", 0, 0);
	while (out->n % 512 != 0)
		wiped_add(out, "", 1);
	wiped_free(config);
}

/* Which file of the image the boot loader loads behind the initial RAM disk. */
static bool
area_of(struct job *j, char path[CD_PATH_MAX])
{
	const struct cd_tree *t = &j->in->cd->trees[0];
	uint32_t node = cd_find(t, INFO);
	struct buf text;
	struct err why;
	enum media_step step;
	cJSON *info = NULL;
	bool ok = true;

	(void)str_copy(path, CD_PATH_MAX, "/" AREA_DEFAULT);
	if (node == CD_NONE)
		return true;
	buf_init(&text, INFO_MAX);
	step = cd_read(t, node, j->in->base, &text, &why);
	j->wants = step == MEDIA_WANTS;
	if (step == MEDIA_DONE)
		info = json_parse(buf_str(&text), text.n, &why);
	if (step == MEDIA_BAD || (step == MEDIA_DONE && info == NULL))
		ok = job_no(j, "%s of the image: %s", INFO, why.msg);
	else if (json_at(info, "offset") != NULL)
		ok = job_no(j,
		    "the embed area lies inside of another file "
		    "(%s, offset): images of that architecture "
		    "cannot be changed",
		    INFO);
	else if (info != NULL)
		ok = str_format(path, CD_PATH_MAX, "/%s",
			 json_str(info, "file", AREA_DEFAULT)) ||
		     job_no(j, "%s of the image: its path is too long", INFO);
	cJSON_Delete(info);
	buf_free(&text);
	return ok;
}

static bool
embed(struct job *j, struct wiped *config)
{
	char path[CD_PATH_MAX];
	struct wiped area = { NULL, 0, 0 };

	if (!area_of(j, path) || j->wants) {
		wiped_free(config);
		return j->wants;
	}
	if (cd_find(&j->in->cd->trees[0], path) == CD_NONE) {
		wiped_free(config);
		return job_no(j, "the image has no embed area %.100s", path);
	}
	/* The whole file is replaced, so its size is no limit. */
	cpio(&area, config);
	room_iso(j->out, path, &area);
	return true;
}

/* ---- all of it ----------------------------------------------------------- */

static bool
knows_disk(const struct job *j)
{
	return j->in->wrapper.n > 0 ||
	       job_has_arg(j, "coreos.inst.install_dev");
}

static bool
coreos(struct job *j, struct wiped *config)
{
	struct wiped live = { NULL, 0, 0 };

	if (j->out->mode == DELIVERY_CONFIG_DRIVE) {
		wiped_free(config);
		return job_no(j, "CoreOS's live system reads no second medium: "
				 "userData.delivery must be Embedded or Auto");
	}
	if (!j->in->installer)
		return embed(j, config);
	if (!knows_disk(j)) {
		wiped_free(config);
		return job_no(j,
		    "nothing says which disk coreos-installer is to write: put "
		    "coreos.inst.install_dev=/dev/... into "
		    "userData.kernelArgs, "
		    "or dest-device into an Ignition configuration that "
		    "userData.wrapperSecretRef names");
	}
	of_installer(&live, j, config);
	wiped_free(config);
	return embed(j, &live);
}

static bool
check(struct job *j)
{
	struct payload w;

	if (j->payload->kind != PAYLOAD_IGNITION)
		return job_no(j, "the data is %s, and not Ignition's JSON",
		    payload_name(j->payload->kind));
	if (j->in->wrapper.n == 0)
		return true;
	payload_look(&w, j->in->wrapper.p, j->in->wrapper.n);
	if (w.kind == PAYLOAD_IGNITION && w.spec == 3)
		return true;
	return job_no(j, "userData.wrapperSecretRef must be an Ignition "
			 "configuration of specification 3");
}

bool
format_ignition(struct job *j)
{
	struct wiped config = { NULL, 0, 0 }, user = { NULL, 0, 0 };

	if (!check(j) || !ignition_config(j, &user))
		return false;
	of_machine(&config, j, &user);
	wiped_free(&user);
	j->out->report = j->reports;
	if (j->family->id == FAMILY_COREOS)
		return coreos(j, &config);
	room_put(j->out, "", "/ignition/config.ign", &config);
	if (j->out->mode == DELIVERY_CONFIG_DRIVE)
		j->out->config.label = "ignition";
	else
		j->out->iso.label = "ignition";
	return true;
}
