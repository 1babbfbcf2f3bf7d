import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import { VirtioRng } from '../../../src/board/virtio/rng.ts'
import { Driver } from './driver.ts'

describe('virtio-rng', () => {
  it('gives the same bytes for the same seed, and at most 4096 at once', () => {
    const driver = new Driver(new VirtioRng(new SeededRandom('lab'))).start([], 1)
    const [at] = driver.lend(0, { room: 5000 })
    driver.kick(0)
    expect(driver.used(0)).toEqual([[0, 4096]])
    expect(driver.bytes(at, 4096)).toEqual(new SeededRandom('lab').bytes(4096))
    expect(driver.bytes(at + 4096, 1)).toEqual(Uint8Array.of(0xa5))
  })

  it('gives nothing for a chain that can not be written', () => {
    const driver = new Driver(new VirtioRng(new SeededRandom('lab'))).start([], 1)
    driver.lend(0, { bytes: Uint8Array.of(1) })
    driver.kick(0)
    expect(driver.used(0)).toEqual([[0, 0]])
  })

  it('goes on with its draws where it was saved', () => {
    const first = new VirtioRng(new SeededRandom('lab'))
    const before = new Driver(first).start([], 1)
    before.lend(0, { room: 16 })
    before.kick(0)
    const second = new VirtioRng(new SeededRandom('other'))
    second.load(first.save())
    const after = new Driver(second).start([], 1)
    const [at] = after.lend(0, { room: 8 })
    after.kick(0)
    expect(after.bytes(at, 8)).toEqual(new SeededRandom('lab').bytes(24).slice(16))
  })
})
