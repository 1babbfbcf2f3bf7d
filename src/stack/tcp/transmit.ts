/** Segments leave here: header, options, window, bytes from the ring. RFC 9293 §3.1, §3.10; nothing here decides anything. */
import type { Connection } from './connection.ts'
import type { Ends, Family } from './family.ts'
import type { Options } from '../../wire/tcp-options.ts'
import type { FailureCode } from '../protocol.ts'
import { putU32be } from '../../base/bytes.ts'
import { flags, headerBytes, headerLengthOf, write } from '../../wire/tcp.ts'
import * as tcp from '../../wire/tcp.ts'
import { buildOptions } from '../../wire/tcp-options.ts'
import { wrap } from './sequence.ts'

const none = new Uint8Array(0)
/** No-operation twice, timestamps (RFC 7323 appendix A); filled in for each segment. */
const stamps = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0)
const checksumOffset = 16

/** Bytes of options beyond those that `mss` has allowed for: SACK blocks. */
export function extraOptionBytes({ agreement, receiver }: Connection): number {
  if (!agreement.sack) return 0
  const blocks = Math.min(3, receiver.islands.all.length + (receiver.duplicate === undefined ? 0 : 1))
  return blocks === 0 ? 0 : 4 + 8 * blocks
}

/**
 * Sends one segment, or a super-frame of several, with the acknowledgment and window of this moment.
 * @param length payload bytes, taken from the ring at `sequence`. @returns why the network would not take it.
 */
export function transmit(c: Connection, bits: number, sequence: number, length: number): FailureCode | undefined {
  const { agreement, receiver, family } = c
  const edge = receiver.edge()
  const room = Math.max(0, edge - receiver.rcvNxt)
  // Rounded up: rounding down would take back a part of what was promised (RFC 7323 §2.4).
  const window = Math.min(65_535, Math.ceil(room / 2 ** agreement.receiveShift))
  const options = optionsOf(c)
  const headerLength = headerBytes + options.length
  const buffer = c.ground.memory.fresh(family.headroom + headerLength + length)
  if (length > 0) c.out.copy(sequence, length, buffer, family.headroom + headerLength)
  const header = { sourcePort: c.ends.localPort, destinationPort: c.ends.remotePort, sequence: wrap(sequence), acknowledgment: wrap(receiver.rcvNxt), flags: bits | flags.ack, window, urgentPointer: 0, options }
  const { offload } = c.reach
  write(buffer, family.headroom, header, length, c.addressSum, offload)
  receiver.told(Math.max(receiver.rcvAdv, receiver.rcvNxt + window * 2 ** agreement.receiveShift))
  agreement.lastAckSent = receiver.rcvNxt
  c.delayedAck.stop()
  const segmentSize = segmentSizeOf(c, options.length)
  return put(c, buffer, offload ? { checksumOffset, headerLength, segmentSize: length > segmentSize ? segmentSize : 0 } : undefined)
}

/** Sends a SYN, or in answer to the peer's a SYN-ACK. */
export function transmitSyn(c: Connection, options: Options, answer: boolean): FailureCode | undefined {
  const { receiver } = c
  const segment = {
    sourcePort: c.ends.localPort,
    destinationPort: c.ends.remotePort,
    sequence: wrap(c.iss),
    acknowledgment: answer ? wrap(receiver.rcvNxt) : 0,
    flags: answer ? flags.syn | flags.ack : flags.syn,
    // "The window field in a segment where the SYN bit is set MUST NOT be scaled" (RFC 7323 §2.2).
    window: Math.min(65_535, c.ground.settings.receiveBuffer),
    urgentPointer: 0,
    options: buildOptions(options),
  }
  const { headroom } = c.family
  const buffer = new Uint8Array(headroom + headerLengthOf(segment))
  write(buffer, headroom, segment, 0, c.addressSum)
  if (answer) c.agreement.lastAckSent = receiver.rcvNxt
  return put(c, buffer, undefined)
}

/** The reset of ABORT: `<SEQ=SND.NXT><CTL=RST>` (RFC 9293 §3.10.5). */
export function reset(c: Connection): void {
  c.ground.counters.resetsSent++
  sendBare(c.family, c.ends, { sequence: c.sndNxt, acknowledgment: c.receiver.rcvNxt, flags: flags.rst | flags.ack, window: 0 })
}

/** A segment without a connection behind it. */
export function sendBare(family: Family, ends: Ends, segment: { readonly sequence: number; readonly acknowledgment: number; readonly flags: number; readonly window: number; readonly options?: Uint8Array }): void {
  const whole = { options: none, ...segment, sequence: wrap(segment.sequence), acknowledgment: wrap(segment.acknowledgment), sourcePort: ends.localPort, destinationPort: ends.remotePort, urgentPointer: 0 }
  const buffer = new Uint8Array(family.headroom + tcp.headerLengthOf(whole))
  write(buffer, family.headroom, whole, 0, family.addressSum(ends.local, ends.remote))
  family.send(buffer, ends.local, ends.remote, undefined)
}

function put(c: Connection, buffer: Uint8Array, owed: Parameters<Family['send']>[3]): FailureCode | undefined {
  c.ground.counters.segmentsSent++
  return c.family.send(buffer, c.ends.local, c.ends.remote, owed)
}

function segmentSizeOf(c: Connection, optionBytes: number): number {
  return c.mss - Math.max(0, optionBytes - (c.agreement.timestamps ? 12 : 0))
}

function optionsOf({ agreement, receiver, now }: Connection): Uint8Array {
  if (agreement.sack && (receiver.islands.all.length > 0 || receiver.duplicate !== undefined)) {
    const sack = receiver.islands.blocks(receiver.duplicate).map(([left, right]) => [wrap(left), wrap(right)] as const)
    return buildOptions({ sack, ...(agreement.timestamps ? { timestamps: { value: agreement.stamp(now), echo: agreement.recent } } : {}) })
  }
  if (!agreement.timestamps) return none
  putU32be(stamps, 4, agreement.stamp(now))
  putU32be(stamps, 8, agreement.recent)
  return stamps
}
