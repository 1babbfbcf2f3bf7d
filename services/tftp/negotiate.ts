/** Which of a client's options are taken, and at what values. RFC 2347, 2348 (blksize), 2349 (timeout, tsize), 7440 (windowsize). */
import type { Duration } from '../../src/base/time.ts'
import type { Option, Request } from '../../src/wire/tftp.ts'
import { seconds } from '../../src/base/time.ts'

export interface Terms {
  /** Bytes of data in every block but the last. */
  readonly blksize: number
  /** Blocks sent before an acknowledgement is waited for. */
  readonly windowsize: number
  /** Until something is sent again. */
  readonly timeout: Duration
  /** What to acknowledge, in the client's order; empty: no OACK at all. */
  readonly accepted: readonly Option[]
  /** Size that a writing client announced. */
  readonly announcedBytes: number | undefined
}

export interface Limits {
  readonly blksize: number
  readonly windowsize: number
}

const defaultBlksize = 512
const defaultTimeout = seconds(1)

/** @param size of the file to be read; undefined where it isn't known (netascii) or where the client writes. */
export function negotiate(request: Request, limits: Limits, size: number | undefined): Terms {
  const accepted: Option[] = []
  const asked = new Map<string, number>()
  // "An option may only be specified once" (RFC 2347): the first counts. What can't be a number is passed over, as if not asked for.
  for (const [name, text] of request.options) if (!asked.has(name) && /^\d{1,15}$/.test(text)) asked.set(name, Number(text))
  let terms: Omit<Terms, 'accepted'> = { blksize: defaultBlksize, windowsize: 1, timeout: defaultTimeout, announcedBytes: undefined }
  for (const [name, value] of asked) {
    if (name === 'blksize' && value >= 8) {
      terms = { ...terms, blksize: Math.min(value, limits.blksize) }
      accepted.push([name, String(terms.blksize)])
    } else if (name === 'windowsize' && value >= 1 && value <= 65_535) {
      terms = { ...terms, windowsize: Math.min(value, limits.windowsize) }
      accepted.push([name, String(terms.windowsize)])
    } else if (name === 'timeout' && value >= 1 && value <= 255) {
      terms = { ...terms, timeout: seconds(value) }
      accepted.push([name, String(value)])
    } else if (name === 'tsize' && request.kind === 'wrq') {
      terms = { ...terms, announcedBytes: value }
      accepted.push([name, String(value)])
    } else if (name === 'tsize' && size !== undefined) {
      accepted.push([name, String(size)])
    }
  }
  return { ...terms, accepted }
}

/** Headers around a block in one IPv4 packet: 20 of IP, 8 of UDP, 4 of TFTP. */
const headers = 32

/** A block as large as fits the interface without fragments; boot ROMs can't put fragments together. */
export function blockLimit(mtu: number, configured: number): number {
  return Math.max(8, Math.min(configured, mtu - headers))
}
