/** A switch port's VLANs: which it takes, which it gives, and with or without a tag. IEEE 802.1Q-2018 §6.9, §8.6.2. */
import { assert } from '../base/errors.ts'
import { putU16be } from '../base/bytes.ts'
import { insert, strip, tagBytes } from '../wire/vlan.ts'
import { moveOffload } from './frame.ts'
import type { Frame } from './port.ts'

/** Identifiers are 1 to 4094. */
export type VlanMode =
  /** Belongs to one VLAN and knows nothing of tags. */
  | { readonly mode: 'access'; readonly vlan: number }
  /** Carries several, tagged; `native` untagged. Default: all, and no native one (untagged frames are dropped). */
  | { readonly mode: 'trunk'; readonly allowed?: readonly number[]; readonly native?: number }

export interface Membership {
  /** The VLAN of a frame that came in, or -1 when it is not let in. @param control its tag's control information, or -1. */
  enter(control: number): number
  /** Whether frames of `vlan` go out here. */
  carries(vlan: number): boolean
  /** Whether they go out with a tag. */
  tags(vlan: number): boolean
}

/** @throws {AssertionError} for an identifier that can't be. */
export function membership(mode: VlanMode): Membership {
  return mode.mode === 'access' ? access(mode.vlan) : trunk(mode.allowed, mode.native)
}

function access(own: number): Membership {
  check(own)
  return {
    // A tag that says 0 is a priority and no VLAN; the port's own number is taken too.
    enter: (control) => (control < 0 || (control & 0xfff) === 0 || (control & 0xfff) === own ? own : -1),
    carries: (vlan) => vlan === own,
    tags: () => false,
  }
}

function trunk(allowed: readonly number[] | undefined, native: number | undefined): Membership {
  for (const vlan of [...(allowed ?? []), ...(native === undefined ? [] : [native])]) check(vlan)
  const members = new Uint8Array(4096).fill(allowed === undefined ? 1 : 0, 1, 4095)
  for (const vlan of allowed ?? []) members[vlan] = 1
  if (native !== undefined) members[native] = 1
  return {
    enter: (control) => {
      const vlan = control < 0 ? 0 : control & 0xfff
      return vlan === 0 ? (native ?? -1) : members[vlan] === 1 ? vlan : -1
    },
    carries: (vlan) => members[vlan] === 1,
    tags: (vlan) => vlan !== native,
  }
}

function check(vlan: number): void {
  assert(Number.isInteger(vlan) && vlan >= 1 && vlan <= 4094, `VLAN ${vlan} is not one of 1 to 4094`)
}

/** The frame as it goes out, tagged or not; itself where nothing changes. @param control of the tag it carries now, or -1. */
export function leave(frame: Frame, control: number, vlan: number, tagged: boolean): Frame {
  if (control < 0 && tagged) return { bytes: insert(frame.bytes, vlan), offload: moveOffload(frame.offload, tagBytes) }
  if (control >= 0 && !tagged) return { bytes: strip(frame.bytes), offload: moveOffload(frame.offload, -tagBytes) }
  // A priority tag leaves with its VLAN's number in it.
  if (control >= 0 && (control & 0xfff) !== vlan) putU16be(frame.bytes, 14, (control & 0xf000) | vlan)
  return frame
}
