/* Fibonacci by recursion, and a leaf called in a loop. */
#include "bench.h"
static __attribute__((noinline)) uint64_t fib(uint64_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
static __attribute__((noinline)) uint64_t leaf(uint64_t a, uint64_t b) { return (a ^ b) + (a >> 3); }
uint64_t work(void) {
  uint64_t x = fib(20);
  for (int i = 0; i < 30000; i++) x = leaf(x, i);
  return x;
}
