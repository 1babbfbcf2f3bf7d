/**
 * One program of a conformance suite, run to its end: it says how it went by writing its `tohost` word (the convention of riscv-tests and
 * riscv-arch-test): 1 passed, else 2 × the number of the test that failed + 1. Words with 0x0101 in the top half print a character.
 */
import type { Instant } from '../../src/base/time.ts'
import { placeImage } from '../../src/board/image.ts'
import { makeCore } from '../../src/cpu/machine-core.ts'
import { NodeWasmEngine } from '../../src/host/wasm-engine.ts'
import { symbolsOf } from './symbols.ts'

export interface Engine {
  readonly name: string
  /** Jumps to a place before it is compiled; 0: interpreter only. */
  readonly threshold: number
}

export interface Outcome {
  /** undefined: passed. */
  readonly failure: string | undefined
  readonly retired: number
  /** What the program put between `begin_signature` and `end_signature`, four bytes a line; empty without these symbols. */
  readonly signature: string
}

const ramBase = 0x8000_0000
const ramBytes = 16 << 20
/** Ticks between looks at tohost. */
const slice = 20_000

/** @param ticks after which the program counts as hung. @throws {Error} on a file that isn't such a program */
export function runProgram(name: string, bytes: Uint8Array, engine: Engine, ticks: number, cpu: string): Outcome {
  const placed = placeImage({ name, bytes }, ramBase, ramBase)
  const symbols = symbolsOf(bytes)
  const tohost = symbols.get('tohost')
  if (tohost === undefined) throw new Error(`${name} has no symbol tohost`)
  const core = makeCore({
    harts: 1, ramBytes, ramBase, timebaseHz: 10_000_000, engine: new NodeWasmEngine(), threshold: engine.threshold,
    bus: { read: () => undefined, write: () => false }, ...(cpu === '' ? {} : { cpu }),
  } as Parameters<typeof makeCore>[0])
  for (const load of placed.loads) core.ram.set(load.bytes, load.address - ramBase)
  core.reset(placed.entry, 0, 0)
  const view = new DataView(core.ram.buffer, core.ram.byteOffset, core.ram.byteLength)
  const at = Number(tohost) - ramBase
  const end = (failure: string | undefined): Outcome => ({ failure, retired: core.retired, signature: signatureOf(core.ram, symbols) })
  let printed = ''
  while (core.now < ticks) {
    core.run(Math.min(core.now + slice, ticks) as Instant)
    if (core.idle) core.skip((core.now + slice) as Instant)
    const word = view.getBigUint64(at, true)
    if (word >> 48n === 0x0101n) {
      printed += String.fromCharCode(Number(word & 0xffn))
      view.setBigUint64(at, 0n, true)
    } else if (word === 1n) return end(undefined)
    else if (word !== 0n) return end(`test ${word >> 1n}${printed === '' ? '' : `: ${printed.trim()}`}`)
  }
  return end(`no end after ${ticks} ticks\n${core.dump(0)}`)
}

function signatureOf(ram: Uint8Array, symbols: ReadonlyMap<string, bigint>): string {
  const [begin, end] = ['begin_signature', 'end_signature'].map((name) => symbols.get(name))
  if (begin === undefined || end === undefined) return ''
  const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength)
  let lines = ''
  for (let at = Number(begin) - ramBase; at < Number(end) - ramBase; at += 4) lines += `${view.getUint32(at, true).toString(16).padStart(8, '0')}\n`
  return lines
}
