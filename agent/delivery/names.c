/* Words of the API. */
#include "agent/delivery/delivery.h"
#include "common/str.h"

static const char *const modes[] = { "Auto", "Embedded", "ConfigDrive",
	"None" };
static const char *const formats[] = { "Auto", "CloudInit", "Autoinstall",
	"Ignition", "Combustion", "Talos", "Kairos" };

static bool
find(const char *const *v, size_t n, const char *s, size_t *at)
{
	*at = 0;
	if (str_empty(s))
		return true;
	for (*at = 0; *at < n; (*at)++)
		if (str_eq(v[*at], s))
			return true;
	return false;
}

bool
delivery_mode_parse(const char *s, enum delivery_mode *out)
{
	size_t at;
	bool ok = find(modes, sizeof(modes) / sizeof(modes[0]), s, &at);

	*out = ok ? (enum delivery_mode)at : DELIVERY_AUTO;
	return ok;
}

bool
delivery_format_parse(const char *s, enum delivery_format *out)
{
	size_t at;
	bool ok = find(formats, sizeof(formats) / sizeof(formats[0]), s, &at);

	*out = ok ? (enum delivery_format)at : DELIVERY_FORMAT_AUTO;
	return ok;
}

const char *
delivery_mode_name(enum delivery_mode m)
{
	return modes[m];
}

const char *
delivery_format_name(enum delivery_format f)
{
	return formats[f];
}
