/* Bodies that attract each other, a polynomial, a dot product: doubles, as the compiler is told to contract or not. */
#include "bench.h"
static double x[8], y[8], z[8], vx[8], vy[8], vz[8], p[512], q[512];
static double root(double v) { double r; __asm__("fsqrt.d %0, %1" : "=f"(r) : "f"(v)); return r; }
uint64_t work(void) {
  double sum = 0;
  for (int i = 0; i < 8; i++) { x[i] = i * 1.1 + 0.3; y[i] = 2.7 - i * 0.9; z[i] = i * i * 0.13; vx[i] = vy[i] = vz[i] = 0; }
  for (int step = 0; step < 60; step++) {
    for (int i = 0; i < 8; i++) for (int j = 0; j < 8; j++) if (i != j) {
      double dx = x[j] - x[i], dy = y[j] - y[i], dz = z[j] - z[i], d = dx * dx + dy * dy + dz * dz + 0.01, w = 0.001 / (d * root(d));
      vx[i] += dx * w; vy[i] += dy * w; vz[i] += dz * w; }
    for (int i = 0; i < 8; i++) { x[i] += vx[i] * 0.01; y[i] += vy[i] * 0.01; z[i] += vz[i] * 0.01; }
  }
  for (int i = 0; i < 512; i++) { p[i] = i * 0.001 + x[i & 7]; q[i] = 1.5 - i * 0.002; }
  for (int k = 0; k < 20; k++) for (int i = 0; i < 512; i++) sum += p[i] * q[i] + ((p[i] * 0.3 + 0.2) * p[i] + 0.1) * 1e-3;
  return (uint64_t)(sum * 1e6);
}
