/**
 * What one machine has done to the rest of its lab, in the order of its doing it: frames sent, bytes printed, how it ended. Bytes on bytes, so that
 * a boot's hundred thousand acts cost a few megabytes and no garbage. Instants are told as differences.
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import type { Instant } from '../../base/time.ts'
import type { Frame, Offload } from '../../link/port.ts'
import type { Finish } from '../../board/finisher.ts'
import type { SerialAct } from '../serial/null-modem.ts'
import { ByteReader, ByteWriter } from './byte-stream.ts'

/** How a machine stopped running. */
export interface Ending {
  readonly state: 'off' | 'reset'
  readonly finish: Finish | undefined
}

export type MachineAct =
  /** `nic`: its place among the machine's plugged ports. */
  | { readonly kind: 'frame'; readonly time: Instant; readonly nic: number; readonly frame: Frame }
  | { readonly kind: 'console'; readonly time: Instant; readonly bytes: Uint8Array }
  /** One of its devices has reported what a guest did. */
  | { readonly kind: 'odd'; readonly time: Instant; readonly sentence: string }
  | ({ readonly kind: 'end'; readonly time: Instant } & Ending)
  | ({ readonly time: Instant } & SerialAct)

const kinds = ['frame', 'console', 'odd', 'end', 'serial', 'outputs'] as const
const cuts: readonly Offload['segmentation'][] = ['none', 'tcp4', 'tcp6', 'udp']
const endings = ['off', 'reset'] as const
const finishes = ['none', 'poweroff', 'reset', 'fail'] as const

export class MachineLog {
  readonly #writer = new ByteWriter()
  #last = 0

  /** In bytes. */
  get size(): number {
    return this.#writer.length
  }

  /** A copy. */
  get bytes(): Uint8Array {
    return this.#writer.bytes
  }

  /** Keeps a copy of what it is given. Acts come in the order of their instants. */
  add(act: MachineAct): void {
    const writer = this.#writer
    writer.number(kinds.indexOf(act.kind))
    writer.number(act.time - this.#last)
    this.#last = act.time
    switch (act.kind) {
      case 'frame':
        writer.number(act.nic)
        putOffload(writer, act.frame.offload)
        return writer.put(act.frame.bytes)
      case 'console':
        return writer.put(act.bytes)
      case 'odd':
        return writer.put(utf8(act.sentence))
      case 'end':
        writer.number(endings.indexOf(act.state))
        writer.number(finishes.indexOf(act.finish?.kind ?? 'none'))
        writer.number(act.finish?.kind === 'fail' ? act.finish.code : 0)
        return
      case 'serial':
        writer.number(act.port)
        writer.number(act.bitTime)
        return writer.put(act.bytes)
      case 'outputs':
        writer.number(act.port)
        writer.number(act.outputs)
    }
  }

  /** Not a copy: good until an act is added. */
  get view(): Uint8Array {
    return this.#writer.view
  }

  /** Forgets all acts, and keeps the room they took. Instants are told from the beginning of time again. */
  clear(): void {
    this.#writer.clear()
    this.#last = 0
  }
}

/** Reads a log's bytes, act by act. */
export class MachineLogReader {
  readonly #reader: ByteReader
  #last = 0

  constructor(bytes: Uint8Array) {
    this.#reader = new ByteReader(bytes)
  }

  /** Where the next act begins. */
  get at(): number {
    return this.#reader.at
  }

  /** A frame's bytes are whose it is given to. @returns undefined at the end. @throws {Malformed} */
  next(): MachineAct | undefined {
    const reader = this.#reader
    if (reader.left === 0) return undefined
    const kind = reader.word(kinds)
    this.#last += reader.number()
    const time = this.#last as Instant
    switch (kind) {
      case 'frame': {
        const nic = reader.number()
        const offload = takeOffload(reader)
        return { kind, time, nic, frame: { bytes: reader.take(), offload } }
      }
      case 'console':
        return { kind, time, bytes: reader.take() }
      case 'odd':
        return { kind, time, sentence: fromUtf8(reader.take()) }
      case 'end': {
        const state = reader.word(endings)
        const word = reader.word(finishes)
        const code = reader.number()
        const finish: Finish | undefined = word === 'none' ? undefined : word === 'fail' ? { kind: word, code } : { kind: word }
        return { kind, time, state, finish }
      }
      case 'serial':
        return { kind, time, port: reader.number(), bitTime: reader.number(), bytes: reader.take() }
      case 'outputs':
        return { kind, time, port: reader.number(), outputs: reader.number() }
    }
  }
}

export function putOffload(writer: ByteWriter, offload: Offload | undefined): void {
  writer.number(offload === undefined ? 0 : offload.checksum === undefined ? 1 : 2)
  if (offload === undefined) return
  for (const value of [cuts.indexOf(offload.segmentation), offload.segmentSize, offload.headerLength]) writer.number(value)
  if (offload.checksum !== undefined) for (const value of [offload.checksum.start, offload.checksum.offset]) writer.number(value)
}

/** @throws {Malformed} at what `putOffload` didn't write. */
export function takeOffload(reader: ByteReader): Offload | undefined {
  const form = reader.number()
  if (form === 0) return undefined
  const segmentation = reader.word(cuts)
  const segmentSize = reader.number()
  const headerLength = reader.number()
  const checksum = form === 1 ? undefined : { start: reader.number(), offset: reader.number() }
  return { checksum, segmentation, segmentSize, headerLength }
}
