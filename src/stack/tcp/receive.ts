/**
 * The receiving half: what arrives in order and out of order, the window that is told, and when to acknowledge.
 * RFC 9293 §3.8.6.2.2 (silly windows), §3.8.6.3 (delayed acknowledgments), §3.10.7.4; RFC 5681 §4.2.
 *
 * Bytes that come in order to a reader that is waiting are copied once and handed over. All others go into a ring under their sequence
 * numbers; what is out of order stands there beyond the ring's end, as `islands` says.
 */
import type { Memory } from './memory.ts'
import { Islands } from './islands.ts'
import { Ring } from './ring.ts'

/** The largest piece handed to a reader at once. */
const mostAtOnce = 65_536

export class Receiver {
  /** Unwrapped, as all here. */
  irs = 0
  rcvNxt = 0
  /** The right edge of the window as it was last told: never taken back (RFC 9293 §3.8.6). */
  rcvAdv = 0
  /** Where the peer's FIN stands, once it came. */
  finSeq: number | undefined
  readonly islands = new Islands()
  /** The last duplicate, for a DSACK (RFC 2883). */
  duplicate: readonly [number, number] | undefined
  /** An acknowledgment is owed: not at all, within the delay, at once. */
  owed: 'nothing' | 'later' | 'now' = 'nothing'
  /** Super-frames came in order, and more of the same burst may follow at this very instant: one acknowledgment will do for all. */
  inBurst = false
  /** The largest segment seen: what the peer sends when it can. */
  segmentBytes = 536
  /** The widest window: the buffer, or what a header can say of it. */
  #limit: number
  #ring: Ring
  #direct: Uint8Array | undefined
  readonly #memory: Memory
  #unacknowledged = 0
  /** The window last told was narrower than it could be, for what was unread. */
  #narrowed = false

  constructor(memory: Memory, limitBytes: number) {
    this.#memory = memory
    this.#limit = limitBytes
    this.#ring = new Ring(0, memory)
  }

  /** The peer's SYN came. @param shift of our windows from now on. */
  begin(irs: number, shift: number): void {
    this.irs = irs
    this.#limit = Math.min(this.#limit, 65_535 * 2 ** shift)
    this.rcvNxt = irs + 1
    this.rcvAdv = this.rcvNxt + Math.min(65_535, this.#limit)
    this.#ring = new Ring(this.rcvNxt, this.#memory)
  }

  /** Bytes in order that nobody has taken yet. */
  get unread(): number {
    return this.#ring.length + (this.#direct?.length ?? 0)
  }

  /** Everything up to the peer's FIN was taken. */
  get drained(): boolean {
    return this.finReached && this.unread === 0
  }

  get finReached(): boolean {
    return this.finSeq !== undefined && this.rcvNxt > this.finSeq
  }

  /**
   * Takes text that lies within the window and not before `rcvNxt`.
   * @param flowing whether a reader waits. @param segmentSize of a super-frame, else 0.
   * @returns false when it was dropped for want of room.
   */
  text(sequence: number, bytes: Uint8Array, flowing: boolean, segmentSize: number): boolean {
    const full = segmentSize > 0 ? Math.min(segmentSize, bytes.length) : bytes.length
    if (full > this.segmentBytes) this.segmentBytes = full
    if (sequence > this.rcvNxt) return this.#early(sequence, bytes)
    if (this.islands.all.length > 0) return this.#fill(bytes)
    if (flowing && this.unread === 0) {
      this.#direct = this.#copy(bytes)
      this.rcvNxt += bytes.length
      this.#ring.release(this.rcvNxt)
    } else {
      if (!this.#ring.put(this.rcvNxt, bytes)) return false
      this.rcvNxt += bytes.length
      this.#ring.end = this.rcvNxt
    }
    this.#unacknowledged += bytes.length
    if (segmentSize > 0) this.inBurst = true
    // "an ACK SHOULD be generated for at least every second full-sized segment" (RFC 5681 §4.2).
    if (this.#unacknowledged >= 2 * this.segmentBytes) this.owed = 'now'
    else if (this.owed === 'nothing') this.owed = 'later'
    return true
  }

  /** Steps over the FIN when it is next. @returns whether it was. */
  finish(): boolean {
    if (this.finSeq !== this.rcvNxt) return false
    this.rcvNxt++
    this.owed = 'now'
    return true
  }

  /** The next bytes for the reader, `most` or fewer. */
  take(most = mostAtOnce): Uint8Array | undefined {
    const direct = this.#direct
    if (direct !== undefined) {
      this.#direct = direct.length > most ? direct.subarray(most) : undefined
      return direct.length > most ? direct.subarray(0, most) : direct
    }
    const length = Math.min(most, mostAtOnce, this.#ring.length)
    if (length === 0) return undefined
    const bytes = this.#ring.slice(this.#ring.start, length)
    this.#ring.release(this.#ring.start + length, this.islands.all.length > 0)
    return bytes
  }

  /**
   * The edge to tell now: as far as there is room, but not in small steps: "the suggested SWS avoidance algorithm for the receiver is to keep
   * RCV.NXT+RCV.WND fixed until … the reduction is at least the minimum of half the buffer and the MSS" (RFC 9293 §3.8.6.2.2).
   */
  edge(): number {
    const edge = this.rcvNxt + Math.max(0, this.#limit - this.unread)
    return edge - this.rcvAdv >= Math.min(this.#limit / 2, this.segmentBytes) ? edge : this.rcvAdv
  }

  /** Whether so much was read of what had narrowed the window that the peer should be told without being asked. */
  get opened(): boolean {
    return this.#narrowed && this.edge() - this.rcvAdv >= Math.min(this.#limit / 2, Math.max(2 * this.segmentBytes, this.rcvAdv - this.rcvNxt))
  }

  /** An acknowledgment leaves that says everything; its window ends at `edge`. */
  told(edge: number): void {
    this.rcvAdv = edge
    this.#narrowed = this.unread > 0
    this.owed = 'nothing'
    this.duplicate = undefined
    this.#unacknowledged = 0
  }

  clear(): void {
    this.#ring.clear()
    this.#direct = undefined
  }

  /** Large segments are handed over as they lie in their frame, which is ours; small ones would hold a frame for a few bytes. */
  #copy(bytes: Uint8Array): Uint8Array {
    if (bytes.length > 4096 && bytes.length * 4 > bytes.buffer.byteLength) return bytes
    if (bytes.length > 4096) return bytes.slice()
    const copy = this.#memory.fresh(bytes.length)
    copy.set(bytes)
    return copy
  }

  /** "Out-of-order data segments SHOULD be acknowledged immediately" (RFC 5681 §4.2). */
  #early(sequence: number, bytes: Uint8Array): boolean {
    this.owed = 'now'
    const end = sequence + bytes.length
    if (!this.islands.hasRoom(sequence, end) || !this.#ring.put(sequence, bytes)) return false
    if (this.islands.add(sequence, end) === bytes.length) this.duplicate = [sequence, end]
    return true
  }

  /** "the TCP receiver SHOULD send an immediate ACK when the incoming segment fills in all or part of a gap" (RFC 5681 §4.2). */
  #fill(bytes: Uint8Array): boolean {
    this.owed = 'now'
    if (!this.#ring.put(this.rcvNxt, bytes)) return false
    this.rcvNxt = this.islands.join(this.rcvNxt + bytes.length)
    this.#ring.end = this.rcvNxt
    return true
  }
}
