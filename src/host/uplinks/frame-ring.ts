/**
 * A ring of frames between threads: one writes, one reads, nobody locks.
 *
 * Theory of operation. The frames lie in memory of the reader's, which the writer knows by its address only: it is the kernel that writes there, and copying out of
 * shared memory costs V8 several times what it costs out of its own. Shared are the lengths, one for each place where a record may begin, and a few control words.
 *
 * Records lie one behind the other, each from an offset that is a multiple of 8, with eight bytes in front that nobody uses, so that even an empty one takes room. `head` is where the
 * writer will put the next one and is the writer's; `tail` is where the reader will find the next one and is the reader's. The ring is empty when they
 * are equal, so the writer never catches up with the tail. A record never wraps: the kernel writes a frame in one piece before its length is
 * known, so the writer asks for room for the largest one, and where there isn't enough of it before the end it leaves a mark and starts over at 0.
 * For that mark eight bytes are always kept free before the end.
 *
 * A writer that finds no room says so in `stalled` and looks again; a reader that has made room looks at `stalled` and wakes the writer. Each
 * stores before it loads, and Atomics are sequentially consistent, so one of the two sees the other: nobody waits for ever.
 */

const controlBytes = 64
const recordHeader = 8
const overMark = -1

const slots = { head: 0, tail: 1, stalled: 2, failure: 3 } as const

export class FrameRing {
  /** To be handed to the other thread, which makes a ring of its own from it. */
  readonly shared: SharedArrayBuffer
  /** Where the frames lie; empty on the writer's side, where the kernel has their address. */
  readonly bytes: Uint8Array
  readonly #control: Int32Array
  readonly #lengths: Int32Array
  readonly #capacity: number
  /** Where the writer's reserved record begins, past its length. */
  #reserved = 0

  constructor(shared: SharedArrayBuffer, bytes: Uint8Array = new Uint8Array(0)) {
    this.shared = shared
    this.#control = new Int32Array(shared, 0, controlBytes >> 2)
    this.bytes = bytes
    this.#lengths = new Int32Array(shared, controlBytes)
    this.#capacity = this.#lengths.length * 8
  }

  /** @param capacity in bytes, a multiple of 8. Of use are at least two of the largest frames. */
  static of(capacity: number): FrameRing {
    return new FrameRing(new SharedArrayBuffer(controlBytes + capacity / 2), new Uint8Array(capacity))
  }

  /** The writer's: where in `bytes` a frame of up to `largest` bytes may be written, or -1 when there is no room for one now. */
  reserve(largest: number): number {
    const need = recordHeader + padded(largest)
    const head = this.#control[slots.head]
    const tail = Atomics.load(this.#control, slots.tail)
    if (head < tail) {
      if (head + need >= tail) return -1
      return (this.#reserved = head + recordHeader)
    }
    if (head + need <= this.#capacity - recordHeader) return (this.#reserved = head + recordHeader)
    if (need >= tail) return -1
    this.#lengths[head >> 3] = overMark
    return (this.#reserved = recordHeader)
  }

  /** The writer's: what was written at the place reserved last is a frame of `length` bytes. */
  commit(length: number): void {
    const start = this.#reserved - recordHeader
    this.#lengths[start >> 3] = length
    Atomics.store(this.#control, slots.head, this.#reserved + padded(length))
  }

  /** The reader's: the oldest frame, or undefined. It is valid until `next`. */
  peek(): Uint8Array | undefined {
    let tail = this.#control[slots.tail]
    if (tail === Atomics.load(this.#control, slots.head)) return undefined
    if (this.#lengths[tail >> 3] === overMark) {
      tail = 0
      Atomics.store(this.#control, slots.tail, 0)
    }
    return this.bytes.subarray(tail + recordHeader, tail + recordHeader + this.#lengths[tail >> 3])
  }

  /** The reader's: done with what `peek` gave. */
  next(): void {
    const tail = this.#control[slots.tail]
    Atomics.store(this.#control, slots.tail, tail + recordHeader + padded(this.#lengths[tail >> 3]))
  }

  /** Whether there is something to read. */
  get waiting(): boolean {
    return this.#control[slots.tail] !== Atomics.load(this.#control, slots.head)
  }

  /** Set by the writer before it looks a last time whether there is room; taken back by the reader, who then wakes it. */
  get stalled(): boolean {
    return Atomics.load(this.#control, slots.stalled) === 1
  }

  set stalled(stalled: boolean) {
    Atomics.store(this.#control, slots.stalled, stalled ? 1 : 0)
  }

  /** The errno with which the device ended, negative; 0 while it lives. */
  get failure(): number {
    return Atomics.load(this.#control, slots.failure)
  }

  set failure(errno: number) {
    Atomics.store(this.#control, slots.failure, errno)
  }
}

const padded = (length: number): number => (length + 7) & ~7
