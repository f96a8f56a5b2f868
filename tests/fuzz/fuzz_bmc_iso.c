/* What firmware reads of a medium: descriptors and boot catalog. */
#include <stddef.h>
#include <stdint.h>

#include "sim/bmc/iso.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct iso_facts f;
	char why[96];

	(void)iso_read_descriptors(data, n, &f, why);
	(void)iso_read_catalog(data, n, &f, why);
	return 0;
}
