/* Machine-mode traps and returns, and CSRs read and written. */
#include "bench.h"
uint64_t work(void) {
  uint64_t sum = 0;
  for (int i = 0; i < 5000; i++) __asm__ volatile("ecall" ::: "memory");
  for (int i = 0; i < 20000; i++) { uint64_t v; __asm__ volatile("csrrw %0, mscratch, %1" : "=r"(v) : "r"((uint64_t)i)); sum += v; }
  return sum;
}
