/** What a debugger says and hears, in literal packets, with a made-up machine of two harts. */
import { describe, expect, it } from 'vitest'
import { fromLatin1, hex, latin1, unhex, utf8 } from '../../../src/base/bytes.ts'
import type { Breakpoint, HartInspection } from '../../../src/cpu/core.ts'
import type { Debuggee, Halt, Motion } from '../../../src/lab/debug/debuggee.ts'
import { GdbSession } from '../../../src/lab/debug/gdb-session.ts'
import { buildPacket, PacketReader } from '../../../src/lab/debug/packets.ts'

class Bench implements Debuggee {
  readonly harts = 2
  reversible = true
  sealed: string | undefined
  on = true
  readonly ram = new Uint8Array(64).fill(0xa5)
  readonly registers = [new Map<string, bigint>(), new Map<string, bigint>()]
  points: readonly Breakpoint[] = []
  readonly moves: [Motion, number][] = []
  interrupts = 0
  released = 0
  halted: (halt: Halt) => void = () => undefined
  answer: (text: string) => void = () => undefined
  readonly commands: string[] = []

  inspect(hart: number): HartInspection {
    const kept = this.registers[hart]
    const { ram } = this
    const place = (address: bigint): number => Number(address - 0x8000_0000n)
    const inside = (address: bigint, length: number): number => (place(address) < 0 ? 0 : Math.max(0, Math.min(length, 64 - place(address))))
    return {
      hart, privilege: 1, waits: hart === 1,
      get pc() { return kept.get('pc') ?? 0x8000_0000n },
      set pc(value) { kept.set('pc', value) },
      x: (at) => kept.get(`x${at}`) ?? BigInt(at),
      setX: (at, value) => void kept.set(`x${at}`, value),
      f: (at) => BigInt(0x100 + at),
      setF: (at, value) => void kept.set(`f${at}`, value),
      setFcsr: (value) => void kept.set('fcsr', BigInt(value)),
      csr: (number) => (number === 0x180 ? 0x8000_0000_0008_1234n : number === 3 ? kept.get('fcsr') ?? 0x21n : undefined),
      read: (address, into) => {
        const count = inside(address, into.length)
        into.set(ram.subarray(place(address), place(address) + count))
        return count
      },
      write: (address, from) => {
        const count = inside(address, from.length)
        ram.set(from.subarray(0, count), place(address))
        return count
      },
      physical: () => undefined,
      dump: () => '',
    }
  }

  set(points: readonly Breakpoint[]): void {
    if (points.some(({ length = 1 }) => length > 1 << 26)) throw new RangeError('too much')
    this.points = points
  }

  move(motion: Motion, hart: number, halted: (halt: Halt) => void): void {
    this.moves.push([motion, hart])
    this.halted = halted
  }

  interrupt(): void {
    this.interrupts++
  }

  command(words: string, answer: (text: string) => void): void {
    this.commands.push(words)
    this.answer = answer
  }

  release(): void {
    this.released++
  }
}

function begin(): { bench: Bench; ask: (body: string) => string[]; raw: (text: string) => string; heard: () => string[] } {
  const bench = new Bench()
  let out = ''
  const session = new GdbSession(bench, (bytes) => (out += fromLatin1(bytes)))
  const raw = (text: string): string => {
    out = ''
    session.receive(latin1(text))
    return out
  }
  const bodies = (): string[] => new PacketReader().feed(latin1(out)).flatMap((one) => (one.kind === 'packet' ? [one.body] : []))
  return { bench, raw, heard: () => { const found = bodies(); out = ''; return found }, ask: (body) => { raw(fromLatin1(buildPacket(body))); return bodies() } }
}

