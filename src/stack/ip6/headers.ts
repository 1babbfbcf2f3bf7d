/** What the extension headers of an arriving packet ask of us. RFC 8200 §4; type 0 routing headers are dead (RFC 5095). */
import type { Parsed } from '../../wire/ipv6.ts'
import type { Complaint6 } from './protocol6.ts'
import { u16be } from '../../base/bytes.ts'
import { extensions, headerBytes } from '../../wire/ipv6.ts'

/** Codes of `parameter problem` (RFC 4443 §3.4, RFC 7112). */
export const problems = { field: 0, nextHeader: 1, option: 2, firstFragment: 3 } as const

/** `even to groups`: an error may answer a packet to a group, too. */
export type Verdict = 'fine' | 'drop' | (Complaint6 & { readonly evenToGroups: boolean })

/** Whether a packet may go up. Of a fragment, only what stands in front of the fragment header is looked at. */
export function examine(packet: Parsed): Verdict {
  let at = headerBytes
  for (const { kind, body } of packet.extensions) {
    if (kind === extensions.fragment && isFragment(packet)) return 'fine'
    const verdict = kind === extensions.routing ? examineRouting(body, at) : kind === extensions.fragment ? 'fine' : examineOptions(body, at)
    if (verdict !== 'fine') return verdict
    at += body.length + 2
  }
  return 'fine'
}

/** A packet that is whole may have a fragment header all the same (RFC 6946). */
export const isFragment = ({ fragment }: Parsed): boolean => fragment !== undefined && (fragment.more || fragment.offset > 0)

/** "If Segments Left is non-zero, the node must discard the packet and send an ICMP Parameter Problem, Code 0" (§4.4); none of its types is ours. */
function examineRouting(body: Uint8Array, at: number): Verdict {
  return body[1] === 0 ? 'fine' : { kind: 'parameter problem', code: problems.field, value: at + 2, evenToGroups: false }
}

/** §4.2: the two high bits of an option's type say what to do with it when it isn't known. */
function examineOptions(body: Uint8Array, at: number): Verdict {
  for (let place = 0; place < body.length; ) {
    const type = body[place]
    if (type === 0) {
      place++
      continue
    }
    const length = body[place + 1]
    if (length === undefined || place + 2 + length > body.length) return { kind: 'parameter problem', code: problems.field, value: at + 2 + place, evenToGroups: false }
    const verdict = isKnown(type) ? 'fine' : unknown(type, at + 2 + place)
    if (verdict !== 'fine') return verdict
    place += 2 + length
  }
  return 'fine'
}

/** PadN, and the router alert, which asks for nothing that isn't done anyway. */
const isKnown = (type: number): boolean => type === 1 || type === 5

function unknown(type: number, value: number): Verdict {
  const action = type >>> 6
  if (action === 0) return 'fine'
  return action === 1 ? 'drop' : { kind: 'parameter problem', code: problems.option, value, evenToGroups: action === 2 }
}

/** Where the number stands that names the upper-layer protocol: an error about it points there. */
export function protocolAt({ extensions: chain }: Parsed): number {
  if (chain.length === 0) return 6
  return chain.slice(0, -1).reduce((at, { body }) => at + body.length + 2, headerBytes)
}

/** A fragment taken apart: what all fragments of the packet carry, and what is this one's. */
export interface Cut {
  /** The headers in front of the fragment header, the last of them naming what follows it. */
  readonly head: Uint8Array
  readonly payload: Uint8Array
}

export function cutApart({ extensions: chain }: Parsed, bytes: Uint8Array): Cut {
  let at = headerBytes
  let named = 6
  for (const { kind, body } of chain) {
    if (kind === extensions.fragment) break
    named = at
    at += body.length + 2
  }
  const head = bytes.slice(0, at)
  head[named] = bytes[at]
  return { head, payload: bytes.subarray(at + 8, headerBytes + u16be(bytes, 4)) }
}
