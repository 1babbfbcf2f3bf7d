import { describe, expect, it } from 'vitest'
import { Wire } from '../../src/link/wire.ts'
import { ether, Mouth } from './ears.ts'

describe('a wire', () => {
  it('joins two ports, the very frame', () => {
    const wire = new Wire('wire')
    const ports = [new Mouth('a'), new Mouth('b')]
    for (const port of ports) wire.plug(port)
    const frame = ether('01', '02')
    ports[0].speak(frame)
    ports[1].speak(frame)
    expect(ports.map(({ sent }) => sent)).toEqual([[frame], [frame]])
    expect(ports[1].sent[0]).toBe(frame)
  })

  it('goes nowhere with one end, and takes another when one is unplugged', () => {
    const wire = new Wire('wire', 'ip')
    const ports = ['a', 'b', 'c'].map((name) => new Mouth(name, 'ip'))
    wire.plug(ports[0])
    ports[0].speak(ether('01', '02'))
    wire.plug(ports[1])
    expect(() => wire.plug(ports[2])).toThrow('c would be a third')
    wire.unplug(ports[1])
    wire.plug(ports[2])
    ports[0].speak(ether('01', '02'))
    expect(ports.map(({ sent }) => sent.length)).toEqual([0, 0, 1])
  })
})
