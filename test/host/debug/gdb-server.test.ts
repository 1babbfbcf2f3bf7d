/** Debuggers by TCP, in literal packets: on a machine of a running lab, and on one of a kept run. */
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fromLatin1, fromUtf8, hex, unhex, utf8 } from '../../../src/base/bytes.ts'
import type { Instant } from '../../../src/base/time.ts'
import { GdbServer } from '../../../src/host/debug/gdb-server.ts'
import { keptInputs } from '../../../src/host/debug/kept-inputs.ts'
import { gotoWords } from '../../../src/host/debug/moments.ts'
import { ReplayDebuggee } from '../../../src/host/debug/replay-debuggee.ts'
import { TimeMachine } from '../../../src/host/debug/time-machine.ts'
import { readKeptRun } from '../../../src/host/kept-run.ts'
import { loadLab, readLab } from '../../../src/host/open-lab.ts'
import { RunKeeper } from '../../../src/host/run-keeper.ts'
import { Session } from '../../../src/host/session.ts'
import { buildPacket, PacketReader } from '../../../src/lab/debug/packets.ts'
import { countingGuest } from './counting-guest.ts'

const folder = mkdtempSync(join(tmpdir(), 'netloom-gdb-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const forever = 2 ** 52 as Instant

/** The debugger's end. */
class Client {
  readonly #socket: Socket
  readonly #reader = new PacketReader()
  readonly #heard: string[] = []
  #wake: () => void = () => undefined
  closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => {
      for (const one of this.#reader.feed(new Uint8Array(bytes))) if (one.kind === 'packet') this.#heard.push(one.body)
      this.#wake()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  static open(port: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Client(socket)))
      socket.once('error', reject)
    })
  }

  say(text: string): void {
    this.#socket.write(text, 'latin1')
  }

  async ask(body: string): Promise<string> {
    this.say(fromLatin1(buildPacket(body)))
    return this.next()
  }

  async next(): Promise<string> {
    while (this.#heard.length === 0 && !this.closed) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.#heard.shift() ?? 'closed'
  }

  async pc(): Promise<bigint> {
    return new DataView(unhex(await this.ask('p20')).buffer).getBigUint64(0, true)
  }

  /** A monitor command's text. */
  async monitor(words: string): Promise<string> {
    let text = ''
    for (let part = await this.ask(`qRcmd,${hex(utf8(words))}`); part !== 'OK'; part = await this.next()) text += fromUtf8(unhex(part.slice(1)))
    return text
  }

  hangUp(): void {
    this.#socket.destroy()
  }
}

const turns = async (count: number): Promise<void> => { for (let turn = 0; turn < count; turn++) await new Promise((resolve) => void setImmediate(resolve)) }

describe('a running lab', () => {
  it('stands in front of the first instruction until a debugger comes, stops where it says, and is the same run', async () => {
    const { file, at } = countingGuest(folder, 'live')
    const whole = await loadLab(readLab({ file }))
    whole.run(forever, () => true)
    whole.close('it ended')
    const read = readLab({ file })
    const lab = await loadLab(read)
    const session = new Session(lab, read, { attended: false, reachable: false, gdb: [{ node: 'a', host: '127.0.0.1', port: 0 }] })
    const [door] = await session.open()
    const run = session.run()
    const client = await Client.open(door.port)
    expect(await client.ask('?')).toBe('T05thread:1;')
    const begin = await client.pc()
    expect([begin, lab.retired]).toEqual([0x8000_0000n, 0])
    await turns(50)
    expect(lab.retired).toBe(0)
    expect(await client.ask('vCont;s:1')).toBe('T05thread:1;')
    expect([await client.pc(), lab.retired]).toEqual([0x8000_0004n, 1])
    const other = await Client.open(door.port)
    expect(await other.next()).toBe('closed')
    const place = at('store').toString(16)
    expect(await client.ask('qSupported:swbreak+')).toContain('ReverseStep-')
    expect(await client.ask(`Z0,${place},4`)).toBe('OK')
    for (const count of ['01', '02', '03']) {
      expect(await client.ask('vCont;c')).toBe('T05thread:1;swbreak:;')
      expect([await client.pc(), (await client.ask('p8')).slice(0, 2)]).toEqual([at('store'), count])
    }
    const { now } = lab
    await turns(50)
    expect(lab.now).toBe(now)
    expect(await client.monitor('time')).toMatch(/instructions retired\n$/)
    expect(await client.monitor('dump')).toContain(`=> ${at('store').toString(16).padStart(16, '0')}`)
    expect(await client.monitor('goto 1s')).toContain('--keep')
    expect(await client.ask(`z0,${place},4`)).toBe('OK')
    expect(await client.ask(`Z2,${at('count').toString(16)},8`)).toBe('OK')
    expect(await client.ask('c')).toBe(`T05thread:1;watch:${at('count').toString(16)};`)
    expect(await client.ask(`m${at('count').toString(16)},8`)).toBe('0300000000000000')
    client.hangUp()
    expect((await run).reason).toBe('off')
    session.close('it ended')
    expect(lab.digest).toBe(whole.digest)
  })

  it('hears the interrupt, lets itself be changed, and tells of its end', async () => {
    const { file, at } = countingGuest(folder, 'changed', 1, 100_000_000)
    const read = readLab({ file })
    const lab = await loadLab(read)
    const session = new Session(lab, read, { attended: false, reachable: false, gdb: [{ node: 'a', host: '127.0.0.1', port: 0 }] })
    const [door] = await session.open()
    const run = session.run()
    const client = await Client.open(door.port)
    client.say(fromLatin1(buildPacket('vCont;c')))
    client.say('\u0003')
    expect(await client.next()).toBe('T02thread:1;')
    const place = `0,${at('store').toString(16)},4`
    await client.ask(`Z${place}`)
    expect(await client.ask('vCont;c')).toBe('T05thread:1;')
    await client.ask(`z${place}`)
    // So few rounds are left, and one of them is done without its store.
    expect(await client.ask('P12=0200000000000000')).toBe('OK')
    expect(await client.ask(`P20=${hex(new Uint8Array(new BigUint64Array([at('store') + 4n]).buffer))}`)).toBe('OK')
    expect(await client.ask('vCont;c')).toBe('W00')
    client.hangUp()
    expect((await run).reason).toBe('off')
    session.close('it ended')
  })
})

describe('a kept run', () => {
  it('goes both ways, and nothing of it can be changed', async () => {
    const { file, at } = countingGuest(folder, 'kept')
    const lab = await loadLab(readLab({ file }))
    const keeper = new RunKeeper(lab, join(folder, 'kept'), file)
    const state = lab.run(forever, () => true)
    lab.close('it ended')
    keeper.close(state.kind === 'ended' ? state.end : { reason: 'idle', time: lab.now })
    const kept = readKeptRun(join(folder, 'kept'))
    const time = await TimeMachine.open(keptInputs(join(folder, 'kept'), kept, undefined).run, 'a', 60)
    await time.reachFirst()
    let gone: () => void = () => undefined
    const over = new Promise<void>((resolve) => (gone = resolve))
    const server = new GdbServer(() => new ReplayDebuggee(time, (words) => gotoWords(time, words, kept.frames), gone))
    const client = await Client.open((await server.open({ host: '127.0.0.1', port: 0 })).port)
    expect(await client.ask('qSupported')).toContain('ReverseStep+;ReverseContinue+')
    expect(await client.ask('bs')).toBe('T05thread:1;replaylog:begin;')
    await client.ask(`Z1,${at('store').toString(16)},4`)
    for (let round = 0; round < 3; round++) expect(await client.ask('vCont;c')).toBe('T05thread:1;')
    const there = await client.ask('g')
    for (let step = 0; step < 3; step++) await client.ask('vCont;s:1')
    expect(await client.ask('g')).not.toBe(there)
    for (let step = 0; step < 3; step++) expect(await client.ask('bs')).toBe('T05thread:1;')
    expect(await client.ask('g')).toBe(there)
    await client.ask('vCont;c')
    expect(await client.ask('bc')).toBe('T05thread:1;')
    expect(await client.ask('g')).toBe(there)
    expect(await client.ask('P8=0000000000000000')).toBe('E22')
    expect(await client.monitor('goto nowhere')).toContain('nowhere is no moment of a run')
    await client.ask(`z1,${at('store').toString(16)},4`)
    expect(await client.ask('vCont;c')).toBe('T05thread:1;replaylog:end;')
    expect(time.lab.digest).toBe(kept.card.digest)
    expect(await client.ask('D')).toBe('OK')
    await over
    client.hangUp()
    server.close()
    time.close()
  }, 30_000)
})
