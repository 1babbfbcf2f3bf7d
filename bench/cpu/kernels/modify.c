/* Code that writes code: an instruction is changed, fenced and called. */
#include "bench.h"
static uint32_t code[16] __attribute__((aligned(4096)));
uint64_t work(void) {
  uint64_t sum = 0;
  for (int i = 0; i < 2000; i++) {
    ((volatile uint32_t *)code)[0] = 0x00000513u | (uint32_t)(i & 1023) << 20; /* li a0, i */
    ((volatile uint32_t *)code)[1] = 0x00008067u;                             /* ret */
    __asm__ volatile("fence.i" ::: "memory");
    sum += ((uint64_t(*)(void))code)();
  }
  return sum;
}
