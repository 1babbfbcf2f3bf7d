/** All that the lab file's `serial:` connects a node's ports with on this computer. */
import type { Driver } from '../driver.ts'
import type { Lab } from '../../lab/lab.ts'
import type { MachineIsland } from '../../lab/machine-island.ts'
import { lineName, type SerialEndPlan } from '../../lab/serial/serial-plan.ts'
import { openFileEnd } from './file-end.ts'
import { openFifoEnd } from './fifo-end.ts'
import { PortSide, type SerialEnd } from './port-side.ts'
import { openSocketEnd } from './socket-end.ts'
import { openStdioEnd } from './stdio-end.ts'

/** What a pty, a device and a websocket need is loaded only where there is one. */
const openers: { readonly [Kind in SerialEndPlan['kind']]: (side: PortSide, plan: SerialEndPlan & { readonly kind: Kind }) => SerialEnd | Promise<SerialEnd> } = {
  file: (side, { write, read }) => openFileEnd(side, write, read),
  pty: async (side, { link }) => (await import('./pty-end.ts')).openPtyEnd(side, link),
  fifo: (side, { input, output }) => openFifoEnd(side, input, output),
  socket: openSocketEnd,
  websocket: async (side, plan) => (await import('./websocket-end.ts')).openWebSocketEnd(side, plan),
  stdio: openStdioEnd,
  device: async (side, { path }) => (await import('./device-end.ts')).openDeviceEnd(side, path),
}

export class SerialEnds {
  readonly #ends: SerialEnd[] = []
  readonly #lab: Lab
  readonly #driver: Driver
  readonly #path: (name: string) => string
  readonly #tell: (sentence: string) => void

  /** @param path of a name in the lab file. @param tell says a line to the user. */
  constructor(lab: Lab, driver: Driver, path: (name: string) => string, tell: (sentence: string) => void) {
    this.#lab = lab
    this.#driver = driver
    this.#path = path
    this.#tell = tell
  }

  /** Somebody may come to one of them at any time. */
  get any(): boolean {
    return [...this.#lab.machines.values()].some(({ plan }) => plan.serials?.some(({ ends }) => ends.some(({ kind }) => kind !== 'file')))
  }

  /** @throws {HostError} what the host refuses. */
  async open(): Promise<void> {
    for (const island of this.#lab.machines.values()) {
      for (const [port, { ends, log }] of (island.plan.serials ?? []).entries()) {
        if (ends.length === 0 && log === undefined) continue
        const side = this.#side(island, port)
        if (log !== undefined) this.#ends.push(openFileEnd(side, log, undefined))
        for (const plan of ends) this.#ends.push(await (openers[plan.kind] as (side: PortSide, plan: SerialEndPlan) => SerialEnd | Promise<SerialEnd>)(side, plan))
      }
    }
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end.close()
  }

  #side(island: MachineIsland, port: number): PortSide {
    const name = lineName({ node: island.name, port })
    return new PortSide({
      name,
      plan: (island.plan.serials ?? [])[port],
      line: island.serials[port],
      transcript: island.transcripts[port],
      replays: port === 0,
      type: (bytes) => this.#driver.type(name, bytes),
      signal: (signal) => this.#driver.signal(name, signal),
      waiting: () => this.#lab.door.waiting(name),
      hearOutputs: (hear) => void island.hearSerial((act) => act.kind === 'outputs' && act.port === port && hear(act.outputs)),
      tell: this.#tell,
      path: this.#path,
    })
  }
}
