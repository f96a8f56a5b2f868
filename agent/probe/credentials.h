/* The login for a probe: from a file, else from two texts of the environment;
 * never from a command line, which every user of a machine can read. Pure. */
#ifndef B7_AGENT_PROBE_CREDENTIALS_H
#define B7_AGENT_PROBE_CREDENTIALS_H

#include <stdbool.h>

#include "common/err.h"
#include "common/files.h"
#include "common/mem.h"

struct credentials {
	char *username; /* owned */
	struct secret password;
};
void credentials_fini(struct credentials *c);
/* YAML or JSON: username and password at the top, or a Secret's stringData or
 * data, as they stand in a manifest; the first document that has both. */
bool credentials_read(struct credentials *c, struct files *files,
    const char *path, struct err *e);

#endif
