/** The 802.1Q tag: what stands behind EtherType 0x8100, and how a tag is put into a frame and taken out. IEEE 802.1Q-2018 §9.6. */
import { need, putU16be, u16be } from '../base/bytes.ts'
import type { Cargo, Show } from './format.ts'
import { hex16 } from './format.ts'
import { types } from './ethernet.ts'

export const tagBytes = 4

export interface Tag {
  /** Priority code point, 0 to 7. */
  readonly priority: number
  readonly dropEligible: boolean
  /** VLAN identifier; 0 means priority only, 4095 is reserved. */
  readonly id: number
  /** EtherType of what follows. */
  readonly type: number
  readonly payload: Uint8Array
}

/** @param bytes what follows EtherType 0x8100. @throws {Malformed} */
export function parse(bytes: Uint8Array): Tag {
  need(bytes, 0, tagBytes, '802.1Q tag')
  const control = u16be(bytes, 0)
  return { priority: control >>> 13, dropEligible: (control & 0x1000) !== 0, id: control & 0xfff, type: u16be(bytes, 2), payload: bytes.subarray(tagBytes) }
}

export function build(tag: Tag): Uint8Array {
  const bytes = new Uint8Array(tagBytes + tag.payload.length)
  putU16be(bytes, 0, controlOf(tag))
  putU16be(bytes, 2, tag.type)
  bytes.set(tag.payload, tagBytes)
  return bytes
}

export function format(tag: Tag): string {
  return `vlan ${tag.id}${tag.priority === 0 ? '' : ` priority ${tag.priority}`}${tag.dropEligible ? ' drop-eligible' : ''}`
}

export const show: Show<Tag> = { type: hex16 }

export function carries(tag: Tag): Cargo {
  return { space: 'ether', numbers: [tag.type], bytes: tag.payload }
}

/** The tag's control information of a whole Ethernet frame, or -1 when it carries none. */
export function controlIn(frame: Uint8Array): number {
  return frame.length >= 18 && u16be(frame, 12) === types.vlan ? u16be(frame, 14) : -1
}

/** A copy of an untagged Ethernet frame with a tag behind its addresses. @param control priority and identifier, 16 bits. */
export function insert(frame: Uint8Array, control: number): Uint8Array {
  const tagged = new Uint8Array(frame.length + tagBytes)
  tagged.set(frame.subarray(0, 12))
  putU16be(tagged, 12, types.vlan)
  putU16be(tagged, 14, control)
  tagged.set(frame.subarray(12), 16)
  return tagged
}

/** A copy of a tagged Ethernet frame without its (outer) tag. */
export function strip(frame: Uint8Array): Uint8Array {
  const plain = new Uint8Array(frame.length - tagBytes)
  plain.set(frame.subarray(0, 12))
  plain.set(frame.subarray(16), 12)
  return plain
}

const controlOf = (tag: Pick<Tag, 'priority' | 'dropEligible' | 'id'>): number => (tag.priority << 13) | (tag.dropEligible ? 0x1000 : 0) | tag.id
