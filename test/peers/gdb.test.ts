/** GDB itself on Debian's kernel: in a running lab, and forwards and backwards in a kept run. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Instant } from '../../src/base/time.ts'
import { GdbServer } from '../../src/host/debug/gdb-server.ts'
import { keptInputs } from '../../src/host/debug/kept-inputs.ts'
import { gotoWords } from '../../src/host/debug/moments.ts'
import { ReplayDebuggee } from '../../src/host/debug/replay-debuggee.ts'
import { TimeMachine } from '../../src/host/debug/time-machine.ts'
import { readKeptRun } from '../../src/host/kept-run.ts'
import { loadLab, readLab } from '../../src/host/open-lab.ts'
import { RunKeeper } from '../../src/host/run-keeper.ts'
import { Session } from '../../src/host/session.ts'

const file = 'topologies/kernel.yaml'
const missing = spawnSync('gdb-multiarch', ['--version']).status !== 0
const folder = mkdtempSync(join(tmpdir(), 'netloom-gdb-peer-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs GDB's words on a port. @returns what it prints, both outputs in one. */
function gdb(port: number, words: string): Promise<string> {
  const script = join(folder, 'script')
  writeFileSync(script, `set pagination off\nset confirm off\nset architecture riscv:rv64\nset remotetimeout 120\ntarget remote 127.0.0.1:${port}\n${words}\n`)
  return new Promise((resolve, reject) => {
    const child = spawn('gdb-multiarch', ['-nx', '-batch', '-x', script], { timeout: 200_000 })
    let text = ''
    for (const out of [child.stdout, child.stderr]) out.on('data', (bytes) => (text += String(bytes)))
    child.on('error', reject)
    child.on('close', () => resolve(text))
  })
}

/** What stands between `echo` marks of that name. */
const between = (text: string, mark: string): string[] => [...text.matchAll(new RegExp(`<${mark}>\n([^]*?)</${mark}>`, 'g'))].map(([, inside]) => inside)
const registers = (mark: string): string => `echo <${mark}>\\n\ninfo registers\necho </${mark}>\\n\n`

/** Debian's kernel up to 0.3 s, kept. */
async function keep(): Promise<string> {
  const lab = await loadLab(readLab({ file }))
  const run = join(folder, 'kept')
  const keeper = new RunKeeper(lab, run, file)
  const time = 3e8 as Instant
  lab.run(time, () => true)
  lab.close('enough')
  keeper.close({ reason: 'stopped', time })
  return run
}

describe.skipIf(missing)(`GDB${missing ? ' (skipped: gdb-multiarch is not installed)' : ''}`, () => {
  it('debugs a kept run of a kernel backwards: the registers are those that were', async () => {
    const run = await keep()
    const kept = readKeptRun(run)
    const time = await TimeMachine.open(keptInputs(run, kept, undefined).run, 'node1')
    await time.reachInstant(2e8)
    let gone: () => void = () => undefined
    const over = new Promise<void>((resolve) => (gone = resolve))
    const server = new GdbServer(() => new ReplayDebuggee(time, (words) => gotoWords(time, words, kept.frames), gone))
    const { port } = await server.open({ host: '127.0.0.1', port: 0 })
    const text = await gdb(port, `
${registers('start')}
stepi 7
reverse-stepi 7
${registers('start')}
stepi 5
set $place = $pc
hbreak *$place
${registers('place')}
continue
echo <again>\\n
p/x $pc == $place
echo </again>\\n
reverse-continue
${registers('place')}
delete
continue
reverse-stepi
monitor goto 0.2s
maintenance flush register-cache
${registers('start')}
p/x $satp
x/2i $pc
detach`)
    await over
    server.close()
    time.interrupted = false
    await time.forward({ limit: 2 ** 52 })
    expect(time.lab.digest).toBe(kept.card.digest)
    time.close()
    const [first, ...others] = between(text, 'start')
    expect(first).toMatch(/^ra +0xffffffff[^]*\npc +0xffffffff/m)
    expect(others).toEqual([first, first])
    const [then, back] = between(text, 'place')
    expect(back).toBe(then)
    expect(text).toContain('No more reverse-execution history')
    expect(text).toMatch(/\$\d+ = 0x8[0-9a-f]{15}\n/)
  }, 240_000)

  it('stops a running kernel at a breakpoint and a watchpoint, while the lab stands; it boots on', async () => {
    const read = readLab({ file })
    const lab = await loadLab(read)
    const session = new Session(lab, read, { attended: false, reachable: false, gdb: [{ node: 'node1', host: '127.0.0.1', port: 0 }] })
    lab.endWithTests = true
    const [{ port }] = await session.open()
    const run = session.run()
    const text = await gdb(port, `
p/x $pc
info threads
stepi
x/i $pc
hbreak *0xffffffff80000000 if 0
delete
watch *(long *)0x80400000
delete
stepi 100
set $there = $pc
p/x $priv
monitor time
detach`)
    const { reason } = await run
    session.close('it ended')
    expect(text).toMatch(/\$1 = 0x80200000\n/)
    expect(text).toMatch(/Thread 1 \(hart 0, S-mode\)/)
    expect(text).toMatch(/101 instructions retired/)
    expect([reason, lab.verdicts.all.map(({ outcome }) => outcome)]).toEqual(['tests', ['passed', 'passed']])
  }, 240_000)
})
