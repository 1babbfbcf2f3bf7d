/**
 * Performance monitoring, as far as the harts have something to count: cycle and instret, which always run. SBI 2.0, chapter 11.
 * A counter that is stopped goes on, which whoever reads differences does not see.
 */
import { type Answer, type Call, type Extension, fail, notSupported, succeed } from './answer.ts'

interface Counter {
  readonly name: 'cycle' | 'instret'
  /** The CSR that reads it (§11.6, counter_info bits 11:0). */
  readonly csr: number
  /** Event that it counts (§11.3.1: general hardware events). */
  readonly event: bigint
}

/** By number; 1 would be `time`, which is no event's. */
const counters: readonly (Counter | undefined)[] = [{ name: 'cycle', csr: 0xc00, event: 1n }, undefined, { name: 'instret', csr: 0xc02, event: 2n }]
/** Width − 1 in bits 17:12. */
const width = 63n << 12n

/** The first counter of the set (mask from base up) that counts the event. */
function match({ args: [base, mask, , event] }: Call): Answer {
  const at = counters.findIndex((counter, index) => counter !== undefined && counter.event === event && BigInt(index) >= base && (mask >> (BigInt(index) - base)) & 1n)
  return at < 0 ? notSupported() : succeed(at)
}

/** Every counter of the set is one of ours. */
function valid({ args: [base, mask] }: Call): boolean {
  return base < 64n && mask !== 0n && mask << base < 1n << BigInt(counters.length) && ((mask << base) & 2n) === 0n
}

/** Flag 0: with a value to begin with (§11.9). Without it there is nothing to do to what always runs. */
function start({ hart, harts, args: [base, mask, flags, value] }: Call): Answer {
  if ((flags & 1n) === 0n) return fail('alreadyStarted')
  for (const [at, counter] of counters.entries()) if (counter !== undefined && ((mask << base) >> BigInt(at)) & 1n) harts.setCounter(hart, counter.name, value)
  return succeed()
}

export const performanceMonitoring: Extension = {
  id: 0x50_4d55,
  answer: (call) => {
    const [index] = call.args
    switch (call.function) {
      case 0:
        return succeed(counters.length)
      case 1: {
        const counter = index < BigInt(counters.length) ? counters[Number(index)] : undefined
        return counter === undefined ? fail('invalidParam') : succeed(BigInt(counter.csr) | width)
      }
      case 2:
        return match(call)
      case 3:
        return valid(call) ? start(call) : fail('invalidParam')
      case 4:
        return valid(call) ? succeed() : fail('invalidParam')
      default:
        return notSupported()
    }
  },
}
