import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../src/base/bytes.ts'
import type { Instant } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import type { SerialConfig } from '../../src/board/serial-line.ts'
import { Uart } from '../../src/board/uart.ts'
import { Wire } from './fake-core.ts'

const [data, ier, iir, fcr, lcr, mcr, lsr, msr] = [0, 1, 2, 2, 3, 4, 5, 6]

function port(config: SerialConfig = { rate: 'latch', wired: false }, divisor = 2): { uart: Uart; irq: Wire; timeline: Timeline; heard: () => string; outputs: number[]; to: (instant: number) => void } {
  const timeline = new Timeline()
  const irq = new Wire()
  const uart = new Uart(timeline, irq, 'serial1', config)
  const outputs: number[] = []
  let text = ''
  uart.line.listen((bytes) => {
    text += fromLatin1(bytes)
  })
  uart.line.listenOutputs((value) => outputs.push(value))
  uart.write(lcr, 1, 0x83)
  uart.write(data, 1, divisor)
  uart.write(lcr, 1, 0x03)
  return { uart, irq, timeline, heard: () => text, outputs, to: (instant) => timeline.run(instant as Instant) }
}

/** 10 bits × 16 × 2 / 3.6864 MHz, rounded. */
const character = 86_806

describe('a 16550 at a rate', () => {
  it('sends a character in the time of its bits, and tells the holding register and the transmitter apart', () => {
    const { uart, heard, to } = port()
    uart.write(data, 1, 0x41)
    expect(uart.read(lsr, 1)).toBe(0x20)
    uart.write(data, 1, 0x42)
    expect(uart.read(lsr, 1)).toBe(0x00)
    to(character - 1)
    expect(heard()).toBe('')
    to(character)
    expect(heard()).toBe('A')
    expect(uart.read(lsr, 1)).toBe(0x20)
    to(2 * character)
    expect(heard()).toBe('AB')
    expect(uart.read(lsr, 1)).toBe(0x60)
  })

  it('overwrites the holding register without FIFOs, and drops the eighteenth of a burst with them', () => {
    const one = port()
    for (const byte of latin1('ABC')) one.uart.write(data, 1, byte)
    one.to(10 * character)
    expect(one.heard()).toBe('AC')
    const many = port()
    many.uart.write(fcr, 1, 0x01)
    for (const byte of latin1('0123456789abcdefgh')) many.uart.write(data, 1, byte)
    many.to(20 * character)
    expect(many.heard()).toBe('0123456789abcdefg')
  })

  it('interrupts when its FIFO is empty, and clears the FIFO but not the shift register', () => {
    const { uart, irq, heard, to } = port()
    uart.write(fcr, 1, 0x01)
    uart.write(ier, 1, 0x02)
    expect(uart.read(iir, 1)).toBe(0xc2)
    for (const byte of latin1('xyz')) uart.write(data, 1, byte)
    expect(uart.read(iir, 1)).toBe(0xc1)
    to(2 * character - 1)
    expect(irq.high).toBe(false)
    to(2 * character)
    expect(uart.read(iir, 1)).toBe(0xc2)
    for (const byte of latin1('ab')) uart.write(data, 1, byte)
    uart.write(fcr, 1, 0x05)
    to(9 * character)
    expect(heard()).toBe('xyz')
  })

  it.each([[0x00, 7 * 8681], [0x04, Math.round(7.5 * 8680.5556)], [0x03, 10 * 8681], [0x0b, 11 * 8681], [0x0f, 12 * 8681]])('counts start, data, parity and stop bits of line control %i', (control, span) => {
    const { uart, timeline } = port()
    uart.write(lcr, 1, control)
    uart.write(data, 1, 0)
    expect(Math.abs((timeline.next as number) - span)).toBeLessThan(10)
  })

  it('goes by the divisor, or by the rate of the lab file', () => {
    const slow = port(undefined, 24)
    slow.uart.write(data, 1, 0x41)
    expect(slow.timeline.next).toBe(1_041_667)
    expect(slow.uart.line.settings).toEqual({ rateBps: 9600, dataBits: 8, parity: 'none', stopBits: 1 })
    const fixed = port({ rate: 1_000_000, wired: false }, 24)
    fixed.uart.write(data, 1, 0x41)
    expect(fixed.timeline.next).toBe(10_000)
  })

  it('hears what comes from outside a character at a time, and waits where its FIFO is full', () => {
    const { uart, irq, to } = port()
    uart.write(fcr, 1, 0xc1)
    uart.write(ier, 1, 0x01)
    uart.line.write(latin1('0123456789abcdefXY'))
    to(13 * character)
    expect(irq.high).toBe(false)
    to(14 * character)
    expect(uart.read(iir, 1)).toBe(0xc4)
    to(40 * character)
    expect(uart.read(lsr, 1)).toBe(0x61)
    const first = Array.from({ length: 16 }, () => uart.read(data, 1))
    expect(fromLatin1(Uint8Array.from(first))).toBe('0123456789abcdef')
    to(42 * character)
    expect([uart.read(data, 1), uart.read(data, 1), uart.read(lsr, 1)]).toEqual([0x58, 0x59, 0x60])
  })

  it('tells of what lies in the FIFO four characters after the last one', () => {
    const { uart, irq, to } = port()
    uart.write(fcr, 1, 0x41)
    uart.write(ier, 1, 0x01)
    uart.line.write(latin1('ab'))
    to(2 * character + 347_221)
    expect(irq.high).toBe(false)
    to(2 * character + 347_222)
    expect(uart.read(iir, 1)).toBe(0xcc)
  })

  it('loops back at its rate', () => {
    const { uart, heard, to } = port()
    uart.write(mcr, 1, 0x10)
    uart.write(data, 1, 0x5a)
    expect(uart.read(lsr, 1)).toBe(0x20)
    to(character)
    expect(uart.read(lsr, 1)).toBe(0x61)
    expect(uart.read(data, 1)).toBe(0x5a)
    expect(heard()).toBe('')
  })

  it('goes on from its saved state in the midst of a character', () => {
    const before = port()
    before.uart.write(fcr, 1, 0x01)
    for (const byte of latin1('hi')) before.uart.write(data, 1, byte)
    before.uart.line.write(latin1('ab'))
    before.to(1000)
    const after = port()
    after.to(1000)
    after.uart.load(before.uart.save())
    after.to(3 * character)
    expect(after.heard()).toBe('hi')
    expect([after.uart.read(data, 1), after.uart.read(data, 1)]).toEqual([0x61, 0x62])
  })
})

