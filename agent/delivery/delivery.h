/*
 * How bootstrap data reaches a machine: which files and kernel arguments its boot
 * ISO gets, or what is on a second medium, so that the operating system of that
 * image finds the data by itself. A pure function of what is handed in: no
 * Kubernetes, no network, no clock. README.md has the table of all families.
 */
#ifndef B7_AGENT_DELIVERY_DELIVERY_H
#define B7_AGENT_DELIVERY_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/media/cd.h"
#include "agent/media/compose.h"
#include "agent/media/sparse.h"
#include "agent/media/volume.h"
#include "common/err.h"

/* By their names in the API: userData.delivery, userData.format. */
enum delivery_mode {
	DELIVERY_AUTO,
	DELIVERY_EMBEDDED,
	DELIVERY_CONFIG_DRIVE,
	DELIVERY_NONE
};
enum delivery_format {
	DELIVERY_FORMAT_AUTO,
	DELIVERY_CLOUD_INIT,
	DELIVERY_AUTOINSTALL,
	DELIVERY_IGNITION,
	DELIVERY_COMBUSTION,
	DELIVERY_TALOS,
	DELIVERY_KAIROS
};
/* NULL and "" are Auto. false: no such word. */
bool delivery_mode_parse(const char *s, enum delivery_mode *out);
bool delivery_format_parse(const char *s, enum delivery_format *out);
const char *delivery_mode_name(enum delivery_mode m);
const char *delivery_format_name(enum delivery_format f);

#define DELIVERY_PAYLOAD (1u << 20) /* bytes: what a Secret can hold */
#define DELIVERY_META 64            /* pairs */

struct delivery_bytes {
	const void *p; /* borrowed; NULL = there is none */
	size_t n;
};
struct delivery_pair {
	const char *key, *value;
};
struct delivery_in { /* all borrowed for the call */
	enum delivery_mode mode;
	enum delivery_format format;
	/* Key `format` of the bootstrap Secret; NULL = absent. */
	const char *secret_format;
	struct delivery_bytes data;    /* key `value` */
	struct delivery_bytes wrapper; /* userData.wrapperSecretRef's value */
	struct delivery_bytes network; /* networkDataSecretRef's value */
	const struct delivery_pair *meta; /* userData.metaData */
	size_t n_meta;
	const char *instance_id; /* the claim id */
	const char *hostname;    /* what the machine is to be called */
	const char *provider_id; /* NULL = not known */
	const char *kernel_args; /* userData.kernelArgs; NULL = none */
	const char *report_url;  /* NULL = nobody listens */
	const char *report_ca;   /* PEM; NULL = what the system trusts */
	bool installer;          /* image.kind Installer; else Live */
	bool second_drive;       /* the BMC has another CD drive to use */
	const struct cd *cd; /* the boot image, by which families are told */
	struct sparse *base; /* its bytes; what is missing is wanted */
};
struct delivery_out {
	enum delivery_mode mode;     /* never AUTO */
	enum delivery_format format; /* AUTO only if mode is NONE */
	const char *family;          /* of the image; static, for messages */
	/* For compose(): handed on as it is. No files and no args: the base
	 * is good as it stands. */
	struct compose_opts iso;
	/* For volume_make(); label NULL = there is no second medium. */
	struct volume_opts config;
	bool report; /* the machine will say that it is up */
	/* Of BootstrapDataReady, static; set with MEDIA_BAD, and
	 * "DeliveryNone" with mode NONE. Else NULL. */
	const char *reason;
	struct delivery_room *room; /* owned: all bytes, wiped at the end */
};

/*
 * MEDIA_DONE: *out is filled (delivery_free). MEDIA_WANTS: as of compose(): put
 * the wants into `base` and call again. MEDIA_BAD: out->reason and e (ERR_SPEC,
 * ERR_TOO_BIG) say why; a reason of "WaitingForBootstrapData" (0 bytes) may pass,
 * all others are until the user changes something. e never quotes data.
 */
enum media_step delivery(
    struct delivery_out *out, const struct delivery_in *in, struct err *e);
/* Wipes. Fine for all zero, and twice. */
void delivery_free(struct delivery_out *out);
/* Over everything that goes into the media: mode, format, arguments, labels,
 * names and bytes. */
void delivery_hash(const struct delivery_out *out, uint8_t sha256[32]);

#endif
