import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/base/random.ts'
import type { Duration, Instant } from '../../src/base/time.ts'
import { Fabric } from '../../src/lab/fabric.ts'
import { type Island, Islands } from '../../src/lab/islands.ts'
import { cable } from '../../src/link/cable.ts'
import type { Port } from '../../src/link/port.ts'

const forever = 2 ** 50 as Instant

/** A node that answers every frame to a neighbour chosen by chance, after a while chosen by chance, as long as the frame has life left. */
class Chatter {
  readonly heard: string[] = []
  readonly #fabric: Fabric
  readonly #random: SeededRandom
  readonly #ports: Port[] = []

  constructor(name: string, fabric: Fabric) {
    this.#fabric = fabric
    this.#random = new SeededRandom(`chatter ${name}`)
  }

  plug(port: Port): void {
    this.#ports.push(port)
    const answer = (life: number): void => {
      const out = this.#ports[this.#random.below(this.#ports.length)]
      const alarm = this.#fabric.timeline.alarm(`${port.name} ${this.heard.length}`, () => out.send({ bytes: Uint8Array.of(...new Uint8Array(14), life), offload: undefined }))
      alarm.arm(this.#random.below(20_000) as Duration)
    }
    port.listen({
      receive: ({ bytes }) => {
        this.heard.push(`${this.#fabric.now} ${port.name} ${bytes[14]}`)
        if (bytes[14] > 0) answer(bytes[14] - 1)
      },
    })
    answer(60)
  }
}

/** Four chatters, each cabled to each; `apart` on islands of their own, else all on one. */
function babble(apart: boolean, latency: number, stop = forever): { heard: string[][]; now: Instant } {
  const islands = apart ? [0, 1, 2, 3].map(() => new Fabric()) : [new Fabric()]
  const of = (index: number): Fabric => islands[apart ? index : 0]
  const loop: Islands = new Islands(islands, latency as Duration)
  const sent = (arrival: Instant): void => loop.sent(arrival)
  const chatters = [0, 1, 2, 3].map((index) => new Chatter(`${index}`, of(index)))
  for (let a = 0; a < 4; a++) {
    for (let b = a + 1; b < 4; b++) {
      const ports = cable({ latency: (latency + a) as Duration, near: { name: `${a}-${b}`, scheduler: of(a).timeline, sent }, far: { name: `${b}-${a}`, scheduler: of(b).timeline, sent } })
      chatters[a].plug(ports[0])
      chatters[b].plug(ports[1])
    }
  }
  while (loop.step(stop));
  return { heard: chatters.map((chatter) => chatter.heard), now: loop.now }
}

describe('islands', () => {
  for (const latency of [1, 7, 5000]) {
    it(`run apart by ${latency} ns hear exactly what one timeline hears`, () => {
      const together = babble(false, latency).heard
      expect(babble(true, latency).heard).toEqual(together)
      expect(together.flat().length).toBeGreaterThan(500)
    })
  }

  it('stop at the limit and go on from there as if they had not', () => {
    const islands = babble(true, 5000, 100_000 as Instant)
    expect(islands.now).toBeLessThanOrEqual(100_000)
    expect(islands.heard.flat().every((line) => Number(line.split(' ')[0]) <= 100_000)).toBe(true)
  })

  it('of which none has anything to do say so', () => {
    const loop = new Islands([new Fabric(), new Fabric()], 5000 as Duration)
    expect([loop.next, loop.step(forever)]).toEqual([undefined, false])
  })

  it('run the earliest first, up to the next one plus the look-ahead', () => {
    const runs: string[] = []
    const island = (name: string, times: number[]): Island => ({
      name,
      now: 0 as Instant,
      get next() {
        return times[0] as Instant | undefined
      },
      run(horizon) {
        runs.push(`${name} < ${horizon}`)
        while (times[0] < horizon) times.shift()
      },
      cut: () => undefined,
    })
    const loop = new Islands([island('a', [10, 12, 30]), island('b', [10, 25])], 5 as Duration)
    while (loop.step(1000 as Instant));
    expect(runs).toEqual(['a < 15', 'b < 35', 'a < 1001'])
  })
})
