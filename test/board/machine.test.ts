import { assert, describe, expect, it } from 'vitest'
import { fromLatin1, latin1, u32be, u32le, unhex } from '../../src/base/bytes.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Instant } from '../../src/base/time.ts'
import { nanoseconds } from '../../src/base/time.ts'
import type { MachineConfig } from '../../src/board/machine.ts'
import { Machine } from '../../src/board/machine.ts'
import type { Port } from '../../src/link/port.ts'
import { MemoryDisk } from '../../src/disk/memory.ts'
import { FakeCore } from './fake-core.ts'

const at = (time: number): Instant => time as Instant
const uart = 0x1000_0000
const clint = 0x200_0000
const finisher = 0x10_0000

const image = (name: string) => ({ name, bytes: Uint8Array.of(1) })

function make(change: Partial<MachineConfig> = {}) {
  const warnings: string[] = []
  const log = { debug: () => undefined, info: () => undefined, error: () => undefined, warn: (_event: string, message: string) => void warnings.push(message) }
  const config: MachineConfig = {
    name: 'node1',
    ramBytes: 0x10_0000,
    harts: 1,
    boot: { kind: 'program', program: { name: 'hello', bytes: Uint8Array.of(1, 2, 3, 4) } },
    nics: [{ mac: unhex('020000000001') }],
    disks: [new MemoryDisk(new Uint8Array(512))],
    random: new SeededRandom('lab/node1'),
    log,
    coreFactory: (core) => new FakeCore(core),
    ...change,
  }
  const machine = new Machine(config)
  const core = machine.core as FakeCore
  const printed: string[] = []
  machine.console.listen((bytes) => printed.push(fromLatin1(bytes)))
  return { machine, core, printed, warnings }
}

