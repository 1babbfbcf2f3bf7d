/** What a machine is equipped with beyond the board's own parts: cards, disks and other virtio devices, in virtio slots or on the PCI bus. */
import { assert, ConfigError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Scheduler } from '../base/time.ts'
import type { BlockDevice } from '../disk/block.ts'
import { E1000 } from './e1000/e1000.ts'
import { virtioSlotsMax } from './memory-map.ts'
import type { Nic } from './nic.ts'
import type { PciFunction } from './pci/function.ts'
import { pciFunctionsMax } from './pci/host-bridge.ts'
import { type NinepServer, VirtioNinep } from './virtio/9p.ts'
import { VirtioBalloon } from './virtio/balloon.ts'
import { VirtioBlk } from './virtio/blk.ts'
import { VirtioConsole } from './virtio/console.ts'
import type { VirtioDevice } from './virtio/device.ts'
import { VirtioNet } from './virtio/net.ts'
import { VirtioRng } from './virtio/rng.ts'
import { VirtioPci } from './virtio/transport-pci.ts'

/** `virtio` is on the transport that the machine's virtio devices have. */
export type NicModel = 'virtio' | 'virtio-pci' | 'e1000'

export interface NicConfig {
  /** Six bytes, unicast. */
  readonly mac: Uint8Array
  /** Whether the guest may leave checksums and segmentation to the other end; true unless told otherwise. */
  readonly offloads?: boolean
  /** What the guest sees; virtio unless told otherwise. */
  readonly model?: NicModel
}

export interface DevicesConfig {
  readonly nics: readonly NicConfig[]
  /** In the order of `vda`, `vdb`, … */
  readonly disks: readonly BlockDevice[]
  /** Folders that the guest mounts by their tags (virtio-9p). */
  readonly shares?: readonly { readonly tag: string; readonly server: NinepServer }[]
  /** A virtio console beside the serial port; both are the machine's console. */
  readonly virtioConsole?: boolean
  /** Memory that the guest is asked to give back; undefined: it has no balloon. */
  readonly balloonBytes?: number
  /** Where its virtio devices are; `mmio` unless told otherwise. */
  readonly virtio?: 'mmio' | 'pci'
}

/** In the order of the configuration: NICs, disks, entropy, shares, console, balloon. */
export interface Devices {
  readonly slots: readonly VirtioDevice[]
  readonly functions: readonly PciFunction[]
  readonly nics: readonly Nic[]
  readonly console: VirtioConsole | undefined
}

export function makeDevices(config: DevicesConfig & { readonly harts: number; readonly random: Random }, timeline: Scheduler, report: (sentence: string) => void): Devices {
  const { harts, nics: cards, disks, shares = [], random, virtioConsole = false, balloonBytes, virtio: transport = 'mmio' } = config
  const slots: VirtioDevice[] = []
  const functions: PciFunction[] = []
  const nics: Nic[] = []
  const put = (device: VirtioDevice, onPci = transport === 'pci'): void => void (onPci ? functions.push(new VirtioPci(device, report)) : slots.push(device))
  cards.forEach(({ mac, offloads = true, model = 'virtio' }, index) => {
    const name = `nic${index}`
    if (model === 'e1000') {
      const card = new E1000({ name, mac, scheduler: timeline, report })
      nics.push(card)
      functions.push(card)
    } else {
      const card = new VirtioNet({ name, mac, offloads })
      nics.push(card)
      put(card, model === 'virtio-pci' || transport === 'pci')
    }
  })
  disks.forEach((disk, index) => put(new VirtioBlk(`disk${index}`, timeline, disk, harts)))
  put(new VirtioRng(random.fork('rng')))
  shares.forEach(({ tag, server }, index) => put(new VirtioNinep(`share${index}`, tag, timeline, server)))
  const console = virtioConsole ? new VirtioConsole('console') : undefined
  if (console !== undefined) put(console)
  if (balloonBytes !== undefined) put(new VirtioBalloon('balloon', balloonBytes))
  return { slots, functions, nics, console }
}

/** @throws {ConfigError} when there are more devices than the machine has room for. */
export function checkDevices(name: string, { nics, disks, shares = [], virtioConsole = false, balloonBytes, virtio }: DevicesConfig): void {
  const devices = nics.length + disks.length + shares.length + 1 + Number(virtioConsole) + Number(balloonBytes !== undefined)
  const room = virtio === 'pci' ? pciFunctionsMax : virtioSlotsMax
  if (devices > room) throw new ConfigError(`${name}: ${nics.length} NICs, ${disks.length} disks and ${shares.length} shares; there is room for ${room - 1} together`)
  for (const { mac } of nics) assert(mac.length === 6 && (mac[0] & 1) === 0, `${name}: a NIC's address is six bytes and unicast`)
}
