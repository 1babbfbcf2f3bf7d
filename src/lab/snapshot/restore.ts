/** Brings a saved lab back. Before you edit, read the theory of operation in save-lab.ts. */
import { ConfigError } from '../../base/errors.ts'
import type { Instant } from '../../base/time.ts'
import type { Lab } from '../lab.ts'
import { copyEvent, type OutsideInput, reseed, type Turn } from './history.ts'
import type { Player } from './player.ts'
import type { LabSnapshot, Standing } from './save-lab.ts'

/** How far ahead of the lab an input is handed in: farther than any run of an island (lab/islands.ts, `stride`). */
const ahead = 4_000_000

/** As far as the lab is done again at a stretch; a change by hand ends all but the last. */
type Stage = Omit<Turn, 'change'> & { readonly change: Turn['change'] | undefined }

export class Restoration {
  readonly #lab: Lab
  readonly #snapshot: LabSnapshot
  readonly #mark: Instant
  readonly #players = new Map<string, Player>()
  readonly #stages: Stage[]
  #input = 0

  /** @param lab fresh, from the same topology and images, with its history kept from now on; it has not run yet. @throws {ConfigError} */
  constructor(lab: Lab, snapshot: LabSnapshot) {
    this.#lab = lab
    this.#snapshot = snapshot
    const standings = [snapshot.fabric, ...Object.values(snapshot.machines)]
    this.#mark = standings.reduce((first, { next }) => (next !== undefined && next < first ? next : first), 2 ** 52) as Instant
    for (const [node, island] of lab.machines) {
      const saved = snapshot.machines[node]
      if (saved === undefined) throw new ConfigError(`the snapshot has no node ${node}`)
      this.#players.set(node, island.play(saved.log, lab.taps.filter(({ place }) => place.node === node)))
    }
    const whole = Object.fromEntries(Object.entries(snapshot.machines).map(([node, { now, log }]) => [node, { now, log: log.length }]))
    this.#stages = [...snapshot.turns, { change: undefined, fabric: snapshot.fabric.now, machines: whole }]
    this.#begin()
  }

  /**
   * Does what was done, as long as `more` says so. @returns true once all is; false: call again, when a library that holds time has had its
   * turn.
   */
  run(more: () => boolean): boolean {
    const lab = this.#lab
    do {
      if (lab.holds.any) return false
      this.#feed((lab.next ?? 0) + ahead)
      if (!lab.restep(this.#mark) && !this.#feedOne() && !this.#turn()) return true
    } while (more())
    return false
  }

  /** Once all is done again: the machines go on by themselves. @throws {ConfigError} when the lab has become another than it was. */
  complete(): void {
    const lab = this.#lab
    this.#feed(Number.POSITIVE_INFINITY)
    lab.fabric.limit = undefined
    for (const [node, island] of lab.machines) island.takeOver(this.#snapshot.machines[node].state)
    lab.door.load(this.#snapshot.door)
    lab.verdicts.settle(this.#snapshot.verdicts)
    check(lab, this.#snapshot)
  }

  #begin(): void {
    const { fabric, machines } = this.#stages[0]
    this.#lab.fabric.limit = fabric as Instant
    for (const [node, player] of this.#players) player.allow(machines[node].now as Instant, machines[node].log)
  }

  /** A stage is over. @returns whether another begins. */
  #turn(): boolean {
    const [{ change }] = this.#stages
    if (change === undefined) return false
    this.#stages.shift()
    if ('seed' in change) reseed(this.#lab, change.seed)
    else this.#lab.replayLink(change.link)
    this.#begin()
    return true
  }

  #feed(horizon: number): void {
    const { inputs } = this.#snapshot
    for (; this.#input < inputs.length && inputs[this.#input].time <= horizon; this.#input++) this.#enter(inputs[this.#input])
  }

  /** A lab at rest: the next input is what wakes it. @returns false when there is none in this stage. */
  #feedOne(): boolean {
    const input = this.#snapshot.inputs[this.#input]
    if (input === undefined || input.time > this.#stages[0].fabric) return false
    this.#feed(input.time)
    return true
  }

  #enter(input: OutsideInput): void {
    if (input.kind === 'frame') this.#lab.door.replayFrame({ ...input, frame: { bytes: input.frame.bytes.slice(), offload: input.frame.offload } })
    else this.#lab.door.replayOutside({ ...input, event: copyEvent(input.event) })
  }
}

/** @throws {ConfigError} unless the lab stands exactly where the saved one stood. */
function check(lab: Lab, { lanes, fabric, machines }: LabSnapshot): void {
  const hint = 'something that the lab reads from this computer has changed since: a folder it serves, a script, a library'
  for (const source of new Set([...Object.keys(lanes), ...Object.keys(lab.lanes)])) {
    if (lanes[source] !== lab.lanes[source]) throw new ConfigError(`the lab did not come back as it was saved: ${source} differs`, undefined, hint)
  }
  const standings: [string, Standing, Standing][] = [['the network', fabric, lab.fabric], ...[...lab.machines].map(([node, island]): [string, Standing, Standing] => [node, machines[node], island])]
  for (const [name, saved, { now, next }] of standings) {
    if (saved.now !== now || saved.next !== next) throw new ConfigError(`the lab did not come back as it was saved: ${name} stands at ${now} ns and acts next at ${next}, not at ${saved.now} and ${saved.next}`, undefined, hint)
  }
}
