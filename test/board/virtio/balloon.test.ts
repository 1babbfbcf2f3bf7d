import { describe, expect, it } from 'vitest'
import { putU32le } from '../../../src/base/bytes.ts'
import { VirtioBalloon } from '../../../src/board/virtio/balloon.ts'
import { base, Driver } from './driver.ts'

const pages = (...numbers: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(4 * numbers.length)
  numbers.forEach((number, index) => putU32le(bytes, 4 * index, number))
  return bytes
}

function board(targetBytes = 0x8000) {
  const device = new VirtioBalloon('balloon', targetBytes)
  const driver = new Driver(device).start([5], 3)
  return { device, driver }
}

const first = base / 4096

describe('virtio-balloon', () => {
  it('asks for its pages and hears how far the guest has got', () => {
    const { driver } = board()
    expect(driver.slot.read(0x100, 4)).toBe(8)
    driver.slot.write(0x104, 4, 3)
    expect(driver.slot.read(0x104, 4)).toBe(3)
  })

  it('turns pages that are given into zeros, and those only', () => {
    const { device, driver } = board()
    driver.lend(0, { bytes: pages(first + 0x30, first + 0x32) })
    driver.kick(0)
    expect([0x30, 0x31, 0x32].map((page) => driver.ram[0x1000 * page + 7])).toEqual([0, 0xa5, 0])
    driver.lend(1, { bytes: pages(first + 0x30) })
    driver.kick(1)
    expect(device.given).toEqual({ heldPages: 1, reportedBytes: 0 })
    expect([driver.used(0), driver.used(1)]).toEqual([[[0, 0]], [[0, 0]]])
  })

  it('turns whole pages that are reported free into zeros', () => {
    const { device, driver } = board()
    driver.describe(2, 0, base + 0x3_0800, 0x2800, 2, 0)
    driver.offer(2, 0)
    driver.kick(2)
    expect([0x3_0800, 0x3_0fff, 0x3_1000, 0x3_2fff, 0x3_3000].map((at) => driver.ram[at])).toEqual([0xa5, 0xa5, 0, 0, 0xa5])
    expect(device.given.reportedBytes).toBe(0x2000)
  })

  it('waits for a reset when pages are not there, or more are named than fit a request', () => {
    const { driver } = board()
    driver.lend(0, { bytes: pages(5) })
    driver.kick(0)
    expect([driver.status & 0x40, driver.reports.length]).toEqual([0x40, 1])
    const other = board()
    other.driver.lend(0, { bytes: new Uint8Array(4100) })
    other.driver.kick(0)
    expect(other.driver.status & 0x40).toBe(0x40)
  })

  it('goes on after save and load', () => {
    const { driver, device } = board()
    driver.slot.write(0x104, 4, 2)
    driver.lend(0, { bytes: pages(first + 0x30) })
    driver.kick(0)
    const again = board()
    again.driver.slot.load(driver.slot.save())
    expect([again.device.given, again.driver.slot.read(0x104, 4)]).toEqual([device.given, 2])
  })
})
