/** Timer, inter-processor interrupts, remote fences and hart states. SBI 2.0, chapters 6 to 9. */
import { type Answer, type Call, type Extension, fail, notSupported, succeed } from './answer.ts'

const everyHart = 2n ** 64n - 1n

/** Does `visit` to the harts of a mask (§3.1): bit n is hart base + n, and a base of −1 means all. */
function each({ args, harts }: Call, visit: (hart: number) => void): Answer {
  const [mask, base] = args
  const all = base === everyHart
  if (!all && mask !== 0n && base + BigInt(mask.toString(2).length) > BigInt(harts.count)) return fail('invalidParam')
  for (let hart = 0; hart < harts.count; hart++) if (all || (BigInt(hart) >= base && (mask >> (BigInt(hart) - base)) & 1n)) visit(hart)
  return succeed()
}

export const timer: Extension = {
  id: 0x5449_4d45,
  answer: ({ hart, function: which, args, harts }) => {
    if (which !== 0) return notSupported()
    harts.timer(hart, args[0])
    return succeed()
  },
}

export const softInterrupts: Extension = {
  id: 0x73_5049,
  answer: (call) => (call.function === 0 ? each(call, (hart) => call.harts.softInterrupt(hart)) : notSupported()),
}

/** FENCE.I has nothing to do: stores drop decoded code at once. Fences of guests (3 to 6) belong to the hypervisor extension. */
export const fences: Extension = {
  id: 0x5246_4e43,
  answer: (call) => {
    if (call.function === 0) return each(call, () => undefined)
    return call.function <= 2 ? each(call, (hart) => call.harts.forget(hart)) : notSupported()
  },
}

const status = { started: 0, stopped: 1 } as const
const retentive = 0n
const nonRetentive = 0x8000_0000n

/** @param runnable whether code may begin at a physical address. */
export function hartStates(runnable: (address: bigint) => boolean): Extension {
  const start = ({ args: [hart, pc, opaque], harts }: Call): Answer => {
    if (hart >= BigInt(harts.count)) return fail('invalidParam')
    if (!runnable(pc)) return fail('invalidAddress')
    if (harts.status(Number(hart)) === 'started') return fail('alreadyAvailable')
    harts.start(Number(hart), pc, opaque)
    return succeed()
  }
  const suspend = ({ hart, args: [type, pc, opaque], harts }: Call): Answer => {
    const kind = BigInt.asUintN(32, type)
    if (kind === retentive) {
      harts.suspend(hart)
      return succeed()
    }
    // 0x1000_0000 up and 0x9000_0000 up are a platform's own, of which there are none; the rest is reserved (§9.4).
    if (kind !== nonRetentive) return fail((kind & 0x7fff_ffffn) >= 0x1000_0000n ? 'notSupported' : 'invalidParam')
    if (!runnable(pc)) return fail('invalidAddress')
    harts.suspend(hart, { pc, opaque })
    return undefined
  }
  return {
    id: 0x48_534d,
    answer: (call) => {
      const { hart, function: which, args, harts } = call
      if (which === 0) return start(call)
      if (which === 1) return void harts.stop(hart)
      if (which === 2) return args[0] < BigInt(harts.count) ? succeed(status[harts.status(Number(args[0]))]) : fail('invalidParam')
      return which === 3 ? suspend(call) : notSupported()
    },
  }
}