describe('errors of a line', () => {
  it('overruns where another port sends and nobody reads: with FIFOs the last is lost, without them the first', () => {
    const many = port()
    many.uart.write(fcr, 1, 0x01)
    many.uart.write(ier, 1, 0x04)
    for (let byte = 0; byte < 17; byte++) many.uart.line.receive(byte, many.uart.line.bitTime)
    expect(many.uart.read(iir, 1)).toBe(0xc6)
    expect(many.uart.read(lsr, 1)).toBe(0x63)
    expect(Array.from({ length: 17 }, () => many.uart.read(data, 1))).toEqual([...Array.from({ length: 16 }, (_, at) => at), 0])
    const one = port()
    one.uart.line.receive(1, one.uart.line.bitTime)
    one.uart.line.receive(2, one.uart.line.bitTime)
    expect(one.uart.read(lsr, 1)).toBe(0x63)
    expect(one.uart.read(data, 1)).toBe(2)
  })

  it('tells a break with the character that it is, when that comes to the front', () => {
    const { uart, to } = port()
    uart.write(fcr, 1, 0x01)
    uart.line.write(latin1('a'))
    uart.line.break()
    to(5 * character)
    expect(uart.read(lsr, 1)).toBe(0xe1)
    expect(uart.read(data, 1)).toBe(0x61)
    expect(uart.read(lsr, 1)).toBe(0xf9)
    expect(uart.read(lsr, 1)).toBe(0x61)
    expect(uart.read(data, 1)).toBe(0)
    expect(uart.read(lsr, 1)).toBe(0x60)
  })

  it('has framing errors where the other end runs at another rate', () => {
    const { uart } = port()
    uart.line.receive(0x41, 104_167)
    expect(uart.read(lsr, 1)).toBe(0x69)
    expect(uart.read(data, 1)).toBe(0)
    uart.line.receive(0x42, uart.line.bitTime * 1.02)
    expect([uart.read(lsr, 1), uart.read(data, 1)]).toEqual([0x61, 0x42])
  })
})

describe('modem lines', () => {
  it('tells its outputs, a break among them, and none of them in loop-back', () => {
    const { uart, outputs } = port()
    uart.write(mcr, 1, 0x0b)
    uart.write(lcr, 1, 0x43)
    uart.write(lcr, 1, 0x03)
    uart.write(mcr, 1, 0x1b)
    uart.write(mcr, 1, 0x01)
    uart.reset()
    expect(outputs).toEqual([3, 0x43, 3, 0, 1, 0])
  })

  it('shows what the other end raises, with deltas and an interrupt; of the ring indicator only its end', () => {
    const { uart, irq } = port({ rate: 'latch', wired: true })
    expect(uart.read(msr, 1)).toBe(0)
    uart.write(ier, 1, 0x08)
    uart.line.drive(0xb0)
    expect(irq.high).toBe(true)
    expect(uart.read(iir, 1)).toBe(0)
    expect(uart.read(msr, 1)).toBe(0xbb)
    expect(uart.read(msr, 1)).toBe(0xb0)
    uart.line.drive(0xf0)
    expect(uart.read(msr, 1)).toBe(0xf0)
    uart.line.drive(0xb0)
    expect(uart.read(msr, 1)).toBe(0xb4)
  })

  it.each(['latch', 'max'] as const)('keeps what is written while the other end holds the line (rate: %s)', (rate) => {
    const { uart, heard, to } = port({ rate, wired: false })
    uart.write(fcr, 1, 0x01)
    uart.line.drive(0x1b0)
    for (const byte of latin1('held')) uart.write(data, 1, byte)
    expect(uart.read(lsr, 1)).toBe(0)
    to(10 * character)
    expect(heard()).toBe('')
    uart.line.drive(0xb0)
    to(20 * character)
    expect(heard()).toBe('held')
    expect(uart.read(lsr, 1)).toBe(0x60)
  })
})
