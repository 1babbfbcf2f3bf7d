/** The seam to another thread that has machines in it. The host makes threads (host/machine-threads.ts); in each is a hall (hall.ts). */
import type { MachineConfig, MachineSnapshot } from '../../board/machine.ts'

/** What has to be known of a machine to make it elsewhere. */
export type FarConfig = Pick<MachineConfig, 'name' | 'ramBytes' | 'harts' | 'cpu' | 'boot' | 'nics' | 'virtio' | 'virtioConsole' | 'balloonBytes'> & {
  /** Of the lab: the machine's chance is forked from it by its name. */
  readonly seed: string
}

/** A port of the lab, at which a machine's card is plugged in. */
export interface FarPlug {
  readonly nic: number
  readonly name: string
  readonly medium: 'ethernet' | 'ip'
  readonly frameMax: number
  readonly carrier: boolean
}

/** What is asked of a hall once in a while. `machine`: its number, as `make` told it. */
export type HallCall =
  | { readonly do: 'make'; readonly config: FarConfig }
  | { readonly do: 'plug'; readonly machine: number; readonly plug: FarPlug }
  | { readonly do: 'save' | 'statistics'; readonly machine: number }
  | { readonly do: 'counters'; readonly machine: number; readonly nic: number }
  | { readonly do: 'load'; readonly machine: number; readonly state: MachineSnapshot }
  | { readonly do: 'dump'; readonly machine: number; readonly hart: number }
  | { readonly do: 'reseed'; readonly seed: string }

export interface MachineThread {
  /** Hands over an order (protocol.ts), on which the thread begins at once. The bytes are copied. */
  order(message: Uint8Array): void
  /** Waits until the order is carried out. The report is good until the next order. @throws {Error} what went wrong there. */
  answer(): Uint8Array
  /** Asks and waits. Not while an order is under way. @throws {Error} what went wrong there, a ConfigError as such. */
  call(call: HallCall): unknown
  /** Ends the thread. */
  close(): void
}
