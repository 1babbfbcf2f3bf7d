/** Which machine of a lab runs in which thread. */
import type { MachinePlan, Topology } from '../topology.ts'

export interface Place {
  /** 0: the lab's own. */
  readonly thread: number
  /** Why it has to be there; undefined: it was only its turn. */
  readonly because: string | undefined
}

/** Shares the machines out over so many threads, the lab's own among them; by their harts, and the lab's own last, as it has the networks too. */
export function placeMachines(topology: Topology, threads: number): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>()
  const load = Array.from({ length: threads }, () => 0)
  const put = ({ name, cpus }: MachinePlan, thread: number, because?: string): void => {
    load[thread] += cpus
    places.set(name, { thread, because })
  }
  for (const plan of topology.machines) {
    const because = bound(plan, topology)
    if (because !== undefined) put(plan, 0, because)
  }
  for (const plan of topology.machines) {
    if (places.has(plan.name)) continue
    const least = Math.min(...load)
    put(plan, load.lastIndexOf(least))
  }
  return places
}

/** What of a machine is in the lab's own thread, so that it has to be there itself. */
function bound({ name, disks, shares, magic, serials }: MachinePlan, { sim, tests }: Topology): string | undefined {
  if (sim.clock === 'realtime') return 'the lab keeps the outside’s time'
  if (disks.length > 0) return 'its disks are in the lab’s own thread'
  if (shares.length > 0) return 'its shares are in the lab’s own thread'
  if (serials !== undefined) return 'its serial lines are in the lab’s own thread'
  if (magic !== undefined) return 'its magic instructions are heard in the lab’s own thread'
  if (tests.some((test) => (test.kind === 'memory' || test.kind === 'register') && test.node === name)) return 'a test looks at its state'
  return undefined
}

/** Whether something in the lab is done in the very instant in which a machine says something. */
export function isAnswered(node: string, { machines, tests }: Topology): boolean {
  if (tests.some((test) => test.kind === 'dialogue' && test.node === node)) return true
  return machines.some(({ dependsOn }) => dependsOn.some((one) => one.node === node && (one.reached.kind === 'console' || one.reached.kind === 'booted')))
}
