/* The string and number formats that the real API server enforces. */
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "sim/kube/schema_node.h"

static bool
is_date_time(const char *s)
{
	int64_t us;

	return rfc3339_parse(s, &us);
}

static bool
is_date(const char *s)
{
	char full[32];
	int64_t us;

	return strlen(s) == 10 &&
	       str_format(full, sizeof(full), "%sT00:00:00Z", s) &&
	       rfc3339_parse(full, &us);
}

static bool
is_ipv4(const char *s)
{
	int parts = 0;

	for (;;) {
		size_t n = strspn(s, "0123456789");
		unsigned v = 0;

		if (n == 0 || n > 3 || (n > 1 && *s == '0'))
			return false;
		for (size_t i = 0; i < n; i++)
			v = v * 10 + (unsigned)(s[i] - '0');
		if (v > 255)
			return false;
		s += n;
		if (++parts == 4)
			return *s == '\0';
		if (*s++ != '.')
			return false;
	}
}

/* "a:b:c": how many groups of 1-4 hex digits; an IPv4 tail counts as two.
 * -1 for anything else; "" has none. */
static int
count_groups(const char *s, const char *end)
{
	int groups = 0;

	while (s < end) {
		size_t n = strspn(s, "0123456789abcdefABCDEF");

		if (s[n] == '.' && end[0] == '\0')
			return is_ipv4(s) ? groups + 2 : -1;
		if (n == 0 || n > 4)
			return -1;
		groups++;
		s += n;
		if (s < end && (*s++ != ':' || s == end))
			return -1;
	}
	return groups;
}

/* Eight groups, or fewer around one "::". */
static bool
is_ipv6(const char *s)
{
	const char *gap = strstr(s, "::"), *end = s + strlen(s);
	int before, after;

	if (gap == NULL)
		return count_groups(s, end) == 8;
	before = count_groups(s, gap);
	after = count_groups(gap + 2, end);
	return before >= 0 && after >= 0 && before + after < 8;
}

static bool
is_cidr(const char *s)
{
	const char *slash = strrchr(s, '/');
	char ip[64];
	int64_t bits;

	if (slash == NULL || (size_t)(slash - s) >= sizeof(ip) ||
	    !str_to_i64(slash + 1, &bits) || bits < 0)
		return false;
	memcpy(ip, s, (size_t)(slash - s));
	ip[slash - s] = '\0';
	return (is_ipv4(ip) && bits <= 32) || (is_ipv6(ip) && bits <= 128);
}

static bool
is_mac(const char *s)
{
	for (int i = 0; i < 6; i++) {
		if (strspn(s, "0123456789abcdefABCDEF") < 2)
			return false;
		s += 2;
		if (i < 5 && *s != ':' && *s != '-')
			return false;
		if (i < 5)
			s++;
	}
	return *s == '\0';
}

static bool
is_uuid(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++) {
		bool dash = n == 8 || n == 12 || n == 16 || n == 20;

		if (*s == '-' && dash && s[-1] != '-')
			continue;
		if (strchr("0123456789abcdefABCDEF", *s) == NULL)
			return false;
		n++;
	}
	return n == 32;
}

static bool
is_uri(const char *s)
{
	const char *p = s;

	if (*p == '/')
		return true;
	while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
	       (p > s && *p != '\0' && strchr("0123456789+-.", *p) != NULL))
		p++;
	if (p == s || *p != ':')
		return false;
	for (; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return true;
}

static bool
is_host_label(const char *s, size_t n)
{
	if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] != '-' && !(s[i] >= '0' && s[i] <= '9') &&
		    !((s[i] | 32) >= 'a' && (s[i] | 32) <= 'z'))
			return false;
	return true;
}

static bool
is_hostname(const char *s)
{
	if (strlen(s) > 253)
		return false;
	for (;;) {
		size_t n = strcspn(s, ".");

		if (!is_host_label(s, n))
			return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

static bool
is_email(const char *s)
{
	const char *at = strrchr(s, '@');

	return at != NULL && at != s && is_hostname(at + 1) &&
	       strpbrk(s, " <>\t\n") == NULL;
}

static bool
is_byte(const char *s)
{
	size_t n = strlen(s);
	size_t body = strspn(s, "abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/");
	size_t pad = strspn(s + body, "=");

	return n % 4 == 0 && body + pad == n && pad <= 2;
}

/* Bytes of "1.5ms" at s; 0 if it is not one. */
static size_t
duration_part(const char *s)
{
	/* "m" is also the start of "ms", which comes first. */
	static const char *const units[] = { "ns", "us", "\xc2\xb5s", "ms", "s",
		"m", "h" };
	size_t whole = strspn(s, "0123456789"), n = whole, part = 0;

	if (s[n] == '.') {
		part = strspn(s + n + 1, "0123456789");
		n += 1 + part;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (whole + part > 0 && str_has_prefix(s + n, units[i]))
			return n + strlen(units[i]);
	return 0;
}

/* Go durations: "1h30m", "1.5s", "-2ms", "0". */
static bool
is_duration(const char *s)
{
	size_t n;

	if (*s == '-' || *s == '+')
		s++;
	if (str_eq(s, "0"))
		return true;
	do {
		n = duration_part(s);
		s += n;
	} while (n > 0 && *s != '\0');
	return n > 0;
}

static const struct {
	const char *name;
	bool (*holds)(const char *s);
} formats[] = {
	{ "date-time", is_date_time },
	{ "date", is_date },
	{ "ipv4", is_ipv4 },
	{ "ipv6", is_ipv6 },
	{ "cidr", is_cidr },
	{ "mac", is_mac },
	{ "uuid", is_uuid },
	{ "uri", is_uri },
	{ "hostname", is_hostname },
	{ "email", is_email },
	{ "byte", is_byte },
	{ "duration", is_duration },
};

bool
schema_format_holds(const char *format, const cJSON *v)
{
	double d;

	if (json_is_number(v)) {
		d = schema_number(v);
		if (str_eq(format, "int32"))
			return d >= -2147483648.0 && d <= 2147483647.0;
		return !str_eq(format, "int64") ||
		       (d >= -9223372036854775808.0 &&
			   d < 9223372036854775808.0);
	}
	if (!cJSON_IsString(v))
		return true;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (str_eq(format, formats[i].name))
			return formats[i].holds(v->valuestring);
	return true;
}
