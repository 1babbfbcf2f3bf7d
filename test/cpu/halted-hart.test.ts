import { describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { assemble } from '../../src/cpu/asm/assemble.ts'
import type { Core, HearMagic, StoppedHart } from '../../src/cpu/core.ts'
import { magicWord } from '../../src/cpu/isa/magic.ts'
import { machineOf } from '../contract/engine/machine.ts'

const ramBase = 0x8000_0000

function run(source: string, magic: HearMagic | undefined, prepare: (ram: DataView) => void = () => undefined): Core {
  const core = machineOf({ harts: 1, ramBytes: 0x4_0000, ramBase, threshold: 1, ...(magic === undefined ? {} : { magic }) }, { read: () => undefined, write: () => false })
  core.ram.set(assemble(ramBase, source).bytes)
  prepare(new DataView(core.ram.buffer, core.ram.byteOffset, core.ram.length))
  core.wrote(0, core.ram.length)
  core.reset(ramBase, 0, 0)
  core.run(2000 as Instant)
  return core
}

const counting = 'li a0, 0; li a1, 100; 1: addi a0, a0, 3; slti zero, zero, 0x4e4; addi a1, a1, -1; bnez a1, 1b; wfi; j .'

describe('the magic instruction', () => {
  it('is a HINT of one fixed word', () => {
    expect(new DataView(assemble(0, 'slti zero, zero, 0x4e4').bytes.buffer).getUint32(0, true)).toBe(magicWord)
    expect(assemble(0, 'netloom.magic').bytes).toEqual(assemble(0, 'slti zero, zero, 0x4e4').bytes)
  })

  it('does nothing when nobody listens, and as much when the handler does nothing: same registers, same time, same count', () => {
    let calls = 0
    const [off, on] = [run(counting, undefined), run(counting, () => (calls++, false))]
    expect(calls).toBe(100)
    expect(on.dump(0)).toBe(off.dump(0))
    expect([on.now, on.retired]).toEqual([off.now, off.retired])
  })

  it('stops at the exact instruction: pc, count, registers, and goes on where the handler says', () => {
    const seen: [bigint, bigint][] = []
    const core = run('li a0, 5; netloom.magic; j .; li a0, 9; netloom.magic; j .', (hart) => {
      seen.push([hart.pc, hart.x(10)])
      hart.next += 4n
      hart.setX(0, 7n)
      return true
    })
    expect(seen).toEqual([[0x8000_0004n, 5n], [0x8000_0010n, 9n]])
    expect(core.dump(0)).toMatch(/a0 0000000000000009/)
  })

  it('EBREAK stays a breakpoint unless the handler takes it', () => {
    const source = 'la t0, trap; csrw mtvec, t0; ebreak; li a0, 1; j .; .align 2; trap: csrr a1, mcause; csrr a2, mepc; j .'
    expect(run(source, () => false).dump(0)).toMatch(/a1 0000000000000003/)
    expect(run(source, undefined).dump(0)).toMatch(/a1 0000000000000003/)
    expect(run(source, () => true).dump(0)).toMatch(/a0 0000000000000001 +a1 0000000000000000/)
  })
})

/** Sv39: gigapage 2 is the code, S; page 0x1000 is the user's, to read and write, 0x2000 the supervisor's, 0x3000 read only, 0x4000 a pointer out of RAM. */
function tables(view: DataView): void {
  const entry = (at: number, to: number, flags: number): void => view.setBigUint64(at, (BigInt(to >>> 12) << 10n) | BigInt(flags), true)
  entry(0x1_0000, ramBase + 0x1_1000, 1)
  entry(0x1_0000 + 16, ramBase, 0xcf)
  entry(0x1_1000, ramBase + 0x1_2000, 1)
  entry(0x1_2000 + 8, ramBase + 0x2_0000, 0x17)
  entry(0x1_2000 + 16, ramBase + 0x2_1000, 0x07)
  entry(0x1_2000 + 24, ramBase + 0x2_2000, 0x53)
  entry(0x1_2000 + 32, 0x7000_0000, 0x57)
  entry(0x1_2000 + 40, ramBase + 0x2_4000, 0x15)
  view.setUint32(0x2_0ffc, 0x0403_0201, true)
  view.setUint32(0x2_1000, 0x0807_0605, true)
}

/** Goes to `mode` with translation on, and calls. The code is reached by a gigapage that is the supervisor's, so user mode calls from 0x1000. */
const enter = (mode: 'S' | 'U'): string => `
  li t0, -1; csrw pmpaddr0, t0; csrwi pmpcfg0, 0x1f
  li t0, ${(8n << 60n) | BigInt((ramBase + 0x1_0000) >>> 12)}; csrw satp, t0
  li t0, 0x1800; csrc mstatus, t0
  ${mode === 'S' ? 'li t0, 0x800; csrs mstatus, t0; la t0, there' : 'li t0, 0x5000'}
  csrw mepc, t0; mret
  there: netloom.magic; j .`

function stopped(mode: 'S' | 'U', look: (hart: StoppedHart) => void): DataView {
  let calls = 0
  const core = run(enter(mode), (hart) => {
    if (calls++ === 0) look(hart)
    return true
  }, (view) => {
    tables(view)
    view.setBigUint64(0x1_2000 + 40, (BigInt((ramBase + 0x2_4000) >>> 12) << 10n) | 0x5bn, true)
    view.setUint32(0x2_4000, magicWord, true)
    view.setUint32(0x2_4004, 0x6f, true)
  })
  expect(calls).toBe(1)
  return new DataView(core.ram.buffer, core.ram.byteOffset, core.ram.length)
}

describe('memory as a stopped hart sees it', () => {
  it('goes over page borders and marks pages as the hart would', () => {
    const ram = stopped('S', (hart) => {
      const bytes = new Uint8Array(8).fill(0xa5)
      expect(hart.read(0x1ffcn, bytes)).toBe(8)
      expect([...bytes]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
      expect(hart.physical(0x1ffcn, 'read')).toBe(ramBase + 0x2_0ffc)
      expect(hart.write(0x1ffen, Uint8Array.of(9, 10, 11))).toBe(3)
    })
    expect(ram.getUint32(0x2_0ffc, true)).toBe(0x0a09_0201)
    expect(ram.getUint8(0x2_1000)).toBe(11)
    expect(ram.getUint8(0x1_2000 + 8)).toBe(0xd7)
  })

  it('ends in front of a page that is read-only, missing, not canonical or outside RAM', () => {
    stopped('S', (hart) => {
      const bytes = new Uint8Array(4)
      expect(hart.write(0x2ffen, bytes)).toBe(2)
      expect(hart.read(0x3ffen, bytes)).toBe(2)
      expect(hart.read(0x9000n, bytes)).toBe(0)
      expect(hart.read(1n << 40n, bytes)).toBe(0)
      expect(hart.read((1n << 64n) - 2n, bytes)).toBe(0)
    })
  })

  it('gives user mode nothing of the supervisor’s', () => {
    stopped('U', (hart) => {
      expect(hart.privilege).toBe(0)
      const bytes = new Uint8Array(8)
      expect(hart.read(0x1ffcn, bytes)).toBe(4)
      expect(hart.write(0x2000n, bytes)).toBe(0)
      expect(hart.read(BigInt(ramBase), bytes)).toBe(0)
    })
  })
})
