/** Puts RPC messages together from a byte stream. RFC 5531 §11. Nothing is made before its bytes are here. */
import { concat, u32be } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'

/** A record in more fragments than this is no honest client's. */
const mostFragments = 256

export class RecordReader {
  readonly #longest: number
  #chunks: Uint8Array[] = []
  /** Bytes in `#chunks`. */
  #have = 0
  /** Of the record under way: its finished fragments. */
  #fragments: Uint8Array[] = []
  #recordBytes = 0

  /** @param longest bytes that a record may have. */
  constructor(longest: number) {
    this.#longest = longest
  }

  /** Bytes that wait for the rest of their record. */
  get held(): number {
    return this.#have + this.#recordBytes
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.push(bytes)
    this.#have += bytes.length
  }

  /** The next whole message, if it is here. @throws {Malformed} when the stream can't be read any further. */
  next(): Uint8Array | undefined {
    while (this.#have >= 4) {
      const mark = u32be(this.#peek(4), 0)
      const length = mark & 0x7fff_ffff
      if (this.#recordBytes + length > this.#longest) throw new Malformed(`an rpc record of more than ${this.#longest} bytes`)
      if (this.#have < 4 + length) return undefined
      const fragment = this.#take(4 + length).subarray(4)
      if (this.#fragments.length >= mostFragments) throw new Malformed(`an rpc record in more than ${mostFragments} fragments`)
      this.#fragments.push(fragment)
      this.#recordBytes += length
      if (mark >>> 31 === 1) return this.#record()
    }
    return undefined
  }

  #record(): Uint8Array {
    const record = this.#fragments.length === 1 ? this.#fragments[0] : concat(...this.#fragments)
    this.#fragments = []
    this.#recordBytes = 0
    return record
  }

  #peek(count: number): Uint8Array {
    if (this.#chunks[0].length < count) this.#chunks = [concat(...this.#chunks)]
    return this.#chunks[0]
  }

  /** The next `count` bytes, a view where they lie in one piece. */
  #take(count: number): Uint8Array {
    const pieces: Uint8Array[] = []
    let missing = count
    let used = 0
    while (missing > 0) {
      const chunk = this.#chunks[used]
      const piece = chunk.subarray(0, missing)
      pieces.push(piece)
      missing -= piece.length
      if (piece.length === chunk.length) used++
      else this.#chunks[used] = chunk.subarray(piece.length)
    }
    this.#chunks.splice(0, used)
    this.#have -= count
    return pieces.length === 1 ? pieces[0] : concat(...pieces)
  }
}
