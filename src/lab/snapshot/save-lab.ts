/**
 * Saves a lab while it runs: everything that is needed to go on from this very moment, as plain data.
 *
 * Theory of operation. Of a lab only the machines are saved as state: harts, RAM, devices, what their alarms are due for (board/machine.ts). All the
 * rest (cables, switches, hosts, service points, faults, tests, captures' and the run's hash) is not saved but *done again*: it is cheap without guests, it is
 * deterministic, and so any service point can be saved without knowing of it, a library written for Node included.
 *
 * For that a lab keeps a history while it runs (history.ts): what each machine did to the others (frames sent, bytes printed, its end), and what came in
 * from outside by the recorded door, all with virtual stamps. To bring the lab back (restore.ts) it is built anew from the same file, each machine is
 * replaced by a player (player.ts) that does what is in the log, at the same instants, and the lab is run as far as it had come. Then the machines take
 * their places back with their saved state, and the lab goes on.
 *
 * How far "as far as it had come" is. Islands stand at different instants when a lab is saved, each somewhere ahead of what has reached it. A lab may be
 * saved between two runs of an island, when on every island all alarms up to its own present have rung (`savable`; only a held library or a run that ended
 * in the middle of an instant is in the way, and both pass). Then an island's state is a function of what had reached it by its present, whatever order islands
 * were run in; and brought back, each runs exactly so far: the fabric up to the instant of its last alarm (`Fabric.limit`), a machine's player up to the
 * machine's present. What is on a cable at that moment is on it again, because it was sent again.
 *
 * That it is the same lab is not believed but checked: the hash of every port, console and power switch, and when each island acts next, have to be what
 * they were; else something that the lab reads from this computer has changed, and it is said which port saw it first (`check`).
 *
 * A lab may have been changed on the way: another seed (`reseed`, a fork), another fate of a link. Then it is done again in stages, each as far as it had
 * come at the turn.
 *
 * What is outside (NAT's flows, uplinks) is not brought back: its recorded part is played, afterwards it has hung up (restore.ts, `partings`).
 *
 * Saving reads and nothing else, so the run that was saved goes on as if it had not been.
 *
 * Before you edit, read lab/islands.ts and house.md §2, laws 4 to 6.
 */
import { ConfigError } from '../../base/errors.ts'
import type { MachineSnapshot } from '../../board/machine.ts'
import type { Plain } from '../../base/state.ts'
import type { DoorState } from '../door.ts'
import type { Lab } from '../lab.ts'
import type { Verdict } from '../verdicts.ts'
import { formatTime } from '../../base/time.ts'
import type { OutsideInput, Turn } from './history.ts'

/** Where an island stood. Instants in nanoseconds. */
export type Standing = { readonly now: number; readonly next: number | undefined }

/** One machine. */
export type SavedMachine = Standing & {
  readonly state: MachineSnapshot
  /** What it has done, for a `MachineLogReader`. */
  readonly log: Uint8Array
}

/** A saved lab: plain data, but for what it is a snapshot of, which is the topology's (its name, its seed) and the images'. */
export type LabSnapshot = {
  readonly seed: string
  /** As far as the foremost island had come, in nanoseconds. */
  readonly instant: number
  readonly fabric: Standing
  readonly machines: { readonly [node: string]: SavedMachine }
  readonly door: DoorState
  readonly inputs: readonly OutsideInput[]
  readonly turns: readonly Turn[]
  readonly verdicts: readonly Verdict[]
  /** The hash of each source, as `Lab.lanes` has it. */
  readonly lanes: { readonly [source: string]: string }
}

/** Whether the lab stands where it can be saved; if not, it will after some more runs of an island. */
export function savable(lab: Lab): boolean {
  if (lab.holds.any) return false
  return [lab.fabric, ...[...lab.machines.values()].map(({ machine }) => machine)].every(({ timeline }) => timeline.next === undefined || timeline.next > timeline.now)
}

/** Between runs of an island, where it is `savable`. @throws {ConfigError} when the lab keeps no history, or has outgrown it. */
export function saveLab(lab: Lab): LabSnapshot {
  const { history } = lab
  if (history === undefined) throw new ConfigError('this lab keeps no history, so it can’t be saved')
  if (history.lost !== undefined) {
    throw new ConfigError(`at ${formatTime(history.lost)} more had come in and gone out than the ${history.limit >> 20}M that are kept of it, so the lab can’t be saved any more`, undefined, 'keep more: netloom up --history 1G')
  }
  for (const { name, shares } of lab.topology.machines) {
    // What a guest writes by 9P passes no port, so it is in no log.
    if (shares.some(({ source }) => source.write !== false)) throw new ConfigError(`${name} has a share that it may write to, so the lab can’t be saved`, undefined, 'leave write: out, or export the folder by NFS with write: overlay')
  }
  const machines = [...lab.machines].map(([node, { machine, now, next }]) => [node, { now, next, state: machine.save(), log: history.log(node) }] as const)
  return {
    seed: lab.topology.sim.seed,
    instant: lab.now,
    fabric: { now: lab.fabric.now, next: lab.fabric.next },
    machines: Object.fromEntries(machines),
    door: lab.door.save(),
    inputs: [...history.inputs],
    turns: [...history.turns],
    verdicts: lab.verdicts.all,
    lanes: lab.lanes,
  } satisfies Plain | LabSnapshot
}
