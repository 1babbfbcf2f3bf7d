/**
 * One debugger on one machine: GDB's remote serial protocol as a state machine. GDB manual, appendix E "Remote Serial Protocol".
 *
 * Theory of operation. Harts are threads 1, 2, … of one process, in all-stop mode: whatever is asked to go on, the whole lab goes, since virtual time is
 * one for all. A session is told of bytes (`receive`) and of the end of a motion (by its debuggee); it answers by `send`. While the machine moves, only the
 * interrupt character is heard; packets wait.
 *
 * Breakpoints of both kinds (Z0, Z1) are the host's and leave memory alone. What the debugger may not change (a run that is played again) gets an error.
 */
import { fromUtf8, hex, latin1, unhex, utf8 } from '../../base/bytes.ts'
import type { Breakpoint, HartInspection } from '../../cpu/core.ts'
import type { Debuggee, Halt, Motion } from './debuggee.ts'
import { fromLatin1 } from '../../base/bytes.ts'
import { buildPacket, packetMax, PacketReader } from './packets.ts'
import { generalCount, readRegister, targetDescription, writeRegister } from './registers.ts'

/** Kinds of Z packets by their number (appendix E.2). */
const kinds: readonly Breakpoint['kind'][] = ['execute', 'execute', 'write', 'read', 'access']
const watchWords: Readonly<Record<string, string>> = { write: 'watch', read: 'rwatch', access: 'awatch' }
const trap = 'T05'
const interrupted = 'T02'
const [badPacket, badAddress, refused] = ['E01', 'E14', 'E22']
const pointsMax = 4096
/** Packets that wait while the machine moves. */
const waitingMax = 64
const modes = ['U', 'S', '?', 'M']

export class GdbSession {
  readonly #debuggee: Debuggee
  readonly #send: (bytes: Uint8Array) => void
  readonly #reader = new PacketReader()
  readonly #points = new Map<string, { readonly type: number; readonly point: Breakpoint }>()
  #acks = true
  #last = new Uint8Array(0)
  /** The thread of `Hg`, as a hart. */
  #hart = 0
  #moving = false
  #waiting: string[] = []
  /** The debugger knows these words in a stop's report. */
  #tellsKind = { swbreak: false, hwbreak: false }
  #released = false

  constructor(debuggee: Debuggee, send: (bytes: Uint8Array) => void) {
    this.#debuggee = debuggee
    this.#send = send
  }

  /** What the debugger has sent. */
  receive(bytes: Uint8Array): void {
    for (const one of this.#reader.feed(bytes)) {
      if (one.kind === 'interrupt') {
        if (this.#moving) this.#debuggee.interrupt()
      } else if (one.kind === 'nak') this.#send(this.#last)
      else if (one.kind === 'broken') this.#ack('-')
      else if (one.kind === 'packet') {
        this.#ack('+')
        this.#hear(one.body)
      }
    }
  }

  /** The debugger has hung up. */
  close(): void {
    if (this.#released) return
    this.#released = true
    this.#debuggee.release()
  }

  #ack(mark: string): void {
    if (this.#acks) this.#send(latin1(mark))
  }

  #hear(body: string): void {
    if (this.#released) return
    if (this.#moving) {
      if (this.#waiting.length < waitingMax) this.#waiting.push(body)
      return
    }
    const answer = this.#answer(body)
    if (answer !== undefined) this.#reply(answer)
    if (body === 'QStartNoAckMode') this.#acks = false
  }

  #reply(body: string): void {
    this.#last = new Uint8Array(buildPacket(body))
    this.#send(this.#last)
  }

  /** @returns undefined when the answer comes later; '' says that the packet isn't known. */
  #answer(body: string): string | undefined {
    const rest = body.slice(1)
    switch (body[0]) {
      case '?': return this.#debuggee.on ? `${trap}thread:${this.#hart + 1};` : 'W00'
      case 'g': return this.#general()
      case 'G': return this.#setGeneral(rest)
      case 'p': return this.#register(rest)
      case 'P': return this.#setRegister(rest)
      case 'm': return this.#memory(rest, (bytes) => hex(bytes))
      case 'x': return this.#memory(rest, (bytes) => `b${fromLatin1(bytes)}`)
      case 'M': return this.#setMemory(rest, (data) => unhex(data))
      case 'X': return this.#setMemory(rest, latin1)
      case 'H': return this.#select(rest)
      case 'T': return this.#thread(rest) === undefined ? badPacket : 'OK'
      case 'Z': return this.#insert(rest)
      case 'z': return this.#remove(rest)
      case 's': case 'c': return this.#resume(body[0] === 's' ? 'step' : 'continue', rest)
      case 'S': case 'C': return this.#resume(body[0] === 'S' ? 'step' : 'continue', rest.split(';')[1] ?? '')
      case 'b': return this.#back(rest)
      case 'D': case 'k': return this.#leave(body[0])
      case 'v': return this.#verbose(body)
      case 'q': case 'Q': return this.#query(body)
      default: return ''
    }
  }

  #looked(): HartInspection {
    return this.#debuggee.inspect(this.#hart)
  }

