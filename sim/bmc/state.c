/* See state.h. */
#include "sim/bmc/state.h"

#include "common/mem.h"

const char *
power_name(enum power p)
{
	static const char *const names[] = { "Off", "PoweringOn", "On",
		"PoweringOff" };

	return names[p];
}

const char *
boot_progress_name(enum boot_progress p)
{
	static const char *const names[] = { "None",
		"PrimaryProcessorInitializationStarted",
		"MemoryInitializationStarted", "PCIResourceConfigStarted",
		"SystemHardwareInitializationComplete", "SetupEntered",
		"OSBootStarted", "OSRunning" };

	return names[p];
}

void
bmc_state_copy(struct bmc_state *to, const struct bmc_state *from)
{
	*to = *from;
	for (size_t i = 0; i < PROFILE_SLOTS; i++) {
		struct slot_state *s = &to->slots[i];

		s->image = xstrdup(s->image);
		s->user = xstrdup(s->user);
		s->protocol = xstrdup(s->protocol);
		s->method = xstrdup(s->method);
	}
}

void
bmc_state_fini(struct bmc_state *s)
{
	for (size_t i = 0; i < PROFILE_SLOTS; i++) {
		xreplace(&s->slots[i].image, NULL);
		xreplace(&s->slots[i].user, NULL);
		xreplace(&s->slots[i].protocol, NULL);
		xreplace(&s->slots[i].method, NULL);
	}
}
