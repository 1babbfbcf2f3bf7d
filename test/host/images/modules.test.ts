import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { Malformed } from '../../../src/base/errors.ts'
import { loadOrder, moduleDepends, moduleName } from '../../../src/host/images/modules.ts'
import { moduleOf } from './fixtures.ts'

describe('kernel modules', () => {
  it('go by names in which - and _ are the same', () => {
    expect(moduleName('usr/lib/modules/6.12/kernel/sound/snd-dummy.ko.xz')).toBe('snd_dummy')
    expect(moduleName('virtio_net')).toBe('virtio_net')
  })

  it('say what they depend on', () => {
    expect(moduleDepends(moduleOf('net_failover'))).toEqual(['net_failover'])
    expect(moduleDepends(moduleOf('snd-pcm,snd'))).toEqual(['snd_pcm', 'snd'])
    expect(moduleDepends(moduleOf(''))).toEqual([])
  })

  it('are refused when they are no modules', () => {
    for (const bytes of [utf8('x'), new Uint8Array(64), moduleOf('x').subarray(0, 90)]) expect(() => moduleDepends(bytes)).toThrow(Malformed)
  })

  it('load after what they need, once each, and a circle ends', () => {
    const needs: Record<string, string[]> = { net: ['net_failover'], net_failover: ['failover'], failover: [], blk: [], a: ['b'], b: ['a'] }
    expect(loadOrder(['net', 'blk', 'failover', 'a'], (name) => needs[name])).toEqual(['failover', 'net_failover', 'net', 'blk', 'b', 'a'])
  })
})
