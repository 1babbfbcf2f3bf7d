import { describe, expect, it } from 'vitest'
import { fromLatin1, latin1 } from '../../../src/base/bytes.ts'
import { Outflow } from '../../../src/host/serial/outflow.ts'

function outflow(full: 'block' | 'drop-oldest'): { flow: Outflow; written: () => string; holds: boolean[]; take: () => void } {
  let text = ''
  const holds: boolean[] = []
  const flow = new Outflow({ bufferBytes: 8, full, write: (bytes) => ((text += fromLatin1(bytes)), false), hold: (held) => holds.push(held) })
  return { flow, written: () => text, holds, take: () => flow.ready() }
}

describe('what waits for a slow reader', () => {
  it('goes out as it comes while there is room', () => {
    const { flow, written, take } = outflow('drop-oldest')
    flow.push(latin1('ab'))
    flow.push(latin1('cd'))
    expect(written()).toBe('ab')
    take()
    expect(written()).toBe('abcd')
    expect([flow.length, flow.dropped]).toEqual([0, 0])
  })

  it('drop-oldest: loses the oldest, and never has more than its bound', () => {
    const { flow, written, holds, take } = outflow('drop-oldest')
    flow.push(latin1('<'))
    for (const char of '0123456789abcdef') {
      flow.push(latin1(char))
      expect(flow.length).toBeLessThanOrEqual(8)
    }
    for (let times = 0; times < 10; times++) take()
    expect(written()).toBe('<89abcdef')
    expect([flow.dropped, holds]).toEqual([8, []])
  })

  it('block: makes the guest wait when it is full, and lets it go on at half', () => {
    const { flow, holds, take, written } = outflow('block')
    flow.push(latin1('<'))
    for (const char of '01234567') flow.push(latin1(char))
    expect(holds).toEqual([true])
    for (let times = 0; times < 3; times++) take()
    expect(holds).toEqual([true])
    take()
    expect(holds).toEqual([true, false])
    for (let times = 0; times < 9; times++) take()
    expect(written()).toBe('<01234567')
  })

  it('block: a guest that is not held by its port has its bound, too; and nobody waits for who is gone', () => {
    const { flow, holds } = outflow('block')
    flow.push(new Uint8Array(1))
    flow.push(new Uint8Array(500))
    expect([flow.length, flow.dropped]).toEqual([32, 468])
    flow.close()
    expect(holds).toEqual([true, false])
  })
})
