import { describe, expect, it } from 'vitest'
import { hex } from '../../src/base/bytes.ts'
import { seconds } from '../../src/base/time.ts'
import { Timeline } from '../../src/base/timeline.ts'
import type { Frame } from '../../src/link/port.ts'
import { Switch } from '../../src/link/switch.ts'
import type { VlanMode } from '../../src/link/vlan-port.ts'
import { ether, frameOf, Mouth } from './ears.ts'

/** A switch with as many ports as there are modes. */
function bench(modes: readonly (VlanMode | undefined)[], vlans = modes.some((mode) => mode !== undefined)) {
  const time = new Timeline()
  const lan = new Switch({ name: 'lan', clock: time, vlans })
  const ports = modes.map((mode, at) => {
    const port = new Mouth(`p${at}`)
    lan.plug(port, mode)
    return port
  })
  /** What comes out where when `frame` comes in at a port. */
  const pass = (at: number, frame: Frame): string[][] => {
    ports[at].speak(frame)
    return ports.map((port) => port.take())
  }
  return { time, lan, ports, pass }
}

const three = [undefined, undefined, undefined]

describe('a switch', () => {
  it('floods to all others what it does not know, and forwards what it does', () => {
    const { pass } = bench(three)
    const there = ether('01', '02')
    const back = ether('02', '01')
    expect(pass(0, there)).toEqual([[], [hex(there.bytes)], [hex(there.bytes)]])
    expect(pass(1, back)).toEqual([[hex(back.bytes)], [], []])
    expect(pass(0, there)).toEqual([[], [hex(there.bytes)], []])
  })

  it('floods broadcasts and multicasts, each receiver with bytes of its own', () => {
    const { ports } = bench(three)
    const frame = ether('01', 'ff')
    ports[0].speak(frame)
    expect(ports[1].sent[0].bytes).not.toBe(ports[2].sent[0].bytes)
    expect(ports[1].sent[0].bytes).toEqual(ports[2].sent[0].bytes)
    expect(ports[0].sent).toEqual([])
  })

  it('never learns a group address', () => {
    const { lan, pass } = bench(three)
    const frame = ether('01', '02')
    frame.bytes.set([0x01, 0x00, 0x5e, 0, 0, 1], 6)
    pass(0, frame)
    expect(lan.stations()).toEqual([])
  })

  it('filters what is for a station behind the same port', () => {
    const { lan, pass } = bench(three)
    pass(0, ether('01', '09'))
    pass(0, ether('02', '09'))
    expect(pass(0, ether('01', '02'))).toEqual([[], [], []])
    expect(lan.ports()[0].counters).toMatchObject({ framesIn: 3, filtered: 1 })
  })

  it('forgets after 300 s and follows a station that moves', () => {
    const { time, lan, pass } = bench(three)
    pass(0, ether('01', '09'))
    expect(pass(1, ether('02', '01')).map((out) => out.length)).toEqual([1, 0, 0])
    pass(2, ether('01', '09'))
    expect(pass(1, ether('02', '01')).map((out) => out.length)).toEqual([0, 0, 1])
    time.advance((seconds(300) as number) as typeof time.now)
    expect(pass(1, ether('02', '01')).map((out) => out.length)).toEqual([1, 0, 1])
    expect(lan.stations()).toEqual([{ mac: '02:00:00:00:00:02', vlan: 0, port: 'p1', age: 0 }])
  })

  it('keeps to itself what no bridge forwards', () => {
    const { lan, pass } = bench(three)
    const lldp = ether('01', 'ff', '88cc')
    lldp.bytes.set([0x01, 0x80, 0xc2, 0, 0, 0x0e])
    expect(pass(0, lldp)).toEqual([[], [], []])
    expect(lan.ports()[0].counters.droppedReserved).toBe(1)
  })

  it('counts and drops a frame shorter than its header', () => {
    const { lan, pass } = bench(three)
    expect(pass(0, frameOf(new Uint8Array(13)))).toEqual([[], [], []])
    expect(lan.ports()[0].counters).toMatchObject({ framesIn: 1, bytesIn: 13, droppedShort: 1 })
  })

  it('passes tagged frames as they are where it has no VLANs', () => {
    const { pass } = bench(three)
    const tagged = ether('01', 'ff', '8100', '000a0800aa')
    expect(pass(0, tagged)[1]).toEqual([hex(tagged.bytes)])
  })

  it('forwards a super-frame untouched', () => {
    const { ports } = bench([undefined, undefined])
    const frame: Frame = { bytes: ether('01', '02', '0800', '00'.repeat(60_000)).bytes, offload: { checksum: { start: 34, offset: 16 }, segmentation: 'tcp4', segmentSize: 1460, headerLength: 54 } }
    ports[0].speak(frame)
    expect(ports[1].sent[0]).toBe(frame)
  })

  it('counts per port', () => {
    const { lan, pass } = bench([undefined, undefined])
    pass(0, ether('01', '02'))
    pass(1, ether('02', '01'))
    expect(lan.ports()).toMatchObject([
      { port: 'p0', counters: { framesIn: 1, bytesIn: 15, framesOut: 1, bytesOut: 15, flooded: 0 } },
      { port: 'p1', counters: { framesIn: 1, bytesIn: 15, framesOut: 1, bytesOut: 15, flooded: 1 } },
    ])
  })

  it('forgets what was behind an unplugged port and uses its place again', () => {
    const { lan, ports, pass } = bench(three)
    pass(1, ether('02', '01'))
    lan.unplug(ports[1])
    expect(lan.stations()).toEqual([])
    expect(pass(0, ether('01', '02')).map((out) => out.length)).toEqual([0, 0, 1])
    ports[1].speak(ether('02', '01'))
    expect(lan.stations().map(({ mac }) => mac)).toEqual(['02:00:00:00:00:01'])
    lan.plug(new Mouth('p3'))
    expect(lan.ports().map(({ port }) => port)).toEqual(['p0', 'p3', 'p2'])
  })

  it('refuses a port twice, one of another medium, one it does not have, and VLANs where it has none', () => {
    const { lan, ports } = bench(three)
    expect(() => lan.plug(ports[0])).toThrow('plugged into switch lan already')
    expect(() => lan.plug(new Mouth('tun0', 'ip'))).toThrow('bare IP packets')
    expect(() => lan.unplug(new Mouth('x'))).toThrow('not plugged into switch lan')
    expect(() => lan.plug(new Mouth('x'), { mode: 'access', vlan: 2 })).toThrow('has no VLANs')
  })

  it('is saved and loaded', () => {
    const { lan, pass } = bench(three)
    pass(1, ether('02', '01'))
    const again = bench(three)
    again.lan.load(lan.save())
    expect(again.lan.stations()).toEqual(lan.stations())
    expect(again.lan.ports()).toEqual(lan.ports())
    expect(again.pass(0, ether('01', '02')).map((out) => out.length)).toEqual([0, 1, 0])
  })
})

