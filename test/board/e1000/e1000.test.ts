import { describe, expect, it } from 'vitest'
import { concat, hex, putU16le, putU32le, putU64le, u16le, u32le, unhex } from '../../../src/base/bytes.ts'
import { crc32 } from '../../../src/base/crc32.ts'
import type { Instant } from '../../../src/base/time.ts'
import { Timeline } from '../../../src/base/timeline.ts'
import { E1000 } from '../../../src/board/e1000/e1000.ts'
import type { Frame, FrameSink, Port } from '../../../src/link/port.ts'
import { BusBench, ramBase } from '../pci/bus-bench.ts'

const [ctrl, status, eecd, eerd, mdic, icr, itr, ims, imc, rctl, tctl] = [0x00, 0x08, 0x10, 0x14, 0x20, 0xc0, 0xc4, 0xd0, 0xd8, 0x100, 0x400]
const [receiveRing, transmitRing] = [0x2800, 0x3800]
const mac = unhex('020000000001')

class Cable implements Port {
  readonly name = 'cable'
  readonly medium = 'ethernet'
  readonly frameMax = 1518
  readonly sent: Frame[] = []
  sink: FrameSink | undefined
  carrier = true
  hear: (carrier: boolean) => void = () => undefined

  send(frame: Frame): void {
    this.sent.push(frame)
  }

  listen(sink: FrameSink | undefined): void {
    this.sink = sink
  }

  watchCarrier(hear: (carrier: boolean) => void): () => void {
    this.hear = hear
    return () => undefined
  }
}

/** A driver of eight descriptors each way: the receiving ring at 0 of RAM, the sending one at 0x1000, buffers of 2048 from 0x10000 on. */
class CardBench extends BusBench {
  readonly timeline: Timeline
  readonly reports: string[]
  readonly nic: E1000
  readonly cable = new Cable()
  #tail = 0

  constructor() {
    const timeline = new Timeline()
    const reports: string[] = []
    const nic = new E1000({ name: 'nic0', mac, scheduler: timeline, report: (sentence) => reports.push(sentence) })
    super(nic)
    this.timeline = timeline
    this.reports = reports
    this.nic = nic
    nic.plug(this.cable)
    this.enable(1)
  }

  reg(at: number): number {
    return this.read(1, at)
  }

  set(at: number, value: number): void {
    this.write(1, at, value >>> 0)
  }

  start(receiveControl = 0x8002): this {
    for (const [ring, at] of [[receiveRing, 0], [transmitRing, 0x1000]]) {
      this.ram.fill(0, at, at + 0x80)
      this.set(ring, ramBase + at)
      this.set(ring + 8, 0x80)
    }
    for (let index = 0; index < 8; index++) putU64le(this.ram, 16 * index, BigInt(ramBase + 0x1_0000 + 0x800 * index))
    this.set(receiveRing + 0x18, 7)
    this.set(rctl, receiveControl)
    this.set(tctl, 0x0a)
    this.reg(icr)
    return this
  }

  /** Puts one descriptor into the sending ring without telling the card. */
  describe(address: number, low: number, high = 0): void {
    const at = 0x1000 + 16 * this.#tail
    putU64le(this.ram, at, BigInt(address))
    putU32le(this.ram, at + 8, low >>> 0)
    putU32le(this.ram, at + 12, high >>> 0)
    this.#tail = (this.#tail + 1) % 8
  }

