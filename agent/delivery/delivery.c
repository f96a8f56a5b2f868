/* See delivery.h: what is asked for, made of what the image can take. */
#include "agent/delivery/delivery.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/delivery/formats.h"
#include "agent/delivery/nocloud.h"
#include "agent/media/karg.h"
#include "common/digest.h"
#include "common/str.h"

/* Lengths in front, so that no two lists give the same bytes. */
static void
hash_bytes(struct sha256_ctx *c, const void *p, size_t n)
{
	uint8_t length[8];

	for (size_t i = 0; i < 8; i++)
		length[i] = (uint8_t)((uint64_t)n >> 8 * i);
	sha256_more(c, length, sizeof(length));
	if (n > 0)
		sha256_more(c, p, n);
}

static void
hash_text(struct sha256_ctx *c, const char *s)
{
	hash_bytes(c, s, s == NULL ? 0 : strlen(s));
}

static void
hash_files(struct sha256_ctx *c, const struct compose_file *v, size_t n)
{
	hash_bytes(c, &(uint8_t){ (uint8_t)n }, 1);
	for (size_t i = 0; i < n; i++) {
		hash_text(c, v[i].path);
		hash_bytes(c, v[i].p, v[i].n);
		hash_bytes(c, &(uint8_t){ (uint8_t)v[i].boot }, 1);
	}
}

void
delivery_hash(const struct delivery_out *out, uint8_t sha256[32])
{
	struct sha256_ctx c;

	sha256_begin(&c);
	hash_text(&c, delivery_mode_name(out->mode));
	hash_text(&c, delivery_format_name(out->format));
	hash_text(&c, out->iso.args);
	hash_text(&c, out->iso.label);
	hash_files(&c, out->iso.files, out->iso.n_files);
	hash_text(&c, out->config.label);
	hash_files(&c, out->config.files, out->config.n_files);
	sha256_end(&c, sha256);
}

