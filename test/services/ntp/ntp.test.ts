import { describe, expect, it } from 'vitest'
import { hex, unhex } from '../../../src/base/bytes.ts'
import { milliseconds } from '../../../src/base/time.ts'
import * as wire from '../../../src/wire/ntp.ts'
import { ntp } from '../../../services/ntp/ntp.ts'
import { serviceBench } from '../bench.ts'

/** busybox's ntpd: a random number for its transmit time. */
const request = unhex('23000000 00000000 00000000 00000000 0000000000000000 0000000000000000 0000000000000000 0123456789abcdef')

function world(config: unknown = {}): { ask: (bytes: Uint8Array) => Uint8Array | undefined; lan: ReturnType<typeof serviceBench> } {
  const lan = serviceBench(ntp, config)
  lan.meet()
  const ask = (bytes: Uint8Array): Uint8Array | undefined => {
    lan.say(bytes, { port: 123 }, { port: 123 })
    return lan.heard()[0]?.datagram.payload
  }
  return { ask, lan }
}

describe('ntp', () => {
  it('tells virtual time, byte for byte', () => {
    const { ask, lan } = world()
    lan.wait(milliseconds(7250))
    expect(hex(ask(request) as Uint8Array)).toBe(hex(unhex(`
      24 01 04 e2
      00000000 00000001 4e45544c
      ed003787 00000000
      0123456789abcdef
      ed003787 40000000
      ed003787 40000000`)))
    expect(wire.format(wire.parse(ask(request) as Uint8Array))).toContain('2026-01-01 00:00:07.250000000')
  })

  it('answers every version in its own, and a symmetric peer', () => {
    const { ask } = world()
    for (const [first, expected] of [[0x1b, 0x1c], [0x0b, 0x0c], [0x08, 0x0c], [0x21, 0x22]]) expect(ask(request.with(0, first))?.[0]).toBe(expected)
  })

  it.each([['a server', 0x24], ['a broadcast', 0x25], ['control messages', 0x26], ['monlist', 0x17], ['version 5', 0x2b], ['version 0', 0x03]])('is silent to %s', (_, first) => {
    expect(world().ask(request.with(0, first))).toBeUndefined()
  })

  it('is silent to a short packet, and counts its clients', () => {
    const { ask, lan } = world()
    expect(ask(request.subarray(0, 47))).toBeUndefined()
    ask(request)
    ask(request)
    expect(lan.service.inspect?.()).toEqual({ clients: [{ client: '10.0.0.100', asked: 2 }], counters: [{ malformed: 1 }] })
    expect(lan.log.take()).toEqual(['info ntp.client: 10.0.0.100 asks for the time'])
  })

  it('starts where the lab file says', () => {
    const told = (config: unknown): string => wire.formatStamp(wire.parse(world(config).ask(request) as Uint8Array).transmitTime)
    expect(told({ epoch: '2040-02-29T12:34:56Z' })).toBe('2040-02-29 12:34:56.000000000')
    expect(told({ epoch: '1999-12-31' })).toBe('1999-12-31 00:00:00.000000000')
    expect(wire.parse(world({ stratum: 3 }).ask(request) as Uint8Array)).toMatchObject({ stratum: 3, reference: 0x7f7f0100 })
  })

  it.each([['tomorrow'], ['2026-02-29'], ['2026-01-01T24:00:00Z'], ['1969-01-01']])('refuses the epoch %s', (epoch) => {
    expect(() => ntp.parse({ epoch })).toThrow(expect.objectContaining({ path: ['epoch'] }))
  })
})
