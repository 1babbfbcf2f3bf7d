/**
 * Semihosting: EBREAK between `slli x0, x0, 0x1f` and `srai x0, x0, 7`, operation in a0, its parameter or the address of a block of them in a1,
 * the answer in a0. RISC-V Semihosting 1.0 for the sequence, Arm's Semihosting for AArch32 and AArch64 (2024Q3) for the operations.
 *
 * Files are those of the machine's shared folder, `:tt` is the console. Time is virtual.
 */
import { fromUtf8, u32le } from '../../base/bytes.ts'
import type { StoppedHart } from '../../cpu/core.ts'
import { errors } from './calls.ts'
import type { OpenMode, SharedFiles } from './shared-files.ts'

/** What semihosting needs of the machine. */
export interface SemihostingPorts {
  readonly files: SharedFiles
  /** Virtual nanoseconds since the machine's time zero, and seconds since 1970. */
  readonly now: () => number
  readonly epochSeconds: () => number
  /** What the guest prints by SYS_WRITE0, SYS_WRITEC and to `:tt`. */
  readonly print: (bytes: Uint8Array) => void
  readonly exit: (code: number) => void
}

const operations = {
  open: 0x01, close: 0x02, writec: 0x03, write0: 0x04, write: 0x05, read: 0x06, readc: 0x07, isError: 0x08, isTty: 0x09, seek: 0x0a, flen: 0x0c,
  clock: 0x10, time: 0x11, system: 0x12, errno: 0x13, exit: 0x18, exitExtended: 0x20, elapsed: 0x30, tickfreq: 0x31,
} as const

const before = 0x01f0_1013
const behind = 0x4070_5013
/** ADP_Stopped_ApplicationExit: the one reason that is a good end. */
const applicationExit = 0x2_0026

/** Bytes of one read or write, of a printed text and of a name. */
const transferMax = 1 << 20
const textMax = 1 << 16
const nameMax = 4096
/** Handles: 1 is the console, files follow. */
const console = 1
const firstFile = 2

/** fopen's modes by their number (§ SYS_OPEN): r, rb, r+, r+b, w, wb, w+, w+b, a, ab, a+, a+b. */
const modes: readonly OpenMode[] = ['read', 'read', 'update', 'update', 'write', 'write', 'write', 'write', 'append', 'append', 'append', 'append']

export class Semihosting {
  readonly #ports: SemihostingPorts
  #errno = 0

  constructor(ports: SemihostingPorts) {
    this.#ports = ports
  }

  /** Takes an EBREAK that has the two words round it. @returns false for any other. */
  hear(hart: StoppedHart): boolean {
    const words = new Uint8Array(12)
    const from = BigInt.asUintN(64, hart.pc - 4n)
    // The three lie on one page, so that they are there together.
    if ((from & 0xfffn) > 0xff4n || hart.read(from, words) < 12 || u32le(words, 0) !== before || u32le(words, 8) !== behind) return false
    const answer = this.#perform(hart, Number(BigInt.asUintN(32, hart.x(10))), hart.x(11))
    if (answer !== undefined) hart.setX(10, BigInt(answer))
    return true
  }

  #perform(hart: StoppedHart, operation: number, parameter: bigint): number | undefined {
    const block = (index: number): bigint => word(hart, BigInt.asUintN(64, parameter + 8n * BigInt(index)))
    const { files } = this.#ports
    switch (operation) {
      case operations.open: return this.#open(hart, block(0), Number(block(1)), Number(block(2)))
      case operations.close: return Number(block(0)) === console ? 0 : this.#told(files.close(Number(block(0)) - firstFile))
      case operations.writec: return void this.#ports.print(bytesAt(hart, parameter, 1))
      case operations.write0: return void this.#ports.print(stringAt(hart, parameter))
      case operations.write: return this.#write(hart, Number(block(0)), block(1), Number(block(2)))
      case operations.read: return this.#read(hart, Number(block(0)), block(1), Number(block(2)))
      case operations.isError: return BigInt.asIntN(64, block(0)) < 0n ? 1 : 0
      case operations.isTty: return Number(block(0)) === console ? 1 : 0
      case operations.seek: return this.#told(files.seek(Number(block(0)) - firstFile, Number(block(1))))
      case operations.flen: return this.#told(files.size(Number(block(0)) - firstFile))
      case operations.clock: return Math.floor(this.#ports.now() / 1e7)
      case operations.time: return this.#ports.epochSeconds()
      case operations.errno: return this.#errno
      case operations.elapsed: return this.#elapsed(hart, parameter)
      case operations.tickfreq: return 1_000_000_000
      // On 64-bit targets both have the reason and the code in a block.
      case operations.exit:
      case operations.exitExtended: return void this.#ports.exit(Number(block(0)) === applicationExit ? Number(BigInt.asUintN(32, block(1))) : 1)
      default: return this.#told(-errors['ENOSYS'])
    }
  }

  #open(hart: StoppedHart, at: bigint, mode: number, length: number): number {
    if (!(length <= nameMax) || modes[mode] === undefined) return this.#told(-errors['EINVAL'])
    const name = fromUtf8(bytesAt(hart, at, length))
    if (name === ':tt') return console
    const handle = this.#ports.files.open(name, modes[mode])
    return handle < 0 ? this.#told(handle) : handle + firstFile
  }

  /** @returns bytes that were not written. */
  #write(hart: StoppedHart, handle: number, at: bigint, length: number): number {
    const bytes = bytesAt(hart, at, Math.min(length, transferMax))
    if (handle === console) {
      this.#ports.print(bytes)
      return length - bytes.length
    }
    const done = this.#ports.files.write(handle - firstFile, bytes)
    return length - (done < 0 ? (this.#told(done), 0) : done)
  }

  /** @returns bytes that were not read. */
  #read(hart: StoppedHart, handle: number, at: bigint, length: number): number {
    if (handle === console) return length
    const bytes = this.#ports.files.read(handle - firstFile, Math.min(length, transferMax))
    if (typeof bytes === 'number') {
      this.#told(bytes)
      return length
    }
    return length - hart.write(at, bytes)
  }

  #elapsed(hart: StoppedHart, at: bigint): number {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, BigInt(this.#ports.now()), true)
    return hart.write(at, bytes) === 8 ? 0 : this.#told(-errors['EFAULT'])
  }

  /** Keeps the error for SYS_ERRNO. */
  #told(result: number): number {
    if (result >= 0) return result
    this.#errno = -result
    return -1
  }
}

function word(hart: StoppedHart, at: bigint): bigint {
  const bytes = new Uint8Array(8)
  return hart.read(at, bytes) === 8 ? new DataView(bytes.buffer).getBigUint64(0, true) : 0n
}

function bytesAt(hart: StoppedHart, at: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  return bytes.subarray(0, hart.read(at, bytes))
}

/** Up to its NUL. */
function stringAt(hart: StoppedHart, at: bigint): Uint8Array {
  const parts: number[] = []
  const piece = new Uint8Array(256)
  while (parts.length < textMax) {
    const got = piece.subarray(0, hart.read(BigInt.asUintN(64, at + BigInt(parts.length)), piece))
    const end = got.indexOf(0)
    for (const byte of end < 0 ? got : got.subarray(0, end)) parts.push(byte)
    if (end >= 0 || got.length < piece.length) break
  }
  return Uint8Array.from(parts)
}
