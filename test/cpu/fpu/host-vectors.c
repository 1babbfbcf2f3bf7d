/*
 * Prints the lines of host-vectors.txt: what the host's own FPU answers, in four rounding modes, with its flags.
 * An x86-64 with FMA: like RISC-V it judges tininess after rounding. NaNs are printed as RISC-V's canonical one.
 *   cc -O1 -mfma -frounding-math -fno-math-errno -ffp-contract=off host-vectors.c -lm && ./a.out > host-vectors.txt
 */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t state = 42;
static uint64_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static int flags(void) {
  int raised = fetestexcept(FE_ALL_EXCEPT);
  return (raised & FE_INVALID ? 16 : 0) | (raised & FE_DIVBYZERO ? 8 : 0) | (raised & FE_OVERFLOW ? 4 : 0) | (raised & FE_UNDERFLOW ? 2 : 0) | (raised & FE_INEXACT ? 1 : 0);
}

/* Fractions with runs of zeros or ones as often as without; exponents around `near`. */
static uint64_t encode(int fraction_bits, int top, int near, int spread) {
  uint64_t ones = ((uint64_t)1 << draw() % fraction_bits) - 1, fraction = draw();
  int exponent = near + (int)(draw() % (2 * spread + 1)) - spread;
  if (draw() % 2) fraction = draw() % 2 ? fraction | ones : fraction & ~ones;
  if (exponent < 0) exponent = 0;
  if (exponent >= top) exponent = top - 1;
  return (draw() & 1) << (fraction_bits == 52 ? 63 : 31) | (uint64_t)exponent << fraction_bits | (fraction & (((uint64_t)1 << fraction_bits) - 1));
}

#define UNIT(NAME, TYPE, BITS, SUFFIX, FRACTION, TOP, BOX, NAN_BITS, SQRT, FMA)                                                      \
  static uint64_t NAME##_raw(TYPE value) {                                                                                         \
    BITS bits;                                                                                                                     \
    memcpy(&bits, &value, sizeof bits);                                                                                            \
    return (value != value ? NAN_BITS : bits) | BOX;                                                                               \
  }                                                                                                                                \
  static void NAME(int operation, int rm, int near, int other, int third) {                                                        \
    static const char *const names[] = {"fadd", "fsub", "fmul", "fdiv", "fsqrt", "fmadd", "fcvt.l"};                               \
    static const int arity[] = {2, 2, 2, 2, 1, 3, 1};                                                                              \
    BITS bits[3] = {encode(FRACTION, TOP, near, 3), encode(FRACTION, TOP, other, 3), encode(FRACTION, TOP, third, 3)};              \
    TYPE operands[3];                                                                                                              \
    memcpy(operands, bits, sizeof bits);                                                                                           \
    volatile TYPE a = operands[0], b = operands[1], c = operands[2], r = 0;                                                        \
    volatile long long integer = 0;                                                                                                \
    feclearexcept(FE_ALL_EXCEPT);                                                                                                  \
    switch (operation) {                                                                                                           \
      case 0: r = a + b; break;                                                                                                    \
      case 1: r = a - b; break;                                                                                                    \
      case 2: r = a * b; break;                                                                                                    \
      case 3: r = a / b; break;                                                                                                    \
      case 4: r = SQRT(a); break;                                                                                                  \
      case 5: r = FMA(a, b, c); break;                                                                                             \
      case 6: integer = llrint((double)a); break;                                                                                  \
    }                                                                                                                              \
    int raised = flags();                                                                                                          \
    printf("%s.%s %d", names[operation], SUFFIX, rm);                                                                              \
    for (int at = 0; at < arity[operation]; at++) printf(" %016llx", (unsigned long long)(bits[at] | BOX));                         \
    printf(" = %016llx %d\n", operation == 6 ? (unsigned long long)integer : (unsigned long long)NAME##_raw(r), raised);           \
  }

UNIT(in_single, float, uint32_t, "s", 23, 255, 0xffffffff00000000u, 0x7fc00000u, sqrtf, fmaf)
UNIT(in_double, double, uint64_t, "d", 52, 2047, 0, 0x7ff8000000000000u, sqrt, fma)

int main(void) {
  static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  for (int operation = 0; operation < 7; operation++) {
    for (int rm = 0; rm < 4; rm++) {
      fesetround(modes[rm]);
      for (int round = 0; round < 6; round++) {
        /* Around one; results around the smallest normal number; results around the greatest. */
        int low = round % 3 == 1, high = round % 3 == 2 && operation != 6, root = operation == 4;
        int s = low && !root ? 64 : high ? 190 : 130, d = low && !root ? 512 : high ? 1534 : 1028;
        int sums = operation < 2;
        in_single(operation, rm, sums && low ? 2 : sums && high ? 253 : s, operation == 3 ? (low ? 190 : high ? 64 : 126) : sums && low ? 1 : sums && high ? 253 : low ? 63 : s, low ? 1 : high ? 253 : 132);
        in_double(operation, rm, sums && low ? 2 : sums && high ? 2045 : d, operation == 3 ? (low ? 1534 : high ? 512 : 1022) : sums && low ? 1 : sums && high ? 2045 : low ? 511 : d, low ? 1 : high ? 2045 : 1030);
      }
    }
  }
}
