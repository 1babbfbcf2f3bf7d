/**
 * Conformance scripts in the manner of packetdrill, run over the stack's port: docs/stack-port.md has the port, scripts/ the scripts.
 *
 * A script begins with `=== RFC section: what it checks`. Then a line each: `< segment` the peer sends, `> segment` we must have sent, `+40ms` time passes, and
 * calls on sockets, which are named by one word. Every packet that is sent must be expected: one that isn't fails the script.
 * Segments are written as tcpdump does, ours counted from our initial sequence number, the peer's from its own, which is 0.
 */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { hex, unhex } from '../../../src/base/bytes.ts'
import type { Answer } from '../../../src/lab/stack-port/stack-port.ts'
import type { Json } from '../../../src/lab/stack-port/request.ts'
import type { Options } from '../../../src/wire/tcp-options.ts'
import { parseIpv4 } from '../../../src/wire/address.ts'
import { addressSum4 } from '../../../src/wire/checksum.ts'
import * as icmp from '../../../src/wire/icmp.ts'
import * as ipv4 from '../../../src/wire/ipv4.ts'
import * as tcp from '../../../src/wire/tcp.ts'
import { buildOptions, parseOptions } from '../../../src/wire/tcp-options.ts'

export interface Script {
  readonly name: string
  readonly lines: readonly { readonly text: string; readonly place: string }[]
}

export type Ask = (request: Json) => Answer | Promise<Answer>

const ours = parseIpv4('10.0.0.1')
const theirs = parseIpv4('10.0.0.2')
const letters = { F: tcp.flags.fin, S: tcp.flags.syn, R: tcp.flags.rst, P: tcp.flags.psh, '.': tcp.flags.ack, U: tcp.flags.urg } as const

