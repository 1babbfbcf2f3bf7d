import { describe, expect, it } from 'vitest'
import { Hub } from '../../src/link/hub.ts'
import { ether, Mouth } from './ears.ts'

describe('a hub', () => {
  it('repeats to all others, known or not, with bytes of their own', () => {
    const hub = new Hub('hub')
    const ports = [new Mouth('a'), new Mouth('b'), new Mouth('c')]
    for (const port of ports) hub.plug(port)
    ports[1].speak(ether('02', '01'))
    ports[0].speak(ether('01', '02'))
    expect(ports.map(({ sent }) => sent.length)).toEqual([1, 1, 2])
    expect(ports[1].sent[0].bytes).not.toBe(ports[2].sent[1].bytes)
    expect(ports[1].sent[0].bytes).toEqual(ports[2].sent[1].bytes)
  })

  it('hears an unplugged port no more', () => {
    const hub = new Hub('hub')
    const ports = [new Mouth('a'), new Mouth('b')]
    for (const port of ports) hub.plug(port)
    hub.unplug(ports[1])
    ports[0].speak(ether('01', 'ff'))
    ports[1].speak(ether('01', 'ff'))
    expect(ports.map(({ sent }) => sent.length)).toEqual([0, 0])
  })

  it('refuses a port of another medium', () => {
    expect(() => new Hub('hub').plug(new Mouth('tun0', 'ip'))).toThrow('it carries ip, not ethernet')
  })
})