bool
job_no(struct job *j, const char *fmt, ...)
{
	char text[sizeof(j->e->msg)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (j->out->reason == NULL)
		j->out->reason = "FormatUnsupported";
	return err_set(j->e, ERR_SPEC, 0, "%s", text);
}

bool
job_has_arg(const struct job *j, const char *name)
{
	const char *at = j->in->kernel_args;
	size_t n = strlen(name);

	while (at != NULL && *at != '\0') {
		size_t len = strcspn(at, " ");

		if (len >= n && memcmp(at, name, n) == 0 &&
		    (len == n || at[n] == '='))
			return true;
		at += len;
		at += strspn(at, " ");
	}
	return false;
}

static bool
no_way(struct job *j, const char *why)
{
	j->out->reason = "DeliveryNone";
	return job_no(j, "%s", why);
}

/* ---- format -------------------------------------------------------------- */

/* What the data is, by itself and by where it is going. */
static enum delivery_format
format_of(const struct job *j)
{
	enum family_id family = j->family->id;

	if (j->payload->kind == PAYLOAD_IGNITION)
		return DELIVERY_IGNITION;
	if (j->payload->kind == PAYLOAD_TALOS)
		return DELIVERY_TALOS;
	if (j->payload->kind == PAYLOAD_KAIROS)
		return DELIVERY_KAIROS;
	if (family == FAMILY_SUBIQUITY && j->in->installer)
		return DELIVERY_AUTOINSTALL;
	if (family == FAMILY_KAIROS)
		return DELIVERY_KAIROS;
	if (family == FAMILY_SELF_INSTALL)
		return DELIVERY_COMBUSTION;
	return DELIVERY_CLOUD_INIT;
}

/* A bootstrap provider that says cloud-config means the language, which several
 * families take in their own way. */
static bool
goes_with(
    enum delivery_format said, enum delivery_format format, const struct job *j)
{
	if (said == DELIVERY_FORMAT_AUTO || said == format)
		return true;
	if (said != DELIVERY_CLOUD_INIT)
		return false;
	return format == DELIVERY_AUTOINSTALL || format == DELIVERY_KAIROS ||
	       (format == DELIVERY_COMBUSTION && j->in->wrapper.n > 0) ||
	       (format == DELIVERY_COMBUSTION &&
		   j->payload->kind == PAYLOAD_SCRIPT);
}

static bool
choose_format(struct job *j)
{
	const struct delivery_in *in = j->in;
	enum delivery_format said;

	if (!payload_format(in->secret_format, &said))
		return job_no(j,
		    "the bootstrap Secret says format %.40s, which is none of "
		    "those that are known",
		    in->secret_format);
	j->out->format = in->format != DELIVERY_FORMAT_AUTO ? in->format
			 : said > DELIVERY_CLOUD_INIT       ? said
							    : format_of(j);
	if (goes_with(said, j->out->format, j))
		return true;
	return job_no(j,
	    "the bootstrap Secret says format %.40s, and %s is what %s",
	    in->secret_format, delivery_format_name(j->out->format),
	    in->format != DELIVERY_FORMAT_AUTO ? "userData.format asks for"
					       : "its data is");
}

/* ---- mode ---------------------------------------------------------------- */

/* What stays in a live system's drive until its release is not to hold secrets;
 * what one drive can do needs no second one. */
static enum delivery_mode
best_mode(const struct job *j)
{
	const struct delivery_in *in = j->in;

	if (!in->second_drive)
		return DELIVERY_EMBEDDED;
	if (j->out->format == DELIVERY_IGNITION)
		return j->family->id == FAMILY_COREOS ? DELIVERY_EMBEDDED
						      : DELIVERY_CONFIG_DRIVE;
	if (j->out->format == DELIVERY_TALOS)
		return DELIVERY_CONFIG_DRIVE;
	/* A label of a boot medium is changed only where nothing else helps;
	 * and what SUSE's installs looks for its data itself, when the boot
	 * medium may be gone. */
	if (!in->installer || j->family->medium == NULL)
		return DELIVERY_CONFIG_DRIVE;
	return DELIVERY_EMBEDDED;
}

static bool
choose_mode(struct job *j)
{
	const struct delivery_in *in = j->in;

	j->out->mode = in->mode != DELIVERY_AUTO ? in->mode : best_mode(j);
	if (j->out->mode == DELIVERY_CONFIG_DRIVE && !in->second_drive)
		return no_way(j,
		    "userData.delivery is ConfigDrive, and the BMC has no "
		    "second drive for virtual media");
	if (j->family->no != NULL && (in->mode != DELIVERY_CONFIG_DRIVE ||
					 in->format == DELIVERY_FORMAT_AUTO))
		return job_no(j, "%s", j->family->no);
	return true;
}

/* ---- all of it ----------------------------------------------------------- */

static bool
sizes(struct job *j)
{
	const struct delivery_in *in = j->in;

	if (in->data.n == 0) {
		j->out->reason = "WaitingForBootstrapData";
		return job_no(j, "the bootstrap Secret's value is empty");
	}
	if (in->data.n <= DELIVERY_PAYLOAD &&
	    in->wrapper.n <= DELIVERY_PAYLOAD &&
	    in->network.n <= DELIVERY_PAYLOAD)
		return true;
	j->out->reason = "TooLarge";
	return err_set(j->e, ERR_TOO_BIG, 0,
	    "user data of more than %u bytes: no Secret holds that",
	    DELIVERY_PAYLOAD);
}

static bool
arguments(struct job *j)
{
	const char *args = j->in->kernel_args;

	if (str_empty(args))
		return true;
	if (strlen(args) > KARG_MAX / 2) {
		j->out->reason = "TooLarge";
		return job_no(j, "userData.kernelArgs is longer than %u bytes",
		    KARG_MAX / 2);
	}
	if (!karg_check(args, j->e)) {
		(void)err_wrap(j->e, "userData.kernelArgs");
		return job_no(j, "%s", j->e->msg);
	}
	room_args(j->out, args);
	return true;
}

static bool
format_it(struct job *j)
{
	static bool (*const formats[])(struct job *) = {
		[DELIVERY_CLOUD_INIT] = format_cloud_init,
		[DELIVERY_AUTOINSTALL] = format_autoinstall,
		[DELIVERY_IGNITION] = format_ignition,
		[DELIVERY_COMBUSTION] = format_combustion,
		[DELIVERY_TALOS] = format_talos,
		[DELIVERY_KAIROS] = format_kairos,
	};

	return formats[j->out->format](j);
}

/* Formats that have a use for userData.wrapperSecretRef. */
static bool
wrapper(struct job *j)
{
	enum delivery_format f = j->out->format;

	if (j->in->wrapper.n == 0 || f == DELIVERY_AUTOINSTALL ||
	    f == DELIVERY_COMBUSTION || f == DELIVERY_KAIROS ||
	    (f == DELIVERY_IGNITION && j->in->installer))
		return true;
	return job_no(j,
	    "userData.wrapperSecretRef is for Autoinstall, Combustion, Kairos "
	    "and Ignition with an installer: %s takes the data alone",
	    delivery_format_name(f));
}

static bool
network(struct job *j)
{
	struct err why;

	if (j->out->format != DELIVERY_CLOUD_INIT &&
	    j->out->format != DELIVERY_AUTOINSTALL)
		return true;
	return nocloud_network_ok(j->in, &why) || job_no(j, "%s", why.msg);
}

static bool
deliver(struct job *j)
{
	struct err why;

	if (!arguments(j))
		return false;
	if (j->in->mode == DELIVERY_NONE) {
		j->out->reason = "DeliveryNone";
		return true;
	}
	if (!sizes(j))
		return false;
	if (!nocloud_meta_ok(j->in, &why))
		return job_no(j, "%s", why.msg);
	return choose_format(j) && choose_mode(j) && wrapper(j) && network(j) &&
	       format_it(j);
}

enum media_step
delivery(struct delivery_out *out, const struct delivery_in *in, struct err *e)
{
	struct payload p;
	struct job j = { .in = in, .out = out, .e = e, .payload = &p };
	enum media_step step;
	struct err mine = { .kind = ERR_NONE };

	j.e = e != NULL ? e : &mine;
	room_begin(out);
	payload_look(&p, in->data.p != NULL ? in->data.p : "", in->data.n);
	j.family = family_of(in->cd);
	j.report = (struct report){ in->report_url, in->report_ca,
		in->installer, p.sentinel };
	j.reports = in->report_url != NULL && report_url_ok(in->report_url) &&
		    (in->report_ca == NULL || report_ca_ok(in->report_ca));
	out->mode = in->mode;
	out->format =
	    in->mode == DELIVERY_NONE ? DELIVERY_FORMAT_AUTO : in->format;
	out->family = j.family->name;
	step = !deliver(&j) ? MEDIA_BAD : j.wants ? MEDIA_WANTS : MEDIA_DONE;
	if (step == MEDIA_DONE && out->iso.n_files == 0)
		out->iso.files = NULL;
	return step;
}