  kick(): void {
    this.set(transmitRing + 0x18, this.#tail)
  }

  put(bytes: Uint8Array, offset = 0x2_0000): number {
    this.ram.set(bytes, offset)
    return ramBase + offset
  }

  /** Status, length and special of a receive descriptor. */
  got(index: number): [number, number, number] {
    return [this.ram[16 * index + 12], u16le(this.ram, 16 * index + 8), u16le(this.ram, 16 * index + 14)]
  }
}

const frame = (to: string, length: number): Frame => {
  const bytes = Uint8Array.from({ length }, (_, at) => at & 0xff)
  bytes.set(unhex(to))
  bytes.set([0x08, 0x00], 12)
  return { bytes, offload: undefined }
}

describe('e1000: what a driver finds', () => {
  it('has the address in its EEPROM, bit by bit and by EERD, and a sum of 0xBABA', () => {
    const bench = new CardBench()
    const pulse = (bits: number): void => [bits, bits | 1, bits].forEach((lines) => bench.set(eecd, lines))
    const byWire = (word: number): number => {
      bench.set(eecd, 0x40)
      expect(bench.reg(eecd) & 0x1c0).toBe(0x1c0)
      for (const bit of [1, 1, 0, ...Array.from({ length: 6 }, (_, at) => (word >> (5 - at)) & 1)]) pulse(0x42 | (bit << 2))
      const value = Array.from({ length: 16 }, () => (pulse(0x42), (bench.reg(eecd) >> 3) & 1)).reduce((sum, bit) => 2 * sum + bit, 0)
      bench.set(eecd, 0)
      return value
    }
    const byEerd = (word: number): number => {
      bench.set(eerd, (word << 8) | 1)
      expect(bench.reg(eerd) & 0x10).toBe(0x10)
      return bench.reg(eerd) >>> 16
    }
    expect([0, 1, 2, 13].map(byWire)).toEqual([0x0002, 0x0000, 0x0100, 0x100e])
    const words = Array.from({ length: 64 }, (_, word) => byEerd(word))
    expect(words.map((_, word) => byWire(word))).toEqual(words)
    expect(words.reduce((sum, word) => sum + word, 0) & 0xffff).toBe(0xbaba)
  })

  it('has a transceiver at 1 that knows the link, and none elsewhere', () => {
    const bench = new CardBench()
    const read = (phy: number, number: number): number => (bench.set(mdic, (2 << 26) | (phy << 21) | (number << 16)), bench.reg(mdic))
    expect([2, 3, 1].map((number) => read(1, number) & 0xffff)).toEqual([0x0141, 0x0c20, 0x796d])
    expect(read(2, 1) >>> 28).toBe(5)
    expect(bench.reg(status) & 2).toBe(2)
    bench.reg(icr)
    bench.cable.carrier = false
    bench.cable.hear(false)
    expect([bench.reg(status) & 2, read(1, 1) & 0xffff, bench.reg(icr)]).toEqual([0, 0x7949, 4])
  })

  it('takes its first address back with a reset, also through its port', () => {
    const bench = new CardBench()
    bench.set(0x5400, 0)
    bench.setConfig(1, 0x18, 0x1000)
    bench.ports.write(0x1000, 4, ctrl)
    bench.ports.write(0x1004, 4, 1 << 26)
    expect([bench.reg(0x5400), bench.reg(0x5404)]).toEqual([0x0000_0002, 0x8000_0100])
    bench.ports.write(0x1000, 4, 0x5404)
    expect(bench.ports.read(0x1004, 4)).toBe(0x8000_0100)
  })
})

describe('e1000: receiving', () => {
  it('puts a frame with its check sequence into the next buffer, and interrupts', () => {
    const bench = new CardBench().start()
    bench.set(ims, 0x80)
    const sent = frame('020000000001', 100)
    bench.nic.receive(sent)
    expect(bench.got(0)).toEqual([0x07, 104, 0])
    expect(bench.ram.subarray(0x1_0000, 0x1_0064)).toEqual(sent.bytes)
    expect(u32le(bench.ram, 0x1_0064)).toBe(crc32(sent.bytes))
    expect([bench.ram[0x1_0068], bench.lines[1].high, bench.reg(icr), bench.lines[1].high, bench.reg(receiveRing + 0x10)]).toEqual([0xa5, true, 0x80, false, 1])
  })

  it('pads what is short, leaves the check sequence out with SECRC, and takes a tag out with VME', () => {
    const bench = new CardBench().start(0x0400_8002)
    bench.set(ctrl, 1 << 30)
    const tagged = concat(unhex('020000000001020000000002'), unhex('8100a07b0800'), new Uint8Array(2))
    bench.nic.receive({ bytes: tagged, offload: undefined })
    expect(bench.got(0)).toEqual([0x0f, 56, 0xa07b])
    expect(hex(bench.ram.subarray(0x1_000c, 0x1_0010))).toBe('08000000')
  })

  it('keeps what is for it: its address, broadcasts, hashed multicasts, or all', () => {
    const bench = new CardBench().start()
    const [mine, other, all, many] = ['020000000001', '020000000009', 'ffffffffffff', '01005e000001']
    const heard = (): string[] => [mine, other, all, many].filter((to) => {
      const { receivedFrames } = bench.nic.counters
      bench.nic.receive(frame(to, 64))
      bench.set(receiveRing + 0x18, (bench.reg(receiveRing + 0x10) + 7) % 8)
      return bench.nic.counters.receivedFrames > receivedFrames
    })
    expect(heard()).toEqual([mine, all])
    // Of 01:00:5e:00:00:01 the bits 47:36 are 0x010.
    bench.set(0x5200, 1 << 0x10)
    expect(heard()).toEqual([mine, all, many])
    bench.set(rctl, 0x000a)
    expect(heard()).toEqual([mine, other, many])
    bench.set(rctl, 0x0012)
    expect(heard()).toEqual([mine, all, many])
    bench.set(rctl, 0)
    expect(heard()).toEqual([])
  })

  it('spreads a long frame over small buffers, and drops one that no ring could take', () => {
    const bench = new CardBench().start(0x0403_8022)
    bench.nic.receive(frame('020000000001', 600))
    expect([0, 1, 2].map((index) => bench.got(index).slice(0, 2))).toEqual([[1, 256], [1, 256], [7, 88]])
    bench.nic.receive(frame('020000000001', 2049))
    expect([bench.nic.counters.receiveDrops, bench.reg(receiveRing + 0x10)]).toEqual([1, 3])
  })

  it('keeps 48 KiB for a driver without room, then drops and says so; what was kept comes when there is room', () => {
    const bench = new CardBench().start()
    for (let count = 0; count < 60; count++) bench.nic.receive(frame('020000000001', 1000))
    expect([bench.nic.counters.receivedFrames, bench.nic.counters.receiveDrops, bench.reg(icr) & 0x40, bench.reg(0x4010), bench.reg(0x4010)]).toEqual([7, 4, 0x40, 4, 0])
    for (let round = 0; round < 10; round++) bench.set(receiveRing + 0x18, (bench.reg(receiveRing + 0x10) + 7) % 8)
    expect([bench.nic.counters.receivedFrames, bench.reg(0x4074)]).toEqual([56, 56])
  })

  it('interrupts no sooner than the throttle allows', () => {
    const bench = new CardBench().start()
    bench.set(itr, 1000)
    bench.set(ims, 0x80)
    bench.nic.receive(frame('020000000001', 64))
    bench.reg(icr)
    bench.nic.receive(frame('020000000001', 64))
    expect([bench.lines[1].high, bench.timeline.next]).toEqual([false, 256_000])
    bench.timeline.run(256_000 as Instant)
    expect([bench.lines[1].high, bench.reg(icr)]).toEqual([true, 0x80])
  })
})

describe('e1000: sending', () => {
  it('gathers a packet from its pieces, pads it, and reports what was asked for', () => {
    const bench = new CardBench().start()
    bench.set(ims, 1)
    const bytes = frame('020000000002', 40).bytes
    bench.describe(bench.put(bytes.subarray(0, 14)), 0x0000_0000 | 14)
    bench.describe(bench.put(bytes.subarray(14), 0x2_1000), 0x0900_0000 | 26)
    bench.kick()
    expect(bench.cable.sent).toEqual([{ bytes: concat(bytes, new Uint8Array(20)), offload: undefined }])
    expect([bench.ram[0x100c], bench.ram[0x101c], bench.lines[1].high, bench.reg(icr) & 3, bench.reg(transmitRing + 0x10)]).toEqual([0, 1, true, 3, 2])
  })

  it('inserts a checksum by a legacy descriptor, and a tag', () => {
    const bench = new CardBench().start()
    bench.set(ctrl, 1 << 30)
    const bytes = new Uint8Array(64)
    bytes.set([0x12, 0x34], 40)
    bench.describe(bench.put(bytes), 0x4500_0000 | (50 << 16) | 64, (0x0123 << 16) | (34 << 8))
    bench.kick()
    const [{ bytes: sent, offload }] = bench.cable.sent
    expect([hex(sent.subarray(12, 18)), hex(sent.subarray(54, 56)), sent.length, offload]).toEqual(['810001230000', 'edcb', 68, undefined])
  })

  it('owes what a context leaves to it: sums at once for the IP header, later for the rest; segments for the cable to cut', () => {
    const bench = new CardBench().start()
    const bytes = new Uint8Array(3000)
    bytes.set(unhex('4500 0000 00000000 4006 0000 0a000001 0a000002'), 14)
    // Context: IP 14..33 at 24, TCP from 34 at 50, MSS 1000, headers of 54 bytes; TCP over IPv4, segmenting.
    bench.describe(0, 0x2700_0000, (1000 << 16) | (54 << 8))
    putU64le(bench.ram, 0x1000, (BigInt((0 << 16) | (50 << 8) | 34) << 32n) | BigInt((33 << 16) | (24 << 8) | 14))
    bench.describe(bench.put(bytes), 0x2510_0000 | 3000, 0x0300)
    bench.kick()
    const [{ bytes: sent, offload }] = bench.cable.sent
    expect(offload).toEqual({ checksum: { start: 34, offset: 16 }, segmentation: 'tcp4', segmentSize: 1000, headerLength: 54 })
    expect([sent.length, hex(sent.subarray(24, 26))]).toEqual([3000, '66f6'])
    bench.describe(bench.put(bytes.subarray(0, 100)), 0x2110_0000 | 100, 0x0200)
    bench.kick()
    expect(bench.cable.sent[1].offload).toEqual({ checksum: { start: 34, offset: 16 }, segmentation: 'none', segmentSize: 0, headerLength: 0 })
  })
})

describe('e1000: hostile drivers', () => {
  it('goes once around a ring whose tail is outside, and no further', () => {
    const bench = new CardBench().start()
    for (let index = 0; index < 8; index++) bench.describe(bench.put(new Uint8Array(60)), 0x0100_0000 | 60)
    bench.set(transmitRing + 0x18, 0xffff)
    expect([bench.cable.sent.length, bench.reports]).toEqual([8, []])
    bench.set(receiveRing + 0x18, 0xffff)
    bench.nic.receive(frame('020000000001', 64))
    expect(bench.nic.counters.receivedFrames).toBe(0)
  })

  it('forgets a packet without end instead of growing with it', () => {
    const bench = new CardBench().start()
    for (let round = 0; round < 40; round++) {
      for (let index = 0; index < 7; index++) bench.describe(bench.put(new Uint8Array(0)), 0x2010_0000 | 0xffff)
      bench.kick()
    }
    expect(bench.nic.save().transmit.bytes.length).toBeLessThan(66_000)
    bench.describe(bench.put(new Uint8Array(60)), 0x2110_0000 | 60)
    bench.describe(bench.put(new Uint8Array(60)), 0x2110_0000 | 60)
    bench.kick()
    expect([bench.cable.sent.length, bench.nic.counters.sendDrops]).toEqual([1, 1])
  })

  it('drops what is too short, too long for the cable, or summed outside itself', () => {
    const bench = new CardBench().start()
    bench.describe(bench.put(new Uint8Array(13)), 0x0100_0000 | 13)
    bench.describe(bench.put(new Uint8Array(1519)), 0x0100_0000 | 1519)
    bench.describe(0, 0x2000_0000)
    putU64le(bench.ram, 0x1020, BigInt((200 << 8) | 100) << 32n)
    bench.describe(bench.put(new Uint8Array(60)), 0x2110_0000 | 60, 0x0200)
    bench.kick()
    expect([bench.cable.sent.length, bench.nic.counters.sendDrops]).toEqual([0, 3])
  })

  it('stops at memory that is not there, says so once, and begins anew after a reset', () => {
    const bench = new CardBench().start()
    putU64le(bench.ram, 0, 0x10n)
    bench.nic.receive(frame('020000000001', 64))
    bench.nic.receive(frame('020000000001', 64))
    bench.describe(bench.put(new Uint8Array(60)), 0x0100_0000 | 60)
    bench.kick()
    expect([bench.reports.length, bench.cable.sent.length]).toEqual([1, 0])
    bench.set(ctrl, 1 << 26)
    bench.start()
    bench.nic.receive(frame('020000000001', 64))
    expect([bench.nic.counters.receivedFrames, bench.reports.length]).toEqual([1, 1])
  })

  it('survives any value in any register', () => {
    const bench = new CardBench().start()
    let seed = 1
    const next = (limit: number): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) % limit
    for (let count = 0; count < 20_000; count++) {
      const at = next(4) === 0 ? [rctl, tctl, 0x2808, 0x2818, 0x3808, 0x3818, 0x2800, 0x3800, ctrl, eecd, mdic][next(11)] : next(0x8000) & ~3
      if (next(3) === 0) bench.reg(at)
      else bench.set(at, next(2) === 0 ? next(0x1_0000) : next(0x1_0000_0000))
      if (count % 50 === 0) bench.nic.receive(frame('ffffffffffff', 14 + next(1600)))
      if (count % 500 === 0) bench.set(ctrl, 1 << 26)
    }
    bench.set(imc, 0xffff_ffff)
    expect(bench.lines[1].high).toBe(false)
  })
})

describe('e1000: state', () => {
  it('goes on after save and load as if nothing had been', () => {
    const bench = new CardBench().start()
    for (let count = 0; count < 9; count++) bench.nic.receive(frame('020000000001', 64))
    bench.describe(bench.put(frame('020000000002', 60).bytes.subarray(0, 30)), 30)
    bench.kick()
    const again = new CardBench()
    again.ram.set(bench.ram)
    again.bridge.load(bench.bridge.save())
    expect(again.bridge.save()).toEqual(bench.bridge.save())
    again.set(receiveRing + 0x18, 6)
    expect(again.nic.counters.receivedFrames).toBe(9)
    putU32le(again.ram, 0x1018, 0x0100_0000 | 30)
    putU64le(again.ram, 0x1010, BigInt(ramBase + 0x2_0000))
    putU16le(again.ram, 0x101c, 0)
    again.set(transmitRing + 0x18, 2)
    expect(again.cable.sent[0].bytes).toHaveLength(60)
  })
})
