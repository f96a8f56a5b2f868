#include "common/random.h"

#include "common/str.h"

#define CHUNK 64

void
entropy_hex(struct entropy e, char *out, size_t bytes)
{
	uint8_t raw[CHUNK];

	out[0] = '\0';
	while (bytes > 0) {
		size_t n = bytes < CHUNK ? bytes : CHUNK;

		e.fill(e.self, raw, n);
		hex_encode(out, raw, n);
		out += 2 * n;
		bytes -= n;
	}
}

void
entropy_uuid(struct entropy e, char out[37])
{
	uint8_t u[16];
	char hex[33];
	size_t at = 0;

	e.fill(e.self, u, sizeof(u));
	u[6] = (uint8_t)((u[6] & 0x0f) | 0x40); /* RFC 9562: version 4 */
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80); /* and variant */
	hex_encode(hex, u, sizeof(u));
	for (size_t i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			out[at++] = '-';
		out[at++] = hex[i];
	}
	out[at] = '\0';
}
