/* Copies, sums by strides, and a chase through a shuffled list. */
#include "bench.h"
static uint64_t from[65536], to[65536]; static uint32_t chain[16384];
uint64_t work(void) {
  uint64_t sum = 0; uint32_t seed = 3;
  for (int i = 0; i < 65536; i++) from[i] = i * 0x9e3779b97f4a7c15ull;
  for (int i = 0; i < 65536; i++) to[i] = from[i];
  for (int stride = 1; stride < 64; stride *= 4) for (int i = 0; i < 65536; i += stride) sum += to[i];
  for (int i = 0; i < 16384; i++) chain[i] = i;
  for (int i = 16383; i > 0; i--) { seed = seed * 1664525 + 1013904223; int j = (seed >> 8) % i; uint32_t t = chain[i]; chain[i] = chain[j]; chain[j] = t; }
  for (int i = 0, at = 0; i < 65536; i++) { at = chain[at]; sum += at; }
  return sum;
}
