import { describe, expect, it } from 'vitest'
import { putU16le, putU32le, putU64le, u16le } from '../../../src/base/bytes.ts'
import { SeededRandom } from '../../../src/base/random.ts'
import { VirtioRng } from '../../../src/board/virtio/rng.ts'
import { base, Driver } from './driver.ts'

const needsReset = 0x40
const indirect = 28
const eventIndex = 29

const guest = (...features: number[]): Driver => new Driver(new VirtioRng(new SeededRandom(1))).start(features, 1)

/** Kicks and expects the device to give up: nothing came back, one report, one configuration interrupt. */
function expectBroken(driver: Driver, reason: RegExp): void {
  driver.kick(0)
  expect(driver.status & needsReset).toBe(needsReset)
  expect(driver.reports).toHaveLength(1)
  expect(driver.reports[0]).toMatch(reason)
  expect(driver.acknowledge()).toBe(2)
  driver.kick(0)
  expect(driver.reports).toHaveLength(1)
  expect(driver.used(0)).toEqual([])
}

describe('split virtqueue', () => {
  it('fills several descriptors of one chain in order', () => {
    const driver = guest()
    const [a, b] = driver.lend(0, { room: 3 }, { room: 5 })
    driver.kick(0)
    const expected = new SeededRandom(1).bytes(8)
    expect(driver.used(0)).toEqual([[0, 8]])
    expect(driver.bytes(a, 4)).toEqual(Uint8Array.of(...expected.subarray(0, 3), 0xa5))
    expect(driver.bytes(b, 6)).toEqual(Uint8Array.of(...expected.subarray(3, 8), 0xa5))
  })

  it('goes round the ring, and round 2^16', () => {
    const driver = guest()
    for (let round = 0; round < 70_000; round++) {
      driver.describe(0, round % 8, base + 0x1_0000, 1, 2, 0)
      driver.offer(0, round % 8)
      if (round % 5 === 4) driver.kick(0)
    }
    expect(driver.reports).toEqual([])
    expect(u16le(driver.ram, driver.rings(0).used + 2)).toBe(70_000 & 0xffff)
  })

  it('follows an indirect table', () => {
    const driver = guest(indirect)
    const table = 0x1_8000
    for (const [at, [length, flags, next]] of [[2, 3, 1], [3, 2, 0]].entries()) {
      putU64le(driver.ram, table + 16 * at, BigInt(base + 0x1_9000 + 16 * at))
      putU32le(driver.ram, table + 16 * at + 8, length)
      putU16le(driver.ram, table + 16 * at + 12, flags)
      putU16le(driver.ram, table + 16 * at + 14, next)
    }
    driver.describe(0, 5, base + table, 32, 4, 0)
    driver.offer(0, 5)
    driver.kick(0)
    expect(driver.used(0)).toEqual([[5, 5]])
  })

  it('is quiet when the driver asked for no interrupt', () => {
    const driver = guest()
    putU16le(driver.ram, driver.rings(0).available, 1)
    driver.lend(0, { room: 1 })
    driver.kick(0)
    expect(driver.used(0)).toEqual([[0, 1]])
    expect(driver.irq.rises).toBe(0)
  })

  it('interrupts with EVENT_IDX only when used_event is passed, and tells where to kick', () => {
    const driver = guest(eventIndex)
    const { available, used } = driver.rings(0)
    putU16le(driver.ram, available + 4 + 16, 1)
    driver.lend(0, { room: 1 })
    driver.kick(0)
    expect(driver.irq.rises).toBe(0)
    expect(u16le(driver.ram, used + 4 + 64)).toBe(1)
    driver.lend(0, { room: 1 })
    driver.kick(0)
    expect(driver.irq.rises).toBe(1)
    expect(u16le(driver.ram, used + 4 + 64)).toBe(2)
  })

  it('tells where to kick next after a queue that was full', () => {
    const driver = guest(eventIndex)
    for (let index = 0; index < 8; index++) driver.lend(0, { room: 1 })
    driver.kick(0)
    expect(driver.used(0)).toHaveLength(8)
    expect(u16le(driver.ram, driver.rings(0).used + 4 + 64)).toBe(8)
  })

  it('gives up on a chain that loops', () => {
    const driver = guest()
    driver.describe(0, 0, base + 0x1_0000, 4, 3, 1)
    driver.describe(0, 1, base + 0x1_0000, 4, 3, 0)
    driver.offer(0, 0)
    expectBroken(driver, /more than 8 descriptors/)
  })

  it('gives up on a head beyond the table', () => {
    const driver = guest()
    driver.offer(0, 8)
    expectBroken(driver, /descriptor 8 of 8/)
  })

  it('gives up on more chains than the queue holds', () => {
    const driver = guest()
    putU16le(driver.ram, driver.rings(0).available + 2, 9)
    expectBroken(driver, /9 chains available in a queue of 8/)
  })

  it('gives up on a buffer outside RAM, even one near 2^64', () => {
    for (const address of [0n, 0x8003_fffen, 0xffff_ffff_ffff_fffen]) {
      const driver = guest()
      driver.describe(0, 0, 0, 4, 2, 0)
      putU64le(driver.ram, driver.rings(0).descriptors, address)
      driver.offer(0, 0)
      expectBroken(driver, /is not in RAM/)
    }
  })

  it('gives up on readable after writable', () => {
    const driver = guest()
    driver.lend(0, { room: 4 }, { bytes: Uint8Array.of(1) })
    expectBroken(driver, /readable descriptor after a writable/)
  })

  it('gives up on indirect tables that were not agreed, nested, chained or cut', () => {
    const odd: [number[], number, number, RegExp][] = [
      [[], 16, 4, /without VIRTIO_F_INDIRECT_DESC/],
      [[indirect], 16, 5, /with NEXT/],
      [[indirect], 17, 4, /table of 17 bytes/],
      [[indirect], 0, 4, /table of 0 bytes/],
    ]
    for (const [features, length, flags, reason] of odd) {
      const driver = guest(...features)
      driver.describe(0, 0, base + 0x1_8000, length, flags, 0)
      driver.offer(0, 0)
      expectBroken(driver, reason)
    }
    const driver = guest(indirect)
    driver.describe(0, 0, base + driver.rings(0).descriptors, 16, 4, 0)
    driver.offer(0, 0)
    expectBroken(driver, /inside an indirect table/)
  })

  it('gives up on rings outside RAM', () => {
    const driver = guest()
    driver.slot.write(0x044, 4, 0)
    driver.slot.write(0x090, 4, 0x1000)
    driver.slot.write(0x044, 4, 1)
    expectBroken(driver, /is not in RAM/)
  })

  it('comes to an end when the used ring lies over the available ring', () => {
    const driver = guest()
    const { available } = driver.rings(0)
    driver.slot.write(0x044, 4, 0)
    driver.slot.write(0x0a0, 4, base + available - 4)
    driver.slot.write(0x044, 4, 1)
    driver.describe(0, 0, base + 0x1_0000, 1, 2, 0)
    driver.offer(0, 0)
    driver.kick(0)
    expect(driver.reports.length).toBeLessThanOrEqual(1)
  })
})
