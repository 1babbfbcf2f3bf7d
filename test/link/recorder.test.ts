import { describe, expect, it } from 'vitest'
import { concat, hex, unhex } from '../../src/base/bytes.ts'
import { Recorder } from '../../src/link/recorder.ts'
import type { RecorderPlan } from '../../src/link/recorder.ts'
import { packetFlags } from '../../src/wire/pcapng-blocks.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as pcapng from '../../src/wire/pcapng.ts'
import * as tcp from '../../src/wire/tcp.ts'
import { frameOf, until } from './ears.ts'

function bench(plan: Partial<RecorderPlan> = {}) {
  const parts: Uint8Array[] = []
  const recorder = new Recorder({ append: (bytes) => parts.push(bytes.slice()), ...plan })
  return { recorder, file: () => pcapng.parse(concat(...parts)), parts }
}

const stamps = ({ packets }: pcapng.Capture): string[] => packets.map(({ time, interface: number, bytes }) => `${time} ${number} ${hex(bytes)}`)

describe('a recorder', () => {
  it('writes interfaces with names and packets with directions', () => {
    const { recorder, file } = bench({ application: 'test' })
    const lan = recorder.interface('node1:eth0', 'ethernet')
    const tun = recorder.interface('tun0', 'ip')
    recorder.record(lan, until(5), 'out', frameOf(unhex('0102')), 'said')
    recorder.record(tun, until(7), 'in', frameOf(unhex('03')))
    recorder.close()
    expect(file()).toEqual({
      application: 'test',
      interfaces: [{ name: 'node1:eth0', linkType: 1 }, { name: 'tun0', linkType: 101 }],
      packets: [
        { interface: 0, time: 5, flags: packetFlags.out, comment: 'said', bytes: unhex('0102'), originalLength: 2 },
        { interface: 1, time: 7, flags: packetFlags.in, comment: undefined, bytes: unhex('03'), originalLength: 1 },
      ],
    })
  })

  it('orders by time, then interface, then as recorded, and holds back what is not settled', () => {
    const { recorder, file } = bench()
    const [a, b] = [recorder.interface('a', 'ethernet'), recorder.interface('b', 'ethernet')]
    recorder.record(b, until(10), 'out', frameOf(unhex('b1')))
    recorder.record(b, until(10), 'out', frameOf(unhex('b2')))
    recorder.record(b, until(30), 'out', frameOf(unhex('b3')))
    recorder.record(a, until(10), 'out', frameOf(unhex('a1')))
    recorder.record(a, until(20), 'out', frameOf(unhex('a2')))
    recorder.settle(until(20))
    expect(stamps(file())).toEqual(['10 0 a1', '10 1 b1', '10 1 b2'])
    recorder.record(a, until(25), 'out', frameOf(unhex('a3')))
    recorder.settle(until(20))
    expect(file().packets.length).toBe(3)
    recorder.close()
    expect(stamps(file()).slice(3)).toEqual(['20 0 a2', '25 0 a3', '30 1 b3'])
  })

  it('makes the same file whichever island ran first', () => {
    const files = [false, true].map((turned) => {
      const { recorder, file } = bench()
      const ports = [recorder.interface('a', 'ethernet'), recorder.interface('b', 'ethernet')]
      for (let slice = 0; slice < 10; slice++) {
        for (const port of turned ? ports.toReversed() : ports) {
          for (let at = 0; at < 10; at++) recorder.record(port, until(slice * 100 + at * 7), 'out', frameOf(Uint8Array.of(port, slice, at)))
        }
        recorder.settle(until((slice + 1) * 100))
      }
      recorder.close()
      return file()
    })
    expect(files[0].packets.length).toBe(200)
    expect(files[0]).toEqual(files[1])
  })

  it('copies what it records', () => {
    const { recorder, file } = bench()
    const frame = frameOf(unhex('0102'))
    recorder.record(recorder.interface('a', 'ethernet'), until(0), 'in', frame)
    frame.bytes.fill(0xa5)
    recorder.close()
    expect(hex(file().packets[0].bytes)).toBe('0102')
  })

  it('writes by itself when too much waits, and grows for large frames until then', () => {
    const { recorder, file } = bench({ pendingLimitBytes: 1024 * 1024 })
    const port = recorder.interface('a', 'ethernet')
    for (let at = 0; at < 40; at++) recorder.record(port, until(at), 'in', frameOf(new Uint8Array(65_000)))
    expect(file().packets.length).toBeGreaterThan(10)
    recorder.close()
    expect(file().packets.map(({ time }) => time)).toEqual(Array.from({ length: 40 }, (_, at) => at))
  })

  it('cuts a frame beyond the snap length and says how long it was', () => {
    const { recorder, file } = bench()
    recorder.record(recorder.interface('a', 'ethernet'), until(0), 'in', frameOf(new Uint8Array(300_000)))
    recorder.close()
    expect(file().packets[0]).toMatchObject({ originalLength: 300_000, bytes: { length: 262_144 } })
  })

  it('describes an interface that comes late, and one that stays silent', () => {
    const { recorder, file } = bench()
    recorder.record(recorder.interface('a', 'ethernet'), until(0), 'in', frameOf(unhex('01')))
    recorder.settle(until(10))
    recorder.record(recorder.interface('b', 'ethernet'), until(20), 'in', frameOf(unhex('02')))
    recorder.interface('c', 'ethernet')
    recorder.close()
    expect(file().interfaces.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  const segment = { sourcePort: 1, destinationPort: 2, sequence: 1, acknowledgment: 1, flags: 16, window: 1, urgentPointer: 0, options: new Uint8Array(0), payload: new Uint8Array(2500) }
  const superFrame = {
    bytes: ipv4.build({ protocol: 6, source: 1, destination: 2, payload: tcp.build(segment, 0) }),
    offload: { checksum: { start: 20, offset: 16 }, segmentation: 'tcp4', segmentSize: 1000, headerLength: 40 },
  } as const

  it('keeps a super-frame whole and says what is owed', () => {
    const { recorder, file } = bench()
    recorder.record(recorder.interface('tun0', 'ip'), until(0), 'in', superFrame)
    recorder.close()
    expect(file().packets).toMatchObject([{ flags: packetFlags.in | packetFlags.checksumOwed | packetFlags.segmentationOwed, originalLength: 2540 }])
  })

  it('cuts it when asked for what a wire would carry, and leaves the frame alone', () => {
    const { recorder, file } = bench({ onTheWire: true })
    const before = hex(superFrame.bytes)
    recorder.record(recorder.interface('tun0', 'ip'), until(0), 'in', superFrame)
    recorder.close()
    expect(file().packets.map(({ flags, bytes }) => [flags, bytes.length])).toEqual([[packetFlags.in, 1040], [packetFlags.in, 1040], [packetFlags.in, 540]])
    expect(hex(superFrame.bytes)).toBe(before)
  })
})
