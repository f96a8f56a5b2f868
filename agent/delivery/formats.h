/* Each format's own part of delivery(): one file of this folder each. */
#ifndef B7_AGENT_DELIVERY_FORMATS_H
#define B7_AGENT_DELIVERY_FORMATS_H

#include "agent/delivery/family.h"
#include "agent/delivery/payload.h"
#include "agent/delivery/report.h"
#include "agent/delivery/room.h"

/* What is to be done; mode and format of out are decided. */
struct job {
	const struct delivery_in *in;
	struct delivery_out *out;
	const struct family *family;
	const struct payload *payload;
	struct report report;
	bool reports; /* somebody listens */
	bool wants;   /* bytes of the base are missing: to be run again */
	struct err *e;
};
static inline const struct report *
job_report(const struct job *j)
{
	return j->reports ? &j->report : NULL;
}
/* The user gives that argument: "NAME" or "NAME=...". */
bool job_has_arg(const struct job *j, const char *name);
/* Refused for good: the reason is FormatUnsupported unless it was set. */
bool job_no(struct job *j, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A seed of NoCloud, and how the running system finds it. Takes
 * user_data. */
void format_seed(struct job *j, struct wiped *user_data);

/* false: e says why. They put files, labels and arguments into out, and set
 * out->report if the machine will report. */
bool format_cloud_init(struct job *j);
bool format_autoinstall(struct job *j);
bool format_ignition(struct job *j);
bool format_combustion(struct job *j);
bool format_talos(struct job *j);
bool format_kairos(struct job *j);

#endif
