import { describe, expect, it } from 'vitest'
import { latin1 } from '../../src/base/bytes.ts'
import { Driver } from '../../src/host/driver.ts'
import { buildLab } from '../../src/lab/build.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { dictionary, read } from '../lab/dictionary.ts'
import { type Act, echo, off, say, ScriptCore } from '../lab/script-core.ts'

function unused(): never {
  throw new Error('nothing of that kind is in this lab')
}

function lab(...script: Act[]): Lab {
  return buildLab(read('name: t\nnodes: { a: { program: hello, memory: 2M } }'), {
    makeCore: (config) => new ScriptCore(config, script),
    image: unused,
    program: () => Uint8Array.of(0x13, 0, 0, 0),
    folder: unused,
    journal: unused,
    disk: unused,
    services: dictionary.services,
    place: () => undefined,
  })
}

describe('a driver', () => {
  it('runs idle time away when nobody attends', async () => {
    const one = lab(say(1000, 'a'), { at: 3600e9, act: () => undefined }, off(3600e9 + 1))
    expect(await new Driver(one, { clock: 'virtual', attended: false }).run()).toEqual({ reason: 'off', time: 3600e9 + 1 })
  })

  it('ends when nothing can happen any more and nobody attends', async () => {
    expect(await new Driver(lab(say(1000, 'a')), { clock: 'virtual', attended: false }).run()).toMatchObject({ reason: 'idle' })
  })

  it('lets virtual time stand while it is held, and go when every hold is over', async () => {
    const one = lab(say(1000, 'a'), off(5000))
    const driver = new Driver(one, { clock: 'virtual', attended: false })
    const holds = [driver.hold(), driver.hold()]
    const end = driver.run()
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve))
    holds[0]()
    holds[0]()
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve))
    expect([one.now, one.retired]).toEqual([0, 0])
    holds[1]()
    expect(await end).toEqual({ reason: 'off', time: 5000 })
  })

  it('waits for the one who attends, and stops when asked to', async () => {
    const driver = new Driver(lab(say(1000, 'a')), { clock: 'virtual', attended: true })
    const end = driver.run()
    setImmediate(() => driver.stop())
    expect(await end).toMatchObject({ reason: 'stopped' })
  })

  it('is woken by what is typed', async () => {
    const one = lab(say(1000, '> '), { at: 2e9, act: () => undefined }, echo(2e9 + 1), off(2e9 + 2))
    const driver = new Driver(one, { clock: 'virtual', attended: true })
    driver.type('a', latin1('ls'))
    expect(await driver.run()).toMatchObject({ reason: 'off' })
    expect(one.machines.get('a')?.transcript.text).toBe('> ls')
  })

  it('keeps to the wall clock in real time', async () => {
    const started = performance.now()
    await new Driver(lab(say(1000, 'a'), { at: 30e6, act: () => undefined }, off(60e6)), { clock: 'realtime', attended: false }).run()
    expect(performance.now() - started).toBeGreaterThanOrEqual(59)
  })

  it('passes on a fault of ours', async () => {
    const fault = { at: 1, act: () => { throw new Error('a fault') } }
    await expect(new Driver(lab(fault), { clock: 'virtual', attended: false }).run()).rejects.toThrow('a fault')
  })
})
