import { describe, expect, it } from 'vitest'
import { unhex } from '../../src/base/bytes.ts'
import { Egress } from '../../src/link/egress.ts'
import type { Frame } from '../../src/link/port.ts'
import { takesNothing } from '../../src/link/settle.ts'
import * as ipv4 from '../../src/wire/ipv4.ts'
import * as tcp from '../../src/wire/tcp.ts'
import { Mouth } from './ears.ts'

function superFrame(): Frame {
  const segment = { sourcePort: 1, destinationPort: 2, sequence: 1, acknowledgment: 1, flags: 16, window: 1, urgentPointer: 0, options: new Uint8Array(0), payload: new Uint8Array(2500) }
  const bytes = ipv4.build({ protocol: 6, source: 1, destination: 2, payload: tcp.build(segment, 0) })
  return { bytes, offload: { checksum: { start: 20, offset: 16 }, segmentation: 'tcp4', segmentSize: 1000, headerLength: 40 } }
}

describe('egress', () => {
  it('hands its port only what it takes, and counts nonsense', () => {
    const mouth = new Mouth('tun', 'ip')
    const egress = new Egress(mouth, takesNothing)
    egress.send(superFrame())
    egress.send({ bytes: unhex('45'), offload: { checksum: undefined, segmentation: 'tcp4', segmentSize: 1, headerLength: 0 } })
    expect(mouth.sent.map(({ bytes }) => bytes.length)).toEqual([1040, 1040, 540])
    expect(egress.dropped).toBe(1)
  })

  it('lets what comes in pass', () => {
    const mouth = new Mouth('tun', 'ip')
    const heard: Frame[] = []
    new Egress(mouth, takesNothing).listen({ receive: (frame) => heard.push(frame) })
    const frame = superFrame()
    mouth.speak(frame)
    expect(heard[0]).toBe(frame)
  })
})