const access = (vlan: number): VlanMode => ({ mode: 'access', vlan })

describe('VLANs', () => {
  const plain = ether('01', 'ff', '0800', 'aa')
  const plainHex = hex(plain.bytes)
  const tagged10 = hex(ether('01', 'ff', '8100', '000a0800aa').bytes)

  it('keep access ports of different VLANs apart, and an unnamed port is in VLAN 1', () => {
    const { pass } = bench([access(10), access(10), access(20), undefined], true)
    expect(pass(0, ether('01', 'ff', '0800', 'aa'))).toEqual([[], [plainHex], [], []])
    expect(pass(3, ether('01', 'ff', '0800', 'aa'))).toEqual([[], [], [], []])
  })

  it('are tagged on a trunk, and untagged again', () => {
    const { pass } = bench([access(10), { mode: 'trunk' }, access(10)])
    expect(pass(0, ether('01', 'ff', '0800', 'aa'))).toEqual([[], [tagged10], [plainHex]])
    expect(pass(1, ether('01', 'ff', '8100', '000a0800aa'))).toEqual([[plainHex], [], [plainHex]])
  })

  it('pass between trunks as they are, priority and all', () => {
    const { pass } = bench([{ mode: 'trunk' }, { mode: 'trunk' }])
    expect(pass(0, ether('01', 'ff', '8100', 'e00a0800aa'))[1]).toEqual([hex(ether('01', 'ff', '8100', 'e00a0800aa').bytes)])
  })

  it('go untagged over a trunk whose native one they are', () => {
    const { pass } = bench([access(10), { mode: 'trunk', native: 10 }, { mode: 'trunk', native: 1 }])
    expect(pass(0, ether('01', 'ff', '0800', 'aa'))).toEqual([[], [plainHex], [tagged10]])
    expect(pass(1, ether('01', 'ff', '0800', 'aa'))).toEqual([[plainHex], [], [tagged10]])
  })

  it('are kept off a trunk that does not allow them, both ways', () => {
    const { lan, pass } = bench([access(10), { mode: 'trunk', allowed: [20, 30] }])
    expect(pass(0, ether('01', 'ff', '0800', 'aa'))[1]).toEqual([])
    expect(pass(1, ether('02', 'ff', '8100', '000a0800aa'))[0]).toEqual([])
    expect(lan.ports()[1].counters.droppedVlan).toBe(1)
  })

  it('do not come in untagged where no native one is, nor tagged through an access port', () => {
    const { lan, pass } = bench([access(10), { mode: 'trunk' }])
    expect(pass(1, ether('01', 'ff', '0800', 'aa'))[0]).toEqual([])
    expect(pass(0, ether('01', 'ff', '8100', '00140800aa'))[1]).toEqual([])
    expect(lan.ports().map(({ counters }) => counters.droppedVlan)).toEqual([1, 1])
  })

  it('take a priority tag as no VLAN', () => {
    const { pass } = bench([access(10), { mode: 'trunk' }, access(10)])
    expect(pass(0, ether('01', 'ff', '8100', 'a0000800aa'))).toEqual([[], [hex(ether('01', 'ff', '8100', 'a00a0800aa').bytes)], [plainHex]])
  })

  it('have tables of their own', () => {
    const { lan, pass } = bench([access(10), access(20), access(10), access(20)])
    pass(0, ether('01', '09'))
    pass(1, ether('01', '09'))
    expect(pass(2, ether('02', '01')).map((out) => out.length)).toEqual([1, 0, 0, 0])
    expect(lan.stations().map(({ vlan, port }) => [vlan, port])).toEqual([[10, 'p0'], [10, 'p2'], [20, 'p1']])
  })

  it('move what is owed to a frame with its headers', () => {
    const { ports } = bench([access(10), { mode: 'trunk' }])
    ports[0].speak({ ...ether('01', 'ff', '0800', 'aa'), offload: { checksum: { start: 34, offset: 16 }, segmentation: 'tcp4', segmentSize: 1460, headerLength: 54 } })
    expect(ports[1].sent[0].offload).toEqual({ checksum: { start: 38, offset: 16 }, segmentation: 'tcp4', segmentSize: 1460, headerLength: 58 })
  })

  it('of a port can be changed', () => {
    const { lan, ports, pass } = bench([access(10), access(20)])
    lan.configure(ports[1], access(10))
    expect(pass(0, ether('01', 'ff', '0800', 'aa'))[1]).toEqual([plainHex])
  })

  it.each([0, 4095, 1.5])('refuse %d', (vlan) => {
    expect(() => bench([access(vlan)])).toThrow('not one of 1 to 4094')
  })
})
