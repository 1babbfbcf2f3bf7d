import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../src/base/bytes.ts'
import type { Instant } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import { Uart } from '../../src/board/uart.ts'
import { Wire } from './fake-core.ts'

const [data, ier, iir, fcr, lcr, mcr, lsr, msr, scratch] = [0, 1, 2, 2, 3, 4, 5, 6, 7]

function board(): { uart: Uart; irq: Wire; timeline: Timeline; heard: () => string } {
  const timeline = new Timeline()
  const irq = new Wire()
  const uart = new Uart(timeline, irq)
  let text = ''
  uart.line.listen((bytes) => {
    text += fromLatin1(bytes)
  })
  return { uart, irq, timeline, heard: () => text }
}

describe('16550A', () => {
  it('sends what is written and is ready for more', () => {
    const { uart, heard } = board()
    for (const byte of latin1('ok\n')) uart.write(data, 1, byte)
    expect(heard()).toBe('ok\n')
    expect(uart.read(lsr, 1)).toBe(0x60)
  })

  it('keeps divisor and data apart by DLAB', () => {
    const { uart, heard } = board()
    uart.write(lcr, 1, 0x83)
    uart.write(data, 1, 0x02)
    uart.write(ier, 1, 0x01)
    expect([uart.read(data, 1), uart.read(ier, 1)]).toEqual([2, 1])
    uart.write(lcr, 1, 0x03)
    expect(uart.read(ier, 1)).toBe(0)
    expect(heard()).toBe('')
  })

  it('reads in order, and zero when there is nothing', () => {
    const { uart } = board()
    uart.line.write(latin1('ab'))
    expect(uart.read(lsr, 1)).toBe(0x61)
    expect([uart.read(data, 1), uart.read(data, 1), uart.read(data, 1)]).toEqual([0x61, 0x62, 0])
    expect(uart.read(lsr, 1)).toBe(0x60)
  })

  it('interrupts for one byte without FIFOs until it is read', () => {
    const { uart, irq } = board()
    uart.write(ier, 1, 1)
    uart.line.write(latin1('a'))
    expect(irq.high).toBe(true)
    expect(uart.read(iir, 1)).toBe(0x04)
    uart.read(data, 1)
    expect(irq.high).toBe(false)
    expect(uart.read(iir, 1)).toBe(0x01)
  })

  it('interrupts at the FIFO trigger, and four characters later for what is left', () => {
    const { uart, irq, timeline } = board()
    uart.write(lcr, 1, 0x83)
    uart.write(data, 1, 2)
    uart.write(lcr, 1, 0x03)
    uart.write(fcr, 1, 0x81)
    uart.write(ier, 1, 1)
    uart.line.write(latin1('1234567'))
    expect(uart.read(iir, 1)).toBe(0xc1)
    // 4 × 10 bits × 16 × 2 / 3.6864 MHz.
    timeline.run(347_221 as Instant)
    expect(irq.high).toBe(false)
    timeline.run(347_222 as Instant)
    expect(uart.read(iir, 1)).toBe(0xcc)
    uart.read(data, 1)
    expect(irq.high).toBe(false)
    uart.line.write(latin1('89'))
    expect(uart.read(iir, 1)).toBe(0xc4)
  })

  it('tells an empty transmitter when that is enabled, once, and again after the next byte', () => {
    const { uart, irq } = board()
    uart.write(ier, 1, 2)
    expect(irq.high).toBe(true)
    expect(uart.read(iir, 1)).toBe(0x02)
    expect(uart.read(iir, 1)).toBe(0x01)
    expect(irq.high).toBe(false)
    uart.write(data, 1, 0x78)
    expect(uart.read(iir, 1)).toBe(0x02)
    uart.write(ier, 1, 0)
    uart.write(ier, 1, 2)
    expect(uart.read(iir, 1)).toBe(0x02)
  })

  it('loops back sixteen bytes, then overruns, and sends none', () => {
    const { uart, heard } = board()
    uart.write(fcr, 1, 0x01)
    uart.write(mcr, 1, 0x10)
    for (let byte = 0; byte < 17; byte++) uart.write(data, 1, byte)
    expect(uart.read(lsr, 1)).toBe(0x63)
    expect(uart.read(lsr, 1)).toBe(0x61)
    expect(Array.from({ length: 16 }, () => uart.read(data, 1))).toEqual(Array.from({ length: 16 }, (_, at) => at))
    expect(uart.read(lsr, 1)).toBe(0x60)
    expect(heard()).toBe('')
  })

  it('loops its modem outputs back, with deltas', () => {
    const { uart, irq } = board()
    expect(uart.read(msr, 1)).toBe(0xb0)
    uart.write(ier, 1, 8)
    uart.write(mcr, 1, 0x1a)
    expect(irq.high).toBe(true)
    expect(uart.read(iir, 1)).toBe(0x00)
    expect(uart.read(msr, 1)).toBe(0x92)
    expect(uart.read(msr, 1)).toBe(0x90)
    expect(irq.high).toBe(false)
  })

  it('clears its FIFO when told to, and goes on with what waits behind it', () => {
    const { uart } = board()
    uart.write(fcr, 1, 1)
    uart.line.write(latin1('0123456789abcdefXY'))
    uart.write(fcr, 1, 3)
    expect([uart.read(data, 1), uart.read(data, 1)]).toEqual([0x58, 0x59])
  })

  it('takes no more than it has room for', () => {
    const { uart } = board()
    expect(uart.line.room).toBe(4096)
    uart.line.write(new Uint8Array(5000).fill(0x2e))
    expect(uart.line.room).toBe(1)
    uart.read(data, 1)
    expect(uart.line.room).toBe(2)
  })

  it('keeps the scratch byte and nothing where nothing is', () => {
    const { uart } = board()
    uart.write(scratch, 1, 0x5a)
    uart.write(8, 1, 0xff)
    expect([uart.read(scratch, 1), uart.read(8, 1)]).toEqual([0x5a, 0])
  })

  it('goes on from its saved state', () => {
    const before = board()
    before.uart.write(fcr, 1, 0x81)
    before.uart.write(ier, 1, 1)
    before.uart.line.write(latin1('abc'))
    const after = board()
    after.uart.load(before.uart.save())
    expect(after.timeline.next).toBe(before.timeline.next)
    expect(after.uart.read(data, 1)).toBe(0x61)
  })
})
