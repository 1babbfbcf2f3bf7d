/* What a kernel sees: a console, and the marks between which the host takes the CPU time. */
#include <stddef.h>
#include <stdint.h>

static inline void put(char c) { *(volatile uint8_t *)0x10000000 = c; }
static void say(const char *text) { while (*text) put(*text++); }
static void say_hex(uint64_t value) { for (int shift = 60; shift >= 0; shift -= 4) put("0123456789abcdef"[(value >> shift) & 15]); }

/* One round of work; the result makes sure that it was done, and done alike everywhere. */
uint64_t work(void);

int main(void) {
  uint64_t sum = 0;
  for (int round = 0; round < WARM; round++) sum += work();
  say("begin\n");
  for (int round = 0; round < ROUNDS; round++) sum += work();
  say("end ");
  say_hex(sum);
  say("\n");
  return 0;
}
