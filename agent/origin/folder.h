/*
 * Base images in folders of this machine, for URLs that the operator maps to
 * them: "http://images/=/srv/images" reads http://images/a.iso from
 * /srv/images/a.iso, and nobody asks a host called images. An image is what its
 * size and its modification time were when it was opened; another one is an error
 * for good.
 */
#ifndef B7_AGENT_ORIGIN_FOLDER_H
#define B7_AGENT_ORIGIN_FOLDER_H

#include <stdbool.h>

#include "agent/media/source.h"
#include "common/env.h"
#include "common/err.h"

#define FOLDER_PATH 4096

/* "URL=FOLDER,...": ERR_SPEC names what is wrong. NULL and "" are fine. */
bool folder_check(const char *map, struct err *e);
/* Whether the URL is mapped, and where to. ERR_SPEC, and an empty path: it is, but
 * names no file below the folder (.., %, no name). */
bool folder_path(
    const char *map, const char *url, char path[FOLDER_PATH], struct err *e);

struct folder_image;
/* ERR_NOTFOUND, ERR_SPEC. Opened at once; nothing is kept open. */
struct folder_image *folder_image_new(
    const struct env *env, const char *path, struct err *e);
void folder_image_free(struct folder_image *f);
/* Reads end before they return. */
const struct source *folder_image_source(const struct folder_image *f);
/* Other bytes, another name, as far as times of files tell. 64 hex digits. */
const char *folder_image_name(const struct folder_image *f);
bool folder_image_changed(const struct folder_image *f);

#endif
