import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import { VirtioRng } from '../../../src/board/virtio/rng.ts'
import { Driver } from './driver.ts'

const driver = (): Driver => new Driver(new VirtioRng(new SeededRandom(1)))

describe('virtio-mmio', () => {
  it('answers magic, version 2, the device and our vendor', () => {
    const { slot } = driver()
    expect(slot.read(0x000, 4)).toBe(0x7472_6976)
    expect(slot.read(0x004, 4)).toBe(2)
    expect(slot.read(0x008, 4)).toBe(4)
    expect(slot.read(0x00c, 4)).toBe(0x4d4f_4f4c)
    expect(slot.read(0x0b0, 4)).toBe(0xffff_ffff)
  })

  it('is passed over when it is empty, and hears nothing', () => {
    const { slot, irq } = new Driver(undefined)
    slot.write(0x070, 4, 15)
    expect(slot.read(0x000, 4)).toBe(0x7472_6976)
    expect(slot.read(0x008, 4)).toBe(0)
    expect(slot.read(0x070, 4)).toBe(0)
    expect(slot.read(0x100, 4)).toBe(0)
    expect(irq.rises).toBe(0)
  })

  it('offers VERSION_1, INDIRECT_DESC and EVENT_IDX in two halves', () => {
    const { slot } = driver()
    expect(slot.read(0x010, 4)).toBe(0x3000_0000)
    slot.write(0x014, 4, 1)
    expect(slot.read(0x010, 4)).toBe(1)
    slot.write(0x014, 4, 2)
    expect(slot.read(0x010, 4)).toBe(0)
  })

  it('takes FEATURES_OK back when the driver wants what was not offered', () => {
    const { slot } = driver()
    slot.write(0x024, 4, 1)
    slot.write(0x020, 4, 0x8000_0001)
    slot.write(0x070, 4, 3)
    slot.write(0x070, 4, 11)
    expect(slot.read(0x070, 4)).toBe(3)
  })

  it('takes FEATURES_OK back without VERSION_1, and does not start without FEATURES_OK', () => {
    const { slot } = driver()
    slot.write(0x070, 4, 3)
    slot.write(0x070, 4, 11)
    expect(slot.read(0x070, 4)).toBe(3)
    slot.write(0x070, 4, 7)
    expect(slot.read(0x070, 4)).toBe(3)
  })

  it('refuses features after FEATURES_OK and addresses while a queue is ready', () => {
    const guest = driver().start([], 1)
    guest.slot.write(0x024, 4, 0)
    guest.slot.write(0x020, 4, 0x2000_0000)
    guest.slot.write(0x080, 4, 0xdead_0000)
    guest.slot.write(0x038, 4, 4)
    guest.lend(0, { room: 4 })
    guest.kick(0)
    expect(guest.used(0)).toEqual([[0, 4]])
  })

  it('serves at DRIVER_OK what was kicked before it', () => {
    const guest = driver()
    guest.slot.write(0x070, 4, 3)
    guest.slot.write(0x024, 4, 1)
    guest.slot.write(0x020, 4, 1)
    guest.slot.write(0x070, 4, 11)
    guest.setUp(0)
    guest.lend(0, { room: 8 })
    guest.kick(0)
    expect(guest.used(0)).toEqual([])
    guest.slot.write(0x070, 4, 15)
    expect(guest.used(0)).toEqual([[0, 8]])
  })

  it('interrupts until acknowledged', () => {
    const guest = driver().start([], 1)
    guest.lend(0, { room: 8 })
    guest.kick(0)
    expect(guest.irq.high).toBe(true)
    expect(guest.acknowledge()).toBe(1)
    expect(guest.irq.high).toBe(false)
  })

  it('forgets everything when zero is written to the status', () => {
    const guest = driver().start([28], 1)
    guest.lend(0, { room: 8 })
    guest.kick(0)
    guest.slot.write(0x070, 4, 0)
    expect(guest.status).toBe(0)
    expect(guest.irq.high).toBe(false)
    expect(guest.slot.read(0x044, 4)).toBe(0)
    expect(guest.slot.read(0x060, 4)).toBe(0)
  })

  it('needs a reset when a queue is made ready with a size of 3, says so once, and lives again after one', () => {
    const guest = driver()
    guest.slot.write(0x070, 4, 3)
    guest.slot.write(0x038, 4, 3)
    guest.slot.write(0x044, 4, 1)
    guest.slot.write(0x044, 4, 1)
    expect(guest.status).toBe(0x43)
    expect(guest.reports).toHaveLength(1)
    guest.slot.write(0x070, 4, 0)
    guest.start([], 1)
    guest.lend(0, { room: 8 })
    guest.kick(0)
    expect(guest.used(0)).toEqual([[0, 8]])
  })

  it('goes on from its saved state', () => {
    const before = driver().start([29], 1)
    before.lend(0, { room: 8 })
    before.kick(0)
    const after = driver()
    after.ram.set(before.ram)
    after.slot.load(before.slot.save())
    expect(after.status).toBe(15)
    expect(after.irq.high).toBe(true)
    expect(after.slot.save()).toEqual(before.slot.save())
  })
})
