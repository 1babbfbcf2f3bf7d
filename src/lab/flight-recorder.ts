/**
 * The flight recorder: the first and the last frames of every port and the last lines of every console, always, in bounded memory. What it holds
 * becomes one pcapng whose packets carry comments: what a fault did to them, and what a conversation's packets are that no decoder could know alone.
 */
import type { Instant } from '../base/time.ts'
import { utf8 } from '../base/bytes.ts'
import type { Frame } from '../link/port.ts'
import { Trace } from '../link/trace.ts'
import { lineOf } from '../wire/dissect.ts'
import * as pcapng from '../wire/pcapng.ts'
import { linkTypes, packetFlags, type Packet } from '../wire/pcapng-blocks.ts'
import type { Tap } from './tap.ts'
import type { Transcript } from './transcript.ts'

/** The first frames of a run, when it boots, are kept whatever comes. */
const firstFrames = 512
const ringBytes = 4 << 20
const ringFrames = 16_384
/** Of each frame. */
const snap = 2048
const lastLines = 4096
/** LINKTYPE_USER0: a console's lines stand among the frames as packets of plain text. */
const consoleLink = 147

interface Kept {
  readonly time: Instant
  /** Index of the tap or console. */
  readonly place: number
  readonly out: boolean
  readonly bytes: Uint8Array
  readonly length: number
  readonly comment: string
}

export class FlightRecorder {
  readonly #taps: readonly Tap[]
  readonly #consoles: readonly Transcript[]
  readonly #first: Kept[] = []
  readonly #ring = new Uint8Array(ringBytes)
  /** Oldest first; their bytes are views into the ring, and gone when the ring comes round. */
  #last: (Kept & { readonly at: number })[] = []
  #from = 0
  #at = 0
  #lines: Kept[] = []

  constructor(taps: readonly Tap[], consoles: readonly Transcript[]) {
    this.#taps = taps
    this.#consoles = consoles
    for (const [place, tap] of taps.entries()) {
      const hear = (direction: 'in' | 'out', time: Instant, frame: Frame, comment: string): void => this.#keep(place, direction === 'out', time, frame.bytes, comment)
      tap.hear(hear)
      tap.hearLost(hear)
    }
    for (const [index, transcript] of consoles.entries()) this.#listen(taps.length + index, transcript)
  }

  /** All that is held, as a pcapng file. */
  dump(): Uint8Array {
    const kept = [...this.#first, ...this.#last.slice(this.#from), ...this.#lines].sort((a, b) => a.time - b.time || a.place - b.place)
    const traces = this.#taps.map(() => new Trace())
    const interfaces = [...this.#taps.map(({ place, medium }) => ({ name: place.name, linkType: medium === 'ethernet' ? linkTypes.ethernet : linkTypes.raw })), ...this.#consoles.map(({ node }) => ({ name: `${node} console`, linkType: consoleLink }))]
    return pcapng.build({ application: 'netloom flight recorder', interfaces, packets: kept.map((one) => this.#packet(one, traces)) })
  }

  #packet({ time, place, out, bytes, length, comment }: Kept, traces: readonly Trace[]): Packet {
    const tap = this.#taps[place]
    const told = tap === undefined ? comment : [comment, remembered(traces[place], bytes, tap, out)].filter((part) => part !== '').join('; ')
    return { interface: place, time, flags: out ? packetFlags.out : packetFlags.in, comment: told === '' ? undefined : told, bytes, originalLength: length }
  }

  #keep(place: number, out: boolean, time: Instant, bytes: Uint8Array, comment: string): void {
    const length = Math.min(bytes.length, snap)
    if (this.#first.length < firstFrames) {
      this.#first.push({ time, place, out, bytes: bytes.slice(0, length), length: bytes.length, comment })
      return
    }
    if (this.#at + length > ringBytes) this.#at = 0
    const end = this.#at + length
    while (this.#from < this.#last.length && (this.#overlaps(this.#last[this.#from], end) || this.#last.length - this.#from >= ringFrames)) this.#from++
    if (this.#from > 1024 && this.#from * 2 > this.#last.length) {
      this.#last = this.#last.slice(this.#from)
      this.#from = 0
    }
    const own = this.#ring.subarray(this.#at, end)
    own.set(length === bytes.length ? bytes : bytes.subarray(0, length))
    this.#last.push({ time, place, out, bytes: own, length: bytes.length, comment, at: this.#at })
    this.#at = end
  }

  #overlaps({ at, bytes }: Kept & { readonly at: number }, end: number): boolean {
    return at < end && at + bytes.length > this.#at
  }

  #listen(place: number, transcript: Transcript): void {
    let line = ''
    let began = 0 as Instant
    transcript.listen((bytes, time) => {
      for (const byte of bytes) {
        if (line === '') began = time
        if (byte !== 0x0a && line.length < snap) line += byte === 0x0d ? '' : String.fromCharCode(byte)
        else {
          const text = utf8(line)
          this.#lines.push({ time: began, place, out: true, bytes: text, length: text.length, comment: line })
          line = ''
        }
      }
      if (this.#lines.length > lastLines) this.#lines = this.#lines.slice(lastLines >> 2)
    })
  }
}

/** What only the conversation tells: the TFTP of a transfer's own ports, the call that an RPC reply answers. */
function remembered(trace: Trace, bytes: Uint8Array, { place, medium }: Tap, out: boolean): string {
  const layers = trace.layers(bytes, medium)
  const inner = layers.at(-1)
  if (inner === undefined) return ''
  const told = inner.name === 'tftp' ? lineOf([inner]).replace(/^tftp data (block \d+),.*$/, 'tftp $1') : inner.fields[0]?.name === 'kind' && inner.fields[0].value === 'reply' ? inner.line : ''
  return told === '' ? '' : `${told} ${out ? 'from' : 'to'} ${place.node}`
}
