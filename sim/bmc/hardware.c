/* See hardware.h. */
#include "sim/bmc/hardware.h"

#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "common/random.h"
#include "common/str.h"

static void
bytes(struct rng *r, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)rng_below(r, 256);
}

static void
uuid(struct rng *r, char out[40])
{
	uint8_t b[16];
	char hex[33];

	bytes(r, b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	hex_encode(hex, b, sizeof(b));
	(void)snprintf(out, 40, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
	    hex + 12, hex + 16, hex + 20);
}

void
hardware_make(struct hardware *h, const struct bmc_profile *p, uint64_t seed,
    const char *name, unsigned generation)
{
	struct rng r;
	char *path = xasprintf("%s/board/%u", name, generation);
	uint64_t serial;

	memset(h, 0, sizeof(*h));
	rng_seed(&r, seed, path);
	xfree(path);
	uuid(&r, h->uuid);
	uuid(&r, h->bmc_uuid);
	uuid(&r, h->service_uuid);
	serial = rng_below(&r, 100000000);
	(void)str_format(h->serial, sizeof(h->serial), "SIM%08llu",
	    (unsigned long long)serial);
	bytes(&r, h->mac, sizeof(h->mac));
	h->mac[0] = 0x52; /* locally administered, as QEMU's */
	h->mac[1] = 0x54;
	h->mac[5] &= 0xf0; /* room for the other ports */
	memcpy(h->bmc_mac, h->mac, sizeof(h->mac));
	h->bmc_mac[0] = 0x56;
	(void)str_copy(h->arch, sizeof(h->arch), p->arch);
}

static void
mac_text(const uint8_t *m, unsigned add, char out[18])
{
	(void)snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
	    m[2], m[3], m[4], (m[5] + add) & 0xffu);
}

void
hardware_mac(const struct hardware *h, unsigned nic, char out[18])
{
	mac_text(h->mac, nic, out);
}

void
hardware_bmc_mac(const struct hardware *h, char out[18])
{
	mac_text(h->bmc_mac, 0, out);
}
