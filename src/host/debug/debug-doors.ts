/** The ports by which debuggers come to machines of a running lab. */
import type { Lab } from '../../lab/lab.ts'
import type { MachineIsland } from '../../lab/machine-island.ts'
import { ConfigError } from '../../base/errors.ts'
import { suggestion } from '../../lab/suggest.ts'
import type { Driver } from '../driver.ts'
import { type GdbPlace, GdbServer } from './gdb-server.ts'
import { LiveDebuggee } from './live-debuggee.ts'

/** A machine, and where its debugger comes in. */
export interface DebugDoor extends GdbPlace {
  readonly node: string
}

export class DebugDoors {
  readonly #lab: Lab
  readonly #driver: Driver
  readonly #sealed: string | undefined
  readonly #servers = new Map<string, { readonly server: GdbServer; readonly door: DebugDoor }>()
  readonly #closers: (() => void)[] = []

  /** @param sealed why a debugger may change nothing, if so. */
  constructor(lab: Lab, driver: Driver, sealed: string | undefined) {
    this.#lab = lab
    this.#driver = driver
    this.#sealed = sealed
  }

  /** A machine that has a door keeps it. @param atStart the lab stands in front of the machine's first instruction until a debugger comes. @throws {ConfigError | HostError} */
  async open({ node, ...place }: DebugDoor, atStart = false): Promise<DebugDoor> {
    const island = debuggable(this.#lab, node)
    const known = this.#servers.get(node)
    if (known !== undefined) return known.door
    // A machine in another thread refuses, and says why.
    island.machine.core.inspect(0)
    const cameIn = atStart ? this.#waitAtStart(island) : () => undefined
    const server = new GdbServer(() => {
      const debuggee = new LiveDebuggee(this.#lab, this.#driver, island, this.#sealed)
      cameIn()
      return debuggee
    })
    const door = { node, ...(await server.open(place)) }
    this.#servers.set(node, { server, door })
    return door
  }

  /** Debuggers are sent away. */
  close(): void {
    for (const { server } of this.#servers.values()) server.close()
    for (const close of this.#closers.splice(0)) close()
  }

  /** @returns what to call when a debugger has come. */
  #waitAtStart(island: MachineIsland): () => void {
    let letGo: (() => void) | undefined
    const stop = island.hearStart(() => {
      stop()
      island.machine.yieldNow()
      letGo = this.#driver.hold()
    })
    const done = (): void => {
      stop()
      letGo?.()
    }
    this.#closers.push(done)
    return done
  }
}

/** @throws {ConfigError} when the lab has no such machine. */
export function debuggable(lab: Pick<Lab, 'machines'>, node: string): MachineIsland {
  const island = lab.machines.get(node)
  if (island === undefined) throw new ConfigError(`there is no machine "${node}" to debug`, undefined, suggestion(node, lab.machines.keys()) || `there are ${[...lab.machines.keys()].join(', ')}`)
  return island
}

/** `node1:1234`, or `node1` for any free port; on this computer only. @throws {ConfigError} */
export function parseDebugDoor(text: string): DebugDoor {
  const [, node, port] = /^([^:]+)(?::(\d{1,5}))?$/.exec(text) ?? []
  if (node === undefined || Number(port ?? 0) > 65_535) throw new ConfigError(`found "${text}", expected a node and a port`, undefined, 'node1:1234, or node1 for any free port')
  return { node, host: '127.0.0.1', port: Number(port ?? 0) }
}

/** What to type where. */
export function doorText({ node, host, port }: DebugDoor): string {
  return `${node} waits for a debugger: gdb-multiarch -ex 'set architecture riscv:rv64' -ex 'target remote ${host}:${port}'\n`
}
