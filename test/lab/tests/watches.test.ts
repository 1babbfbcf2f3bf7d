import { describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/bytes.ts'
import type { Instant } from '../../../src/base/time.ts'
import { booted } from '../../../src/lab/booted.ts'
import { watchConsole, watchDialogue, watchNever } from '../../../src/lab/tests/console-tests.ts'
import { PatternWatch } from '../../../src/lab/tests/pattern-watch.ts'
import { readTextPattern } from '../../../src/lab/tests/text-pattern.ts'
import type { Witnesses } from '../../../src/lab/tests/watch.ts'
import { Transcript } from '../../../src/lab/transcript.ts'

function bench() {
  const transcript = new Transcript('a')
  const decided: string[] = []
  const typed: string[] = []
  const witnesses = { transcript: () => transcript, speak: (_node: string, time: Instant, bytes: Uint8Array) => void typed.push(`${time} ${String.fromCharCode(...bytes)}`) } as unknown as Witnesses
  const say = (text: string, time = 0): void => transcript.hear(latin1(text), time as Instant)
  return { witnesses, decided, typed, say, decide: (outcome: string, time: number, message: string) => void decided.push(`${outcome} ${time} ${message}`) }
}
const seen = (pattern: string, ...pieces: string[]): boolean => {
  const watch = new PatternWatch(readTextPattern(pattern))
  return pieces.some((piece) => watch.feed(latin1(piece)) !== undefined)
}

describe('a pattern on a console', () => {
  it('is found across pieces, escape sequences and carriage returns', () => {
    expect(seen('login:', 'lo', 'g\x1b[1min', ':')).toBe(true)
    expect(seen('/^v\\d+ ready$/m', 'boot\r\nv1', '2 rea', 'dy\r\n')).toBe(true)
    expect(seen('/^ready/m', 'not ready')).toBe(false)
  })

  it('is booted at a prompt, and not before', () => {
    const found = (text: string): boolean => new PatternWatch(booted).feed(latin1(text)) !== undefined
    expect(['Debian GNU/Linux 13 node1 ttyS0\n\nnode1 login: ', 'netloom: shell ready', 'hello: fetched motd 3 bytes', 'x\n/ # '].map(found)).toEqual([true, true, true, true])
    expect(['Loading kernel', 'hello: lease 10.0.0.1', '# comment\n'].map(found)).toEqual([false, false, false])
  })
})

describe('console tests', () => {
  it('pass when it is said', () => {
    const { witnesses, decide, decided, say } = bench()
    const watch = watchConsole({ node: 'a', pattern: readTextPattern('/b+/') }, witnesses, decide)
    expect(watch.missing()).toBe('a never said /b+/')
    say('abba', 7)
    expect(decided).toEqual(['passed 7 a said "bb"'])
  })

  it('fail when it must never be said', () => {
    const { witnesses, decide, decided, say } = bench()
    expect(watchNever({ node: 'a', pattern: readTextPattern('panic') }, witnesses, decide).standing).toBe(true)
    say('Kernel panic', 9)
    expect(decided).toEqual(['failed 9 a said "panic"'])
  })

  it('answer in a dialogue in the instant in which they were asked', () => {
    const { witnesses, decide, decided, typed, say } = bench()
    const expects = (text: string) => ({ expect: readTextPattern(text) })
    const watch = watchDialogue({ node: 'a', steps: [expects('login:'), { send: 'root\n' }, expects('/# $/'), { send: 'id\n' }, expects('uid=0')] }, witnesses, decide)
    expect(watch.missing()).toBe('a never said "login:", step 1 of 5')
    say('login: ', 5)
    expect(watch.missing()).toBe('a never said /# $/, step 3 of 5')
    say('root\nwelcome\n# ', 6)
    say('uid=0(root)', 8)
    expect(typed).toEqual(['5 root\n', '6 id\n'])
    expect(decided).toEqual(['passed 8 a went through all 5 steps'])
  })
})
