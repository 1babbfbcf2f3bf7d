/** A kept run, gone through forwards and backwards: every position is the one the run itself had. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/base/random.ts'
import type { Instant } from '../../../src/base/time.ts'
import type { Breakpoint, Core, Stop } from '../../../src/cpu/core.ts'
import { keptInputs } from '../../../src/host/debug/kept-inputs.ts'
import { gotoWords } from '../../../src/host/debug/moments.ts'
import { TimeMachine } from '../../../src/host/debug/time-machine.ts'
import { readKeptRun } from '../../../src/host/kept-run.ts'
import { loadLab, readLab } from '../../../src/host/open-lab.ts'
import { RunKeeper } from '../../../src/host/run-keeper.ts'
import type { Lab } from '../../../src/lab/lab.ts'
import type { KeptRun } from '../../../src/lab/runs/diff-runs.ts'
import { countingGuest } from './counting-guest.ts'

const folder = mkdtempSync(join(tmpdir(), 'netloom-time-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const forever = 2 ** 52 as Instant

const opened: TimeMachine[] = []
afterAll(() => { for (const time of opened) time.close() })

/** Runs a lab once, keeps the run. @param watch told between runs of an island. */
async function keep(name: string, file: string, watch: (lab: Lab) => void = () => undefined): Promise<KeptRun> {
  const lab = await loadLab(readLab({ file }))
  const keeper = new RunKeeper(lab, join(folder, name), file)
  const state = lab.run(forever, () => (watch(lab), true))
  lab.close('it ended')
  keeper.close(state.kind === 'ended' ? state.end : { reason: 'idle', time: lab.now })
  return readKeptRun(join(folder, name))
}

async function travel(name: string, kept: KeptRun, node: string, every: number): Promise<TimeMachine> {
  const time = await TimeMachine.open(keptInputs(join(folder, name), kept, undefined).run, node, every)
  opened.push(time)
  return time
}

const told = (core: Core): string => Array.from({ length: core.harts }, (_, hart) => core.dump(hart)).join('')

describe('a kept run of two machines', () => {
  const file = 'topologies/hello.yaml'

  it('has at every position, come to from anywhere, the registers it had', async () => {
    const seen = new Map<number, string>()
    const kept = await keep('hello', file, (lab) => {
      const { core } = (lab.machines.get('node1') as { machine: { core: Core } }).machine
      seen.set(core.now, told(core))
    })
    const time = await travel('hello', kept, 'node1', 20_000)
    await time.forward({ limit: forever })
    expect([time.lab.digest, time.checkpoints > 2]).toEqual([kept.card.digest, true])
    const random = new SeededRandom('positions')
    const ticks = [...seen.keys()].filter((tick) => tick > 0)
    for (let trial = 0; trial < 3; trial++) {
      const tick = ticks[random.below(ticks.length)]
      await time.reach(tick)
      if (time.tick === tick) expect(told(time.core)).toBe(seen.get(tick))
    }
    await time.forward({ limit: forever })
    expect(time.lab.digest).toBe(kept.card.digest)
  }, 30_000)

  it('is gone to by frame, by instant and by what a console says', async () => {
    const kept = await keep('moments', file)
    const time = await travel('moments', kept, 'node1', 50_000)
    expect(await gotoWords(time, 'console:"fetched orders"', kept.frames)).toMatch(/^node1 has just said "fetched orders"\nnode1 stands at /)
    const said = time.tick
    expect(time.island.transcript.text.endsWith('hello: fetched orders')).toBe(true)
    expect(await gotoWords(time, 'frame:1', kept.frames)).toMatch(/^frame 1, .* at node2:eth0: .*dhcp/i)
    expect(time.tick).toBeLessThan(said)
    expect(await gotoWords(time, '1ms', kept.frames)).toMatch(/^everything up to 0.001000s has happened/)
    await expect(gotoWords(time, 'frame:100000', kept.frames)).rejects.toThrow(/^the run has no frame 100000/)
    await expect(gotoWords(time, 'console:nonsense', kept.frames)).rejects.toThrow(/^no console says "nonsense"/)
    await expect(gotoWords(time, 'later', kept.frames)).rejects.toThrow(/^later is no moment of a run/)
    await expect(gotoWords(time, '1000s', kept.frames)).rejects.toThrow(/^the run ended before/)
    await time.reach(said)
    await time.forward({ limit: forever })
    expect(time.lab.digest).toBe(kept.card.digest)
  }, 30_000)
})

describe.each([1, 2])('a guest that counts on %i harts', (harts) => {
  it('goes back instruction by instruction, and breakpoint by breakpoint', async () => {
    const name = `count${harts}`
    const { file, at } = countingGuest(folder, name, harts)
    const kept = await keep(name, file)
    const time = await travel(name, kept, 'a', 60)
    await time.reachFirst()
    expect([time.tick, time.core.inspect(0).pc]).toEqual([time.first, expect.any(BigInt)])
    const points: Breakpoint[] = [{ kind: 'execute', address: at('store') }]
    const forward: { stop: Stop; told: string }[] = []
    while ((await time.forward({ limit: forever, points })) === 'stop') forward.push({ stop: time.core.breakpoints.stop as Stop, told: told(time.core) })
    expect(forward.length).toBe(60)
    for (const { stop, told: then } of forward.slice(-3).reverse()) {
      const found = await time.stopBefore(points)
      expect([found?.at, found?.pc, told(time.core)]).toEqual([stop.at, at('store'), then])
    }
    // Back over `addi s0`: the count is one less.
    const before = time.core.inspect(0).x(8)
    expect(await time.stepBack(0)).toBe(true)
    expect([time.core.inspect(0).pc, time.core.inspect(0).x(8)]).toEqual([at('again'), before - 1n])
    expect(await time.forward({ limit: time.tick })).toBe('limit')
    expect([time.core.inspect(0).pc, time.core.inspect(0).x(8)]).toEqual([at('store'), before])
    await time.forward({ limit: forever })
    expect(time.lab.digest).toBe(kept.card.digest)
  }, 30_000)

  it('finds who wrote last, and where it all began', async () => {
    const name = `watch${harts}`
    const { file, at } = countingGuest(folder, name, harts)
    const kept = await keep(name, file)
    const time = await travel(name, kept, 'a', 60)
    await time.forward({ limit: forever })
    const watch: Breakpoint[] = [{ kind: 'write', address: at('count'), length: 8 }]
    const counted = (): bigint => {
      const bytes = new Uint8Array(8)
      time.core.inspect(0).read(at('count'), bytes)
      return new DataView(bytes.buffer).getBigUint64(0, true)
    }
    for (const count of [59n, 58n]) {
      expect((await time.stopBefore(watch))?.pc).toBe(at('store'))
      expect([time.core.inspect(0).pc, counted()]).toEqual([at('store'), count])
    }
    expect(await time.stopBefore([])).toBeUndefined()
    expect([time.tick, time.core.inspect(0).x(8)]).toEqual([time.first, 0n])
    expect(await time.stepBack(0)).toBe(false)
    await time.forward({ limit: forever })
    expect(time.lab.digest).toBe(kept.card.digest)
  }, 30_000)
})

it('goes back over the sleep of a hart', async () => {
  const { file, at } = countingGuest(folder, 'sleep', 2, 5200)
  const kept = await keep('sleep', file)
  const time = await travel('sleep', kept, 'a', 100_000)
  await time.forward({ limit: forever })
  // Hart 1 did its last instruction long ago.
  expect(await time.stepBack(1)).toBe(true)
  expect(time.core.inspect(1).pc).toBe(at('sleeper') + 8n)
}, 30_000)
