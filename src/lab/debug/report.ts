/** What a machine that stands still looks like, for people: registers, the instructions that come next, its network cards' rings. */
import { formatTime } from '../../base/time.ts'
import { u16le, u32le } from '../../base/bytes.ts'
import type { Nic } from '../../board/nic.ts'
import type { HartInspection } from '../../cpu/core.ts'
import { disassemble } from '../../cpu/isa/disassemble.ts'
import type { MachineIsland } from '../machine-island.ts'

/** Instructions that are shown from pc on. */
const shownMax = 8

/** All of a machine. Lines of text. */
export function reportMachine({ name, machine, state }: MachineIsland): string {
  const { core } = machine
  const harts = Array.from({ length: core.harts }, (_, hart) => core.inspect(hart))
  const head = `${name} at ${formatTime(core.now)}, ${state}, ${core.retired} instructions retired\n`
  return head + harts.map((hart) => `\n${hart.dump()}\n${listing(hart)}`).join('') + rings(machine.nics)
}

/** The instructions at pc, one a line. */
export function listing(hart: HartInspection): string {
  const lines: string[] = []
  for (let at = hart.pc; lines.length < shownMax; ) {
    const bytes = new Uint8Array(4)
    const count = hart.read(at, bytes)
    const short = (bytes[0] & 3) !== 3
    const mark = at === hart.pc ? '=>' : '  '
    const address = at.toString(16).padStart(16, '0')
    if (count < (short ? 2 : 4)) {
      lines.push(`${mark} ${address}  no memory`)
      break
    }
    const word = short ? u16le(bytes, 0) : u32le(bytes, 0)
    lines.push(`${mark} ${address}  ${word.toString(16).padStart(short ? 4 : 8, '0').padEnd(8)}  ${disassemble(word, at)}`)
    at = BigInt.asUintN(64, at + (short ? 2n : 4n))
  }
  return `${lines.join('\n')}\n`
}

/** Counters and rings of network cards. */
export function rings(nics: readonly Nic[]): string {
  return nics.map((nic, index) => {
    const { receivedFrames, sentFrames, receiveDrops, sendDrops } = nic.counters
    const lines = (nic.rings ?? []).map(({ name, size, ready, taken, given, waiting, descriptors, available, used }) =>
      ready ? `  ${name.padEnd(14)} ${size} entries: ${waiting ?? 'a senseless number of'} lent and not taken, ${taken} taken, ${given} given back; descriptors 0x${descriptors.toString(16)}, available 0x${available.toString(16)}, used 0x${used.toString(16)}` : `  ${name.padEnd(14)} not set up`)
    return `\neth${index}: ${receivedFrames} frames received and ${receiveDrops} dropped, ${sentFrames} sent and ${sendDrops} dropped\n${lines.map((line) => `${line}\n`).join('')}`
  }).join('')
}
