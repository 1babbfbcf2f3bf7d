/* Sieve, CRC-32 by bits, and a linear-congruential matrix product: straight integer code in short loops. */
#include "bench.h"
static uint8_t sieve[8192];
static uint32_t a[32][32], b[32][32], c[32][32];
uint64_t work(void) {
  uint64_t sum = 0;
  for (int i = 2; i < 8192; i++) sieve[i] = 1;
  for (int i = 2; i < 8192; i++) if (sieve[i]) { sum++; for (int j = i + i; j < 8192; j += i) sieve[j] = 0; }
  uint32_t crc = ~0u, seed = 12345;
  for (int i = 0; i < 2000; i++) { seed = seed * 1664525 + 1013904223; crc ^= seed >> 24; for (int k = 0; k < 8; k++) crc = (crc >> 1) ^ (0xedb88320u & -(crc & 1)); }
  for (int i = 0; i < 32; i++) for (int j = 0; j < 32; j++) { seed = seed * 1664525 + 1013904223; a[i][j] = seed >> 16; b[i][j] = seed & 0xffff; }
  for (int i = 0; i < 32; i++) for (int j = 0; j < 32; j++) { uint32_t t = 0; for (int k = 0; k < 32; k++) t += a[i][k] * b[k][j]; c[i][j] = t; }
  return sum + crc + c[7][9];
}
