#include "agent/redfish/redfish.h"

static const char *
pick(const char *const *names, size_t n, unsigned i)
{
	return i < n ? names[i] : "?";
}
#define PICK(names, i) \
	pick(names, sizeof(names) / sizeof((names)[0]), (unsigned)(i))

const char *
redfish_power_name(enum redfish_power p)
{
	static const char *const names[] = { "Unknown", "On", "Off",
		"PoweringOn", "PoweringOff", "Paused" };

	return PICK(names, p);
}

const char *
redfish_override_name(enum redfish_override o)
{
	static const char *const names[] = { "Unknown", "Disabled", "Once",
		"Continuous" };

	return PICK(names, o);
}

const char *
redfish_boot_mode_name(enum redfish_boot_mode m)
{
	static const char *const names[] = { "Unknown", "UEFI", "Legacy" };

	return PICK(names, m);
}

const char *
redfish_progress_name(enum redfish_progress p)
{
	static const char *const names[] = { "Absent", "None",
		"PrimaryProcessorInitializationStarted",
		"BusInitializationStarted", "MemoryInitializationStarted",
		"PCIResourceConfigStarted",
		"SystemHardwareInitializationComplete", "SetupEntered",
		"OSBootStarted", "OSRunning", "OEM" };

	return PICK(names, p);
}

const char *
redfish_health_name(enum redfish_health h)
{
	static const char *const names[] = { "Unknown", "OK", "Warning",
		"Critical" };

	return PICK(names, h);
}

const char *
redfish_cause_name(enum redfish_cause c)
{
	static const char *const names[] = { "none", "unreachable", "timeout",
		"tls", "certificate-changed", "auth", "password-change", "busy",
		"circuit", "refused", "licence", "unsupported", "url", "mode",
		"silent", "occupied", "conflict", "protocol", "spec",
		"internal" };

	return PICK(names, c);
}

const char *
redfish_reset_name(enum redfish_reset r)
{
	static const char *const names[] = { "On", "ForceOff",
		"GracefulShutdown", "ForceRestart", "GracefulRestart" };

	return PICK(names, r);
}
