import { createHash, createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hex, latin1, unhex } from '../../src/base/bytes.ts'
import { HmacKey, sha256 } from '../../src/base/sha256.ts'

describe('SHA-256', () => {
  it('gives the standard’s own examples', () => {
    expect(hex(sha256(latin1('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(hex(sha256(latin1('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')))).toBe('248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1')
  })

  it('agrees with the host for every length around a block', () => {
    for (let length = 0; length < 200; length++) {
      const message = Uint8Array.from({ length }, (_, at) => at * 7 + length)
      expect(hex(sha256(message))).toBe(createHash('sha256').update(message).digest('hex'))
    }
  })
})

describe('HMAC', () => {
  it('gives RFC 4231’s test case 2', () => {
    expect(hex(new HmacKey(latin1('Jefe')).sign(latin1('what do ya want for nothing?')))).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  })

  it('takes keys of any length, and the same key again and again', () => {
    for (const length of [0, 1, 63, 64, 65, 200]) {
      const key = new Uint8Array(length).fill(0xaa)
      const ours = new HmacKey(key)
      for (const message of [unhex(''), unhex('00'), new Uint8Array(150).fill(0xdd)]) expect(hex(ours.sign(message))).toBe(createHmac('sha256', key).update(message).digest('hex'))
    }
  })
})
