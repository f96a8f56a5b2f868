/* A base image in a file, for programs that are run by hand. */
#ifndef B7_AGENT_MEDIA_BASE_FILE_H
#define B7_AGENT_MEDIA_BASE_FILE_H

#include "agent/media/cd.h"
#include "agent/media/composed.h"
#include "agent/media/source.h"
#include "common/files.h"

struct base_file {
	struct files files;
	const char *path; /* borrowed */
	struct source source;
	struct sparse sparse;
	struct cd cd;
	struct err e;
	bool ok;
};

/* Opened and parsed; base_file_close() in any case. */
bool base_file_open(struct base_file *b, const char *path, struct err *e);
void base_file_close(struct base_file *b);
/* Until the step wants nothing more. */
bool base_file_run(
    struct base_file *b, source_step *step, void *arg, struct err *e);
/* A new file. b NULL: nothing of c is of a base. */
bool base_file_write(struct base_file *b, const struct composed *c,
    const char *path, struct err *e);

#endif
