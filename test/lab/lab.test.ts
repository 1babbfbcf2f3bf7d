import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import type { Instant } from '../../src/base/time.ts'
import { buildLab } from '../../src/lab/build.ts'
import type { Lab, LabState } from '../../src/lab/lab.ts'
import { FileError } from '../../src/stack/files.ts'
import { dictionary, read } from './dictionary.ts'
import { type Act, echo, off, reboot, say, ScriptCore } from './script-core.ts'

const forever = 2 ** 50 as Instant

/** A lab whose machines play the scripts, in the order of the file. */
function lab(text: string, ...scripts: readonly (readonly Act[])[]): Lab {
  const cores = [...scripts]
  return buildLab(read(text), {
    makeCore: (config) => new ScriptCore(config, cores.shift() ?? []),
    image: () => Uint8Array.of(0x13, 0, 0, 0),
    program: () => Uint8Array.of(0x13, 0, 0, 0),
    folder: (root) => {
      throw new FileError('ENOENT', root)
    },
    journal: () => ({ content: new Uint8Array(0), append: () => undefined, replace: () => undefined, close: () => undefined }),
    disk: () => ({ size: 512, readOnly: true, read: () => undefined, write: () => undefined, flush: () => undefined }),
    services: dictionary.services,
    place: () => undefined,
  })
}

const run = (one: Lab, limit = forever): LabState => one.run(limit, () => true)
const one = 'name: t\nnodes: { a: { program: hello, memory: 2M } }\n'

describe('a lab', () => {
  it('ends when every machine is off, and has kept what they said', () => {
    const built = lab(one, [say(1000, 'hello\r\n'), off(2000)])
    expect(run(built)).toEqual({ kind: 'ended', end: { reason: 'off', time: 2000 } })
    expect(built.machines.get('a')?.transcript.text).toBe('hello\r\n')
    expect(built.machines.get('a')?.state).toBe('off')
  })

  it('waits when nothing can happen any more', () => {
    const built = lab(one, [say(1000, 'x')])
    expect(run(built)).toEqual({ kind: 'waiting' })
    expect(built.machines.get('a')?.state).toBe('idle')
  })

  it('ends at sim.until, however far off the next event is', () => {
    const built = lab(`${one}sim: { until: 5us }`, [say(9000, 'x'), off(9001)])
    expect(run(built)).toEqual({ kind: 'ended', end: { reason: 'until', time: 5000 } })
  })

  it('pauses at the limit', () => {
    const built = lab(one, [say(4_000_000, 'x'), off(4_000_001)])
    const state = run(built, 1_000_000 as Instant)
    expect(state.kind).toBe('paused')
    expect(run(built)).toMatchObject({ kind: 'ended', end: { reason: 'off' } })
  })

  it('gives the host its turn when it asks for it', () => {
    const built = lab(one, [say(50_000_000, 'x'), off(50_000_001)])
    let turns = 0
    while (built.run(forever, () => false).kind === 'running') turns++
    expect(turns).toBeGreaterThan(20)
  })

  it('restarts a machine that asks for it', () => {
    let boots = 0
    const built = lab(one, [{ at: 10, act: () => boots++ }, { at: 20, act: (bus) => (boots === 1 ? reboot(0) : off(0)).act(bus) }])
    expect(run(built)).toMatchObject({ kind: 'ended', end: { reason: 'off' } })
    expect(boots).toBe(2)
    expect(built.journal.entries.map((entry) => entry.event)).toEqual(['machine.start', 'machine.reset', 'machine.start', 'machine.off'])
  })

  it('takes what is typed through one door, and plays it back to the same run', () => {
    const script = [say(100, '> '), { at: 900_000, act: () => undefined }, echo(1_000_000), off(2_000_000)]
    const first = lab(one, script)
    run(first, 500_000 as Instant)
    first.door.type('a', utf8('ls\r'))
    run(first)
    const second = lab(one, script)
    for (const entry of first.door.entries) second.door.replay(entry)
    run(second)
    expect(first.machines.get('a')?.transcript.text).toBe('> ls\r')
    expect(second.machines.get('a')?.transcript.text).toBe('> ls\r')
    expect(second.digest).toBe(first.digest)
    expect(lab(one, script).digest).not.toBe(first.digest)
  })

  it('starts nodes when what they depend on has got so far', () => {
    const text = 'name: t\nnodes:\n  a: { program: hello, memory: 2M }\n  b: { program: hello, memory: 2M, depends_on: { a: { console: "ready" } } }\n  c: { program: hello, memory: 2M, depends_on: { b: off } }\n'
    const built = lab(text, [say(1000, 'rea'), say(3000, 'dy'), off(90_000)], [off(500)], [say(1, 'c'), off(2)])
    expect(run(built)).toMatchObject({ kind: 'ended', end: { reason: 'off' } })
    const starts = built.journal.entries.filter((entry) => entry.event === 'machine.start').map(({ source, time }) => [source, time])
    expect(starts).toEqual([['a', 0], ['b', 8000], ['c', 13_500]])
  })
})

describe('tests of a lab file', () => {
  const text = `${one}tests: { said: { node: a, console: "login:", within: 1ms }, never: { node: a, console: "panic", within: 2ms }, lease: { node: a, lease: true } }`

  it('are decided as the lab runs, and the rest when it ends', () => {
    const built = lab(text, [say(1000, 'log\x1b[1min:'), say(3_000_000, 'x'), off(3_000_001)])
    run(built)
    built.close('every node is off')
    expect(built.verdicts.all.map(({ name, outcome, message, time }) => [name, outcome, message, time])).toEqual([
      ['said', 'passed', 'a said "login:"', 1000],
      ['never', 'failed', 'a never said "panic" (not within 2ms)', 2_000_000],
      ['lease', 'failed', 'a has no lease (every node is off)', 3_000_001],
    ])
  })

  it('end the lab when asked to', () => {
    const built = lab(`${one}tests: { said: { node: a, console: "x" } }`, [say(1000, 'x'), say(9_000_000, 'y'), off(9_000_001)])
    built.endWithTests = true
    expect(run(built)).toMatchObject({ kind: 'ended', end: { reason: 'tests' } })
    expect(built.verdicts.decided).toBe(true)
  })
})
