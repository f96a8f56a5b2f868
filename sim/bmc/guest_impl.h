/* Between guest.c, guest_read.c and guest_report.c. */
#ifndef B7_SIM_BMC_GUEST_IMPL_H
#define B7_SIM_BMC_GUEST_IMPL_H

#include "common/http.h"
#include "common/loop.h"
#include "sim/os/os.h"

struct bmc;
struct guest_reading;

enum guest_status {
	GUEST_NONE,
	GUEST_MISSING,
	GUEST_UNREADABLE,
	GUEST_FOUND,
	GUEST_FAILED,
	GUEST_BOOTSTRAPPED
};
struct guest {
	struct bmc *b; /* borrowed */
	enum guest_status status;
	struct os_facts *live;      /* owned; of the medium that was booted */
	struct os_facts *disk;      /* owned; what an installer left */
	const struct os_facts *now; /* one of them; NULL = none runs */
	bool from_disk;
	bool reported, disk_reported;
	unsigned reports;              /* of this boot */
	struct guest_reading *reading; /* owned; NULL = nothing is read */
	struct http_peer *peer;        /* owned; of the report */
	struct timer again;
};

struct guest *guest_of(struct bmc *b); /* made if there is none */
/* Takes f; disk: of the first boot of what was installed. */
void guest_found(struct guest *g, struct os_facts *f, bool disk);
void guest_read_disk(struct guest *g);
void guest_read_stop(struct guest *g);
void guest_report(struct guest *g);
void guest_report_stop(struct guest *g);

#endif
