/** Every format, through the pretty-printer: a parser returns or throws Malformed, and what the printer makes of it is text. `NETLOOM_FUZZ_ROUNDS` for longer runs. */
import { describe, expect, it } from 'vitest'
import { hex } from '../../src/base/bytes.ts'
import { Malformed } from '../../src/base/errors.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { dissect, line, tree } from '../../src/wire/dissect.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as pcapng from '../../src/wire/pcapng.ts'
import * as tcp from '../../src/wire/tcp.ts'
import { mutate, seeds, segment } from './frames.ts'

const rounds = Number(process.env['NETLOOM_FUZZ_ROUNDS'] ?? 6000)

describe('fuzz', () => {
  it('has seeds that mean something', () => {
    for (const seed of seeds) expect(line(seed)).not.toContain('MALFORMED')
  })

  it('finds no frame that makes a parser throw anything but Malformed', () => {
    const random = new SeededRandom('fuzz dissect')
    for (let round = 0; round < rounds; round++) {
      const bytes = round % 10 === 0 ? random.bytes(random.below(200)) : mutate(random, seeds[round % seeds.length])
      try {
        expect(dissect(bytes).length).toBeLessThanOrEqual(16)
        if (round % 4 === 0) tree(bytes)
        line(bytes.subarray(Math.min(14, bytes.length)), 'ip')
      } catch (error) {
        throw new Error(`round ${round}: ${hex(bytes)}`, { cause: error })
      }
    }
  })

  it('finds no torn frame that does', () => {
    for (const seed of seeds) for (let length = 0; length < seed.length; length++) line(seed.subarray(0, length))
  })

  it('finds no capture file that makes the reader throw anything but Malformed', () => {
    const random = new SeededRandom('fuzz pcapng')
    const file = pcapng.build({
      application: 'fuzz',
      interfaces: [{ name: 'eth0', linkType: 1 }],
      packets: seeds.slice(0, 2).map((bytes, time) => ({ interface: 0, time, flags: 1, comment: 'x', bytes, originalLength: bytes.length })),
    })
    for (let round = 0; round < rounds / 2; round++) {
      const bytes = mutate(random, file)
      try {
        pcapng.parse(bytes)
      } catch (error) {
        if (!(error instanceof Malformed)) throw new Error(`round ${round}: ${hex(bytes)}`, { cause: error })
      }
    }
  })

  it('finds no segment, datagram or packet that is read and then built otherwise', () => {
    const random = new SeededRandom('fuzz round trip')
    for (let round = 0; round < rounds / 4; round++) {
      const bytes = ipv4.build({
        dscp: random.below(64), ecn: random.below(4), identification: random.below(65_536), dontFragment: random.below(2) === 0, moreFragments: random.below(2) === 0, ttl: random.below(256),
        fragmentOffset: random.below(100) * 8, protocol: random.below(256), source: random.below(2 ** 32), destination: random.below(2 ** 32), options: random.bytes(random.below(11) * 4), payload: random.bytes(random.below(50)),
      })
      expect(hex(ipv4.build(ipv4.parse(bytes)))).toBe(hex(bytes))
      const sum = random.below(65_536)
      const sent = tcp.build({ ...segment, flags: random.below(256), sequence: random.below(2 ** 32), options: random.bytes(random.below(11) * 4), payload: random.bytes(random.below(50)) }, sum)
      expect(tcp.parse(sent, sum).checksum).toBe('right')
      expect(hex(tcp.build(tcp.parse(sent), sum))).toBe(hex(sent))
    }
  })
})
