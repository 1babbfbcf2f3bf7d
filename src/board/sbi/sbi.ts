/**
 * Our own firmware for supervisors: RISC-V Supervisor Binary Interface 2.0.
 *
 * Theory of operation. There is no code in M-mode. The harts begin in S-mode (`Core.boot`), and an environment call from there comes here in
 * the middle of a run, at its exact instruction; it takes one tick, whatever it does, so that a run is the same with interpreter and
 * compiled code. The supervisor has all of RAM, and its timer interrupt needs no trap to be passed on. Each extension is a row in the list
 * below; what isn't there is told as not supported.
 */
import type { AnswerCall } from '../../cpu/core.ts'
import type { Finish } from '../finisher.ts'
import { type Extension, notSupported } from './answer.ts'
import { baseExtension } from './base.ts'
import { type DebugLine, debugConsole, legacyConsole } from './console.ts'
import { fences, hartStates, softInterrupts, timer } from './harts.ts'
import { performanceMonitoring } from './pmu.ts'
import { systemReset } from './reset.ts'

export interface SbiParts extends DebugLine {
  readonly finish: (finish: Finish) => void
}

export function makeSbi(parts: SbiParts): AnswerCall {
  const list: readonly Extension[] = [
    baseExtension((id) => extensions.has(id)),
    timer,
    softInterrupts,
    fences,
    hartStates((address) => (address & 1n) === 0n && parts.memory(address, 4, 'read') !== undefined),
    performanceMonitoring,
    debugConsole(parts),
    ...systemReset(parts.finish),
    ...legacyConsole(parts),
  ]
  const extensions = new Map(list.map((extension) => [extension.id, extension]))
  return (hart, args, harts) => {
    const id = args[7]
    const extension = id < 2n ** 32n ? extensions.get(Number(id)) : undefined
    const which = args[6]
    if (extension === undefined) return notSupported()
    return extension.answer({ hart, function: which < 2n ** 31n ? Number(which) : 2 ** 31, args, harts })
  }
}
