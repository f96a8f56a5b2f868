/* Virtual media slots: what goes in, what comes out, and when. */
#ifndef B7_SIM_BMC_MEDIA_H
#define B7_SIM_BMC_MEDIA_H

#include <stdbool.h>

struct bmc;
struct request;

struct media_ask {
	unsigned slot;
	bool eject;
	const char *image, *user, *protocol, *method; /* NULL = not given */
	bool write_protected;
};
/* Starts it; answers rq now or later, as the profile says. What may be asked
 * was checked before. */
void media_start(struct request *rq, const struct media_ask *a);
bool media_busy(const struct bmc *b, unsigned slot);
/* All that is under way ends, silently (the BMC restarts or is freed). */
void media_cancel_all(struct bmc *b);
/* The medium is gone without anybody having asked for it. */
void media_drop(struct bmc *b, unsigned slot);
void media_drop_all(struct bmc *b);

#endif
