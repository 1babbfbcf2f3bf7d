/** System reset. SBI 2.0, chapter 10, and the legacy shutdown of §5.9. */
import type { Finish } from '../finisher.ts'
import { type Extension, fail, notSupported } from './answer.ts'

/** Shutdown, cold reboot, warm reboot. */
const kinds = ['poweroff', 'reset', 'reset'] as const
/** No reason, system failure. */
const reasons = 2n

export function systemReset(finish: (finish: Finish) => void): readonly Extension[] {
  return [
    {
      id: 0x5352_5354,
      answer: ({ function: which, args }) => {
        if (which !== 0) return notSupported()
        const [type, reason] = [BigInt.asUintN(32, args[0]), BigInt.asUintN(32, args[1])]
        if (type >= BigInt(kinds.length) || reason >= reasons) return fail('invalidParam')
        const kind = kinds[Number(type)]
        // A machine that goes down for a failure of its own is told apart from one that is done.
        finish(kind === 'poweroff' && reason === 1n ? { kind: 'fail', code: 1 } : { kind })
        return undefined
      },
    },
    { id: 8, answer: () => void finish({ kind: 'poweroff' }) },
  ]
}
