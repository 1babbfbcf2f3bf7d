/** A trace of one machine's harts in a window of virtual time, as lines of text. */
import { ConfigError } from '../base/errors.ts'
import type { Instant } from '../base/time.ts'
import { Symbols } from '../board/symbols.ts'
import { traceLine } from '../cpu/trace-line.ts'
import type { Lab } from './lab.ts'
import { suggestion } from './suggest.ts'

export interface TracePlan {
  /** May be left out where there is one machine. */
  readonly node: string | undefined
  readonly from: Instant
  /** The first instant that isn't told any more. */
  readonly to: Instant
  /** ELF files or address lists with what their addresses are moved by. */
  readonly symbols: readonly { readonly name: string; readonly bytes: Uint8Array; readonly bias: bigint }[]
  line(text: string): void
  /** The machine has come past the window. */
  done(): void
}

/** Before the lab runs. @throws {ConfigError} for a node that isn't there, and files without names. */
export function traceNode(lab: Lab, { node, from, to, symbols, line, done }: TracePlan): void {
  const names = [...lab.machines.keys()]
  const island = node === undefined && names.length === 1 ? lab.machines.get(names[0]) : lab.machines.get(node ?? '')
  if (island === undefined) {
    if (names.length === 0) throw new ConfigError('the lab has no machine to trace')
    if (node === undefined) throw new ConfigError(`the lab has ${names.length} machines`, undefined, `name one: --node ${names[0]}`)
    throw new ConfigError(`there is no machine ${node}`, undefined, suggestion(node, names) || `there are ${names.join(', ')}`)
  }
  const known = Symbols.from(symbols)
  const nameOf = (address: bigint): string | undefined => known.at(address)
  island.machine.core.trace({ from, to, done, step: (step) => line(traceLine(step, nameOf)) })
}