  #general(): string {
    const hart = this.#looked()
    return Array.from({ length: generalCount }, (_, number) => shown(readRegister(hart, number))).join('')
  }

  #setGeneral(text: string): string {
    if (this.#debuggee.sealed !== undefined) return refused
    if (!/^(?:[0-9a-f]{16})+$/i.test(text)) return badPacket
    const hart = this.#looked()
    for (let number = 0; number < Math.min(generalCount, text.length / 16); number++) writeRegister(hart, number, value(text.slice(16 * number, 16 * number + 16)))
    return 'OK'
  }

  #register(text: string): string {
    const number = Number.parseInt(text, 16)
    const found = number >= 0 ? readRegister(this.#looked(), number) : undefined
    return found === undefined ? badPacket : shown(found)
  }

  #setRegister(text: string): string {
    if (this.#debuggee.sealed !== undefined) return refused
    const parts = /^([0-9a-f]+)=((?:[0-9a-f]{2}){1,8})$/i.exec(text)
    return parts !== null && writeRegister(this.#looked(), Number.parseInt(parts[1], 16), value(parts[2])) ? 'OK' : badPacket
  }

  #memory(text: string, written: (bytes: Uint8Array) => string): string {
    const place = range(text)
    if (place === undefined) return badPacket
    const bytes = new Uint8Array(Math.min(place.length, packetMax / 2 - 16))
    const count = this.#looked().read(place.address, bytes)
    return count === 0 && bytes.length > 0 ? badAddress : written(bytes.subarray(0, count))
  }

  #setMemory(text: string, bytesOf: (data: string) => Uint8Array): string {
    const colon = text.indexOf(':')
    const place = range(text.slice(0, Math.max(0, colon)))
    if (place === undefined) return badPacket
    if (place.length === 0) return 'OK'
    if (this.#debuggee.sealed !== undefined) return refused
    const data = text.slice(colon + 1)
    if (bytesOf === latin1 ? data.length !== place.length : !new RegExp(`^(?:[0-9a-f]{2}){${place.length}}$`, 'i').test(data)) return badPacket
    return this.#looked().write(place.address, bytesOf(data)) === place.length ? 'OK' : badAddress
  }

  /** `Hg2`: what follows is about that thread. `Hc` is obsolete: vCont names its own. */
  #select(text: string): string {
    const hart = this.#thread(text.slice(1))
    if (hart === undefined) return badPacket
    if (text.startsWith('g')) this.#hart = hart
    return 'OK'
  }

  /** -1 is all threads, 0 any. @returns the hart. */
  #thread(text: string): number | undefined {
    if (text === '-1' || text === '0') return this.#hart
    const number = /^[0-9a-f]{1,4}$/i.test(text) ? Number.parseInt(text, 16) : 0
    return number >= 1 && number <= this.#debuggee.harts ? number - 1 : undefined
  }

  #insert(text: string): string {
    const place = /^([0-4]),([0-9a-f]{1,16}),([0-9a-f]{1,8})$/i.exec(text.split(';')[0])
    if (place === null) return /^[0-4],/.test(text) ? badPacket : ''
    const [type, length] = [Number(place[1]), Number.parseInt(place[3], 16)]
    if (this.#points.size >= pointsMax) return refused
    this.#points.set(place[0], { type, point: { kind: kinds[type], address: BigInt(`0x${place[2]}`), ...(type < 2 ? {} : { length: Math.max(1, length) }) } })
    try {
      this.#place()
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#points.delete(place[0])
      return refused
    }
    return 'OK'
  }

  #remove(text: string): string {
    if (!/^[0-4],/.test(text)) return ''
    if (this.#points.delete(text)) this.#place()
    return 'OK'
  }

  #place(): void {
    this.#debuggee.set([...this.#points.values()].map(({ point }) => point))
  }

  #resume(motion: Motion, address: string): string | undefined {
    if (!this.#debuggee.on) return 'W00'
    if (/^[0-9a-f]{1,16}$/i.test(address)) {
      if (this.#debuggee.sealed !== undefined) return refused
      this.#looked().pc = BigInt(`0x${address}`)
    }
    this.#move(motion, this.#hart)
    return undefined
  }

  #back(text: string): string | undefined {
    if (text !== 's' && text !== 'c') return ''
    if (!this.#debuggee.reversible) return refused
    this.#move(text === 's' ? 'reverse-step' : 'reverse-continue', this.#hart)
    return undefined
  }

  #move(motion: Motion, hart: number): void {
    this.#moving = true
    this.#debuggee.move(motion, hart, (halt) => {
      this.#moving = false
      if (this.#released) return
      this.#hart = halt.hart
      this.#reply(this.#told(halt))
      for (const body of this.#waiting.splice(0)) this.#hear(body)
    })
  }

  #told(halt: Halt): string {
    const thread = `thread:${halt.hart + 1};`
    switch (halt.kind) {
      case 'over': return 'W00'
      case 'interrupt': return `${interrupted}${thread}`
      case 'begin': case 'end': return `${trap}${thread}replaylog:${halt.kind};`
      case 'step': return `${trap}${thread}`
      case 'point': return `${trap}${thread}${this.#reason(halt.point, halt.address)}`
    }
  }

  #reason({ kind, address: at }: Breakpoint, address: bigint): string {
    if (kind !== 'execute') return `${watchWords[kind]}:${address.toString(16)};`
    const hard = [...this.#points.values()].some(({ type, point }) => type === 1 && point.address === at)
    const word = hard ? 'hwbreak' : 'swbreak'
    return this.#tellsKind[word] ? `${word}:;` : ''
  }

  /** The lab outlives its debuggers: a kill lets go, too. */
  #leave(how: string): string | undefined {
    this.close()
    return how === 'D' ? 'OK' : undefined
  }

  #verbose(body: string): string | undefined {
    if (body === 'vCont?') return 'vCont;c;C;s;S'
    if (body.startsWith('vKill')) {
      this.close()
      return 'OK'
    }
    if (!body.startsWith('vCont;')) return ''
    // The first action that names a thread to step decides; the others go on meanwhile.
    const actions = body.slice(6).split(';').map((action) => /^([csCS])(?:[0-9a-f]{2})?(?::(-1|[0-9a-f]+))?$/i.exec(action))
    if (actions.includes(null)) return badPacket
    const step = actions.find((action) => action?.[1].toLowerCase() === 's')
    if (step === undefined) return this.#resume('continue', '')
    const hart = this.#thread(step?.[2] ?? '-1')
    if (hart === undefined) return badPacket
    if (!this.#debuggee.on) return 'W00'
    this.#move('step', hart)
    return undefined
  }

  #query(body: string): string | undefined {
    if (body.startsWith('qSupported')) return this.#supported(body)
    if (body === 'QStartNoAckMode') return 'OK'
    if (body === 'qAttached' || body.startsWith('qAttached:')) return '1'
    if (body === 'qC') return `QC${this.#hart + 1}`
    if (body === 'qfThreadInfo') return `m${Array.from({ length: this.#debuggee.harts }, (_, hart) => hart + 1).join(',')}`
    if (body === 'qsThreadInfo') return 'l'
    if (body.startsWith('qThreadExtraInfo,')) return this.#about(body.slice(17))
    if (body.startsWith('qXfer:features:read:target.xml:')) return piece(targetDescription(), body.slice(31))
    if (body.startsWith('qRcmd,')) return this.#command(body.slice(6))
    if (body.startsWith('qSymbol:')) return 'OK'
    return ''
  }

  #supported(body: string): string {
    const words = body.slice(11).split(';')
    this.#tellsKind = { swbreak: words.includes('swbreak+'), hwbreak: words.includes('hwbreak+') }
    const back = this.#debuggee.reversible ? '+' : '-'
    return `PacketSize=${packetMax.toString(16)};QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+;ReverseStep${back};ReverseContinue${back}`
  }

  #about(text: string): string {
    const hart = this.#thread(text)
    if (hart === undefined) return badPacket
    const { privilege, waits } = this.#debuggee.inspect(hart)
    return hex(utf8(`hart ${hart}, ${modes[privilege]}-mode${waits ? ', waits' : ''}`))
  }

  #command(text: string): string | undefined {
    if (!/^(?:[0-9a-f]{2})*$/i.test(text)) return badPacket
    this.#moving = true
    this.#debuggee.command(fromUtf8(unhex(text)), (answer) => {
      this.#moving = false
      if (this.#released) return
      // Longer answers come in pieces, as output of the console's (appendix E.4, `O`).
      const bytes = utf8(answer)
      const size = packetMax / 2 - 16
      for (let at = 0; at < bytes.length; at += size) this.#reply(`O${hex(bytes.subarray(at, at + size))}`)
      this.#reply('OK')
      for (const body of this.#waiting.splice(0)) this.#hear(body)
    })
    return undefined
  }
}

/** Little-endian digits; a register that isn't there is `x`es. */
function shown(register: ReturnType<typeof readRegister>): string {
  if (register === undefined) return 'x'.repeat(16)
  const bytes = new Uint8Array(register.bytes)
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number((register.value >> BigInt(8 * at)) & 0xffn)
  return hex(bytes)
}

function value(digits: string): bigint {
  return unhex(digits).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** `address,length`, hexadecimal. */
function range(text: string): { readonly address: bigint; readonly length: number } | undefined {
  const parts = /^([0-9a-f]{1,16}),([0-9a-f]{1,8})$/i.exec(text)
  return parts === null ? undefined : { address: BigInt(`0x${parts[1]}`), length: Number.parseInt(parts[2], 16) }
}

/** A part of a document (appendix E.4, `qXfer`): `m` when more follows, `l` for the last. */
function piece(text: string, where: string): string {
  const parts = /^([0-9a-f]{1,8}),([0-9a-f]{1,8})$/i.exec(where)
  if (parts === null) return badPacket
  const [from, length] = [Number.parseInt(parts[1], 16), Math.min(Number.parseInt(parts[2], 16), packetMax - 16)]
  return `${from + length < text.length ? 'm' : 'l'}${text.slice(from, from + length)}`
}