/** All scripts of a file. */
export function readScripts(path: string): Script[] {
  const scripts: { name: string; lines: { text: string; place: string }[] }[] = []
  for (const [at, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const text = line.replace(/\s*\/\/.*$/, '').trim()
    if (text.startsWith('===')) scripts.push({ name: text.slice(3).trim(), lines: [] })
    else if (text !== '') scripts.at(-1)?.lines.push({ text, place: `${path.split('/').at(-1)}:${at + 1}` })
  }
  return scripts
}

export async function runScript(script: Script, ask: Ask): Promise<void> {
  const run = new Run(ask)
  for (const { text, place } of script.lines) await run.line(text, place)
  await run.end()
}

class Run {
  readonly #ask: Ask
  readonly #sockets = new Map<string, number>()
  readonly #sent: string[] = []
  #place = ''
  #ourPort = 80
  #theirPort = 5000
  #iss = 0
  #stamp = 0
  #stamps = false

  constructor(ask: Ask) {
    this.#ask = ask
  }

  async line(text: string, place: string): Promise<void> {
    this.#place = place
    const [word, ...rest] = text.split(' ')
    if (text.startsWith('+')) return this.#advance(text.slice(1))
    if (word === '>') return void expect(this.#sent.shift() ?? 'nothing', place).toBe(rest.join(' '))
    if (word === 'flush') return void this.#sent.splice(0)
    if (word !== 'port') this.#nothing()
    if (word === '<') return this.#send(rest.join(' '))
    if (word === 'stack') return void (await this.#do({ do: 'stack', ...(JSON.parse(rest.join(' ')) as object) }))
    if (word === 'stamps') return void (this.#stamps = true)
    if (word === 'port') return void (this.#theirPort = Number(rest[0]))
    if (word === 'icmp') return this.#icmp(Number(rest[0]), Number(rest[1]), Number(rest[2]))
    if (word === 'is') return void expect(await this.#state(), place).toBe(rest[0])
    return this.#call(word, rest)
  }

  async end(): Promise<void> {
    this.#nothing()
    await this.#do({ do: 'time' })
  }

  async #call(word: string, [name, ...words]: readonly string[]): Promise<void> {
    if (word === 'listen') {
      await this.#socket(name)
      await this.#do({ do: 'bind', socket: this.#of(name), port: this.#ourPort })
      await this.#do({ do: 'listen', socket: this.#of(name) })
    } else if (word === 'connect') {
      await this.#socket(name)
      this.#theirPort = 80
      this.#ourPort = ((await this.#do({ do: 'connect', socket: this.#of(name), address: '10.0.0.2', port: 80 })) as { port: number }).port
    } else if (word === 'accept') this.#sockets.set(words[0], ((await this.#do({ do: 'accept', socket: this.#of(name) })) as { socket: number }).socket)
    else if (word === 'established') await this.#established(name, words.join(' ') || 'win 65535 <mss 1460,sackOK>')
    else if (word === 'ready') {
      const [{ ready }] = (await this.#do({ do: 'poll', sockets: [this.#of(name)] })) as unknown as { ready: string[] }[]
      expect(ready.join(' ') || 'nothing', this.#place).toBe(words.join(' '))
    } else if (word === 'error') expect(await this.#do({ do: 'getsockopt', socket: this.#of(name), option: 'error' }), this.#place).toBe(words[0])
    else if (word === 'info') expect(((await this.#do({ do: 'getsockopt', socket: this.#of(name), option: 'info' })) as Record<string, Json>)[words[0]], this.#place).toEqual(JSON.parse(words[1]))
    else await this.#transfer(word, name, words)
  }

  /** `write a 1000`, `read a 10 = EAGAIN`, `shutdown a`, `close a`, `set a noDelay true`. */
  async #transfer(word: string, name: string, words: readonly string[]): Promise<void> {
    const socket = this.#of(name)
    const wanted = words.indexOf('=') < 0 ? undefined : words[words.indexOf('=') + 1]
    if (word === 'write') return void (await this.#outcome({ do: 'write', socket, length: Number(words[0]) }, wanted ?? words[0]))
    if (word === 'read') return void (await this.#outcome({ do: 'read', socket, most: Number(words[0]) }, wanted ?? words[0]))
    if (word === 'shutdown') return void (await this.#do({ do: 'shutdown', socket }))
    if (word === 'set') return void (await this.#do({ do: 'setsockopt', socket, option: words[0], value: JSON.parse(words[1]) as Json }))
    if (word === 'close') return void (await this.#do({ do: 'close', socket }))
    throw new Error(`${this.#place}: not a line of a script: ${word}`)
  }

  async #outcome(request: Json, wanted: string): Promise<void> {
    const answer = await this.#request(request)
    const { hex: read, end } = ((answer.ok ? answer.value : undefined) ?? {}) as { hex?: string; end?: boolean }
    const found = answer.ok ? (end === true ? 'end' : String(read === undefined ? answer.value : read.length / 2)) : answer.code
    expect(found, this.#place).toBe(wanted)
  }

  async #established(name: string, peer: string): Promise<void> {
    await this.#call('listen', ['listener'])
    await this.#send(`S 0:0(0) ${peer}`)
    this.#sent.splice(0)
    await this.#send(`. 1:1(0) ack 1 win ${/wscale/.test(peer) ? 65_535 : (/win (\d+)/.exec(peer)?.[1] ?? 65_535)}${/TS/.test(peer) ? ' <TS 101>' : ''}`)
    this.#nothing()
    await this.#call('accept', ['listener', name])
  }

  async #socket(name: string): Promise<void> {
    this.#sockets.set(name, (await this.#do({ do: 'socket' })) as number)
  }

  #of(name: string): number {
    const number = this.#sockets.get(name)
    if (number === undefined) throw new Error(`${this.#place}: no socket is called ${name}`)
    return number
  }

  async #state(): Promise<string> {
    const all = (await this.#do({ do: 'connections' })) as unknown as { state: string }[]
    return all.find(({ state }) => state !== 'LISTEN')?.state ?? 'CLOSED'
  }

  async #advance(span: string): Promise<void> {
    this.#nothing()
    await this.#do({ do: 'advance', by: span })
  }

  #nothing(): void {
    expect(this.#sent.splice(0), `${this.#place}: nothing else was to be sent before`).toEqual([])
  }

  async #do(request: Json): Promise<Json> {
    const answer = await this.#request(request)
    if (!answer.ok) throw new Error(`${this.#place}: ${answer.code}: ${answer.message}`)
    return answer.value
  }

  async #request(request: Json): Promise<Answer> {
    const answer = await this.#ask(request)
    for (const packet of answer.packets as unknown as { hex: string }[]) this.#sent.push(this.#show(unhex(packet.hex)))
    return answer
  }

  #packet(protocol: number, payload: Uint8Array): Promise<Json> {
    return this.#do({ do: 'packet', hex: hex(ipv4.build({ protocol, source: theirs, destination: ours, payload })) })
  }

  async #send(text: string): Promise<void> {
    const match = /^([A-Z.]+) (-?\d+):(-?\d+)\((\d+)\)(?: ack (-?\d+))?(?: win (\d+))?(?: <(.*)>)?$/.exec(text)
    if (match === null) throw new Error(`${this.#place}: not a segment: ${text}`)
    const [, letterList, first, , length, ack, window, options] = match
    const bits = [...letterList].reduce((sum, letter) => sum | letters[letter as keyof typeof letters], 0)
    const segment = { sourcePort: this.#theirPort, destinationPort: this.#ourPort, sequence: Number(first) >>> 0, acknowledgment: ack === undefined ? 0 : (Number(ack) + this.#iss) >>> 0, flags: bits, window: Number(window ?? 65_535), urgentPointer: 0, options: buildOptions(this.#options(options ?? '')), payload: new Uint8Array(Number(length)) }
    await this.#packet(ipv4.protocols.tcp, tcp.build(segment, addressSum4(theirs, ours, 6)))
  }

  /** Unreachable, about the segment of ours that begins at `sequence`. */
  async #icmp(code: number, mtu: number, sequence: number): Promise<void> {
    const header = tcp.build({ sourcePort: this.#ourPort, destinationPort: this.#theirPort, sequence: (sequence + this.#iss) >>> 0, acknowledgment: 0, flags: 16, window: 0, urgentPointer: 0, options: new Uint8Array(0), payload: new Uint8Array(1460) }, 0)
    const quoted = icmp.quote(ipv4.build({ protocol: 6, source: ours, destination: theirs, payload: header }))
    await this.#packet(ipv4.protocols.icmp, icmp.build({ kind: 'unreachable', code, mtu, quoted }))
  }

  #options(text: string): Options {
    const parts: Record<string, unknown> = {}
    for (const part of text.split(',').filter((each) => each !== '')) {
      const [name, value] = part.split(' ')
      if (name === 'mss') parts.mss = Number(value)
      else if (name === 'sackOK') parts.sackPermitted = true
      else if (name === 'wscale') parts.windowScale = Number(value)
      else if (name === 'TS') parts.timestamps = { value: Number(value), echo: this.#stamp }
      else if (name === 'sack') parts.sack = part.slice(5).split(' ').map((block) => block.split(':').map((edge) => (Number(edge) + this.#iss) >>> 0))
      else throw new Error(`${this.#place}: not an option: ${part}`)
    }
    return parts
  }

  #show(bytes: Uint8Array): string {
    const packet = ipv4.parse(bytes)
    if (packet.protocol !== ipv4.protocols.tcp) return `protocol ${packet.protocol}`
    const segment = tcp.parse(packet.payload, addressSum4(packet.source, packet.destination, 6))
    expect(segment.checksum, this.#place).toBe('right')
    const set = Object.entries(letters).filter(([, bit]) => (segment.flags & bit) !== 0).map(([letter]) => letter)
    const syn = (segment.flags & tcp.flags.syn) !== 0
    if (syn) this.#iss = segment.sequence
    const first = syn ? 0 : (segment.sequence - this.#iss) | 0
    const options = parseOptions(segment.options)
    if (options.timestamps !== undefined) this.#stamp = options.timestamps.value
    const shown = [
      options.mss === undefined ? '' : `mss ${options.mss}`,
      options.sackPermitted === true ? 'sackOK' : '',
      this.#stamps && options.timestamps !== undefined ? `ecr ${options.timestamps.echo}` : '',
      options.windowScale === undefined ? '' : `wscale ${options.windowScale}`,
      options.sack === undefined ? '' : `sack ${options.sack.map(([left, right]) => `${left | 0}:${right | 0}`).join(' ')}`,
    ].filter((each) => each !== '')
    const ack = (segment.flags & tcp.flags.ack) === 0 ? '' : ` ack ${segment.acknowledgment | 0}`
    return `${set.join('')} ${first}:${first + segment.payload.length}(${segment.payload.length})${ack}${shown.length === 0 ? '' : ` <${shown.join(',')}>`}`
  }
}
