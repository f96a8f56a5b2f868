/* Vendor profiles: any bytes are a profile or a named error. */
#include <stddef.h>
#include <stdint.h>

#include "sim/bmc/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bmc_profile *p = profile_new();
	struct err e = { 0 };

	if (!profile_apply(p, (const char *)data, n, "fuzz.yaml", &e) &&
	    !e.msg[0])
		__builtin_trap();
	profile_free(p);
	return 0;
}