describe('machine', () => {
  it('is off until started, then begins at the program with the tree in a1', () => {
    const { machine, core } = make()
    expect([machine.state, machine.next]).toEqual(['off', undefined])
    machine.start()
    expect(machine.state).toBe('running')
    expect(core.resets).toEqual([[0x8000_0000, 0x800f_0000, 0]])
    expect(core.ram.slice(0, 5)).toEqual(Uint8Array.of(1, 2, 3, 4, 0))
    expect(u32be(core.ram, 0xf_0000)).toBe(0xd00d_feed)
  })

  it('tells fw_dynamic where its information is', () => {
    const { machine, core } = make({ ramBytes: 0x100_0000, boot: { kind: 'supervisor', opensbi: image('fw'), payload: image('u-boot') } })
    machine.start()
    expect(core.resets).toEqual([[0x8000_0000, 0x80e0_0000, 0x1040]])
    expect(core.bus.read(0x1040, 4)).toBe(0x4942_534f)
    expect(core.bus.read(0x1050, 4)).toBe(0x8020_0000)
  })

  it('begins a supervisor without firmware in S-mode, and answers its calls at their instant', () => {
    const { machine, core, printed } = make({ ramBytes: 0x100_0000, boot: { kind: 'supervisor', payload: image('u-boot') } })
    machine.start()
    expect([core.resets, core.boots]).toEqual([[], [[0x8020_0000, 0x80e0_0000]]])
    const call = (extension: number, which: number, ...args: number[]) => core.supervisor?.(0, [...Array.from({ length: 6 }, (_, at) => BigInt(args[at] ?? 0)), BigInt(which), BigInt(extension)], {} as never)
    core.script = [() => undefined, () => void call(0x4442_434e, 2, 0x68), () => void call(0x4442_434e, 0, 2, 0x8000_0000), () => void call(0x5352_5354, 0, 1, 0), () => assert.fail('it goes on')]
    core.ram.set(latin1('i!'))
    machine.run(at(100))
    expect([printed.join(''), machine.state, machine.finish, machine.endedAt]).toEqual(['hi!', 'reset', { kind: 'reset' }, 30])
  })

  it('ends its run at a breakpoint, at that instant, and goes on from there', () => {
    const { machine, core } = make()
    machine.start()
    const rung: number[] = []
    machine.timeline.alarm('tick', () => void rung.push(machine.timeline.now)).arm(nanoseconds(20))
    const stop = { point: { kind: 'execute', address: 0n }, hart: 0, pc: 0n, address: 0n, at: at(20) } as const
    core.script = [() => undefined, () => ((core.breakpoints.stop = stop), core.stopBefore(at(20))), () => undefined, () => undefined]
    machine.run(at(100))
    expect([machine.timeline.now, core.now, rung, machine.next]).toEqual([20, 20, [20], 20])
    core.breakpoints.stop = undefined
    machine.run(at(100))
    expect([machine.timeline.now, core.retired]).toEqual([100, 4])
  })

  it('prints what the guest writes and types what the host does', () => {
    const { machine, core, printed } = make()
    machine.start()
    machine.console.write(latin1('x'))
    let typed: number | undefined
    core.script = [() => core.bus.write(uart, 1, 0x68), () => core.bus.write(uart, 1, 0x69), () => (typed = core.bus.read(uart, 1))]
    machine.run(at(100))
    expect(printed.join('')).toBe('hi')
    expect(typed).toBe(0x78)
  })

  it('lets a device see the exact instant, and rings the timer between two instructions', () => {
    const { machine, core } = make()
    machine.start()
    const seen: (number | undefined)[] = []
    const look = (): void => void seen.push(core.bus.read(clint + 0xbff8, 4))
    const timer: boolean[] = []
    const glance = (): void => void timer.push(core.high.has('0.7'))
    core.script = [
      () => core.bus.write(clint + 0x4000, 4, 1),
      () => core.bus.write(clint + 0x4004, 4, 0),
      ...Array.from({ length: 7 }, () => glance),
      look,
      look,
      glance,
    ]
    machine.run(at(1000))
    // Steps begin at 0, 10, …; mtime turns 1 at 100 ns, which is the eleventh step.
    expect(seen).toEqual([0, 1])
    expect(timer).toEqual([false, false, false, false, false, false, false, true])
    expect([machine.timeline.now, core.now]).toEqual([1000, 1000])
  })

  it('cuts the run short for an alarm that is armed on the way', () => {
    const { machine, core } = make()
    machine.start()
    const rung: number[] = []
    const alarm = machine.timeline.alarm('test', () => rung.push(core.now))
    core.script = [() => undefined, () => alarm.arm(nanoseconds(15)), ...Array.from({ length: 20 }, () => () => undefined)]
    // Only a bus access makes the board look at its alarms.
    core.script[1] = () => {
      core.bus.read(uart + 5, 1)
      alarm.arm(nanoseconds(15))
      core.bus.read(uart + 5, 1)
    }
    machine.run(at(500))
    // Armed at 10 for 25; the instruction under way at 25 ends at 30.
    expect(rung).toEqual([30])
  })

  it('runs idle time away and tells when it wakes', () => {
    const { machine, core } = make()
    machine.start()
    const alarm = machine.timeline.alarm('wake', () => core.script.push(() => undefined))
    alarm.arm(nanoseconds(1_000_000))
    expect(machine.next).toBe(1_000_000)
    machine.run(at(2_000_000))
    expect([core.retired, core.now, machine.next]).toEqual([1, 2_000_000, undefined])
  })

  it('tells the core’s instant as its next while it is busy', () => {
    const { machine, core } = make()
    machine.start()
    core.script = Array.from({ length: 10 }, () => () => undefined)
    machine.run(at(35))
    expect([machine.next, machine.timeline.now]).toEqual([40, 35])
  })

  it('stops where it is told to yield, and goes on', () => {
    const { machine, core } = make()
    machine.start()
    core.script = Array.from({ length: 10 }, (_, step) => () => {
      if (step !== 3) return
      core.bus.read(uart + 5, 1)
      machine.yieldNow()
    })
    machine.run(at(1000))
    expect([core.retired, machine.timeline.now]).toEqual([4, 30])
    machine.run(at(1000))
    expect([core.retired, machine.timeline.now]).toEqual([10, 1000])
  })

  it('powers off, asks for a restart, and fails, as the finisher says; the timeline stands there, and goes on', () => {
    for (const [word, state, finish] of [
      [0x5555, 'off', { kind: 'poweroff' }],
      [0x7777, 'reset', { kind: 'reset' }],
      [0x0007_3333, 'off', { kind: 'fail', code: 7 }],
    ] as const) {
      const { machine, core } = make()
      machine.start()
      core.script = [() => core.bus.write(finisher, 4, word), () => core.bus.write(uart, 1, 0x21), () => undefined]
      machine.run(at(1000))
      expect([machine.state, machine.finish, core.retired, machine.timeline.now]).toEqual([state, finish, 1, 0])
      machine.run(at(1000))
      expect([machine.state, core.retired, machine.timeline.now]).toEqual([state, 1, 1000])
      machine.start()
      expect([machine.state, machine.finish, core.now]).toEqual(['running', undefined, 1000])
    }
  })

  it('answers an access fault where nobody is', () => {
    const { core } = make()
    expect(core.bus.read(0x3000_0000, 4)).toBeUndefined()
    expect(core.bus.write(0x3000_0000, 4, 1)).toBe(false)
  })

  it('has NICs first, then disks, then entropy, in its slots', () => {
    const { core } = make()
    const ids = Array.from({ length: 8 }, (_, slot) => core.bus.read(0x1000_1008 + 0x1000 * slot, 4))
    expect(ids).toEqual([1, 2, 4, 0, 0, 0, 0, 0])
  })

  it('shows the link when a cable is plugged in', () => {
    const { machine, core } = make()
    const port: Port = { name: 'cable', medium: 'ethernet', frameMax: 1518, send: () => undefined, listen: () => undefined }
    machine.nics[0].plug(port)
    expect(core.bus.read(0x1000_1106, 2)).toBe(1)
  })

  it('hands the same tree over for the same seed, another one for another, and fresh seeds at each start', () => {
    const first = make().machine.deviceTree()
    expect(make().machine.deviceTree()).toEqual(first)
    expect(make({ random: new SeededRandom('lab/node2') }).machine.deviceTree()).not.toEqual(first)
    const { machine } = make()
    expect([machine.deviceTree(), machine.deviceTree()][1]).not.toEqual(first)
  })

  it('goes on from a snapshot as if nothing had been', () => {
    const before = make()
    before.machine.start()
    before.core.script = [() => before.core.bus.write(clint + 0x4000, 4, 9), () => before.core.bus.write(clint + 0x4004, 4, 0)]
    before.machine.run(at(100))
    const after = make()
    after.machine.load(before.machine.save())
    expect([after.machine.state, after.machine.timeline.now, after.machine.next]).toEqual(['running', 100, 900])
    after.machine.run(at(900))
    expect(after.core.high.has('0.7')).toBe(true)
    expect(u32le(after.core.ram, 0)).toBe(0x0403_0201)
    expect(after.machine.deviceTree()).toEqual(before.machine.deviceTree())
  })

  it('can be started by an alarm, and rings none after it before the harts have come so far', () => {
    const { machine, core } = make()
    const rung: number[] = []
    machine.timeline.alarm('power', () => machine.start()).arm(nanoseconds(100))
    machine.timeline.alarm('later', () => rung.push(core.retired)).arm(nanoseconds(130))
    core.script = Array.from({ length: 5 }, () => () => undefined)
    machine.run(at(1000))
    expect(rung).toEqual([3])
    expect(core.now).toBe(1000)
  })

  it('refuses what no board can have', () => {
    expect(() => make({ harts: 9 })).toThrow('9 harts; a machine has 1 to 8')
    expect(() => make({ ramBytes: 5000 })).toThrow('not whole pages')
    expect(() => make({ nics: Array.from({ length: 24 }, () => ({ mac: unhex('020000000001') })) })).toThrow('room for 23 together')
    expect(() => make({ nics: [{ mac: unhex('010000000001') }] })).toThrow('unicast')
  })
})
