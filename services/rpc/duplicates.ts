/**
 * The duplicate request cache: a call that changes something, sent again because its reply was lost, gets the same reply and changes nothing
 * again (Juszczak, "Improving the Performance and Correctness of an NFS Server", USENIX 1989; RFC 1813 §4.10).
 */
import { hash32 } from '../../src/base/random.ts'
import { fromLatin1 } from '../../src/base/bytes.ts'
import { type Clock, type Instant, after, seconds } from '../../src/base/time.ts'

const mostReplies = 2048
const mostBytes = 4 * 2 ** 20
/** How much of a call tells it from another one with the same xid. */
const comparedBytes = 256
/** A client that asks again does so sooner; one that was restarted may begin with the numbers it had before. */
const lifetime = seconds(120)

export class DuplicateCache {
  /** In the order of their making, so the oldest is the first. */
  readonly #replies = new Map<string, { readonly reply: Uint8Array; readonly until: Instant }>()
  readonly #clock: Clock
  #bytes = 0
  hits = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What tells a call from every other one. The port isn't in it: a client that has to connect anew may come from another. */
  static key(address: string, call: Uint8Array): string {
    return `${address} ${call.length} ${hash32(fromLatin1(call.subarray(0, comparedBytes)))} ${fromLatin1(call.subarray(0, 4))}`
  }

  find(key: string): Uint8Array | undefined {
    const kept = this.#replies.get(key)
    if (kept === undefined || kept.until < this.#clock.now) return undefined
    this.hits++
    return kept.reply
  }

  /** @param reply is kept as it is: give a copy. */
  add(key: string, reply: Uint8Array): void {
    this.#forget(key)
    this.#replies.set(key, { reply, until: after(this.#clock.now, lifetime) })
    this.#bytes += reply.length
    for (const oldest of this.#replies.keys()) {
      if (this.#replies.size <= mostReplies && this.#bytes <= mostBytes) break
      this.#forget(oldest)
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#replies.get(key)?.reply.length ?? 0
    this.#replies.delete(key)
  }
}
