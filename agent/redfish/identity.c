#include "agent/redfish/identity.h"

#include <stddef.h>
#include <string.h>

#include "common/hex.h"
#include "common/str.h"

/* n hex digits of text with the bytes of skip between them, lower case. */
static bool
hex_digits(const char *text, const char *skip, char *out, size_t n)
{
	size_t at = 0;

	for (; *text; text++) {
		int digit = hex_value(*text);

		if (digit < 0 && strchr(skip, *text))
			continue;
		if (at == n || digit < 0)
			return false;
		out[at++] = "0123456789abcdef"[digit];
	}
	out[at] = '\0';
	return at == n;
}

bool
redfish_uuid_normal(const char *text, char out[RF_UUID_CAP])
{
	static const unsigned char part[] = { 8, 4, 4, 4, 12 };
	char hex[33];
	const char *from = hex;

	out[0] = '\0';
	if (!text || strlen(text) > 64)
		return false;
	if (str_has_prefix(text, "urn:uuid:"))
		text += strlen("urn:uuid:");
	if (!hex_digits(text, "-{} ", hex, 32))
		return false;
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		memcpy(out, from, part[i]);
		out += part[i];
		from += part[i];
		*out++ = '-';
	}
	out[-1] = '\0';
	return true;
}

void
redfish_uuid_swapped(const char uuid[RF_UUID_CAP], char out[RF_UUID_CAP])
{
	/* SMBIOS 7.2.1: the first three fields are little-endian. */
	static const unsigned char from[] = { 6, 7, 4, 5, 2, 3, 0, 1, 8, 11, 12,
		9, 10, 13, 16, 17, 14, 15, 18 };
	size_t i;

	memcpy(out, uuid, RF_UUID_CAP);
	for (i = 0; i < sizeof(from); i++)
		out[i] = uuid[from[i]];
}

bool
redfish_uuid_same(const char *a, const char *b)
{
	char x[RF_UUID_CAP], y[RF_UUID_CAP], z[RF_UUID_CAP];

	if (!redfish_uuid_normal(a, x) || !redfish_uuid_normal(b, y))
		return false;
	redfish_uuid_swapped(y, z);
	return str_eq(x, y) || str_eq(x, z);
}

/* Every digit is the one before plus step (mod 16): 000..., 0123..., fedc... */
static bool
is_pattern(const char *hex)
{
	int step, i;

	for (step = 0; step < 16; step++) {
		for (i = 1; hex[i]; i++)
			if (((hex_value(hex[i - 1]) + step) & 15) !=
			    hex_value(hex[i]))
				break;
		if (!hex[i])
			return true;
	}
	return false;
}

bool
redfish_uuid_placeholder(const char *text)
{
	static const char *const known[] = {
		/* AMI and Insyde reference BIOS, unprogrammed boards */
		"03000200-0400-0500-0006-000700080009",
		"00020003-0004-0005-0006-000700080009",
		"12345678-1234-5678-90ab-cddeefaabbcc",
		"12345678-1234-1234-1234-123456789abc",
		"12345678-1234-5678-1234-567812345678",
		"11111111-2222-3333-4444-555555555555",
		"4c4c4544-0000-2010-8020-80c04f202020", /* Dell without tag */
		"fefefefe-fefe-fefe-fefe-fefefefefefe",
		"deadbeef-dead-beef-dead-beefdeadbeef",
	};
	char uuid[RF_UUID_CAP], hex[33];
	size_t i;

	if (!redfish_uuid_normal(text, uuid))
		return true;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(uuid, known[i]))
			return true;
	return hex_digits(uuid, "-", hex, 32) && is_pattern(hex);
}

bool
redfish_serial_placeholder(const char *text)
{
	static const char *const known[] = { "n/a", "na", "none", "null",
		"unknown", "not specified", "not available", "not applicable",
		"default string", "to be filled by o.e.m.",
		"to be filled by oem", "system serial number", "serial number",
		"chassis serial number", "0123456789", "123456789",
		"1234567890", "empty", "oem", "invalid", "unspecified",
		"xxxxxxxxxx" };
	size_t i;

	if (str_empty(text))
		return true;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_ieq(text, known[i]))
			return true;
	/* "0", "0000000000", "-------", "........" */
	for (i = 1; text[i]; i++)
		if (text[i] != text[0])
			return false;
	return i > 1 || strchr("0.-_ xX?", text[0]) != NULL;
}

bool
redfish_mac_normal(const char *text, char out[18])
{
	char hex[13];

	out[0] = '\0';
	if (!text || strlen(text) > 32 || !hex_digits(text, ":-. ", hex, 12) ||
	    str_eq(hex, "000000000000") || (hex_value(hex[1]) & 1))
		return false;
	return str_format(out, 18, "%.2s:%.2s:%.2s:%.2s:%.2s:%.2s", hex,
	    hex + 2, hex + 4, hex + 6, hex + 8, hex + 10);
}
