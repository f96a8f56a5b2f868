/* The fleet in figures, for /metrics; few series, however many hosts. */
#include "agent/control/controllers.h"
#include "agent/control/host_index.h"
#include "agent/control/internal.h"
#include "common/metrics.h"
#include "common/str.h"

static bool
census_ours(const void *arg, const char *key)
{
	return controllers_drives(arg, key);
}

void
controllers_collect(const struct controllers *c, struct metrics *m)
{
	struct host_census n = { 0 };
	char label[64];

	if (c != NULL)
		n = host_index_census(&c->index, census_ours, c);
	metrics_help(m, "beskar7_hosts_in_state",
	    "PhysicalHosts driven here, by status.state; all zero without the "
	    "lease.");
	for (int s = 0; s < HOST_STATES; s++) {
		(void)str_format(label, sizeof(label), "state=\"%s\"",
		    host_state_name((enum host_state)s));
		metrics_set(
		    m, "beskar7_hosts_in_state", label, (int64_t)n.in_state[s]);
	}
	metrics_help(m, "beskar7_hosts_ready",
	    "PhysicalHosts driven here whose condition Ready is True.");
	metrics_set(m, "beskar7_hosts_ready", NULL, (int64_t)n.ready);
	metrics_help(m, "beskar7_hosts_provisioning",
	    "PhysicalHosts driven here that are being provisioned, by "
	    "status.operation.progressPercent.");
	for (int i = 0; i < HOST_TENTHS; i++) {
		(void)str_format(
		    label, sizeof(label), "percent=\"%d\"", 10 * i);
		metrics_set(m, "beskar7_hosts_provisioning", label,
		    (int64_t)n.in_tenth[i]);
	}
}
