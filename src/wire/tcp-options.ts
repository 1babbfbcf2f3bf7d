/** TCP options. RFC 9293 §3.2 (MSS), RFC 2018 (SACK), RFC 7323 (window scale, timestamps). */
import { putU16be, putU32be, u16be, u32be } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'

const kinds = { end: 0, noOperation: 1, mss: 2, windowScale: 3, sackPermitted: 4, sack: 5, timestamps: 8 } as const

export interface Options {
  /** Largest segment the sender takes, in payload bytes. */
  readonly mss?: number
  /** Bits to shift the window by; more than 14 counts as 14 (RFC 7323 §2.3). */
  readonly windowScale?: number
  readonly sackPermitted?: boolean
  /** Up to four blocks: first sequence number of each, and the one behind its last. */
  readonly sack?: readonly (readonly [left: number, right: number])[]
  readonly timestamps?: { readonly value: number; readonly echo: number }
}

/** Never throws: reading ends at the first option that can't be, and one whose length is not its kind's is passed over (RFC 9293 §3.1, MUST-7). */
export function parseOptions(bytes: Uint8Array): Options {
  // Nearly every segment of a connection with timestamps has exactly these (RFC 7323 appendix A).
  if (bytes.length === 12 && u32be(bytes, 0) === 0x0101_080a) return { timestamps: { value: u32be(bytes, 4), echo: u32be(bytes, 8) } }
  let options: Options = {}
  for (let at = 0; at < bytes.length && bytes[at] !== kinds.end; ) {
    if (bytes[at] === kinds.noOperation) {
      at++
      continue
    }
    const length = at + 1 < bytes.length ? bytes[at + 1] : 0
    if (length < 2 || at + length > bytes.length) break
    options = { ...options, ...parseOne(bytes, at, length) }
    at += length
  }
  return options
}

function parseOne(bytes: Uint8Array, at: number, length: number): Options {
  const kind = bytes[at]
  if (kind === kinds.mss && length === 4) return { mss: u16be(bytes, at + 2) }
  if (kind === kinds.windowScale && length === 3) return { windowScale: Math.min(14, bytes[at + 2]) }
  if (kind === kinds.sackPermitted && length === 2) return { sackPermitted: true }
  if (kind === kinds.timestamps && length === 10) return { timestamps: { value: u32be(bytes, at + 2), echo: u32be(bytes, at + 6) } }
  if (kind === kinds.sack && length > 2 && length % 8 === 2) {
    return { sack: Array.from({ length: (length - 2) / 8 }, (_, block) => [u32be(bytes, at + 2 + block * 8), u32be(bytes, at + 6 + block * 8)] as const) }
  }
  return {}
}

/** In the order MSS, SACK permitted, timestamps, window scale, SACK, each aligned with no-operations, as RFC 7323 appendix A advises. */
export function buildOptions(options: Options): Uint8Array {
  const bytes = new Uint8Array(40)
  let at = 0
  const head = (kind: number, length: number, pad = 0): number => {
    const body = at + pad + 2
    assert(body - 2 + length <= 40, 'TCP options beyond 40 bytes')
    bytes.fill(kinds.noOperation, at, at + pad)
    bytes[body - 2] = kind
    bytes[body - 1] = length
    at = body - 2 + length
    return body
  }
  if (options.mss !== undefined) putU16be(bytes, head(kinds.mss, 4), options.mss)
  // SACK permitted takes the place of the two no-operations that timestamps would want.
  if (options.sackPermitted === true) head(kinds.sackPermitted, 2, options.timestamps === undefined ? 2 : 0)
  if (options.timestamps !== undefined) {
    const body = head(kinds.timestamps, 10, options.sackPermitted === true ? 0 : 2)
    putU32be(bytes, body, options.timestamps.value)
    putU32be(bytes, body + 4, options.timestamps.echo)
  }
  if (options.windowScale !== undefined) bytes[head(kinds.windowScale, 3, 1)] = options.windowScale
  if (options.sack !== undefined && options.sack.length > 0) {
    let body = head(kinds.sack, 2 + options.sack.length * 8, 2)
    for (const [left, right] of options.sack) {
      putU32be(bytes, body, left)
      putU32be(bytes, body + 4, right)
      body += 8
    }
  }
  return bytes.slice(0, at)
}

export function formatOptions(options: Options): string {
  const parts: string[] = []
  if (options.mss !== undefined) parts.push(`mss ${options.mss}`)
  if (options.sackPermitted === true) parts.push('sack permitted')
  if (options.timestamps !== undefined) parts.push(`ts ${options.timestamps.value}/${options.timestamps.echo}`)
  if (options.windowScale !== undefined) parts.push(`scale ${options.windowScale}`)
  if (options.sack !== undefined) parts.push(`sack ${options.sack.map(([left, right]) => `${left}-${right}`).join(' ')}`)
  return parts.join(' ')
}
