import { describe, expect, it } from 'vitest'
import { concat, hex, unhex } from '../../../src/base/bytes.ts'
import { VirtioNet } from '../../../src/board/virtio/net.ts'
import type { Frame, FrameSink, Port } from '../../../src/link/port.ts'
import { Driver } from './driver.ts'

const [receive, transmit] = [0, 1]
const mergeable = 15
const plainHeader = new Uint8Array(12)

class Cable implements Port {
  readonly name = 'cable'
  readonly medium = 'ethernet'
  readonly frameMax = 1518
  readonly sent: Frame[] = []
  sink: FrameSink | undefined

  send(frame: Frame): void {
    this.sent.push(frame)
  }

  listen(sink: FrameSink | undefined): void {
    this.sink = sink
  }
}

function board(features: readonly number[], options: { offloads?: boolean; size?: number } = {}) {
  const nic = new VirtioNet({ name: 'nic0', mac: unhex('020000000001'), offloads: options.offloads ?? true })
  const driver = new Driver(nic, options.size)
  const cable = new Cable()
  nic.plug(cable)
  driver.start(features, 2)
  return { nic, driver, cable }
}

const frame = (length: number): Frame => ({ bytes: Uint8Array.from({ length }, (_, at) => at), offload: undefined })

describe('virtio-net', () => {
  it('tells its address, the link and one pair of queues', () => {
    const { driver, nic } = board([])
    const config = Array.from({ length: 12 }, (_, at) => driver.slot.read(0x100 + at, 1))
    expect(hex(Uint8Array.from(config))).toBe('020000000001010001000000')
    nic.unplug()
    expect(driver.slot.read(0x106, 2)).toBe(0)
    expect(driver.acknowledge()).toBe(2)
    expect(driver.slot.read(0x0fc, 4)).toBe(2)
  })

  it('tells, with an interrupt, when its cable has no carrier, until it is pulled', () => {
    const nic = new VirtioNet({ name: 'nic0', mac: unhex('020000000001'), offloads: true })
    const driver = new Driver(nic)
    const hearers = new Set<(carrier: boolean) => void>()
    const cable = Object.assign(new Cable(), { carrier: true, watchCarrier: (hear: (carrier: boolean) => void) => (hearers.add(hear), () => void hearers.delete(hear)) })
    nic.plug(cable)
    driver.start([], 2)
    expect(driver.slot.read(0x106, 2)).toBe(1)
    cable.carrier = false
    for (const hear of hearers) hear(false)
    expect(driver.slot.read(0x106, 2)).toBe(0)
    expect(driver.acknowledge()).toBe(2)
    nic.unplug()
    expect(hearers.size).toBe(0)
  })

  it('offers no offload when it is told to be plain', () => {
    const { driver } = board([], { offloads: false })
    driver.slot.write(0x014, 4, 0)
    // MAC, MRG_RXBUF, STATUS; INDIRECT_DESC, EVENT_IDX.
    expect(driver.slot.read(0x010, 4)).toBe(0x3001_8020)
  })

  it('sends what is lent, without the header, and gives the buffer back', () => {
    const { driver, cable, nic } = board([])
    driver.lend(transmit, { bytes: plainHeader }, { bytes: frame(20).bytes }, { bytes: frame(40).bytes })
    driver.kick(transmit)
    expect(cable.sent).toEqual([{ bytes: concat(frame(20).bytes, frame(40).bytes), offload: undefined }])
    expect(driver.used(transmit)).toEqual([[0, 0]])
    expect(nic.counters).toEqual({ receivedFrames: 0, receivedBytes: 0, receiveDrops: 0, sentFrames: 1, sentBytes: 60, sendDrops: 0 })
  })

  it('hands a checksum and a segmentation on as they are owed', () => {
    const { driver, cable } = board([0, 11])
    // flags, gso_type, hdr_len 54, gso_size 1460, csum_start 34, csum_offset 16, num_buffers
    driver.lend(transmit, { bytes: concat(unhex('01 01 3600 b405 2200 1000 0000'), new Uint8Array(4000)) })
    driver.lend(transmit, { bytes: concat(unhex('01 00 0000 0000 2200 0600 0000'), new Uint8Array(60)) })
    driver.kick(transmit)
    expect(cable.sent.map((each) => each.offload)).toEqual([
      { checksum: { start: 34, offset: 16 }, segmentation: 'tcp4', segmentSize: 1460, headerLength: 54 },
      { checksum: { start: 34, offset: 6 }, segmentation: 'none', segmentSize: 0, headerLength: 0 },
    ])
  })

  it('drops and counts what no cable carries, and lives on', () => {
    const { driver, cable, nic } = board([])
    const bad = [
      unhex('00 00 0000 0000 0000 0000 0000' + '00'.repeat(13)), // a frame of 13 bytes
      unhex('0000'), // half a header
      concat(plainHeader, new Uint8Array(1519)), // too long
      concat(unhex('01 00 0000 0000 3a00 0100 0000'), new Uint8Array(60)), // checksum past the end
      concat(unhex('01 05 3600 b405 2200 1000 0000'), new Uint8Array(60)), // gso_type not offered
      concat(unhex('00 01 3600 b405 2200 1000 0000'), new Uint8Array(60)), // segmentation without checksum
      concat(unhex('01 01 3600 0000 2200 1000 0000'), new Uint8Array(60)), // segments of nothing
    ]
    for (const bytes of bad) driver.lend(transmit, { bytes })
    driver.kick(transmit)
    expect(cable.sent).toEqual([])
    expect(nic.counters.sendDrops).toBe(7)
    expect(driver.used(transmit)).toHaveLength(7)
    expect(driver.reports).toEqual([])
    nic.unplug()
    driver.lend(transmit, { bytes: concat(plainHeader, frame(60).bytes) })
    driver.kick(transmit)
    expect(nic.counters.sendDrops).toBe(8)
  })

  it('puts a frame behind its header into one buffer', () => {
    const { driver, cable } = board([])
    const [at] = driver.lend(receive, { room: 100 })
    driver.kick(receive)
    cable.sink?.receive(frame(60))
    expect(driver.used(receive)).toEqual([[0, 72]])
    expect(hex(driver.bytes(at, 12))).toBe('000000000000000000000100')
    expect(driver.bytes(at + 12, 61)).toEqual(Uint8Array.of(...frame(60).bytes, 0xa5))
    expect(driver.acknowledge()).toBe(1)
  })

  it('spreads a frame over merged buffers and says how many', () => {
    const { driver, cable } = board([mergeable])
    const [a] = driver.lend(receive, { room: 40 })
    const [b] = driver.lend(receive, { room: 40 })
    driver.lend(receive, { room: 40 })
    driver.kick(receive)
    cable.sink?.receive(frame(60))
    expect(driver.used(receive)).toEqual([[0, 40], [1, 32]])
    expect(driver.bytes(a, 12)[10]).toBe(2)
    expect(concat(driver.bytes(a + 12, 28), driver.bytes(b, 32))).toEqual(frame(60).bytes)
  })

  it('keeps frames until there are buffers, drops beyond its backlog, and never freezes', () => {
    const { driver, cable, nic } = board([])
    for (let count = 0; count < 300; count++) cable.sink?.receive(frame(60))
    expect(nic.counters.receiveDrops).toBe(44)
    for (let count = 0; count < 4; count++) driver.lend(receive, { room: 80 }, { room: 0 })
    driver.kick(receive)
    expect(driver.used(receive)).toHaveLength(4)
    expect(nic.counters.receivedFrames).toBe(4)
  })

  it('drops a frame that the lent buffer is too small for, and uses the buffer for the next', () => {
    const { driver, cable, nic } = board([])
    driver.lend(receive, { room: 80 })
    driver.kick(receive)
    cable.sink?.receive(frame(1000))
    cable.sink?.receive(frame(60))
    expect(driver.used(receive)).toEqual([[0, 72]])
    expect(nic.counters.receiveDrops).toBe(1)
  })

  it('waits for more merged buffers, and drops what a whole ring can not hold', () => {
    const { driver, cable, nic } = board([mergeable], { size: 2 })
    driver.lend(receive, { room: 16 })
    driver.kick(receive)
    cable.sink?.receive(frame(60))
    expect(nic.counters.receiveDrops).toBe(0)
    driver.lend(receive, { room: 16 })
    driver.kick(receive)
    expect(nic.counters.receiveDrops).toBe(1)
    expect(driver.used(receive)).toEqual([])
  })

  it('fills the checksum in for a guest that did not agree to do without', () => {
    const owed: Frame = { bytes: new Uint8Array(60).fill(1), offload: { checksum: { start: 34, offset: 16 }, segmentation: 'none', segmentSize: 0, headerLength: 0 } }
    const { driver, cable } = board([])
    const [at] = driver.lend(receive, { room: 80 })
    cable.sink?.receive({ ...owed, bytes: owed.bytes.slice() })
    driver.kick(receive)
    // 13 words of 0x0101 from byte 34 on: ~0x0d0d.
    expect(hex(driver.bytes(at + 12 + 50, 2))).toBe('f2f2')
    expect(driver.bytes(at, 1)[0]).toBe(0)
    const agreed = board([0, 1])
    const [whole] = agreed.driver.lend(receive, { room: 80 })
    agreed.cable.sink?.receive(owed)
    agreed.driver.kick(receive)
    expect(hex(agreed.driver.bytes(whole, 12))).toBe('010000000000220010000100')
  })

  it('counts what arrives before the driver is ready', () => {
    const nic = new VirtioNet({ name: 'nic0', mac: unhex('020000000001'), offloads: true })
    const cable = new Cable()
    nic.plug(cable)
    void new Driver(nic)
    cable.sink?.receive(frame(60))
    expect(nic.counters.receiveDrops).toBe(1)
  })

  it('goes on from its saved state with its backlog', () => {
    const before = board([])
    before.cable.sink?.receive(frame(60))
    const after = board([])
    after.driver.ram.set(before.driver.ram)
    after.driver.slot.load(before.driver.slot.save())
    after.driver.lend(receive, { room: 80 })
    after.driver.kick(receive)
    expect(after.driver.used(receive)).toEqual([[0, 72]])
  })
})
