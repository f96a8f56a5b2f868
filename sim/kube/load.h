/* Manifests into the server: YAML streams, files and folders. */
#ifndef B7_SIM_KUBE_LOAD_H
#define B7_SIM_KUBE_LOAD_H

#include "sim/kube/server.h"

/* A file, or every *.yaml, *.yml and *.json of a folder, in order. */
bool ks_load_path(struct kube_server *s, const char *path, struct err *e);

#endif
