/** Debug console. SBI 2.0, chapter 12, and the legacy console calls of chapter 5. */
import { type Answer, type Call, type Extension, fail, notSupported, succeed } from './answer.ts'

/** What both consoles talk over. */
export interface DebugLine {
  /** To whoever listens. */
  say(bytes: Uint8Array): void
  /** At most `count` of the bytes that were typed. */
  heard(count: number): Uint8Array
  /** Guest RAM at a physical address; undefined when it isn't RAM as a whole. */
  memory(address: bigint, length: number, access: 'read' | 'write'): Uint8Array | undefined
}

/** Bytes that one call moves: a caller with more comes again (§12.1, "may write a part"). */
const most = 4096n

export function debugConsole(line: DebugLine): Extension {
  const area = ({ args: [length, low, high] }: Call, access: 'read' | 'write'): Uint8Array | undefined =>
    high === 0n ? line.memory(low, Number(length < most ? length : most), access) : undefined
  const write = (call: Call): Answer => {
    const bytes = area(call, 'read')
    if (bytes === undefined) return fail('invalidParam')
    line.say(bytes.slice())
    return succeed(bytes.length)
  }
  const read = (call: Call): Answer => {
    const into = area(call, 'write')
    if (into === undefined) return fail('invalidParam')
    const heard = line.heard(into.length)
    into.set(heard)
    return succeed(heard.length)
  }
  return {
    id: 0x4442_434e,
    answer: (call) => {
      if (call.function === 0) return write(call)
      if (call.function === 1) return read(call)
      if (call.function !== 2) return notSupported()
      line.say(Uint8Array.of(Number(call.args[0] & 0xffn)))
      return succeed()
    },
  }
}

/** Legacy calls answer in a0 alone, and their number says all (§5). */
export const legacyConsole = (line: DebugLine): readonly Extension[] => [
  { id: 0, answer: ({ hart, args, harts }) => (harts.timer(hart, args[0]), { a0: 0n }) },
  { id: 1, answer: ({ args }) => (line.say(Uint8Array.of(Number(args[0] & 0xffn))), { a0: 0n }) },
  { id: 2, answer: () => ({ a0: BigInt(line.heard(1)[0] ?? -1) }) },
]
