/* Quick sort by recursion and a binary search: branches that nobody can foresee. */
#include "bench.h"
static uint32_t v[4096];
static void sort(int lo, int hi) {
  while (lo < hi) {
    uint32_t p = v[(lo + hi) / 2]; int i = lo, j = hi;
    while (i <= j) { while (v[i] < p) i++; while (v[j] > p) j--; if (i <= j) { uint32_t t = v[i]; v[i] = v[j]; v[j] = t; i++; j--; } }
    if (j - lo < hi - i) { sort(lo, j); lo = i; } else { sort(i, hi); hi = j; }
  }
}
uint64_t work(void) {
  uint32_t seed = 99; uint64_t sum = 0;
  for (int i = 0; i < 4096; i++) { seed = seed * 1664525 + 1013904223; v[i] = seed; }
  sort(0, 4095);
  for (int k = 0; k < 4096; k++) { seed = seed * 1664525 + 1013904223; int lo = 0, hi = 4096; while (lo < hi) { int mid = (lo + hi) / 2; if (v[mid] < seed) lo = mid + 1; else hi = mid; } sum += lo; }
  return sum;
}
