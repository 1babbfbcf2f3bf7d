/** A learning switch. IEEE 802.1Q-2018 §8: learning, ageing, flooding, VLANs with access and trunk ports. */
import { hex } from '../base/bytes.ts'
import { assert } from '../base/errors.ts'
import type { Stateful } from '../base/state.ts'
import { seconds } from '../base/time.ts'
import type { Clock, Duration, Instant } from '../base/time.ts'
import { headerBytes } from '../wire/ethernet.ts'
import { controlIn } from '../wire/vlan.ts'
import { copyFrame } from './frame.ts'
import { MacTable } from './mac-table.ts'
import type { MacTableState } from './mac-table.ts'
import type { Backend, Frame, Port } from './port.ts'
import { leave, membership } from './vlan-port.ts'
import type { Membership, VlanMode } from './vlan-port.ts'

export interface SwitchPlan {
  readonly name: string
  readonly clock: Clock
  /** Tags are looked at and VLANs kept apart. Without, tagged frames pass like any other and there is one broadcast domain. */
  readonly vlans?: boolean
  /** Stations remembered; default 8192. */
  readonly stations?: number
  /** How long a station is remembered unheard; default 300 s (IEEE 802.1Q-2018 table 8-6). */
  readonly ageing?: Duration
}

export type SwitchCounters = {
  framesIn: number
  bytesIn: number
  framesOut: number
  bytesOut: number
  /** Copies that went out here because nobody knew where the station is, or because it is a group. */
  flooded: number
  /** Came in for a station behind the same port. */
  filtered: number
  /** Shorter than an Ethernet header. */
  droppedShort: number
  /** Came in with a tag, or without one, that this port doesn't take. */
  droppedVlan: number
  /** For 01:80:c2:00:00:00 to 0f, which no bridge forwards (IEEE 802.1Q-2018 §8.6.3). */
  droppedReserved: number
}

/** One row of the table for people: `02:00:00:00:00:01`, VLAN (0 where there are none), the port's name, and how long ago it was heard. */
export interface Station {
  readonly mac: string
  readonly vlan: number
  readonly port: string
  readonly age: Duration
}

export type SwitchState = { readonly table: MacTableState; readonly counters: readonly { readonly port: string; readonly counters: SwitchCounters }[] }

interface Slot {
  readonly index: number
  readonly port: Port
  membership: Membership
  readonly counters: SwitchCounters
}

export class Switch implements Backend, Stateful<SwitchState> {
  readonly name: string
  readonly medium = 'ethernet'
  readonly #clock: Clock
  readonly #vlans: boolean
  readonly #table: MacTable
  readonly #slots: (Slot | undefined)[] = []

  constructor({ name, clock, vlans = false, stations = 8192, ageing = seconds(300) }: SwitchPlan) {
    this.name = name
    this.#clock = clock
    this.#vlans = vlans
    this.#table = new MacTable(stations, ageing)
  }

