/* SHA-256's compression by instructions of the processor, where it has them. Inside
 * of digest.c only. */
#ifndef B7_DIGEST_CPU_H
#define B7_DIGEST_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes blocks of 64 bytes into the state, FIPS 180-4, 6.2.2. false, and nothing
 * was done: this processor has no such instructions. Asking it costs some
 * microseconds in a virtual machine: for long runs of blocks alone. */
bool digest_cpu_sha256(uint32_t state[8], const uint8_t *p, size_t blocks);

#endif
