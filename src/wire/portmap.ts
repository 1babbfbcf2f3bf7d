/** rpcbind: the port mapper (version 2) and its followers (versions 3 and 4). RFC 1833. */
import { Malformed } from '../base/errors.ts'
import { legible } from './format.ts'
import { XdrReader } from './xdr.ts'

export const port = 111
/** By procedure number, version 2 (§3.1) and versions 3 and 4 (§2.1). Version 3 ends with taddr2uaddr… 8. */
export const procedures2 = ['null', 'set', 'unset', 'getport', 'dump', 'callit'] as const
export const procedures4 = ['null', 'set', 'unset', 'getaddr', 'dump', 'bcast', 'gettime', 'uaddr2taddr', 'taddr2uaddr', 'getversaddr', 'indirect', 'getaddrlist', 'getstat'] as const
export type Procedure = (typeof procedures2)[number] | (typeof procedures4)[number]

/** IP protocols, as version 2 names transports. */
export const protocols = { tcp: 6, udp: 17 } as const
const longestText = 255
const mostArguments = 8192

/** Version 2's mapping. */
export interface Mapping {
  readonly program: number
  readonly version: number
  readonly protocol: number
  readonly port: number
}

/** Version 3's and 4's rpcb. */
export interface Binding {
  readonly program: number
  readonly version: number
  /** `udp`, `tcp`, `udp6`, … or empty for the transport that is asked over. */
  readonly netid: string
  /** `10.0.0.1.8.1`: RFC 5665 §5.2.3.3. */
  readonly address: string
  readonly owner: string
}

/** A call for another program through this one. */
export interface Indirect {
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly payload: Uint8Array
}

export type Arguments =
  | { readonly procedure: 'null' | 'dump' | 'gettime' | 'getstat' }
  | { readonly procedure: 'set' | 'unset' | 'getport'; readonly mapping: Mapping }
  | { readonly procedure: 'set' | 'unset' | 'getaddr' | 'getversaddr' | 'getaddrlist'; readonly binding: Binding }
  | { readonly procedure: 'callit' | 'bcast' | 'indirect'; readonly call: Indirect }
  | { readonly procedure: 'uaddr2taddr'; readonly address: string }
  | { readonly procedure: 'taddr2uaddr'; readonly netbuf: Uint8Array }

/** @param bytes the procedure's number and its arguments, of version 2. @throws {Malformed} */
export function parse(bytes: Uint8Array): Arguments {
  return parseNumbered(bytes, 2)
}

/** The same of versions 3 and 4. @throws {Malformed} */
export function parse4(bytes: Uint8Array): Arguments {
  return parseNumbered(bytes, 4)
}

function parseNumbered(bytes: Uint8Array, version: number): Arguments {
  const xdr = new XdrReader(bytes)
  const number = xdr.u32()
  const procedure = (version === 2 ? procedures2 : procedures4)[number]
  if (procedure === undefined) throw new Malformed(`rpcbind procedure ${number}`)
  return parseArguments(procedure, version, xdr)
}

/** @param version 2, 3 or 4. @throws {Malformed} */
export function parseArguments(procedure: Procedure, version: number, xdr: XdrReader): Arguments {
  const parsed = read(procedure, version, xdr)
  xdr.end()
  return parsed
}

function read(procedure: Procedure, version: number, xdr: XdrReader): Arguments {
  switch (procedure) {
    case 'null':
    case 'dump':
    case 'gettime':
    case 'getstat':
      return { procedure }
    case 'getport':
      return { procedure, mapping: mapping(xdr) }
    case 'set':
    case 'unset':
      return version === 2 ? { procedure, mapping: mapping(xdr) } : { procedure, binding: binding(xdr) }
    case 'getaddr':
    case 'getversaddr':
    case 'getaddrlist':
      return { procedure, binding: binding(xdr) }
    case 'callit':
    case 'bcast':
    case 'indirect':
      return { procedure, call: { program: xdr.u32(), version: xdr.u32(), procedure: xdr.u32(), payload: xdr.opaque(mostArguments) } }
    case 'uaddr2taddr':
      return { procedure, address: xdr.string(longestText) }
    case 'taddr2uaddr':
      return { procedure, netbuf: (xdr.u32(), xdr.opaque(longestText)) }
  }
}

const mapping = (xdr: XdrReader): Mapping => ({ program: xdr.u32(), version: xdr.u32(), protocol: xdr.u32(), port: xdr.u32() })
const binding = (xdr: XdrReader): Binding => ({ program: xdr.u32(), version: xdr.u32(), netid: xdr.string(longestText), address: xdr.string(longestText), owner: xdr.string(longestText) })

export function format(call: Arguments): string {
  if ('mapping' in call) return `rpcbind ${call.procedure} program ${call.mapping.program} v${call.mapping.version} protocol ${call.mapping.protocol}`
  if ('binding' in call) return `rpcbind ${call.procedure} program ${call.binding.program} v${call.binding.version} ${legible(call.binding.netid)}`
  if ('call' in call) return `rpcbind ${call.procedure} of program ${call.call.program} v${call.call.version} procedure ${call.call.procedure}`
  return `rpcbind ${call.procedure}`
}

/** `10.0.0.1` and 2049 → `10.0.0.1.8.1` (RFC 5665 §5.2.3.3). */
export const universal = (address: string, at: number): string => `${address}.${at >>> 8}.${at & 0xff}`

/** @returns address and port; undefined for what is no universal IPv4 address. */
export function parseUniversal(text: string): { readonly address: string; readonly port: number } | undefined {
  const parts = text.split('.')
  if (parts.length !== 6 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return undefined
  return { address: parts.slice(0, 4).join('.'), port: Number(parts[4]) * 256 + Number(parts[5]) }
}
