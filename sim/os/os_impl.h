/* Between os.c, the families and what reads their data. */
#ifndef B7_SIM_OS_OS_IMPL_H
#define B7_SIM_OS_OS_IMPL_H

#include <cjson/cJSON.h>

#include "common/buf.h"
#include "sim/os/bootcfg.h"
#include "sim/os/isofs.h"
#include "sim/os/os.h"
#include "sim/os/texts.h"

struct os_seek {
	struct os_look *look;
	struct os_facts *f;
	struct isofs fs[OS_DRIVES];
	bool open[OS_DRIVES]; /* fs is one */
	struct bootcfg cfg;
	struct buf user, meta, vendor;
	struct texts texts; /* what the data puts into the system */
};

/* ---- os.c: for families ----------------------------------------------------- */

/* f->why; OS_BAD. */
enum os_step os_bad(struct os_seek *k, const char *what, const char *where);
/* The drive whose volume has the label, perhaps in capitals; -1. */
int os_volume(const struct os_seek *k, const char *label, bool capitals);
/* A file of a drive; remembers which drive is wanted. */
enum os_step os_file(
    struct os_seek *k, size_t drive, const char *path, struct buf *out);
void os_source(
    struct os_seek *k, const char *how, const char *where, size_t drive);
/* f->bytes and f->sha256 of what was found. */
void os_found(struct os_seek *k, const char *format, const struct buf *data);
/* The data is there, but the system's bootstrap fails by it. */
void os_fails(struct os_seek *k, const char *what, const char *where);

/* ---- families: where data is. OS_NONE: f->why says what was looked for ------- */

enum os_step os_nocloud(struct os_seek *k, bool autoinstall);
enum os_step os_coreos(struct os_seek *k);
enum os_step os_microos(struct os_seek *k);
enum os_step os_talos(struct os_seek *k);
enum os_step os_kairos(struct os_seek *k);

/* ---- what is in data, into k->texts and k->f ----------------------------------- */

/* user, vendor: as found. meta: an object, or NULL. */
void os_cloudinit(struct os_seek *k, const struct buf *user,
    const struct buf *vendor, const cJSON *meta);
/* One cloud-config that was parsed. */
void os_cloudconfig(struct os_seek *k, const cJSON *cfg);
void os_ignition(struct os_seek *k, const char *json, size_t n);
/* "cat > FILE <<EOF" of a script. */
void os_heredocs(struct os_seek *k, const char *script);
/* The report's address, the kubelet's providerID and name, by the texts. */
void os_join(struct os_seek *k);

#endif
