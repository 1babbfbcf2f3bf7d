import { describe, expect, it } from 'vitest'
import { latin1, utf8 } from '../../src/base/bytes.ts'
import type { Instant } from '../../src/base/time.ts'
import { TextWatch, Transcript } from '../../src/lab/transcript.ts'

const now = 0 as Instant

describe('a transcript', () => {
  it('keeps what was said, and tells who listens', () => {
    const transcript = new Transcript('a')
    const heard: string[] = []
    const stop = transcript.listen((bytes, time) => heard.push(`${time} ${bytes.length}`))
    transcript.hear(latin1('one'), 5 as Instant)
    stop()
    transcript.hear(latin1('two'), 6 as Instant)
    expect([transcript.text, transcript.total, heard]).toEqual(['onetwo', 6, ['5 3']])
  })

  it('of a guest that prints for ever stays bounded, and keeps the newest', () => {
    const transcript = new Transcript('a')
    const line = new Uint8Array(10_000).fill(0x78)
    for (let round = 0; round < 500; round++) transcript.hear(line, now)
    transcript.hear(latin1('end'), now)
    expect(transcript.bytes.length).toBeLessThanOrEqual(1 << 20)
    expect([transcript.total, transcript.text.slice(-4)]).toEqual([5_000_003, 'xend'])
  })

  it('takes a piece that is larger than all it keeps', () => {
    const transcript = new Transcript('a')
    transcript.hear(new Uint8Array(100), now)
    transcript.hear(new Uint8Array(3 << 20).fill(0x61), now)
    transcript.hear(latin1('z'), now)
    expect(transcript.text.slice(-2)).toBe('az')
  })
})

const seen = (text: string, ...pieces: string[]): boolean[] => {
  const watch = new TextWatch(text)
  return pieces.map((piece) => watch.feed(utf8(piece)))
}

describe('a watch for a text', () => {
  it('sees it across pieces', () => expect(seen('login:', 'debian lo', 'gi', 'n: ', 'x')).toEqual([false, false, true, false]))
  it('sees it through colours and carriage returns', () => expect(seen('ok go', '\x1b[1;32mo\x1b[0mk\r go')).toEqual([true]))
  it('does not see what was never in one piece', () => expect(seen('ab', 'a', '-b')).toEqual([false, false]))
  it('sees a single letter, and letters beyond ASCII', () => expect([...seen('x', 'a', 'x'), ...seen('größe', 'die größ', 'e')]).toEqual([false, true, false, true]))
  it('is not blinded by an escape that never ends', () => expect(seen('z', `\x1b[${'1'.repeat(100)}`, 'z')).toEqual([false, true]))
})
