/** What came into a run from outside, one JSON object a line, by virtual time: all that a replay needs beside the lab file. */
import type { Entry, FrameEntry, MessageEntry, OutsideEntry } from '../lab/door.ts'
import type { LinkEntry } from '../lab/faults/link-control.ts'
import type { Lab } from '../lab/lab.ts'

export type Input =
  | ({ readonly kind: 'typed' } & Entry)
  | ({ readonly kind: 'frame' } & FrameEntry)
  | ({ readonly kind: 'outside' } & OutsideEntry)
  | ({ readonly kind: 'guest' } & MessageEntry)
  | ({ readonly kind: 'link' } & LinkEntry)

/** Bytes in JSON. */
const bytesKey = '$bytes'

export function formatInput(input: Input): string {
  return `${JSON.stringify(input, (_, value: unknown) => (value instanceof Uint8Array ? { [bytesKey]: Buffer.from(value).toString('base64') } : value))}\n`
}

/** @throws {SyntaxError} */
export function parseInputs(text: string): Input[] {
  const revive = (_: string, value: unknown): unknown => {
    const packed = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[bytesKey] : undefined
    return typeof packed === 'string' ? Uint8Array.from(Buffer.from(packed, 'base64')) : value
  }
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line, revive) as Input)
}

/** Lets one in again, at its own instant; no island may have passed it. */
export function replayInput(lab: Lab, input: Input): void {
  if (input.kind === 'typed') lab.door.replay(input)
  else if (input.kind === 'frame') lab.door.replayFrame({ ...input, frame: { bytes: input.frame.bytes, offload: input.frame.offload } })
  else if (input.kind === 'outside') lab.door.replayOutside(input)
  else if (input.kind === 'guest') lab.door.replayMessage(input)
  else lab.replayLink(input)
}
