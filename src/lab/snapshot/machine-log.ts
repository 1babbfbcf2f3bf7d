/**
 * What one machine has done to the rest of its lab, in the order of its doing it: frames sent, bytes printed, how it ended. Bytes on bytes, so that
 * a boot's hundred thousand acts cost a few megabytes and no garbage. Numbers are LEB128 (DWARF 5 §7.6), instants are told as differences.
 */
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { Malformed } from '../../base/errors.ts'
import type { Instant } from '../../base/time.ts'
import type { Frame, Offload } from '../../link/port.ts'
import type { Finish } from '../../board/finisher.ts'

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

const kinds = ['frame', 'console', 'odd', 'end'] as const
const cuts: readonly Offload['segmentation'][] = ['none', 'tcp4', 'tcp6', 'udp']
const endings = ['off', 'reset'] as const
const finishes = ['none', 'poweroff', 'reset', 'fail'] as const

export class MachineLog {
  #bytes = new Uint8Array(4096)
  #length = 0
  #last = 0

  /** In bytes. */
  get size(): number {
    return this.#length
  }

  /** A copy. */
  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** Keeps a copy of what it is given. Acts come in the order of their instants. */
  add(act: MachineAct): void {
    this.#number(kinds.indexOf(act.kind))
    this.#number(act.time - this.#last)
    this.#last = act.time
    switch (act.kind) {
      case 'frame':
        this.#number(act.nic)
        this.#offload(act.frame.offload)
        return this.#put(act.frame.bytes)
      case 'console':
        return this.#put(act.bytes)
      case 'odd':
        return this.#put(utf8(act.sentence))
      case 'end':
        this.#number(endings.indexOf(act.state))
        this.#number(finishes.indexOf(act.finish?.kind ?? 'none'))
        this.#number(act.finish?.kind === 'fail' ? act.finish.code : 0)
    }
  }

  #offload(offload: Offload | undefined): void {
    this.#number(offload === undefined ? 0 : offload.checksum === undefined ? 1 : 2)
    if (offload === undefined) return
    for (const value of [cuts.indexOf(offload.segmentation), offload.segmentSize, offload.headerLength]) this.#number(value)
    if (offload.checksum !== undefined) for (const value of [offload.checksum.start, offload.checksum.offset]) this.#number(value)
  }

  #put(bytes: Uint8Array): void {
    this.#number(bytes.length)
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #number(value: number): void {
    this.#room(8)
    let left = value
    for (; left >= 0x80; left = Math.floor(left / 0x80)) this.#bytes[this.#length++] = (left % 0x80) | 0x80
    this.#bytes[this.#length++] = left
  }

  #room(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** Reads a log's bytes, act by act. */
export class MachineLogReader {
  readonly #bytes: Uint8Array
  #at = 0
  #last = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** @returns undefined at the end. @throws {Malformed} */
  next(): MachineAct | undefined {
    if (this.#at >= this.#bytes.length) return undefined
    const kind = this.#word(kinds)
    this.#last += this.#number()
    const time = this.#last as Instant
    switch (kind) {
      case 'frame': {
        const nic = this.#number()
        const offload = this.#offload()
        return { kind, time, nic, frame: { bytes: this.#take(), offload } }
      }
      case 'console':
        return { kind, time, bytes: this.#take() }
      case 'odd':
        return { kind, time, sentence: fromUtf8(this.#take()) }
      case 'end': {
        const state = this.#word(endings)
        const word = this.#word(finishes)
        const code = this.#number()
        const finish: Finish | undefined = word === 'none' ? undefined : word === 'fail' ? { kind: word, code } : { kind: word }
        return { kind, time, state, finish }
      }
    }
  }

  #offload(): Offload | undefined {
    const form = this.#number()
    if (form === 0) return undefined
    const segmentation = this.#word(cuts)
    const segmentSize = this.#number()
    const headerLength = this.#number()
    const checksum = form === 1 ? undefined : { start: this.#number(), offset: this.#number() }
    return { checksum, segmentation, segmentSize, headerLength }
  }

  #word<Word>(words: readonly Word[]): Word {
    const index = this.#number()
    if (index >= words.length) throw new Malformed(`machine log: no word ${index} of ${words.length}`)
    return words[index]
  }

  /** A copy: whoever is given a frame owns its bytes. */
  #take(): Uint8Array {
    const length = this.#number()
    if (this.#at + length > this.#bytes.length) throw new Malformed(`machine log: ${length} bytes wanted at ${this.#at} of ${this.#bytes.length}`)
    this.#at += length
    return this.#bytes.slice(this.#at - length, this.#at)
  }

  #number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      if (this.#at >= this.#bytes.length || scale > 2 ** 49) throw new Malformed(`machine log: no number at ${this.#at}`)
      const byte = this.#bytes[this.#at++]
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
}
