import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ComPortClient, ComPortServer, type ComPortTraits } from '../../../src/host/serial/com-port.ts'

function traits(): { traits: ComPortTraits; told: string[] } {
  const told: string[] = []
  return {
    told,
    traits: {
      settings: () => ({ rateBps: 115200, dataBits: 8, parity: 'none', stopBits: 1 }),
      outputs: () => 0x03,
      send: (command, bytes) => told.push([command, ...bytes].join(' ')),
      raise: (inputs) => told.push(`raise ${inputs.toString(16)}`),
      break: () => told.push('break'),
      suspend: (suspended) => told.push(suspended ? 'suspend' : 'resume'),
    },
  }
}

describe('RFC 2217, as a server', () => {
  it.each([
    ['says who it is', [0], ['100 110 101 116 108 111 111 109']],
    ['says the guest’s rate', [1, 0, 0, 0, 0], ['101 0 1 194 0']],
    ['takes a rate', [1, 0, 0, 0x25, 0x80], ['101 0 0 37 128']],
    ['says data bits, parity and stop bits', [2, 0], ['102 8']],
    ['takes seven bits', [2, 7], ['102 7']],
    ['keeps what it has where it is asked for what there is not', [2, 9], ['102 8']],
    ['says no parity', [3, 0], ['103 1']],
    ['says one stop bit', [4, 0], ['104 1']],
    ['lowers DTR, which is the guest’s DSR and DCD', [5, 9], ['raise 10', '105 9']],
    ['lowers RTS, which is the guest’s CTS', [5, 12], ['raise a0', '105 12']],
    ['says that DTR is up', [5, 7], ['105 8']],
    ['breaks', [5, 5], ['break', '105 5']],
    ['takes hardware flow control', [5, 3], ['105 3']],
    ['has no inbound flow control', [5, 16], ['105 14']],
    ['waits', [8], ['suspend']],
    ['goes on', [9], ['resume']],
    ['purges nothing, and says so', [12, 3], ['112 3']],
    ['ignores what is cut short', [1, 0, 1], []],
    ['ignores what it does not know', [99, 1], []],
  ])('%s', (_, bytes, expected) => {
    const { traits: of, told } = traits()
    new ComPortServer(of).receive(Uint8Array.from(bytes))
    expect(told).toEqual(expected)
  })

  it('tells the guest’s lines at first and when they change, and a break to whom asks for it', () => {
    const { traits: of, told } = traits()
    const server = new ComPortServer(of)
    server.begin()
    server.changed(0x01)
    server.changed(0x41)
    server.receive(Uint8Array.of(10, 0x10))
    server.changed(0x41)
    expect(told).toEqual(['107 176', '107 161', '110 16', '106 16'])
  })

  it('throws at nothing', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 30 }), (all) => {
      const { traits: of } = traits()
      const [server, client] = [new ComPortServer(of), new ComPortClient(of)]
      for (const bytes of all) {
        server.receive(bytes)
        client.receive(bytes)
      }
    }), { seed: 7, numRuns: 2000 })
  })
})

describe('RFC 2217, as a client', () => {
  it('sets the other port as the guest has set its own, and passes its lines on', () => {
    const { traits: of, told } = traits()
    const client = new ComPortClient(of)
    client.begin()
    expect(told.splice(0)).toEqual(['1 0 1 194 0', '2 8', '3 1', '4 1', '11 255', '5 8', '5 11', '5 6'])
    client.changed(0x41)
    expect(told.splice(0)).toEqual(['5 8', '5 12', '5 5'])
    client.receive(Uint8Array.of(107, 0xb1))
    client.receive(Uint8Array.of(106, 0x10))
    expect(told).toEqual(['raise b0', 'break'])
  })
})
