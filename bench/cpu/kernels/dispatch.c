/* A small virtual machine by switch, and calls through a table of functions: indirect jumps. */
#include "bench.h"
static uint8_t program[256];
static uint64_t f0(uint64_t x) { return x + 1; } static uint64_t f1(uint64_t x) { return x * 3; } static uint64_t f2(uint64_t x) { return x ^ (x >> 7); } static uint64_t f3(uint64_t x) { return x - 5; }
static uint64_t (*volatile table[4])(uint64_t) = {f0, f1, f2, f3};
uint64_t work(void) {
  uint32_t seed = 7; uint64_t r[4] = {1, 2, 3, 4};
  for (int i = 0; i < 256; i++) { seed = seed * 1664525 + 1013904223; program[i] = (seed >> 20) & 7; }
  for (int pass = 0; pass < 100; pass++) for (int pc = 0; pc < 256; pc++) switch (program[pc]) {
    case 0: r[0] += r[1]; break; case 1: r[1] ^= r[2]; break; case 2: r[2] = r[3] * 5; break; case 3: r[3] -= r[0]; break;
    case 4: r[0] = r[0] << 3 | r[0] >> 61; break; case 5: r[1] += 77; break; case 6: r[2] |= r[1] & 0xff; break; default: r[3] = ~r[2]; break; }
  uint64_t x = r[0];
  for (int i = 0; i < 20000; i++) x = table[(x >> 3) & 3](x);
  return x + r[1] + r[2] + r[3];
}
