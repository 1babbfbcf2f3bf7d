import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../../src/base/bytes.ts'
import { VirtioConsole } from '../../../src/board/virtio/console.ts'
import { Driver } from './driver.ts'

function board(started = true) {
  const device = new VirtioConsole('console')
  const heard: string[] = []
  device.line.listen((bytes) => heard.push(fromLatin1(bytes)))
  const driver = new Driver(device)
  return { device, heard, driver: started ? driver.start([], 2) : driver }
}

describe('virtio-console', () => {
  it('is heard', () => {
    const { driver, heard } = board()
    driver.lend(1, { bytes: latin1('hello, ') }, { bytes: latin1('world') })
    driver.kick(1)
    expect([heard, driver.used(1)]).toEqual([['hello, world'], [[0, 0]]])
  })

  it('keeps what is typed until there is room, as much as a line holds, and no more', () => {
    const { device, driver } = board()
    expect(device.line.room).toBe(4096)
    device.line.write(latin1('root\n'.repeat(1000)))
    expect(device.line.room).toBe(0)
    const [first] = driver.lend(0, { room: 4 })
    driver.lend(0, { room: 4000 })
    driver.kick(0)
    expect([fromLatin1(driver.bytes(first, 5)), driver.used(0), device.line.room]).toEqual(['root¥', [[0, 4], [1, 4000]], 4004])
    device.line.write(latin1('!'))
    const [last] = driver.lend(0, { room: 200 })
    driver.kick(0)
    expect([driver.used(0), driver.bytes(last, 93)[92]]).toEqual([[[2, 93]], 0x21])
  })

  it('says a character before it is set up', () => {
    const { driver, heard } = board(false)
    driver.slot.write(0x108, 4, 0x41)
    expect(heard).toEqual(['A'])
  })

  it('is open while its driver is there', () => {
    const { device, driver } = board(false)
    const closed = device.open
    driver.start([], 2)
    expect([closed, device.open]).toEqual([false, true])
    driver.slot.write(0x070, 4, 0)
    expect(device.open).toBe(false)
  })

  it('goes on after save and load', () => {
    const before = board()
    before.device.line.write(latin1('abc'))
    const after = board()
    after.driver.slot.load(before.driver.slot.save())
    const [at] = after.driver.lend(0, { room: 8 })
    after.driver.kick(0)
    expect(fromLatin1(after.driver.bytes(at, 3))).toBe('abc')
  })
})