  /** @param vlan default: access to VLAN 1. @throws {AssertionError} for a port of another medium, or a VLAN mode on a switch without VLANs. */
  plug(port: Port, vlan?: VlanMode): void {
    assert(port.medium === 'ethernet', `${port.name} can't be plugged into switch ${this.name}: it carries bare IP packets`)
    assert(this.#slots.every((slot) => slot?.port !== port), `${port.name} is plugged into switch ${this.name} already`)
    const free = this.#slots.indexOf(undefined)
    const slot: Slot = { index: free < 0 ? this.#slots.length : free, port, membership: this.#membership(vlan), counters: noCounters() }
    this.#slots[slot.index] = slot
    port.listen({ receive: (frame) => this.#receive(slot, frame) })
  }

  unplug(port: Port): void {
    const slot = this.#slotOf(port)
    port.listen(undefined)
    this.#slots[slot.index] = undefined
    this.#table.forget(slot.index)
  }

  /** Changes a port's VLANs and forgets the stations behind it. */
  configure(port: Port, vlan: VlanMode): void {
    const slot = this.#slotOf(port)
    slot.membership = this.#membership(vlan)
    this.#table.forget(slot.index)
  }

  /** Forgets the stations behind a port, as when its cable goes down. */
  forget(port: Port): void {
    this.#table.forget(this.#slotOf(port).index)
  }

  /** Stations by VLAN and address. */
  stations(): readonly Station[] {
    const { now } = this.#clock
    return this.#table.entries(now).map(({ mac, vlan, port, heard }) => {
      return { mac: hex(mac, ':'), vlan, port: this.#slots[port]?.port.name ?? '', age: (now - heard) as Duration }
    })
  }

  /** Stations that were not learnt because the table was full. */
  get refusedStations(): number {
    return this.#table.refused
  }

  /** Every port's name and a copy of its counters, in the order of plugging. */
  ports(): readonly { readonly port: string; readonly counters: Readonly<SwitchCounters> }[] {
    return this.#slots.flatMap((slot) => (slot === undefined ? [] : [{ port: slot.port.name, counters: { ...slot.counters } }]))
  }

  save(): SwitchState {
    return { table: this.#table.save(), counters: this.#slots.flatMap((slot) => (slot === undefined ? [] : [{ port: slot.port.name, counters: { ...slot.counters } }])) }
  }

  /** The same ports must have been plugged in the same order. */
  load(state: SwitchState): void {
    this.#table.load(state.table)
    for (const slot of this.#slots) {
      const saved = state.counters.find(({ port }) => port === slot?.port.name)
      if (slot !== undefined && saved !== undefined) Object.assign(slot.counters, saved.counters)
    }
  }

  #membership(vlan: VlanMode | undefined): Membership {
    assert(vlan === undefined || this.#vlans, `switch ${this.name} has no VLANs`)
    return membership(vlan ?? { mode: 'access', vlan: 1 })
  }

  #slotOf(port: Port): Slot {
    const slot = this.#slots.find((each) => each?.port === port)
    assert(slot !== undefined, `${port.name} is not plugged into switch ${this.name}`)
    return slot
  }

  #receive(from: Slot, frame: Frame): void {
    const { bytes } = frame
    from.counters.framesIn++
    from.counters.bytesIn += bytes.length
    if (bytes.length < headerBytes) {
      from.counters.droppedShort++
      return
    }
    const control = this.#vlans ? controlIn(bytes) : -1
    const vlan = this.#vlans ? from.membership.enter(control) : 0
    if (vlan < 0) {
      from.counters.droppedVlan++
      return
    }
    const { now } = this.#clock
    // A group is where nobody is: its address as a source is nonsense and never learnt.
    if ((bytes[6] & 1) === 0) this.#table.learn(bytes, 6, vlan, from.index, now)
    if ((bytes[0] & 1) === 0) this.#forward(from, frame, vlan, control, now)
    else if (isReserved(bytes)) from.counters.droppedReserved++
    else this.#flood(from, frame, vlan, control)
  }

  #forward(from: Slot, frame: Frame, vlan: number, control: number, now: Instant): void {
    const known = this.#slots[this.#table.find(frame.bytes, 0, vlan, now)]
    if (known === undefined) this.#flood(from, frame, vlan, control)
    else if (known === from) from.counters.filtered++
    else this.#give(known, frame, vlan, control)
  }

  #flood(from: Slot, frame: Frame, vlan: number, control: number): void {
    let last: Slot | undefined
    for (const slot of this.#slots) {
      if (slot === undefined || slot === from || (this.#vlans && !slot.membership.carries(vlan))) continue
      // Whoever gets a frame owns its bytes, so all but the last get a copy.
      if (last !== undefined) this.#give(last, copyFrame(frame), vlan, control)
      slot.counters.flooded++
      last = slot
    }
    if (last !== undefined) this.#give(last, frame, vlan, control)
  }

  #give(to: Slot, frame: Frame, vlan: number, control: number): void {
    const leaving = this.#vlans ? leave(frame, control, vlan, to.membership.tags(vlan)) : frame
    to.counters.framesOut++
    to.counters.bytesOut += leaving.bytes.length
    to.port.send(leaving)
  }
}

const noCounters = (): SwitchCounters => ({ framesIn: 0, bytesIn: 0, framesOut: 0, bytesOut: 0, flooded: 0, filtered: 0, droppedShort: 0, droppedVlan: 0, droppedReserved: 0 })

/** 01:80:c2:00:00:0x: spoken between neighbours only (spanning tree, pause, LLDP, 802.1X). */
function isReserved(bytes: Uint8Array): boolean {
  return bytes[0] === 0x01 && bytes[1] === 0x80 && bytes[2] === 0xc2 && bytes[3] === 0 && bytes[4] === 0 && bytes[5] < 0x10
}
