/** A PCI bus with RAM behind it, and a driver's first steps: find, size, place, switch on. */
import type { GuestMemory, Width } from '../../../src/board/bus.ts'
import type { PciFunction } from '../../../src/board/pci/function.ts'
import { PciHostBridge } from '../../../src/board/pci/host-bridge.ts'
import { Ram } from '../../../src/board/ram.ts'
import { Wire } from '../fake-core.ts'

export const ramBase = 0x8000_0000
export const window = 0x4000_0000

export class BusBench {
  readonly ram = new Uint8Array(0x8_0000).fill(0xa5)
  readonly memory: GuestMemory = new Ram({ ram: this.ram, wrote: () => undefined }, ramBase)
  readonly lines = [new Wire(), new Wire(), new Wire(), new Wire()]
  readonly bridge: PciHostBridge
  readonly space
  readonly ports

  constructor(...functions: readonly PciFunction[]) {
    this.bridge = new PciHostBridge(functions, this.memory, this.lines)
    this.space = this.bridge.window('memory', 'memory', window, 0x100_0000)
    this.ports = this.bridge.window('ports', 'io', 0, 0x1_0000)
  }

  config(slot: number, offset: number, width: Width = 4): number {
    return this.bridge.read((slot << 15) + offset, width)
  }

  setConfig(slot: number, offset: number, value: number, width: Width = 4): void {
    this.bridge.write((slot << 15) + offset, width, value)
  }

  /** Places BAR 0 of `slot` at `slot` MiB into the window and switches memory, ports and bus mastering on. */
  enable(slot: number, command = 7): this {
    this.setConfig(slot, 0x10, window + slot * 0x10_0000)
    this.setConfig(slot, 0x04, command, 2)
    return this
  }

  read(slot: number, offset: number, width: Width = 4): number {
    return this.space.read(slot * 0x10_0000 + offset, width)
  }

  write(slot: number, offset: number, value: number, width: Width = 4): void {
    this.space.write(slot * 0x10_0000 + offset, width, value)
  }
}
