/*
 * A small image from nothing: ISO 9660 with Rock Ridge and Joliet, made of given
 * files, for a second drive. A pure function: the same label and files give the
 * same bytes. Nothing in it is dated; all is owned by root and for root alone,
 * since it holds secrets.
 */
#ifndef B7_AGENT_MEDIA_VOLUME_H
#define B7_AGENT_MEDIA_VOLUME_H

#include "agent/media/compose.h"
#include "agent/media/composed.h"

#define VOLUME_LABEL 32 /* bytes; what Joliet holds is cut to 16 */
#define VOLUME_NODES 64 /* files and folders */
#define VOLUME_NAME 60  /* bytes of one name */
#define VOLUME_DEPTH 7
#define VOLUME_BYTES (16u << 20)

struct volume_opts {
	const char *label; /* as systems look for it: "cidata", "COMBUSTION" */
	const struct compose_file *files; /* boot 0; "/a/b" makes folders */
	size_t n_files;
};

/* *out is memory alone: no base is read (composed_free). Names have letters,
 * digits, '.', '_' and '-'. ERR_SPEC for others, and for what stands twice;
 * ERR_TOO_BIG. */
bool volume_make(
    struct composed *out, const struct volume_opts *o, struct err *e);

#endif
