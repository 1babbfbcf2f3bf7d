import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import { TelnetStream } from '../../../src/host/serial/telnet-stream.ts'

function side(ours: number[] = [0, 1, 3, 44], theirs: number[] = [0, 3, 44]): { stream: TelnetStream; sent: number[]; subs: [number, number[]][]; enabled: string[]; breaks: () => number } {
  const sent: number[] = []
  const subs: [number, number[]][] = []
  const enabled: string[] = []
  let breaks = 0
  const stream = new TelnetStream({ ours, theirs, send: (bytes) => sent.push(...bytes), enabled: (option, who) => enabled.push(`${who} ${option}`), subnegotiation: (option, bytes) => subs.push([option, [...bytes]]), break: () => breaks++ })
  return { stream, sent, subs, enabled, breaks: () => breaks }
}

describe('telnet', () => {
  it('takes an offer of what it wants once, and refuses what it does not know', () => {
    const { stream, sent, enabled } = side()
    expect(stream.receive(Uint8Array.of(0x61, 255, 251, 0, 255, 251, 0, 255, 253, 31, 255, 251, 24, 0x62))).toEqual(latin1('ab'))
    // DO BINARY; WONT NAWS; DONT TERMINAL-TYPE.
    expect(sent).toEqual([255, 253, 0, 255, 252, 31, 255, 254, 24])
    expect(enabled).toEqual(['theirs 0'])
  })

  it('does not answer the answer to its own question', () => {
    const { stream, sent, enabled } = side()
    stream.ask(1, 'ours')
    stream.ask(1, 'ours')
    expect(sent.splice(0)).toEqual([255, 251, 1])
    stream.receive(Uint8Array.of(255, 253, 1))
    expect(sent).toEqual([])
    expect(enabled).toEqual(['ours 1'])
    stream.receive(Uint8Array.of(255, 254, 1, 255, 254, 1))
    expect(sent).toEqual([255, 252, 1])
  })

  it('makes a line’s end of the net a return, and binary bytes what they are', () => {
    const { stream } = side()
    expect([...stream.receive(Uint8Array.of(0x61, 13, 0, 0x62, 13, 10, 13, 0x63, 255, 255))]).toEqual([0x61, 13, 0x62, 13, 13, 0x63, 255])
    stream.receive(Uint8Array.of(255, 251, 0))
    expect([...stream.receive(Uint8Array.of(13, 0, 13, 10))]).toEqual([13, 0, 13, 10])
  })

  it('doubles IAC, and pads a bare return unless the line is binary', () => {
    const { stream } = side()
    expect([...stream.encode(Uint8Array.of(255, 13, 10, 13, 0x61))]).toEqual([255, 255, 13, 10, 13, 0, 0x61])
    stream.receive(Uint8Array.of(255, 253, 0))
    expect([...stream.encode(Uint8Array.of(255, 13, 0x61))]).toEqual([255, 255, 13, 0x61])
  })

  it('hears breaks and subnegotiations cut anywhere, with IAC doubled in them, and no endless ones', () => {
    const { stream, subs, breaks, sent } = side()
    for (const byte of [255, 243, 255, 250, 44, 1, 0, 255, 255, 0, 1, 255, 240]) stream.receive(Uint8Array.of(byte))
    expect(breaks()).toBe(1)
    expect(subs).toEqual([[44, [1, 0, 255, 0, 1]]])
    stream.receive(Uint8Array.of(255, 250, 44, ...new Uint8Array(5000).fill(7), 255, 240))
    expect(subs).toHaveLength(1)
    stream.receive(Uint8Array.of(255, 246))
    expect(String.fromCharCode(...sent)).toBe('\r\n[yes]\r\n')
  })

  it('throws at nothing, and gives back what another side encodes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 100 }), (noise, data) => {
      const { stream, sent } = side()
      const before = stream.receive(noise)
      if (before.length > noise.length || sent.length > 12 * noise.length) return false
      const far = side().stream
      const near = side().stream
      // Without the binary option a line's end is a return, so only other bytes come back as they were.
      const plain = data.filter((byte) => byte !== 13 && byte !== 10)
      const back = far.receive(near.encode(plain))
      return back.length === plain.length && back.every((byte, at) => byte === plain[at])
    }), { seed: 7, numRuns: 2000 })
  })
})