describe('a session', () => {
  it('acknowledges, asks again for what is broken, repeats what was not understood, and stops acknowledging', () => {
    const { raw } = begin()
    expect(raw('+$qC#b4')).toBe('+$QC1#c5')
    expect(raw('-')).toBe('$QC1#c5')
    expect(raw('$qC#00')).toBe('-')
    expect(raw('$QStartNoAckMode#b0')).toBe('+$OK#9a')
    expect(raw('$qC#b4')).toBe('$QC1#c5')
    expect(raw('$vMustReplyEmpty#3a')).toBe('$#00')
  })

  it('says what it can: going back only where the machine can', () => {
    const { bench, ask } = begin()
    expect(ask('qSupported:multiprocess+;swbreak+')).toEqual(['PacketSize=4000;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+;ReverseStep+;ReverseContinue+'])
    bench.reversible = false
    expect(ask('qSupported')[0]).toMatch(/ReverseStep-;ReverseContinue-$/)
    expect(ask('bs')).toEqual(['E22'])
  })

  it('describes its registers in pieces', () => {
    const { ask } = begin()
    const first = ask('qXfer:features:read:target.xml:0,3f')[0]
    expect(first).toBe('m<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "gdb-target.dtd">')
    const whole = ask('qXfer:features:read:target.xml:0,3000')[0]
    expect(whole[0]).toBe('l')
    for (const line of ['<architecture>riscv:rv64</architecture>', '<reg name="pc" bitsize="64" regnum="32" type="code_ptr"/>', '<reg name="fcsr" bitsize="32" regnum="68" type="int"/>', '<reg name="satp" bitsize="64" regnum="449" type="int"/>']) expect(whole).toContain(line)
  })

  it('tells registers: all general ones, one by number, those of the selected thread', () => {
    const { bench, ask } = begin()
    const [all] = ask('g')
    expect(all.length).toBe(65 * 16)
    expect(all.slice(16 * 31, 16 * 34)).toBe('1f0000000000000000000080000000000001000000000000')
    expect(ask('p1c1')).toEqual(['3412080000000080'])
    expect(ask('p44')).toEqual(['21000000'])
    expect(ask('p1041')).toEqual(['0100000000000000'])
    expect(ask('p1c2')).toEqual(['E01'])
    bench.registers[1].set('x10', 0xdead_beef_0000_0001n)
    expect(ask('Hg2')).toEqual(['OK'])
    expect(ask('pa')).toEqual(['01000000efbeadde'])
    expect(ask('Hg3')).toEqual(['E01'])
  })

  it('writes registers, CSRs not, and nothing of a run that is played again', () => {
    const { bench, ask } = begin()
    expect(ask('Pa=efbeadde00000000')).toEqual(['OK'])
    expect(ask('P20=0400008000000000')).toEqual(['OK'])
    expect(ask('P44=e1000000')).toEqual(['OK'])
    expect([bench.registers[0].get('x10'), bench.registers[0].get('pc'), bench.registers[0].get('fcsr')]).toEqual([0xdead_beefn, 0x8000_0004n, 0xe1n])
    expect(ask('P1c1=0000000000000000')).toEqual(['E01'])
    bench.sealed = 'it has happened'
    for (const body of ['Pa=0000000000000000', `G${'00'.repeat(520)}`, 'M80000000,1:00', 'X80000000,1:a', 'c80000000']) expect(ask(body)).toEqual(['E22'])
    expect(bench.registers[0].get('x10')).toBe(0xdead_beefn)
  })

  it('reads and writes memory, in digits and in bytes', () => {
    const { bench, ask } = begin()
    expect(ask('M80000000,3:01027d')).toEqual(['OK'])
    expect(ask('X80000004,2:}#')).toEqual(['OK'])
    expect(ask('m80000000,8')).toEqual(['01027da57d23a5a5'])
    expect(ask('x80000000,3')).toEqual(['b\u0001\u0002}'])
    expect(ask('m8000003e,8')).toEqual(['a5a5'])
    expect(ask('m0,8')).toEqual(['E14'])
    expect(ask('M8000003e,4:00000000')).toEqual(['E14'])
    expect(ask('M80000000,4:0000')).toEqual(['E01'])
    expect(ask('mfoo')).toEqual(['E01'])
    expect(hex(bench.ram.subarray(0, 6))).toBe('01027da57d23')
  })

  it('sets and removes breakpoints and watchpoints', () => {
    const { bench, ask } = begin()
    for (const body of ['Z0,80000010,2', 'Z1,80000020,4', 'Z2,80000030,8', 'Z3,1,1', 'Z4,2,2']) expect(ask(body)).toEqual(['OK'])
    expect(bench.points).toEqual([
      { kind: 'execute', address: 0x8000_0010n }, { kind: 'execute', address: 0x8000_0020n },
      { kind: 'write', address: 0x8000_0030n, length: 8 }, { kind: 'read', address: 1n, length: 1 }, { kind: 'access', address: 2n, length: 2 },
    ])
    for (const body of ['z0,80000010,2', 'z2,80000030,8', 'z4,2,2', 'z4,2,2']) expect(ask(body)).toEqual(['OK'])
    expect(bench.points.length).toBe(2)
    expect(ask('Z2,0,ffffffff')).toEqual(['E22'])
    expect(ask('Z5,0,1')).toEqual([''])
    expect(bench.points.length).toBe(2)
  })

  it('goes on and says why it stopped', () => {
    const { bench, ask, heard, raw } = begin()
    ask('qSupported:swbreak+;hwbreak+')
    ask('Z1,80000010,4')
    expect(ask('vCont;c')).toEqual([])
    raw('\u0003')
    expect(bench.interrupts).toBe(1)
    bench.halted({ kind: 'point', hart: 1, point: { kind: 'execute', address: 0x8000_0010n }, address: 0x8000_0010n })
    expect(heard()).toEqual(['T05thread:2;hwbreak:;'])
    expect(ask('qC')).toEqual(['QC2'])
    expect(ask('vCont;s:1;c')).toEqual([])
    bench.halted({ kind: 'step', hart: 0 })
    expect(heard()).toEqual(['T05thread:1;'])
    ask('bc')
    bench.halted({ kind: 'point', hart: 0, point: { kind: 'write', address: 0x8000_0020n, length: 8 }, address: 0x8000_0024n })
    expect(heard()).toEqual(['T05thread:1;watch:80000024;'])
    ask('bs')
    bench.halted({ kind: 'begin', hart: 0 })
    expect(heard()).toEqual(['T05thread:1;replaylog:begin;'])
    ask('c')
    bench.halted({ kind: 'over', hart: 0 })
    expect(heard()).toEqual(['W00'])
    expect(bench.moves).toEqual([['continue', 0], ['step', 0], ['reverse-continue', 0], ['reverse-step', 0], ['continue', 0]])
  })

  it('lets packets wait while the machine moves', () => {
    const { bench, ask, heard } = begin()
    ask('c')
    expect(ask('qC')).toEqual([])
    bench.halted({ kind: 'interrupt', hart: 0 })
    expect(heard()).toEqual(['T02thread:1;', 'QC1'])
  })

  it('tells of its harts as threads', () => {
    const { ask } = begin()
    expect(ask('qfThreadInfo')).toEqual(['m1,2'])
    expect(ask('qsThreadInfo')).toEqual(['l'])
    expect(ask('qThreadExtraInfo,2')).toEqual([hex(utf8('hart 1, S-mode, waits'))])
    expect([ask('T2'), ask('T3')]).toEqual([['OK'], ['E01']])
  })

  it('hands commands to the lab and their answers to the console', () => {
    const { bench, ask, heard } = begin()
    expect(ask(`qRcmd,${hex(utf8('goto 3.2s'))}`)).toEqual([])
    expect(bench.commands).toEqual(['goto 3.2s'])
    bench.answer('there\n')
    expect(heard()).toEqual([`O${hex(utf8('there\n'))}`, 'OK'])
    ask('qRcmd,')
    bench.answer('x'.repeat(20_000))
    const parts = heard()
    expect(parts.pop()).toBe('OK')
    expect(fromLatin1(unhex(parts.map((part) => part.slice(1)).join('')))).toBe('x'.repeat(20_000))
  })

  it.each(['D', 'k', 'vKill;1'])('lets the lab go on with %s, once', (body) => {
    const { bench, ask } = begin()
    ask(body)
    ask('g')
    expect(bench.released).toBe(1)
  })

  it('survives what no debugger says', () => {
    const { ask } = begin()
    for (const body of ['', 'p', 'pzz', 'P', 'G', 'G0', 'Hq', 'Z', 'Z0', 'z', 'vCont;', 'vCont;x', 'vCont;s:9', 'qXfer:features:read:target.xml:', 'qThreadExtraInfo,', 'b', 'qRcmd,0', 'M', 'X', 'x,', 'T', '!', 'S', 'QC']) for (const answer of ask(body)) expect(answer).toMatch(/^$|^E01$|^OK$|^T05/)
  })
})
