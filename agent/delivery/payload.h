/* What bootstrap data is, told by its first bytes as its readers tell it. */
#ifndef B7_AGENT_DELIVERY_PAYLOAD_H
#define B7_AGENT_DELIVERY_PAYLOAD_H

#include "agent/delivery/delivery.h"

enum payload_kind {
	PAYLOAD_UNKNOWN,
	PAYLOAD_CLOUD_CONFIG,
	PAYLOAD_JINJA,  /* a template of one of the others */
	PAYLOAD_SCRIPT, /* "#!" */
	PAYLOAD_OTHER,  /* anything else that cloud-init knows by its mark */
	PAYLOAD_MIME,   /* a message with headers of its own */
	PAYLOAD_GZIP,
	PAYLOAD_IGNITION,
	PAYLOAD_TALOS,
	PAYLOAD_KAIROS /* #kairos-config, #node-config */
};
struct payload {
	enum payload_kind kind;
	const char *type; /* content type of cloud-init; NULL = it has none */
	unsigned spec;    /* Ignition: 2 or 3; else 0 */
	bool plain; /* printable ASCII, tabs and line feeds, no long line */
	/* It says where it will note its success, as Cluster API has it. */
	bool sentinel;
};

void payload_look(struct payload *out, const void *data, size_t n);
/* For messages. */
const char *payload_name(enum payload_kind k);
/* Whether that word of the bootstrap Secret is known, and which format it means;
 * AUTO for what says nothing of it. */
bool payload_format(const char *word, enum delivery_format *out);

#endif
